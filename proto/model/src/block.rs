//! Blocks: what is known of 1,024 consecutive seqs of an epoch, as a bitmap
//! with order-free sums, so that any handled subset can be compared.

use crate::limits::BLOCK_SEQS;
use crate::position::{BlockIndex, Seq};

const WORDS: usize = 16;
const _: () = assert!(WORDS as u64 * 64 == BLOCK_SEQS, "the bitmap holds a block");

/// Which of a block's seqs are meant: bit *i* is seq `first + i`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Bitmap([u64; WORDS]);

impl Bitmap {
    /// No seq.
    pub const EMPTY: Self = Self([0; WORDS]);
    /// Every seq.
    pub const FULL: Self = Self([u64::MAX; WORDS]);

    fn place(seq: Seq) -> (usize, u64) {
        let offset = seq.saturating_sub(1) % BLOCK_SEQS;
        (usize::try_from(offset / 64).unwrap_or(0), 1 << (offset % 64))
    }

    /// Whether `seq` is in it; the caller takes the seq's own block.
    #[must_use]
    pub fn has(&self, seq: Seq) -> bool {
        let (word, bit) = Self::place(seq);
        self.0.get(word).is_some_and(|bits| bits & bit != 0)
    }

    /// Puts `seq` in; true if it was not yet there.
    pub fn insert(&mut self, seq: Seq) -> bool {
        let (word, bit) = Self::place(seq);
        match self.0.get_mut(word) {
            Some(bits) if *bits & bit == 0 => {
                *bits |= bit;
                true
            }
            Some(_) | None => false,
        }
    }

    /// How many seqs are in it.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.0.iter().map(|bits| bits.count_ones()).sum()
    }

    /// Whether every seq is in it.
    #[must_use]
    pub fn is_full(&self) -> bool {
        *self == Self::FULL
    }

    /// The seqs of `block` that are in it, in order.
    pub fn seqs(self, block: BlockIndex) -> impl Iterator<Item = Seq> {
        let first = block.first();
        (0..).step_by(64).zip(self.0).flat_map(move |(offset, bits)| {
            places(bits).map(move |place| first.saturating_add(offset).saturating_add(place))
        })
    }

    /// The lowest seq of `block` from `from` on that is not in it.
    #[must_use]
    pub fn first_missing(self, block: BlockIndex, from: Seq) -> Option<Seq> {
        Self(self.0.map(|bits| !bits)).seqs(block).find(|seq| *seq >= from)
    }

    /// The seqs of either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut both = *self;
        both.0.iter_mut().zip(other.0).for_each(|(bits, more)| *bits |= more);
        both
    }

    /// The seqs of this one that are not in the other.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let mut rest = *self;
        rest.0.iter_mut().zip(other.0).for_each(|(bits, taken)| *bits &= !taken);
        rest
    }

    /// As 128 bytes: 16 big-endian words.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 128] {
        let mut bytes = [0; 128];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&word.to_be_bytes());
        }
        bytes
    }

    /// From its 128 bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 128]) -> Self {
        let mut words = [0; WORDS];
        for (word, chunk) in words.iter_mut().zip(bytes.chunks_exact(8)) {
            *word = chunk.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        }
        Self(words)
    }
}

/// The places of the bits that are set, lowest first.
fn places(bits: u64) -> impl Iterator<Item = u64> {
    let rest = |bits: u64| Some(bits).filter(|bits| *bits != 0);
    let next = move |bits: &u64| rest(bits & bits.wrapping_sub(1));
    std::iter::successors(rest(bits), next).map(|bits| u64::from(bits.trailing_zeros()))
}

/// What is known of a block: which seqs, and the sums over exactly those.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Block {
    /// The seqs it speaks of.
    pub bitmap: Bitmap,
    /// Wrapping sum of their movement digests.
    pub digest: u64,
    /// Wrapping sum of their stock digests.
    pub stock: u64,
}

impl Block {
    /// Adds a movement; false (and no change) if it was already in.
    pub fn add(&mut self, seq: Seq, digest: u64, stock: u64) -> bool {
        if !self.bitmap.insert(seq) {
            return false;
        }
        self.digest = self.digest.wrapping_add(digest);
        self.stock = self.stock.wrapping_add(stock);
        true
    }

    /// Puts a movement in whose seq is not in, or was put in without sums
    /// because it was lost.
    pub fn put(&mut self, seq: Seq, digest: u64, stock: u64) {
        self.bitmap.insert(seq);
        self.digest = self.digest.wrapping_add(digest);
        self.stock = self.stock.wrapping_add(stock);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_full_block_holds_every_seq_of_its_own() {
        let mut bitmap = Bitmap::EMPTY;
        let block = BlockIndex(3);
        for seq in block.first()..=block.last() {
            assert!(bitmap.insert(seq));
            assert!(!bitmap.insert(seq));
        }
        assert!(bitmap.is_full());
        assert_eq!(bitmap.seqs(block).count(), 1024);
    }

    proptest! {
        #[test]
        fn a_bitmap_is_read_back_from_its_bytes(seqs in proptest::collection::btree_set(1_u64..=1024, 0..200)) {
            let mut bitmap = Bitmap::EMPTY;
            for seq in &seqs {
                bitmap.insert(*seq);
            }
            prop_assert_eq!(Bitmap::from_bytes(&bitmap.to_bytes()), bitmap);
            prop_assert_eq!(bitmap.seqs(BlockIndex(0)).collect::<Vec<_>>(), seqs.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn the_first_that_is_missing_is_the_lowest_that_was_not_put_in(
            seqs in proptest::collection::btree_set(3_073_u64..=4_096, 0..1_024),
            from in 3_073_u64..=4_096,
        ) {
            let mut bitmap = Bitmap::EMPTY;
            for seq in &seqs {
                bitmap.insert(*seq);
            }
            let missing = (from..=4_096).find(|seq| !seqs.contains(seq));
            prop_assert_eq!(bitmap.first_missing(BlockIndex(3), from), missing);
            prop_assert_eq!(bitmap.seqs(BlockIndex(3)).collect::<Vec<_>>(), seqs.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn the_order_of_adding_does_not_matter(mut items in proptest::collection::vec((1_u64..=1024, any::<u64>(), any::<u64>()), 0..50)) {
            items.sort_by_key(|item| item.0);
            items.dedup_by_key(|item| item.0);
            let sum = |items: &[(u64, u64, u64)]| {
                let mut block = Block::default();
                for (seq, digest, stock) in items {
                    block.add(*seq, *digest, *stock);
                }
                block
            };
            let forward = sum(&items);
            items.reverse();
            prop_assert_eq!(forward, sum(&items));
        }
    }
}
