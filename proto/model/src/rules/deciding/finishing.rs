//! What is known of a document once it is decided.

use crate::books::{Books, Change, DocumentEntry, DocumentRecord, Reversal};
use crate::document::Body;
use crate::key::DocumentKey;
use crate::limits::CONTENTS_PER_IDENTITY;
use crate::outcome::{Outcome, Status};
use crate::position::Position;

use super::Deciding;
use crate::rules::count;
use crate::rules::entry::{Entry, kind_of};
use crate::rules::late;

impl<B: Books> Deciding<'_, '_, B> {
    /// Closes the document: its identity is held from now on.
    pub(in crate::rules) fn finish(mut self, mut record: DocumentRecord) -> Result<Outcome, B::Error> {
        if self.movements.is_empty() {
            // A document without effect still takes a position: it is held,
            // sent and handled like any other.
            self.line = 0;
            self.record(Entry::of(kind_of(&self.document.body)))?;
        }
        let lines = u32::try_from(self.movements.len()).unwrap_or(u32::MAX);
        let count = self.count();
        self.movements.iter_mut().for_each(|movement| movement.document.count = count);
        let reversal = self.reversal();
        self.keep(&mut record, count, reversal);
        let key = DocumentKey::of(&self.document.source, &self.document.id);
        self.draft.apply(Change::Document(key, record));
        Ok(Outcome {
            status: Status::Accepted,
            first: self.stamp.next,
            lines,
            warnings: self.warnings,
            movements: self.movements,
        })
    }

    /// Keeps what is known of the document from now on.
    fn keep(&self, record: &mut DocumentRecord, count: u32, reversal: Reversal) {
        let held = record.entries.iter_mut().find(|entry| entry.content == self.content);
        if let Some(entry) = held {
            if self.parks.is_none() {
                entry.complete(self.absent(), reversal);
            } else {
                entry.missing.clear();
            }
        } else if record.entries.len() < CONTENTS_PER_IDENTITY {
            let count = self.place().map_or(count, |place| place.count);
            let before = if self.is_committed_now() { u64::from(self.skipped) } else { 0 };
            let first = Position { seq: self.stamp.next.seq.saturating_sub(before).max(1), ..self.stamp.next };
            let (content, missing) = (self.content, self.absent().to_vec());
            record.entries.push(DocumentEntry { content, first, count, missing, reversal });
        }
    }

    fn reversal(&mut self) -> Reversal {
        if self.is_parked() {
            return Reversal::Nothing;
        }
        match &self.document.body {
            Body::Count(count) if !count::is_scan(self.document, count) => Reversal::Count,
            Body::Trade { .. } | Body::Count(_) if self.voided => Reversal::Done,
            Body::Trade { .. } | Body::Count(_) => {
                Reversal::Lines { committed: self.stamp.odometer, lines: std::mem::take(&mut self.reversible) }
            }
            Body::Late(late) => {
                let how = (self.voided, self.skipped);
                late::reversal(late, how, self.stamp.odometer, &mut self.reversible)
            }
            Body::Void { .. }
            | Body::DayClose { .. }
            | Body::Correction { .. }
            | Body::Resolve { .. }
            | Body::Restatement { .. }
            | Body::InstructionResult { .. }
            | Body::Unreadable(_) => Reversal::Nothing,
        }
    }
}
