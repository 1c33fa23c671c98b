use super::shop::*;
use crate::content::content_digest;
use crate::document::{Body, CountBody, CountReason, Document, TakenLine, Timing, TradeKind, Unit};
use crate::kind::{Basis, Kind, Marks, ParkReason};
use crate::limits::COUNT_REOPEN_MILLIS;
use crate::outcome::Warning;
use crate::quantity::Quantity;
use crate::text::Label;

#[test]
fn on_hand_becomes_what_was_counted_and_its_basis_is_counted() {
    let mut shop = Shop::open();
    shop.submit(&sale("1", "apple", 3));
    let outcome = shop.submit(&count("c", vec![line("apple", 20), line("14006381333938", 1)]));
    assert_eq!(shop.on_hand("apple"), 32);
    assert_eq!(shop.stock("apple").basis, Basis::Counted);
    assert_eq!(outcome.movements[0].effect, units(35));
    assert_eq!(shop.on_hand("pear"), 0, "what was not counted is untouched");
}

#[test]
fn opening_stock_is_a_count_with_that_reason() {
    let mut shop = Shop::open();
    let body = CountBody { reason: CountReason::Opening, ..count_body(vec![line("apple", 7)]) };
    let outcome = shop.submit(&document("o", Body::Count(body)));
    assert_eq!(outcome.movements[0].reason.as_ref().map(Label::as_str), Some("opening"));
    assert_eq!(shop.stock("apple").basis, Basis::Counted);
}

#[test]
fn opening_stock_that_head_office_names_by_sku_is_taken_before_the_catalogue_lists_it() {
    let mut shop = Shop::open();
    let named = |item| TakenLine { unit: Unit::Sku, ..line(item, 7) };
    // A code of the same text is not what head office means.
    let body = CountBody { reason: CountReason::Opening, ..count_body(vec![named("plum"), named("14006381333938")]) };
    let outcome = shop.submit(&document("o", Body::Count(body)));
    assert!(outcome.warnings.is_empty());
    assert_eq!((shop.on_hand("plum"), shop.on_hand("14006381333938"), shop.on_hand("apple")), (7, 7, 0));
    assert_eq!(shop.stock("plum").basis, Basis::Counted);
}

#[test]
fn a_count_sent_late_adds_what_was_sold_after_its_mark() {
    let mut shop = Shop::open();
    shop.submit(&sale("1", "apple", 5));
    shop.now += 60_000;
    shop.submit(&sale("2", "apple", 2));
    let aged = TakenLine { age_ms: Some(30_000), ..line("apple", 50) };
    let outcome = shop.submit(&count("c", vec![aged]));
    assert_eq!(shop.on_hand("apple"), 48);
    assert!(!outcome.movements[0].marks.has(Marks::RECOUNT));
}

#[test]
fn a_deferred_sale_from_before_the_count_is_explained_and_from_after_it_counts() {
    let mut shop = Shop::open();
    shop.submit(&count("c", vec![line("apple", 50)]));
    shop.now += 60_000;
    let mut deferred = |id: &str, age_ms| {
        let mut document = sale(id, "apple", 1);
        document.timing = Timing::Deferred { age_ms };
        let outcome = shop.submit(&document);
        (shop.on_hand("apple"), outcome.movements[0].marks)
    };
    let (after, marks) = deferred("1", Some(70_000));
    assert!(after == 50 && marks.has(Marks::EXPLAINED));
    let (after, marks) = deferred("2", Some(50_000));
    assert!(after == 49 && !marks.has(Marks::UNORDERED));
    let (after, marks) = deferred("3", None);
    assert!(after == 48 && marks.has(Marks::UNORDERED.with(Marks::RECOUNT)));
    let (after, marks) = deferred("4", Some(600_000));
    assert!(after == 48 && marks.has(Marks::EXPLAINED), "older than the boot, but wholly before the mark");
}

#[test]
fn an_age_that_reaches_behind_the_boot_over_a_mark_is_unordered() {
    let mut shop = Shop::open();
    shop.submit(&count("c", vec![line("apple", 50)]));
    shop.boot = shop.now + 10;
    shop.now += 1_000;
    let mut document = sale("1", "apple", 1);
    document.timing = Timing::Deferred { age_ms: Some(3_600_000) };
    let outcome = shop.submit(&document);
    assert!(outcome.movements[0].marks.has(Marks::UNORDERED));
    assert_eq!(shop.on_hand("apple"), 49);
}

#[test]
fn zones_add_and_sales_belong_to_the_zone_that_sells() {
    let mut shop = Shop::open();
    shop.submit(&trade("r", TradeKind::Receipt, vec![line("apple", 100)]));
    shop.submit(&zone_count("z1", "stock room", false, false, vec![line("apple", 60)]));
    assert_eq!(shop.on_hand("apple"), 100, "an open count changes nothing");
    shop.submit(&sale("1", "apple", 5));
    shop.submit(&zone_count("z2", "floor", true, false, vec![line("apple", 35)]));
    shop.submit(&sale("2", "apple", 3));
    shop.submit(&trade("r2", TradeKind::Receipt, vec![line("apple", 10)]));
    let outcome = shop.submit(&zone_count("z3", "window", false, true, vec![line("pear", 1)]));
    // 60 + 35, minus what was sold after the floor's mark, plus what was
    // received after the stock room's.
    assert_eq!(shop.on_hand("apple"), 60 + 35 - 3 + 10);
    let kinds: Vec<_> = outcome.movements.iter().map(|movement| movement.kind).collect();
    assert_eq!(kinds, [Kind::Tally, Kind::Count, Kind::Count]);
}

#[test]
fn a_zone_again_is_its_recount_and_a_zone_after_the_close_closes_anew() {
    let mut shop = Shop::open();
    shop.submit(&zone_count("z1", "floor", true, false, vec![line("apple", 10)]));
    shop.submit(&zone_count("z2", "floor", true, true, vec![line("apple", 12)]));
    assert_eq!(shop.on_hand("apple"), 12);
    shop.submit(&sale("1", "apple", 1));
    shop.submit(&zone_count("z3", "stock room", false, false, vec![line("apple", 30)]));
    assert_eq!(shop.on_hand("apple"), 41);
    shop.now += COUNT_REOPEN_MILLIS + 1;
    let late = shop.submit(&zone_count("z4", "attic", false, false, vec![line("apple", 5)]));
    assert_eq!(late.movements[0].parked.as_ref().map(|parked| parked.reason), Some(ParkReason::CountClosed));
    assert_eq!(shop.on_hand("apple"), 41);
}

#[test]
fn a_sheet_that_was_counted_before_the_one_held_is_told_that_it_changes_nothing() {
    let mut shop = Shop::open();
    shop.now += 100_000;
    let held = shop.submit(&zone_count("z1", "floor", true, true, vec![line("apple", 12)]));
    assert!(held.warnings.is_empty());
    let earlier = aged(zone_count("z2", "floor", true, false, vec![line("apple", 10)]), 50_000);
    let outcome = shop.submit(&earlier);
    assert_eq!((shop.on_hand("apple"), outcome.warnings), (12, vec![Warning::SheetOlder]));
}

#[test]
fn a_kit_that_is_counted_is_told_to_have_no_stock_of_its_own() {
    let mut shop = Shop::open();
    let outcome = shop.submit(&count("c", vec![line("apple", 3), line("kit", 2), line("bag", 1)]));
    assert_eq!(outcome.warnings, [Warning::KitCounted { line: 2 }], "a bag is nothing to count, and no mistake");
    assert_eq!((shop.on_hand("apple"), shop.on_hand("kit")), (3, 0));
}

#[test]
fn counters_in_one_zone_add() {
    let mut shop = Shop::open();
    for (id, counter, last) in [("a", "ann", false), ("b", "bob", true)] {
        let mut document = zone_count(id, "floor", true, last, vec![line("apple", 10)]);
        document.labels.counter = Some(Label::new(counter).unwrap());
        shop.submit(&document);
    }
    assert_eq!(shop.on_hand("apple"), 20);
}

#[test]
fn an_item_sold_between_its_first_and_last_scan_is_to_be_counted_again() {
    let mut shop = Shop::open();
    shop.now += 10_000;
    let sold_at_once = sale("1", "apple", 1);
    shop.submit(&sold_at_once);
    shop.now += 1_000;
    let first = TakenLine { age_ms: Some(5_000), ..line("apple", 4) };
    let outcome = shop.submit(&count("c", vec![first, line("apple", 3)]));
    assert!(outcome.movements[0].marks.has(Marks::RECOUNT));
}

#[test]
fn in_a_full_count_what_was_not_scanned_is_not_there() {
    let mut shop = Shop::open();
    shop.submit(&trade("r", TradeKind::Receipt, vec![line("apple", 9), line("pear", 4)]));
    let body = CountBody { full: true, ..count_body(vec![line("apple", 8)]) };
    shop.submit(&document("c", Body::Count(body)));
    assert_eq!((shop.on_hand("apple"), shop.on_hand("pear")), (8, 0));
    assert_eq!(shop.stock("pear").basis, Basis::Counted);
}

#[test]
fn an_unknown_code_in_a_count_is_kept_without_effect() {
    let mut shop = Shop::open();
    let outcome = shop.submit(&count("c", vec![line("96385074", 3), line("bag", 2)]));
    assert_eq!(outcome.lines, 2);
    assert!(outcome.movements.iter().all(|movement| movement.effect == Quantity::ZERO));
}

#[test]
fn a_count_that_comes_after_a_newer_one_was_seen_by_it() {
    let mut shop = Shop::open();
    shop.now += 100_000;
    shop.submit(&count("new", vec![line("apple", 40)]));
    shop.submit(&sale("1", "apple", 1));
    let outcome = shop.submit(&aged(count("old", vec![line("apple", 50), line("pear", 3)]), 60_000));
    assert_eq!((shop.on_hand("apple"), shop.on_hand("pear")), (39, 3));
    let marks: Vec<_> = outcome.movements.iter().map(|one| one.marks.has(Marks::EXPLAINED)).collect();
    assert_eq!(marks, [true, false]);
}

#[test]
fn a_latecomer_of_an_older_count_leaves_what_was_counted_since() {
    let mut shop = Shop::open();
    shop.submit(&zone_count("z1", "floor", true, true, vec![line("apple", 10), line("pear", 5)]));
    shop.now += 10_000;
    shop.submit(&count("c", vec![line("apple", 7)]));
    let late = aged(zone_count("z2", "attic", false, false, vec![line("apple", 2), line("pear", 2)]), 10_001);
    shop.submit(&late);
    assert_eq!((shop.on_hand("apple"), shop.on_hand("pear")), (7, 7));
}

#[test]
fn a_zone_that_is_counted_around_another_count_is_to_be_counted_again() {
    let mut shop = Shop::open();
    shop.submit(&zone_count("z1", "floor", true, false, vec![line("apple", 10)]));
    shop.submit(&count("c", vec![line("apple", 7)]));
    let outcome = shop.submit(&zone_count("z2", "attic", false, true, vec![line("apple", 2)]));
    assert_eq!(shop.on_hand("apple"), 12);
    assert!(outcome.movements.iter().any(|one| one.marks.has(Marks::UNORDERED.with(Marks::RECOUNT))));
    // Its own closing before is none of another count.
    let outcome = shop.submit(&zone_count("z3", "cellar", false, false, vec![line("apple", 1)]));
    assert_eq!(shop.on_hand("apple"), 13);
    assert!(!outcome.movements.iter().any(|one| one.marks.has(Marks::UNORDERED)));
}

#[test]
fn what_a_full_count_did_not_find_may_still_be_found_by_a_latecomer() {
    let mut shop = Shop::open();
    shop.submit(&trade("r", TradeKind::Receipt, vec![line("pear", 4)]));
    let mut floor = zone_count("z1", "floor", true, true, vec![line("apple", 10)]);
    if let Body::Count(body) = &mut floor.body {
        body.full = true;
    }
    shop.now += 10_000;
    shop.submit(&floor);
    assert_eq!(shop.on_hand("pear"), 0);
    shop.submit(&aged(zone_count("z2", "stock room", false, false, vec![line("pear", 3)]), 5_000));
    assert_eq!((shop.on_hand("apple"), shop.on_hand("pear")), (10, 3));
}

#[test]
fn the_last_count_of_a_zone_is_the_one_counted_last() {
    let mut shop = Shop::open();
    shop.now += 60_000;
    shop.submit(&zone_count("z1", "floor", true, false, vec![line("apple", 12)]));
    shop.submit(&aged(zone_count("z2", "floor", true, false, vec![line("apple", 10)]), 30_000));
    shop.submit(&zone_count("z3", "attic", false, true, vec![line("apple", 1)]));
    assert_eq!(shop.on_hand("apple"), 13);
}

#[test]
fn a_deferred_count_whose_age_is_not_known_is_to_be_counted_again() {
    let mut shop = Shop::open();
    let unknown = |document| Document { timing: Timing::Deferred { age_ms: None }, ..document };
    let alone = shop.submit(&unknown(count("c", vec![line("apple", 10)])));
    let tally = shop.submit(&unknown(zone_count("z", "floor", true, false, vec![line("pear", 10)])));
    for outcome in [alone, tally] {
        assert!(outcome.movements[0].marks.has(Marks::UNORDERED.with(Marks::RECOUNT)));
    }
    let live = shop.submit(&count("d", vec![line("apple", 9)]));
    assert!(!live.movements[0].marks.has(Marks::UNORDERED));
}

#[test]
fn the_age_of_a_tally_that_reaches_behind_the_boot_is_told_on_it() {
    let mut shop = Shop::open();
    shop.boot = shop.now;
    let outcome = shop.submit(&aged(zone_count("z", "floor", true, false, vec![line("apple", 10)]), 60_000));
    assert!(outcome.movements[0].marks.has(Marks::UNORDERED.with(Marks::RECOUNT)));
}

#[test]
fn a_count_that_stands_on_a_sheet_of_unknown_age_is_to_be_counted_again() {
    let mut shop = Shop::open();
    shop.boot = shop.now;
    shop.submit(&aged(zone_count("z", "back", false, false, vec![line("apple", 10)]), 60_000));
    let outcome = shop.submit(&zone_count("y", "floor", true, true, vec![line("apple", 5), line("pear", 1)]));
    let closing = outcome.movements.iter().filter(|one| one.kind == Kind::Count);
    let flagged: Vec<_> = closing.map(|one| one.marks.has(Marks::UNORDERED.with(Marks::RECOUNT))).collect();
    assert_eq!(flagged, [true, false], "the apples of the back were counted nobody knows when");
}

#[test]
fn a_sale_of_unknown_age_puts_an_older_mark_in_doubt() {
    let mut shop = Shop::open();
    shop.submit(&zone_count("z", "floor", true, false, vec![line("apple", 10), line("pear", 3)]));
    shop.now += 100_000;
    shop.boot = shop.now;
    shop.submit(&aged(sale("1", "apple", 1), 50_000));
    let outcome = shop.submit(&zone_count("y", "back", false, true, vec![line("apple", 5), line("pear", 1)]));
    let closing = outcome.movements.iter().filter(|one| one.kind == Kind::Count);
    let flagged: Vec<_> = closing.map(|one| one.marks.has(Marks::RECOUNT)).collect();
    assert_eq!(flagged, [true, false], "the floor was counted before or after that sale");
}

#[test]
fn a_counted_sum_beyond_64_bits_is_parked_and_the_other_lines_count() {
    let mut shop = Shop::open();
    let huge = TakenLine::plain(sku("rope"), Quantity::thousandths(i64::MAX));
    let outcome = shop.submit(&count("c", vec![huge.clone(), huge, line("apple", 1)]));
    assert_eq!(outcome.movements[0].parked.as_ref().map(|parked| parked.reason), Some(ParkReason::Overflow));
    assert_eq!((shop.stock("rope").on_hand.as_thousandths(), shop.on_hand("apple")), (i64::MAX, 1));
}

#[test]
fn a_counted_fraction_of_a_piece_is_taken_and_flagged() {
    let mut shop = Shop::open();
    let half = |item| TakenLine::plain(sku(item), Quantity::thousandths(500));
    let outcome = shop.submit(&count("c", vec![half("apple"), half("rope")]));
    assert_eq!(outcome.warnings, [Warning::Fraction { line: 1 }]);
    let flagged: Vec<_> = outcome.movements.iter().map(|one| one.marks.has(Marks::FRACTION)).collect();
    assert_eq!(flagged, [true, false]);
}

#[test]
fn the_same_lines_in_another_zone_or_by_another_counter_are_other_content() {
    let in_zone = |zone| zone_count("z", zone, true, false, vec![line("apple", 1)]);
    let mut by_bob = in_zone("floor");
    by_bob.labels.counter = Some(Label::new("bob").unwrap());
    assert_ne!(content_digest(&in_zone("floor")), content_digest(&in_zone("attic")));
    assert_ne!(content_digest(&in_zone("floor")), content_digest(&by_bob));
}
