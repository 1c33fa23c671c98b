//! Sale, return, receipt, transfer, adjustment: each line adds or takes.

use crate::books::{Books, Suspended};
use crate::catalogue::ItemUnit;
use crate::document::{Line, ParkedLine, TakenLine, Timing, TradeKind, Unit};
use crate::kind::{Disposition, Marks};
use crate::movement::LineLabels;
use crate::outcome::Warning;
use crate::position::Odometer;
use crate::quantity::{Quantity, ScaleError};
use crate::text::Code;

use super::deciding::Deciding;
use super::entry::{Entry, Stand, Wish};
use super::judgement::{Verdict, When};
use super::meaning::{Meaning, Share, meaning, shares};

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
            let quantity = match signed(kind, line.disposition, line.quantity) {
                Ok(quantity) => quantity,
                Err(error) => return deciding.park(kind.kind(), unscalable(line, error)),
            };
            let in_base = line.unit == Unit::Base;
            let amount = if in_base { Suspended::Base(quantity) } else { Suspended::Packs(quantity) };
            let wish = Wish::Suspense { amount, trade: sells(kind), unsure: !when.is_exact() };
            let wish = if quantity == Quantity::ZERO { Wish::Nothing } else { wish };
            let marks = when.marks().with_if(in_base, Marks::BASE);
            deciding.record(Entry {
                code: Some(code),
                happened: Some(when.reading()),
                marks,
                wish,
                ..plain(kind, line)
            })
        }
        Meaning::Item { item, code, units } => {
            let code = if item.parts.is_empty() { code } else { code.or_else(|| Code::new(item.sku.as_str()).ok()) };
            for share in shares(deciding, &item, units)? {
                decide_share(deciding, kind, line, (share, code.clone()), when)?;
            }
            Ok(())
        }
    }
}

/// What a line does to one SKU.
fn decide_share<B: Books>(
    deciding: &mut Deciding<'_, '_, B>,
    kind: TradeKind,
    line: &TakenLine,
    (share, code): (Share, Option<Code>),
    when: When,
) -> Result<(), B::Error> {
    let entry = Entry { sku: Some(share.sku.clone()), code, happened: Some(when.reading()), ..plain(kind, line) };
    let given = Marks::NONE.with_if(line.estimated, Marks::ESTIMATED);
    if !share.tracked {
        // Recorded as given and never parked: it has no stock to get wrong.
        let units_per_scan = share.units().unwrap_or(Quantity::ONE);
        return deciding.record(Entry { units_per_scan, marks: given.with(Marks::UNTRACKED), ..entry });
    }
    let scaled = share.units().and_then(|units| {
        let base = line.quantity.scale(units)?;
        Ok((units, base, signed(kind, line.disposition, base)?))
    });
    let (units_per_scan, base, effect) = match scaled {
        Ok(scaled) => scaled,
        Err(error) => return deciding.park(kind.kind(), unscalable(line, error)),
    };
    let fraction = share.unit == ItemUnit::Each && !base.is_whole();
    if fraction {
        let line = deciding.line;
        deciding.warn(Warning::Fraction { line });
    }
    let entry = Entry { units_per_scan, marks: given.with_if(fraction, Marks::FRACTION), ..entry };
    if effect == Quantity::ZERO {
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
        .with_if(verdict == Verdict::Unordered, Marks::UNORDERED.with(Marks::RECOUNT))
        .with(when.marks());
    let stands = vec![Stand { happened: when.reading(), effect, unsure: !when.is_exact() }];
    let wish = Wish::Effect { now, stands, trade };
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
pub(super) fn signed(
    kind: TradeKind,
    disposition: Option<Disposition>,
    quantity: Quantity,
) -> Result<Quantity, ScaleError> {
    match (kind, disposition) {
        (TradeKind::Return, Some(Disposition::Waste)) => Ok(Quantity::ZERO),
        (TradeKind::Sale | TradeKind::TransferOut, _) => quantity.checked_neg().ok_or(ScaleError::Overflow),
        (TradeKind::Return, Some(Disposition::Shelf) | None)
        | (TradeKind::Receipt | TradeKind::TransferIn | TradeKind::Adjustment, _) => Ok(quantity),
    }
}

/// Whether the kind belongs to the zone that sells.
pub(super) const fn sells(kind: TradeKind) -> bool {
    match kind {
        TradeKind::Sale | TradeKind::Return => true,
        TradeKind::Receipt | TradeKind::TransferIn | TradeKind::TransferOut | TradeKind::Adjustment => false,
    }
}

/// A line whose packs can't be told in base units.
pub(super) fn unscalable(line: &TakenLine, error: ScaleError) -> ParkedLine {
    ParkedLine { reason: error.into(), detail: error.to_string(), raw: raw_of(line) }
}

/// A line as it can be shown to the person who repairs it.
pub(super) fn raw_of(line: &TakenLine) -> String {
    format!("{} × {}", line.quantity, line.item)
}

/// The reading and timing a mended line is judged by.
pub(super) fn when_of(timing: Timing, now: Odometer) -> When {
    match timing {
        Timing::At(reading) => When::At(reading),
        Timing::Live | Timing::Deferred { .. } => When::Now(now),
    }
}
