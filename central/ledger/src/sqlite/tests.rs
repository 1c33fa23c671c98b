use bytes::Bytes;
use tidemark_model::{BlockIndex, Epoch, Position, StoreId, StreamId};

use super::*;
use crate::apply::{ApplyRecord, Content};
use crate::error::ApplyError;
use crate::instructions::InstructionRow;
use crate::rows::{StoreRecord, TokenRow};

async fn ledger() -> (tempfile::TempDir, SqliteLedger) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = SqliteLedger::open(&folder.path().join("ledger.db")).await.unwrap();
    (folder, ledger)
}

fn store() -> StoreId {
    StoreId::new("S1").unwrap()
}

/// Records nobody can decode: they are parked, which touches every table but
/// balances.
fn records(count: u64) -> Vec<ApplyRecord> {
    let record = |offset| ApplyRecord {
        offset,
        store: store(),
        content: Content::Movement(Position { epoch: Epoch(9), seq: offset + 1 }, Bytes::from_static(b"\xff")),
    };
    (0..count).map(record).collect()
}

#[tokio::test]
async fn what_is_applied_twice_counts_once_and_survives_a_restart() {
    let (folder, ledger) = ledger().await;
    let at = ledger.position(0, StreamId([1; 16])).await.unwrap();
    let applied = ledger.apply(at, &records(3), 3, 1_000).await.unwrap();
    assert_eq!((applied.movements, applied.parked, applied.position.next), (3, 3, 3));
    let again = ledger.apply(applied.position, &records(3), 6, 1_000).await.unwrap();
    assert_eq!(again.movements, 0);
    ledger.close().await;
    let ledger = SqliteLedger::open(&folder.path().join("ledger.db")).await.unwrap();
    let stores = ledger.stores(None).await.unwrap();
    assert_eq!((stores[0].committed, stores[0].applied, stores[0].parked, stores[0].pending), (3, 0, 3, 0));
    assert_eq!(ledger.dead_letter_groups().await.unwrap(), [("undecodable".to_owned(), 3)]);
    assert_eq!(ledger.position(0, StreamId([1; 16])).await.unwrap().next, 6);
}

#[tokio::test]
async fn a_second_applier_is_fenced_and_changes_nothing() {
    let (_folder, ledger) = ledger().await;
    let at = ledger.position(0, StreamId([1; 16])).await.unwrap();
    ledger.apply(at, &records(1), 1, 0).await.unwrap();
    let late = ledger.apply(at, &records(2), 2, 0).await;
    assert!(matches!(late, Err(ApplyError::Fenced(0))));
    assert_eq!(ledger.stores(None).await.unwrap()[0].parked, 1);
}

#[tokio::test]
async fn another_life_of_the_log_begins_at_0_and_its_step_goes_on() {
    let (_folder, ledger) = ledger().await;
    let at = ledger.position(0, StreamId([1; 16])).await.unwrap();
    let at = ledger.apply(at, &records(2), 2, 0).await.unwrap().position;
    let anew = ledger.position(0, StreamId([2; 16])).await.unwrap();
    assert_eq!(anew.next, 0);
    assert!(anew.step > at.step);
    assert!(matches!(ledger.apply(at, &records(1), 3, 0).await, Err(ApplyError::Fenced(0))));
}

#[tokio::test]
async fn changed_blocks_are_told_by_step_and_a_gap_is_counted() {
    let (_folder, ledger) = ledger().await;
    let at = ledger.position(3, StreamId([1; 16])).await.unwrap();
    let mut some = records(5);
    some.remove(1);
    some.remove(2);
    let at = ledger.apply(at, &some, 5, 0).await.unwrap().position;
    let changed = ledger.blocks_changed(3, 0).await.unwrap();
    assert_eq!((changed.len(), changed[0].index, changed[0].block.bitmap.count()), (1, BlockIndex(0), 3));
    assert!(ledger.blocks_changed(3, at.step).await.unwrap().is_empty());
    assert_eq!(ledger.gaps(&store()).await.unwrap(), 2);
}

#[tokio::test]
async fn a_store_is_looked_up_with_its_epochs_blocks_and_last_session() {
    let (_folder, ledger) = ledger().await;
    let session = |number| Some(tidemark_sync::message::Session(number));
    assert!(ledger.look_up(&store(), Epoch(9), session(1), (1, 2)).await.unwrap().is_none());
    let at = ledger.position(0, StreamId([1; 16])).await.unwrap();
    ledger.apply(at, &records(2), 2, 0).await.unwrap();
    let look = ledger.look_up(&store(), Epoch(9), session(4), (1, 2)).await.unwrap().unwrap();
    assert_eq!((look.last_session, look.blocks.len()), (None, 1));
    let look = ledger.look_up(&store(), Epoch(9), session(5), (1, 2)).await.unwrap().unwrap();
    assert_eq!(look.last_session, session(4));
}

#[tokio::test]
async fn instructions_and_tokens_are_kept_once() {
    let (_folder, ledger) = ledger().await;
    let body = Bytes::from_static(b"body");
    let row = InstructionRow::new("i1", store(), "open_stock", 1, body);
    assert!(ledger.add_instructions(std::slice::from_ref(&row), 0).await.is_err(), "no such store");
    ledger.make_store(&store()).await.unwrap();
    ledger.add_instructions(std::slice::from_ref(&row), 0).await.unwrap();
    assert_eq!(ledger.waiting_instructions(&store()).await.unwrap(), [InstructionRow { number: 1, ..row }]);
    let token = TokenRow { name: "web".into(), hash: [3; 32], role: "viewer".into() };
    ledger.add_token(&token, 0).await.unwrap();
    assert!(ledger.add_token(&token, 0).await.is_err());
    assert_eq!(ledger.tokens().await.unwrap(), [token]);
    assert!(ledger.remove_token("web").await.unwrap());
}

#[test]
fn months_are_those_of_the_calendar() {
    for (day, year, month) in [(0, 1970, 1), (58, 1970, 2), (59, 1970, 3), (20_781, 2026, 11), (20_788, 2026, 12)] {
        assert_eq!(month_of(day * 86_400_000), year * 12 + month - 1, "{day}");
    }
}

#[tokio::test]
async fn imported_stores_are_made_or_changed_and_keep_their_books() {
    let (_folder, ledger) = ledger().await;
    let at = ledger.position(0, StreamId([1; 16])).await.unwrap();
    ledger.apply(at, &records(2), 2, 0).await.unwrap();
    let record = |store: &str, name: &str| StoreRecord {
        store: StoreId::new(store).unwrap(),
        name: Some(name.to_owned()),
        region: Some("south".to_owned()),
        time_zone: Some("Europe/London".to_owned()),
        language: Some("en".to_owned()),
        state: None,
        opening_hours: Some("Mo-Sa 08:00-20:00".to_owned()),
        assortment: None,
    };
    ledger.put_stores(&[record("S2", "Quay"), record("S1", "High Street")]).await.unwrap();
    let closed =
        |store| StoreRecord { state: Some("closed".to_owned()), opening_hours: None, ..record(store, "Harbour") };
    ledger.put_stores(&[closed("S2")]).await.unwrap();
    let stores = ledger.stores(None).await.unwrap();
    let told: Vec<_> = stores.iter().map(|row| (row.store.as_str(), row.name.as_str(), row.committed)).collect();
    assert_eq!(told, [("S1", "High Street", 2), ("S2", "Harbour", 0)]);
    assert!(stores.iter().all(|row| row.opening_hours == "Mo-Sa 08:00-20:00"), "what is not said stays");
    assert_eq!(stores.iter().map(|row| row.state.as_str()).collect::<Vec<_>>(), ["open", "closed"]);
}
