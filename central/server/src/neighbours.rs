//! What others did, seen in the ledger: an applier's instructions go to the
//! boxes connected here. Where several processes share the ledger, so do a
//! catalogue and the instructions of other doors, heartbeats go to the fleet
//! as it is shown here, and a box whose epoch was closed comes again.

use std::collections::BTreeSet;
use std::time::Duration;

use tidemark_daemon::clock::Clock;
use tidemark_ledger::{Ledger, LedgerError};
use tidemark_sync::Millis;
use tokio_util::sync::CancellationToken;

use crate::desk::Desk;
use crate::fleet::Fleet;
use crate::ingest::instruction_of;

const EVERY: Duration = Duration::from_secs(1);
/// Instructions that are looked at; older ones a box gets when it connects.
const NEWEST: u32 = 1_000;

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
    /// Instructions that were waiting at the last look.
    seen: BTreeSet<String>,
}

impl Neighbours {
    pub(crate) const fn of(ledger: Ledger, desk: Desk, fleet: Fleet, clock: Clock) -> Self {
        Self { ledger, desk, fleet, clock, alone: false, catalogue: None, seen: BTreeSet::new() }
    }

    /// No other process has the ledger: what is done here is known here.
    pub(crate) const fn alone(mut self, alone: bool) -> Self {
        self.alone = alone;
        self
    }

    /// Looks until it is asked to stop.
    pub(crate) async fn watch(mut self, stop: CancellationToken) -> Result<(), std::io::Error> {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                _ = tick.tick() => {}
            }
            if let Err(error) = self.look().await {
                // The appliers raise the condition.
                tracing::debug!(%error, "the ledger can't be looked at");
            }
        }
    }

    async fn look(&mut self) -> Result<(), LedgerError> {
        self.give_instructions().await?;
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

    /// Gives what is new to boxes that are connected here; the boxes take
    /// each instruction once.
    async fn give_instructions(&mut self) -> Result<(), LedgerError> {
        let rows = self.ledger.instructions(NEWEST).await?;
        let waiting = rows.iter().filter(|row| row.state == "waiting");
        let mut seen = BTreeSet::new();
        for row in waiting {
            seen.insert(row.id.clone());
            if !self.seen.contains(&row.id)
                && let Some(instruction) = instruction_of(row)
            {
                self.desk.instruct(&row.store, &instruction);
            }
        }
        self.seen = seen;
        Ok(())
    }
}
