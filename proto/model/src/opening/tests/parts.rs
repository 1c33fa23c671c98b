//! Documents of which only a part came before the box was swapped, and counts
//! that were not closed.

use super::anew::{born_with, take};
use super::folded::{told, told_without};
use crate::document::{Document, TradeKind};
use crate::kind::{Marks, ParkReason};
use crate::opening::{Opening, Taking};
use crate::outcome::Status;
use crate::rules::tests::shop::*;

fn receipt_of_three() -> Document {
    trade("1", TradeKind::Sale, vec![line("apple", 2), line("pear", 3), line("rope", 1)])
}

/// What is left of a shop that did this, but for some of its movements.
fn opening_without(documents: &[Document], lost: &[bool]) -> Opening {
    let mut shop = Shop::born(7);
    for document in documents {
        shop.submit(document);
    }
    told_without(&shop, Opening::empty(), Taking::First, lost).into_opening()
}

#[test]
fn a_document_of_which_a_part_is_held_is_completed() {
    let opening = opening_without(&[receipt_of_three()], &[false, true]);
    let mut shop = born_with(9, opening.into_pieces());
    assert_eq!([shop.on_hand("apple"), shop.on_hand("pear"), shop.on_hand("rope")], [-2, 0, -1]);
    let outcome = shop.submit(&receipt_of_three());
    assert_eq!((outcome.status, outcome.lines), (Status::Accepted, 3));
    let held: Vec<bool> = outcome.movements.iter().map(|movement| movement.marks.has(Marks::HELD)).collect();
    assert_eq!(held, [true, false, true]);
    assert_eq!([shop.on_hand("apple"), shop.on_hand("pear"), shop.on_hand("rope")], [-2, -3, -1]);
    assert_eq!(shop.submit(&receipt_of_three()).status, Status::Duplicate);
    shop.submit(&void("v", "1"));
    assert_eq!([shop.on_hand("apple"), shop.on_hand("pear"), shop.on_hand("rope")], [0, 0, 0]);
}

#[test]
fn a_document_whose_parts_are_others_than_those_held_is_parked() {
    let of_kit = trade("1", TradeKind::Sale, vec![line("kit", 1)]);
    let opening = opening_without(std::slice::from_ref(&of_kit), &[true]);
    let mut shop = born_with(9, opening.into_pieces());
    let crate::Lookup::Sku(mut kit) = shop.lookup("kit") else { panic!("a kit is on file") };
    kit.parts.truncate(1);
    shop.books.learn_item(kit);
    let outcome = shop.submit(&of_kit);
    let reasons: Vec<_> = outcome.movements.iter().map(|m| m.parked.as_ref().map(|parked| parked.reason)).collect();
    assert_eq!(reasons, [Some(ParkReason::PartialLine)]);
    assert_eq!([shop.on_hand("apple"), shop.on_hand("pear")], [0, -1], "only what came has effect");
    assert_eq!(shop.submit(&of_kit).status, Status::Duplicate);
}

#[test]
fn a_void_of_which_a_part_came_reverses_the_rest_when_it_is_repeated() {
    let reversal = void("v", "1");
    let opening = opening_without(&[receipt_of_three(), reversal.clone()], &[false, false, false, false, true, false]);
    let mut shop = born_with(9, opening.into_pieces());
    assert_eq!([shop.on_hand("apple"), shop.on_hand("pear"), shop.on_hand("rope")], [0, -3, 0]);
    assert_eq!(shop.submit(&reversal).status, Status::Accepted);
    assert_eq!([shop.on_hand("apple"), shop.on_hand("pear"), shop.on_hand("rope")], [0, 0, 0]);
    assert_eq!(shop.submit(&reversal).status, Status::Duplicate);
}

#[test]
fn a_count_begun_before_the_swap_is_closed_after_it_with_what_was_sold_between() {
    let mut first = Shop::born(7);
    first.submit(&trade("r", TradeKind::Receipt, vec![line("apple", 100)]));
    first.submit(&zone_count("f", "floor", true, false, vec![line("apple", 40)]));
    first.submit(&sale("s", "apple", 5));
    first.submit(&trade("r2", TradeKind::Receipt, vec![line("apple", 10)]));
    let opening = told(&first, Opening::empty(), Taking::First).into_opening();
    let mut next = Shop::born(9);
    next.submit(&sale("t", "apple", 1));
    take(&mut next, opening);
    assert_eq!(next.on_hand("apple"), 104);
    // The attic was counted with what came in, and closes the count.
    next.submit(&zone_count("a", "attic", false, true, vec![line("apple", 70)]));
    assert_eq!(next.on_hand("apple"), 40 - 5 - 1 + 70);
}

#[test]
fn a_code_learnt_after_the_swap_takes_what_the_count_before_it_had_not_seen() {
    let unknown = "96385074";
    let mut first = Shop::born(7);
    first.submit(&sale("1", unknown, 2));
    first.submit(&count("c", vec![line("pear", 30)]));
    first.submit(&sale("2", unknown, 1));
    let opening = told(&first, Opening::empty(), Taking::First).into_opening();
    let mut next = Shop::born(9);
    take(&mut next, opening);
    next.learn(unknown, "pear", 3);
    next.resolve("r", unknown, "pear", 3);
    assert_eq!(next.on_hand("pear"), 27);
}
