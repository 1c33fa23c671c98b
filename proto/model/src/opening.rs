//! Epochs: what one begins with, and how what was committed before it was
//! known is decided anew.
//!
//! A journal sells from its birth, over empty books. What the store had
//! before is its **opening**: the books at the end of the older epochs. It is
//! made of their movements alone ([`Retelling`]), epoch by epoch:
//! `opening n + 1 = retelling(opening n, movements of epoch n)`.
//!
//! ```text
//! let mut retelling = Retelling::over(opening, epoch, Taking::At(seq));
//! for (seq, movement) in movements_in_their_order {
//!     retelling.take(seq, movement);
//! }
//! retelling.into_opening()             // centre: what the next epoch begins with
//! retelling.into_taken(stamp)          // box: its own books, and restatements
//! ```
//!
//! A box that takes its opening retells its own movements over it in the same
//! way: each document is decided as if the box had held the opening from the
//! start, with items and units as they were committed.
//!
//! **Time.** An odometer counts one epoch's life. In an opening the readings
//! of older epochs stand before [`Odometer::BIRTH`](crate::Odometer::BIRTH),
//! where every epoch's odometer starts, as far from it as they are from the
//! end of their epoch: what happened in older epochs happened before
//! everything of the new one, and order and time between remain
//! (`shift`).

mod beside;
mod committed;
mod gather;
mod groundless;
mod late;
mod order;
mod replay;
mod restating;
mod retelling;
mod shift;
mod to_count;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::books::Change;
use crate::memory::MemoryBooks;
use crate::quantity::Quantity;
use crate::text::Sku;

pub use late::late_documents;
pub use replay::{Replay, Replays, differing, replay};
pub use restating::{Taken, is_of_opening};
pub use retelling::{Retelling, Taking};

/// What an epoch begins with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    pub(crate) books: MemoryBooks,
    /// Σ effect of the items that are to be restated.
    pub(crate) sums: BTreeMap<Sku, Quantity>,
}

impl Opening {
    /// The opening of a store's first epoch.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Puts a piece into it. Stock, effects, documents, suspense and counts
    /// are what an opening holds.
    pub fn put(&mut self, piece: Change) {
        self.books.commit([piece]);
    }

    /// The ledger's Σ effect of an item is another than its on-hand: its last
    /// epoch ended before it was restated. If it is the same, the item is to be
    /// counted again, and its restatement says so.
    pub fn put_sum(&mut self, sku: Sku, sum: Quantity) {
        self.sums.insert(sku, sum);
    }

    /// Σ effect of the items that are restated when the opening is taken.
    pub fn sums(&self) -> impl Iterator<Item = (&Sku, Quantity)> {
        self.sums.iter().map(|(sku, sum)| (sku, *sum))
    }

    /// Its books, to look at.
    #[must_use]
    pub const fn books(&self) -> &MemoryBooks {
        &self.books
    }

    /// The items that codes were learnt to be: what a retelling over it may
    /// have to know.
    pub fn learnt(&self) -> impl Iterator<Item = &Sku> {
        self.books.all_suspense().filter_map(|(_, suspense)| suspense.resolved.as_ref()).map(|learnt| &learnt.sku)
    }

    /// Its pieces.
    pub fn into_pieces(self) -> impl Iterator<Item = Change> {
        self.books.into_changes()
    }

    /// Whether nothing was ever committed before this epoch.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
