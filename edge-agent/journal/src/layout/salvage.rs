//! What is taken over from damaged journals and forked epochs, in `meta`.

use tidemark_model::{Epoch, Seq};

use super::bytes::{LayoutError, Packer, Reader, Value};
use super::meta;

/// A damaged journal that was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeptAside {
    /// What was wrong with it.
    pub(crate) cause: String,
    /// Its epoch, if that could be told.
    pub(crate) epoch: Option<Epoch>,
    /// Whether everything readable in it was taken over.
    pub(crate) done: bool,
}

pub(crate) fn aside_key(number: u32) -> [u8; 5] {
    let [a, b, c, d] = number.to_be_bytes();
    [meta::ASIDE, a, b, c, d]
}

pub(crate) fn read_aside_key(key: &[u8]) -> Result<u32, LayoutError> {
    let mut reader = Reader::new(KeptAside::WHAT, key);
    reader.byte()?;
    reader.fixed32()
}

impl Value for KeptAside {
    const WHAT: &'static str = "journals set aside";

    fn pack(&self, to: &mut Packer) {
        to.text(&self.cause);
        to.maybe(self.epoch, |to, epoch| to.fixed64(epoch.0));
        to.flag(self.done);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, LayoutError> {
        let cause = from.text()?.to_owned();
        Ok(Self { cause, epoch: from.maybe(|from| from.fixed64().map(Epoch))?, done: from.flag()? })
    }
}

/// An earlier epoch of this box: `first..=tail` were committed in it and are
/// not known to be handled. One that another life of this disk wrote too, a
/// forked one, has a key of its own: nothing more is sent under its numbers. If
/// nothing of it is held any more, `first` lies above `tail`; that it was left is
/// remembered until the opening of the epoch after it is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeptEpoch {
    pub(crate) first: Seq,
    pub(crate) tail: Seq,
}

impl KeptEpoch {
    /// It was replayed: nothing of it is held any more.
    pub(crate) const fn let_go(self) -> Self {
        Self { first: self.tail.saturating_add(1), ..self }
    }

    /// Whether nothing of it is held any more.
    pub(crate) const fn is_let_go(self) -> bool {
        self.first > self.tail
    }

    /// What both say together: whoever knows of more that is handled is right,
    /// as is whoever knows of more that was committed.
    pub(crate) fn with(self, other: Self) -> Self {
        Self { first: self.first.max(other.first), tail: self.tail.max(other.tail) }
    }
}

pub(crate) fn epoch_key(epoch: Epoch) -> [u8; 9] {
    key_of(meta::EARLIER, epoch)
}

pub(crate) fn forked_key(epoch: Epoch) -> [u8; 9] {
    key_of(meta::FORKED, epoch)
}

fn key_of(kind: u8, epoch: Epoch) -> [u8; 9] {
    let mut key = [kind; 9];
    key.iter_mut().skip(1).zip(epoch.0.to_be_bytes()).for_each(|(place, byte)| *place = byte);
    key
}

/// Of either kind.
pub(crate) fn read_epoch_key(key: &[u8]) -> Result<Epoch, LayoutError> {
    let mut reader = Reader::new(KeptEpoch::WHAT, key);
    reader.byte()?;
    reader.fixed64().map(Epoch)
}

impl Value for KeptEpoch {
    const WHAT: &'static str = "earlier epochs";

    fn pack(&self, to: &mut Packer) {
        to.number(self.first);
        to.number(self.tail);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, LayoutError> {
        Ok(Self { first: from.number()?, tail: from.number()? })
    }
}
