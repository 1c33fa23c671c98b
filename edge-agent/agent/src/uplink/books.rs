//! What the uplink reads of the books, beside its task. Each question is
//! answered, also when the books can't be read: the uplink asks again.

use tidemark_daemon::conditions::registry;
use tidemark_journal::{Journal, ReadError, Records};
use tidemark_model::{Epoch, Seq, SeqSet};
use tidemark_sync::BoxFacts;

use super::{Surroundings, facts};
use crate::desk::DeskView;
use crate::roll::Roll;
use crate::troubles::{DAY_MS, named};

/// Movements to be sent; none if they can't be read at present.
pub(super) async fn records(around: &Surroundings, epoch: Epoch, seqs: SeqSet, max_bytes: u64) -> Records {
    let journal = around.journal.clone();
    let read = move || journal.read_records(epoch, &seqs, max_bytes);
    let found = answered("movements", tokio::task::spawn_blocking(read).await).unwrap_or_default();
    // Those of a damaged journal are told with its salvage.
    if epoch == around.journal.identity().epoch && !found.unreadable.is_empty() {
        let (subject, detail) = (epoch.to_string(), named(&found.unreadable));
        let now = around.clock.millis();
        around.conditions.raise_for(registry::MOVEMENTS_UNREADABLE, &subject, detail, now, DAY_MS);
    }
    if !found.not_now.is_empty() {
        tracing::error!(seqs = named(&found.not_now), "movements can't be read just now; they are asked for again");
    }
    found
}

/// How the box is; none if the books can't be read at present.
pub(super) async fn facts(
    journal: Journal,
    desk: DeskView,
    roll: Roll,
    oldest: Option<Seq>,
    metered: bool,
) -> Option<BoxFacts> {
    let read = move || facts::of_box(&journal, &desk, &roll, oldest, metered);
    answered("the facts of a heartbeat", tokio::task::spawn_blocking(read).await)
}

fn answered<T>(what: &str, read: Result<Result<T, ReadError>, tokio::task::JoinError>) -> Option<T> {
    match read {
        Ok(Ok(found)) => Some(found),
        // NOT SAVED, or the end: both are told elsewhere.
        Ok(Err(ReadError::Closed)) => None,
        Ok(Err(error)) => {
            tracing::error!(%error, "{what} can't be read");
            None
        }
        Err(error) => {
            tracing::error!(%error, "the reader of {what} ended");
            None
        }
    }
}
