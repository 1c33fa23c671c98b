//! The stock rules: what a document does to the books.
//!
//! [`decide`] looks whether the document is held already, then lets the file
//! of its kind decide; every movement goes through [`deciding`], the one
//! place that changes stock.

mod count;
mod deciding;
mod entry;
mod identity;
mod judgement;
mod late;
mod meaning;
mod mend;
mod task;
mod trade;
mod void;

use crate::books::{Books, DocumentEntry, DocumentRecord};
use crate::document::{Body, Document};
use crate::draft::Draft;
use crate::kind::{Kind, ParkReason};
use crate::outcome::{Outcome, Stamp};
use crate::text::Label;

use deciding::Deciding;
use entry::Entry;
use identity::Held;
use task::Standing;

pub(crate) use task::{AsCommitted, Place, Task};

/// Decides a document over the draft, which then holds its changes too.
///
/// Fails only if the books can't be read; the draft is then of no use.
pub fn decide<B: Books>(draft: &mut Draft<'_, B>, document: &Document, stamp: &Stamp) -> Result<Outcome, B::Error> {
    decide_task(draft, Task::submitted(document, stamp))
}

/// Decides a document that was just submitted, or one that was committed over
/// other books.
pub(crate) fn decide_task<B: Books>(draft: &mut Draft<'_, B>, task: Task<'_>) -> Result<Outcome, B::Error> {
    let (record, standing) = match identity::look_up(draft, task)? {
        Held::Duplicate(outcome) => return Ok(outcome),
        Held::New(record) => {
            let standing = Standing::effective(task, &record, None);
            (record, standing)
        }
        Held::OtherContent(record) => (record, Standing::parked(ParkReason::IdReused)),
        Held::InPart(record, entry) => {
            let standing = if fits(draft, task, &record, &entry)? {
                Standing::effective(task, &record, Some(entry))
            } else {
                Standing::parked(ParkReason::PartialLine)
            };
            (record, standing)
        }
    };
    let mut deciding = Deciding::new(draft, task, standing);
    deciding.number()?;
    decide_body(&mut deciding)?;
    deciding.finish(record)
}

/// Whether a document of which a part is held has the parts that are held;
/// tried over a draft of its own.
fn fits<B: Books>(
    draft: &Draft<'_, B>,
    task: Task<'_>,
    record: &DocumentRecord,
    entry: &DocumentEntry,
) -> Result<bool, B::Error> {
    let mut trial = Draft::over(draft);
    let mut deciding = Deciding::new(&mut trial, task, Standing::effective(task, record, Some(entry.clone())));
    decide_body(&mut deciding)?;
    Ok(deciding.fits(entry))
}

fn decide_body<B: Books>(deciding: &mut Deciding<'_, '_, B>) -> Result<(), B::Error> {
    match &deciding.document.body {
        Body::Trade { kind, lines, .. } => trade::decide(deciding, *kind, lines),
        Body::Count(body) => count::decide(deciding, body),
        Body::Void { source, id } => void::decide(deciding, source, id),
        Body::Correction { about, lines } => mend::correct(deciding, about, lines),
        Body::Resolve { code, sku, units_per_scan } => mend::resolve(deciding, code, sku, *units_per_scan),
        Body::Restatement { about, lines } => mend::restate(deciding, about, lines),
        Body::DayClose { documents, units } => {
            let (quantity, documents) = (units.unwrap_or_default(), *documents);
            deciding.record(Entry { quantity, documents, ..Entry::of(Kind::DayClose) })
        }
        Body::InstructionResult { instruction, refused } => {
            let about = Some(crate::movement::About::Instruction(instruction.clone()));
            let reason = if *refused { Label::new(crate::movement::REFUSED).ok() } else { None };
            deciding.record(Entry { about, reason, ..Entry::of(Kind::InstructionResult) })
        }
        Body::Late(late) => late::decide(deciding, late),
        Body::Unreadable(parked) => deciding.park(Kind::Unknown, parked.clone()),
    }
}

#[cfg(test)]
pub(crate) mod tests;
