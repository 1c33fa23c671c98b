//! That a box has taken its opening is said until the ledger knows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tidemark_model::{Epoch, StoreId};
use tidemark_sync::message::OpeningTaken;

use super::Ingest;

/// What a box said on a stream of the opening it has taken.
#[derive(Clone, Debug)]
pub(super) struct OpeningSaid {
    taken: Option<OpeningTaken>,
    /// Whether the ledger knows.
    is_known: Arc<AtomicBool>,
}

impl OpeningSaid {
    pub(super) fn of(taken: Option<OpeningTaken>) -> Self {
        Self { taken, is_known: Arc::new(AtomicBool::new(false)) }
    }

    /// Whether it has taken one.
    pub(super) const fn is_taken(&self) -> bool {
        self.taken.is_some()
    }

    /// Says it once more, if it was not seen yet that the ledger knows.
    pub(super) async fn say_again(self, ingest: Arc<Ingest>, store: StoreId, epoch: Epoch) {
        if let Some(taken) = self.taken.filter(|_| !self.is_known.load(Ordering::Relaxed)) {
            let knows = ingest.say_opening_again(store, epoch, taken).await;
            self.is_known.store(knows, Ordering::Relaxed);
        }
    }
}

impl Ingest {
    /// Says once more that a box has taken its opening, if the ledger does not
    /// know: a log that was cut back may have lost it. Whether it knows.
    pub(super) async fn say_opening_again(&self, store: StoreId, epoch: Epoch, opening: OpeningTaken) -> bool {
        match self.ledger.epochs(&store).await {
            Ok(epochs) => {
                let row = epochs.iter().find(|row| row.epoch == epoch);
                let knows = row.is_some_and(|row| row.taken.seq() == Some(opening.seq));
                if row.is_some() && !knows {
                    self.took_opening(store, epoch, opening).await;
                }
                knows
            }
            Err(error) => {
                tracing::debug!(%error, %epoch, "whether the ledger knows of an opening can't be read");
                false
            }
        }
    }
}
