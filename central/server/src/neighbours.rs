//! What others did, seen in the ledger, where several processes share it: a
//! catalogue of another door goes to the boxes connected here, heartbeats go to
//! the fleet as it is shown here, and a box whose epoch was closed comes again.

use std::time::Duration;

use tidemark_daemon::clock::Clock;
use tidemark_ledger::{Ledger, LedgerError};
use tidemark_sync::Millis;
use tokio_util::sync::CancellationToken;

use crate::desk::Desk;
use crate::fleet::Fleet;
use crate::ticks::Ticks;

const EVERY: Duration = Duration::from_secs(1);

/// Looks at what other processes did.
#[derive(Debug)]
pub(crate) struct Neighbours {
    ledger: Ledger,
    desk: Desk,
    fleet: Fleet,
    clock: Clock,
    /// Whether no other process has the ledger.
    alone: bool,
    catalogue: Option<u64>,
}

impl Neighbours {
    pub(crate) const fn of(ledger: Ledger, desk: Desk, fleet: Fleet, clock: Clock) -> Self {
        Self { ledger, desk, fleet, clock, alone: false, catalogue: None }
    }

    /// No other process has the ledger: what is done here is known here.
    pub(crate) const fn alone(mut self, alone: bool) -> Self {
        self.alone = alone;
        self
    }

    /// Looks until it is asked to stop.
    pub(crate) async fn watch(mut self, stop: CancellationToken) -> Result<(), std::io::Error> {
        let mut ticks = Ticks::every(EVERY, stop);
        while ticks.next().await {
            if let Err(error) = self.look().await {
                // The appliers raise the condition.
                tracing::debug!(%error, "the ledger can't be looked at");
            }
        }
        Ok(())
    }

    async fn look(&mut self) -> Result<(), LedgerError> {
        if self.alone {
            return Ok(());
        }
        let version = self.ledger.catalogue_version().await?;
        if self.catalogue.replace(version).is_some_and(|known| known != version) {
            self.desk.tell_catalogue(version);
        }
        self.call_back().await?;
        for row in self.ledger.heartbeats().await? {
            self.fleet.learn(&row, Millis(self.clock.millis()));
        }
        for (store, epoch, index) in self.fleet.to_compare() {
            if let Some(block) = self.ledger.block(&store, epoch, index).await? {
                self.fleet.compare(&store, epoch, index, &block);
            }
        }
        Ok(())
    }

    /// Ends the streams of boxes whose epochs were closed by a box that
    /// another process welcomed.
    async fn call_back(&self) -> Result<(), LedgerError> {
        let current = self.desk.current_epochs();
        if current.is_empty() {
            return Ok(());
        }
        self.desk.supersede(&self.ledger.closed_among(&current).await?);
        Ok(())
    }
}
