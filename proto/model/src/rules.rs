//! The stock rules: what a document does to the books.
//!
//! [`decide`] looks whether the document is held already, then lets the file
//! of its kind decide; every movement goes through [`deciding`], the one
//! place that changes stock.

mod count;
mod deciding;
mod identity;
mod judgement;
mod meaning;
mod mend;
mod trade;
mod void;

use crate::books::Books;
use crate::document::{Body, Document};
use crate::draft::Draft;
use crate::kind::Kind;
use crate::outcome::{Outcome, Stamp};

use deciding::{Deciding, Entry};
use identity::Held;

/// Decides a document over the draft, which then holds its changes too.
///
/// Fails only if the books can't be read; the draft is then of no use.
pub fn decide<B: Books>(draft: &mut Draft<'_, B>, document: &Document, stamp: &Stamp) -> Result<Outcome, B::Error> {
    let held = identity::look_up(draft, document)?;
    let (record, reused) = match held {
        Held::Duplicate(outcome) => return Ok(outcome),
        Held::New(record) => (record, false),
        Held::OtherContent(record) => (record, true),
    };
    // A count can't be voided, so a void that waits for one does not bind it.
    let voidable = matches!(document.body, Body::Trade { .. });
    let voided = !reused && voidable && record.waiting_void.is_some();
    let mut deciding = Deciding::new(draft, document, stamp, reused, voided);
    deciding.number()?;
    decide_body(&mut deciding)?;
    deciding.finish(record)
}

fn decide_body<B: Books>(deciding: &mut Deciding<'_, '_, B>) -> Result<(), B::Error> {
    match &deciding.document.body {
        Body::Trade { kind, lines, .. } => trade::decide(deciding, *kind, lines),
        Body::Count(body) => count::decide(deciding, body),
        Body::Void { source, id } => void::decide(deciding, source, id),
        Body::Correction { about, lines } => mend::correct(deciding, about, lines),
        Body::Resolve { code, sku, units_per_scan } => mend::resolve(deciding, code, sku, *units_per_scan),
        Body::Restatement { about, lines } => mend::restate(deciding, about, lines),
        Body::DayClose { units, .. } => {
            deciding.record(Entry { quantity: units.unwrap_or_default(), ..Entry::of(Kind::DayClose) })
        }
        Body::InstructionResult { instruction } => {
            let about = crate::movement::About::Instruction(instruction.clone());
            deciding.record(Entry { about: Some(about), ..Entry::of(Kind::InstructionResult) })
        }
        Body::Unreadable(parked) => deciding.park(Kind::Unknown, parked.clone()),
    }
}

#[cfg(test)]
mod tests;
