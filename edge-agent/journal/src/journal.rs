//! The handle on the journal: submitting, telling what the centre said, and
//! reading. Cheap to clone; everything written goes through the writer.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tidemark_model::books::{SequenceState, Stock};
use tidemark_model::{
    Bitmap, Block, BlockIndex, Code, DocumentKey, Epoch, EpochOrdinal, Label, Lookup, Odometer, Placed, Position, Seq,
    SeqSet, Sku, Source,
};
use tidemark_sync::message::{CatalogueEntry, OpenBlock, OpeningTaken, Session};
use tidemark_sync::{Facts, ReceivedBlocks};
use tokio::sync::{mpsc, oneshot, watch};

use crate::books::lookup;
use crate::catalogue::{CatalogueState, NowKnown, suspended, unresolved_now_known};
use crate::config::Config;
use crate::counters::{Counters, Counts};
use crate::handled::{HandledVerdict, HandledWord, prove};
use crate::layout::catalogue::CatalogueHead;
use crate::layout::identity::Identity;
use crate::layout::instructions::{self, InstructionDone};
use crate::layout::{Family, lanes, meta, suspense};
use crate::limits;
use crate::odometer::Running;
use crate::open::{self, OpenError, Opened};
use crate::progress::{self, Standing};
use crate::reads::{self, DocumentView, ItemView, Till};
use crate::records::{self, Records};
use crate::state::State;
use crate::store::{Expiry, ReadError, Shelf, Store, Tuning};
use crate::submit::{Committed, LaneState, NotSaved, Reply, Submission, Ticket};
use crate::writer::{Command, Health, Owner, OwnerParts, Page, Shared, Tail, Writer};

/// The journal of one box. Reads go to the disk and are short; what may take
/// longer says so.
#[derive(Clone, Debug)]
pub struct Journal {
    shared: Shared,
    identity: Arc<Identity>,
    dir: Arc<PathBuf>,
    commands: mpsc::Sender<Command>,
    tail: watch::Receiver<Tail>,
    health: watch::Receiver<Health>,
}

impl Journal {
    /// Opens the journal, or makes it if there is none, and starts its
    /// writer.
    pub fn open(config: Config) -> Result<(Self, Writer), OpenError> {
        let expiry = Arc::new(Expiry::default());
        let tuning = Tuning::new(Arc::clone(&expiry), config.count_syncs);
        let Opened { store, state, side, lock } = open::open(&config, &tuning)?;
        let shared = Shared {
            shelf: Arc::new(Shelf::new(store)),
            counters: Arc::new(Counters::default()),
            running: Running::from(state.progress.odometer, Arc::clone(&config.clock)),
        };
        let (commands, queue) = mpsc::channel(limits::QUEUE);
        let (tail, told_tail) = watch::channel(Tail::of(&state));
        let (health, told_health) = watch::channel(Health::Writable);
        let journal = Self {
            shared: shared.clone(),
            identity: Arc::new(state.identity.clone()),
            dir: Arc::new(config.dir.clone()),
            commands: commands.clone(),
            tail: told_tail,
            health: told_health,
        };
        let path = config.dir.clone();
        let owner = Owner::new(OwnerParts { config, tuning, expiry, shared, state, side, queue, tail, health, lock });
        let writer = Writer::start(owner, commands).map_err(|cause| OpenError::Folder { path, cause })?;
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
        &self.dir
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
        self.ask(|reply| Command::Submit(vec![Ticket { submission, reply }])).await
    }

    /// Submits documents in their order, each for itself; the answers come in
    /// the same order.
    pub async fn submit_all(&self, submissions: Vec<Submission>) -> Vec<Result<Committed, NotSaved>> {
        let mut tickets = Vec::with_capacity(submissions.len());
        let mut answers = Vec::with_capacity(submissions.len());
        for submission in submissions {
            let (reply, answer) = oneshot::channel();
            tickets.push(Ticket { submission, reply });
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
        let command = Command::Submit(vec![Ticket { submission, reply }]);
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
        let proving = tokio::task::spawn_blocking(move || shelf.read(|store| prove(store, word, tail)));
        let proven = proving.await.map_err(|_ended| NotSaved::Stopped)??;
        self.ask(|reply| Command::Handled(proven, reply)).await
    }

    /// Begins to load a version, or goes on with it if it is loading already.
    pub async fn begin_catalogue(&self, version: u64) -> Result<CatalogueState, NotSaved> {
        self.ask(|reply| Command::BeginCatalogue { version, reply }).await
    }

    /// Takes a page of the version that is loading, ascending by SKU; the
    /// last one switches to it.
    pub async fn load_catalogue_page(
        &self,
        version: u64,
        entries: Vec<CatalogueEntry>,
        last: bool,
    ) -> Result<CatalogueState, NotSaved> {
        self.ask(|reply| Command::CataloguePage { page: Page { version, entries, last }, reply }).await
    }

    /// The opening of this epoch holds nothing: what was committed stands.
    pub async fn take_empty_opening(&self, ordinal: EpochOrdinal) -> Result<OpeningTaken, NotSaved> {
        self.ask(|reply| Command::TakeEmptyOpening { ordinal, reply }).await
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

    /// Trims now what may go; gives the lowest seq still held. The writer
    /// does it by itself from time to time.
    pub async fn trim(&self) -> Result<Seq, NotSaved> {
        self.ask(Command::Trim).await
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

/// Reading.
impl Journal {
    /// Movements of an epoch by seq, until `max_bytes` are reached, at least
    /// one. Positions trimmed or beyond the tail are left out.
    pub fn read_records(&self, epoch: Epoch, seqs: &SeqSet, max_bytes: u64) -> Result<Records, ReadError> {
        // Salvaged epochs end where they end.
        let tail = if epoch == self.identity.epoch { self.tail() } else { Seq::MAX - 1 };
        self.read(|store| records::read(store, epoch, seqs, (tail, max_bytes)))
    }

    /// The sums of the box's own movements of a block under a bitmap; none if
    /// they can't all be read.
    pub fn block_sums_under(&self, block: BlockIndex, bitmap: &Bitmap) -> Result<Option<Block>, ReadError> {
        self.read(|store| records::sums_under(store, self.identity.epoch, block, bitmap))
    }

    /// What the uplink starts from.
    pub fn uplink_facts(&self) -> Result<Facts, ReadError> {
        self.read(|store| progress::uplink_facts(store, state(store)?))
    }

    /// The block of the tail with its sums; none before the first commit.
    pub fn open_block(&self) -> Result<Option<OpenBlock>, ReadError> {
        self.read(|store| progress::open_block(store, self.identity.epoch, self.tail()))
    }

    /// How long ago, in milliseconds of running, a movement of this epoch was
    /// committed; none if it is not held.
    pub fn age_ms(&self, seq: Seq) -> Result<Option<u64>, ReadError> {
        let position = Position { epoch: self.identity.epoch, seq };
        self.read(|store| progress::age_ms(store, position, self.odometer()))
    }

    /// How the journal stands; looks at every file, so not for every request.
    pub fn standing(&self) -> Result<Standing, ReadError> {
        let running = &self.shared.running;
        let times = (running.now(), running.boot());
        self.read(|store| progress::standing(store, &state(store)?, times, &self.dir))
    }

    /// An item's stock, if anything ever touched it.
    pub fn stock(&self, sku: &Sku) -> Result<Option<Stock>, ReadError> {
        self.read(|store| reads::stock_of(store, sku))
    }

    /// Every item with stock, ascending.
    pub fn all_stock(&self) -> Result<Vec<(Sku, Stock)>, ReadError> {
        self.read(reads::all_stock)
    }

    /// An item by SKU or code, with its stock.
    pub fn item(&self, given: &str) -> Result<ItemView, ReadError> {
        self.read(|store| {
            let lookup = lookup(store, &catalogue_head(store)?, given)?;
            let sku = match &lookup {
                Lookup::Sku(item) | Lookup::Code { item, .. } => Some(item.sku.clone()),
                // What was touched as a SKU before the catalogue knew it.
                Lookup::Unknown => Sku::new(given).ok(),
            };
            let stock = sku.map(|sku| reads::stock_of(store, &sku)).transpose()?.flatten();
            Ok(ItemView { lookup, stock })
        })
    }

    /// The catalogue in use and the one that is loading.
    pub fn catalogue(&self) -> Result<CatalogueState, ReadError> {
        self.read(|store| Ok(CatalogueState::of(&catalogue_head(store)?)))
    }

    /// Codes in suspense that the catalogue knows now, each with the document
    /// that resolves it.
    pub fn unresolved_now_known(&self) -> Result<Vec<NowKnown>, ReadError> {
        let wall = self.shared.running.read().1;
        self.read(|store| unresolved_now_known(store, &catalogue_head(store)?, self.identity.epoch, wall))
    }

    /// How many codes stand in suspense, and the first of them.
    pub fn suspended(&self, most: usize) -> Result<(usize, Vec<Code>), ReadError> {
        self.read(|store| suspended(store, most))
    }

    /// The running numbers of every source that keeps some.
    pub fn sequences(&self) -> Result<Vec<(Source, SequenceState)>, ReadError> {
        self.read(reads::sequences)
    }

    /// What stands under a code that nobody has told us.
    pub fn suspense(&self, code: &Code) -> Result<Option<tidemark_model::books::Suspense>, ReadError> {
        self.read(|store| store.value(Family::Suspense, suspense::key(code)))
    }

    /// The newest movements, newest first.
    pub fn recent_movements(&self, most: usize) -> Result<Vec<Placed>, ReadError> {
        self.read(|store| reads::recent_movements(store, &self.identity, self.tail(), most))
    }

    /// The newest documents, newest first.
    pub fn recent_documents(&self, most: usize) -> Result<Vec<DocumentView>, ReadError> {
        self.documents_below(Seq::MAX, most)
    }

    /// The newest documents that begin below a seq, newest first.
    pub fn documents_below(&self, below: Seq, most: usize) -> Result<Vec<DocumentView>, ReadError> {
        let newest = self.tail().min(below.saturating_sub(1));
        self.read(|store| reads::recent_documents(store, &self.identity, newest, most))
    }

    /// One movement, if it is still held.
    pub fn movement(&self, position: Position) -> Result<Option<tidemark_model::Movement>, ReadError> {
        self.read(|store| records::movement(store, position))
    }

    /// Whether a document of this identity is held.
    pub fn holds_document(&self, key: DocumentKey) -> Result<bool, ReadError> {
        self.read(|store| reads::holds_document(store, key))
    }

    /// A lane's state as it was saved last.
    pub fn lane(&self, lane: &Label) -> Result<Option<Vec<u8>>, ReadError> {
        self.read(|store| store.get(Family::Lanes, lanes::key(lane)))
    }

    /// The tills that may submit.
    pub fn tills(&self) -> Result<Vec<Till>, ReadError> {
        self.read(reads::tills)
    }

    /// What an instruction led to, if it is done.
    pub fn instruction_done(&self, id: &Label) -> Result<Option<InstructionDone>, ReadError> {
        self.read(|store| store.value(Family::Meta, &instructions::key(id)))
    }

    fn read<T>(&self, read: impl FnOnce(&Store) -> Result<T, ReadError>) -> Result<T, ReadError> {
        self.shared.shelf.read(read)
    }
}

fn state(store: &Store) -> Result<State, ReadError> {
    match State::read(store)? {
        Some(Ok(state)) => Ok(state),
        Some(Err(_)) | None => Err(ReadError::Layout("the identity is gone".to_owned())),
    }
}

fn catalogue_head(store: &Store) -> Result<CatalogueHead, ReadError> {
    Ok(store.value(Family::Meta, &meta::CATALOGUE)?.unwrap_or_default())
}
