//! How fast one terminal may ask: a till that goes wild makes no other wait.

use std::collections::BTreeMap;

use tidemark_model::Source;
use tokio::sync::watch;

/// Milliseconds a request costs: fifty a second for ever.
const COST_MS: u64 = 20;
/// How far ahead a terminal may be: five hundred requests at once.
const AHEAD_MS: u64 = 500 * COST_MS;
/// Terminals that are remembered; each has a token, so there are few.
const TERMINALS: usize = 1_000;

/// The pace of all terminals; cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pace(watch::Sender<BTreeMap<Source, u64>>);

impl Pace {
    /// Lets a request in, or says after how many milliseconds it may come
    /// again.
    pub(crate) fn admit(&self, terminal: &Source, now_ms: u64) -> Result<(), u64> {
        let mut admitted = Ok(());
        self.0.send_modify(|paid| {
            if paid.len() >= TERMINALS {
                paid.retain(|_, until| *until > now_ms);
            }
            let until = paid.get(terminal).copied().unwrap_or(0).max(now_ms);
            let next = until.saturating_add(COST_MS);
            let beyond = next.saturating_sub(now_ms).saturating_sub(AHEAD_MS);
            if beyond > 0 {
                admitted = Err(beyond);
            } else {
                paid.insert(terminal.clone(), next);
            }
        });
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_may_send_a_heap_at_once_and_then_fifty_a_second() {
        let (pace, till) = (Pace::default(), Source::new("till:1").unwrap());
        let admitted = |ms| (0..2_000).filter(|_| pace.admit(&till, ms).is_ok()).count();
        assert_eq!(admitted(1_000), 500);
        assert_eq!(pace.admit(&till, 1_000), Err(COST_MS));
        assert_eq!(admitted(2_000), 50);
        assert_eq!(pace.admit(&Source::new("till:2").unwrap(), 2_000), Ok(()), "the others are not held up");
        assert_eq!(admitted(60_000), 500);
    }
}
