//! A region away from the centre: its ledger is a copy, which lags when the
//! line to the centre is cut. The centre writes into the ledger that it lives,
//! every second; how old that is in the copy says how far the copy may lag.

use std::time::Duration;

use crate::ticks::Ticks;
use tidemark_daemon::clock::Clock;
use tidemark_daemon::conditions::{Active, registry};
use tidemark_ledger::Ledger;
use tidemark_sync::Millis;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How often the centre says that it lives, and its copies look.
const EVERY: Duration = Duration::from_secs(1);
/// A copy in which the centre is silent for longer is cut off.
const BEHIND_MS: u64 = 5_000;

/// How far a copy is behind; cheap to clone. Without a copy it never is.
#[derive(Clone, Debug)]
pub(crate) struct Region(watch::Sender<Option<Pulse>>, bool);

/// The newest word of the centre in the copy.
#[derive(Clone, Copy, Debug)]
struct Pulse {
    /// When, a label.
    at: i64,
    /// How old it was when it was read.
    age_ms: u64,
    /// When it was read.
    read: Millis,
}

impl Region {
    /// How it stands with a ledger.
    pub(crate) fn of(ledger: &Ledger) -> Self {
        Self(watch::Sender::new(None), ledger.is_replica())
    }

    /// Whether the copy may lack what the centre has for longer than is
    /// usual.
    pub(crate) fn is_behind(&self, now: Millis) -> bool {
        self.1 && self.0.borrow().is_none_or(|pulse| pulse.age_ms(now) > BEHIND_MS)
    }

    /// Up to when the copy is whole, a label; `wall` where there is no copy.
    pub(crate) fn fresh_at(&self, wall: i64) -> Option<i64> {
        if self.1 { self.0.borrow().map(|pulse| pulse.at) } else { Some(wall) }
    }
}

impl Pulse {
    const fn age_ms(self, now: Millis) -> u64 {
        self.age_ms.saturating_add(now.since(self.read))
    }
}

/// Writes the pulse at the centre, reads it in a region.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) ledger: Ledger,
    pub(crate) region: Region,
    pub(crate) conditions: Active,
    pub(crate) clock: Clock,
    /// Whether this process is one that says that the centre lives.
    pub(crate) beats: bool,
}

impl Watch {
    /// Looks until it is asked to stop.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), std::io::Error> {
        let mut ticks = Ticks::every(EVERY, stop);
        while ticks.next().await {
            if self.ledger.is_replica() {
                self.look().await;
            } else if self.beats
                && self.ledger.is_shared()
                && let Err(error) = self.ledger.beat().await
            {
                tracing::debug!(%error, "the pulse is not written");
            }
        }
        Ok(())
    }

    async fn look(&self) {
        match self.ledger.pulse().await {
            Ok(found) => {
                let read = Millis(self.clock.millis());
                let pulse = found.map(|(at, age_ms)| Pulse { at, age_ms, read });
                // What was known stays until something newer is read.
                self.region.0.send_if_modified(|known| {
                    pulse.is_some() && {
                        *known = pulse;
                        true
                    }
                });
            }
            Err(error) => tracing::debug!(%error, "the copy of the ledger can't be looked at"),
        }
        let now = self.clock.millis();
        if self.region.is_behind(Millis(now)) {
            let detail = match *self.region.0.borrow() {
                Some(pulse) => format!("the centre was last heard {} s ago", pulse.age_ms(Millis(now)) / 1_000),
                None => "the centre was never heard".to_owned(),
            };
            self.conditions.raise(registry::REGION_CUT_OFF, detail, now);
        } else {
            self.conditions.clear(registry::REGION_CUT_OFF);
        }
    }
}
