//! Where a movement stands: store, epoch, seq; and when: odometer.

use std::fmt;

use crate::limits::BLOCK_SEQS;

/// One life of a box's journal: 64 random bits, drawn at its birth.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Epoch({self})")
    }
}

/// A text that is not an epoch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an epoch is 16 hexadecimal digits, not {0:?}")]
pub struct EpochError(String);

impl std::str::FromStr for Epoch {
    type Err = EpochError;
    fn from_str(text: &str) -> Result<Self, EpochError> {
        let digits = text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
        match u64::from_str_radix(text, 16) {
            Ok(bits) if digits => Ok(Self(bits)),
            Ok(_) | Err(_) => Err(EpochError(text.to_owned())),
        }
    }
}

/// A movement's number inside its epoch, dense from 1; 0 stands for "none
/// yet" where a tail or mark is meant.
pub type Seq = u64;

/// A position inside a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The journal's life.
    pub epoch: Epoch,
    /// The number in it, from 1.
    pub seq: Seq,
}

/// The block of a seq: 1,024 consecutive seqs, the first block holds 1..=1024.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockIndex(pub u64);

impl BlockIndex {
    /// The block that holds `seq`, which is at least 1.
    #[must_use]
    pub fn of(seq: Seq) -> Self {
        Self(seq.saturating_sub(1) / BLOCK_SEQS)
    }

    /// The first seq of the block.
    #[must_use]
    pub fn first(self) -> Seq {
        self.0.saturating_mul(BLOCK_SEQS).saturating_add(1)
    }

    /// The last seq of the block.
    #[must_use]
    pub fn last(self) -> Seq {
        self.0.saturating_add(1).saturating_mul(BLOCK_SEQS)
    }
}

/// How long the box has run in its epoch, in milliseconds, over all its boots.
/// The only clock that decides anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Odometer(pub u64);

impl Odometer {
    /// Where the odometer of every epoch starts (about 35 years), so that
    /// the readings of older epochs find room before it, with the time
    /// between them kept (see [`crate::opening`]).
    pub const BIRTH: Self = Self(1 << 40);
    /// Before all readings of an epoch, after all that its opening tells.
    pub const BEFORE_BIRTH: Self = Self(Self::BIRTH.0 - 1);

    /// How long the box has run in the epoch, in milliseconds.
    #[must_use]
    pub const fn run_ms(self) -> u64 {
        self.0.saturating_sub(Self::BIRTH.0)
    }

    /// This reading `millis` earlier, not before the first.
    #[must_use]
    pub fn back(self, millis: u64) -> Self {
        Self(self.0.saturating_sub(millis))
    }
}

/// Wall time as a label, in milliseconds since 1970 UTC; nothing is decided
/// by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(pub i64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_holds_its_first_and_last_seq_and_no_other() {
        for index in [0, 1, 2, 977] {
            let block = BlockIndex(index);
            assert_eq!(BlockIndex::of(block.first()), block);
            assert_eq!(BlockIndex::of(block.last()), block);
            assert_eq!(BlockIndex::of(block.last() + 1), BlockIndex(index + 1));
            assert_eq!(block.last() - block.first() + 1, BLOCK_SEQS);
        }
    }

    #[test]
    fn an_epoch_is_spelled_in_sixteen_digits() {
        let epoch = Epoch(0xab);
        assert_eq!(epoch.to_string(), "00000000000000ab");
        assert_eq!("00000000000000ab".parse(), Ok(epoch));
        assert!("ab".parse::<Epoch>().is_err());
        assert!("+0000000000000ab".parse::<Epoch>().is_err());
    }
}
