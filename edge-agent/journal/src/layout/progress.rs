//! How far the journal is, in `meta`: written with every commit.

use tidemark_model::{Odometer, Seq};

use super::bytes::{LayoutError, Packer, Reader, Value};

/// The last committed seq, the chain over all movements up to it, and the
/// odometer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) tail: Seq,
    pub(crate) chain: u64,
    pub(crate) odometer: Odometer,
}

impl Progress {
    /// Of a journal that was just born.
    pub(crate) const BORN: Self = Self { tail: 0, chain: 0, odometer: Odometer::BIRTH };
}

impl Value for Progress {
    const WHAT: &'static str = "progress";

    fn pack(&self, to: &mut Packer) {
        to.number(self.tail);
        to.fixed64(self.chain);
        to.odometer(self.odometer);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, LayoutError> {
        Ok(Self { tail: from.number()?, chain: from.fixed64()?, odometer: from.odometer()? })
    }
}

/// The chain after one more movement: the first 8 bytes of BLAKE3 over the
/// chain before and the movement's digest.
pub(crate) fn chained(chain: u64, digest: u64) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&chain.to_be_bytes());
    hasher.update(&digest.to_be_bytes());
    let mut first = [0; 8];
    hasher.finalize_xof().fill(&mut first);
    u64::from_be_bytes(first)
}

/// Sums over a block's own commits, which are dense from its first seq.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OwnBlock {
    pub(crate) count: u32,
    pub(crate) digest: u64,
    pub(crate) stock: u64,
}

impl OwnBlock {
    pub(crate) fn add(&mut self, digest: u64, stock: u64) {
        self.count = self.count.saturating_add(1);
        self.digest = self.digest.wrapping_add(digest);
        self.stock = self.stock.wrapping_add(stock);
    }
}

impl Value for OwnBlock {
    const WHAT: &'static str = "own blocks";

    fn pack(&self, to: &mut Packer) {
        to.number(self.count.into());
        to.fixed64(self.digest);
        to.fixed64(self.stock);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, LayoutError> {
        Ok(Self { count: from.number32()?, digest: from.fixed64()?, stock: from.fixed64()? })
    }
}
