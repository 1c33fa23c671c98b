//! The kinds of keys in `meta`, and its plain numbers.

use tidemark_model::{BlockIndex, Epoch};

use super::bytes::{LayoutError, Packer, Reader, Value};

pub(crate) const IDENTITY: [u8; 1] = [1];
pub(crate) const PROGRESS: [u8; 1] = [2];
pub(crate) const SESSION: [u8; 1] = [3];
pub(crate) const HANDLED: [u8; 1] = [4];
pub(crate) const TRIMMED_BELOW: [u8; 1] = [5];
pub(crate) const GRACE: [u8; 1] = [6];
pub(crate) const CATALOGUE: [u8; 1] = [7];

pub(crate) const OWN_BLOCK: u8 = 16;
pub(crate) const HANDLED_BLOCK: u8 = 17;
pub(crate) const RECEIVED_BLOCK: u8 = 18;
pub(crate) const SEQUENCE: u8 = 32;
pub(crate) const TILL: u8 = 33;
pub(crate) const INSTRUCTION: u8 = 34;
pub(crate) const COUNT_LIST: u8 = 35;
pub(crate) const ASIDE: u8 = 40;
pub(crate) const EARLIER: u8 = 41;
pub(crate) const FORKED: u8 = 42;

pub(crate) fn block_key(kind: u8, epoch: Epoch, block: BlockIndex) -> [u8; 17] {
    let mut key = [kind; 17];
    let tail = epoch.0.to_be_bytes().into_iter().chain(block.0.to_be_bytes());
    key.iter_mut().skip(1).zip(tail).for_each(|(place, byte)| *place = byte);
    key
}

pub(crate) fn read_block_key(key: &[u8]) -> Result<(Epoch, BlockIndex), LayoutError> {
    let mut reader = Reader::new("blocks", key);
    reader.byte()?;
    Ok((Epoch(reader.fixed64()?), BlockIndex(reader.fixed64()?)))
}

pub(crate) fn text_key(kind: u8, text: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + text.len());
    key.push(kind);
    key.extend_from_slice(text.as_bytes());
    key
}

/// A plain number: the session, the lowest seq still held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) u64);

impl Value for Number {
    const WHAT: &'static str = "plain numbers";

    fn pack(&self, to: &mut Packer) {
        to.number(self.0);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, LayoutError> {
        from.number().map(Self)
    }
}
