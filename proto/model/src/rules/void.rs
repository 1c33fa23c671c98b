//! A void reverses a document once, each line at the time it happened.

use crate::books::{Books, Change, DocumentRecord, LineEffect, Resolution, Reversal, SuspenseRow, Tally, Target};
use crate::document::ParkedLine;
use crate::key::DocumentKey;
use crate::kind::{Kind, Marks, ParkReason};
use crate::limits::VOID_MILLIS;
use crate::movement::About;
use crate::outcome::Warning;
use crate::position::Odometer;
use crate::quantity::Quantity;
use crate::text::{Code, DocumentId, Source};

use super::count::{self, TakenBack};
use super::deciding::Deciding;
use super::entry::{Entry, Wish};
use super::judgement::When;
use super::meaning::{item_of, shares};
use super::trade::record_judged;

pub(super) fn decide<B: Books>(
    deciding: &mut Deciding<'_, '_, B>,
    source: &Source,
    id: &DocumentId,
) -> Result<(), B::Error> {
    let about = About::Document { source: source.clone(), id: id.clone() };
    if deciding.is_parked() {
        return deciding.record(Entry { about: Some(about), ..Entry::of(Kind::Void) });
    }
    let key = DocumentKey::of(source, id);
    let mut record = deciding.draft.document(key)?.unwrap_or_default();
    let Some(entry) = record.entries.first_mut() else { return wait(deciding, key, record, about) };
    match &mut entry.reversal {
        Reversal::Done => {
            deciding.warn(Warning::AlreadyVoided);
            deciding.record(Entry { about: Some(about), ..Entry::of(Kind::Void) })
        }
        Reversal::Count => park(deciding, ParkReason::VoidOfCount, "a count can't be voided; count again", &about),
        Reversal::Nothing => park(deciding, ParkReason::VoidOfOther, "this document has nothing to reverse", &about),
        Reversal::Lines { committed, .. } if is_too_old(*committed, deciding.stamp.odometer) => {
            let detail = "the document is older than 60 days; head office corrects it by instruction";
            park(deciding, ParkReason::VoidTooOld, detail, &about)
        }
        Reversal::Lines { committed, lines } => {
            let lines = std::mem::take(lines);
            if let Some(left) = left_of(&lines, deciding.absent()) {
                let committed = *committed;
                entry.reversal = Reversal::Lines { committed, lines: left };
            } else {
                entry.reversal = Reversal::Done;
            }
            deciding.draft.apply(Change::Document(key, record));
            for (number, line) in (1..).zip(lines) {
                deciding.line = number;
                if deciding.absent().contains(&number) {
                    deciding.record(Entry { about: Some(about.clone()), ..Entry::of(Kind::Void) })?;
                } else {
                    reverse(deciding, &about, line)?;
                }
            }
            Ok(())
        }
    }
}

/// What is left of a document's lines, by ordinal, if some movements of its
/// void never came: a repetition of the void reverses them.
fn left_of(lines: &[LineEffect], absent: &[u32]) -> Option<Vec<LineEffect>> {
    if absent.is_empty() {
        return None;
    }
    let left = |(number, line): (u32, &LineEffect)| {
        let target = if absent.contains(&number) { line.target.clone() } else { Target::Nothing };
        LineEffect { target, ..line.clone() }
    };
    Some((1..).zip(lines).map(left).collect())
}

const fn is_too_old(committed: Odometer, now: Odometer) -> bool {
    now.0.saturating_sub(committed.0) > VOID_MILLIS
}

/// The document is not here yet: the void waits, and both will have effect 0.
fn wait<B: Books>(
    deciding: &mut Deciding<'_, '_, B>,
    key: DocumentKey,
    mut record: DocumentRecord,
    about: About,
) -> Result<(), B::Error> {
    if record.waiting_void.is_some() {
        deciding.warn(Warning::AlreadyVoided);
    } else {
        deciding.warn(Warning::VoidWaits);
        record.waiting_void = Some(deciding.first());
        deciding.draft.apply(Change::Document(key, record));
    }
    deciding.record(Entry { about: Some(about), marks: Marks::VOIDED, ..Entry::of(Kind::Void) })
}

fn park<B: Books>(
    deciding: &mut Deciding<'_, '_, B>,
    reason: ParkReason,
    detail: &str,
    about: &About,
) -> Result<(), B::Error> {
    let raw = match about {
        About::Document { source, id } => format!("void of {source} {id}"),
        About::Position(_) | About::Instruction(_) | About::Resolution(_) => String::new(),
    };
    let parked = ParkedLine { reason, detail: detail.to_owned(), raw };
    deciding.record(Entry { about: Some(about.clone()), parked: Some(parked.into()), ..Entry::of(Kind::Void) })
}

fn reverse<B: Books>(deciding: &mut Deciding<'_, '_, B>, about: &About, line: LineEffect) -> Result<(), B::Error> {
    let entry = Entry { about: Some(about.clone()), happened: Some(line.happened), ..Entry::of(Kind::Void) };
    let when = When::At(line.happened);
    match line.target {
        Target::Nothing => deciding.record(entry),
        Target::Tally(tally) => reverse_tally(deciding, about, entry, &tally),
        Target::Item { sku, effect } => {
            let Some(back) = effect.checked_neg() else { return deciding.record(entry) };
            // Its own effect stands after the last count's mark or was
            // explained by it: the same judgement holds for its reversal.
            let entry = Entry { sku: Some(sku), quantity: magnitude(effect), ..entry };
            record_judged(deciding, entry, back, line.trade, when)
        }
        Target::Suspense { code, amount, row } => {
            let Some(back) = amount.checked_neg() else { return deciding.record(entry) };
            let entry = Entry { code: Some(code.clone()), quantity: magnitude(amount.quantity()), ..entry };
            let (happened, trade) = (line.happened, line.trade);
            let back = SuspenseRow { happened, seq: row, amount: back, trade, unsure: false };
            reverse_suspense(deciding, entry, &code, back)
        }
    }
}

/// One scan of a count: off its sheet, unless the count is closed.
fn reverse_tally<B: Books>(
    deciding: &mut Deciding<'_, '_, B>,
    about: &About,
    entry: Entry,
    tally: &Tally,
) -> Result<(), B::Error> {
    let happened = entry.happened.unwrap_or_default();
    let mut state = deciding.draft.count(&tally.reference)?.unwrap_or_default();
    match count::take_back(&mut state, tally, happened) {
        TakenBack::Closed => park(deciding, ParkReason::VoidOfCount, "its count is closed; count again", about),
        TakenBack::NotThere => deciding.record(entry),
        TakenBack::Done => {
            deciding.draft.apply(Change::Count(tally.reference.clone(), state));
            let (sku, quantity) = (Some(tally.sku.clone()), magnitude(tally.counted));
            deciding.record(Entry { sku, quantity, ..entry })
        }
    }
}

/// A line under a code that nobody knew: taken out of suspense, or off the
/// item it was resolved to meanwhile.
fn reverse_suspense<B: Books>(
    deciding: &mut Deciding<'_, '_, B>,
    entry: Entry,
    code: &Code,
    back: SuspenseRow,
) -> Result<(), B::Error> {
    let SuspenseRow { happened, seq, amount, trade, .. } = back;
    let suspense = deciding.draft.suspense(code)?.unwrap_or_default();
    let waits = suspense.rows.iter().find(|row| row.seq == seq && row.happened == happened);
    let Some(Resolution { sku, units_per_scan }) = suspense.resolved.filter(|_| waits.is_none()) else {
        let unsure = waits.is_some_and(|row| row.unsure);
        return deciding.record(Entry { wish: Wish::Suspense { amount, trade, unsure }, ..entry });
    };
    let item = item_of(deciding, &sku)?;
    for share in shares(deciding, &item, units_per_scan)? {
        let entry = Entry { sku: Some(share.sku.clone()), ..entry.clone() };
        // What could not be told in base units had no effect either.
        match share.units_of(amount).and_then(|units| Ok((units, share.of(amount)?))) {
            Ok((units_per_scan, effect)) if share.tracked => {
                let entry = Entry { units_per_scan, ..entry };
                record_judged(deciding, entry, effect, trade, When::At(happened))?;
            }
            Ok(_) => deciding.record(Entry { marks: Marks::UNTRACKED, ..entry })?,
            Err(_) => deciding.record(entry)?,
        }
    }
    Ok(())
}

fn magnitude(quantity: Quantity) -> Quantity {
    Quantity::thousandths(quantity.as_thousandths().saturating_abs())
}
