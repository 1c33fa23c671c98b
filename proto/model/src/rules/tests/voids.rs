use super::shop::*;
use crate::document::TradeKind;
use crate::kind::{Marks, ParkReason};
use crate::limits::VOID_MILLIS;
use crate::outcome::Warning;

#[test]
fn a_void_reverses_a_document_once() {
    let mut shop = Shop::open();
    shop.submit(&trade("1", TradeKind::Sale, vec![line("apple", 2), line("pear", 1)]));
    let outcome = shop.submit(&void("v1", "1"));
    assert_eq!(outcome.lines, 2);
    assert_eq!((shop.on_hand("apple"), shop.on_hand("pear")), (0, 0));
    let again = shop.submit(&void("v2", "1"));
    assert_eq!(again.warnings, [Warning::AlreadyVoided]);
    assert_eq!((shop.on_hand("apple"), shop.on_hand("pear")), (0, 0));
}

#[test]
fn a_void_that_comes_first_waits_and_both_have_no_effect() {
    let mut shop = Shop::open();
    assert_eq!(shop.submit(&void("v1", "1")).warnings, [Warning::VoidWaits]);
    assert_eq!(shop.submit(&void("v2", "1")).warnings, [Warning::AlreadyVoided]);
    let outcome = shop.submit(&trade("1", TradeKind::Sale, vec![line("apple", 2), line("96385074", 1)]));
    assert!(outcome.warnings.contains(&Warning::VoidedBefore));
    assert!(outcome.movements.iter().all(|movement| movement.marks.has(Marks::VOIDED)));
    assert_eq!(shop.on_hand("apple"), 0);
    assert_eq!(shop.submit(&void("v3", "1")).warnings, [Warning::AlreadyVoided]);
    let resolved = shop.resolve("r", "96385074", "pear", 1);
    assert_eq!(shop.on_hand("pear"), 0);
    assert_eq!(resolved.lines, 1);
}

#[test]
fn a_line_whose_item_was_counted_since_is_not_reversed() {
    let mut shop = Shop::open();
    shop.submit(&trade("1", TradeKind::Sale, vec![line("apple", 2), line("pear", 1)]));
    shop.submit(&count("c", vec![line("apple", 50)]));
    let outcome = shop.submit(&void("v", "1"));
    assert_eq!((shop.on_hand("apple"), shop.on_hand("pear")), (50, 0));
    assert!(outcome.movements[0].marks.has(Marks::EXPLAINED));
}

#[test]
fn a_void_of_a_count_or_of_a_void_or_of_old_age_is_parked() {
    let mut shop = Shop::open();
    shop.submit(&count("c", vec![line("apple", 5)]));
    shop.submit(&sale("1", "pear", 1));
    shop.submit(&void("v", "1"));
    shop.submit(&sale("2", "pear", 1));
    shop.now += VOID_MILLIS + 1;
    for (id, of, reason) in [
        ("w1", "c", ParkReason::VoidOfCount),
        ("w2", "v", ParkReason::VoidOfOther),
        ("w3", "2", ParkReason::VoidTooOld),
    ] {
        let outcome = shop.submit(&void(id, of));
        assert_eq!(outcome.movements[0].parked.as_ref().map(|parked| parked.reason), Some(reason));
    }
    assert_eq!((shop.on_hand("apple"), shop.on_hand("pear")), (5, -1));
}

#[test]
fn a_void_waiting_for_what_turns_out_a_count_does_not_bind_it() {
    let mut shop = Shop::open();
    shop.submit(&void("v", "c"));
    shop.submit(&count("c", vec![line("apple", 5)]));
    assert_eq!(shop.on_hand("apple"), 5);
}

#[test]
fn a_line_in_suspense_is_voided_before_and_after_its_code_is_learnt() {
    let mut shop = Shop::open();
    shop.submit(&sale("1", "96385074", 3));
    shop.submit(&sale("2", "96385074", 4));
    shop.submit(&void("v1", "1"));
    shop.learn("96385074", "pear", 1);
    shop.resolve("r", "96385074", "pear", 1);
    assert_eq!(shop.on_hand("pear"), -4);
    shop.submit(&void("v2", "2"));
    assert_eq!(shop.on_hand("pear"), 0);
}

#[test]
fn a_voided_receipt_belongs_to_the_zone_of_receipts_before_and_after_its_code_is_learnt() {
    let mut shop = Shop::open();
    shop.submit(&zone_count("z1", "stock room", false, false, vec![line("pear", 10)]));
    shop.submit(&trade("1", TradeKind::Receipt, vec![line("96385074", 4)]));
    shop.resolve("r", "96385074", "pear", 1);
    shop.submit(&void("v", "1"));
    // The floor is counted last: it decides about sales, not about receipts.
    shop.submit(&zone_count("z2", "floor", true, true, vec![line("pear", 5)]));
    assert_eq!(shop.on_hand("pear"), 15);
}
