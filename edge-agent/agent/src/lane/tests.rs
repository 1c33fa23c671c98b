use super::memory::MemoryError;
use super::*;

const EPOCH: Epoch = Epoch(0xabc);

fn lane() -> Lane {
    Lane::new(Label::new("counter").unwrap(), Mode::Look, LaneMemory::default()).unwrap()
}

fn item(code: &str) -> Input {
    Input::Item(Given::plain(code))
}

fn step(lane: &Lane, input: Input, now: u64) -> Step {
    let day = Label::new("2026-11-24").ok();
    lane.step(input, &Moment { epoch: EPOCH, odometer: Odometer(now), wall: tidemark_model::WallTime(0), day })
}

/// Takes a step as if the journal had saved it.
fn saved(lane: &mut Lane, input: Input, now: u64) -> (Signal, Option<Document>) {
    match step(lane, input, now) {
        Step::Signal(signal) => (signal, None),
        Step::Look(item) => panic!("looked at {item:?}"),
        Step::Remember { memory, signal } => {
            lane.adopt(memory);
            (signal, None)
        }
        Step::Write { document, memory, signal } => {
            lane.adopt(memory);
            (signal, Some(*document))
        }
    }
}

fn quantity(document: &Document) -> Quantity {
    let Body::Trade { lines, .. } = &document.body else { panic!("no sale: {:?}", document.body) };
    let Line::Taken(line) = &lines[0] else { panic!("parked: {lines:?}") };
    line.quantity
}

#[test]
fn a_fresh_lane_looks_and_writes_nothing() {
    assert_eq!(step(&lane(), item("4711"), 1), Step::Look(Given::plain("4711")));
}

#[test]
fn in_sell_every_scan_is_a_document_of_its_own() {
    let mut lane = lane();
    assert_eq!(saved(&mut lane, Input::Mode(Mode::Sell), 1).0, Signal::Tick);
    let (signal, first) = saved(&mut lane, item("4711"), 2);
    assert_eq!(signal, Signal::Good);
    let (_, second) = saved(&mut lane, item("4711"), 3);
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.labels.business_day.as_ref().map(Label::as_str), Some("2026-11-24"));
    let ids = [first.id.to_string(), second.id.to_string()];
    assert_eq!(ids, ["0000000000000abc-1", "0000000000000abc-2"]);
}

#[test]
fn the_number_of_a_document_that_was_not_saved_is_never_given_again() {
    let mut lane = lane();
    saved(&mut lane, Input::Mode(Mode::Sell), 1);
    let Step::Write { document: unsaved, .. } = step(&lane, item("4711"), 2) else { panic!("nothing written") };
    lane.give_up_number();
    let (_, next) = saved(&mut lane, item("4711"), 3);
    assert_ne!(next.unwrap().id, unsaved.id);
}

#[test]
fn a_lane_that_lost_its_memory_gives_no_number_again() {
    let mut before = lane();
    saved(&mut before, Input::Mode(Mode::Sell), 1);
    let (_, first) = saved(&mut before, item("4711"), 2_000);
    let memory = LaneMemory::anew(Mode::Sell, Odometer(90_000));
    let mut after = Lane::new(Label::new("counter").unwrap(), Mode::Sell, memory).unwrap();
    let (_, again) = saved(&mut after, item("4711"), 90_001);
    assert_ne!(again.unwrap().id, first.unwrap().id);
    after.skip_numbers(Odometer(200_000), 0);
    let (_, skipped) = saved(&mut after, item("4711"), 200_001);
    assert_eq!(skipped.unwrap().id.as_str(), "0000000000000abc-200002");
}

#[test]
fn a_quantity_counts_for_the_next_item_only() {
    let mut lane = lane();
    saved(&mut lane, Input::Mode(Mode::Sell), 1);
    saved(&mut lane, Input::Quantity(12), 2);
    let (_, case) = saved(&mut lane, item("4711"), 3);
    let (_, piece) = saved(&mut lane, item("4711"), 4);
    assert_eq!(quantity(&case.unwrap()), Quantity::units(12).unwrap());
    assert_eq!(quantity(&piece.unwrap()), Quantity::ONE);
}

#[test]
fn what_was_not_saved_is_not_remembered() {
    let mut lane = lane();
    saved(&mut lane, Input::Mode(Mode::Sell), 1);
    saved(&mut lane, Input::Quantity(5), 2);
    let Step::Write { document: lost, .. } = step(&lane, item("4711"), 3) else { panic!("no write") };
    let (_, again) = saved(&mut lane, item("4711"), 4);
    assert_eq!(*lost, again.unwrap(), "the same scan again is the same document");
}

#[test]
fn undo_goes_back_scan_by_scan_and_then_is_an_error() {
    let mut lane = lane();
    saved(&mut lane, Input::Mode(Mode::Sell), 1);
    saved(&mut lane, item("1"), 2);
    saved(&mut lane, item("2"), 3);
    for expected in ["0000000000000abc-2", "0000000000000abc-1"] {
        let (signal, document) = saved(&mut lane, Input::Undo, 4);
        assert_eq!(signal, Signal::Undone);
        assert!(matches!(document.unwrap().body, Body::Void { id, .. } if id.as_str() == expected));
    }
    assert_eq!(saved(&mut lane, Input::Undo, 5).0, Signal::Error);
}

#[test]
fn a_quiet_session_ends_and_forgets_the_quantity_but_writes_nothing() {
    let mut lane = lane();
    saved(&mut lane, Input::Mode(Mode::Sell), 1_000);
    saved(&mut lane, Input::Quantity(3), 2_000);
    assert_eq!(lane.waits_until(), Some(Odometer(17_000)));
    let Some(Step::Remember { memory, signal: Signal::Reminder }) = lane.time_out(Odometer(17_000)) else {
        panic!("no reminder")
    };
    lane.adopt(memory);
    assert_eq!(lane.time_out(Odometer(18_000)), None);
    assert_eq!(lane.waits_until(), Some(Odometer(182_000)));
    let Some(Step::Remember { memory, signal: Signal::End }) = lane.time_out(Odometer(182_000)) else {
        panic!("no end")
    };
    lane.adopt(memory);
    assert!(lane.memory().is_home(&Mode::Look));
    assert_eq!(lane.waits_until(), None);
    assert_eq!(step(&lane, item("4711"), 182_001), Step::Look(Given::plain("4711")));
}

#[test]
fn a_session_of_an_older_epoch_ends_by_the_odometer_that_began_anew() {
    let mut lane = lane();
    saved(&mut lane, Input::Mode(Mode::Sell), 9_000_000_000);
    lane.adopt(lane.memory().clone().taken_over(Odometer(5_000)));
    assert_eq!(lane.waits_until(), Some(Odometer(185_000)));
    assert!(matches!(lane.time_out(Odometer(185_000)), Some(Step::Remember { signal: Signal::End, .. })));
}

#[test]
fn a_restart_goes_on_where_the_lane_was() {
    let mut before = lane();
    saved(&mut before, Input::Mode(Mode::Sell), 1);
    saved(&mut before, item("4711"), 2);
    let memory = LaneMemory::decode(&before.memory().encode()).unwrap();
    assert_eq!(&memory, before.memory());
    assert_eq!(memory.last.as_deref(), Some("4711"));
    assert!(LaneMemory::decode(b"{}").is_err());
    let newer = br#"{"version":9,"mode":"look","multiplier":1,"reminded":false,"session":1,"counter":0,"undoable":[],"last":null,"touched_ms":0}"#;
    assert!(matches!(LaneMemory::decode(newer), Err(MemoryError::Newer(9))));
}

#[test]
fn what_is_neither_item_nor_command_keeps_nothing() {
    let mut lane = lane();
    saved(&mut lane, Input::Mode(Mode::Sell), 1);
    assert_eq!(step(&lane, Input::Strange, 2), Step::Signal(Signal::Error));
    assert_eq!(step(&lane, item(&"9".repeat(49)), 2), Step::Signal(Signal::Error));
}

#[test]
fn a_lane_whose_home_is_sell_begins_and_ends_there() {
    let mut lane = Lane::new(Label::new("express").unwrap(), Mode::Sell, LaneMemory::at(Mode::Sell)).unwrap();
    assert_eq!(saved(&mut lane, item("4711"), 1).0, Signal::Good);
    assert_eq!(saved(&mut lane, Input::End { closes: false }, 2).0, Signal::End);
    assert_eq!(lane.memory().mode, Mode::Sell);
    assert_eq!(saved(&mut lane, Input::Undo, 3).0, Signal::Error, "a session that ended is not undone");
}

fn label(text: &str) -> Label {
    Label::new(text).unwrap()
}

fn zone(name: &str, anew: bool) -> Mode {
    Mode::Count(Zone { count: Reference::new("c-1").unwrap(), name: label(name), sells: name == "floor", anew })
}

fn trade_of(document: &Document) -> (tidemark_model::document::TradeKind, Quantity) {
    let Body::Trade { kind, .. } = &document.body else { panic!("no trade: {:?}", document.body) };
    (*kind, quantity(document))
}

#[test]
fn each_writing_mode_writes_its_own_kind() {
    use tidemark_model::document::TradeKind;
    let mut lane = lane();
    for (mode, kind, sign) in [
        (Mode::Sell, TradeKind::Sale, 1),
        (Mode::Return, TradeKind::Return, 1),
        (Mode::Receive, TradeKind::Receipt, 1),
        (Mode::Waste(label("damage")), TradeKind::Adjustment, -1),
        (Mode::Send(label("S0002")), TradeKind::TransferOut, 1),
    ] {
        saved(&mut lane, Input::Mode(mode.clone()), 1);
        saved(&mut lane, Input::Quantity(3), 1);
        let (signal, document) = saved(&mut lane, item("4711"), 2);
        let document = document.unwrap();
        assert_eq!(
            (signal, trade_of(&document)),
            (Signal::Good, (kind, Quantity::units(3 * sign).unwrap())),
            "{mode:?}"
        );
        let counterpart = matches!(mode, Mode::Send(_)).then_some("S0002");
        assert_eq!(document.labels.counterpart.as_ref().map(Label::as_str), counterpart);
    }
}

#[test]
fn the_reason_of_waste_is_in_its_line() {
    let mut lane = lane();
    saved(&mut lane, Input::Mode(Mode::Waste(label("expiry"))), 1);
    let (_, document) = saved(&mut lane, item("4711"), 2);
    let Body::Trade { lines, .. } = document.unwrap().body else { panic!("no trade") };
    let Line::Taken(line) = &lines[0] else { panic!("parked") };
    assert_eq!(line.reason.as_ref().map(Label::as_str), Some("expiry"));
}

#[test]
fn reference_and_person_label_what_follows_until_the_session_ends() {
    let mut lane = lane();
    saved(&mut lane, Input::Mode(Mode::Receive), 1);
    saved(&mut lane, Input::Reference(Reference::new("PO-7").unwrap()), 2);
    saved(&mut lane, Input::Who(label("0815")), 3);
    let labels = |document: Option<Document>| {
        let labels = document.unwrap().labels;
        (labels.reference.map(|text| text.to_string()), labels.operator.map(|text| text.to_string()))
    };
    let given = (Some("PO-7".to_owned()), Some("0815".to_owned()));
    assert_eq!(labels(saved(&mut lane, item("1"), 4).1), given);
    saved(&mut lane, Input::End { closes: false }, 5);
    saved(&mut lane, Input::Mode(Mode::Receive), 6);
    assert_eq!(labels(saved(&mut lane, item("1"), 7).1), (None, None));
}

#[test]
fn an_amount_in_the_code_is_multiplied_and_says_its_unit() {
    let mut lane = lane();
    saved(&mut lane, Input::Mode(Mode::Receive), 1);
    saved(&mut lane, Input::Quantity(2), 2);
    let amount = Some(Amount { quantity: Quantity::thousandths(250), in_base: true, estimated: true });
    let (_, document) = saved(&mut lane, Input::Item(Given { amount, ..Given::plain("77") }), 3);
    let Body::Trade { lines, .. } = document.unwrap().body else { panic!("no trade") };
    let Line::Taken(line) = &lines[0] else { panic!("parked") };
    assert_eq!((line.quantity, &line.unit, line.estimated), (Quantity::thousandths(500), &Unit::Base, true));
}

#[test]
fn a_zone_is_counted_scan_by_scan_and_its_recount_begins_anew_once() {
    let mut lane = lane();
    saved(&mut lane, Input::Mode(zone("floor", true)), 1);
    let sheets: Vec<SheetUse> = (2..4)
        .map(|now| {
            let (_, document) = saved(&mut lane, item("4711"), now);
            let document = document.unwrap();
            assert_eq!(document.labels.zone.as_ref().map(Label::as_str), Some("floor"));
            assert_eq!(document.labels.counter.as_ref().map(Label::as_str), Some("counter"));
            let Body::Count(body) = document.body else { panic!("no count") };
            assert!(body.sells && !body.last);
            body.sheet
        })
        .collect();
    assert_eq!(sheets, [SheetUse::Anew, SheetUse::Adds]);
    assert_eq!(saved(&mut lane, Input::End { closes: false }, 5).0, Signal::End);
    let counting = lane.memory().count.clone().unwrap();
    assert_eq!((counting.name.as_str(), counting.zones), ("c-1", vec![(label("floor"), true)]));
}

#[test]
fn a_count_is_suspended_after_half_an_hour_and_nothing_is_closed() {
    let mut lane = lane();
    saved(&mut lane, Input::Mode(zone("attic", false)), 1_000);
    assert_eq!(lane.time_out(Odometer(1_000 + 4 * 60_000)), None, "it is quiet in an attic");
    let Some(Step::Remember { memory, signal: Signal::End }) = lane.time_out(Odometer(1_000 + 30 * 60_000)) else {
        panic!("no end")
    };
    lane.adopt(memory);
    assert_eq!(lane.memory().count.clone().unwrap().zones, [(label("attic"), false)], "it can be resumed");
}

#[test]
fn closing_is_a_document_without_lines() {
    let mut lane = lane();
    saved(&mut lane, Input::Mode(zone("floor", false)), 1);
    saved(&mut lane, item("4711"), 2);
    let (signal, document) = saved(&mut lane, Input::End { closes: true }, 3);
    let document = document.unwrap();
    assert_eq!((signal, document.labels.reference.as_ref().map(Reference::as_str)), (Signal::Closed, Some("c-1")));
    assert!(matches!(&document.body, Body::Count(body) if body.last && body.lines.is_empty()));
    assert_eq!((&lane.memory().mode, &lane.memory().count), (&Mode::Look, &None));
    assert_eq!(saved(&mut lane, Input::Undo, 4).0, Signal::Error, "a count that is closed is counted again");
}

#[test]
fn all_that_a_lane_remembers_is_read_back() {
    let mut lane = lane();
    for mode in [Mode::Return, Mode::Waste(label("damage")), Mode::Send(label("S0002")), zone("floor", true)] {
        saved(&mut lane, Input::Mode(mode), 1);
        saved(&mut lane, Input::Reference(Reference::new("PO-7").unwrap()), 2);
        saved(&mut lane, Input::Who(label("0815")), 3);
        assert_eq!(&LaneMemory::decode(&lane.memory().encode()).unwrap(), lane.memory());
    }
}

#[test]
fn the_memory_of_the_release_before_is_read() {
    let kept = br#"{"version":1,"mode":"sell","multiplier":2,"reminded":false,"session":3,"counter":4,"undoable":[4],"last":"4711","touched_ms":5}"#;
    let memory = LaneMemory::decode(kept).unwrap();
    let expected = LaneMemory {
        multiplier: 2,
        session: 3,
        counter: 4,
        undoable: vec![4],
        last: Some("4711".to_owned()),
        touched: Odometer(5),
        ..LaneMemory::at(Mode::Sell)
    };
    assert_eq!(memory, expected);
}
