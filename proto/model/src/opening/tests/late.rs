//! What a closed epoch had beyond what the centre knew at its end.

use proptest::prelude::*;

use super::anew::{ITEMS, born_with, modest, on_hands, sum_of, take, work};
use super::folded::{told, told_without};
use crate::document::{TakenLine, TradeKind};
use crate::draft::Draft;
use crate::kind::{Basis, Marks, ParkReason};
use crate::movement::Movement;
use crate::opening::{Opening, Taking, late_documents};
use crate::outcome::Status;
use crate::quantity::Quantity;
use crate::rules::decide;
use crate::rules::tests::any::documents;
use crate::rules::tests::shop::*;

/// The movements at these places come late: the box commits them once more.
fn offer(shop: &mut Shop, old: &Shop, late: &[bool]) -> Vec<Movement> {
    let late = late.iter().copied().chain(std::iter::repeat(false));
    let movements = (1..).zip(&old.movements).zip(late).filter(|(_, late)| *late);
    let movements = movements.map(|((seq, movement), _)| (seq, movement.clone()));
    let mut committed = Vec::new();
    for one in late_documents(old.epoch, false, movements) {
        shop.now += 1;
        committed.extend(shop.submit(&one).movements);
    }
    committed
}

/// A shop that received and sold, with all but its last two movements at the
/// centre, and the shop that came after it.
fn swapped() -> (Shop, Shop) {
    let mut old = Shop::born(7);
    old.submit(&trade("r", TradeKind::Receipt, vec![line("apple", 100), line("pear", 50)]));
    old.submit(&trade("s", TradeKind::Sale, vec![line("apple", 3), line("pear", 2)]));
    let opening = told_without(&old, Opening::empty(), Taking::First, &LAST_TWO).into_opening();
    (old, born_with(9, opening.into_pieces()))
}

/// The movements of documents whose first movement comes late.
fn whole_documents(shop: &Shop, late: &[bool]) -> Vec<bool> {
    let mut of_first = false;
    let late = shop.movements.iter().zip(late).map(|(movement, late)| {
        of_first = if movement.document.ordinal == 1 { *late } else { of_first };
        of_first
    });
    late.collect()
}

/// What a shop committed, to read a failure by.
fn trail(shop: &Shop) -> Vec<String> {
    let line = |(seq, one): (u64, &Movement)| {
        let (of, marks) = (&one.document, one.marks.words().collect::<Vec<_>>());
        let what = one.sku.as_ref().map(ToString::to_string).or_else(|| one.code.as_ref().map(ToString::to_string));
        format!(
            "{seq} {:?} {what:?} {} effect {} of {} {}/{} at {} {marks:?}",
            one.kind, one.quantity, one.effect, of.id, of.ordinal, of.count, one.happened.0
        )
    };
    (1..).zip(&shop.movements).map(line).collect()
}

const LAST_TWO: [bool; 4] = [false, false, true, true];

#[test]
fn what_came_late_is_committed_once_more_with_the_effect_it_had() {
    let (old, mut next) = swapped();
    let committed = offer(&mut next, &old, &LAST_TWO);
    assert_eq!((next.on_hand("apple"), next.on_hand("pear")), (97, 48));
    assert!(committed.iter().all(|movement| movement.marks.has(Marks::LATE.with(Marks::RECOUNT))));
    assert_eq!(offer(&mut next, &old, &LAST_TWO), [], "offered again");
    let again = trade("s", TradeKind::Sale, vec![line("apple", 3), line("pear", 2)]);
    assert_eq!(next.submit(&again).status, Status::Duplicate, "its till may still repeat it");
    next.submit(&void("v", "s"));
    assert_eq!((next.on_hand("apple"), next.on_hand("pear")), (100, 50));
}

#[test]
fn what_the_new_box_holds_already_is_dropped() {
    let (old, mut next) = swapped();
    next.submit(&trade("s", TradeKind::Sale, vec![line("apple", 3), line("pear", 2)]));
    assert_eq!(offer(&mut next, &old, &LAST_TWO), []);
    assert_eq!((next.on_hand("apple"), next.on_hand("pear")), (97, 48));
}

#[test]
fn a_document_that_comes_in_parts_is_completed_by_each() {
    let (old, mut next) = swapped();
    offer(&mut next, &old, &[false, false, false, true]);
    assert_eq!((next.on_hand("apple"), next.on_hand("pear")), (100, 48));
    let first = offer(&mut next, &old, &LAST_TWO);
    assert_eq!((next.on_hand("apple"), next.on_hand("pear")), (97, 48));
    assert_eq!(first.len(), 1, "the other is held");
    next.submit(&void("v", "s"));
    assert_eq!((next.on_hand("apple"), next.on_hand("pear")), (100, 50));
}

#[test]
fn a_till_completes_what_came_late_in_part() {
    let (old, mut next) = swapped();
    offer(&mut next, &old, &[false, false, false, true]);
    next.submit(&trade("s", TradeKind::Sale, vec![line("apple", 3), line("pear", 2)]));
    assert_eq!((next.on_hand("apple"), next.on_hand("pear")), (97, 48));
}

#[test]
fn what_came_late_under_a_code_that_is_learnt_goes_on_the_recount_list() {
    let mut old = Shop::born(7);
    old.submit(&sale("s", "96385074", 2));
    let mut next = Shop::born(9);
    next.submit(&count("c", vec![line("pear", 40)]));
    offer(&mut next, &old, &[true]);
    let outcome = next.resolve("r", "96385074", "pear", 6);
    let marks = outcome.movements[0].marks;
    assert_eq!(next.on_hand("pear"), 40, "if it happened before the count");
    assert!(marks.has(Marks::EXPLAINED.with(Marks::RECOUNT)), "which nobody knows");
}

#[test]
fn a_count_of_the_new_epoch_has_seen_what_came_late() {
    let (old, mut next) = swapped();
    next.submit(&count("c", vec![line("apple", 40)]));
    let committed = offer(&mut next, &old, &LAST_TWO);
    assert_eq!((next.on_hand("apple"), next.on_hand("pear")), (40, 48));
    assert!(committed[0].marks.has(Marks::EXPLAINED) && !committed[1].marks.has(Marks::EXPLAINED));
    next.submit(&void("v", "s"));
    assert_eq!((next.on_hand("apple"), next.on_hand("pear")), (40, 50), "and its void too");
}

#[test]
fn a_sheet_that_came_late_is_in_the_count_that_closes_after_it() {
    let mut old = Shop::born(7);
    old.submit(&zone_count("back", "back", false, false, vec![line("apple", 30)]));
    let opening = told_without(&old, Opening::empty(), Taking::First, &[true]).into_opening();
    let mut next = born_with(9, opening.clone().into_pieces());
    let late = offer(&mut next, &old, &[true]);
    assert!(late[0].marks.has(Marks::RECOUNT), "a count may have closed without it");
    next.now += 1_000;
    let closed = next.submit(&zone_count("floor", "floor", true, true, vec![line("apple", 4)])).movements;
    assert_eq!(next.on_hand("apple"), 34);
    assert!(closed.last().unwrap().marks.has(Marks::RECOUNT), "nobody knows when the sheet was counted");
    let third = told(&next, opening, Taking::At(0)).into_opening();
    assert_eq!(on_hands(&next), on_hands(&born_with(11, third.into_pieces())));
}

#[test]
fn an_item_that_was_counted_late_stands_on_that_count_whatever_it_changed() {
    let mut old = Shop::born(7);
    old.submit(&count("c", vec![line("apple", 40), line("pear", 0)]));
    let opening = told_without(&old, Opening::empty(), Taking::First, &[true, true]).into_opening();
    let mut next = born_with(9, opening.clone().into_pieces());
    let late = offer(&mut next, &old, &[true, true]);
    let marks = Marks::LATE.with(Marks::RECOUNT);
    assert!(late.iter().all(|one| one.basis == Basis::Counted && one.marks.has(marks)), "{:#?}", trail(&next));
    assert_eq!((next.on_hand("apple"), next.on_hand("pear")), (40, 0));
    assert_eq!((next.stock("apple").basis, next.stock("pear").basis), (Basis::Counted, Basis::Counted));
    assert_eq!(next.stock("rope").basis, Basis::None);
    let third = told(&next, opening, Taking::At(0)).into_opening();
    assert_eq!(on_hands(&next), on_hands(&born_with(11, third.into_pieces())));
}

#[test]
fn what_a_count_had_seen_of_what_came_late_is_told_again_as_it_stands() {
    let mut old = Shop::born(7);
    old.submit(&zone_count("floor", "floor", true, true, vec![line("apple", 30)]));
    old.submit(&sale("s", "apple", 3));
    let late = [false, false, true];
    let opening = told_without(&old, Opening::empty(), Taking::First, &late).into_opening();
    let mut next = born_with(9, opening.clone().into_pieces());
    next.submit(&count("c", vec![line("apple", 40)]));
    let seen = offer(&mut next, &old, &late);
    assert!(seen[0].marks.has(Marks::EXPLAINED) && seen[0].effect == Quantity::ZERO);
    next.now += 1_000;
    // The older count closes anew, over a mark before what came late.
    next.submit(&zone_count("back", "back", false, false, vec![line("apple", 2)]));
    assert_eq!(next.on_hand("apple"), 29);
    let mut retelling = told(&next, opening, Taking::At(0));
    retelling.finish();
    assert_eq!(retelling.differences(), []);
}

#[test]
fn a_count_over_marks_from_before_something_came_late_is_not_sure() {
    let mut old = Shop::born(7);
    old.submit(&sale("s", "apple", 3));
    old.submit(&sale("t", "96385074", 1));
    let mut next = Shop::born(9);
    offer(&mut next, &old, &[true, true]);
    next.resolve("r", "96385074", "pear", 6);
    next.now += 1_000;
    // Another box was in use: it may have happened after the goods were looked at.
    let scanned = |item, age_ms| TakenLine { age_ms: Some(age_ms), ..line(item, 30) };
    let counted = |shop: &mut Shop, id, age| {
        let lines = vec![scanned("apple", age), scanned("pear", age)];
        let marks = shop.submit(&count(id, lines)).movements.into_iter().map(|movement| movement.marks);
        marks.map(|marks| marks.has(Marks::RECOUNT)).collect::<Vec<_>>()
    };
    assert_eq!(counted(&mut next, "before", 5_000), [true, true]);
    next.now += 1_000;
    assert_eq!(counted(&mut next, "since", 500), [false, false]);
    assert_eq!((next.on_hand("apple"), next.on_hand("pear")), (30, 30));
}

#[test]
fn with_an_epoch_between_any_count_may_have_seen_it() {
    let mut old = Shop::born(7);
    old.submit(&count("c", vec![line("apple", 40)]));
    old.submit(&sale("s", "apple", 3));
    let opening = told_without(&old, Opening::empty(), Taking::First, &[false, true]).into_opening();
    let mut next = born_with(9, opening.into_pieces());
    let movement = old.movements[1].clone();
    for (between, on_hand) in [(true, 40), (false, 37)] {
        let documents = late_documents(old.epoch, between, [(2, movement.clone())]);
        let stamp = next.stamp();
        let mut draft = Draft::over(&next.books);
        let Ok(outcome) = decide(&mut draft, &documents[0], &stamp);
        assert_eq!(outcome.movements[0].on_hand_after, Some(units(on_hand)));
        assert!(outcome.movements[0].marks.has(Marks::RECOUNT));
    }
    next.now += 1;
}

#[test]
fn a_void_that_came_late_reverses_what_the_opening_holds() {
    let mut old = Shop::born(7);
    old.submit(&sale("s", "apple", 3));
    old.submit(&void("v", "s"));
    let opening = told_without(&old, Opening::empty(), Taking::First, &[false, true]).into_opening();
    let mut next = born_with(9, opening.into_pieces());
    offer(&mut next, &old, &[false, true]);
    assert_eq!(next.on_hand("apple"), 0);
    assert_eq!(offer(&mut next, &old, &[false, true]), []);
    next.submit(&void("w", "s"));
    assert_eq!(next.on_hand("apple"), 0, "it was voided");
}

#[test]
fn what_came_late_under_an_unknown_code_waits_in_suspense() {
    let mut old = Shop::born(7);
    old.submit(&sale("s", "96385074", 3));
    let mut next = Shop::born(9);
    offer(&mut next, &old, &[true]);
    next.resolve("r", "96385074", "pear", 6);
    assert_eq!(next.on_hand("pear"), -18);
}

#[test]
fn another_document_under_the_same_id_is_parked() {
    let (old, mut next) = swapped();
    next.submit(&sale("s", "rope", 1));
    let committed = offer(&mut next, &old, &LAST_TWO);
    let reasons = committed.iter().map(|movement| movement.parked.as_ref().map(|parked| parked.reason));
    assert!(reasons.into_iter().all(|reason| reason == Some(ParkReason::IdReused)));
    assert_eq!(next.on_hand("apple"), 100);
}

proptest! {
    #[test]
    fn what_came_late_is_in_the_books_once_and_in_the_next_opening(
        documents in documents().prop_map(modest),
        cut in 0_usize..30,
        late in prop::collection::vec(any::<bool>(), 60),
        whole in any::<bool>(),
        repeated in prop::collection::vec(any::<bool>(), 30),
    ) {
        let cut = cut.min(documents.len());
        let mut old = Shop::born(7);
        work(&mut old, &documents[..cut]);
        let late = if whole { whole_documents(&old, &late) } else { late };
        let opening = told_without(&old, Opening::empty(), Taking::First, &late).into_opening();
        let mut next = Shop::born(9);
        let again = documents[..cut].iter().zip(&repeated).filter(|(_, again)| **again).map(|(document, _)| document);
        work(&mut next, again);
        let seq = take(&mut next, opening.clone());
        offer(&mut next, &old, &late);
        prop_assert_eq!(offer(&mut next, &old, &late), [], "offered again");
        work(&mut next, &documents[cut..]);
        for item in ITEMS {
            let sum = sum_of(&opening, item).as_thousandths() + next.effect_sum(item);
            prop_assert_eq!(Quantity::thousandths(sum), next.stock(item).on_hand, "{}", item);
        }
        let mut retelling = told(&next, opening, Taking::At(seq));
        retelling.finish();
        // A void that came in parts of a document that came in parts can be
        // told in two ways; what an opening says of it is the sum of effects.
        prop_assert!(!whole || retelling.differences().is_empty(), "old {:#?} new {:#?}", trail(&old), trail(&next));
        let third = born_with(11, retelling.into_opening().into_pieces());
        prop_assert_eq!(on_hands(&next), on_hands(&third));
    }

    #[test]
    fn sales_that_came_late_leave_the_stock_of_a_shop_that_never_changed_its_box(
        lines in prop::collection::vec((0_usize..3, 1_i64..9), 1..20),
        late in prop::collection::vec(any::<bool>(), 20),
    ) {
        let mut old = Shop::born(7);
        for (number, (item, quantity)) in lines.iter().enumerate() {
            old.submit(&sale(&number.to_string(), ["apple", "pear", "plum"][*item], *quantity));
        }
        let opening = told_without(&old, Opening::empty(), Taking::First, &late).into_opening();
        let mut next = born_with(9, opening.into_pieces());
        offer(&mut next, &old, &late);
        let quantities = |shop: &Shop| on_hands(shop).into_iter().map(|(_, on_hand, _)| on_hand).collect::<Vec<_>>();
        prop_assert_eq!(quantities(&old), quantities(&next));
    }
}
