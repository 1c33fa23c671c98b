//! What a shop committed in the last hour, as far as this process saw it.

use std::collections::VecDeque;

use tidemark_sync::Millis;

/// Length of a slice.
const SLICE_MS: u64 = 120_000;
/// Slices of an hour.
const SLICES: usize = 30;

/// Counts by slice; those of the present slice are told when it is over.
#[derive(Clone, Debug, Default)]
pub(super) struct Hour {
    counts: VecDeque<u64>,
    /// The present slice, and the shop's count at its beginning.
    present: Option<(u64, u64)>,
}

impl Hour {
    /// The shop has committed so many in all.
    pub(super) fn note(&mut self, committed: u64, now: Millis) {
        let slice = now.0 / SLICE_MS;
        let Some((present, before)) = self.present else {
            self.present = Some((slice, committed));
            return;
        };
        let over = slice.saturating_sub(present);
        if over == 0 {
            return;
        }
        // Nobody looked in between: all of it counts to the first.
        self.push(committed.saturating_sub(before));
        for _ in 1..over.min(u64::try_from(SLICES).unwrap_or(u64::MAX)) {
            self.push(0);
        }
        self.present = Some((slice, committed));
    }

    fn push(&mut self, count: u64) {
        if self.counts.len() == SLICES {
            self.counts.pop_front();
        }
        self.counts.push_back(count);
    }

    /// The slices that are over, oldest first.
    pub(super) fn told(&self) -> Vec<u64> {
        self.counts.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_is_told_when_it_is_over_and_an_hour_is_kept() {
        let mut hour = Hour::default();
        hour.note(100, Millis(5));
        hour.note(107, Millis(SLICE_MS - 1));
        assert_eq!(hour.told(), [0; 0]);
        hour.note(109, Millis(SLICE_MS));
        assert_eq!(hour.told(), [9]);
        hour.note(110, Millis(SLICE_MS * 3));
        assert_eq!(hour.told(), [9, 1, 0], "what came while nobody looked, once");
        hour.note(110, Millis(SLICE_MS * 500));
        assert_eq!(hour.told(), [0; SLICES]);
    }

    #[test]
    fn a_ledger_that_was_set_back_counts_nothing() {
        let mut hour = Hour::default();
        hour.note(100, Millis(0));
        hour.note(60, Millis(SLICE_MS));
        hour.note(61, Millis(SLICE_MS * 2));
        assert_eq!(hour.told(), [0, 1]);
    }
}
