//! Errands: fetching a catalogue, carrying out instructions. Each is done in
//! a task of its own, one at a time, and does no harm if it is done again.

use tidemark_daemon::clock::Clock;
use tidemark_daemon::conditions::{Active, registry};
use tidemark_journal::{Journal, Submission};
use tidemark_model::document::{
    Body, CountBody, CountReason, Line as DocumentLine, SkuChange, TakenLine, Timing, Unit,
};
use tidemark_model::movement::{About, Labels};
use tidemark_model::{Document, DocumentId, Source};
use tidemark_sync::message::{FetchCatalogue, FetchInstruction, Instruction, InstructionBody};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::conversation::Caller;

/// Errands that wait; the centre tells them again with each welcome.
const QUEUE: usize = 64;
/// The source of documents that head office asked for.
const CENTRE_SOURCE: &str = "centre";

#[derive(Debug)]
enum Errand {
    Catalogue(u64),
    Instruct(Instruction),
}

/// The handle on the errands' task.
#[derive(Debug)]
pub(super) struct Errands {
    queue: mpsc::Sender<Errand>,
    caller: watch::Sender<Option<Caller>>,
    _task: JoinSet<()>,
}

/// Why an errand was not done; it is told again by the centre.
#[derive(Debug, thiserror::Error)]
enum ErrandError {
    #[error("the centre is not reached")]
    Alone,
    #[error("the centre did not answer: {0}")]
    Call(String),
    #[error(transparent)]
    NotSaved(#[from] tidemark_journal::NotSaved),
    #[error(transparent)]
    Read(#[from] tidemark_journal::ReadError),
    #[error("{0}")]
    Unfit(String),
}

impl Errands {
    pub(super) fn start(journal: Journal, conditions: Active, clock: Clock) -> Self {
        let (queue, mut errands) = mpsc::channel(QUEUE);
        let (caller, callers) = watch::channel(None);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let runner = Runner { journal, callers, conditions, clock };
            while let Some(errand) = errands.recv().await {
                runner.run(errand).await;
            }
        });
        Self { queue, caller, _task: task }
    }

    /// The centre is reached by this caller.
    pub(super) fn meet(&self, caller: Option<Caller>) {
        self.caller.send_replace(caller);
    }

    /// The centre has this version of the catalogue.
    pub(super) fn catalogue(&self, version: u64) {
        self.enqueue(Errand::Catalogue(version));
    }

    /// Head office wants something done.
    pub(super) fn instruct(&self, instruction: Instruction) {
        self.enqueue(Errand::Instruct(instruction));
    }

    fn enqueue(&self, errand: Errand) {
        if self.queue.try_send(errand).is_err() {
            tracing::warn!("too many errands wait; the centre tells this one again");
        }
    }
}

#[derive(Debug)]
struct Runner {
    journal: Journal,
    callers: watch::Receiver<Option<Caller>>,
    conditions: Active,
    clock: Clock,
}

impl Runner {
    async fn run(&self, errand: Errand) {
        match errand {
            Errand::Catalogue(version) => match self.fetch_catalogue(version).await {
                Ok(()) => drop(self.conditions.clear(registry::CATALOGUE_STALE)),
                Err(error) => {
                    let detail = format!("version {version}: {error}");
                    self.conditions.raise(registry::CATALOGUE_STALE, detail, self.clock.millis());
                }
            },
            Errand::Instruct(instruction) => {
                let id = instruction.id.clone();
                match self.carry_out(instruction).await {
                    Ok(()) => drop(self.conditions.clear_about(registry::INSTRUCTION_REFUSED, id.as_str())),
                    Err(error @ ErrandError::Unfit(_)) => {
                        let (about, now) = (id.as_str(), self.clock.millis());
                        self.conditions.raise_about(registry::INSTRUCTION_REFUSED, about, error.to_string(), now);
                    }
                    Err(error) => tracing::warn!(%id, %error, "an instruction waits"),
                }
            }
        }
    }

    fn caller(&self) -> Result<Caller, ErrandError> {
        self.callers.borrow().clone().ok_or(ErrandError::Alone)
    }

    /// Loads pages from where it stopped, switches, and lets what stands in
    /// suspense under codes that are known now take effect.
    async fn fetch_catalogue(&self, version: u64) -> Result<(), ErrandError> {
        let mut wanted = version;
        if self.journal.catalogue()?.version != version {
            let mut state = self.journal.begin_catalogue(wanted).await?;
            while state.version != wanted {
                let after = state.loading.as_ref().and_then(|loading| loading.after.clone());
                let store = self.journal.identity().store.clone();
                let page = self.caller()?.fetch_catalogue(&FetchCatalogue { store, version: wanted, after }).await;
                let page = page.map_err(ErrandError::Call)?;
                if page.version != wanted {
                    wanted = page.version;
                    state = self.journal.begin_catalogue(wanted).await?;
                    continue;
                }
                state = self.journal.load_catalogue_page(wanted, page.entries, page.last).await?;
            }
            tracing::info!(version = wanted, items = state.items, "the catalogue is in use");
        }
        for known in self.journal.unresolved_now_known()? {
            tracing::info!(code = %known.code, sku = %known.sku, "a code was learnt");
            self.journal.submit(Submission::of(known.document)).await?;
        }
        Ok(())
    }

    async fn carry_out(&self, instruction: Instruction) -> Result<(), ErrandError> {
        let Instruction { id, body } = instruction;
        if self.journal.instruction_done(&id)?.is_some() {
            return Ok(());
        }
        let fetched = matches!(body, InstructionBody::Fetch { .. });
        let body = if fetched { self.fetch_body(&id).await? } else { body };
        let unfit = |error: tidemark_model::TextError| ErrandError::Unfit(error.to_string());
        let document = Document {
            source: Source::new(CENTRE_SOURCE).map_err(unfit)?,
            id: DocumentId::new(id.as_str()).map_err(unfit)?,
            wall: tidemark_daemon::clock::wall_now(),
            labels: Labels::default(),
            business_day_given: false,
            timing: Timing::Live,
            sequence: None,
            body: document_body(body)?,
        };
        let submission = Submission { document, lane: None, instruction: Some(id.clone()) };
        let committed = self.journal.submit(submission).await?;
        tracing::info!(%id, first = committed.first.seq, lines = committed.lines, "an instruction is done");
        Ok(())
    }

    async fn fetch_body(&self, id: &tidemark_model::Label) -> Result<InstructionBody, ErrandError> {
        let mut bytes = Vec::new();
        loop {
            let store = self.journal.identity().store.clone();
            let from = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            let page = self.caller()?.fetch_instruction(&FetchInstruction { store, id: id.clone(), from }).await;
            let page = page.map_err(ErrandError::Call)?;
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
fn document_body(body: InstructionBody) -> Result<Body, ErrandError> {
    match body {
        InstructionBody::OpenStock { lines } => {
            let taken = |line: tidemark_sync::message::InstructionLine| {
                let plain = TakenLine::plain(line.sku, line.quantity);
                DocumentLine::Taken(TakenLine { unit: Unit::Base, ..plain })
            };
            let lines = lines.into_iter().map(taken).collect();
            let reason = CountReason::Opening;
            Ok(Body::Count(CountBody { reason, full: false, last: false, sells: true, lines }))
        }
        InstructionBody::Correct { about, lines } => {
            let change =
                |line: tidemark_sync::message::InstructionLine| SkuChange { sku: line.sku, change: line.quantity };
            Ok(Body::Correction { about: About::Position(about), lines: lines.into_iter().map(change).collect() })
        }
        InstructionBody::Void { source, id } => Ok(Body::Void { source, id }),
        InstructionBody::Accept { .. } | InstructionBody::Unknown { .. } | InstructionBody::Fetch { .. } => {
            Err(ErrandError::Unfit("this release of the box does not know this kind of instruction".to_owned()))
        }
    }
}
