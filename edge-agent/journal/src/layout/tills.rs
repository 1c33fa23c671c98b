//! Tokens of tills, in `meta`.

use tidemark_model::{Odometer, Source};

use super::bytes::{LayoutError, Packer, Reader, Value, key_text};
use super::meta;

/// A till that may submit, by the hash of its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeptTill {
    pub(crate) token: [u8; 32],
    pub(crate) added: Odometer,
}

pub(crate) fn key(till: &Source) -> Vec<u8> {
    meta::text_key(meta::TILL, till.as_str())
}

pub(crate) fn read_key(key: &[u8]) -> Result<Source, LayoutError> {
    key_text(KeptTill::WHAT, key.get(1..).unwrap_or_default(), Source::new)
}

impl Value for KeptTill {
    const WHAT: &'static str = "tills";

    fn pack(&self, to: &mut Packer) {
        to.fixed(&self.token);
        to.odometer(self.added);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, LayoutError> {
        Ok(Self { token: from.fixed()?, added: from.odometer()? })
    }
}
