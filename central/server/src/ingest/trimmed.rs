//! What a box let go and the ledger lacks is named lost, until it is.

use std::sync::Arc;

use tidemark_daemon::retry::{Disposition, Policy, retry};
use tidemark_ledger::LedgerError;
use tidemark_model::{Epoch, Seq, SeqSet, StoreId, StreamPlace};
use tidemark_stream::{Event, EventRecord, StreamError};
use tidemark_sync::limits::BATCH_MOVEMENTS;
use tidemark_wire::{Control, PositionsLost, encode_control};
use tokio::sync::watch;

use super::Ingest;

/// Positions that are named lost at once; the next look names more.
const NAMED_LOST: u64 = 500_000;

impl Ingest {
    /// What a box let go because the ledger held it, and the ledger lacks
    /// since it was set back, nobody can send any more: it is named lost,
    /// behind all that the stream still holds of it. Looked for with `Hello`
    /// and whenever the box says again how far it let go: it may go on until
    /// it is welcomed, and a log that is cut back may lose what was named.
    pub(super) async fn name_trimmed(self: Arc<Self>, store: StoreId, epoch: Epoch, mut told: watch::Receiver<Seq>) {
        let (mut whole_below, mut named) = (1, None);
        loop {
            let below = *told.borrow_and_update();
            if below > whole_below && !self.is_on_its_way(named).await {
                let look = || self.ledger.missing_below(&store, epoch, below);
                let name = |missing| self.name_lost(&store, epoch, missing);
                match until_named(look, name).await {
                    Ok(None) => whole_below = below,
                    Ok(place) => named = place,
                    Err(error) => tracing::warn!(%store, %epoch, %error, "what is lost is not named"),
                }
            }
            if told.changed().await.is_err() {
                return;
            }
        }
    }

    /// Whether the applier is still to come to what was named there. If that
    /// can't be told, nothing can be named either.
    async fn is_on_its_way(&self, named: Option<StreamPlace>) -> bool {
        let Some(place) = named else { return false };
        let Ok(end) = self.stream.end(place.partition).await else { return true };
        let Ok(positions) = self.ledger.positions().await else { return true };
        let mut of_stream = positions.iter().filter(|at| (at.stream, at.partition) == (place.stream, place.partition));
        place.offset < end && of_stream.any(|at| at.next <= place.offset)
    }

    /// Puts it into the stream that positions are lost; where the last of them
    /// stands.
    async fn name_lost(&self, store: &StoreId, epoch: Epoch, mut left: SeqSet) -> Result<StreamPlace, StreamError> {
        let (count, first, last) = (left.count(), left.first(), left.last());
        tracing::error!(%store, %epoch, count, first, last, "a box let movements go that this ledger does not hold");
        let mut records = Vec::new();
        while !left.is_empty() {
            let seqs = left.lowest(u64::from(BATCH_MOVEMENTS));
            left.remove_all(&seqs);
            let control = Control::PositionsLost(PositionsLost { store: store.clone(), epoch, seqs, digest: None });
            let event = Event::Control(encode_control(&control).into());
            records.push(EventRecord { store: store.clone(), event });
        }
        let partition = self.stream.partition_of(store);
        let appended = self.stream.append(partition, &records).await;
        self.note_append(partition, appended.as_ref().err());
        appended
    }
}

/// Why what is lost is not named.
#[derive(Debug, thiserror::Error)]
pub(super) enum NamingError {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Stream(#[from] StreamError),
}

/// Looks what is missing and names it until that is kept, and where; each time
/// anew, for some of it may have come meanwhile. Nowhere if nothing is missing.
pub(super) async fn until_named<T, L, N>(
    look: impl Fn() -> L,
    name: impl Fn(SeqSet) -> N,
) -> Result<Option<T>, NamingError>
where
    L: Future<Output = Result<SeqSet, LedgerError>>,
    N: Future<Output = Result<T, StreamError>>,
{
    let judge = |error: &NamingError| {
        tracing::warn!(%error, "what a box let go and this ledger lacks is not named yet");
        if matches!(error, NamingError::Stream(StreamError::Closed)) { Disposition::Stop } else { Disposition::Retry }
    };
    let once = || {
        let (looked, name) = (look(), &name);
        async move {
            let missing = looked.await?.lowest(NAMED_LOST);
            if missing.is_empty() {
                return Ok(None);
            }
            Ok(Some(name(missing).await?))
        }
    };
    retry(Policy::SERVICE, once, judge).await
}
