//! Instructions that are done, in `meta`: each is done once by its id.

use tidemark_model::{Label, Position};

use super::bytes::{LayoutError, Packer, Reader, Value};
use super::meta;

/// What an instruction led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstructionDone {
    /// The first movement of its result.
    pub first: Position,
    /// How many movements the result has.
    pub lines: u32,
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
