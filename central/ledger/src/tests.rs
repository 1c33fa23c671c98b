//! What holds whichever database keeps the ledger: each test runs on both.

mod attention;
mod audit;
mod catalogue;
mod forks;
mod histories;
mod instructions;
mod letters;
mod losses;
mod openings;
mod people;
mod reservations;
mod steps;

use std::collections::BTreeMap;

use bytes::Bytes;
use tidemark_model::{Epoch, Position, Seq, StreamId, WallTime};
use tidemark_wire::{Control, EpochOpened, Opener, PositionsLost, encode_control};

use crate::apply::tests::{sold, store};
use crate::apply::{ApplyRecord, Content};
use crate::rows::{LevelRow, PositionRow, StoreRow};
use crate::{Applied, ApplyError, Ledger};

/// A moment in November 2026.
const NOW: i64 = 20_781 * 86_400_000;

/// Where a test's ledger is kept, so that it can be opened again.
pub(crate) enum Place {
    Sqlite(tempfile::TempDir),
    Postgres(String),
}

impl Place {
    async fn open(&self) -> Ledger {
        match self {
            Self::Sqlite(folder) => Ledger::sqlite(&folder.path().join("ledger.db")).await.unwrap(),
            Self::Postgres(url) => Ledger::postgres(url).await.unwrap(),
        }
    }
}

/// Runs tests on both databases; each gets a place of its own.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::tests::Place::Sqlite(tempfile::tempdir().unwrap())).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                let database = crate::postgres::tests::cluster().database(stringify!($name)).unwrap();
                super::$name(crate::tests::Place::Postgres(database)).await;
            })+
        }
    };
}
pub(crate) use on_both;

/// An applier of partition 0 that appends what it applies.
struct Shop {
    ledger: Ledger,
    at: PositionRow,
}

impl Shop {
    async fn open(place: &Place) -> Self {
        let ledger = place.open().await;
        let at = ledger.position(0, StreamId([1; 16])).await.unwrap();
        Self { ledger, at }
    }

    /// Applies, and sees that the levels it tells are those that are read.
    async fn apply(&mut self, records: &[ApplyRecord]) -> Applied {
        let next = self.at.next + u64::try_from(records.len()).unwrap();
        let applied = self.ledger.apply(self.at, records, next, NOW).await.unwrap();
        self.at = applied.position;
        let of = |level: &LevelRow| (level.store.clone(), level.sku.clone());
        let told: BTreeMap<_, _> = applied.levels.iter().map(|level| (of(level), level)).collect();
        let pairs: Vec<_> = told.keys().cloned().collect();
        let read = self.ledger.levels(&pairs).await.unwrap();
        assert_eq!(read.len(), told.len());
        for level in read.iter().filter(|_| !applied.settled) {
            assert_eq!(told[&of(level)], level);
        }
        applied
    }

    async fn told(&self, epoch: u64, tail: Seq) {
        self.ledger.hear(&store(), Epoch(epoch), "{}", tail).await.unwrap();
    }

    async fn books(&self) -> StoreRow {
        self.ledger.stores().await.unwrap().remove(0)
    }
}

fn control(control: &Control) -> ApplyRecord {
    let content = Content::Control(Bytes::from(encode_control(control)));
    ApplyRecord { offset: 0, store: store(), content }
}

fn lost(epoch: u64, seqs: impl IntoIterator<Item = Seq>) -> ApplyRecord {
    let seqs = seqs.into_iter().collect();
    control(&Control::PositionsLost(PositionsLost { store: store(), epoch: Epoch(epoch), seqs, digest: None }))
}

fn opened(epoch: u64) -> ApplyRecord {
    let (epoch, by, wall) = (Epoch(epoch), Opener::Centre, WallTime(0));
    control(&Control::EpochOpened(EpochOpened { store: store(), epoch, by, wall }))
}

fn position(epoch: u64, seq: Seq) -> Position {
    Position { epoch: Epoch(epoch), seq }
}
