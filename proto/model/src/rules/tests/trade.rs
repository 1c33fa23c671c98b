use super::shop::*;
use crate::document::{TakenLine, TradeKind, Unit};
use crate::kind::{Basis, Disposition, Marks, ParkReason};
use crate::outcome::Warning;
use crate::quantity::Quantity;
use crate::text::Code;

#[test]
fn each_kind_adds_or_takes() {
    let mut shop = Shop::open();
    for (id, kind, after) in [
        ("1", TradeKind::Receipt, 10),
        ("2", TradeKind::Sale, 0),
        ("3", TradeKind::Return, 10),
        ("4", TradeKind::TransferIn, 20),
        ("5", TradeKind::TransferOut, 10),
        ("6", TradeKind::Adjustment, 20),
    ] {
        shop.submit(&trade(id, kind, vec![line("apple", 10)]));
        assert_eq!(shop.on_hand("apple"), after, "{kind:?}");
    }
    shop.submit(&trade("7", TradeKind::Adjustment, vec![line("apple", -3)]));
    assert_eq!(shop.on_hand("apple"), 17);
    assert_eq!(shop.stock("apple").basis, Basis::None);
}

#[test]
fn a_return_to_waste_changes_nothing() {
    let mut shop = Shop::open();
    let wasted = TakenLine { disposition: Some(Disposition::Waste), ..line("apple", 2) };
    let outcome = shop.submit(&trade("1", TradeKind::Return, vec![wasted]));
    assert_eq!(shop.on_hand("apple"), 0);
    assert_eq!(outcome.movements[0].disposition, Some(Disposition::Waste));
}

#[test]
fn a_code_counts_packs_and_a_sku_counts_base_units() {
    let mut shop = Shop::open();
    shop.submit(&trade("1", TradeKind::Receipt, vec![line("14006381333938", 2), line("apple", 5)]));
    assert_eq!(shop.on_hand("apple"), 29);
    let movement = &shop.movements[0];
    assert_eq!(movement.units_per_scan, units(12));
    assert_eq!(movement.code.as_ref().map(Code::as_str), Some("14006381333938"));
    assert_eq!((shop.movements[0].previous, shop.movements[1].previous), (0, 1));
}

#[test]
fn a_unit_overrules_what_the_code_counts() {
    let mut shop = Shop::open();
    let base = TakenLine { unit: Unit::Base, ..line("14006381333938", 2) };
    let pack = TakenLine { unit: Unit::Pack(Code::new("14006381333938").unwrap()), ..line("apple", 1) };
    let strange = TakenLine { unit: Unit::Pack(Code::new("pallet").unwrap()), ..line("apple", 1) };
    let outcome = shop.submit(&trade("1", TradeKind::Receipt, vec![base, pack, strange]));
    assert_eq!(shop.on_hand("apple"), 14);
    assert_eq!(outcome.movements[2].parked.as_ref().map(|parked| parked.reason), Some(ParkReason::UnitUnknown));
}

#[test]
fn an_unknown_code_is_applied_without_a_sku_and_waits_in_suspense() {
    let mut shop = Shop::open();
    let outcome = shop.submit(&sale("1", "96385074", 3));
    let movement = &outcome.movements[0];
    assert_eq!((movement.sku.as_ref(), movement.effect), (None, Quantity::ZERO));
    assert!(movement.parked.is_none());
    assert_eq!(outcome.warnings, [Warning::UnknownItem { line: 1, item: "96385074".to_owned() }]);
}

#[test]
fn an_untracked_item_is_recorded_and_never_parked() {
    let mut shop = Shop::open();
    let outcome = shop.submit(&sale("1", "bag", 1));
    assert!(outcome.warnings.is_empty());
    assert_eq!(shop.on_hand("bag"), 0);
    assert!(outcome.movements[0].marks.has(Marks::UNTRACKED));
}

#[test]
fn an_untracked_item_is_not_parked_whatever_its_line_counts() {
    let mut shop = Shop::open();
    shop.books.learn_code(Code::new("bags").unwrap(), sku("bag"), Quantity::thousandths(500));
    let odd = TakenLine::plain(sku("bags"), Quantity::thousandths(1));
    let pallet = TakenLine { unit: Unit::Pack(Code::new("pallet").unwrap()), ..line("bag", 1) };
    let outcome = shop.submit(&trade("1", TradeKind::Sale, vec![odd, pallet]));
    assert!(outcome.movements.iter().all(|one| one.parked.is_none() && one.marks.has(Marks::UNTRACKED)));
    assert_eq!(shop.on_hand("bag"), 0);
}

#[test]
fn a_kit_line_makes_a_movement_a_part() {
    let mut shop = Shop::open();
    let outcome = shop.submit(&sale("1", "kit", 3));
    assert_eq!(outcome.lines, 2);
    assert_eq!((shop.on_hand("apple"), shop.on_hand("pear"), shop.on_hand("kit")), (-6, -3, 0));
    let ordinals: Vec<_> = outcome.movements.iter().map(|m| (m.document.ordinal, m.document.count)).collect();
    assert_eq!(ordinals, [(1, 2), (2, 2)]);
}

#[test]
fn a_fraction_of_a_piece_is_taken_and_flagged_and_of_a_length_not() {
    let mut shop = Shop::open();
    let half = |item| TakenLine::plain(sku(item), Quantity::thousandths(500));
    let outcome = shop.submit(&trade("1", TradeKind::Receipt, vec![half("apple"), half("rope")]));
    assert_eq!(outcome.warnings, [Warning::Fraction { line: 1 }]);
    assert!(outcome.movements[0].marks.has(Marks::FRACTION));
    assert!(!outcome.movements[1].marks.has(Marks::FRACTION));
}

#[test]
fn negative_on_hand_is_allowed_and_flagged() {
    let mut shop = Shop::open();
    let outcome = shop.submit(&sale("1", "apple", 1));
    assert_eq!(outcome.warnings, [Warning::Negative { line: 1 }]);
    assert!(outcome.movements[0].marks.has(Marks::NEGATIVE));
}

#[test]
fn a_sum_beyond_64_bits_is_parked_and_the_other_lines_go_on() {
    let mut shop = Shop::open();
    let huge = |value| TakenLine { unit: Unit::Base, ..TakenLine::plain(sku("rope"), Quantity::thousandths(value)) };
    shop.submit(&trade("1", TradeKind::Receipt, vec![huge(i64::MAX)]));
    let outcome = shop.submit(&trade("2", TradeKind::Receipt, vec![huge(1), line("apple", 1)]));
    assert_eq!(outcome.movements[0].parked.as_ref().map(|parked| parked.reason), Some(ParkReason::Overflow));
    assert_eq!(shop.stock("rope").on_hand, Quantity::thousandths(i64::MAX));
    assert_eq!(shop.on_hand("apple"), 1);
}

#[test]
fn sale_and_return_stand_in_one_receipt() {
    let mut shop = Shop::open();
    let back = TakenLine { kind: Some(TradeKind::Return), ..line("pear", 1) };
    shop.submit(&trade("1", TradeKind::Sale, vec![line("apple", 2), back]));
    assert_eq!((shop.on_hand("apple"), shop.on_hand("pear")), (-2, 1));
}
