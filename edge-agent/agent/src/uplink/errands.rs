//! Errands: fetching a catalogue, taking the opening and giving it back,
//! carrying out instructions. Each kind has a task of its own, takes one at a time in its
//! order, tries it until it is done, and does no harm if it is done again.

mod forks;
mod giving;
mod instructions;
mod opening;
mod parked;
mod support;

use tidemark_daemon::clock::Clock;
use tidemark_daemon::conditions::{Active, registry};
use tidemark_daemon::retry::{Disposition, Policy, retry};
use tidemark_journal::{Journal, NotSaved, ReadError, Submission};
use tidemark_model::{Generation, Odometer};
use tidemark_sync::message::{FetchCatalogue, Instruction, OpeningReady, Refusal, Welcome};
use tidemark_wire::client::{LinkError, Pieces};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::Report;
use super::conversation::Caller;
use opening::ToldOpening;

/// Instructions that wait.
const QUEUE: usize = 256;

/// The handle on the errands' tasks.
#[derive(Debug)]
pub(super) struct Errands {
    versions: watch::Sender<u64>,
    openings: watch::Sender<Option<ToldOpening>>,
    histories: watch::Sender<Option<Generation>>,
    instructions: mpsc::Sender<Instruction>,
    /// An instruction found no room.
    missed: bool,
    caller: watch::Sender<Option<Caller>>,
    _tasks: JoinSet<()>,
}

/// Why an errand was not done.
#[derive(Debug, thiserror::Error)]
enum ErrandError {
    #[error("the agent stops")]
    Stopping,
    #[error("the centre did not answer: {0}")]
    Call(String),
    #[error("the centre refused: {0}")]
    Refused(Refusal),
    #[error(transparent)]
    NotSaved(#[from] NotSaved),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("it waits: {0}")]
    Waits(&'static str),
    #[error("{0}")]
    Unfit(String),
    #[error("this release of the box does not know this kind of instruction; update the box")]
    TooNew,
}

impl ErrandError {
    const fn disposition(&self) -> Disposition {
        match self {
            Self::Call(_)
            | Self::Waits(_)
            | Self::Read(_)
            | Self::NotSaved(NotSaved::Write { .. } | NotSaved::Read { .. }) => Disposition::Retry,
            Self::Refused(_) | Self::Unfit(_) | Self::TooNew => Disposition::Park,
            Self::Stopping | Self::NotSaved(NotSaved::Stopped) => Disposition::Stop,
        }
    }
}

impl From<LinkError> for ErrandError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Refused(refusal) => Self::Refused(refusal),
            other @ (LinkError::NoRoute(_)
            | LinkError::Lost(_)
            | LinkError::Closed
            | LinkError::Slow(_)
            | LinkError::Unreadable(_)
            | LinkError::Unsendable(_)) => Self::Call(other.to_string()),
        }
    }
}

impl Errands {
    pub(super) fn start(journal: Journal, conditions: Active, clock: Clock, report: mpsc::Sender<Report>) -> Self {
        let (instructions, queue) = mpsc::channel(QUEUE);
        let (caller, callers) = watch::channel(None);
        let (versions, told) = watch::channel(0);
        let (openings, ready) = watch::channel(None);
        let (histories, heard) = watch::channel(None);
        let runner = Runner { journal, callers, conditions, clock };
        let mut tasks = JoinSet::new();
        tasks.spawn(runner.clone().fetch_catalogues(told));
        tasks.spawn(runner.clone().take_openings(ready, report.clone()));
        tasks.spawn(runner.clone().give_openings(heard));
        tasks.spawn(runner.clone().replay_forks());
        tasks.spawn(runner.carry_out_all(queue, report));
        Self { versions, openings, histories, instructions, missed: false, caller, _tasks: tasks }
    }

    /// The centre is reached by this caller, or by none.
    pub(super) fn meet(&self, caller: Option<Caller>) {
        self.caller.send_replace(caller);
    }

    /// The centre has this version of the catalogue.
    pub(super) fn catalogue(&self, version: u64) {
        self.versions.send_replace(version);
    }

    /// The centre speaks of this history of its ledger, which may lack the
    /// opening that this box took.
    pub(super) fn welcomed(&self, welcome: &Welcome) {
        if !welcome.closed {
            self.histories.send_replace(Some(welcome.generation));
        }
    }

    /// The opening of this epoch can be fetched.
    pub(super) fn opening(&self, now: Odometer, ready: OpeningReady) {
        self.openings.send_replace(Some(ToldOpening::at(now, ready)));
    }

    /// Head office wants something done.
    pub(super) fn instruct(&mut self, instruction: Instruction) {
        if self.instructions.try_send(instruction).is_err() {
            tracing::warn!("too many instructions wait; the rest is asked for when they are done");
            self.missed = true;
        }
    }

    /// Whether instructions found no room and there is room again: a new
    /// welcome tells them. Answers so once.
    pub(super) fn takes_missed(&mut self) -> bool {
        let has_room = self.instructions.capacity() == self.instructions.max_capacity();
        let again = self.missed && has_room;
        self.missed &= !has_room;
        again
    }
}

/// Does the errands.
#[derive(Clone, Debug)]
struct Runner {
    journal: Journal,
    callers: watch::Receiver<Option<Caller>>,
    conditions: Active,
    clock: Clock,
}

impl Runner {
    /// Whoever makes calls, as soon as the centre is reached.
    async fn caller(&self) -> Result<Caller, ErrandError> {
        let mut callers = self.callers.clone();
        let reached = callers.wait_for(Option::is_some).await.map_err(|_closed| ErrandError::Stopping)?;
        reached.clone().ok_or(ErrandError::Stopping)
    }

    /// Fetches the newest version as often as one is told.
    async fn fetch_catalogues(self, mut versions: watch::Receiver<u64>) {
        // What came of a page stays over all tries.
        let pieces = tokio::sync::Mutex::new(Pieces::default());
        while versions.changed().await.is_ok() {
            let judge = |error: &ErrandError| {
                let detail = format!("version {}: {error}", *versions.borrow());
                self.conditions.raise(registry::CATALOGUE_STALE, detail, self.clock.millis());
                match error.disposition() {
                    Disposition::Park => Disposition::Retry,
                    other @ (Disposition::Retry | Disposition::RetryAfter(_) | Disposition::Stop) => other,
                }
            };
            let newest = || {
                let version = *versions.borrow();
                self.fetch_catalogue(version, &pieces)
            };
            if retry(Policy::SERVICE, newest, judge).await.is_ok() {
                self.conditions.clear(registry::CATALOGUE_STALE);
            }
        }
    }

    /// Loads pages from where it stopped, switches, and lets what stands in
    /// suspense under codes that are known now take effect.
    async fn fetch_catalogue(&self, version: u64, pieces: &tokio::sync::Mutex<Pieces>) -> Result<(), ErrandError> {
        let mut pieces = pieces.lock().await;
        let mut wanted = version;
        if self.journal.catalogue()?.version != version {
            let mut state = self.journal.begin_catalogue(wanted).await?;
            while state.version != wanted {
                let after = state.loading.as_ref().and_then(|loading| loading.after.clone());
                let store = self.journal.identity().store.clone();
                // Who has begun to load a version as a whole goes on with that.
                let since = if after.is_none() { state.version } else { 0 };
                let asked = FetchCatalogue { store, version: wanted, after, since };
                let answer = self.caller().await?.fetch_catalogue(&asked, &mut pieces).await?;
                // Pieces of it are still to come.
                let Some(page) = answer else { continue };
                if page.change.is_some() {
                    wanted = page.version;
                    state = self.journal.take_catalogue(page).await?;
                } else if page.version != wanted {
                    wanted = page.version;
                    state = self.journal.begin_catalogue(wanted).await?;
                } else if page.entries.is_empty() && !page.last {
                    return Err(ErrandError::Call("a page of the catalogue is empty and not the last".to_owned()));
                } else {
                    state = self.journal.take_catalogue(page).await?;
                }
            }
            tracing::info!(version = wanted, items = state.items, "the catalogue is in use");
        }
        self.resolve_known().await
    }

    /// Lets what stands in suspense under codes that are known now take
    /// effect.
    async fn resolve_known(&self) -> Result<(), ErrandError> {
        for known in self.journal.unresolved_now_known()? {
            tracing::info!(code = %known.learnt.code, sku = %known.learnt.sku, "a code was learnt");
            self.journal.submit(Submission::of(known.document)).await?;
        }
        Ok(())
    }
}
