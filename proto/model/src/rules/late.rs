//! Movements of a closed epoch that came after its end: the centre keeps them
//! without effect there, and the box that has the store now commits them once
//! more, with the effect they had.
//!
//! Nobody decides them anew; only a sheet is put to its count, which may close
//! over it here. What they were decided over is gone, and of what
//! happened between, the only thing that matters is whether the item was
//! counted since: then they were seen.

use std::collections::BTreeMap;

use crate::books::{Books, Change, CountSheet, CountedItem, LineEffect, Reversal, Suspended, Target};
use crate::document::{LateBody, TradeKind};
use crate::kind::{Basis, Kind, Marks};
use crate::movement::Movement;
use crate::position::Odometer;
use crate::quantity::Quantity;

use super::deciding::Deciding;
use super::entry::{Entry, Stand, Wish};
use super::judgement::{Verdict, When};
use super::trade::{sells, signed};

pub(super) fn decide<B: Books>(deciding: &mut Deciding<'_, '_, B>, late: &LateBody) -> Result<(), B::Error> {
    let wanted = || late.movements.keys().copied().filter(|ordinal| deciding.is_wanted(*ordinal));
    let (Some(first), Some(last)) = (wanted().min(), wanted().max()) else { return Ok(()) };
    deciding.begin_at(first);
    for ordinal in first..=last {
        deciding.line = ordinal;
        let entry = match late.movements.get(&ordinal) {
            Some(movement) => {
                if deciding.is_wanted(ordinal) {
                    put_on_sheet(deciding, movement)?;
                }
                entry_of(deciding, late, movement)?
            }
            // One that never came keeps its place between those that did.
            None => Entry { marks: Marks::HELD, ..Entry::of(kind(late)) },
        };
        deciding.record(entry)?;
    }
    Ok(())
}

/// The kind of the document, as far as it is known.
pub(super) fn kind(late: &LateBody) -> Kind {
    late.movements.first_key_value().map_or(Kind::Unknown, |(_, movement)| movement.kind)
}

/// Whether a void can reverse it.
pub(super) fn is_trade(late: &LateBody) -> bool {
    TradeKind::of(kind(late)).is_some()
}

fn entry_of<B: Books>(deciding: &Deciding<'_, '_, B>, late: &LateBody, movement: &Movement) -> Result<Entry, B::Error> {
    let Movement { sku, code, quantity, units_per_scan, reason, disposition, line, about, documents, .. } =
        movement.clone();
    let (wish, marks) = wish_of(deciding, late, movement)?;
    let marks = movement.marks.without(Marks::NEGATIVE).with(marks);
    let happened = Some(Odometer::BEFORE_BIRTH);
    let (kind, parked) = (movement.kind, None);
    Ok(Entry {
        kind,
        sku,
        code,
        quantity,
        units_per_scan,
        reason,
        disposition,
        line,
        about,
        happened,
        marks,
        parked,
        documents,
        wish,
    })
}

/// A tally is on the sheet of its count, which may close over it here; when it
/// was counted nobody knows.
fn put_on_sheet<B: Books>(deciding: &mut Deciding<'_, '_, B>, movement: &Movement) -> Result<(), B::Error> {
    let labels = &movement.labels;
    let (Kind::Tally, Some(sku), Some(reference)) = (movement.kind, &movement.sku, &labels.reference) else {
        return Ok(());
    };
    let Ok(counted) = movement.quantity.scale(movement.units_per_scan) else { return Ok(()) };
    let mut state = deciding.draft.count(reference)?.unwrap_or_default();
    let at = Odometer::BEFORE_BIRTH;
    let is_there = |sheet: &CountSheet| (&sheet.zone, &sheet.counter) == (&labels.zone, &labels.counter);
    if !state.sheets.iter().any(is_there) {
        let (zone, counter, sells) = (labels.zone.clone(), labels.counter.clone(), movement.marks.has(Marks::SELLS));
        state.sheets.push(CountSheet { zone, counter, sells, items: BTreeMap::new() });
    }
    for sheet in state.sheets.iter_mut().filter(|sheet| is_there(sheet)) {
        let held = sheet.items.get(sku).copied();
        let before = held.filter(|held| held.mark == at).map_or(Quantity::ZERO, |held| held.counted);
        // What was counted there since is newer.
        if held.is_none_or(|held| held.mark <= at) {
            let counted = before.checked_add(counted).unwrap_or(counted);
            sheet.items.insert(sku.clone(), CountedItem { counted, mark: at, last: at, unsure: true });
        }
    }
    deciding.draft.apply(Change::Count(reference.clone(), state));
    Ok(())
}

/// What a movement is to change, and what has to be said of it.
fn wish_of<B: Books>(
    deciding: &Deciding<'_, '_, B>,
    late: &LateBody,
    movement: &Movement,
) -> Result<(Wish, Marks), B::Error> {
    let Some(sku) = &movement.sku else { return Ok((suspended(movement).unwrap_or(Wish::Nothing), Marks::NONE)) };
    let closed = deciding.stock(sku)?.closed;
    let verdict = When::At(Odometer::BEFORE_BIRTH).judge(closed);
    let may_be_seen = late.between && closed.is_some() && verdict == Verdict::Counts;
    // Told again, it has the effect it was committed with.
    let seen = deciding.is_committed_now() && (may_be_seen || verdict == Verdict::Explained);
    let now = if seen { Quantity::ZERO } else { movement.effect };
    let is_unordered = verdict == Verdict::Unordered;
    let of_change = Marks::RECOUNT.with_if(seen, Marks::EXPLAINED).with_if(is_unordered, Marks::UNORDERED);
    if has_counted(movement) {
        // By how much it changed on-hand says nothing of whether it was counted.
        return Ok((Wish::Counted { now }, of_change));
    }
    // A count that closed without this sheet missed what was on it.
    let of_nothing = Marks::NONE.with_if(movement.kind == Kind::Tally, Marks::RECOUNT);
    let marks = if movement.effect == Quantity::ZERO { of_nothing } else { of_change };
    let goods = goods_of(movement);
    if goods == Quantity::ZERO {
        return Ok((Wish::Nothing, marks));
    }
    let trade = TradeKind::of(movement.kind).is_some_and(sells);
    Ok((Wish::Effect { now, stands: stands_of(goods, deciding.stamp.odometer), trade }, marks))
}

/// Before everything of this epoch; but where two boxes were in use at once,
/// it happened at any time until now: a count that closes over older marks
/// has to say that it may have missed it.
fn stands_of(effect: Quantity, now: Odometer) -> Vec<Stand> {
    let (happened, unsure) = (Odometer::BEFORE_BIRTH, true);
    vec![Stand { happened, effect, unsure }, Stand { happened: now, effect: Quantity::ZERO, unsure }]
}

/// What it did to the goods, whether a count had seen it or not. What a count
/// changed did not happen to them.
fn goods_of(movement: &Movement) -> Quantity {
    let Movement { kind, marks, effect, quantity, units_per_scan, disposition, .. } = movement;
    let had_none = [Marks::HELD, Marks::VOIDED, Marks::UNTRACKED].iter().any(|mark| marks.has(*mark));
    if *kind == Kind::Count || *effect != Quantity::ZERO || !marks.has(Marks::EXPLAINED) || had_none {
        return if *kind == Kind::Count { Quantity::ZERO } else { *effect };
    }
    let of_trade = |kind| quantity.scale(*units_per_scan).and_then(|base| signed(kind, *disposition, base));
    match TradeKind::of(*kind) {
        Some(kind) => of_trade(kind).unwrap_or_default(),
        None if matches!(kind, Kind::Correction | Kind::Restatement) => *quantity,
        None => Quantity::ZERO,
    }
}

/// Whether it is a count on which its item stood.
fn has_counted(movement: &Movement) -> bool {
    let stands = movement.basis == Basis::Counted && !movement.marks.has(Marks::EXPLAINED);
    movement.kind == Kind::Count && stands
}

/// What was given under a code that nobody knew then.
fn suspended(movement: &Movement) -> Option<Wish> {
    let kind = TradeKind::of(movement.kind).filter(|_| movement.code.is_some())?;
    let amount = signed(kind, movement.disposition, movement.quantity).ok()?;
    if amount == Quantity::ZERO || movement.marks.has(Marks::VOIDED) {
        return None;
    }
    let in_base = movement.marks.has(Marks::BASE);
    let amount = if in_base { Suspended::Base(amount) } else { Suspended::Packs(amount) };
    Some(Wish::Suspense { amount, trade: sells(kind), unsure: true })
}

/// What a void of it would reverse, by what was recorded after those that
/// were skipped.
pub(super) fn reversal(
    late: &LateBody,
    (voided, skipped): (bool, u32),
    committed: Odometer,
    recorded: &mut Vec<LineEffect>,
) -> Reversal {
    if !is_trade(late) {
        return if kind(late) == Kind::Count { Reversal::Count } else { Reversal::Nothing };
    }
    if voided || late.movements.values().any(|movement| movement.marks.has(Marks::VOIDED)) {
        return Reversal::Done;
    }
    let nothing = || LineEffect { target: Target::Nothing, happened: Odometer::BEFORE_BIRTH, trade: false };
    let mut recorded = std::mem::take(recorded).into_iter();
    let line = |ordinal: u32| if ordinal <= skipped { nothing() } else { recorded.next().unwrap_or_else(nothing) };
    Reversal::Lines { committed, lines: (1..=late.count).map(line).collect() }
}
