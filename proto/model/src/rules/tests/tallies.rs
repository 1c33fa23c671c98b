//! Scans of an open count, as lanes submit them: one document each.

use proptest::prelude::*;

use super::shop::*;
use crate::books::Stock;
use crate::document::{Body, Document, SheetUse, TakenLine};
use crate::kind::{Basis, Kind, Marks, ParkReason};
use crate::text::Label;

fn scan(id: &str, zone: &str, counter: &str, line: TakenLine) -> Document {
    scan_as(SheetUse::Adds, id, zone, counter, line)
}

fn scan_as(sheet: SheetUse, id: &str, zone: &str, counter: &str, line: TakenLine) -> Document {
    let mut document = zone_count(id, zone, true, false, vec![line]);
    document.labels.counter = Some(Label::new(counter).unwrap());
    if let Body::Count(body) = &mut document.body {
        body.sheet = sheet;
    }
    document
}

fn close(id: &str) -> Document {
    let mut document = zone_count(id, "none", false, true, vec![]);
    document.labels.zone = None;
    if let Body::Count(body) = &mut document.body {
        body.sheet = SheetUse::Adds;
    }
    document
}

#[test]
fn scans_add_up_and_the_count_closes_over_all_of_them() {
    let mut shop = Shop::open();
    shop.submit(&trade("r", crate::document::TradeKind::Receipt, vec![line("apple", 90)]));
    for number in 0..5 {
        let outcome = shop.submit(&scan(&format!("s{number}"), "floor", "a", line("apple", 1)));
        assert_eq!(outcome.movements.iter().map(|one| one.kind).collect::<Vec<_>>(), [Kind::Tally]);
        shop.now += 1_000;
    }
    shop.submit(&scan("t", "floor", "b", line("14006381333938", 1)));
    assert_eq!(shop.on_hand("apple"), 90, "an open count explains nothing");
    shop.submit(&close("z"));
    assert_eq!((shop.on_hand("apple"), shop.stock("apple").basis), (17, Basis::Counted));
}

#[test]
fn a_scan_that_is_voided_is_not_counted() {
    let mut shop = Shop::open();
    shop.submit(&trade("r", crate::document::TradeKind::Receipt, vec![line("pear", 9)]));
    shop.submit(&scan("1", "floor", "a", line("apple", 1)));
    shop.now += 1_000;
    shop.submit(&scan("2", "floor", "a", line("apple", 30)));
    shop.submit(&scan("3", "floor", "a", line("pear", 1)));
    for (void_id, of) in [("v2", "2"), ("v3", "3"), ("again", "3")] {
        let outcome = shop.submit(&void(void_id, of));
        assert!(outcome.movements.iter().all(|one| one.kind == Kind::Void && one.parked.is_none()), "{void_id}");
    }
    shop.submit(&close("z"));
    assert_eq!(shop.on_hand("apple"), 1);
    assert_eq!(shop.stock("pear"), Stock { last: shop.stock("pear").last, ..pears(&shop) });
    assert_eq!((shop.on_hand("pear"), shop.stock("pear").basis), (9, Basis::None), "it is as if nobody had scanned it");
}

fn pears(shop: &Shop) -> Stock {
    Stock { on_hand: units(9), basis: Basis::None, closed: None, ..shop.stock("pear") }
}

#[test]
fn a_void_that_comes_first_keeps_the_scan_off_the_sheet() {
    let mut shop = Shop::open();
    shop.submit(&void("v", "1"));
    shop.submit(&scan("1", "floor", "a", line("apple", 30)));
    shop.submit(&scan("2", "floor", "a", line("apple", 4)));
    shop.submit(&close("z"));
    assert_eq!(shop.on_hand("apple"), 4);
}

#[test]
fn a_void_that_comes_first_keeps_the_scan_from_closing_its_count_anew() {
    let mut shop = Shop::open();
    let mut all = zone_count("z", "floor", true, true, vec![]);
    if let Body::Count(body) = &mut all.body {
        body.full = true;
    }
    shop.submit(&all);
    shop.submit(&sale("s", "apple", 1));
    shop.submit(&void("v", "1"));
    let outcome = shop.submit(&scan("1", "floor", "a", line("pear", 30)));
    assert_eq!(outcome.movements.iter().map(|one| one.kind).collect::<Vec<_>>(), [Kind::Tally]);
    assert_eq!(shop.on_hand("apple"), -1);
}

#[test]
fn the_first_scan_of_an_item_voided_leaves_a_mark_that_is_unsure() {
    let mut shop = Shop::open();
    shop.submit(&scan("1", "floor", "a", line("apple", 1)));
    shop.now += 1_000;
    shop.submit(&scan("2", "floor", "a", line("apple", 1)));
    shop.submit(&void("v", "1"));
    let outcome = shop.submit(&close("z"));
    assert_eq!(shop.on_hand("apple"), 1);
    assert!(outcome.movements.iter().any(|one| one.marks.has(Marks::RECOUNT)));
}

#[test]
fn a_zone_counted_anew_forgets_what_anybody_counted_there() {
    let mut shop = Shop::open();
    shop.submit(&scan("1", "floor", "a", line("apple", 50)));
    shop.submit(&scan("2", "attic", "a", line("apple", 2)));
    shop.submit(&scan("3", "floor", "b", line("pear", 7)));
    shop.submit(&scan_as(SheetUse::Anew, "4", "floor", "c", line("apple", 5)));
    shop.submit(&scan("5", "floor", "c", line("apple", 1)));
    let gone = shop.submit(&void("v", "1"));
    assert!(gone.movements.iter().all(|one| one.parked.is_none()), "it is on no sheet any more");
    shop.submit(&close("z"));
    assert_eq!((shop.on_hand("apple"), shop.stock("pear").basis), (8, Basis::None));
}

#[test]
fn a_scan_of_a_closed_count_cannot_be_voided() {
    let mut shop = Shop::open();
    shop.submit(&scan("1", "floor", "a", line("apple", 5)));
    shop.submit(&close("z"));
    let outcome = shop.submit(&void("v", "1"));
    let reasons: Vec<_> = outcome.movements.iter().filter_map(|one| one.parked.as_ref().map(|p| p.reason)).collect();
    assert_eq!((reasons, shop.on_hand("apple")), (vec![ParkReason::VoidOfCount], 5));
}

#[test]
fn what_is_sold_after_the_scan_is_taken_off_and_before_it_is_not() {
    let mut shop = Shop::open();
    shop.submit(&sale("before", "apple", 3));
    shop.submit(&scan("1", "floor", "a", line("apple", 10)));
    shop.submit(&sale("after", "apple", 2));
    shop.submit(&close("z"));
    assert_eq!(shop.on_hand("apple"), 8);
}

proptest! {
    #[test]
    fn scans_in_any_order_with_voids_are_one_sheet(
        scans in prop::collection::vec((prop::sample::select(&["apple", "pear"][..]), 1_i64..20, any::<bool>()), 1..20),
    ) {
        let mut one_by_one = Shop::open();
        for (number, (item, quantity, _)) in scans.iter().enumerate() {
            one_by_one.submit(&scan(&number.to_string(), "floor", "a", line(item, *quantity)));
        }
        for (number, _) in scans.iter().enumerate().filter(|(_, (_, _, voided))| *voided) {
            one_by_one.submit(&void(&format!("v{number}"), &number.to_string()));
        }
        one_by_one.submit(&close("z"));
        for item in ["apple", "pear"] {
            let left = || scans.iter().filter(|(of, _, voided)| *of == item && !voided);
            let counted: i64 = left().map(|(_, quantity, _)| quantity).sum();
            let basis = if left().count() == 0 { Basis::None } else { Basis::Counted };
            prop_assert_eq!((one_by_one.on_hand(item), one_by_one.stock(item).basis), (counted, basis));
        }
    }
}
