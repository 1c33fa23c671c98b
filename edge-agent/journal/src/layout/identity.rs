//! Who the journal is, in `meta`.

use tidemark_model::{BoxId, Epoch, StoreId};

use super::FORMAT;
use super::bytes::{LayoutError, Packer, Reader, Value};

/// Who a journal is; drawn at its birth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The shop: its movements' digests are over it.
    pub store: StoreId,
    /// The box.
    pub box_id: BoxId,
    /// The journal's present life.
    pub epoch: Epoch,
}

/// The identity as kept, with the format of the whole in front; of a newer
/// format only that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeptIdentity {
    Known(Identity),
    Newer { format: u32 },
}

impl Value for KeptIdentity {
    const WHAT: &'static str = "identity";

    fn pack(&self, to: &mut Packer) {
        match self {
            Self::Newer { format } => to.number((*format).into()),
            Self::Known(identity) => {
                to.number(FORMAT.into());
                to.text(identity.store.as_str());
                to.fixed(&identity.box_id.0);
                to.fixed64(identity.epoch.0);
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, LayoutError> {
        let format = from.number32()?;
        if format > FORMAT {
            from.rest = &[];
            return Ok(Self::Newer { format });
        }
        let store = from.checked(StoreId::new)?;
        let box_id = BoxId(from.fixed()?);
        let epoch = Epoch(from.fixed64()?);
        Ok(Self::Known(Identity { store, box_id, epoch }))
    }
}
