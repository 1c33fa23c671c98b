//! What is to be counted again shows only over the opening.

use super::anew::take;
use super::folded::told;
use crate::kind::{Kind, Marks};
use crate::movement::Movement;
use crate::opening::{Opening, Taking};
use crate::rules::tests::shop::*;

/// A shop that counted, and what its next box begins with.
fn counted() -> Opening {
    let mut old = Shop::born(7);
    old.submit(&count("c", vec![line("apple", 40), line("pear", 50)]));
    told(&old, Opening::empty(), Taking::First).into_opening()
}

/// The restatements that say that an item is to be counted again.
fn restated(shop: &Shop) -> Vec<(&str, i64)> {
    let is_to_count = |one: &&Movement| one.kind == Kind::Restatement && one.marks.has(Marks::RECOUNT);
    let told = |one: &'_ Movement| one.effect.as_thousandths() / 1_000;
    let restated = shop.movements.iter().filter(is_to_count);
    restated.map(|one| (one.sku.as_ref().map_or("", |sku| sku.as_str()), told(one))).collect()
}

#[test]
fn a_sale_that_the_last_count_may_have_seen_is_to_be_counted_once_the_opening_is_taken() {
    let mut next = Shop::born(9);
    let sold = next.submit(&aged(sale("s", "apple", 3), 2_000_000)).movements;
    assert!(!sold[0].marks.has(Marks::RECOUNT), "nobody knows of a count yet");
    next.submit(&sale("t", "pear", 1));
    take(&mut next, counted());
    assert_eq!((next.on_hand("apple"), next.on_hand("pear")), (37, 49));
    assert_eq!(restated(&next), [("apple", 0)], "what was sold just now is not");
}

#[test]
fn an_item_that_does_not_differ_is_restated_by_nothing() {
    let mut next = Shop::born(9);
    let opening = {
        let mut old = Shop::born(7);
        old.submit(&count("c", vec![line("apple", 0)]));
        told(&old, Opening::empty(), Taking::First).into_opening()
    };
    next.submit(&aged(sale("s", "apple", 3), 2_000_000));
    take(&mut next, opening);
    assert_eq!((next.on_hand("apple"), restated(&next)), (-3, vec![("apple", 0)]));
    let last = next.movements.last().unwrap();
    assert_eq!(last.on_hand_after, Some(units(-3)), "and what readers see of it stays");
}

#[test]
fn a_count_since_then_takes_it_off() {
    let mut next = Shop::born(9);
    next.submit(&aged(sale("s", "apple", 3), 2_000_000));
    next.now += 10;
    next.submit(&count("d", vec![line("apple", 36)]));
    take(&mut next, counted());
    assert_eq!((next.on_hand("apple"), restated(&next)), (36, vec![]));
}

#[test]
fn an_epoch_that_never_took_its_opening_hands_it_on() {
    let mut second = Shop::born(9);
    second.submit(&aged(sale("s", "apple", 3), 2_000_000));
    let opening = told(&second, counted(), Taking::Never).into_opening();
    assert_eq!(opening.sums().count(), 1);
    let fourth = {
        let third = Shop::born(11);
        told(&third, opening.clone(), Taking::Never).into_opening()
    };
    for opening in [opening, fourth] {
        let mut next = Shop::born(13);
        let seq = take(&mut next, opening.clone());
        assert_eq!((next.on_hand("apple"), restated(&next)), (37, vec![("apple", 0)]));
        let told = told(&next, opening, Taking::At(seq)).into_opening();
        assert_eq!(told.sums().count(), 0, "it is said once");
    }
}
