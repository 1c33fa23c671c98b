//! Sale, return, receipt, transfer, adjustment: each line adds or takes.

use crate::books::{Books, Suspended};
use crate::catalogue::{Item, ItemUnit, KitPart, Lookup};
use crate::document::{Line, ParkedLine, TakenLine, Timing, TradeKind, Unit};
use crate::gtin::code_spelling;
use crate::kind::{Disposition, Marks, ParkReason};
use crate::movement::LineLabels;
use crate::outcome::Warning;
use crate::position::Odometer;
use crate::quantity::{Quantity, ScaleError};
use crate::text::{Code, Sku};

use super::deciding::{Deciding, Entry, Wish};
use super::judgement::{Verdict, When};

pub(super) fn decide<B: Books>(
    deciding: &mut Deciding<'_, '_, B>,
    kind: TradeKind,
    lines: &[Line],
) -> Result<(), B::Error> {
    for (number, line) in (1..).zip(lines) {
        deciding.line = number;
        match line {
            Line::Parked(parked) => deciding.park(kind.kind(), parked.clone())?,
            Line::Taken(taken) => decide_line(deciding, taken.kind.unwrap_or(kind), taken)?,
        }
    }
    Ok(())
}

/// What a line's item means once it is looked up.
pub(super) enum Meaning {
    /// An item, by this code if it was not given as a SKU.
    Item { item: Item, code: Option<Code>, units: Quantity },
    /// A code nobody knows yet.
    Unknown(Code),
    /// It can't be understood.
    Parked(ParkReason, &'static str),
}

/// Looks a line's item up, with the unit the line counts in.
pub(super) fn meaning<B: Books>(deciding: &Deciding<'_, '_, B>, line: &TakenLine) -> Result<Meaning, B::Error> {
    let given = line.item.as_str();
    let (item, code, units) = match deciding.draft.lookup(given)? {
        Lookup::Sku(item) => (item, None, Quantity::ONE),
        Lookup::Code { item, units_per_scan } => (item, code_spelling(given), units_per_scan),
        Lookup::Unknown => {
            return Ok(unknown(line));
        }
    };
    let pack = match &line.unit {
        Unit::AsGiven => return Ok(Meaning::Item { item, code, units }),
        Unit::Base => return Ok(Meaning::Item { item, code, units: Quantity::ONE }),
        Unit::Pack(pack) => pack,
    };
    Ok(match deciding.draft.lookup(pack.as_str())? {
        Lookup::Code { item: of_pack, units_per_scan } if of_pack.sku == item.sku => {
            Meaning::Item { item, code, units: units_per_scan }
        }
        Lookup::Code { .. } | Lookup::Sku(_) | Lookup::Unknown => {
            Meaning::Parked(ParkReason::UnitUnknown, "the unit is neither base nor a pack of this item")
        }
    })
}

/// A code that nobody knows yet. Its base units may be told all the same, but
/// not what another of its packs holds.
fn unknown(line: &TakenLine) -> Meaning {
    let Some(code) = code_spelling(line.item.as_str()) else {
        return Meaning::Parked(ParkReason::ItemUnreadable, "the item can't be kept as a code");
    };
    match &line.unit {
        Unit::Pack(pack) if *pack != code => Meaning::Parked(
            ParkReason::UnitUnknown,
            "a pack of an item that is not on file can't be told in base units",
        ),
        Unit::AsGiven | Unit::Base | Unit::Pack(_) => Meaning::Unknown(code),
    }
}

fn decide_line<B: Books>(
    deciding: &mut Deciding<'_, '_, B>,
    kind: TradeKind,
    line: &TakenLine,
) -> Result<(), B::Error> {
    let when = When::of(deciding.document.timing, line.age_ms, deciding.stamp);
    match meaning(deciding, line)? {
        Meaning::Parked(reason, detail) => {
            let raw = raw_of(line);
            deciding.park(kind.kind(), ParkedLine { reason, detail: detail.to_owned(), raw })
        }
        Meaning::Unknown(code) => {
            let line_number = deciding.line;
            deciding.warn(Warning::UnknownItem { line: line_number, item: line.item.to_string() });
            let quantity = signed(kind, line, line.quantity);
            let in_base = line.unit == Unit::Base;
            let amount = if in_base { Suspended::Base(quantity) } else { Suspended::Packs(quantity) };
            let wish = Wish::Suspense { amount, trade: sells(kind) };
            let wish = if quantity == Quantity::ZERO { Wish::Nothing } else { wish };
            deciding.record(Entry { code: Some(code), happened: Some(when.reading()), wish, ..plain(kind, line) })
        }
        Meaning::Item { item, code, units } if item.parts.is_empty() => {
            decide_item(deciding, kind, line, &item, Part { sku: item.sku.clone(), code, units }, when)
        }
        Meaning::Item { item, code, units } => {
            for part in &item.parts {
                decide_kit_part(deciding, kind, line, &item, part, (code.as_ref(), units), when)?;
            }
            Ok(())
        }
    }
}

fn decide_kit_part<B: Books>(
    deciding: &mut Deciding<'_, '_, B>,
    kind: TradeKind,
    line: &TakenLine,
    kit: &Item,
    part: &KitPart,
    (code, units): (Option<&Code>, Quantity),
    when: When,
) -> Result<(), B::Error> {
    let code = code.cloned().or_else(|| Code::new(kit.sku.as_str()).ok());
    match units.scale(part.quantity) {
        Err(error) => park_scale(deciding, kind, line, error),
        Ok(units) => {
            let of_part = match deciding.draft.lookup(part.sku.as_str())? {
                Lookup::Sku(item) => item,
                // A kit may name a part that the catalogue does not list: it
                // is stock all the same.
                Lookup::Code { .. } | Lookup::Unknown => {
                    Item { sku: part.sku.clone(), parts: Vec::new(), ..kit.clone() }
                }
            };
            decide_item(deciding, kind, line, &of_part, Part { sku: part.sku.clone(), code, units }, when)
        }
    }
}

/// One SKU that a line moves.
struct Part {
    sku: Sku,
    code: Option<Code>,
    units: Quantity,
}

fn decide_item<B: Books>(
    deciding: &mut Deciding<'_, '_, B>,
    kind: TradeKind,
    line: &TakenLine,
    item: &Item,
    part: Part,
    when: When,
) -> Result<(), B::Error> {
    let base = match line.quantity.scale(part.units) {
        Ok(base) => base,
        Err(error) => return park_scale(deciding, kind, line, error),
    };
    let fraction = item.unit == ItemUnit::Each && !base.is_whole();
    if fraction {
        let line = deciding.line;
        deciding.warn(Warning::Fraction { line });
    }
    let marks = Marks::NONE
        .with_if(fraction, Marks::FRACTION)
        .with_if(line.estimated, Marks::ESTIMATED)
        .with_if(!item.tracked, Marks::UNTRACKED);
    let effect = signed(kind, line, base);
    let entry = Entry {
        sku: Some(part.sku),
        code: part.code,
        units_per_scan: part.units,
        happened: Some(when.reading()),
        marks,
        ..plain(kind, line)
    };
    if !item.tracked || effect == Quantity::ZERO {
        return deciding.record(entry);
    }
    record_judged(deciding, entry, effect, sells(kind), when)
}

/// Records an effect as the item's last count lets it stand.
pub(super) fn record_judged<B: Books>(
    deciding: &mut Deciding<'_, '_, B>,
    entry: Entry,
    effect: Quantity,
    trade: bool,
    when: When,
) -> Result<(), B::Error> {
    let closed = match &entry.sku {
        Some(sku) => deciding.stock(sku)?.closed,
        None => None,
    };
    let verdict = when.judge(closed);
    let now = if verdict == Verdict::Explained { Quantity::ZERO } else { effect };
    let marks = entry
        .marks
        .with_if(verdict == Verdict::Explained, Marks::EXPLAINED)
        .with_if(verdict == Verdict::Unordered, Marks::UNORDERED.with(Marks::RECOUNT));
    let wish = Wish::Effect { now, stands: vec![(when.reading(), effect)], trade };
    deciding.record(Entry { marks, wish, ..entry })
}

fn plain(kind: TradeKind, line: &TakenLine) -> Entry {
    let returned = (kind == TradeKind::Return).then_some(line.disposition.unwrap_or(Disposition::Shelf));
    Entry {
        quantity: line.quantity,
        reason: line.reason.clone(),
        disposition: returned,
        line: LineLabels { lot: line.lot.clone(), expiry: line.expiry.clone(), serial: line.serial.clone() },
        ..Entry::of(kind.kind())
    }
}

/// The quantity with the sign of the kind; a return to waste is nothing.
fn signed(kind: TradeKind, line: &TakenLine, quantity: Quantity) -> Quantity {
    let negative = quantity.checked_neg().unwrap_or(quantity);
    match (kind, line.disposition) {
        (TradeKind::Return, Some(Disposition::Waste)) => Quantity::ZERO,
        (TradeKind::Sale | TradeKind::TransferOut, _) => negative,
        (TradeKind::Return, Some(Disposition::Shelf) | None)
        | (TradeKind::Receipt | TradeKind::TransferIn | TradeKind::Adjustment, _) => quantity,
    }
}

/// Whether the kind belongs to the zone that sells.
const fn sells(kind: TradeKind) -> bool {
    match kind {
        TradeKind::Sale | TradeKind::Return => true,
        TradeKind::Receipt | TradeKind::TransferIn | TradeKind::TransferOut | TradeKind::Adjustment => false,
    }
}

fn park_scale<B: Books>(
    deciding: &mut Deciding<'_, '_, B>,
    kind: TradeKind,
    line: &TakenLine,
    error: ScaleError,
) -> Result<(), B::Error> {
    let reason = match error {
        ScaleError::Inexact => ParkReason::QuantityDecimals,
        ScaleError::Overflow => ParkReason::Overflow,
    };
    deciding.park(kind.kind(), ParkedLine { reason, detail: error.to_string(), raw: raw_of(line) })
}

/// A line as it can be shown to the person who repairs it.
pub(super) fn raw_of(line: &TakenLine) -> String {
    format!("{} × {}", line.quantity, line.item)
}

/// The reading and timing a mended line is judged by.
pub(super) fn when_of(timing: Timing, now: Odometer) -> When {
    match timing {
        Timing::At(reading) => When::Between(reading, reading),
        Timing::Live | Timing::Deferred { .. } => When::Now(now),
    }
}
