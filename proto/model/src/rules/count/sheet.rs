//! Sheets of a named count: what a zone's counters counted, by item.

use crate::books::{CountSheet, CountState, CountedItem, Tally};
use crate::document::SheetUse;
use crate::position::Odometer;
use crate::quantity::Quantity;

/// Puts a sheet to those of its count; false if one is held that was counted
/// later. What a void took back before it came is on none.
pub(super) fn take(sheets: &mut Vec<CountSheet>, sheet: CountSheet, how: SheetUse, voided: bool) -> bool {
    match how {
        SheetUse::Whole => return replace(sheets, sheet),
        SheetUse::Adds => {}
        SheetUse::Anew => {
            let first = sheet.items.values().map(|item| item.mark).min();
            // What was counted there later is of this very recount.
            sheets.retain(|held| held.zone != sheet.zone || first.is_some_and(|first| begins(held) >= Some(first)));
        }
    }
    if voided || sheet.items.is_empty() {
        return true;
    }
    match sheets.iter_mut().find(|held| is_same(held, &sheet)) {
        Some(held) => add(held, sheet),
        None => sheets.push(sheet),
    }
    true
}

/// Same zone and counter again is a recount, and the last wins: by when it was
/// counted, not by when the box heard of it. False if a later one is held.
fn replace(sheets: &mut Vec<CountSheet>, sheet: CountSheet) -> bool {
    let latest = |sheet: &CountSheet| sheet.items.values().map(|item| item.last).max();
    match sheets.iter_mut().find(|held| is_same(held, &sheet)) {
        Some(held) if latest(held) > latest(&sheet) => return false,
        Some(held) => *held = sheet,
        None => sheets.push(sheet),
    }
    true
}

fn is_same(one: &CountSheet, other: &CountSheet) -> bool {
    (&one.zone, &one.counter) == (&other.zone, &other.counter)
}

fn begins(sheet: &CountSheet) -> Option<Odometer> {
    sheet.items.values().map(|item| item.mark).min()
}

/// Adds what was counted; a sum that does not fit leaves what was held, and
/// the item unsure.
fn add(held: &mut CountSheet, sheet: CountSheet) {
    held.sells |= sheet.sells;
    for (sku, more) in sheet.items {
        let Some(before) = held.items.get(&sku).copied() else {
            held.items.insert(sku, more);
            continue;
        };
        let sum = before.counted.checked_add(more.counted);
        let item = CountedItem {
            counted: sum.unwrap_or(before.counted),
            mark: before.mark.min(more.mark),
            last: before.last.max(more.last),
            unsure: before.unsure || more.unsure || sum.is_none(),
        };
        held.items.insert(sku, item);
    }
}

/// What became of a tally that is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) enum TakenBack {
    /// It is no longer on its sheet.
    Done,
    /// It was on none any more: the zone was counted anew since.
    NotThere,
    /// Its count is closed.
    Closed,
}

/// Takes a tally off its sheet, and the item, if it was the only one.
pub(in crate::rules) fn take_back(state: &mut CountState, tally: &Tally, happened: Odometer) -> TakenBack {
    if state.closed.is_some() {
        return TakenBack::Closed;
    }
    let is_its = |held: &&mut CountSheet| (&held.zone, &held.counter) == (&tally.zone, &tally.counter);
    let Some(sheet) = state.sheets.iter_mut().find(is_its) else { return TakenBack::NotThere };
    let on_sheet = sheet.items.get(&tally.sku).copied().filter(|item| item.mark <= happened);
    let Some(item) = on_sheet else { return TakenBack::NotThere };
    match tally.counted.checked_neg().and_then(|back| item.counted.checked_add(back)) {
        Some(left) if left != Quantity::ZERO => {
            // The mark of what is left may be a later one.
            let unsure = item.unsure || item.mark == happened;
            sheet.items.insert(tally.sku.clone(), CountedItem { counted: left, unsure, ..item });
        }
        Some(_) | None => {
            sheet.items.remove(&tally.sku);
        }
    }
    TakenBack::Done
}
