use super::shop::*;
use crate::document::{Body, SkuChange, TakenLine, Timing, TradeKind, Unit};
use crate::gtin::code_spelling;
use crate::kind::{Marks, ParkReason};
use crate::movement::About;
use crate::position::{Epoch, Odometer, Position};
use crate::quantity::Quantity;
use crate::text::{DocumentId, Source};

fn about() -> About {
    About::Document { source: Source::new("till:1").unwrap(), id: DocumentId::new("1").unwrap() }
}

#[test]
fn a_learnt_code_makes_its_suspense_take_effect_once() {
    let mut shop = Shop::open();
    shop.submit(&sale("1", "96385074", 3));
    shop.submit(&trade_receipt("2", 10));
    let outcome = shop.resolve("r1", "96385074", "pear", 6);
    assert_eq!(shop.on_hand("pear"), 42);
    assert_eq!(outcome.lines, 2);
    shop.resolve("r2", "96385074", "pear", 6);
    assert_eq!(shop.on_hand("pear"), 42);
}

fn trade_receipt(id: &str, packs: i64) -> crate::Document {
    trade(id, TradeKind::Receipt, vec![line("96385074", packs)])
}

#[test]
fn what_a_count_had_seen_is_not_resolved_again() {
    let mut shop = Shop::open();
    shop.submit(&sale("1", "96385074", 3));
    shop.submit(&count("c", vec![line("pear", 20)]));
    shop.submit(&sale("2", "96385074", 2));
    shop.resolve("r", "96385074", "pear", 1);
    assert_eq!(shop.on_hand("pear"), 18);
}

#[test]
fn a_correction_counts_unless_a_count_came_after_what_it_mends() {
    let mut shop = Shop::open();
    shop.submit(&count("c0", vec![line("apple", 100)]));
    shop.submit(&sale("1", "apple", 40));
    let happened = Odometer(shop.now);
    let mut mend = document(
        "m1",
        Body::Correction { about: about(), lines: vec![SkuChange { sku: sku("apple"), change: units(36) }] },
    );
    mend.timing = Timing::At(happened);
    shop.submit(&mend);
    assert_eq!(shop.on_hand("apple"), 96);
    shop.submit(&count("c1", vec![line("apple", 95)]));
    mend.id = DocumentId::new("m2").unwrap();
    shop.submit(&mend);
    assert_eq!(shop.on_hand("apple"), 95);
}

#[test]
fn a_restatement_is_taken_as_it_is() {
    let mut shop = Shop::open();
    shop.submit(&count("c", vec![line("apple", 10)]));
    let about = About::Position(Position { epoch: Epoch(3), seq: 9 });
    let lines = vec![SkuChange { sku: sku("apple"), change: units(-4) }];
    shop.submit(&document("s", Body::Restatement { about, lines }));
    assert_eq!(shop.on_hand("apple"), 6);
}

#[test]
fn a_row_of_unknown_age_puts_the_count_in_doubt_when_its_code_is_learnt() {
    let mut shop = Shop::open();
    shop.submit(&count("c", vec![line("apple", 10)]));
    shop.now += 100_000;
    shop.boot = shop.now;
    let suspended = shop.submit(&aged(sale("1", "96385074", 1), 150_000));
    assert!(suspended.movements[0].marks.has(Marks::UNSURE));
    let learnt = shop.resolve("r", "96385074", "apple", 1);
    assert!(learnt.movements[0].marks.has(Marks::UNORDERED.with(Marks::RECOUNT)));
    let closed = shop.submit(&zone_count("y", "floor", true, true, vec![line("apple", 9)]));
    assert_eq!(closed.movements.iter().filter(|one| one.marks.has(Marks::RECOUNT)).count(), 0, "this count saw it");
}

#[test]
fn base_units_under_an_unknown_code_stay_base_units_when_it_is_learnt() {
    let mut shop = Shop::open();
    let in_base = |item, quantity| TakenLine { unit: Unit::Base, ..line(item, quantity) };
    shop.submit(&trade("1", TradeKind::Sale, vec![in_base("96385074", 5), line("96385074", 1)]));
    shop.submit(&trade("2", TradeKind::Sale, vec![in_base("96385074", 2)]));
    shop.submit(&void("v1", "2"));
    shop.resolve("r", "96385074", "pear", 12);
    assert_eq!(shop.on_hand("pear"), -17);
    shop.submit(&void("v2", "1"));
    assert_eq!(shop.on_hand("pear"), 0);
}

#[test]
fn a_pack_of_an_item_that_is_not_on_file_is_parked() {
    let mut shop = Shop::open();
    let pack = |code: &str| Unit::Pack(code_spelling(code).unwrap());
    let other = TakenLine { unit: pack("14006381333938"), ..line("96385074", 1) };
    let itself = TakenLine { unit: pack("96385074"), ..line("96385074", 1) };
    let outcome = shop.submit(&trade("1", TradeKind::Sale, vec![other, itself]));
    let parked: Vec<_> = outcome.movements.iter().map(|one| one.parked.as_ref().map(|parked| parked.reason)).collect();
    assert_eq!(parked, [Some(ParkReason::UnitUnknown), None]);
}

#[test]
fn a_row_that_cannot_be_told_in_base_units_is_parked_and_no_row_is_resolved_twice() {
    let mut shop = Shop::open();
    let thousandth = Quantity::thousandths(1);
    shop.submit(&sale("1", "96385074", 1));
    shop.submit(&trade("2", TradeKind::Receipt, vec![TakenLine::plain(sku("96385074"), Quantity::thousandths(500))]));
    let resolve = |id: &str, units_per_scan| {
        document(id, Body::Resolve { code: code_spelling("96385074").unwrap(), sku: sku("rope"), units_per_scan })
    };
    let outcome = shop.submit(&resolve("r1", thousandth));
    let parked: Vec<_> = outcome.movements.iter().map(|one| one.parked.as_ref().map(|parked| parked.reason)).collect();
    assert_eq!(parked, [None, Some(ParkReason::QuantityDecimals)]);
    shop.submit(&resolve("r2", Quantity::ONE));
    assert_eq!(shop.stock("rope").on_hand, Quantity::thousandths(-1));
}

#[test]
fn a_code_learnt_to_be_untracked_has_no_effect_and_neither_has_its_void() {
    let mut shop = Shop::open();
    shop.submit(&sale("1", "96385074", 3));
    let outcome = shop.resolve("r", "96385074", "bag", 1);
    assert!(outcome.movements[0].marks.has(Marks::UNTRACKED));
    assert_eq!((outcome.movements[0].quantity, shop.on_hand("bag")), (units(-3), 0));
    shop.submit(&void("v", "1"));
    assert_eq!(shop.on_hand("bag"), 0);
}

#[test]
fn a_code_learnt_to_be_a_kit_moves_its_parts_and_so_does_its_void() {
    let mut shop = Shop::open();
    shop.submit(&sale("1", "96385074", 3));
    shop.resolve("r", "96385074", "kit", 2);
    assert_eq!((shop.on_hand("apple"), shop.on_hand("pear"), shop.on_hand("kit")), (-12, -6, 0));
    shop.submit(&void("v", "1"));
    assert_eq!((shop.on_hand("apple"), shop.on_hand("pear"), shop.on_hand("kit")), (0, 0, 0));
}
