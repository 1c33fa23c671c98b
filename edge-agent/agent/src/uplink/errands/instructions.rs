//! Instructions of head office, each done once by its id.

use tidemark_daemon::conditions::registry;
use tidemark_daemon::retry::{Disposition, Policy, retry};
use tidemark_journal::{Journal, Submission};
use tidemark_model::document::{
    Body, CountBody, CountReason, Line as DocumentLine, SheetUse, SkuChange, TakenLine, Timing, Unit,
};
use tidemark_model::limits::NOTE_BYTES;
use tidemark_model::movement::{About, Labels};
use tidemark_model::opening::late_documents;
use tidemark_model::{Document, DocumentId, Label, Note, Position, Sku, Source, Status, TextError};
use tidemark_sync::message::{FetchInstruction, Instruction, InstructionBody, InstructionLine, LateMovements};
use tidemark_wire::decode_movement;
use tidemark_wire::limits::INSTRUCTION_BODY_BYTES;
use tokio::sync::mpsc;

use super::{ErrandError, Runner, parked, support};
use crate::intake::CENTRE_SOURCE;
use crate::uplink::Report;

impl Runner {
    /// Carries out what is queued, in its order. What can't be done is answered
    /// with its reason; one that this release does not know is set aside until
    /// the box is updated; everything else is tried until it is done.
    pub(super) async fn carry_out_all(self, mut queue: mpsc::Receiver<Instruction>, report: mpsc::Sender<Report>) {
        while let Some(instruction) = queue.recv().await {
            let id = instruction.id.clone();
            let resends = instruction.body == InstructionBody::Resend;
            let judge = |error: &ErrandError| {
                tracing::warn!(%id, %error, "an instruction is not done");
                error.disposition()
            };
            match retry(Policy::SERVICE, || self.carry_out_or_refuse(&instruction), judge).await {
                Ok(is_new) => {
                    self.conditions.clear_about(registry::INSTRUCTION_REFUSED, id.as_str());
                    if is_new && resends {
                        let cause = "head office asks for all that it does not hold".to_owned();
                        drop(report.send(Report::BeginAnew { cause }).await);
                    }
                }
                Err(error) if error.disposition() == Disposition::Park => {
                    let now = self.clock.millis();
                    let detail = error.to_string();
                    self.conditions.raise_about(registry::INSTRUCTION_REFUSED, id.as_str(), detail, now);
                }
                // The agent stops; the centre tells it again.
                Err(_stopping) => return,
            }
        }
    }

    /// What can't be done is answered with the reason; whether it was not
    /// answered before.
    async fn carry_out_or_refuse(&self, instruction: &Instruction) -> Result<bool, ErrandError> {
        if self.journal.instruction_done(&instruction.id)?.is_some() {
            return Ok(false);
        }
        match self.carry_out(instruction).await {
            Err(ErrandError::Unfit(why)) => {
                tracing::warn!(id = %instruction.id, %why, "an instruction can't be done");
                let result = Document { body: result(&instruction.id, true), ..self.plain(instruction)? };
                self.commit(&instruction.id, told(result, &why), None).await?;
            }
            done => done?,
        }
        Ok(true)
    }

    async fn commit(&self, id: &Label, document: Document, count_list: Option<Vec<Sku>>) -> Result<(), ErrandError> {
        let submission = Submission { instruction: Some(id.clone()), count_list, ..Submission::of(document) };
        let committed = self.journal.submit(submission).await?;
        tracing::info!(%id, first = committed.first.seq, lines = committed.lines, "an instruction is answered");
        Ok(())
    }

    /// An answer without a body yet.
    fn plain(&self, instruction: &Instruction) -> Result<Document, ErrandError> {
        plain(&instruction.id, labels_of(instruction))
    }

    async fn carry_out(&self, instruction: &Instruction) -> Result<(), ErrandError> {
        let Instruction { id, body, .. } = instruction;
        let fetched = matches!(body, InstructionBody::Fetch { .. });
        let body = if fetched { self.fetch_body(id).await? } else { body.clone() };
        if let InstructionBody::Late(late) = &body {
            self.commit_late(id, late).await?;
        }
        let (words, count_list) = match &body {
            InstructionBody::Count { skus } => {
                (Some(format!("{} items are on the count list of the shop", skus.len())), Some(skus.clone()))
            }
            InstructionBody::SupportFile => (Some(support::write(&self.journal, &self.conditions, id).await?), None),
            InstructionBody::Resend => (Some("all that head office does not hold is sent once more".to_owned()), None),
            InstructionBody::Late(_)
            | InstructionBody::OpenStock { .. }
            | InstructionBody::Correct { .. }
            | InstructionBody::Void { .. }
            | InstructionBody::Accept { .. }
            | InstructionBody::Settle(_)
            | InstructionBody::Unknown { .. }
            | InstructionBody::Fetch { .. } => (None, None),
        };
        let document = document_of(&self.journal, (id, labels_of(instruction)), body)?;
        let document = match words {
            Some(words) => told(document, &words),
            None => document,
        };
        self.commit(id, document, count_list).await
    }

    /// Commits once more what an older epoch had beyond what the centre knew
    /// at its end. A document that is held is dropped, so what was interrupted
    /// may begin again. It is decided over the opening, so it waits for that.
    async fn commit_late(&self, id: &Label, late: &LateMovements) -> Result<(), ErrandError> {
        let Some(opening) = self.journal.opening()? else {
            return Err(ErrandError::Waits("this box has not taken over yet what the one before it left"));
        };
        let mut movements = Vec::with_capacity(late.movements.len());
        for (seq, bytes) in &late.movements {
            let movement = decode_movement(bytes).map_err(|error| ErrandError::Unfit(error.to_string()))?;
            movements.push((*seq, movement));
        }
        let between = opening.ordinal.0 > late.ordinal.0.saturating_add(1);
        let submissions = late_documents(late.epoch, between, movements).into_iter().map(Submission::of).collect();
        let mut committed = 0;
        for done in self.journal.submit_all(submissions).await {
            committed += u32::from(done?.status == Status::Accepted);
        }
        tracing::info!(%id, epoch = %late.epoch, movements = late.movements.len(), committed, "what came late is here");
        self.resolve_known().await
    }

    async fn fetch_body(&self, id: &Label) -> Result<InstructionBody, ErrandError> {
        let mut bytes = Vec::new();
        loop {
            let store = self.journal.identity().store.clone();
            let from = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            let asked = FetchInstruction { store, id: id.clone(), from };
            let page = self.caller().await?.fetch_instruction(&asked).await?;
            if bytes.len().saturating_add(page.bytes.len()) > INSTRUCTION_BODY_BYTES {
                return Err(ErrandError::Unfit(format!("its body has more than {INSTRUCTION_BODY_BYTES} bytes")));
            }
            bytes.extend_from_slice(&page.bytes);
            if u64::try_from(bytes.len()).unwrap_or(u64::MAX) >= page.total {
                break;
            }
            if page.bytes.is_empty() {
                return Err(ErrandError::Call("a page of the instruction is empty".to_owned()));
            }
        }
        tidemark_wire::decode_instruction_body(&bytes).map_err(|error| ErrandError::Unfit(error.to_string()))
    }
}

/// Who wants it and why, as labels of what the box commits for it.
fn labels_of(instruction: &Instruction) -> Labels {
    Labels { operator: instruction.author.clone(), note: instruction.reason.clone(), ..Labels::default() }
}

fn plain(id: &Label, labels: Labels) -> Result<Document, ErrandError> {
    let identity = (Source::new(CENTRE_SOURCE).map_err(unfit)?, DocumentId::new(id.as_str()).map_err(unfit)?);
    let wall = tidemark_daemon::clock::wall_now();
    Ok(Document { labels, ..Document::plain(identity, wall, result(id, false)) })
}

fn unfit(error: TextError) -> ErrandError {
    ErrandError::Unfit(error.to_string())
}

fn result(id: &Label, refused: bool) -> Body {
    Body::InstructionResult { instruction: id.clone(), refused }
}

/// An answer in words.
fn told(mut document: Document, words: &str) -> Document {
    let words = words.get(..words.floor_char_boundary(NOTE_BYTES)).unwrap_or_default();
    let clean: String = words.chars().map(|one| if one.is_control() { ' ' } else { one }).collect();
    document.labels.note = Note::new(&clean).ok();
    document
}

/// What the box commits for an instruction.
fn document_of(
    journal: &Journal,
    (id, labels): (&Label, Labels),
    body: InstructionBody,
) -> Result<Document, ErrandError> {
    let document = plain(id, labels)?;
    let body = match body {
        InstructionBody::OpenStock { lines } => Body::Count(opening_of(lines)),
        InstructionBody::Correct { about, lines } => return correction(journal, document, about, lines),
        InstructionBody::Void { source, id } => Body::Void { source, id },
        InstructionBody::Accept { about } => return parked::accepted(journal, document, about),
        InstructionBody::Settle(settlement) => return parked::settled(journal, document, &settlement),
        InstructionBody::Late(_)
        | InstructionBody::Count { .. }
        | InstructionBody::Resend
        | InstructionBody::SupportFile => result(id, false),
        InstructionBody::Unknown { .. } | InstructionBody::Fetch { .. } => return Err(ErrandError::TooNew),
    };
    Ok(Document { body, ..document })
}

/// A correction stands at the time of the line it is about; one that is about
/// none stands now.
fn correction(
    journal: &Journal,
    document: Document,
    about: Option<Position>,
    lines: Vec<InstructionLine>,
) -> Result<Document, ErrandError> {
    let (timing, about) = match about {
        None => (Timing::Live, About::Instruction(Label::new(document.id.as_str()).map_err(unfit)?)),
        Some(position) => (Timing::At(parked::held(journal, position)?.happened), About::Position(position)),
    };
    let lines = lines.into_iter().map(|line| SkuChange { sku: line.sku, change: line.quantity }).collect();
    Ok(Document { timing, body: Body::Correction { about, lines }, ..document })
}

fn opening_of(lines: Vec<InstructionLine>) -> CountBody {
    let taken = |line: InstructionLine| {
        let plain = TakenLine::plain(line.sku, line.quantity);
        DocumentLine::Taken(TakenLine { unit: Unit::Sku, ..plain })
    };
    let lines = lines.into_iter().map(taken).collect();
    let reason = CountReason::Opening;
    CountBody { reason, full: false, last: false, sells: true, sheet: SheetUse::Whole, lines }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use tidemark_journal::Reading;
    use tidemark_model::{Quantity, StoreId, WallTime};

    #[tokio::test]
    async fn a_correction_stands_at_the_time_of_what_it_is_about() {
        let folder = tempfile::tempdir().unwrap();
        let now = Arc::new(AtomicU64::new(1_000));
        let steady = Arc::clone(&now);
        let read = move || Reading { steady_ms: steady.load(Ordering::Relaxed), wall: WallTime(0) };
        let store = StoreId::new("S0001").unwrap();
        let config = tidemark_journal::Config::new(folder.path().join("journal"), store, Arc::new(read));
        let (journal, writer) = Journal::open(config).unwrap();
        let lines = |quantity| vec![InstructionLine { sku: Sku::new("apple").unwrap(), quantity }];
        let opening = InstructionBody::OpenStock { lines: lines(Quantity::ONE) };
        let opening = document_of(&journal, (&Label::new("a").unwrap(), Labels::default()), opening).unwrap();
        assert_eq!(opening.timing, Timing::Live);
        now.store(6_000, Ordering::Relaxed);
        let committed = journal.submit(Submission::of(opening)).await.unwrap();
        now.store(90_000, Ordering::Relaxed);
        let correct = |about| InstructionBody::Correct { about: Some(about), lines: lines(Quantity::ONE) };
        let id = Label::new("b").unwrap();
        let correction = document_of(&journal, (&id, Labels::default()), correct(committed.first)).unwrap();
        assert_eq!(correction.timing, Timing::At(committed.odometer));
        let gone = Position { seq: 99, ..committed.first };
        let refused = document_of(&journal, (&id, Labels::default()), correct(gone));
        assert!(matches!(&refused, Err(error) if error.disposition() == Disposition::Park), "{refused:?}");
        tokio::task::spawn_blocking(move || writer.stop()).await.unwrap().unwrap();
    }
}
