//! What is counted of an epoch.

use tidemark_model::Seq;

/// What a batch adds to an epoch's counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EpochCounts {
    /// Positions handled: applied, parked or lost.
    pub handled: u64,
    /// Of those, parked.
    pub parked: u64,
    /// Of those, lost; fewer if lost ones came after all.
    pub lost: i64,
    /// Movements that came after their epoch was closed.
    pub late: u64,
    /// Forked letters that are not closed; fewer if some closed.
    pub forks: i64,
    /// The highest seq seen.
    pub seen: Seq,
}

impl EpochCounts {
    /// Movements that were new, whether their positions were lost before or
    /// not.
    #[must_use]
    pub fn movements(&self) -> u64 {
        self.handled.saturating_add_signed(self.lost.saturating_neg())
    }

    /// Whether any of them came while their epoch was open.
    #[must_use]
    pub fn has_own(&self) -> bool {
        self.movements() > self.late
    }
}
