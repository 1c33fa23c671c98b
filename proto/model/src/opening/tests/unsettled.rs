//! What an epoch took over did not come whole: of its restatements and what
//! they restate one is there without the other.

use super::anew::{sum_of, take};
use super::folded::{told, told_without};
use crate::opening::{Opening, Taking};
use crate::rules::tests::shop::*;

#[test]
fn a_restatement_that_never_came_takes_nothing_with_it() {
    let mut first = Shop::born(7);
    first.submit(&sale("1", "apple", 3));
    let opening = told(&first, Opening::empty(), Taking::First).into_opening();
    let mut second = Shop::born(9);
    second.submit(&sale("1", "apple", 3));
    let seq = take(&mut second, opening.clone());
    second.submit(&sale("2", "apple", 1));
    assert_eq!((second.on_hand("apple"), second.movements.len()), (-4, 3));

    for lost in [[false, true, false], [true, false, false]] {
        let next = told_without(&second, opening.clone(), Taking::Unsettled(seq), &lost).into_opening();
        let mut third = Shop::born(11);
        take(&mut third, next.clone());
        assert_eq!(third.on_hand("apple"), -4, "without {lost:?}");
        let sum = sum_of(&next, "apple").as_thousandths() + third.effect_sum("apple");
        assert_eq!(sum, -4_000, "the ledger comes to it too");
    }
}
