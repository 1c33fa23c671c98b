//! Instructions of head office, each done once by its id.

use tidemark_daemon::conditions::registry;
use tidemark_daemon::retry::{Disposition, Policy, retry};
use tidemark_journal::{Journal, Submission};
use tidemark_model::document::{
    Body, CountBody, CountReason, Line as DocumentLine, SheetUse, SkuChange, TakenLine, Timing, Unit,
};
use tidemark_model::movement::About;
use tidemark_model::opening::late_documents;
use tidemark_model::{Document, DocumentId, Label, Source, Status, TextError};
use tidemark_sync::message::{FetchInstruction, Instruction, InstructionBody, InstructionLine, LateMovements};
use tidemark_wire::decode_movement;
use tidemark_wire::limits::INSTRUCTION_BODY_BYTES;
use tokio::sync::mpsc;

use super::{ErrandError, Runner};
use crate::intake::CENTRE_SOURCE;

impl Runner {
    /// Carries out what is queued, in its order. One that can't be done here
    /// is set aside with its reason; everything else is tried until it is.
    pub(super) async fn carry_out_all(self, mut queue: mpsc::Receiver<Instruction>) {
        while let Some(instruction) = queue.recv().await {
            let id = instruction.id.clone();
            let judge = |error: &ErrandError| {
                tracing::warn!(%id, %error, "an instruction is not done");
                error.disposition()
            };
            match retry(Policy::SERVICE, || self.carry_out(&instruction), judge).await {
                Ok(()) => drop(self.conditions.clear_about(registry::INSTRUCTION_REFUSED, id.as_str())),
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

    async fn carry_out(&self, instruction: &Instruction) -> Result<(), ErrandError> {
        let Instruction { id, body } = instruction;
        if self.journal.instruction_done(id)?.is_some() {
            return Ok(());
        }
        let fetched = matches!(body, InstructionBody::Fetch { .. });
        let body = if fetched { self.fetch_body(id).await? } else { body.clone() };
        if let InstructionBody::Late(late) = &body {
            self.commit_late(id, late).await?;
        }
        let document = document_of(&self.journal, id, body)?;
        let submission = Submission { instruction: Some(id.clone()), ..Submission::of(document) };
        let committed = self.journal.submit(submission).await?;
        tracing::info!(%id, first = committed.first.seq, lines = committed.lines, "an instruction is done");
        Ok(())
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

/// What the box commits for an instruction.
fn document_of(journal: &Journal, id: &Label, body: InstructionBody) -> Result<Document, ErrandError> {
    let unfit = |error: TextError| ErrandError::Unfit(error.to_string());
    let timing = timing_of(journal, &body)?;
    let identity = (Source::new(CENTRE_SOURCE).map_err(unfit)?, DocumentId::new(id.as_str()).map_err(unfit)?);
    let wall = tidemark_daemon::clock::wall_now();
    Ok(Document { timing, ..Document::plain(identity, wall, document_body(id, body)?) })
}

/// A correction stands at the time of the line it is about.
fn timing_of(journal: &Journal, body: &InstructionBody) -> Result<Timing, ErrandError> {
    let InstructionBody::Correct { about, .. } = body else { return Ok(Timing::Live) };
    match journal.movement(*about)? {
        Some(movement) => Ok(Timing::At(movement.happened)),
        None => Err(ErrandError::Unfit(format!(
            "movement {} of epoch {} is not held here any more, so that nobody can tell whether a count has seen it; \
             count the items instead",
            about.seq, about.epoch
        ))),
    }
}

fn document_body(id: &Label, body: InstructionBody) -> Result<Body, ErrandError> {
    match body {
        InstructionBody::OpenStock { lines } => {
            let taken = |line: InstructionLine| {
                let plain = TakenLine::plain(line.sku, line.quantity);
                DocumentLine::Taken(TakenLine { unit: Unit::Sku, ..plain })
            };
            let lines = lines.into_iter().map(taken).collect();
            let reason = CountReason::Opening;
            Ok(Body::Count(CountBody { reason, full: false, last: false, sells: true, sheet: SheetUse::Whole, lines }))
        }
        InstructionBody::Correct { about, lines } => {
            let change = |line: InstructionLine| SkuChange { sku: line.sku, change: line.quantity };
            Ok(Body::Correction { about: About::Position(about), lines: lines.into_iter().map(change).collect() })
        }
        InstructionBody::Void { source, id } => Ok(Body::Void { source, id }),
        InstructionBody::Late(_) => Ok(Body::InstructionResult { instruction: id.clone() }),
        InstructionBody::Accept { .. } | InstructionBody::Unknown { .. } | InstructionBody::Fetch { .. } => {
            Err(ErrandError::Unfit("this release of the box does not know this kind of instruction".to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use tidemark_journal::Reading;
    use tidemark_model::{Position, Quantity, Sku, StoreId, WallTime};

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
        let opening = document_of(&journal, &Label::new("a").unwrap(), opening).unwrap();
        assert_eq!(opening.timing, Timing::Live);
        now.store(6_000, Ordering::Relaxed);
        let committed = journal.submit(Submission::of(opening)).await.unwrap();
        now.store(90_000, Ordering::Relaxed);
        let correct = |about| InstructionBody::Correct { about, lines: lines(Quantity::ONE) };
        let id = Label::new("b").unwrap();
        let correction = document_of(&journal, &id, correct(committed.first)).unwrap();
        assert_eq!(correction.timing, Timing::At(committed.odometer));
        let gone = Position { seq: 99, ..committed.first };
        let refused = document_of(&journal, &id, correct(gone));
        assert!(matches!(&refused, Err(error) if error.disposition() == Disposition::Park), "{refused:?}");
        tokio::task::spawn_blocking(move || writer.stop()).await.unwrap().unwrap();
    }
}
