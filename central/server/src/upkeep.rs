//! What falls due by the database's clock: reservations that nobody confirmed,
//! and levels that a changed rule of safety stock is about. Any process of the
//! centre may do it, also several at once.

use std::collections::BTreeSet;
use std::time::Duration;

use tidemark_ledger::LedgerError;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::parts::Parts;
use crate::ticks::Ticks;

const EVERY: Duration = Duration::from_millis(250);
/// Stores whose levels are told of a changed rule in one look.
const STORES: usize = 50;

/// Looks at the ledger.
#[derive(Debug)]
pub(crate) struct Upkeep {
    pub(crate) parts: Parts,
    /// Partitions with levels that others than their applier changed.
    pub(crate) changed: watch::Sender<BTreeSet<u32>>,
}

impl Upkeep {
    /// Looks until it is asked to stop.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), std::io::Error> {
        let mut ticks = Ticks::every(EVERY, stop);
        while ticks.next().await {
            if let Err(error) = self.look().await {
                // The appliers raise the condition; the next look does it.
                tracing::debug!(%error, "what falls due is not done");
            }
        }
        Ok(())
    }

    async fn look(&self) -> Result<(), LedgerError> {
        let expired = self.parts.ledger.expire_reservations().await?;
        if let Err(error) = self.parts.cache.put(&expired).await {
            tracing::debug!(%error, "levels that changed are not cached");
        }
        for _store in 0..STORES {
            if !self.parts.ledger.tell_safety().await? {
                break;
            }
        }
        self.changed.send_replace(self.parts.ledger.partitions_changed().await?);
        Ok(())
    }
}
