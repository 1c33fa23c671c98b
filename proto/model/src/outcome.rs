//! What a decision answers: movements to write, and what the submitter is
//! told.

use crate::kind::ParkReason;
use crate::movement::Movement;
use crate::position::{Odometer, Position, Seq, WallTime};

/// Where and when the journal stands when a document is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The position its first movement takes.
    pub next: Position,
    /// The odometer now.
    pub odometer: Odometer,
    /// The odometer when the document arrived, by which its ages are told: it
    /// may have waited for the disk since.
    pub arrived: Odometer,
    /// The odometer when this boot began: ages are exact only back to it.
    pub boot: Odometer,
    /// The wall clock now; a label.
    pub wall: WallTime,
}

/// What became of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Taken now, or held already.
    pub status: Status,
    /// Its first position.
    pub first: Position,
    /// How many movements it has.
    pub lines: u32,
    /// What the submitter should know; not repeated for a duplicate.
    pub warnings: Vec<Warning>,
    /// The movements to write, at `first.seq` and on; none for a duplicate.
    pub movements: Vec<Movement>,
}

/// Whether a document is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Taken now.
    Accepted,
    /// Held already, with the same content.
    Duplicate,
}

/// What the submitter should know of a document that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// A line was parked, numbered from 1; 0 is the whole document.
    Parked {
        /// The line.
        line: u32,
        /// Why.
        reason: ParkReason,
        /// One sentence more.
        detail: String,
    },
    /// The item is not known: it waits in suspense.
    UnknownItem {
        /// The line.
        line: u32,
        /// The code as given.
        item: String,
    },
    /// A fraction of an item that is counted by the piece.
    Fraction {
        /// The line.
        line: u32,
    },
    /// A kit has no stock of its own, so that counting it changes nothing.
    KitCounted {
        /// The line.
        line: u32,
    },
    /// A sheet of the same zone and counter was counted later and is held:
    /// this one changes nothing.
    SheetOlder,
    /// On-hand is negative after it.
    Negative {
        /// The line.
        line: u32,
    },
    /// The void came before its document and waits for it.
    VoidWaits,
    /// The document had been voided before it came: effect 0.
    VoidedBefore,
    /// The document was voided already: nothing more to reverse.
    AlreadyVoided,
    /// The source's numbers started again.
    SequenceRestarted {
        /// The highest number before.
        highest: u64,
    },
    /// Numbers were skipped.
    SequenceGap {
        /// The first missing number.
        first: u64,
        /// The last missing number.
        last: u64,
    },
}

impl Outcome {
    /// The seq after its last movement.
    #[must_use]
    pub fn next_seq(&self) -> Seq {
        self.first.seq.saturating_add(u64::from(self.lines))
    }
}
