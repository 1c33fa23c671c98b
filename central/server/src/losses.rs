//! What the books wait for, as conditions: losses for a person's signature,
//! forked positions for their box, dead letters for a repair; and shops whose
//! box is not heard or holds something else. Read from the ledger and the
//! fleet, so that they are there after a restart and gone when they are
//! settled, whichever process it happened in.

use std::collections::BTreeSet;
use std::time::Duration;

use tidemark_daemon::clock::Clock;
use tidemark_daemon::conditions::{Active, registry};
use tidemark_ledger::{Ledger, LedgerError, StoreRow, UnsignedLosses};
use tokio_util::sync::CancellationToken;

use crate::fleet::{Fleet, Moment};
use crate::ticks::Ticks;

const EVERY: Duration = Duration::from_secs(2);
/// Reasons of dead letters that are told; there are about as many.
const REASONS: usize = 20;

/// Looks at the ledger for losses.
#[derive(Debug)]
pub(crate) struct LossWatch {
    pub(crate) ledger: Ledger,
    pub(crate) fleet: Fleet,
    pub(crate) conditions: Active,
    pub(crate) clock: Clock,
}

impl LossWatch {
    /// Looks until it is asked to stop.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), std::io::Error> {
        let mut ticks = Ticks::every(EVERY, stop);
        while ticks.next().await {
            if let Err(error) = self.look().await {
                // The appliers raise the condition; what was known stays.
                tracing::debug!(%error, "the ledger can't be asked for losses");
            }
        }
        Ok(())
    }

    /// Raises what waits for a signature, clears what does not.
    pub(crate) async fn look(&self) -> Result<(), LedgerError> {
        let mut open = BTreeSet::new();
        for losses in self.ledger.unsigned_losses().await? {
            let subject = losses.store.to_string();
            self.conditions.raise_about(registry::MOVEMENTS_LOST, &subject, told(&losses), self.clock.millis());
            open.insert(subject);
        }
        self.conditions.keep_about(registry::MOVEMENTS_LOST, &open);
        let stores = self.ledger.stores().await?;
        let mut forked = BTreeSet::new();
        for StoreRow { store, forks, .. } in stores.iter().filter(|row| row.forks > 0) {
            let detail = format!("{store}: {forks} positions came again with other bytes");
            self.conditions.raise_about(registry::POSITIONS_FORKED, store.as_str(), detail, self.clock.millis());
            forked.insert(store.to_string());
        }
        self.conditions.keep_about(registry::POSITIONS_FORKED, &forked);
        self.look_at_boxes(&stores);
        let mut letters = BTreeSet::new();
        for (reason, count) in self.ledger.dead_letter_groups().await?.into_iter().take(REASONS) {
            let detail = format!("{count} movements are parked: {reason}");
            self.conditions.raise_about(registry::DEAD_LETTERS, &reason, detail, self.clock.millis());
            letters.insert(reason);
        }
        self.conditions.keep_about(registry::DEAD_LETTERS, &letters);
        Ok(())
    }

    /// Raises what the fleet knows of boxes, clears what is over.
    fn look_at_boxes(&self, stores: &[StoreRow]) {
        let now = Moment::now(self.clock);
        for code in [registry::BOX_OFFLINE, registry::DIGEST_DIFFERS] {
            let mut held = BTreeSet::new();
            for books in stores {
                let troubles = self.fleet.troubles(books, now);
                let Some((_, detail)) = troubles.into_iter().find(|(of, _)| *of == code) else { continue };
                self.conditions.raise_about(
                    code,
                    books.store.as_str(),
                    format!("{}: {detail}", books.store),
                    now.steady.0,
                );
                held.insert(books.store.to_string());
            }
            self.conditions.keep_about(code, &held);
        }
    }
}

fn told(losses: &UnsignedLosses) -> String {
    let UnsignedLosses { store, positions, ranges } = losses;
    format!("{store}: {positions} positions in {ranges} ranges are lost and nobody has signed for them")
}
