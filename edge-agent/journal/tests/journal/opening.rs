//! A box that follows another one of its shop takes over what that one had.

use tidemark_journal::{Journal, Submission};
use tidemark_model::opening::{Opening, Retelling, Taking};
use tidemark_model::{Change, EpochOrdinal, Kind, Marks, Position, Status};
use tidemark_sync::message::OpeningPart;

use super::catalogue::teach;
use super::shop::*;

const SECOND: EpochOrdinal = EpochOrdinal(2);

/// What the centre makes of a box's movements.
pub(crate) fn opening_after(journal: &Journal) -> Vec<OpeningPart> {
    let epoch = journal.identity().epoch;
    let mut retelling = Retelling::over(Opening::empty(), epoch, Taking::First);
    for seq in 1..=journal.tail() {
        retelling.take(seq, journal.movement(Position { epoch, seq }).unwrap().unwrap());
    }
    retelling.into_opening().into_pieces().filter_map(part_of).collect()
}

fn part_of(piece: Change) -> Option<OpeningPart> {
    Some(match piece {
        Change::Stock(sku, stock) => OpeningPart::Stock(sku, stock),
        Change::Effect(sku, effect) => OpeningPart::Effect(sku, effect),
        Change::Document(key, record) => OpeningPart::Document(key, record),
        Change::Suspense(code, suspense) => OpeningPart::Suspense(code, suspense),
        Change::Count(reference, count) => OpeningPart::Count(reference, count),
        Change::Sequence(..) => return None,
    })
}

/// A shop whose first box counted 40 apples, sold 3 under the id `1`, took in
/// 100 pears and sold one of a code that nobody knows.
fn first_box() -> Vec<OpeningPart> {
    let shop = Shop::new("first");
    let (journal, writer) = shop.open();
    submit(&journal, count("c", "apple", 40)).unwrap();
    submit(&journal, sale("1", "apple", 3)).unwrap();
    submit(&journal, sale("2", "96385074", 1)).unwrap();
    let opening = opening_after(&journal);
    writer.stop().unwrap();
    opening
}

#[test]
fn what_was_sold_meanwhile_is_decided_anew_over_it() {
    let opening = first_box();
    let shop = Shop::new("second");
    let (journal, writer) = shop.open();
    // A till repeats what the first box had, and sells on.
    submit(&journal, sale("2", "96385074", 1)).unwrap();
    submit(&journal, sale("3", "96385074", 2)).unwrap();
    let before = journal.tail();
    let taken = wait(journal.take_opening(SECOND, None, opening.clone())).unwrap();
    assert_eq!((taken.ordinal, taken.seq), (SECOND, journal.tail()));
    assert_eq!(journal.tail(), before, "no item differs from what opening and effects come to");
    let suspense = journal.suspense(&tidemark_model::code_spelling("96385074").unwrap()).unwrap().unwrap();
    assert_eq!(suspense.rows.len(), 2, "what came twice waits once");
    assert_eq!(submit(&journal, sale("1", "apple", 3)).unwrap().status, Status::Duplicate);
    writer.stop().unwrap();
    let (journal, writer) = shop.open();
    assert_eq!(journal.opening().unwrap(), Some(taken), "it is taken for good");
    assert_eq!(wait(journal.take_opening(SECOND, None, Vec::new())).unwrap(), taken);
    assert_eq!(submit(&journal, sale("1", "apple", 3)).unwrap().status, Status::Duplicate);
    writer.stop().unwrap();
}

#[test]
fn the_opening_is_kept_piece_by_piece_so_that_it_can_be_given_back() {
    let mut opening = first_box();
    let shop = Shop::new("given-back");
    let (journal, writer) = shop.open();
    wait(journal.take_opening(SECOND, None, opening.clone())).unwrap();
    let mut kept = Vec::new();
    let mut from = Vec::new();
    loop {
        let (parts, next) = journal.opening_pieces(&from, 2).unwrap();
        assert!(parts.len() <= 2);
        kept.extend(parts);
        match next {
            Some(next) => from = next,
            None => break,
        }
    }
    let text = |part: &OpeningPart| format!("{part:?}");
    kept.sort_by_key(text);
    opening.sort_by_key(text);
    assert_eq!(kept, opening);
    writer.stop().unwrap();
}

#[test]
fn an_item_that_differs_is_restated_in_the_same_batch() {
    let first = Shop::new("counted-first");
    let (journal, writer) = first.open();
    let item = tidemark_model::document::TakenLine { unit: tidemark_model::document::Unit::Sku, ..line("apple", 10) };
    let delivery = trade("r", tidemark_model::document::TradeKind::Receipt, vec![item.clone()]);
    submit(&journal, delivery.clone()).unwrap();
    let opening = opening_after(&journal);
    writer.stop().unwrap();
    let shop = Shop::new("counted-second");
    let (journal, writer) = shop.open();
    submit(&journal, delivery.clone()).unwrap();
    assert_eq!(on_hand(&journal, "apple"), 10);
    let taken = wait(journal.take_opening(SECOND, None, opening)).unwrap();
    assert_eq!((taken.seq, journal.tail()), (2, 2));
    assert_eq!(on_hand(&journal, "apple"), 10, "the delivery came once");
    let at = Position { epoch: journal.identity().epoch, seq: 2 };
    let restatement = journal.movement(at).unwrap().unwrap();
    assert_eq!((restatement.kind, restatement.effect), (Kind::Restatement, units(-10)));
    assert_eq!((restatement.on_hand_after, restatement.previous), (Some(units(10)), 1));
    let mut again = wait(journal.submit_all(vec![Submission::of(delivery)]));
    assert_eq!(again.remove(0).unwrap().status, Status::Duplicate);
    writer.stop().unwrap();
}

/// Sells 2 apples, takes the opening of another box, which counted 40 of them,
/// and says whether they are to be counted again.
fn asks_for_recount(name: &str, restarts: bool, older_ms: Option<u64>) -> bool {
    let first = Shop::new(&format!("{name}-first"));
    let (journal, writer) = first.open();
    teach(&journal, 1, &["apple"]);
    submit(&journal, count("c", "apple", 40)).unwrap();
    let opening = opening_after(&journal);
    writer.stop().unwrap();
    let shop = Shop::new(name);
    let (mut journal, mut writer) = shop.open();
    teach(&journal, 1, &["apple"]);
    shop.pass(1);
    submit(&journal, sale("7", "apple", 2)).unwrap();
    if restarts {
        writer.stop().unwrap();
        (journal, writer) = shop.open();
    }
    let (older_until, before) = (older_ms.map(|older_ms| journal.odometer().back(older_ms)), journal.tail());
    let taken = wait(journal.take_opening(SECOND, older_until, opening)).unwrap();
    assert_eq!(on_hand(&journal, "apple"), 38, "as if the count was there before");
    let at = Position { epoch: journal.identity().epoch, seq: before + 1 };
    let restatement = journal.movement(at).unwrap();
    assert_eq!(taken.seq, before + u64::from(restatement.is_some()));
    writer.stop().unwrap();
    restatement.is_some_and(|movement| movement.effect == units(0) && movement.marks.has(Marks::RECOUNT))
}

#[test]
fn what_was_sold_while_another_box_may_have_counted_is_to_be_counted_again() {
    const DAY_MS: u64 = 86_400_000;
    assert!(!asks_for_recount("in-turn", false, Some(DAY_MS)), "the first box was silent since");
    assert!(asks_for_recount("at-once", false, Some(1)), "it spoke a moment ago");
    assert!(asks_for_recount("unknown", false, None), "an older centre does not say");
    assert!(asks_for_recount("was-off", true, Some(DAY_MS)), "nobody knows for how long this one was off");
}
