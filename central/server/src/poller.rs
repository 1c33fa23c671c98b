//! The poller: looks at the ledger every 100 ms for all streams at once.
//! Position first, blocks second, so that a position below the offset that no
//! block names is not going to be handled.

use std::collections::BTreeMap;
use std::time::Duration;

use tidemark_daemon::clock::Clock;
use tidemark_ledger::{ChangedBlock, Ledger, LedgerError, PositionRow};
use tidemark_model::{Epoch, Generation, StoreId};
use tidemark_stream::Stream;
use tidemark_sync::message::Blocks;
use tidemark_sync::{Millis, Reached, ReceiverInput as Input};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::desk::{Desk, Seat, give};
use crate::fleet::Fleet;
use crate::ticks::Ticks;

const EVERY: Duration = Duration::from_millis(100);
/// A stream is told how far the applier is at least this often.
const TELL_EVERY_MS: u64 = 1_000;
/// How often the stream is asked where it ends.
const ENDS_EVERY_MS: u64 = 250;

/// Looks at the ledger for all streams.
#[derive(Debug)]
pub(crate) struct Poller {
    ledger: Ledger,
    stream: Stream,
    desk: Desk,
    fleet: Fleet,
    clock: Clock,
    /// Per partition the last step that was told.
    cursors: BTreeMap<u32, Cursor>,
    /// Of which history those are: another one counts its steps anew.
    generation: Option<Generation>,
    /// When the stream was last asked where it ends.
    ends_at: Option<Millis>,
}

/// How far the poller has told a partition's changes.
#[derive(Clone, Copy, Debug, Default)]
struct Cursor {
    step: u64,
    /// The step at which the applier stood at the last look.
    stood: u64,
    reached: Option<u64>,
    told_at: Millis,
}

/// What one look at a partition found.
struct Look {
    reached: Reached,
    blocks: BTreeMap<StoreId, BTreeMap<Epoch, Blocks>>,
}

impl Poller {
    /// A poller that has told nothing yet.
    pub(crate) const fn of(ledger: Ledger, stream: Stream, desk: Desk, fleet: Fleet, clock: Clock) -> Self {
        Self { ledger, stream, desk, fleet, clock, cursors: BTreeMap::new(), generation: None, ends_at: None }
    }

    /// Looks until it is asked to stop.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> Result<(), std::io::Error> {
        let mut ticks = Ticks::every(EVERY, stop);
        while ticks.next().await {
            if let Err(error) = self.look().await {
                // The appliers raise the condition; streams are told nothing
                // while the database is away.
                tracing::debug!(%error, "the ledger can't be looked at");
            }
        }
        Ok(())
    }

    async fn look(&mut self) -> Result<(), LedgerError> {
        let asked_at = Millis(self.clock.millis());
        let ends = self.ends(asked_at).await;
        let positions = self.ledger.positions().await?;
        if positions.iter().any(|position| self.was_set_back(position)) {
            let known = self.ledger.generation();
            let raised = self.ledger.raise_generation(known).await?;
            tracing::warn!(
                known = known.0,
                raised = raised.0,
                "the database was set back: its steps were further; another history"
            );
        }
        self.start_over_in_another_history();
        for position in positions {
            let end = ends.get(&position.partition).copied();
            let Some(look) = self.look_at(position, end, asked_at).await? else { continue };
            // Seats are asked for after the look: a stream that sat down
            // before it is among them, one that sits down later looks later.
            self.tell(&self.desk.seats(), position.partition, &look);
        }
        Ok(())
    }

    /// Whether the applier of a partition stands before where it stood: steps
    /// only grow in one history.
    fn was_set_back(&self, now: &PositionRow) -> bool {
        self.cursors.get(&now.partition).is_some_and(|cursor| now.step < cursor.stood)
    }

    /// A ledger that was set back gives steps again that were told before.
    fn start_over_in_another_history(&mut self) {
        let generation = Some(self.ledger.generation());
        if self.generation != generation {
            self.cursors.clear();
            self.generation = generation;
        }
    }

    /// Where the partitions end, now and then: each is a question to a
    /// broker.
    async fn ends(&mut self, now: Millis) -> BTreeMap<u32, u64> {
        if self.ends_at.is_some_and(|asked| now.since(asked) < ENDS_EVERY_MS) {
            return BTreeMap::new();
        }
        self.ends_at = Some(now);
        let mut asked = JoinSet::new();
        for partition in self.desk.partitions() {
            let stream = self.stream.clone();
            asked.spawn(async move { Some((partition, stream.end(partition).await.ok()?)) });
        }
        asked.join_all().await.into_iter().flatten().collect()
    }

    /// Looks at one partition; none if there is nothing to tell.
    async fn look_at(
        &mut self,
        position: PositionRow,
        end: Option<u64>,
        asked_at: Millis,
    ) -> Result<Option<Look>, LedgerError> {
        let PositionRow { stream, partition, next, step, .. } = position;
        let cursor = self.cursors.entry(partition).or_default();
        cursor.stood = step;
        let changed = self.ledger.blocks_changed(partition, cursor.step).await?;
        cursor.step = changed.iter().map(|block| block.step).max().unwrap_or(0).max(cursor.step);
        self.desk.reached(partition, next, end, asked_at);
        let news = cursor.reached != Some(next) || asked_at.since(cursor.told_at) >= TELL_EVERY_MS;
        if changed.is_empty() && !news {
            return Ok(None);
        }
        cursor.reached = Some(next);
        cursor.told_at = asked_at;
        let mut blocks: BTreeMap<StoreId, BTreeMap<Epoch, Blocks>> = BTreeMap::new();
        for ChangedBlock { store, epoch, index, block, has_lost, .. } in changed {
            self.fleet.compare(&store, epoch, index, &(block, has_lost));
            blocks.entry(store).or_default().entry(epoch).or_default().insert(index, block);
        }
        Ok(Some(Look { reached: Reached { stream, partition, offset: next, end, asked_at }, blocks }))
    }

    fn tell(&self, seats: &[Seat], partition: u32, look: &Look) {
        let generation = self.ledger.generation();
        for seat in seats.iter().filter(|seat| seat.partition == partition) {
            let blocks = look.blocks.get(&seat.store).cloned().unwrap_or_default();
            give(seat, Input::Polled { generation, reached: look.reached, blocks });
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use tidemark_ledger::apply::{ApplyRecord, Content};
    use tidemark_model::{BlockIndex, Position, StreamId};
    use tidemark_parts::Postgres;

    use super::*;

    const STREAM: StreamId = StreamId([1; 16]);

    fn store() -> StoreId {
        StoreId::new("S1").unwrap()
    }

    fn record(seq: u64) -> ApplyRecord {
        let position = Position { epoch: Epoch(9), seq };
        let content = Content::Movement(position, Bytes::from_static(b"\xff"));
        ApplyRecord { offset: seq - 1, store: store(), content }
    }

    async fn poller(ledger: &Ledger, folder: &std::path::Path) -> Poller {
        let stream = Stream::embedded(&folder.join("stream.db"), 1).await.unwrap();
        Poller::of(ledger.clone(), stream, Desk::default(), Fleet::default(), Clock::start())
    }

    /// Applies record by record, and looks meanwhile: whatever lies below the
    /// offset that a look tells is named by the blocks told up to it.
    async fn looked_at_while_applying(ledger: Ledger) {
        let folder = tempfile::tempdir().unwrap();
        let mut poller = poller(&ledger, folder.path()).await;
        let mut at = ledger.position(0, STREAM).await.unwrap();
        let applier = ledger.clone();
        let applying = tokio::spawn(async move {
            for seq in 1..=200 {
                at = applier.apply(at, &[record(seq)], seq, 0).await.unwrap().position;
            }
        });
        let (mut told, mut reached) = (0, 0);
        while reached < 200 {
            let position = ledger.positions().await.unwrap()[0];
            let Some(look) = poller.look_at(position, None, Millis(0)).await.unwrap() else { continue };
            let blocks = look.blocks.get(&store()).and_then(|epochs| epochs.get(&Epoch(9)));
            told = blocks.and_then(|blocks| Some(blocks.get(&BlockIndex(0))?.bitmap.count())).unwrap_or(told);
            reached = look.reached.offset;
            assert!(u64::from(told) >= reached, "{told} handled are told with the applier at {reached}");
        }
        applying.await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_the_applier_has_passed_is_told_before_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        looked_at_while_applying(Ledger::sqlite(&folder.path().join("ledger.db")).await.unwrap()).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_the_applier_has_passed_is_told_before_in_postgresql() {
        let postgres = Postgres::start().unwrap();
        looked_at_while_applying(Ledger::postgres(&postgres.url("postgres")).await.unwrap()).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_database_set_back_by_a_backup_is_another_history_though_nothing_in_it_tells() {
        let postgres = Postgres::start().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::postgres(&postgres.url("postgres")).await.unwrap();
        let mut poller = poller(&ledger, folder.path()).await;
        let mut at = ledger.position(0, STREAM).await.unwrap();
        postgres.back_up().unwrap();
        for seq in 1..=3 {
            at = ledger.apply(at, &[record(seq)], seq, 0).await.unwrap().position;
            poller.look().await.unwrap();
        }
        let before = ledger.generation();
        postgres.set_back().unwrap();
        let looked = async {
            // Connections of before are found to be dead one by one.
            while poller.look().await.is_err() {}
        };
        tokio::time::timeout(Duration::from_secs(60), looked).await.unwrap();
        assert!(ledger.generation() > before);
        assert_eq!(poller.cursors[&0].step, 0, "it tells all changes anew");
    }

    #[tokio::test]
    async fn a_ledger_that_was_set_back_is_told_anew() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::sqlite(&folder.path().join("ledger.db")).await.unwrap();
        let mut poller = poller(&ledger, folder.path()).await;
        let at = ledger.position(0, STREAM).await.unwrap();
        ledger.apply(at, &[record(1)], 1, 0).await.unwrap();
        poller.look().await.unwrap();
        assert!(poller.cursors[&0].step > 0);
        poller.cursors.insert(0, Cursor { step: u64::MAX, ..Cursor::default() });
        ledger.raise_generation(ledger.generation()).await.unwrap();
        poller.look().await.unwrap();
        assert!((1..9).contains(&poller.cursors[&0].step), "{:?}", poller.cursors);
    }
}
