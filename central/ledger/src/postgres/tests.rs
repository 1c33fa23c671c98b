use std::sync::OnceLock;

use bytes::Bytes;
use tidemark_model::document::{Body, Document, Line, TakenLine, Timing, TradeKind};
use tidemark_model::movement::{Labels, Parked};
use tidemark_model::{
    BlockIndex, DocumentId, Draft, Epoch, Item, ItemUnit, MemoryBooks, Odometer, ParkReason, Position, Quantity, Sku,
    Source, Stamp, StoreId, StreamId, WallTime, decide,
};
use tidemark_parts::Postgres;
use tidemark_wire::encode_movement;

use super::*;
use crate::apply::{ApplyRecord, Content};
use crate::error::ApplyError;
use crate::instructions::{InstructionFilter, InstructionRow};
use crate::letters::LetterFilter;
use crate::rows::{HeartbeatRow, StoreRecord, TokenRow};

/// A moment in November 2026.
const NOW: i64 = 20_781 * 86_400_000;

/// One cluster for all tests, each with a database of its own.
pub(crate) fn cluster() -> &'static Postgres {
    static CLUSTER: OnceLock<Postgres> = OnceLock::new();
    CLUSTER.get_or_init(|| Postgres::start().unwrap_or_else(|error| panic!("{error}")))
}

async fn ledger(name: &str) -> (String, PostgresLedger) {
    let url = cluster().database(name).unwrap();
    let ledger = PostgresLedger::open(&url).await.unwrap();
    (url, ledger)
}

fn store() -> StoreId {
    StoreId::new("S1").unwrap()
}

fn sku(text: &str) -> Sku {
    Sku::new(text).unwrap()
}

fn record(seq: u64, bytes: Bytes) -> ApplyRecord {
    let content = Content::Movement(Position { epoch: Epoch(9), seq }, bytes);
    ApplyRecord { offset: seq - 1, store: store(), content }
}

/// Records nobody can decode: they are parked, which touches every table but
/// balances.
fn records(count: u64) -> Vec<ApplyRecord> {
    (1..=count).map(|seq| record(seq, Bytes::from_static(b"\xff"))).collect()
}

/// Sells one piece each of items named by their number.
fn sold(items: &[u8], change: fn(&mut tidemark_model::Movement)) -> Vec<ApplyRecord> {
    let mut books = MemoryBooks::new();
    for number in 0..10 {
        let (sku, name) = (sku(&number.to_string()), number.to_string());
        books.learn_item(Item::new(sku, name, ItemUnit::Each));
    }
    let mut records = Vec::new();
    for (item, seq) in items.iter().zip(1_u64..) {
        let line = TakenLine::plain(sku(&item.to_string()), Quantity::units(1).unwrap());
        let document = Document {
            source: Source::new("till:1").unwrap(),
            id: DocumentId::new(&seq.to_string()).unwrap(),
            wall: WallTime(0),
            labels: Labels::default(),
            business_day_given: false,
            timing: Timing::Live,
            sequence: None,
            body: Body::Trade { kind: TradeKind::Sale, last: false, lines: vec![Line::Taken(line)] },
        };
        let next = Position { epoch: Epoch(9), seq };
        let stamp = Stamp { next, odometer: Odometer(1), arrived: Odometer(1), boot: Odometer(0), wall: WallTime(0) };
        let mut draft = Draft::over(&books);
        let Ok(mut outcome) = decide(&mut draft, &document, &stamp);
        let changes: Vec<_> = draft.into_changes().collect();
        books.commit(changes);
        change(&mut outcome.movements[0]);
        records.push(record(seq, Bytes::from(encode_movement(&outcome.movements[0]))));
    }
    records
}

#[tokio::test]
async fn what_is_applied_twice_counts_once_and_survives_a_restart() {
    let (url, ledger) = ledger("twice").await;
    let at = ledger.position(0, StreamId([1; 16])).await.unwrap();
    let applied = ledger.apply(at, &records(3), 3, 1_000).await.unwrap();
    assert_eq!((applied.movements, applied.parked, applied.position.next), (3, 3, 3));
    let again = ledger.apply(applied.position, &records(3), 6, 1_000).await.unwrap();
    assert_eq!(again.movements, 0);
    ledger.close().await;
    let ledger = PostgresLedger::open(&url).await.unwrap();
    let stores = ledger.stores(None).await.unwrap();
    assert_eq!((stores[0].committed, stores[0].applied, stores[0].parked, stores[0].pending), (3, 0, 3, 0));
    assert_eq!(ledger.dead_letter_groups().await.unwrap(), [("undecodable".to_owned(), 3)]);
    assert_eq!(ledger.position(0, StreamId([1; 16])).await.unwrap().next, 6);
    assert_eq!(ledger.positions().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_second_applier_is_fenced_and_changes_nothing() {
    let (_url, ledger) = ledger("fenced").await;
    let at = ledger.position(0, StreamId([1; 16])).await.unwrap();
    ledger.apply(at, &records(1), 1, 0).await.unwrap();
    let late = ledger.apply(at, &records(2), 2, 0).await;
    assert!(matches!(late, Err(ApplyError::Fenced(0))));
    assert_eq!(ledger.stores(None).await.unwrap()[0].parked, 1);
}

#[tokio::test]
async fn of_two_processes_that_apply_at_once_exactly_one_moves_the_position() {
    let (url, here) = ledger("race").await;
    let there = PostgresLedger::open(&url).await.unwrap();
    let all = sold(&[1; 60], |_| {});
    let mut at = here.position(0, StreamId([1; 16])).await.unwrap();
    for part in all.chunks(3) {
        let next = at.next + 3;
        let (one, other) = tokio::join!(here.apply(at, part, next, NOW), there.apply(at, part, next, NOW));
        at = match (one, other) {
            (Ok(applied), Err(ApplyError::Fenced(0))) | (Err(ApplyError::Fenced(0)), Ok(applied)) => applied.position,
            both => panic!("{both:?}"),
        };
    }
    let row = &here.stores(None).await.unwrap()[0];
    assert_eq!((row.applied, row.parked, row.pending), (60, 0, 0));
    let level = &here.levels(&[(store(), sku("1"))]).await.unwrap()[0];
    assert_eq!((level.effect_sum, level.version.1), (Quantity::units(-60).unwrap(), 20));
}

#[tokio::test]
async fn partitions_with_shops_in_common_apply_at_once_without_a_deadlock() {
    let (_url, ledger) = ledger("shared").await;
    let records: Vec<ApplyRecord> = (0..40)
        .map(|number| ApplyRecord { store: StoreId::new(&format!("S{number}")).unwrap(), ..records(1).remove(0) })
        .collect();
    for record in &records {
        ledger.make_store(&record.store).await.unwrap();
    }
    let mut reversed = records.clone();
    reversed.reverse();
    let position = async |part| ledger.position(part, StreamId([1; 16])).await.unwrap();
    let mut at = (position(0).await, position(1).await);
    for next in 1..=20 {
        let one = ledger.apply(at.0, &records, next, NOW);
        let other = ledger.apply(at.1, &reversed, next, NOW);
        // The very first time both begin the same epochs; the one that comes
        // late is refused, halves its batch and finds them begun.
        match tokio::join!(one, other) {
            (Ok(one), Ok(other)) => at = (one.position, other.position),
            both => panic!("{next}: {both:?}"),
        }
    }
    assert_eq!(ledger.dead_letter_groups().await.unwrap(), [("undecodable".to_owned(), 40)]);
}

#[tokio::test]
async fn another_life_of_the_log_begins_at_0_and_its_step_goes_on() {
    let (_url, ledger) = ledger("life").await;
    let at = ledger.position(0, StreamId([1; 16])).await.unwrap();
    let at = ledger.apply(at, &records(2), 2, 0).await.unwrap().position;
    let anew = ledger.position(0, StreamId([2; 16])).await.unwrap();
    assert_eq!(anew.next, 0);
    assert!(anew.step > at.step);
    assert!(matches!(ledger.apply(at, &records(1), 3, 0).await, Err(ApplyError::Fenced(0))));
}

#[tokio::test]
async fn changed_blocks_are_told_by_step_and_a_gap_is_counted() {
    let (_url, ledger) = ledger("blocks").await;
    let at = ledger.position(3, StreamId([1; 16])).await.unwrap();
    let mut some = records(5);
    some.remove(1);
    some.remove(2);
    let at = ledger.apply(at, &some, 5, 0).await.unwrap().position;
    let changed = ledger.blocks_changed(3, 0).await.unwrap();
    assert_eq!((changed.len(), changed[0].index, changed[0].block.bitmap.count()), (1, BlockIndex(0), 3));
    assert!(ledger.blocks_changed(3, at.step).await.unwrap().is_empty());
    // What nobody could read is parked, and the block's sums prove nothing.
    assert_eq!(ledger.block(&store(), Epoch(9), BlockIndex(0)).await.unwrap(), Some((changed[0].block, true)));
    assert_eq!(ledger.gaps(&store()).await.unwrap(), 2);
}

#[tokio::test]
async fn a_store_is_looked_up_with_its_epochs_blocks_and_last_session() {
    let (_url, ledger) = ledger("sessions").await;
    let session = |number| Some(tidemark_sync::message::Session(number));
    assert!(ledger.look_up(&store(), Epoch(9), session(1), (1, 2)).await.unwrap().is_none());
    let at = ledger.position(0, StreamId([1; 16])).await.unwrap();
    ledger.apply(at, &records(2), 2, 0).await.unwrap();
    let look = ledger.look_up(&store(), Epoch(9), session(4), (1, 2)).await.unwrap().unwrap();
    assert_eq!((look.last_session, look.blocks.len()), (None, 1));
    let look = ledger.look_up(&store(), Epoch(9), session(5), (1, 2)).await.unwrap().unwrap();
    assert_eq!(look.last_session, session(4));
    let seen_at = ledger.hear(&store(), Epoch(9), "{}", 7).await.unwrap();
    let [row] = ledger.heartbeats().await.unwrap().try_into().unwrap();
    assert!(row.age_ms < 60_000, "both by the database's clock: {row:?}");
    let expected = HeartbeatRow { store: store(), seen_at, epoch: Epoch(9), body: "{}".to_owned(), ..row.clone() };
    assert_eq!(row, expected);
    assert_eq!(ledger.stores(None).await.unwrap()[0].pending, 5);
}

#[tokio::test]
async fn of_the_epochs_asked_for_the_closed_ones_are_told() {
    let (_url, ledger) = ledger("closed").await;
    let at = ledger.position(0, StreamId([1; 16])).await.unwrap();
    let at = ledger.apply(at, &records(2), 2, 0).await.unwrap().position;
    let asked = [(store(), Epoch(9)), (store(), Epoch(10)), (StoreId::new("S9999").unwrap(), Epoch(9))].into();
    assert!(ledger.closed_among(&asked).await.unwrap().is_empty());
    let content = Content::Movement(Position { epoch: Epoch(10), seq: 1 }, Bytes::from_static(b"\xff"));
    let first_of_another = ApplyRecord { offset: 2, store: store(), content };
    ledger.apply(at, &[first_of_another], 3, 0).await.unwrap();
    assert_eq!(ledger.closed_among(&asked).await.unwrap(), [(store(), Epoch(9))].into());
}

#[tokio::test]
async fn instructions_and_tokens_are_kept_once() {
    let (_url, ledger) = ledger("instructions").await;
    let body = Bytes::from_static(b"body");
    let row = InstructionRow::new("i1", store(), "open_stock", 1, body);
    assert!(ledger.add_instructions(std::slice::from_ref(&row), 0).await.is_err(), "no such store");
    ledger.make_store(&store()).await.unwrap();
    ledger.add_instructions(std::slice::from_ref(&row), 0).await.unwrap();
    let twice = ledger.add_instructions(std::slice::from_ref(&row), 0).await;
    assert!(matches!(twice, Err(LedgerError::Data(_))), "{twice:?}");
    let row = InstructionRow { number: 1, ..row };
    assert_eq!(ledger.waiting_instructions(&store()).await.unwrap(), std::slice::from_ref(&row));
    assert_eq!(ledger.instruction("i1").await.unwrap(), Some(row.clone()));
    let listed = InstructionRow { body: Bytes::new(), ..row };
    assert_eq!(ledger.instructions(&InstructionFilter::default(), 5).await.unwrap(), [listed]);
    let token = TokenRow { name: "web".into(), hash: [3; 32], role: "viewer".into() };
    ledger.add_token(&token, 0).await.unwrap();
    assert!(ledger.add_token(&token, 0).await.is_err());
    assert_eq!(ledger.tokens().await.unwrap(), [token]);
    assert!(ledger.remove_token("web").await.unwrap());
}

#[tokio::test]
async fn the_catalogue_is_replaced_as_a_whole_and_paged_by_the_bytes_of_its_skus() {
    let (_url, ledger) = ledger("catalogue").await;
    let item = |text: &str, name: &str| Item::new(sku(text), name.to_owned(), ItemUnit::Each);
    let items = [item("b", "two"), item("B", "nul\0"), item("a", "one")];
    let codes = [(tidemark_model::Code::new("4006381333931").unwrap(), sku("B"), Quantity::units(6).unwrap())];
    assert_eq!(ledger.replace_catalogue(&[item("z", "old")], &[]).await.unwrap(), 1);
    assert_eq!(ledger.replace_catalogue(&items, &codes).await.unwrap(), 2);
    let page = ledger.catalogue_page(None, 2).await.unwrap();
    let found: Vec<_> = page.iter().map(|entry| (entry.item.sku.as_str(), entry.codes.len())).collect();
    assert_eq!(found, [("B", 1), ("a", 0)]);
    assert_eq!(ledger.catalogue_page(Some(&sku("a")), 2).await.unwrap().len(), 1);
    assert!(!ledger.has_item(&sku("z")).await.unwrap());
}

#[tokio::test]
async fn an_items_history_crosses_months_and_epochs_and_names_what_is_missing() {
    let (url, ledger) = ledger("history").await;
    let all = sold(&[1, 2, 1, 1, 2, 1], |_| {});
    let at = ledger.position(0, StreamId([1; 16])).await.unwrap();
    let at = ledger.apply(at, &all[..3], 3, NOW).await.unwrap().position;
    let later = NOW + 40 * 86_400_000;
    let at = ledger.apply(at, &all[3..], 6, later).await.unwrap().position;
    let fresh: Vec<_> = sold(&[1, 2], |_| {})
        .into_iter()
        .map(|record| match record.content {
            Content::Movement(Position { seq, .. }, bytes) => {
                ApplyRecord { content: Content::Movement(Position { epoch: Epoch(10), seq }, bytes), ..record }
            }
            content @ (Content::Control(_) | Content::Unread(..)) => ApplyRecord { content, ..record },
        })
        .collect();
    ledger.apply(at, &fresh, 8, later).await.unwrap();
    let seqs = async |from, most| {
        let history = ledger.history(&store(), &sku("1"), from, most).await.unwrap();
        let found: Vec<_> = history.movements.iter().map(|(epoch, seq, _)| (epoch.0, *seq)).collect();
        (found, history.gaps, history.next)
    };
    assert_eq!(seqs(None, 10).await, (vec![(10, 1), (9, 6), (9, 4), (9, 3), (9, 1)], vec![], None));
    let page = seqs(None, 2).await;
    assert_eq!(page, (vec![(10, 1), (9, 6)], vec![], Some((EpochOrdinal(1), 4))));
    assert_eq!(seqs(page.2, 2).await.0, [(9, 4), (9, 3)]);
    // A place of another item, as a scan that was long leaves it.
    assert_eq!(seqs(Some((EpochOrdinal(1), 5)), 1).await.0, [(9, 4)]);
    let name = url.rsplit('/').next().unwrap().split('?').next().unwrap();
    cluster().sql(name, "DELETE FROM movements WHERE ordinal = 1 AND seq = 4").unwrap();
    assert_eq!(seqs(None, 10).await, (vec![(10, 1), (9, 6), (9, 3), (9, 1)], vec![4], None));
    let months = cluster().sql(name, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'movements'::regclass");
    assert!(months.unwrap().trim().parse::<u32>().unwrap() >= 3);
}

#[tokio::test]
async fn other_bytes_at_a_position_that_is_known_are_parked_as_a_fork() {
    let (_url, ledger) = ledger("fork").await;
    let at = ledger.position(0, StreamId([1; 16])).await.unwrap();
    let at = ledger.apply(at, &sold(&[1, 2], |_| {}), 2, NOW).await.unwrap().position;
    let again = ledger.apply(at, &sold(&[1, 3], |_| {}), 4, NOW).await.unwrap();
    assert_eq!((again.movements, again.parked), (0, 1));
    assert_eq!(ledger.dead_letter_groups().await.unwrap(), [("forked".to_owned(), 1)]);
    assert!(ledger.levels(&[(store(), sku("3"))]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_null_character_stops_no_batch_and_is_told_by_its_sign() {
    let (_url, ledger) = ledger("nul").await;
    let all = sold(&[1, 2], |movement| {
        if movement.sku.as_ref().is_some_and(|sku| sku.as_str() == "2") {
            let (detail, raw) = ("a\0b".to_owned(), "\0".to_owned());
            movement.parked = Some(Parked { reason: ParkReason::ItemUnreadable, detail, raw });
        }
    });
    let at = ledger.position(0, StreamId([1; 16])).await.unwrap();
    let applied = ledger.apply(at, &all, 2, NOW).await.unwrap();
    assert_eq!((applied.movements, applied.parked, applied.position.step), (2, 1, 1));
    let letters =
        ledger.dead_letters(&LetterFilter { store: Some(store()), ..LetterFilter::default() }, 5).await.unwrap();
    assert_eq!((letters[0].detail.as_str(), letters[0].raw.as_str()), ("a\u{2400}b", "\u{2400}"));
    assert!(
        ledger
            .dead_letters(&LetterFilter { reason: Some("\0".to_owned()), ..LetterFilter::default() }, 5)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(ledger.instruction("\0").await.unwrap().is_none());
}

#[tokio::test]
async fn a_record_the_database_refuses_is_found_and_parked_and_the_others_go_on() {
    let (_url, ledger) = ledger("poison").await;
    let all = sold(&[1, 2, 3, 4, 5], |movement| {
        if movement.sku.as_ref().is_some_and(|sku| sku.as_str() == "4") {
            movement.effect = Quantity::thousandths(i64::MIN);
        }
    });
    let at = ledger.position(0, StreamId([1; 16])).await.unwrap();
    let at = ledger.apply(at, &all[..4], 4, NOW).await.unwrap().position;
    // The sum of the item's effects leaves 64 bits.
    let again: Vec<_> = [(5, 5), (4, 6), (1, 7)]
        .map(|(of, seq)| match &all[of - 1].content {
            Content::Movement(_, bytes) => record(seq, bytes.clone()),
            Content::Control(_) | Content::Unread(..) => panic!("a control record"),
        })
        .to_vec();
    let applied = ledger.apply(at, &again, 7, NOW).await.unwrap();
    assert_eq!((applied.movements, applied.parked, applied.position.next), (3, 1, 7));
    let letters = ledger.dead_letters(&LetterFilter::default(), 5).await.unwrap();
    assert_eq!((letters.len(), letters[0].seq, letters[0].reason.as_str()), (1, 6, "database_refused"));
}

#[tokio::test]
async fn a_server_that_may_lose_what_it_committed_is_refused() {
    let careless = Postgres::start_with(&[("fsync", "off")]).unwrap();
    let refused = PostgresLedger::open(&careless.url("postgres")).await;
    assert!(matches!(refused, Err(LedgerError::Setting { name: "fsync", .. })), "{refused:?}");
    let (url, ledger) = ledger("careless").await;
    let at = ledger.position(0, StreamId([1; 16])).await.unwrap();
    ledger.close().await;
    cluster().sql("postgres", "ALTER DATABASE careless SET synchronous_commit = off").unwrap();
    let refused = PostgresLedger::open(&url).await;
    assert!(matches!(refused, Err(LedgerError::Setting { name: "synchronous_commit", .. })), "{refused:?}");
    assert_eq!(at.next, 0);
}

/// What a server answers that was away: first its old connections break.
async fn sooner_or_later<T>(ask: impl AsyncFn() -> Result<T, LedgerError>) -> T {
    for _ in 0..READERS + WRITERS {
        match ask().await {
            Ok(answer) => return answer,
            Err(LedgerError::Unavailable(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }
    panic!("the server does not come back");
}

#[tokio::test]
async fn a_crash_is_waited_for_and_a_restored_server_is_another_history() {
    let postgres = Postgres::start().unwrap();
    let ledger = PostgresLedger::open(&postgres.url("postgres")).await.unwrap();
    assert_eq!(ledger.generation(), Generation(1));
    let at = ledger.position(0, StreamId([1; 16])).await.unwrap();
    let at = ledger.apply(at, &records(3), 3, NOW).await.unwrap().position;
    postgres.crash().unwrap();
    let at_again = sooner_or_later(async || ledger.position(0, StreamId([1; 16])).await).await;
    assert_eq!((at_again, ledger.generation()), (at, Generation(1)));
    postgres.restore().unwrap();
    sooner_or_later(async || ledger.stores(None).await).await;
    assert_eq!(ledger.generation(), Generation(2));
    assert_eq!(ledger.raise_generation(Generation(6)).await.unwrap(), Generation(7));
    assert_eq!(ledger.generation(), Generation(7));
    let other = PostgresLedger::open(&postgres.url("postgres")).await.unwrap();
    assert_eq!(other.generation(), Generation(7));
}

#[tokio::test]
async fn imported_stores_are_made_or_changed() {
    let (_url, ledger) = ledger("stores").await;
    ledger.make_store(&store()).await.unwrap();
    let record = |name: &str| StoreRecord {
        store: store(),
        name: Some(name.to_owned()),
        region: Some("south".to_owned()),
        time_zone: Some("Europe/London".to_owned()),
        language: Some("en".to_owned()),
        state: None,
        opening_hours: Some("Mo-Sa 08:00-20:00".to_owned()),
        assortment: None,
    };
    ledger.put_stores(&[record("High Street")]).await.unwrap();
    ledger.put_stores(&[StoreRecord { opening_hours: None, ..record("Quay") }]).await.unwrap();
    let stores = ledger.stores(None).await.unwrap();
    let told: Vec<_> = stores.iter().map(|row| (row.name.as_str(), row.opening_hours.as_str())).collect();
    assert_eq!(told, [("Quay", "Mo-Sa 08:00-20:00")]);
}
