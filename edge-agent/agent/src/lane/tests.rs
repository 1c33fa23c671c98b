use super::memory::MemoryError;
use super::*;

const EPOCH: Epoch = Epoch(0xabc);

fn lane() -> Lane {
    Lane::new(Label::new("counter").unwrap(), Mode::Look, LaneMemory::default()).unwrap()
}

fn step(lane: &Lane, input: Input<'_>, now: u64) -> Step {
    let day = Label::new("2026-11-24").ok();
    lane.step(input, &Moment { epoch: EPOCH, odometer: Odometer(now), wall: WallTime(0), day })
}

/// Takes a step as if the journal had saved it.
fn saved(lane: &mut Lane, input: Input<'_>, now: u64) -> (Signal, Option<Document>) {
    match step(lane, input, now) {
        Step::Signal(signal) => (signal, None),
        Step::Look(item) => panic!("looked at {item}"),
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
    assert_eq!(step(&lane(), Input::Item("4711"), 1), Step::Look("4711".to_owned()));
}

#[test]
fn in_sell_every_scan_is_a_document_of_its_own() {
    let mut lane = lane();
    assert_eq!(saved(&mut lane, Input::Mode(Mode::Sell), 1).0, Signal::Tick);
    let (signal, first) = saved(&mut lane, Input::Item("4711"), 2);
    assert_eq!(signal, Signal::Good);
    let (_, second) = saved(&mut lane, Input::Item("4711"), 3);
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.labels.business_day.as_ref().map(Label::as_str), Some("2026-11-24"));
    let ids = [first.id.to_string(), second.id.to_string()];
    assert_eq!(ids, ["0000000000000abc-1", "0000000000000abc-2"]);
}

#[test]
fn the_number_of_a_document_that_was_not_saved_is_never_given_again() {
    let mut lane = lane();
    saved(&mut lane, Input::Mode(Mode::Sell), 1);
    let Step::Write { document: unsaved, .. } = step(&lane, Input::Item("4711"), 2) else { panic!("nothing written") };
    lane.give_up_number();
    let (_, next) = saved(&mut lane, Input::Item("4711"), 3);
    assert_ne!(next.unwrap().id, unsaved.id);
}

#[test]
fn a_lane_that_lost_its_memory_gives_no_number_again() {
    let mut before = lane();
    saved(&mut before, Input::Mode(Mode::Sell), 1);
    let (_, first) = saved(&mut before, Input::Item("4711"), 2_000);
    let memory = LaneMemory::anew(Mode::Sell, Odometer(90_000));
    let mut after = Lane::new(Label::new("counter").unwrap(), Mode::Sell, memory).unwrap();
    let (_, again) = saved(&mut after, Input::Item("4711"), 90_001);
    assert_ne!(again.unwrap().id, first.unwrap().id);
    after.skip_numbers(Odometer(200_000), 0);
    let (_, skipped) = saved(&mut after, Input::Item("4711"), 200_001);
    assert_eq!(skipped.unwrap().id.as_str(), "0000000000000abc-200002");
}

#[test]
fn a_quantity_counts_for_the_next_item_only() {
    let mut lane = lane();
    saved(&mut lane, Input::Mode(Mode::Sell), 1);
    saved(&mut lane, Input::Quantity(12), 2);
    let (_, case) = saved(&mut lane, Input::Item("4711"), 3);
    let (_, piece) = saved(&mut lane, Input::Item("4711"), 4);
    assert_eq!(quantity(&case.unwrap()), Quantity::units(12).unwrap());
    assert_eq!(quantity(&piece.unwrap()), Quantity::ONE);
}

#[test]
fn what_was_not_saved_is_not_remembered() {
    let mut lane = lane();
    saved(&mut lane, Input::Mode(Mode::Sell), 1);
    saved(&mut lane, Input::Quantity(5), 2);
    let Step::Write { document: lost, .. } = step(&lane, Input::Item("4711"), 3) else { panic!("no write") };
    let (_, again) = saved(&mut lane, Input::Item("4711"), 4);
    assert_eq!(*lost, again.unwrap(), "the same scan again is the same document");
}

#[test]
fn undo_goes_back_scan_by_scan_and_then_is_an_error() {
    let mut lane = lane();
    saved(&mut lane, Input::Mode(Mode::Sell), 1);
    saved(&mut lane, Input::Item("1"), 2);
    saved(&mut lane, Input::Item("2"), 3);
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
    assert!(lane.memory().is_home(Mode::Look));
    assert_eq!(lane.waits_until(), None);
    assert_eq!(step(&lane, Input::Item("4711"), 182_001), Step::Look("4711".to_owned()));
}

#[test]
fn a_restart_goes_on_where_the_lane_was() {
    let mut before = lane();
    saved(&mut before, Input::Mode(Mode::Sell), 1);
    saved(&mut before, Input::Item("4711"), 2);
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
    assert_eq!(step(&lane, Input::Item(&"9".repeat(49)), 2), Step::Signal(Signal::Error));
}

#[test]
fn a_lane_whose_home_is_sell_begins_and_ends_there() {
    let mut lane = Lane::new(Label::new("express").unwrap(), Mode::Sell, LaneMemory::at(Mode::Sell)).unwrap();
    assert_eq!(saved(&mut lane, Input::Item("4711"), 1).0, Signal::Good);
    assert_eq!(saved(&mut lane, Input::End, 2).0, Signal::End);
    assert_eq!(lane.memory().mode, Mode::Sell);
    assert_eq!(saved(&mut lane, Input::Undo, 3).0, Signal::Error, "a session that ended is not undone");
}
