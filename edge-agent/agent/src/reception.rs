//! Where documents of every way in (HTTP, files, lines) are handed to the
//! journal, counted and answered.

use std::sync::Arc;

use tidemark_daemon::clock::Clock;
use tidemark_journal::{Committed, Journal, NotSaved, Submission};
use tidemark_model::{Document, Reference, Source, Status, Warning};

use crate::days::{Days, Piece, Slip};
use crate::events::Events;
use crate::guest::Guest;
use crate::intake::{Answer, Intake, Place, Remark, Submitted};
use crate::roll::Roll;
use crate::troubles::Troubles;

/// What takes documents; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Reception(Arc<Parts>);

/// What a reception works with.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) journal: Journal,
    pub(crate) events: Events,
    pub(crate) troubles: Troubles,
    pub(crate) roll: Roll,
    pub(crate) days: Days,
    pub(crate) time_zone: jiff::tz::TimeZone,
    pub(crate) clock: Clock,
}

/// A document's place in the answer.
enum Slot {
    /// Without the journal; perhaps with a number that is not missing.
    Answered(Option<Source>, Answer, Option<u64>),
    Submitted {
        source: Source,
        id: String,
        reference: Option<Reference>,
        remarks: Vec<Remark>,
        slip: Option<Slip>,
    },
}

impl Reception {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// What it works with.
    pub(crate) fn parts(&self) -> &Parts {
        &self.0
    }

    /// What intake needs to know of the box.
    pub(crate) fn place(&self) -> Place {
        Place { time_zone: self.0.time_zone.clone(), wall: self.0.clock.wall() }
    }

    /// Takes documents after the sync they stand behind: one answer each, in
    /// order. If one was not saved, nothing is answered: who submits repeats
    /// all, and what was saved is a duplicate then.
    pub(crate) async fn receive(&self, guest: &Guest, read: Vec<Intake>) -> Result<Vec<Answer>, NotSaved> {
        let (slots, documents) = sort(read, guest);
        for slot in &slots {
            if let Slot::Answered(Some(source), answer, Some(number)) = slot
                && answer.rejection().is_none()
            {
                let passed = self.0.journal.pass_number(source.clone(), *number).await;
                passed.inspect_err(|error| self.not_saved(error))?;
            }
        }
        let saved = self.0.journal.submit_all(documents.into_iter().map(Submission::of).collect()).await;
        self.answer(slots, saved)
    }

    fn answer(&self, slots: Vec<Slot>, saved: Vec<Result<Committed, NotSaved>>) -> Result<Vec<Answer>, NotSaved> {
        let mut saved = saved.into_iter();
        let mut answers = Vec::with_capacity(slots.len());
        for slot in slots {
            match slot {
                Slot::Answered(source, answer, _number) => {
                    self.note_unkept(source.as_ref(), &answer);
                    answers.push(answer);
                }
                Slot::Submitted { source, id, reference, remarks, slip } => {
                    let committed = saved.next().unwrap_or(Err(NotSaved::Stopped));
                    let committed = committed.inspect_err(|error| self.not_saved(error))?;
                    self.0.troubles.taken(&source, &id, &committed);
                    self.0.troubles.compare(&source, reference.as_ref(), &committed);
                    self.0.roll.note(&source, committed.odometer);
                    if let Some(slip) = slip.filter(|_| committed.status == Status::Accepted) {
                        self.0.days.note(slip, committed.movements.iter().map(Piece::from));
                    }
                    let answer = Answer::of(id, &committed, remarks);
                    self.count_kept(&committed, &answer);
                    answers.push(answer);
                }
            }
        }
        Ok(answers)
    }

    /// Something was not saved.
    pub(crate) fn not_saved(&self, error: &NotSaved) {
        self.0.events.not_saved.inc();
        tracing::error!(%error, "documents are not saved");
        self.0.troubles.unsaved(error);
    }

    fn note_unkept(&self, source: Option<&Source>, answer: &Answer) {
        let Parts { events, troubles, .. } = &*self.0;
        match answer.rejection() {
            Some((code, detail)) => {
                events.rejected.of(code).inc();
                troubles.refused(source.map_or("a document", |source| source.as_str()), detail);
            }
            None => drop(events.ignored.inc()),
        }
    }

    fn count_kept(&self, committed: &Committed, answer: &Answer) {
        let events = &self.0.events;
        match committed.status {
            Status::Accepted => events.accepted.inc(),
            Status::Duplicate => events.duplicates.inc(),
        };
        for code in answer.warning_codes() {
            events.warnings.of(code).inc();
        }
        for warning in &committed.warnings {
            if let Warning::Parked { reason, .. } = warning {
                events.parked.of(reason.word()).inc();
            }
        }
    }
}

fn sort(read: Vec<Intake>, guest: &Guest) -> (Vec<Slot>, Vec<Document>) {
    let mut documents = Vec::with_capacity(read.len());
    let slots = read
        .into_iter()
        .map(|intake| match intake {
            Intake::Answered(answer) => Slot::Answered(None, answer, None),
            Intake::Passed { answer, source, number } => {
                let number = guest.may_submit(&source).then_some(number);
                Slot::Answered(Some(source), answer, number)
            }
            Intake::Submit(Submitted { document, remarks }) => {
                let (source, id) = (document.source.clone(), document.id.to_string());
                if !guest.may_submit(&source) {
                    let detail = format!("{} may not submit documents of {source}; use its own token", guest.name());
                    let answer = Answer::rejected(id, "no_right", detail);
                    return Slot::Answered(Some(source), answer, None);
                }
                let (slip, reference) = (Slip::of(&document), document.labels.reference.clone());
                documents.push(document);
                Slot::Submitted { source, id, reference, remarks, slip }
            }
        })
        .collect();
    (slots, documents)
}

#[cfg(test)]
mod tests;
