//! The handle on the journal: submitting, telling what the centre said, and
//! reading. Cheap to clone; everything written goes through the writer.

mod forking;
mod opening;
mod reading;

pub use forking::Forked;

use std::path::Path;
use std::sync::Arc;

use tidemark_model::{Epoch, Label, Odometer, Seq, Source};
use tidemark_sync::ReceivedBlocks;
use tidemark_sync::message::{CataloguePage, Session};
use tokio::sync::{mpsc, oneshot, watch};

use crate::ballast;
use crate::catalogue::CatalogueState;
use crate::config::Config;
use crate::counters::{Counters, Counts, add};
use crate::handled::{HandledVerdict, HandledWord, prove};
use crate::layout::identity::Identity;
use crate::limits;
use crate::odometer::Running;
use crate::open::{self, OpenError, Opened};
use crate::room::{Room, ToldRoom};
use crate::salvage::{Salvage, Salvor};
use crate::store::{Expiry, ReadError, Shelf, Tuning};
use crate::submit::{Committed, LaneState, NotSaved, Reply, Submission, Ticket};
use crate::writer::{Command, Health, Owner, OwnerParts, Shared, Tail, Tellers, Writer};

/// The journal of one box. Reads go to the disk and are short; what may take
/// longer says so.
#[derive(Clone, Debug)]
pub struct Journal {
    shared: Shared,
    identity: Arc<Identity>,
    config: Arc<Config>,
    commands: mpsc::Sender<Command>,
    tail: watch::Receiver<Tail>,
    health: watch::Receiver<Health>,
    salvage: watch::Receiver<Salvage>,
}

impl Journal {
    /// Opens the journal, or makes it if there is none, and starts its
    /// writer.
    pub fn open(config: Config) -> Result<(Self, Writer), OpenError> {
        let expiry = Arc::new(Expiry::default());
        let tuning = Tuning::new(Arc::clone(&expiry), config.count_syncs);
        #[cfg(feature = "mutants")]
        let tuning = tuning.without_syncs(config.mutant == Some(crate::config::Mutant::AckBeforeSync));
        let Opened { store, state, side, lock, torn, side_lost, damage } = open::open(&config, &tuning)?;
        let shared = Shared {
            shelf: Arc::new(Shelf::new(store)),
            counters: Arc::new(Counters::default()),
            running: Running::from(state.progress.odometer, Arc::clone(&config.clock)),
            room: ToldRoom::default(),
        };
        add(&shared.counters.torn_logs, usize::from(torn));
        add(&shared.counters.side_files_lost, usize::from(side_lost));
        add(&shared.counters.set_aside, usize::from(damage.is_some()));
        let (commands, queue) = mpsc::channel(limits::QUEUE);
        let (tail, told_tail) = watch::channel(Tail::of(&state));
        let (health, told_health) = watch::channel(Health::Writable);
        let (salvage, told_salvage) = watch::channel(Salvage::of(&state.kept));
        let journal = Self {
            shared: shared.clone(),
            identity: Arc::new(state.identity.clone()),
            config: Arc::new(config.clone()),
            commands: commands.clone(),
            tail: told_tail,
            health: told_health,
            salvage: told_salvage,
        };
        let path = config.dir.clone();
        let salvor = Salvor::over(&config, &state, Arc::clone(&shared.shelf), commands.clone());
        let tellers = Tellers { tail, health, salvage };
        let owner = Owner::new(OwnerParts { config, tuning, expiry, shared, state, side, queue, tellers, lock });
        let writer = Writer::start(owner, commands, salvor).map_err(|cause| OpenError::Folder { path, cause })?;
        Ok((journal, writer))
    }

    /// Store, box and epoch.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Where it lies.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.config.dir
    }

    /// The last committed seq.
    #[must_use]
    pub fn tail(&self) -> Seq {
        self.tail.borrow().seq
    }

    /// Tells of each new tail and each trim.
    #[must_use]
    pub fn watch_tail(&self) -> watch::Receiver<Tail> {
        self.tail.clone()
    }

    /// Tells whether documents are taken.
    #[must_use]
    pub fn watch_health(&self) -> watch::Receiver<Health> {
        self.health.clone()
    }

    /// How long the box has run.
    #[must_use]
    pub fn odometer(&self) -> Odometer {
        self.shared.running.now()
    }

    /// When the present boot began.
    #[must_use]
    pub fn boot(&self) -> Odometer {
        self.shared.running.boot()
    }

    /// What the writer has done since it was started.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.counters.read()
    }

    /// Syncs of the log as the storage counts them, if it was told to count.
    #[must_use]
    pub fn syncs_of_storage(&self) -> Option<u64> {
        self.shared.shelf.read(|store| Ok::<_, ReadError>(store.syncs_of_storage())).ok().flatten()
    }
}

/// Writing.
impl Journal {
    /// Submits a document; answers after the sync it stands behind. A call
    /// that is dropped before its answer may still commit: repeated, it is a
    /// duplicate.
    pub async fn submit(&self, submission: Submission) -> Result<Committed, NotSaved> {
        let arrived = self.odometer();
        self.ask(|reply| Command::Submit(vec![Ticket::new(submission, arrived, reply)])).await
    }

    /// Submits documents in their order, each for itself; the answers come in
    /// the same order.
    pub async fn submit_all(&self, submissions: Vec<Submission>) -> Vec<Result<Committed, NotSaved>> {
        let arrived = self.odometer();
        let mut tickets = Vec::with_capacity(submissions.len());
        let mut answers = Vec::with_capacity(submissions.len());
        for submission in submissions {
            let (reply, answer) = oneshot::channel();
            tickets.push(Ticket::new(submission, arrived, reply));
            answers.push(answer);
        }
        // If the writer is gone, each answer says so.
        let _sent = self.commands.send(Command::Submit(tickets)).await;
        let mut results = Vec::with_capacity(answers.len());
        for answer in answers {
            results.push(answer.await.unwrap_or(Err(NotSaved::Stopped)));
        }
        results
    }

    /// Submits a document from a thread of its own; not inside an async task.
    pub fn submit_blocking(&self, submission: Submission) -> Result<Committed, NotSaved> {
        let (reply, answer) = oneshot::channel();
        let command = Command::Submit(vec![Ticket::new(submission, self.odometer(), reply)]);
        self.commands.blocking_send(command).map_err(|_closed| NotSaved::Stopped)?;
        answer.blocking_recv().unwrap_or(Err(NotSaved::Stopped))
    }

    /// Saves a lane's state by itself.
    pub async fn save_lane(&self, lane: LaneState) -> Result<(), NotSaved> {
        self.ask(|reply| Command::SaveLane(lane, reply)).await
    }

    /// Forgets a lane that is no more.
    pub async fn forget_lane(&self, lane: Label) -> Result<(), NotSaved> {
        self.ask(|reply| Command::ForgetLane { lane, reply }).await
    }

    /// Saves the session's number; gives the one on disk, which is higher if
    /// a higher one was saved before.
    pub async fn save_session(&self, session: Session) -> Result<Session, NotSaved> {
        self.ask(|reply| Command::SaveSession(session, reply)).await
    }

    /// What the stream holds of these blocks, each whole.
    pub async fn remember_received(&self, epoch: Epoch, blocks: ReceivedBlocks) -> Result<(), NotSaved> {
        self.ask(|reply| Command::Received { epoch, blocks, reply }).await
    }

    /// The centre's word of what is handled: compared with the box's own
    /// records (on a thread for blocking work), then kept.
    pub async fn handled(&self, word: HandledWord) -> Result<HandledVerdict, NotSaved> {
        let (shelf, tail) = (Arc::clone(&self.shared.shelf), self.tail());
        let proving = tokio::task::spawn_blocking(move || prove(&shelf, word, tail));
        let proven = proving.await.map_err(|_ended| NotSaved::Stopped)??;
        self.ask(|reply| Command::Handled(proven, reply)).await
    }

    /// Begins to load a version, or goes on with it if it is loading already.
    pub async fn begin_catalogue(&self, version: u64) -> Result<CatalogueState, NotSaved> {
        self.ask(|reply| Command::BeginCatalogue { version, reply }).await
    }

    /// Takes a page of the version that is loading, ascending by SKU; the
    /// last one switches to it. What changed since the version in use is taken
    /// at once, and nothing of a change since another one.
    pub async fn take_catalogue(&self, page: CataloguePage) -> Result<CatalogueState, NotSaved> {
        self.ask(|reply| Command::TakeCatalogue { page, reply }).await
    }

    /// All of an earlier epoch up to `through` is handled: nothing of it is
    /// kept any more. Not while it may still grow.
    pub async fn settle_earlier(&self, epoch: Epoch, through: Seq) -> Result<bool, NotSaved> {
        self.ask(|reply| Command::SettleEarlier { epoch, through, reply }).await
    }

    /// Lets a till in by the hash of its token; of a known one the token
    /// changes.
    pub async fn add_till(&self, till: Source, token: [u8; 32]) -> Result<(), NotSaved> {
        self.ask(|reply| Command::AddTill { till, token, reply }).await
    }

    /// Lets a till in no more; true if it was known.
    pub async fn remove_till(&self, till: Source) -> Result<bool, NotSaved> {
        self.ask(|reply| Command::RemoveTill { till, reply }).await
    }

    /// Notes a number of a source under which nothing happened to stock, so
    /// that it is not missed.
    pub async fn pass_number(&self, source: Source, number: u64) -> Result<(), NotSaved> {
        self.ask(|reply| Command::PassNumber { source, number, reply }).await
    }

    /// Trims now what may go; gives the lowest seq still held. The writer
    /// does it by itself from time to time.
    pub async fn trim(&self) -> Result<Seq, NotSaved> {
        self.ask(Command::Trim).await
    }

    /// How much room the disk has: heard at the next look, within a minute.
    pub fn tell_room(&self, room: Room) {
        self.shared.room.tell(room);
    }

    /// Whether the ballast is there; none if there is to be none.
    #[must_use]
    pub fn has_ballast(&self) -> Option<bool> {
        (self.config.ballast_bytes > 0).then(|| ballast::holds(&self.config))
    }

    /// What was told last of the room.
    #[must_use]
    pub fn room(&self) -> Room {
        self.shared.room.now()
    }

    /// The machine slept: ages are exact only back to now.
    pub async fn begin_boot(&self) -> Result<(), NotSaved> {
        self.ask(Command::BeginBoot).await
    }

    /// Answers when the writer's turn comes: it lives, whatever the disk does.
    pub async fn ping(&self) -> Result<(), NotSaved> {
        self.ask(Command::Ping).await
    }

    async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, NotSaved> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_closed| NotSaved::Stopped)?;
        answer.await.unwrap_or(Err(NotSaved::Stopped))
    }
}
