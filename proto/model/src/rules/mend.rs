//! What mends the books: corrections, codes that were learnt, restatements.

use crate::books::{Books, Change, ClosedCount, Resolution, Suspended, SuspenseRow};
use crate::document::{ParkedLine, SkuChange};
use crate::kind::{Kind, Marks};
use crate::movement::About;
use crate::position::Odometer;
use crate::quantity::{Quantity, ScaleError};
use crate::text::{Code, Sku};

use super::deciding::Deciding;
use super::entry::{Entry, Stand, Wish};
use super::judgement::{Verdict, When};
use super::meaning::{Share, item_of, shares};
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
        let happened = deciding.stamp.odometer;
        let stands = vec![Stand { happened, effect: line.change, unsure: false }];
        let wish = Wish::Effect { now: line.change, stands, trade: false };
        let (sku, about) = (Some(line.sku.clone()), Some(about.clone()));
        deciding.record(Entry { sku, quantity: line.change, about, wish, ..Entry::of(Kind::Restatement) })?;
    }
    Ok(())
}

/// A code was learnt: the suspense rows that the item's last count had not
/// seen take effect, each standing at its own time. All rows leave the
/// suspense, so that none is resolved twice; one that can't be told in base
/// units is parked, and holds no other up.
pub(super) fn resolve<B: Books>(
    deciding: &mut Deciding<'_, '_, B>,
    code: &Code,
    sku: &Sku,
    units_per_scan: Quantity,
) -> Result<(), B::Error> {
    let resolution = Resolution { sku: sku.clone(), units_per_scan };
    let about = Some(About::Resolution(resolution.clone()));
    let entry = Entry { code: Some(code.clone()), about, units_per_scan, ..Entry::of(Kind::Resolve) };
    if deciding.is_parked() {
        return deciding.record(Entry { sku: Some(sku.clone()), ..entry });
    }
    let mut suspense = deciding.draft.suspense(code)?.unwrap_or_default();
    let rows = std::mem::take(&mut suspense.rows);
    suspense.resolved = Some(resolution);
    deciding.draft.apply(Change::Suspense(code.clone(), suspense));
    let item = item_of(deciding, sku)?;
    for share in shares(deciding, &item, units_per_scan)? {
        for (trade, in_base) in [(true, false), (true, true), (false, false), (false, true)] {
            let alike = |row: &&SuspenseRow| (row.trade, matches!(row.amount, Suspended::Base(_))) == (trade, in_base);
            resolve_rows(deciding, &entry, &share, rows.iter().filter(alike), trade)?;
        }
    }
    // Nothing stood in suspense: what the code means is held all the same.
    if rows.is_empty() { deciding.record(entry) } else { Ok(()) }
}

/// What rows that count alike sum up to.
struct Resolved {
    rows: usize,
    explained: usize,
    units: Quantity,
    quantity: Quantity,
    now: Quantity,
    stands: Vec<Stand>,
    marks: Marks,
}

impl Resolved {
    const fn nothing() -> Self {
        let zero = Quantity::ZERO;
        Self {
            rows: 0,
            explained: 0,
            units: Quantity::ONE,
            quantity: zero,
            now: zero,
            stands: Vec::new(),
            marks: Marks::NONE,
        }
    }

    /// Adds a row, or nothing of it.
    fn add(
        &mut self,
        row: &SuspenseRow,
        share: &Share,
        (closed, now): (Option<ClosedCount>, Odometer),
    ) -> Result<(), ScaleError> {
        let sum = |one: Quantity, other| one.checked_add(other).ok_or(ScaleError::Overflow);
        let quantity = sum(self.quantity, row.amount.quantity())?;
        if !share.tracked {
            (self.rows, self.quantity, self.marks) = (self.rows + 1, quantity, Marks::UNTRACKED);
            return Ok(());
        }
        let (units, effect) = (share.units_of(row.amount)?, share.of(row.amount)?);
        let SuspenseRow { happened, unsure, .. } = *row;
        // All that is known of an unsure one is when it was over.
        let when = if unsure { When::Between(Odometer(0), happened) } else { When::At(happened) };
        let verdict = when.judge(closed);
        match verdict {
            Verdict::Explained => self.explained += 1,
            Verdict::Counts | Verdict::Unordered => self.now = sum(self.now, effect)?,
        }
        let unordered = Marks::UNORDERED.with(Marks::RECOUNT);
        // What came late of an older epoch may have happened beside this one.
        let is_late = unsure && happened < Odometer::BIRTH;
        self.marks = self.marks.with_if(verdict == Verdict::Unordered, unordered).with_if(is_late, Marks::RECOUNT);
        self.stands.push(Stand { happened, effect, unsure });
        // See `late`: nobody knows that it did not happen until now.
        let until_now = Stand { happened: now, effect: Quantity::ZERO, unsure: true };
        self.stands.extend(is_late.then_some(until_now));
        (self.rows, self.units, self.quantity) = (self.rows + 1, units, quantity);
        Ok(())
    }
}

fn resolve_rows<'r, B: Books>(
    deciding: &mut Deciding<'_, '_, B>,
    entry: &Entry,
    share: &Share,
    rows: impl Iterator<Item = &'r SuspenseRow>,
    trade: bool,
) -> Result<(), B::Error> {
    let closed = deciding.stock(&share.sku)?.closed;
    let mut resolved = Resolved::nothing();
    for row in rows {
        if let Err(error) = resolved.add(row, share, (closed, deciding.stamp.odometer)) {
            let code = entry.code.as_ref().map(Code::to_string).unwrap_or_default();
            let detail = format!("what was given under {code} can't be told in base units: {error}");
            let raw = format!("{} × {code}", row.amount.quantity());
            let parked = Some(ParkedLine { reason: error.into(), detail, raw }.into());
            deciding.record(Entry { parked, ..entry.clone() })?;
        }
    }
    let Resolved { rows, explained, units, quantity, now, stands, marks } = resolved;
    if rows == 0 {
        return Ok(());
    }
    let marks = marks.with_if(explained == rows, Marks::EXPLAINED);
    let wish = if share.tracked { Wish::Effect { now, stands, trade } } else { Wish::Nothing };
    deciding.record(Entry {
        sku: Some(share.sku.clone()),
        units_per_scan: units,
        quantity,
        marks,
        wish,
        ..entry.clone()
    })
}
