//! Running numbers of sources, in `meta`.

use tidemark_model::Source;
use tidemark_model::books::SequenceState;

use super::bytes::{LayoutError, Packer, Reader, Value, key_text};
use super::meta;

pub(crate) fn key(source: &Source) -> Vec<u8> {
    meta::text_key(meta::SEQUENCE, source.as_str())
}

pub(crate) fn read_key(key: &[u8]) -> Result<Source, LayoutError> {
    key_text(SequenceState::WHAT, key.get(1..).unwrap_or_default(), Source::new)
}

impl Value for SequenceState {
    const WHAT: &'static str = "running numbers";

    fn pack(&self, to: &mut Packer) {
        to.number(self.highest);
        to.length(self.gaps.len());
        for (first, last) in &self.gaps {
            to.number(*first);
            to.number(*last);
        }
        to.number(self.gaps_dropped);
        to.number(self.restarts.into());
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, LayoutError> {
        let highest = from.number()?;
        let gaps = from.many(|from| Ok((from.number()?, from.number()?)))?;
        Ok(Self { highest, gaps, gaps_dropped: from.number()?, restarts: from.number32()? })
    }
}
