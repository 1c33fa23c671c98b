//! `opening`: what this epoch began with, so that a centre that lost it can
//! be given it back. Parts stand under the layouts of their own families.

use tidemark_model::{EpochOrdinal, Odometer, Seq};

use super::bytes::{LayoutError, Packer, Reader, Value};

/// The key of the head; parts follow under 1 and above.
pub(crate) const HEAD: [u8; 1] = [0];

/// When the opening was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OpeningHead {
    pub(crate) ordinal: EpochOrdinal,
    /// The seq of the last restatement: above it, movements know the opening.
    pub(crate) seq: Seq,
    pub(crate) taken: Odometer,
}

impl Value for OpeningHead {
    const WHAT: &'static str = "opening";

    fn pack(&self, to: &mut Packer) {
        to.number(self.ordinal.0.into());
        to.number(self.seq);
        to.odometer(self.taken);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, LayoutError> {
        Ok(Self { ordinal: EpochOrdinal(from.number32()?), seq: from.number()?, taken: from.odometer()? })
    }
}
