//! How fast one caller may ask: who goes wild makes no other wait.

use std::collections::BTreeMap;

use tokio::sync::watch;

/// Callers that are remembered; each has a token, so there are few.
const CALLERS: usize = 1_000;

/// The pace of all callers; cheap to clone.
#[derive(Clone, Debug)]
pub struct Pace<K> {
    /// Microseconds a request costs.
    cost_us: u64,
    /// How far ahead a caller may be.
    ahead_us: u64,
    /// Until when each has paid, in microseconds.
    paid: watch::Sender<BTreeMap<K, u64>>,
}

impl<K: Ord + Clone> Pace<K> {
    /// So many requests a second for ever, and so many seconds' worth of
    /// them at once.
    #[must_use]
    pub fn of(per_second: u32, ahead_s: u64) -> Self {
        let cost_us = 1_000_000 / u64::from(per_second.max(1));
        Self { cost_us, ahead_us: ahead_s.saturating_mul(1_000_000), paid: watch::Sender::new(BTreeMap::new()) }
    }

    /// Lets a request in, or says after how many milliseconds it may come
    /// again.
    pub fn admit(&self, caller: &K, now_ms: u64) -> Result<(), u64> {
        let mut admitted = Ok(());
        let now = now_ms.saturating_mul(1_000);
        self.paid.send_modify(|paid| {
            if paid.len() >= CALLERS {
                paid.retain(|_, until| *until > now);
            }
            let until = paid.get(caller).copied().unwrap_or(0).max(now);
            let next = until.saturating_add(self.cost_us);
            let beyond = next.saturating_sub(now).saturating_sub(self.ahead_us);
            if beyond > 0 {
                admitted = Err(beyond.div_ceil(1_000));
            } else {
                paid.insert(caller.clone(), next);
            }
        });
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_may_send_a_heap_at_once_and_then_so_many_a_second() {
        let pace = Pace::of(50, 10);
        let admitted = |ms| (0..2_000).filter(|_| pace.admit(&"till:1", ms).is_ok()).count();
        assert_eq!(admitted(1_000), 500);
        assert_eq!(pace.admit(&"till:1", 1_000), Err(20));
        assert_eq!(admitted(2_000), 50);
        assert_eq!(pace.admit(&"till:2", 2_000), Ok(()), "the others are not held up");
        assert_eq!(admitted(60_000), 500);
    }

    #[test]
    fn a_pace_above_one_a_millisecond_is_kept_too() {
        let pace = Pace::of(5_000, 1);
        assert_eq!((0..9_000).filter(|_| pace.admit(&"erp", 7).is_ok()).count(), 5_000);
        assert_eq!((0..9_000).filter(|_| pace.admit(&"erp", 9).is_ok()).count(), 10);
    }
}
