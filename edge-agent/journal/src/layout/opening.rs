//! `opening`: what this epoch began with, so that a centre that lost it can
//! be given it back. Parts stand under the layouts of their own families.

use tidemark_model::{Change, EpochOrdinal, Odometer, Quantity, Seq, Sku};

use super::bytes::{LayoutError, Packer, Reader, Value};
use super::{counts, documents, effects, stock, suspense};

/// The key of the head; parts follow under the kinds below.
pub(crate) const HEAD: [u8; 1] = [0];
/// Kinds of parts, each before the key its family has for it.
pub(crate) const STOCK: u8 = 1;
pub(crate) const DOCUMENT: u8 = 2;
pub(crate) const SUSPENSE: u8 = 3;
pub(crate) const COUNT: u8 = 4;
pub(crate) const EFFECT: u8 = 5;
pub(crate) const SUM: u8 = 6;

/// The key of a piece; none if an opening holds no such.
pub(crate) fn key(piece: &Change) -> Option<Vec<u8>> {
    Some(match piece {
        Change::Stock(sku, _) => part_key(STOCK, stock::key(sku)),
        Change::Document(key, _) => part_key(DOCUMENT, &documents::key(*key)),
        Change::Suspense(code, _) => part_key(SUSPENSE, suspense::key(code)),
        Change::Count(reference, _) => part_key(COUNT, counts::key(reference)),
        Change::Effect(sku, effect) => part_key(EFFECT, &effects::key(sku, effect.happened, effect.seq, effect.part)),
        Change::Sequence(..) => return None,
    })
}

/// The key of what the ledger's effects of an item come to.
pub(crate) fn sum_key(sku: &Sku) -> Vec<u8> {
    part_key(SUM, stock::key(sku))
}

pub(crate) fn part_key(kind: u8, key: &[u8]) -> Vec<u8> {
    let mut of_part = Vec::with_capacity(1 + key.len());
    of_part.push(kind);
    of_part.extend_from_slice(key);
    of_part
}

/// What the ledger's effects of an item come to, if that is not its on-hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sum(pub(crate) Quantity);

impl Value for Sum {
    const WHAT: &'static str = "sums of an opening";

    fn pack(&self, to: &mut Packer) {
        to.quantity(self.0);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, LayoutError> {
        from.quantity().map(Self)
    }
}

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
