//! What a disk that was restored or cloned wrote beside another life of it.

use proptest::prelude::*;

use super::anew::{ITEMS, born_with, modest, on_hands, sum_of, take, work};
use super::folded::told;
use crate::document::TradeKind;
use crate::draft::Draft;
use crate::kind::{Kind, Marks};
use crate::opening::{Opening, Replays, Taking, differing, replay};
use crate::outcome::Status;
use crate::position::{Epoch, Odometer};
use crate::quantity::Quantity;
use crate::rules::tests::any::documents;
use crate::rules::tests::shop::*;

/// A digest that tells movements apart.
fn digests(shop: &Shop) -> Vec<(u64, u64)> {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let digest = |movement: &crate::Movement| {
        let mut hasher = DefaultHasher::new();
        format!("{movement:?}").hash(&mut hasher);
        hasher.finish()
    };
    (1..).zip(shop.movements.iter().map(digest)).collect()
}

/// Two lives of one disk.
fn cloned(shop: &Shop) -> Shop {
    Shop { books: shop.books.clone(), movements: shop.movements.clone(), ..*shop }
}

/// The forked shop in a new epoch, with what the centre has not.
fn replayed(forked: &Shop, centre: &Shop) -> Shop {
    let mut next = Shop::born(9);
    let seqs = differing(digests(forked), &digests(centre));
    let mut replays = Replays::of(forked.epoch, seqs, Epoch(9));
    let mut all = Vec::new();
    for (seq, movement) in (1..).zip(&forked.movements) {
        all.extend(replays.take(seq, movement.clone()));
    }
    all.extend(replays.rest());
    for one in all {
        next.now += 1;
        let stamp = next.stamp();
        let mut draft = Draft::over(&next.books);
        let Ok(outcome) = replay(&mut draft, &one, &stamp);
        let changes: Vec<_> = draft.into_changes().collect();
        next.books.commit(changes);
        next.movements.extend(outcome.movements);
    }
    next
}

#[test]
fn what_both_lives_of_a_disk_sold_counts_once_each() {
    let mut one = Shop::born(7);
    one.submit(&trade("r", TradeKind::Receipt, vec![line("apple", 100)]));
    let mut other = cloned(&one);
    one.submit(&sale("1", "apple", 2));
    one.submit(&sale("both", "apple", 3));
    other.submit(&sale("2", "apple", 5));
    other.submit(&sale("both", "apple", 3));
    other.submit(&void("v", "2"));
    let mut next = replayed(&other, &one);
    assert_eq!(next.on_hand("apple"), -3, "the receipt is held by the centre");
    assert_eq!(next.submit(&sale("2", "apple", 5)).status, Status::Duplicate, "its till may still repeat it");
    take(&mut next, told(&one, Opening::empty(), Taking::First).into_opening());
    assert_eq!(next.on_hand("apple"), 100 - 2 - 3);
}

#[test]
fn what_both_lives_of_a_disk_sent_counts_once_in_the_next_opening() {
    let mut one = Shop::born(7);
    one.submit(&trade("r", TradeKind::Receipt, vec![line("apple", 100)]));
    let mut other = cloned(&one);
    one.submit(&sale("both", "apple", 3));
    other.submit(&sale("2", "apple", 5));
    other.submit(&sale("both", "apple", 3));
    // Of the other life the centre holds what stands beyond the one's tail.
    one.movements.push(other.movements[2].clone());
    let opening = told(&one, Opening::empty(), Taking::First).into_opening();
    assert_eq!(sum_of(&opening, "apple"), units(94), "the ledger counts it twice");
    let mut next = replayed(&other, &one);
    take(&mut next, opening.clone());
    assert_eq!(next.on_hand("apple"), 100 - 3 - 5);
    let sum = sum_of(&opening, "apple").as_thousandths() + next.effect_sum("apple");
    assert_eq!(Quantity::thousandths(sum), next.stock("apple").on_hand, "until it is restated");
}

#[test]
fn what_one_life_sold_before_a_count_of_the_other_is_counted_again() {
    let mut one = Shop::born(7);
    one.submit(&trade("r", TradeKind::Receipt, vec![line("apple", 100)]));
    let mut other = cloned(&one);
    other.submit(&sale("2", "apple", 5));
    one.submit(&sale("1", "pear", 1));
    one.now += 1_000;
    one.submit(&count("c", vec![line("apple", 95)]));
    // Of the other life the centre holds its sale, between two of the one.
    one.movements[1] = other.movements[1].clone();
    let opening = told(&one, Opening::empty(), Taking::First).into_opening();
    assert_eq!(sum_of(&opening, "apple"), units(90), "the count did not know of it");
    let mut next = replayed(&other, &one);
    let before = next.movements.len();
    take(&mut next, opening);
    assert_eq!(next.on_hand("apple"), 95);
    let restated = &next.movements[before];
    assert!(restated.kind == Kind::Restatement && restated.marks.has(Marks::RECOUNT), "{restated:?}");
}

#[test]
fn a_count_begun_before_the_opening_was_taken_says_nothing_of_what_another_box_did() {
    let mut old = Shop::born(5);
    old.submit(&trade("r", TradeKind::Receipt, vec![line("apple", 100)]));
    old.submit(&count("c", vec![line("apple", 100)]));
    let opening = told(&old, Opening::empty(), Taking::First).into_opening();
    let counted_after = |older_until: Option<Odometer>, age_ms: u64| {
        let mut next = Shop::born(7);
        next.now += 60_000;
        next.submit(&sale("1", "apple", 3));
        next.now += 60_000;
        let retelling = told(&next, opening.clone(), Taking::Beside).until(older_until);
        let taken = retelling.into_taken(&next.stamp());
        next.books = Shop::open().books;
        next.books.commit(taken.books.into_changes());
        next.movements.extend(taken.movements);
        next.now += 10_000;
        let told = next.submit(&aged(count("d", vec![line("apple", 97)]), age_ms));
        told.movements[0].marks.has(Marks::RECOUNT)
    };
    assert!(counted_after(None, 11_000), "the other box may have sold until the opening was taken");
    assert!(!counted_after(None, 9_000));
    let until = Odometer(Odometer::BIRTH.0 + 1_080_000);
    assert!(!counted_after(Some(until), 39_000), "what is in the opening was committed long before");
    assert!(counted_after(Some(until), 41_000));
}

#[test]
fn an_opening_that_both_lives_of_a_disk_took_is_restated_once() {
    let delivery = trade("r", TradeKind::Receipt, vec![line("apple", 100)]);
    let mut old = Shop::born(5);
    old.submit(&delivery);
    let given = told(&old, Opening::empty(), Taking::First).into_opening();
    let mut one = Shop::born(7);
    one.submit(&delivery);
    let mut other = cloned(&one);
    other.submit(&sale("2", "apple", 5));
    let seq = take(&mut one, given.clone());
    take(&mut other, given.clone());
    assert_eq!((seq, other.movements.len()), (2, 3), "each takes back what came twice");
    // Of the other life the centre holds what stands beyond the one's tail.
    one.movements.push(other.movements[2].clone());
    let opening = told(&one, given, Taking::At(seq)).into_opening();
    assert_eq!(sum_of(&opening, "apple"), units(0), "the ledger takes it back twice");
    let mut next = replayed(&other, &one);
    take(&mut next, opening);
    assert_eq!(next.on_hand("apple"), 100 - 5);
}

#[test]
fn what_one_life_of_a_disk_doubled_and_the_other_restated_without_it_counts_once() {
    let (delivery, found) = (
        trade("r", TradeKind::Receipt, vec![line("apple", 100)]),
        trade("d", TradeKind::Receipt, vec![line("apple", 50)]),
    );
    let mut old = Shop::born(5);
    old.submit(&delivery);
    old.submit(&found);
    let given = told(&old, Opening::empty(), Taking::First).into_opening();
    let mut one = Shop::born(7);
    one.submit(&found);
    let mut other = Shop::born(7);
    other.submit(&sale("x", "apple", 1));
    other.submit(&delivery);
    let seq = take(&mut other, given.clone());
    // The centre heard the first movement of the one, and the rest of the other.
    one.movements.extend(other.movements[1..].iter().cloned());
    let opening = told(&one, given, Taking::At(seq)).into_opening();
    let mut next = replayed(&other, &one);
    take(&mut next, opening);
    assert_eq!(next.on_hand("apple"), 150 - 1);
}

#[test]
fn a_lanes_document_is_replayed_under_an_id_that_no_other_life_gave() {
    let of_lane = |id: &str, quantity| {
        let mut document = sale(id, "apple", quantity);
        document.source = crate::Source::new("lane:back").unwrap();
        document
    };
    let mut one = Shop::born(7);
    let mut other = cloned(&one);
    one.submit(&of_lane("7-1", 2));
    other.submit(&of_lane("7-1", 5));
    let mut reversal = void("v", "7-1");
    if let crate::document::Body::Void { source, .. } = &mut reversal.body {
        *source = crate::Source::new("lane:back").unwrap();
    }
    other.submit(&of_lane("7-2", 1));
    other.submit(&reversal);
    let mut next = replayed(&other, &one);
    let ids: Vec<&str> = next.movements.iter().map(|movement| movement.document.id.as_str()).collect();
    assert_eq!(ids, ["0000000000000009-fork-1", "0000000000000009-fork-2", "v"]);
    take(&mut next, told(&one, Opening::empty(), Taking::First).into_opening());
    assert_eq!(next.on_hand("apple"), -2 - 1);
}

proptest! {
    #[test]
    fn a_fork_doubles_nothing_and_loses_nothing(
        documents in documents().prop_map(modest),
        common in 0_usize..30,
        own in 0_usize..30,
    ) {
        let (common, own) = (common.min(documents.len()), own.min(documents.len()));
        let (common, own) = (common.min(own), common.max(own));
        let mut one = Shop::born(7);
        work(&mut one, &documents[..common]);
        let mut other = cloned(&one);
        work(&mut one, documents[common..own].iter().rev());
        work(&mut other, &documents[common..]);
        let opening = told(&one, Opening::empty(), Taking::First).into_opening();
        let mut next = replayed(&other, &one);
        take(&mut next, opening.clone());
        for item in ITEMS {
            let sum = sum_of(&opening, item).as_thousandths() + next.effect_sum(item);
            prop_assert_eq!(Quantity::thousandths(sum), next.stock(item).on_hand, "{}", item);
        }
        let before = on_hands(&next);
        for document in documents.iter().filter(|document| document.source.as_str().starts_with("till")) {
            prop_assert_eq!(next.submit(document).status, Status::Duplicate);
        }
        prop_assert_eq!(before, on_hands(&next));
    }
}

#[test]
fn what_two_lives_of_a_disk_say_of_when_is_no_order_for_a_sheet() {
    let closed_over = |back: u64| {
        let mut old = Shop::born(7);
        old.now += 10_000;
        old.submit(&sale("s", "apple", 3));
        // The disk is set back, and its odometer with it.
        old.now -= back;
        old.submit(&zone_count("back", "back", false, false, vec![line("apple", 30)]));
        let opening = told(&old, Opening::empty(), Taking::First).into_opening();
        let mut next = born_with(9, opening.into_pieces());
        let closed = next.submit(&zone_count("floor", "floor", true, true, vec![line("apple", 4)])).movements;
        closed.last().is_some_and(|count| count.marks.has(Marks::RECOUNT))
    };
    assert!(closed_over(8_000) && !closed_over(0));
}

#[test]
fn restatements_that_never_came_because_another_life_has_their_places_are_missed() {
    let mut first = Shop::born(7);
    first.submit(&sale("1", "apple", 3));
    let opening = told(&first, Opening::empty(), Taking::First).into_opening();
    let mut next = Shop::born(9);
    next.submit(&sale("1", "apple", 3));
    let mut other = cloned(&next);
    // What it handed in again stands in the opening: a restatement takes it back.
    let seq = take(&mut next, opening.clone());
    assert_eq!((next.on_hand("apple"), seq), (-3, 2));
    // At its place the centre holds what another life of the disk sold.
    other.submit(&sale("2", "apple", 1));
    let movements = [&other.movements[..2], &next.movements[2..]].concat();
    let mixed = Shop { movements, books: next.books.clone(), ..other };
    let third = told(&mixed, opening, Taking::At(seq)).into_opening();
    assert_eq!(on_hands(&born_with(11, third.into_pieces()))[0].1, units(-4));
}

/// What a box that takes an opening says is to be counted again, and the box
/// as it goes on.
fn to_count_after(next: Shop, opening: Opening, taking: Taking) -> (Vec<String>, Shop) {
    let stamp = next.stamp();
    let taken = told(&next, opening, taking).into_taken(&stamp);
    let to_count = taken.movements.iter().filter(|movement| movement.marks.has(Marks::RECOUNT));
    let to_count = to_count.filter_map(|movement| Some(movement.sku.as_ref()?.to_string())).collect();
    let mut books = Shop::open().books;
    books.commit(taken.books.into_changes());
    let movements = [next.movements, taken.movements].concat();
    (to_count, Shop { books, movements, ..next })
}

#[test]
fn what_two_boxes_in_use_at_once_did_is_in_no_order_with_what_was_counted() {
    let mut old = Shop::born(7);
    old.submit(&sale("1", "apple", 3));
    old.submit(&count("2", vec![line("apple", 30)]));
    old.submit(&sale("3", "pear", 1));
    old.submit(&zone_count("4", "back", false, false, vec![line("rope", 7)]));
    let opening = told(&old, Opening::empty(), Taking::First).into_opening();
    let next = || {
        let mut next = Shop::born(9);
        next.submit(&sale("5", "apple", 2));
        next.submit(&sale("6", "pear", 2));
        next.submit(&sale("7", "96385074", 1));
        next
    };
    // A box in the place of another one follows it.
    let (none, mut after) = to_count_after(next(), opening.clone(), Taking::Never);
    assert!(none.is_empty(), "{none:?}");
    let is_to_count = |shop: &mut Shop, document| {
        let movements = shop.submit(&document).movements;
        movements.iter().any(|movement| movement.marks.has(Marks::RECOUNT))
    };
    let closes = || zone_count("9", "floor", true, true, vec![line("rope", 1)]);
    assert!(!is_to_count(&mut after, closes()));
    // One that began anew beside a copy of its disk does not.
    let (both, mut beside) = to_count_after(next(), opening.clone(), Taking::Beside);
    assert_eq!(both, ["apple"], "nobody counted the pears");
    assert!(is_to_count(&mut beside, closes()), "a count over a sheet of the other box");
    let resolved = beside.resolve("r", "96385074", "apple", 1).movements;
    assert!(resolved[0].marks.has(Marks::RECOUNT), "what waited under a code may lie before the count, too");
    assert_eq!((beside.on_hand("apple"), beside.on_hand("pear")), (27, -3));
    let mut counts = next();
    counts.submit(&count("8", vec![line("pear", 4)]));
    let (own, _) = to_count_after(counts, opening, Taking::Beside);
    assert_eq!(own, ["apple", "pear"], "what it counted itself may be older than what the other one sold");
}
