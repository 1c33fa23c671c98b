//! What mends the books: corrections, codes that were learnt, restatements.

use crate::books::{Books, Change, Resolution, Stock, SuspenseRow};
use crate::document::{ParkedLine, SkuChange};
use crate::kind::{Kind, Marks, ParkReason};
use crate::movement::About;
use crate::position::Odometer;
use crate::quantity::{Quantity, ScaleError};
use crate::text::{Code, Sku};

use super::deciding::{Deciding, Entry, Wish};
use super::judgement::{Verdict, When};
use super::trade::{record_judged, when_of};

/// Head office changes on-hand; a count that came after what is mended has
/// seen it already.
pub(super) fn correct<B: Books>(
    deciding: &mut Deciding<'_, '_, B>,
    about: &About,
    lines: &[SkuChange],
) -> Result<(), B::Error> {
    let when = when_of(deciding.document.timing, deciding.stamp.odometer);
    for (number, line) in (1..).zip(lines) {
        deciding.line = number;
        let entry = Entry {
            sku: Some(line.sku.clone()),
            quantity: line.change,
            about: Some(about.clone()),
            happened: Some(when.reading()),
            ..Entry::of(Kind::Correction)
        };
        record_judged(deciding, entry, line.change, false, when)?;
    }
    Ok(())
}

/// The difference by which a loss or an epoch is closed; never judged.
pub(super) fn restate<B: Books>(
    deciding: &mut Deciding<'_, '_, B>,
    about: &About,
    lines: &[SkuChange],
) -> Result<(), B::Error> {
    for (number, line) in (1..).zip(lines) {
        deciding.line = number;
        let now = deciding.stamp.odometer;
        let stands = vec![(now, line.change)];
        let wish = Wish::Effect { now: line.change, stands, trade: false };
        let (sku, about) = (Some(line.sku.clone()), Some(about.clone()));
        deciding.record(Entry { sku, quantity: line.change, about, wish, ..Entry::of(Kind::Restatement) })?;
    }
    Ok(())
}

/// A code was learnt: the suspense rows that the item's last count had not
/// seen take effect, each standing at its own time.
pub(super) fn resolve<B: Books>(
    deciding: &mut Deciding<'_, '_, B>,
    code: &Code,
    sku: &Sku,
    units_per_scan: Quantity,
) -> Result<(), B::Error> {
    let entry = Entry {
        sku: Some(sku.clone()),
        code: Some(code.clone()),
        units_per_scan,
        about: None,
        ..Entry::of(Kind::Resolve)
    };
    if deciding.is_reused() {
        return deciding.record(entry);
    }
    let mut suspense = deciding.draft.suspense(code)?.unwrap_or_default();
    let stock = deciding.stock(sku)?;
    for trade in [true, false] {
        let rows: Vec<SuspenseRow> = suspense.rows.iter().copied().filter(|row| row.trade == trade).collect();
        if rows.is_empty() {
            continue;
        }
        match effect_of(&rows, units_per_scan, stock) {
            Err(error) => return park_resolve(deciding, code, error),
            Ok(sum) => record_resolved(deciding, &entry, sum, trade)?,
        }
    }
    suspense.rows.clear();
    suspense.resolved = Some(Resolution { sku: sku.clone(), units_per_scan });
    deciding.draft.apply(Change::Suspense(code.clone(), suspense));
    Ok(())
}

/// What the rows of one class sum up to.
struct Resolved {
    packs: Quantity,
    now: Quantity,
    stands: Vec<(Odometer, Quantity)>,
    marks: Marks,
}

fn effect_of(rows: &[SuspenseRow], units: Quantity, stock: Stock) -> Result<Resolved, ScaleError> {
    let add = |sum: Quantity, more: Quantity| sum.checked_add(more).ok_or(ScaleError::Overflow);
    let mut resolved = Resolved {
        packs: Quantity::ZERO,
        now: Quantity::ZERO,
        stands: Vec::with_capacity(rows.len()),
        marks: Marks::NONE,
    };
    for row in rows {
        let effect = row.amount.in_base(units)?;
        resolved.packs = add(resolved.packs, row.amount.quantity())?;
        resolved.stands.push((row.happened, effect));
        match When::Between(row.happened, row.happened).judge(stock.closed) {
            Verdict::Counts => resolved.now = add(resolved.now, effect)?,
            Verdict::Explained => resolved.marks = resolved.marks.with(Marks::EXPLAINED),
            Verdict::Unordered => {
                resolved.now = add(resolved.now, effect)?;
                resolved.marks = resolved.marks.with(Marks::UNORDERED).with(Marks::RECOUNT);
            }
        }
    }
    Ok(resolved)
}

fn record_resolved<B: Books>(
    deciding: &mut Deciding<'_, '_, B>,
    entry: &Entry,
    sum: Resolved,
    trade: bool,
) -> Result<(), B::Error> {
    let Resolved { packs, now, stands, marks } = sum;
    deciding.record(Entry {
        sku: entry.sku.clone(),
        code: entry.code.clone(),
        units_per_scan: entry.units_per_scan,
        quantity: packs,
        marks,
        wish: Wish::Effect { now, stands, trade },
        ..Entry::of(Kind::Resolve)
    })
}

fn park_resolve<B: Books>(deciding: &mut Deciding<'_, '_, B>, code: &Code, error: ScaleError) -> Result<(), B::Error> {
    let reason = match error {
        ScaleError::Inexact => ParkReason::QuantityDecimals,
        ScaleError::Overflow => ParkReason::Overflow,
    };
    let detail = format!("the suspense of {code} can't be resolved: {error}");
    deciding.park(Kind::Resolve, ParkedLine { reason, detail, raw: code.to_string() })
}
