//! Whether the ledger is still the one of which levels were published: one that
//! was set back, as by a restored disk, would give their versions again, and
//! whoever keeps the newest would keep what is no more.
//!
//! A restore that leaves another cluster or timeline behind is found out with
//! the first connection. One that does not is found out here, before anything
//! is applied: by the step where the applier stood, and in a process that has
//! just started by the newest levels that were published.

use tidemark_ledger::{Ledger, LevelRow, PositionRow};
use tidemark_model::{Generation, StreamId};
use tidemark_stream::Stream;

use super::{Applier, RoundError, level_of_announcement};
use crate::parts::PartsError;

/// Where an applier stood.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stood {
    stream: StreamId,
    step: u64,
}

impl Stood {
    /// Where it stands now.
    pub(super) const fn at(position: &PositionRow) -> Self {
        Self { stream: position.stream, step: position.step }
    }

    /// Whether it stands before that now: steps only grow in one history.
    fn is_after(self, position: &PositionRow) -> bool {
        self.stream == position.stream && self.step > position.step
    }
}

impl Applier {
    /// Where the ledger stands; in a history of its own if it was set back.
    pub(super) async fn begin(&self, identity: StreamId, stood: Option<Stood>) -> Result<PositionRow, RoundError> {
        let at = self.position(identity).await?;
        if !stood.is_some_and(|stood| stood.is_after(&at)) {
            return Ok(at);
        }
        let (known, partition) = (self.parts.ledger.generation(), self.partition);
        let raised = self.parts.ledger.raise_generation(known).await?;
        tracing::warn!(
            partition,
            raised = raised.0,
            "the database was set back: its applier was further; another history"
        );
        self.position(identity).await
    }

    async fn position(&self, identity: StreamId) -> Result<PositionRow, RoundError> {
        Ok(self.parts.ledger.position(self.partition, identity).await?)
    }
}

/// Raises the generation if a level was published that is newer than the
/// ledger's.
pub(crate) async fn look(ledger: &Ledger, stream: &Stream) -> Result<(), PartsError> {
    let told = stream.newest_levels().await?;
    let published: Vec<LevelRow> = told.iter().filter_map(|json| level_of_announcement(json)).collect();
    if let Some(above) = ahead(&published, ledger).await? {
        let raised = ledger.raise_generation(above).await?;
        tracing::warn!(raised = raised.0, "the database was set back: newer levels were published; another history");
    }
    Ok(())
}

/// The generation above which the ledger's must be, if one of these levels is
/// newer than what it holds.
async fn ahead(published: &[LevelRow], ledger: &Ledger) -> Result<Option<Generation>, PartsError> {
    let pairs: Vec<_> = published.iter().map(|level| (level.store.clone(), level.sku.clone())).collect();
    let held = ledger.levels(&pairs).await?;
    let is_newer = |told: &LevelRow| {
        let held = held.iter().find(|held| held.store == told.store && held.sku == told.sku);
        held.is_none_or(|held| told.version > held.version)
    };
    let newest = published.iter().filter(|level| is_newer(level)).map(|level| level.version.0).max();
    Ok(newest.map(|newest| newest.max(ledger.generation())))
}

#[cfg(test)]
mod tests {
    use tidemark_model::{Basis, Quantity, Sku, StoreId};

    use super::*;

    const STREAM: StreamId = StreamId([7; 16]);

    fn level(sku: &str, generation: u64, counter: u64) -> LevelRow {
        LevelRow {
            store: StoreId::new("S0001").unwrap(),
            sku: Sku::new(sku).unwrap(),
            effect_sum: Quantity::ZERO,
            on_hand: Quantity::ZERO,
            basis: Basis::Counted,
            older: false,
            reserved: Quantity::ZERO,
            safety: Quantity::ZERO,
            version: (Generation(generation), counter),
            changed_at: 0,
        }
    }

    #[test]
    fn an_applier_that_stands_before_where_it_stood_is_in_another_history() {
        let row = PositionRow { stream: STREAM, partition: 0, next: 9, step: 5, others: 0, published: 0 };
        let stood = Stood::at(&row);
        assert!(!stood.is_after(&row));
        assert!(stood.is_after(&PositionRow { step: 4, ..row }));
        assert!(
            !stood.is_after(&PositionRow { step: 6, next: 0, ..row }),
            "a log that was cut back has a step of its own"
        );
        assert!(!stood.is_after(&PositionRow { step: 4, stream: StreamId([8; 16]), ..row }), "another log");
    }

    #[tokio::test]
    async fn a_ledger_that_lacks_what_was_published_takes_a_generation_above_it() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::sqlite(&folder.path().join("ledger.db")).await.unwrap();
        assert_eq!(ahead(&[], &ledger).await.unwrap(), None);
        assert_eq!(ahead(&[level("apple", 1, 3)], &ledger).await.unwrap(), Some(Generation(1)));
        assert_eq!(ahead(&[level("apple", 4, 3), level("pear", 2, 9)], &ledger).await.unwrap(), Some(Generation(4)));
        ledger.raise_generation(Generation(6)).await.unwrap();
        assert_eq!(ahead(&[level("apple", 4, 3)], &ledger).await.unwrap(), Some(Generation(7)));
    }
}
