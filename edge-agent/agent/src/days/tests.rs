use super::*;
use tidemark_model::{Code, Kind, Sku};

fn source(name: &str) -> Source {
    Source::new(name).unwrap()
}

fn slip(till: &str, day: &str, sequence: u64) -> Slip {
    let day = Label::new(day).unwrap();
    Slip { source: source(till), day, sequence: Some(sequence), close: None, trades: true }
}

fn close(till: &str, day: &str, documents: u64, units: i64) -> Slip {
    let close = Close { documents: Some(documents), units: Some(Quantity::units(units).unwrap()) };
    Slip { close: Some(close), trades: false, sequence: None, ..slip(till, day, 0) }
}

fn movement(kind: Kind, quantity: i64, code: Option<&str>, sku: &str) -> tidemark_journal::Told {
    tidemark_journal::Told {
        seq: 1,
        kind,
        sku: Some(Sku::new(sku).unwrap()),
        code: code.map(|code| Code::new(code).unwrap()),
        quantity: Quantity::units(quantity).unwrap(),
        effect: Quantity::ZERO,
        on_hand_after: None,
        basis: tidemark_model::Basis::None,
        marks: tidemark_model::Marks::NONE,
        parked: None,
    }
}

fn sell(days: &Days, slip: Slip, quantity: i64) {
    let sold = [movement(Kind::Sale, quantity, None, "a")];
    days.note(slip, sold.iter().map(Piece::from));
}

#[test]
fn a_day_is_complete_when_every_till_that_traded_has_closed_and_nothing_is_missing() {
    let days = Days::default();
    let today = "2026-11-24";
    sell(&days, slip("till:1", today, 1), 2);
    sell(&days, slip("till:2", today, 10), 1);
    let open = |days: &Days, numbers: &[(Source, SequenceState)]| {
        let shown = days.shown(numbers);
        (shown[0].complete, shown[0].open.clone())
    };
    days.note(close("till:1", today, 1, 2), std::iter::empty());
    assert_eq!(open(&days, &[]), (false, vec!["till:2: it has not closed the day".to_owned()]));
    days.note(close("till:2", today, 2, 4), std::iter::empty());
    let words = "till:2: 1 documents came, the till counted 2, 1 units came, the till counted 4";
    assert_eq!(open(&days, &[]), (false, vec![words.to_owned()]));
    assert!(days.differences()[&source("till:2")].starts_with("2026-11-24: 1 documents came"));
    sell(&days, slip("till:2", today, 12), 3);
    assert!(days.differences().is_empty());
    let gap = |first, last| {
        [(source("till:2"), SequenceState { highest: 20, gaps: vec![(first, last)], ..SequenceState::default() })]
    };
    assert_eq!(open(&days, &gap(11, 11)), (false, vec!["till:2: 11 have not come".to_owned()]));
    assert_eq!(open(&days, &gap(15, 16)), (true, Vec::new()), "what is missing tomorrow is of tomorrow");
    assert_eq!(open(&days, &[]), (true, Vec::new()));
}

#[test]
fn units_are_what_the_till_gave_less_what_came_back_and_a_kit_is_one() {
    let days = Days::default();
    let pieces = [
        movement(Kind::Sale, 2, Some("kit"), "part-a"),
        movement(Kind::Sale, 2, Some("kit"), "part-b"),
        movement(Kind::Sale, 3, None, "plain"),
        movement(Kind::Return, 1, None, "plain"),
        movement(Kind::Sale, 1, Some("kit"), "part-a"),
        movement(Kind::Sale, 1, Some("kit"), "part-b"),
        movement(Kind::Receipt, 50, None, "plain"),
    ];
    days.note(slip("till:1", "2026-11-24", 1), pieces.iter().map(Piece::from));
    assert_eq!(days.shown(&[])[0].tills[0].units, "5");
}

#[test]
fn a_day_that_was_partly_let_go_is_not_compared() {
    let days = Days::default();
    sell(&days, slip("till:1", "2026-11-24", 1), 2);
    sell(&days, slip("till:1", "2026-11-25", 2), 2);
    days.note(close("till:1", "2026-11-24", 9, 2), std::iter::empty());
    days.note(close("till:1", "2026-11-25", 9, 2), std::iter::empty());
    days.let_go(Some(Label::new("2026-11-24").unwrap()));
    let words = days.differences();
    assert_eq!(words[&source("till:1")], "2026-11-25: 1 documents came, the till counted 9");
    assert!(!days.shown(&[])[1].complete);
}

#[test]
fn what_is_remembered_has_a_limit() {
    let days = Days::default();
    for day in 1..=60 {
        sell(&days, slip("till:1", &format!("2026-{:02}-{:02}", 1 + day / 28, 1 + day % 28), 1), 1);
    }
    assert_eq!(days.0.borrow().days.len(), DAYS);
    assert_eq!(days.shown(&[]).len(), SHOWN);
}
