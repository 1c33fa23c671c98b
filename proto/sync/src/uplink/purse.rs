//! What may be sent: credit for backlog, an allowance for live.

use crate::time::Millis;

/// Credit and allowance of one stream.
#[derive(Clone, Debug)]
pub(crate) struct Purse {
    credit: u64,
    per_second: u64,
    /// Thousandths of a movement that may be sent live.
    allowance: u64,
    filled_at: Millis,
    /// The allowance ran out: what comes in by drops is saved up, so that a
    /// burst does not go out one movement a batch.
    saving: bool,
}

/// Movements that are saved up after the allowance ran out.
const SAVED: u64 = 10;

impl Purse {
    /// The purse of a fresh stream: no credit, a second's allowance.
    pub(crate) fn new(live_per_second: u32, now: Millis) -> Self {
        let per_second = u64::from(live_per_second);
        Self { credit: 0, per_second, allowance: per_second.saturating_mul(1_000), filled_at: now, saving: false }
    }

    /// Payload bytes of backlog that may be sent.
    pub(crate) const fn credit(&self) -> u64 {
        self.credit
    }

    /// More was granted.
    pub(crate) const fn grant(&mut self, bytes: u64) {
        self.credit = self.credit.saturating_add(bytes);
    }

    /// Backlog was sent; the last record may have taken a little more than
    /// there was.
    pub(crate) const fn pay(&mut self, bytes: u64) {
        self.credit = self.credit.saturating_sub(bytes);
    }

    /// Movements that may be sent live now.
    pub(crate) fn allowed(&mut self, now: Millis) -> u64 {
        let earned = now.since(self.filled_at).saturating_mul(self.per_second);
        self.allowance = self.allowance.saturating_add(earned).min(self.per_second.saturating_mul(1_000));
        self.filled_at = self.filled_at.max(now);
        self.saving &= self.allowance < self.enough();
        if self.saving { 0 } else { self.allowance / 1_000 }
    }

    /// Movements were sent live.
    pub(crate) fn spend(&mut self, movements: u64) {
        self.allowance = self.allowance.saturating_sub(movements.saturating_mul(1_000));
        self.saving |= self.allowance < 1_000;
    }

    /// When more may be sent live; none if some may now, or never.
    pub(crate) fn next_allowed(&self) -> Option<Millis> {
        let missing = self.enough().saturating_sub(self.allowance);
        if !self.saving || self.per_second == 0 {
            return None;
        }
        Some(self.filled_at.after(missing.div_ceil(self.per_second)))
    }

    fn enough(&self) -> u64 {
        SAVED.min(self.per_second).saturating_mul(1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn live_is_held_to_its_rate() {
        let mut purse = Purse::new(50, Millis(0));
        let mut sent = 0;
        for now in 0..10_000 {
            let allowed = purse.allowed(Millis(now));
            purse.spend(allowed);
            sent += allowed;
        }
        assert!((540..=550).contains(&sent), "a second's allowance and ten seconds' rate: {sent}");
    }

    #[test]
    fn when_the_allowance_is_spent_the_purse_says_when_there_is_more() {
        let mut purse = Purse::new(50, Millis(0));
        assert_eq!(purse.next_allowed(), None);
        purse.spend(50);
        assert_eq!(purse.next_allowed(), Some(Millis(200)));
        assert_eq!(purse.allowed(Millis(199)), 0);
        assert_eq!(purse.allowed(Millis(200)), 10);
    }

    #[test]
    fn credit_adds_up_and_is_never_negative() {
        let mut purse = Purse::new(50, Millis(0));
        purse.grant(100);
        purse.grant(50);
        purse.pay(30);
        assert_eq!(purse.credit(), 120);
        purse.pay(500);
        assert_eq!(purse.credit(), 0);
    }
}
