//! A void, or a code that was learnt, came to the centre, and what it speaks
//! of did not.

use super::anew::{sum_of, take};
use super::folded::told_without;
use crate::document::{Document, TradeKind};
use crate::opening::{Opening, Taking, late_documents};
use crate::quantity::Quantity;
use crate::rules::tests::shop::*;

/// What the next box begins with if these movements of a shop never came.
fn without(old: &Shop, lost: &[bool]) -> (Shop, Opening) {
    let opening = told_without(old, Opening::empty(), Taking::First, lost).into_opening();
    let mut next = Shop::born(9);
    take(&mut next, opening.clone());
    (next, opening)
}

/// The movements that never came do, late.
fn bring(next: &mut Shop, old: &Shop, lost: &[bool]) {
    let late = (1..).zip(&old.movements).zip(lost).filter(|(_, lost)| **lost);
    let late: Vec<_> = late.map(|((seq, movement), _)| (seq, movement.clone())).collect();
    for document in late_documents(old.epoch, false, late) {
        next.now += 1;
        next.submit(&document);
    }
}

fn sum(next: &Shop, opening: &Opening, item: &str) -> Quantity {
    Quantity::thousandths(sum_of(opening, item).as_thousandths() + next.effect_sum(item))
}

#[test]
fn a_void_of_a_document_that_never_came_leaves_nothing_behind() {
    let mut old = Shop::born(7);
    old.submit(&trade("r", TradeKind::Receipt, vec![line("apple", 10)]));
    old.submit(&trade("s", TradeKind::Sale, vec![line("apple", 3), line("pear", 2)]));
    old.submit(&void("v", "s"));
    let all = [false, true, true, false, false];
    let (mut late, opening) = without(&old, &all);
    let (mut again, _) = without(&old, &all);
    assert_eq!((late.on_hand("apple"), late.on_hand("pear")), (10, 0));
    bring(&mut late, &old, &all);
    again.submit(&trade("s", TradeKind::Sale, vec![line("apple", 3), line("pear", 2)]));
    for next in [late, again] {
        assert_eq!((next.on_hand("apple"), next.on_hand("pear")), (10, 0), "it is voided");
        assert_eq!(sum(&next, &opening, "apple"), units(10), "and the ledger comes to it too");
        assert_eq!(sum(&next, &opening, "pear"), units(0));
    }
    let part = [false, true, false, false, false];
    let (mut next, _) = without(&old, &part);
    bring(&mut next, &old, &part);
    assert_eq!((next.on_hand("apple"), next.on_hand("pear")), (10, 0), "of a part that never came, too");
}

#[test]
fn a_void_that_a_count_had_seen_has_its_ground() {
    let mut old = Shop::born(7);
    old.submit(&sale("s", "apple", 3));
    old.now += 10;
    old.submit(&count("c", vec![line("apple", 40)]));
    old.now += 10;
    old.submit(&void("v", "s"));
    // The count never came: all the same the void has no effect of its own.
    let (next, _) = without(&old, &[false, true, false]);
    assert_eq!(next.on_hand("apple"), -3);
}

/// Two lives of a disk wrote these in one epoch, each without the other's.
fn two_lives(one: &[Document], other: &[Document]) -> Shop {
    let (mut shop, mut second) = (Shop::born(7), Shop::born(7));
    for document in one {
        shop.submit(document);
        shop.now += 10;
    }
    for document in other {
        second.now = shop.now;
        second.submit(document);
    }
    shop.movements.extend(second.movements);
    shop
}

#[test]
fn a_document_whose_void_another_life_of_the_disk_had_is_voided() {
    for (one, other) in [(void("v", "s"), sale("s", "apple", 3)), (sale("s", "apple", 3), void("v", "s"))] {
        let old = two_lives(&[one], &[other]);
        let (mut next, opening) = without(&old, &[]);
        next.submit(&sale("s", "apple", 3));
        next.submit(&void("v", "s"));
        assert_eq!((next.on_hand("apple"), sum(&next, &opening, "apple")), (0, units(0)));
    }
    // Every line of it, though a void that waits is one movement.
    let of_two = || trade("s", TradeKind::Sale, vec![line("apple", 3), line("pear", 2)]);
    for (one, other) in [(void("v", "s"), of_two()), (of_two(), void("v", "s"))] {
        let (next, opening) = without(&two_lives(&[one], &[other]), &[]);
        assert_eq!((next.on_hand("pear"), sum(&next, &opening, "pear")), (0, units(0)));
    }
    let voided = [sale("s", "apple", 3), void("v", "s")];
    let twice = two_lives(&voided, &[sale("s", "apple", 3), void("w", "s")]);
    assert_eq!(without(&twice, &[]).0.on_hand("apple"), 0);
}

#[test]
fn what_a_learnt_code_took_out_of_suspense_is_not_taken_twice() {
    let mut old = Shop::born(7);
    old.submit(&sale("1", "96385074", 2));
    old.submit(&sale("2", "96385074", 1));
    old.resolve("r", "96385074", "pear", 6);
    assert_eq!(old.on_hand("pear"), -18);
    let lost = [true, false, false];
    let (mut next, opening) = without(&old, &lost);
    assert_eq!(next.on_hand("pear"), -6);
    bring(&mut next, &old, &lost);
    next.resolve("r2", "96385074", "pear", 6);
    assert_eq!((next.on_hand("pear"), sum(&next, &opening, "pear")), (-18, units(-18)));
}

#[test]
fn a_learnt_code_of_which_a_part_came_has_taken_all_rows() {
    let lost_of = |movements: usize, at: usize| (0..movements).map(|place| place == at).collect::<Vec<_>>();
    for (counted, on_hand) in [(false, 18), (true, 40)] {
        let mut old = Shop::born(7);
        old.submit(&sale("1", "96385074", 2));
        old.submit(&trade("2", TradeKind::Receipt, vec![line("96385074", 5)]));
        old.resolve("r", "96385074", "pear", 6);
        if counted {
            old.submit(&count("c", vec![line("pear", 40)]));
        }
        assert_eq!(old.on_hand("pear"), on_hand);
        // What was sold and what was received are a movement each.
        for at in [2, 3] {
            let lost = lost_of(old.movements.len(), at);
            let (mut next, opening) = without(&old, &lost);
            assert_eq!(next.on_hand("pear"), on_hand, "{counted} {at}");
            bring(&mut next, &old, &lost);
            next.resolve("r", "96385074", "pear", 6);
            next.resolve("r2", "96385074", "pear", 6);
            assert_eq!((next.on_hand("pear"), sum(&next, &opening, "pear")), (on_hand, units(on_hand)));
        }
    }
    let mut old = Shop::born(7);
    old.submit(&sale("1", "96385074", 2));
    old.resolve("r", "96385074", "kit", 1);
    for at in [1, 2] {
        let (next, _) = without(&old, &lost_of(3, at));
        assert_eq!((next.on_hand("apple"), next.on_hand("pear")), (-4, -2), "each part of a kit {at}");
    }
}
