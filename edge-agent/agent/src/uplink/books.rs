//! What the uplink reads of the books, beside its task. Each question is
//! answered, also when the books can't be read: the uplink asks again.

use tidemark_journal::{Journal, ReadError, Records};
use tidemark_model::{Epoch, Seq, SeqSet};
use tidemark_sync::BoxFacts;

use super::facts;
use crate::desk::DeskView;
use crate::roll::Roll;

/// Movements to be sent; none if they can't be read at present.
pub(super) async fn records(journal: Journal, epoch: Epoch, seqs: SeqSet, max_bytes: u64) -> Records {
    let read = move || journal.read_records(epoch, &seqs, max_bytes);
    answered("movements", tokio::task::spawn_blocking(read).await).unwrap_or_default()
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
