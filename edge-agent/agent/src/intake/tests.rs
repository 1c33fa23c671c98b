//! Bad input case by case, as tills send it.

use serde_json::{Value, json};
use tidemark_model::content::content_digest;
use tidemark_model::document::{Body, Line, ParkedLine, TakenLine, Timing};
use tidemark_model::{Document, ParkReason, Quantity, WallTime};

use super::*;

fn place() -> Place {
    let time_zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    Place { time_zone, wall: WallTime(1_795_000_000_000) }
}

fn sale(data: Value) -> Value {
    json!({"specversion": "1.0", "type": "tidemark.sale", "source": "till:3", "id": "a-1", "data": data})
}

fn read_one(event: &Value) -> Intake {
    read(Content::One, event.to_string().as_bytes(), &place()).unwrap().remove(0)
}

fn submitted(event: &Value) -> (Document, Vec<&'static str>) {
    match read_one(event) {
        Intake::Submit(submitted) => {
            (submitted.document, submitted.remarks.into_iter().map(|remark| remark.code).collect())
        }
        Intake::Answered(answer) | Intake::Passed { answer, .. } => panic!("expected a document, got {answer:?}"),
    }
}

fn answered(event: &Value) -> Value {
    match read_one(event) {
        Intake::Answered(answer) | Intake::Passed { answer, .. } => serde_json::to_value(answer).unwrap(),
        Intake::Submit(submitted) => panic!("expected an answer, got {submitted:?}"),
    }
}

fn lines(document: &Document) -> &[Line] {
    let Body::Trade { lines, .. } = &document.body else { panic!("no trade: {:?}", document.body) };
    lines
}

fn taken(document: &Document) -> &TakenLine {
    match &lines(document)[0] {
        Line::Taken(line) => line,
        Line::Parked(parked) => panic!("parked: {parked:?}"),
    }
}

fn parked(document: &Document) -> &ParkedLine {
    match &lines(document)[0] {
        Line::Parked(parked) => parked,
        Line::Taken(line) => panic!("taken: {line:?}"),
    }
}

fn one_line(line: Value) -> Value {
    sale(json!({"lines": [line]}))
}

#[test]
fn an_ordinary_sale_is_read_without_remarks() {
    let mut event = sale(json!({
        "lines": [{"item": "4006381333931", "quantity": 2}, {"item": "apple", "quantity": "0.385"}],
        "till": "3", "operator": "17", "business_day": "2026-11-24", "sequence": 41,
    }));
    event["time"] = json!("2026-11-24T10:00:00+01:00");
    let (document, remarks) = submitted(&event);
    assert!(remarks.is_empty(), "{remarks:?}");
    assert_eq!(taken(&document).quantity, Quantity::units(2).unwrap());
    assert_eq!(document.wall, WallTime(1_795_510_800_000));
    assert_eq!(document.sequence, Some(41));
    assert!(document.business_day_given);
}

#[test]
fn a_business_day_that_was_not_given_is_the_one_of_its_time() {
    let mut event = one_line(json!({"item": "a", "quantity": 1}));
    event["time"] = json!("2026-11-24T02:59:59Z");
    let (document, _) = submitted(&event);
    assert_eq!(document.labels.business_day.unwrap().as_str(), "2026-11-23");
    assert!(!document.business_day_given);
}

#[test]
fn broken_json_is_refused_whole() {
    for body in ["", "{", "[1", "{\"id\": }", "17", "null", "[{}]"] {
        assert!(matches!(read(Content::One, body.as_bytes(), &place()), Err(Refusal::Broken(_))), "{body}");
    }
    assert!(matches!(read(Content::Batch, b"{}", &place()), Err(Refusal::Broken(_))));
    assert!(matches!(read(Content::One, b"{\"id\": \"\xff\"}", &place()), Err(Refusal::Broken(_))));
    let deep = "[".repeat(100_000);
    assert!(matches!(read(Content::Batch, deep.as_bytes(), &place()), Err(Refusal::Broken(_))));
}

#[test]
fn a_batch_of_more_than_a_thousand_is_refused_whole() {
    let events = vec![one_line(json!({"item": "a", "quantity": 1})); 1_001];
    let body = serde_json::to_vec(&events).unwrap();
    assert_eq!(read(Content::Batch, &body, &place()).err(), Some(Refusal::TooMany(1_001)));
}

#[test]
fn only_the_two_content_types_are_taken() {
    assert_eq!(Content::of("application/cloudevents+json; charset=utf-8"), Some(Content::One));
    assert_eq!(Content::of("Application/CloudEvents-Batch+JSON"), Some(Content::Batch));
    assert_eq!(Content::of("application/json"), None);
    assert_eq!(Content::of(""), None);
}

#[test]
fn without_source_or_id_or_with_an_over_long_one_a_document_is_rejected() {
    for (member, value, code) in [
        ("id", Value::Null, "identity_missing"),
        ("id", json!(""), "identity_missing"),
        ("id", json!(7), "identity_missing"),
        ("source", Value::Null, "identity_missing"),
        ("id", json!("x".repeat(129)), "identity_too_long"),
        ("source", json!("x".repeat(129)), "identity_too_long"),
    ] {
        let mut event = one_line(json!({"item": "a", "quantity": 1}));
        event[member] = value;
        let answer = answered(&event);
        assert_eq!((&answer["status"], &answer["code"]), (&json!("rejected"), &json!(code)));
        assert!(answer["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
    }
}

#[test]
fn one_bad_document_leaves_the_others_good() {
    let mut bad = one_line(json!({"item": "a", "quantity": 1}));
    bad["id"] = Value::Null;
    let good = one_line(json!({"item": "a", "quantity": 1}));
    let body = serde_json::to_vec(&[good.clone(), bad, good]).unwrap();
    let results = read(Content::Batch, &body, &place()).unwrap();
    let kinds: Vec<bool> = results.iter().map(|result| matches!(result, Intake::Submit(_))).collect();
    assert_eq!(kinds, [true, false, true]);
}

#[test]
fn an_unknown_type_or_missing_lines_are_parked_whole() {
    let mut event = one_line(json!({"item": "a", "quantity": 1}));
    event["type"] = json!("acme.sale");
    let (document, _) = submitted(&event);
    assert!(
        matches!(&document.body, Body::Unreadable(p) if p.reason == ParkReason::UnknownType && p.raw.contains("quantity"))
    );
    for data in [json!({}), json!({"lines": []}), json!({"lines": "none"})] {
        let (document, _) = submitted(&sale(data));
        assert!(matches!(&document.body, Body::Unreadable(p) if p.reason == ParkReason::MissingLines));
    }
    let (document, _) = submitted(&sale(json!(17)));
    assert!(matches!(&document.body, Body::Unreadable(p) if p.reason == ParkReason::DocumentUnreadable));
}

#[test]
fn what_is_too_large_to_park_is_rejected() {
    let mut event = sale(json!({"text": "x".repeat(33_000)}));
    event["type"] = json!("acme.sale");
    assert_eq!(answered(&event)["code"], "too_large_to_park");
}

#[test]
fn a_document_of_20_001_lines_or_over_4_mib_is_rejected() {
    let line = json!({"item": "a", "quantity": 1});
    assert_eq!(answered(&sale(json!({"lines": vec![line.clone(); 20_001]})))["code"], "too_many_lines");
    let (document, _) = submitted(&sale(json!({"lines": vec![line; 20_000]})));
    assert_eq!(lines(&document).len(), 20_000);
    let large = sale(json!({"lines": [], "note": "x".repeat(4 * 1024 * 1024)}));
    assert_eq!(answered(&large)["code"], "document_too_large");
}

#[test]
fn a_quantity_that_cannot_be_read_parks_its_line_alone() {
    for (quantity, reason) in [
        (json!(1.2345), ParkReason::QuantityDecimals),
        (json!("two"), ParkReason::QuantityUnreadable),
        (Value::Null, ParkReason::QuantityUnreadable),
        (json!(true), ParkReason::QuantityUnreadable),
        (json!(1_000_001), ParkReason::QuantityBounds),
        (json!(-1_000_001), ParkReason::QuantityBounds),
    ] {
        let (document, _) = submitted(&one_line(json!({"item": "a", "quantity": quantity})));
        assert_eq!(parked(&document).reason, reason, "{quantity}");
        assert!(parked(&document).raw.contains("item"));
    }
}

#[test]
fn an_item_that_cannot_be_kept_is_parked_by_its_shape() {
    let long = "1234567890".repeat(5);
    let (document, _) = submitted(&one_line(json!({"item": long, "quantity": 1})));
    assert_eq!(parked(&document).reason, ParkReason::ItemUnreadable);
    assert!(!parked(&document).raw.contains("1234567890"), "{}", parked(&document).raw);
    let (document, _) = submitted(&one_line(json!({"quantity": 1})));
    assert_eq!(parked(&document).reason, ParkReason::ItemUnreadable);
}

#[test]
fn a_word_that_is_not_of_its_list_parks_its_line() {
    for (member, value, reason) in [
        ("kind", json!("gift"), ParkReason::LineUnreadable),
        ("disposition", json!("moon"), ParkReason::LineUnreadable),
        ("unit", json!(12), ParkReason::UnitUnknown),
    ] {
        let mut line = json!({"item": "a", "quantity": 1});
        line[member] = value;
        let (document, _) = submitted(&one_line(line));
        assert_eq!(parked(&document).reason, reason, "{member}");
    }
}

#[test]
fn unknown_members_are_named_and_nothing_is_lost() {
    let mut event = sale(json!({"lines": [{"item": "a", "quantity": 1, "colour": "red"}], "tender": "cash"}));
    event["shopid"] = json!("7");
    let Intake::Submit(submitted) = read_one(&event) else { panic!("expected a document") };
    let told: Vec<_> = submitted.remarks.iter().map(|r| (r.code, r.line, r.detail.as_str())).collect();
    assert_eq!(
        told,
        [
            ("unknown_members", Some(1), "not known here: colour"),
            ("unknown_members", None, "not known here: tender"),
            ("unknown_members", None, "not known here: shopid"),
        ]
    );
    assert_eq!(lines(&submitted.document).len(), 1);
}

#[test]
fn a_label_too_long_is_cut_and_control_characters_are_replaced() {
    let (document, remarks) = submitted(&sale(json!({
        "lines": [{"item": "a", "quantity": 1}], "till": "x".repeat(65), "operator": "a\u{0}b",
    })));
    assert_eq!(document.labels.till.unwrap().as_str().len(), 64);
    assert_eq!(document.labels.operator.unwrap().as_str(), "a\u{FFFD}b");
    assert_eq!(remarks, ["label_cut", "control_characters"]);
}

#[test]
fn card_digits_are_masked_in_a_note_and_luhn_valid_digits_elsewhere_pass() {
    let card = "4111111111111111";
    let (document, _) = submitted(&sale(json!({
        "lines": [{"item": card, "quantity": 1, "serial": card}], "note": format!("card {card}"), "reference": card,
    })));
    assert_eq!(document.labels.note.as_ref().unwrap().as_str(), "card ************1111");
    assert_eq!(document.labels.reference.as_ref().unwrap().as_str(), card);
    assert_eq!(taken(&document).item.as_str(), card);
    let mut unknown = sale(json!({"note": card}));
    unknown["type"] = json!("acme.note");
    let (document, _) = submitted(&unknown);
    assert!(matches!(&document.body, Body::Unreadable(p) if !p.raw.contains(card)));
}

#[test]
fn training_is_ignored_and_not_kept() {
    let answer = answered(&sale(json!({"lines": [{"item": "a", "quantity": 1}], "training": true})));
    assert_eq!(answer["status"], "ignored");
}

#[test]
fn deferred_with_and_without_an_age() {
    let line = json!([{"item": "a", "quantity": 1, "age_ms": 5}]);
    let (document, _) = submitted(&sale(json!({"lines": line, "deferred": true, "age_ms": 60_000})));
    assert_eq!(document.timing, Timing::Deferred { age_ms: Some(60_000) });
    assert_eq!(taken(&document).age_ms, Some(5));
    let (document, remarks) = submitted(&sale(json!({"lines": line, "deferred": true, "age_ms": "soon"})));
    assert_eq!(document.timing, Timing::Deferred { age_ms: None });
    assert_eq!(remarks, ["number_unreadable"]);
}

#[test]
fn a_void_names_its_document_or_is_parked() {
    let void = |data: Value| {
        let mut event = sale(data);
        event["type"] = json!("tidemark.void");
        submitted(&event).0.body
    };
    assert!(matches!(void(json!({"voids": {"source": "till:3", "id": "7"}})), Body::Void { .. }));
    for data in [json!({}), json!({"voids": {"id": "7"}}), json!({"voids": "7"})] {
        assert!(matches!(void(data), Body::Unreadable(p) if p.reason == ParkReason::DocumentUnreadable));
    }
}

#[test]
fn an_unreadable_time_is_replaced_by_the_box_s_own() {
    let mut event = one_line(json!({"item": "a", "quantity": 1}));
    event["time"] = json!("yesterday");
    let (document, remarks) = submitted(&event);
    assert_eq!((document.wall, remarks), (place().wall, vec!["time_unreadable"]));
}

#[test]
fn an_element_that_cannot_be_read_leaves_the_others_of_its_batch_good() {
    let good = one_line(json!({"item": "a", "quantity": 1})).to_string();
    let deep = format!(
        "{{\"id\": \"deep\", \"source\": \"till:3\", \"type\": \"tidemark.sale\", \"data\": {}1{}}}",
        "[".repeat(200),
        "]".repeat(200)
    );
    let body = format!("[{good}, 17, {deep}, {good}]");
    let results = read(Content::Batch, body.as_bytes(), &place()).unwrap();
    let [Intake::Submit(_), Intake::Answered(unreadable), Intake::Submit(deep), Intake::Submit(_)] = results.as_slice()
    else {
        panic!("{results:?}")
    };
    assert_eq!(unreadable.rejection().map(|(code, _)| code), Some("unreadable"));
    assert!(matches!(&deep.document.body, Body::Unreadable(p) if p.reason == ParkReason::DocumentUnreadable));
    assert_eq!(deep.document.id.as_str(), "deep");
}

#[test]
fn half_a_character_does_not_cost_the_sale() {
    let event = one_line(json!({"item": "a", "quantity": 1})).to_string();
    let event = event.replace("\"specversion\"", "\"subject\": \"\\ud83d\", \"specversion\"");
    let Intake::Submit(submitted) = read(Content::One, event.as_bytes(), &place()).unwrap().remove(0) else {
        panic!("no document")
    };
    assert_eq!(lines(&submitted.document).len(), 1);
    assert_eq!(submitted.remarks[0].code, "half_characters");
}

#[test]
fn what_is_parked_and_sent_again_with_another_age_is_the_same_content() {
    let whole = |age: u64| {
        let mut event =
            sale(json!({"total": 3, "deferred": true, "age_ms": age, "lines": [{"item": "a", "age_ms": age}]}));
        event["type"] = json!("acme.sale");
        content_digest(&submitted(&event).0)
    };
    assert_eq!(whole(60_000), whole(90_000));
    let line = |age: u64| {
        let lines = json!([{"item": "a", "quantity": "two", "age_ms": age}]);
        content_digest(&submitted(&sale(json!({"lines": lines, "deferred": true, "age_ms": age}))).0)
    };
    assert_eq!(line(60_000), line(90_000));
}

#[test]
fn what_must_not_be_kept_is_not_in_a_document_that_is_parked_whole() {
    let licence = "@ANSI 636026080102DL".repeat(5);
    let card = "4111 1111 1111 1111 12/26";
    let mut event = sale(json!({"lines": [{"item": licence, "quantity": 1, "note": card}], "note": card}));
    event["type"] = json!("acme.sale");
    let Body::Unreadable(parked) = submitted(&event).0.body else { panic!("not parked") };
    assert!(!parked.raw.contains("636026") && !parked.raw.contains("4111"), "{}", parked.raw);
}

#[test]
fn a_card_that_is_cut_at_the_end_of_a_note_is_masked_before() {
    let note = format!("{}4111111111111111", "x".repeat(500));
    let (document, remarks) = submitted(&sale(json!({"lines": [{"item": "a", "quantity": 1}], "note": note})));
    let kept = document.labels.note.unwrap();
    assert_eq!(kept.as_str(), format!("{}{}", "x".repeat(500), "*".repeat(12)));
    assert_eq!(remarks, ["label_cut"]);
}

#[test]
fn an_item_as_a_scanner_sent_it_is_read_as_a_scan() {
    let item = |item: &str| {
        let (document, remarks) = submitted(&one_line(json!({"item": item, "quantity": 1})));
        (taken(&document).item.to_string(), remarks)
    };
    assert_eq!(item("]d2010400638133393110A\u{1d}17260131").0, "04006381333931");
    assert_eq!(item("4006381333931\r\n"), ("04006381333931".to_owned(), vec![]));
    assert_eq!(item("a\u{1}b"), ("a\u{FFFD}b".to_owned(), vec!["control_characters"]));
}

#[test]
fn what_is_left_out_is_named() {
    let typed = |word: &str, data: Value| {
        let mut event = sale(data);
        event["type"] = json!(word);
        submitted(&event).1
    };
    assert_eq!(
        typed("tidemark.day_close", json!({"business_day": "2026-11-24", "units": "many"})),
        ["number_unreadable"]
    );
    let voids = json!({"voids": {"source": "till:3", "id": "7", "line": 2}});
    assert_eq!(typed("tidemark.void", voids), ["unknown_members"]);
    let lines = json!([{"item": "a", "quantity": 1, "age_ms": 5}]);
    assert_eq!(typed("tidemark.sale", json!({"lines": lines, "age_ms": 9})), ["age_ignored", "age_ignored"]);
}

#[test]
fn sources_of_the_box_are_nobody_elses() {
    for (source, own) in [("centre", true), ("box", true), ("lane:goods-in", true), ("till:1", false), ("lanes", false)]
    {
        assert_eq!(is_own(&Source::new(source).unwrap()), own, "{source}");
    }
}

proptest::proptest! {
    #[test]
    fn no_body_makes_it_panic(body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
        drop(read(Content::One, &body, &place()));
        drop(read(Content::Batch, &body, &place()));
    }

    #[test]
    fn no_member_makes_it_panic(name in "(lines|item|quantity|note|voids|time|id|data|type|age_ms|zone)", value in ".{0,30}") {
        let text = sale(json!({"lines": [{"item": "a", "quantity": 1, name.clone(): value}], name: value})).to_string();
        drop(read(Content::One, text.as_bytes(), &place()));
    }
}
