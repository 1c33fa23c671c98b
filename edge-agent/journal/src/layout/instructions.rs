//! Instructions that are done, in `meta`: each is done once by its id; and the
//! items that one asks to count.

use tidemark_model::{Label, Odometer, Position, Sku};

use super::bytes::{LayoutError, Packer, Reader, Value, key_text};
use super::meta;

/// What an instruction led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstructionDone {
    /// The first movement of its result.
    pub first: Position,
    /// How many movements the result has.
    pub lines: u32,
}

/// Items that head office wants counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CountList {
    /// When it was asked for: a count that came later has done it.
    pub(crate) asked: Odometer,
    /// The items.
    pub(crate) skus: Vec<Sku>,
}

pub(crate) fn list_key(instruction: &Label) -> Vec<u8> {
    meta::text_key(meta::COUNT_LIST, instruction.as_str())
}

pub(crate) fn read_list_key(key: &[u8]) -> Result<Label, LayoutError> {
    key_text(CountList::WHAT, key.get(1..).unwrap_or_default(), Label::new)
}

pub(crate) fn key(instruction: &Label) -> Vec<u8> {
    meta::text_key(meta::INSTRUCTION, instruction.as_str())
}

impl Value for InstructionDone {
    const WHAT: &'static str = "instructions";

    fn pack(&self, to: &mut Packer) {
        to.position(self.first);
        to.number(self.lines.into());
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, LayoutError> {
        Ok(Self { first: from.position()?, lines: from.number32()? })
    }
}

impl Value for CountList {
    const WHAT: &'static str = "items to be counted";

    fn pack(&self, to: &mut Packer) {
        to.odometer(self.asked);
        to.length(self.skus.len());
        self.skus.iter().for_each(|sku| to.text(sku.as_str()));
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, LayoutError> {
        Ok(Self { asked: from.odometer()?, skus: from.many(|from| from.checked(Sku::new))? })
    }
}
