//! The pace of whoever looks again and again.

use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// Ticks until it is asked to stop; the first one comes at once.
#[derive(Debug)]
pub(crate) struct Ticks {
    tick: Interval,
    stop: CancellationToken,
}

impl Ticks {
    /// One in so much time, and never two at once to catch up.
    pub(crate) fn every(period: Duration, stop: CancellationToken) -> Self {
        let mut tick = interval(period);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { tick, stop }
    }

    /// Waits for the next one; false when asked to stop.
    pub(crate) async fn next(&mut self) -> bool {
        tokio::select! {
            () = self.stop.cancelled() => false,
            _ = self.tick.tick() => true,
        }
    }
}
