//! Which movements are young enough to be live.

use std::collections::VecDeque;

use tidemark_model::Seq;

use crate::limits;
use crate::time::Millis;

/// Commits of one mark lie no further apart than this.
const GRAIN_MS: u64 = 100;

/// When the tail stood where, over the last ten seconds of running. Commits
/// before the start of the agent have no age here: they are backlog.
#[derive(Clone, Debug)]
pub(crate) struct Freshness {
    /// The tail and the time before which it was not beyond it, ascending.
    marks: VecDeque<(Millis, Seq)>,
    /// All up to here is old.
    old: Seq,
}

impl Freshness {
    /// Everything up to `tail` is old.
    pub(crate) const fn new(tail: Seq) -> Self {
        Self { marks: VecDeque::new(), old: tail }
    }

    /// The tail moved.
    pub(crate) fn commit(&mut self, tail: Seq, now: Millis) {
        match self.marks.back_mut() {
            Some((at, last)) if now.since(*at) < GRAIN_MS => *last = (*last).max(tail),
            Some(_) | None => self.marks.push_back((now, tail)),
        }
        self.age(now);
    }

    /// The lowest seq that is young at `now`.
    pub(crate) fn floor(&mut self, now: Millis) -> Seq {
        self.age(now);
        self.old.saturating_add(1)
    }

    /// All up to here was old when the time was last looked at.
    pub(crate) const fn old(&self) -> Seq {
        self.old
    }

    /// When the oldest young movements become old.
    pub(crate) fn next_change(&self) -> Option<Millis> {
        self.marks.front().map(|(at, _)| at.after(limits::LIVE_AGE_MS))
    }

    fn age(&mut self, now: Millis) {
        while let Some((_, tail)) = self.marks.pop_front_if(|(at, _)| now.since(*at) >= limits::LIVE_AGE_MS) {
            self.old = tail;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_movement_is_young_for_ten_seconds() {
        let mut freshness = Freshness::new(100);
        freshness.commit(105, Millis(1_000));
        freshness.commit(110, Millis(5_000));
        assert_eq!(freshness.floor(Millis(10_999)), 101);
        assert_eq!(freshness.floor(Millis(11_000)), 106);
        assert_eq!(freshness.floor(Millis(15_000)), 111);
    }

    #[test]
    fn the_marks_are_bounded_however_fast_the_shop_commits() {
        let mut freshness = Freshness::new(0);
        for now in 0..60_000 {
            freshness.commit(now, Millis(now));
        }
        assert!(freshness.marks.len() <= 102, "{}", freshness.marks.len());
    }
}
