//! Finding the centre: attempts to connect, and the waits after a refusal.

use std::collections::VecDeque;

use crate::limits;
use crate::random::Random;
use crate::time::Millis;

/// One attempt to connect, and the connection it may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attempt(pub u64);

/// A search for the centre.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    since: Millis,
    next: Millis,
    open: VecDeque<Attempt>,
}

impl Search {
    /// A search that goes on since `since` and makes its next attempt at
    /// `next`.
    pub(crate) const fn from(since: Millis, next: Millis) -> Self {
        Self { since, next, open: VecDeque::new() }
    }

    /// When the next attempt is due.
    pub(crate) const fn next(&self) -> Millis {
        self.next
    }

    /// Not now, but when the next attempt is due.
    pub(crate) fn put_off(&mut self, now: Millis, random: &mut Random) {
        let quick = now.since(self.since) < limits::QUICK_SEARCH_MS;
        self.next = now.after(random.about(if quick { limits::ATTEMPT_MS } else { limits::LATE_ATTEMPT_MS }));
    }

    /// Opens an attempt; answers one to give up if too many are open.
    pub(crate) fn open(&mut self, attempt: Attempt, now: Millis, random: &mut Random) -> Option<Attempt> {
        self.put_off(now, random);
        self.open.push_back(attempt);
        // Giving up the oldest would leave none the time that a slow line needs.
        if self.open.len() > limits::OPEN_ATTEMPTS { self.open.remove(1) } else { None }
    }

    /// Whether this attempt is still wanted.
    pub(crate) fn has(&self, attempt: Attempt) -> bool {
        self.open.contains(&attempt)
    }

    /// An attempt failed.
    pub(crate) fn fail(&mut self, attempt: Attempt) {
        self.open.retain(|open| *open != attempt);
    }

    /// All attempts that are open.
    pub(crate) fn all(&self) -> Vec<Attempt> {
        self.open.iter().copied().collect()
    }

    /// The attempts beside the one that succeeded.
    pub(crate) fn others(&self, attempt: Attempt) -> Vec<Attempt> {
        self.open.iter().copied().filter(|open| *open != attempt).collect()
    }
}

/// The waits after refusals.
#[derive(Clone, Debug, Default)]
pub(crate) struct BackOff {
    refusals: u32,
}

impl BackOff {
    /// A stream stood well: the next refusal is the first.
    pub(crate) const fn reset(&mut self) {
        self.refusals = 0;
    }

    /// How long to stay away after a refusal: full jitter, doubling, capped.
    pub(crate) fn after_refusal(&mut self, random: &mut Random) -> u64 {
        let bound = limits::BACK_OFF_MS.saturating_mul(1 << self.refusals.min(16)).min(limits::BACK_OFF_CAP_MS);
        self.refusals = self.refusals.saturating_add(1);
        // Never at once: a refusal has been decided and costs the centre work.
        (bound / 10).saturating_add(random.below(bound)).min(limits::BACK_OFF_CAP_MS)
    }

    /// How long to stay away after `Slow`: what was asked and up to a quarter
    /// more, so that those who were told the same do not return as one.
    pub(crate) fn after_slow(retry_after_ms: u32, random: &mut Random) -> u64 {
        let asked = u64::from(retry_after_ms);
        asked.saturating_add(random.below(asked / 4 + 1)).min(limits::BACK_OFF_CAP_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_come_every_300_ms_for_ten_minutes_and_then_every_second() {
        let (mut search, mut random) = (Search::from(Millis(0), Millis(0)), Random::seeded(3));
        let (mut quick, mut late, mut attempt) = (0, 0, 0);
        while search.next() < Millis(20 * 60_000) {
            let now = search.next();
            if now < Millis(10 * 60_000) {
                quick += 1
            } else {
                late += 1
            }
            attempt += 1;
            search.open(Attempt(attempt), now, &mut random);
        }
        assert!((1_900..=2_100).contains(&quick), "{quick}");
        assert!((570..=630).contains(&late), "{late}");
    }

    #[test]
    fn no_more_than_eight_attempts_are_open_and_the_oldest_is_left_its_time() {
        let (mut search, mut random) = (Search::from(Millis(0), Millis(0)), Random::seeded(3));
        for attempt in 0..8 {
            assert_eq!(search.open(Attempt(attempt), Millis(0), &mut random), None);
        }
        assert_eq!(search.open(Attempt(8), Millis(0), &mut random), Some(Attempt(1)));
        assert_eq!(search.open(Attempt(9), Millis(0), &mut random), Some(Attempt(2)));
        assert!(search.has(Attempt(0)) && search.has(Attempt(9)));
        search.fail(Attempt(0));
        assert_eq!(search.all().len(), 7);
    }

    #[test]
    fn the_wait_after_refusals_grows_to_thirty_seconds_and_not_beyond() {
        let (mut back_off, mut random) = (BackOff::default(), Random::seeded(1));
        let first = back_off.after_refusal(&mut random);
        assert!((100..1_100).contains(&first), "{first}");
        let waits: Vec<u64> = (0..50).map(|_| back_off.after_refusal(&mut random)).collect();
        assert!(waits.iter().all(|wait| *wait <= limits::BACK_OFF_CAP_MS));
        assert!(waits.iter().any(|wait| *wait > 20_000));
    }

    #[test]
    fn slow_is_obeyed() {
        let mut random = Random::seeded(1);
        assert!((0..100).all(|_| (2_000..=2_500).contains(&BackOff::after_slow(2_000, &mut random))));
    }
}
