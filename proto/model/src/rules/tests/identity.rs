use super::shop::*;
use crate::document::{Body, Line, ParkedLine, TradeKind};
use crate::kind::{Kind, ParkReason};
use crate::limits::{DETAIL_BYTES, RAW_BYTES};
use crate::outcome::{Status, Warning};
use crate::quantity::Quantity;
use crate::text::Label;

#[test]
fn a_retry_is_a_duplicate_with_the_same_position_and_no_warnings() {
    let mut shop = Shop::open();
    let first = shop.submit(&sale("1", "apple", 1));
    let again = shop.submit(&sale("1", "apple", 1));
    assert_eq!((again.status, again.first, again.lines), (Status::Duplicate, first.first, first.lines));
    assert!(again.warnings.is_empty() && again.movements.is_empty());
    assert_eq!(shop.on_hand("apple"), -1);
}

#[test]
fn other_labels_and_another_time_make_no_other_content() {
    let mut shop = Shop::open();
    shop.submit(&sale("1", "apple", 1));
    let mut again = sale("1", "apple", 1);
    again.labels.operator = Some(Label::new("7").unwrap());
    again.labels.business_day = Some(Label::new("2026-11-24").unwrap());
    again.timing = crate::document::Timing::Deferred { age_ms: Some(60_000) };
    again.wall = crate::WallTime(99);
    assert_eq!(shop.submit(&again).status, Status::Duplicate);
}

#[test]
fn the_same_id_with_other_content_is_parked_once_per_content() {
    let mut shop = Shop::open();
    shop.submit(&sale("1", "apple", 1));
    for (quantity, status) in
        [(2, Status::Accepted), (2, Status::Duplicate), (3, Status::Accepted), (1, Status::Duplicate)]
    {
        let outcome = shop.submit(&sale("1", "apple", quantity));
        assert_eq!(outcome.status, status, "{quantity}");
        for movement in outcome.movements {
            assert_eq!(movement.parked.map(|parked| parked.reason), Some(ParkReason::IdReused));
        }
    }
    assert_eq!(shop.on_hand("apple"), -1);
    assert_eq!(shop.movements.len(), 3);
}

#[test]
fn a_parked_line_holds_no_other_line_up() {
    let mut shop = Shop::open();
    let parked = ParkedLine {
        reason: ParkReason::QuantityUnreadable,
        detail: "\"two\" is not a number".to_owned(),
        raw: "{}".to_owned(),
    };
    let lines = vec![Line::Parked(parked.clone()), Line::Taken(line("apple", 1))];
    let outcome = shop.submit(&document("1", Body::Trade { kind: TradeKind::Sale, last: false, lines }));
    assert_eq!(outcome.lines, 2);
    let expected = Warning::Parked { line: 1, reason: ParkReason::QuantityUnreadable, detail: parked.detail.clone() };
    assert_eq!(outcome.warnings.first(), Some(&expected));
    assert_eq!(shop.on_hand("apple"), -1);
    let whole = shop.submit(&document("2", Body::Unreadable(parked)));
    assert_eq!(whole.movements[0].kind, Kind::Unknown);
}

#[test]
fn numbers_that_never_came_are_named() {
    let mut shop = Shop::open();
    let numbered = |id: &str, number| {
        let mut document = sale(id, "apple", 1);
        document.sequence = Some(number);
        document
    };
    shop.submit(&numbered("a", 7));
    let outcome = shop.submit(&numbered("b", 10));
    assert!(outcome.warnings.contains(&Warning::SequenceGap { first: 8, last: 9 }));
    let again = shop.submit(&numbered("b", 10));
    assert_eq!(again.status, Status::Duplicate);
    let outcome = shop.submit(&numbered("c", 1));
    assert!(outcome.warnings.contains(&Warning::SequenceRestarted { highest: 10 }));
}

#[test]
fn a_document_without_effect_still_takes_a_position() {
    let mut shop = Shop::open();
    for (id, body) in [
        ("1", Body::DayClose { documents: Some(3), units: None }),
        ("2", Body::InstructionResult { instruction: Label::new("i-1").unwrap(), refused: false }),
        ("3", Body::Trade { kind: TradeKind::Sale, last: false, lines: Vec::new() }),
    ] {
        assert_eq!(shop.submit(&document(id, body)).lines, 1, "{id}");
    }
    assert_eq!(shop.movements.len(), 3);
}

#[test]
fn a_day_close_keeps_the_totals_its_till_counted() {
    let mut shop = Shop::open();
    let outcome = shop.submit(&document("1", Body::DayClose { documents: Some(3), units: Some(units(41)) }));
    let close = &outcome.movements[0];
    assert_eq!((close.quantity, close.documents, close.effect), (units(41), Some(3), Quantity::ZERO));
}

#[test]
fn what_is_kept_of_a_parked_document_is_cut_to_what_a_record_holds() {
    let mut shop = Shop::open();
    let parked = ParkedLine {
        reason: ParkReason::UnknownType,
        detail: "é".repeat(DETAIL_BYTES),
        raw: format!("x{}", "é".repeat(RAW_BYTES)),
    };
    let outcome = shop.submit(&document("1", Body::Unreadable(parked)));
    let kept = outcome.movements[0].parked.clone().unwrap();
    assert_eq!((kept.detail.len(), kept.raw.len()), (DETAIL_BYTES, RAW_BYTES - 1));
}
