//! Counts: on-hand becomes what was counted, plus what happened after the
//! marks.
//!
//! A count without a reference is closed at once and has one zone. With a
//! reference it is one sheet of the count of that name, which closes with
//! the document that says so, and anew with each sheet that comes later.

mod closing;
mod sheet;

pub(super) use sheet::{TakenBack, take_back};

use std::collections::BTreeMap;

use crate::books::{Books, Change, CountSheet, CountState, CountedItem};
use crate::catalogue::ItemUnit;
use crate::document::{CountBody, CountReason, Document, Line, ParkedLine, SheetUse, TakenLine, Timing};
use crate::kind::{Kind, Marks, ParkReason};
use crate::limits::COUNT_REOPEN_MILLIS;
use crate::movement::LineLabels;
use crate::outcome::Warning;
use crate::quantity::{Quantity, ScaleError};
use crate::text::{Label, Reference, Sku};

use super::deciding::Deciding;
use super::entry::{Entry, Wish};
use super::judgement::When;
use super::meaning::{Meaning, meaning};
use super::trade::{raw_of, unscalable};

pub(super) fn decide<B: Books>(deciding: &mut Deciding<'_, '_, B>, body: &CountBody) -> Result<(), B::Error> {
    match deciding.document.labels.reference.clone() {
        None => decide_alone(deciding, body),
        Some(reference) => decide_sheet(deciding, body, &reference),
    }
}

/// Whether it is scans of a count that is open, each of which a void takes
/// back.
pub(super) fn is_scan(document: &Document, count: &CountBody) -> bool {
    document.labels.reference.is_some() && !count.last && count.sheet != SheetUse::Whole
}

/// A closed count of one zone.
fn decide_alone<B: Books>(deciding: &mut Deciding<'_, '_, B>, body: &CountBody) -> Result<(), B::Error> {
    let mut sheet = CountSheet { sells: true, ..CountSheet::default() };
    let mut marks = BTreeMap::new();
    for (number, line) in (1..).zip(&body.lines) {
        deciding.line = number;
        read_line(deciding, line, &mut sheet, &mut marks, None)?;
    }
    let state = CountState { sheets: vec![sheet], closed: None, full: body.full };
    if deciding.is_parked() {
        return closing::record_parked(deciding, &state);
    }
    closing::close(deciding, &state, &marks, reason_of(body))
}

/// One sheet of a count that has a name.
fn decide_sheet<B: Books>(
    deciding: &mut Deciding<'_, '_, B>,
    body: &CountBody,
    reference: &Reference,
) -> Result<(), B::Error> {
    let mut state = deciding.draft.count(reference)?.unwrap_or_default();
    let now = deciding.stamp.odometer;
    if state.closed.is_some_and(|closed| now.0.saturating_sub(closed.0) > COUNT_REOPEN_MILLIS) {
        return park_late(deciding, body);
    }
    let labels = &deciding.document.labels;
    let (zone, counter) = (labels.zone.clone(), labels.counter.clone());
    let mut sheet = CountSheet { zone, counter, sells: body.sells, items: BTreeMap::new() };
    let mut marks = BTreeMap::new();
    let as_tally = AsTally { reference, is_scan: is_scan(deciding.document, body) };
    for (number, line) in (1..).zip(&body.lines) {
        deciding.line = number;
        read_line(deciding, line, &mut sheet, &mut marks, Some(as_tally))?;
    }
    if deciding.is_parked() {
        return Ok(());
    }
    if !sheet::take(&mut state.sheets, sheet, body.sheet, deciding.is_voided()) {
        deciding.warn(Warning::SheetOlder);
    }
    state.full |= body.full;
    // What a void took back before it came changes nothing.
    let closes = (body.last || state.closed.is_some()) && !deciding.is_voided();
    if closes {
        state.closed = state.closed.or(Some(now));
    }
    deciding.draft.apply(Change::Count(reference.clone(), state.clone()));
    if closes {
        deciding.line = 0;
        closing::close(deciding, &state, &marks, reason_of(body))?;
    }
    Ok(())
}

fn park_late<B: Books>(deciding: &mut Deciding<'_, '_, B>, body: &CountBody) -> Result<(), B::Error> {
    let detail = "the count of this name was closed more than 14 days ago; count under a new name";
    for (number, line) in (1..).zip(&body.lines) {
        deciding.line = number;
        let raw = match line {
            Line::Taken(taken) => raw_of(taken),
            Line::Parked(parked) => parked.raw.clone(),
        };
        let reason = ParkReason::CountClosed;
        deciding.park(Kind::Count, ParkedLine { reason, detail: detail.to_owned(), raw })?;
    }
    Ok(())
}

fn reason_of(body: &CountBody) -> Option<Label> {
    match body.reason {
        CountReason::Count => None,
        CountReason::Opening => Label::new("opening").ok(),
    }
}

/// A line that becomes a tally, as the count closes later.
#[derive(Clone, Copy)]
struct AsTally<'a> {
    reference: &'a Reference,
    /// Whether it is one scan, which a void takes back.
    is_scan: bool,
}

/// Marks of single lines that need one (an inexact age, a fraction).
type LineMarks = BTreeMap<Sku, Marks>;

/// Puts a line on the sheet, or records why it can't be; as a tally, if the
/// count closes later.
fn read_line<B: Books>(
    deciding: &mut Deciding<'_, '_, B>,
    line: &Line,
    sheet: &mut CountSheet,
    marks: &mut LineMarks,
    tally: Option<AsTally<'_>>,
) -> Result<(), B::Error> {
    let kind = if tally.is_some() { Kind::Tally } else { Kind::Count };
    let taken = match line {
        Line::Parked(parked) => return deciding.park(kind, parked.clone()),
        Line::Taken(taken) => taken,
    };
    let when = mark_of(deciding, taken);
    let base = Entry {
        quantity: taken.quantity,
        line: LineLabels { lot: taken.lot.clone(), expiry: taken.expiry.clone(), serial: taken.serial.clone() },
        happened: Some(when.reading()),
        ..Entry::of(kind)
    };
    let (item, code, units) = match meaning(deciding, taken)? {
        Meaning::Parked(reason, detail) => {
            let parked = ParkedLine { reason, detail: detail.to_owned(), raw: raw_of(taken) };
            return deciding.park(base.kind, parked);
        }
        Meaning::Unknown(code) => {
            let line = deciding.line;
            deciding.warn(Warning::UnknownItem { line, item: taken.item.to_string() });
            return deciding.record(Entry { code: Some(code), marks: Marks::RECOUNT, ..base });
        }
        Meaning::Item { item, code, units } => (item, code, units),
    };
    let sku = item.sku;
    let entry = Entry { sku: Some(sku.clone()), code, units_per_scan: units, ..base };
    if !item.tracked || !item.parts.is_empty() {
        if !item.parts.is_empty() {
            let line = deciding.line;
            deciding.warn(Warning::KitCounted { line });
        }
        return deciding.record(Entry { marks: Marks::UNTRACKED, ..entry });
    }
    let counted = match taken.quantity.scale(units) {
        Ok(counted) => counted,
        Err(error) => return deciding.park(entry.kind, unscalable(taken, error)),
    };
    if !add_to_sheet(&mut sheet.items, sku.clone(), counted, when) {
        return deciding.park(entry.kind, unscalable(taken, ScaleError::Overflow));
    }
    let fraction = item.unit == ItemUnit::Each && !counted.is_whole();
    if fraction {
        let line = deciding.line;
        deciding.warn(Warning::Fraction { line });
    }
    let of_line =
        Marks::NONE.with_if(!when.is_exact(), Marks::UNORDERED.with(Marks::RECOUNT)).with_if(fraction, Marks::FRACTION);
    let noted = marks.entry(sku).or_default();
    *noted = noted.with(of_line);
    let Some(AsTally { reference, is_scan }) = tally else { return Ok(()) };
    let wish = if is_scan { Wish::Tally { counted, reference: reference.clone() } } else { Wish::Nothing };
    deciding.record(Entry { marks: of_line, wish, ..entry })
}

/// When a line was counted: at its age, now by default; of a deferred count
/// without an age nobody knows.
fn mark_of<B: Books>(deciding: &Deciding<'_, '_, B>, line: &TakenLine) -> When {
    let now = deciding.stamp.odometer;
    let (of_document, otherwise) = match deciding.document.timing {
        Timing::Deferred { age_ms } => (age_ms, When::Unknown(now)),
        Timing::At(reading) => return When::At(reading),
        Timing::Live => (None, When::Now(now)),
    };
    line.age_ms.or(of_document).map_or(otherwise, |age| When::aged(age, deciding.stamp))
}

/// Puts what was counted on the sheet; false (and no change) if the sum does
/// not fit.
fn add_to_sheet(items: &mut BTreeMap<Sku, CountedItem>, sku: Sku, counted: Quantity, when: When) -> bool {
    let (at, unsure) = (when.reading(), !when.is_exact());
    let fresh = CountedItem { counted: Quantity::ZERO, mark: at, last: at, unsure };
    let held = items.get(&sku).copied().unwrap_or(fresh);
    let Some(sum) = held.counted.checked_add(counted) else { return false };
    let (mark, last, unsure) = (held.mark.min(at), held.last.max(at), held.unsure || unsure);
    items.insert(sku, CountedItem { counted: sum, mark, last, unsure });
    true
}
