//! The one owner of everything that is written: a thread that takes what is
//! queued, never lingers, and answers after the sync.
//!
//! - [`prepare`] decides documents into one batch;
//! - [`commit`] writes it, answers, and starts anew after a failed write;
//! - [`changes`], [`handled`] and [`catalogue`] write what is no document;
//! - [`fork`] leaves an epoch that another life of the disk wrote too;
//! - [`room`] lets go of what gives way on a full disk;
//! - [`salvage`] takes over what damaged journals hold;
//! - [`tasks`] does what is due: odometer, side file, trimming.

mod catalogue;
mod changes;
mod commit;
mod fork;
mod handled;
mod opening;
mod prepare;
mod room;
mod salvage;
mod tasks;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tidemark_model::{Epoch, EpochOrdinal, Label, Odometer, Seq, Source};
use tidemark_sync::ReceivedBlocks;
use tidemark_sync::message::{CataloguePage, OpeningTaken, Session};
use tokio::sync::{mpsc, watch};

use crate::ballast;
use crate::catalogue::CatalogueState;
use crate::config::Config;
use crate::counters::Counters;
use crate::handled::{HandledVerdict, ProvenWord};
use crate::limits;
use crate::lock::DirLock;
use crate::odometer::{Running, Stamps};
use crate::opening::Telling;
use crate::room::ToldRoom;
use crate::salvage::Salvor;
use crate::side::SideFile;
use crate::state::State;
use crate::store::{Expiry, Shelf, Tuning};
use crate::submit::{LaneState, Reply, Ticket};

pub(crate) use commit::Unsaved;
pub(crate) use salvage::SalvageStep;
use tasks::Due;

/// How far the journal reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tail {
    /// The journal's life.
    pub epoch: Epoch,
    /// The last committed seq; 0 if none.
    pub seq: Seq,
    /// The lowest seq still held.
    pub trimmed_below: Seq,
}

impl Tail {
    pub(crate) const fn of(state: &State) -> Self {
        Self { epoch: state.identity.epoch, seq: state.progress.tail, trimmed_below: state.trimmed_below }
    }
}

/// Whether the journal takes documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Yes.
    Writable,
    /// No: a write failed, and the database could not be opened again yet.
    NotWritable {
        /// The storage's word.
        cause: String,
        /// Since when.
        since: Odometer,
    },
    /// No: what is on disk is damaged. The next open sets it aside and goes on
    /// in a new journal.
    Damaged {
        /// What is wrong.
        cause: String,
    },
    /// No: the agent is stopping.
    Closed,
}

/// What the writer is asked to do.
#[derive(Debug)]
pub(crate) enum Command {
    Submit(Vec<Ticket>),
    SaveLane(LaneState, Reply<()>),
    SaveSession(Session, Reply<Session>),
    Received { epoch: Epoch, blocks: ReceivedBlocks, reply: Reply<()> },
    Handled(ProvenWord, Reply<HandledVerdict>),
    BeginCatalogue { version: u64, reply: Reply<CatalogueState> },
    TakeCatalogue { page: CataloguePage, reply: Reply<CatalogueState> },
    TakeOpening { ordinal: EpochOrdinal, telling: Box<Telling>, reply: Reply<OpeningTaken> },
    SettleEarlier { epoch: Epoch, through: Seq, reply: Reply<bool> },
    Fork { old: Epoch, reply: Reply<Epoch> },
    SettleFork { epoch: Epoch, reply: Reply<()> },
    Salvage(SalvageStep, Reply<()>),
    AddTill { till: Source, token: [u8; 32], reply: Reply<()> },
    RemoveTill { till: Source, reply: Reply<bool> },
    PassNumber { source: Source, number: u64, reply: Reply<()> },
    ForgetLane { lane: Label, reply: Reply<()> },
    Trim(Reply<Seq>),
    BeginBoot(Reply<()>),
    Ping(Reply<()>),
    Stop,
}

/// What writer and handles share.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) running: Running,
    pub(crate) room: ToldRoom,
}

/// The writer's thread; its handles stop being answered when it ends.
#[derive(Debug)]
pub struct Writer {
    commands: mpsc::Sender<Command>,
    /// None once it was stopped.
    thread: Option<JoinHandle<()>>,
    /// Takes over what damaged journals hold; none if there are none.
    salvor: Option<Salvaging>,
}

/// The thread that takes over what damaged journals hold.
#[derive(Debug)]
struct Salvaging {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Salvaging {
    fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        // Where it was it goes on after the next open.
        let _ended = self.thread.join();
    }
}

impl Writer {
    pub(crate) fn start(
        owner: Owner,
        commands: mpsc::Sender<Command>,
        salvor: Option<Salvor>,
    ) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let thread = std::thread::Builder::new().name("journal".to_owned()).spawn(move || owner.run(&runtime))?;
        let salvor = salvor.map(|salvor| {
            let stop = salvor.stop();
            let thread = std::thread::Builder::new().name("salvage".to_owned()).spawn(move || salvor.run())?;
            Ok::<_, std::io::Error>(Salvaging { stop, thread })
        });
        Ok(Self { commands, thread: Some(thread), salvor: salvor.transpose()? })
    }

    /// Commits what is queued, syncs, closes the database and ends the
    /// thread. Blocks until then; not to be called inside an async task.
    pub fn stop(mut self) -> Result<(), StopError> {
        let salvor = self.salvor.take();
        self.thread.take().map_or(Ok(()), |thread| end(&self.commands, thread, salvor))
    }
}

impl Drop for Writer {
    /// Ends a thread that was not stopped: RocksDB aborts a process that ends
    /// while its database is open.
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        let (commands, salvor) = (self.commands.clone(), self.salvor.take());
        // On a thread of its own, for this one may run async tasks.
        let ending = std::thread::spawn(move || end(&commands, thread, salvor));
        // Nobody is left to be told that it died; what was answered is on disk.
        let _ended = ending.join();
    }
}

fn end(commands: &mpsc::Sender<Command>, thread: JoinHandle<()>, salvor: Option<Salvaging>) -> Result<(), StopError> {
    if let Some(salvor) = &salvor {
        salvor.stop.store(true, Ordering::Relaxed);
    }
    // A thread that has ended already has nothing left to be told.
    let _sent = commands.blocking_send(Command::Stop);
    let ended = thread.join().map_err(|_panic| StopError);
    // The writer is gone, so it waits for no answer any more.
    if let Some(salvor) = salvor {
        salvor.end();
    }
    ended
}

/// The writer's thread did not end as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the journal's thread died of a fault in the program; what was answered is on disk")]
pub struct StopError;

/// The state of the thread.
pub(crate) struct Owner {
    pub(crate) config: Config,
    pub(crate) tuning: Tuning,
    pub(crate) expiry: Arc<Expiry>,
    pub(crate) shared: Shared,
    pub(crate) state: State,
    pub(crate) side: SideFile,
    pub(crate) queue: mpsc::Receiver<Command>,
    pub(crate) tellers: Tellers,
    pub(crate) lock: DirLock,
    inner: Inner,
}

/// What only the thread itself changes.
struct Inner {
    stamps: Stamps,
    waiting: VecDeque<Ticket>,
    /// So many of the waiting are decided alone, after a decision failed.
    alone: usize,
    /// Set while the database is closed after a failed write.
    closed: Option<commit::Closed>,
    faults: commit::Faults,
    /// Looked for when the database is open again.
    unsaved: Vec<Unsaved>,
    due: Due,
}

/// Where everybody hears how it stands.
#[derive(Debug)]
pub(crate) struct Tellers {
    pub(crate) tail: watch::Sender<Tail>,
    pub(crate) health: watch::Sender<Health>,
    pub(crate) salvage: watch::Sender<crate::salvage::Salvage>,
}

/// What an owner is made of.
pub(crate) struct OwnerParts {
    pub(crate) config: Config,
    pub(crate) tuning: Tuning,
    pub(crate) expiry: Arc<Expiry>,
    pub(crate) shared: Shared,
    pub(crate) state: State,
    pub(crate) side: SideFile,
    pub(crate) queue: mpsc::Receiver<Command>,
    pub(crate) tellers: Tellers,
    pub(crate) lock: DirLock,
}

impl Owner {
    pub(crate) fn new(parts: OwnerParts) -> Self {
        let OwnerParts { config, tuning, expiry, shared, state, side, queue, tellers, lock } = parts;
        let due = Due::from(shared.running.now());
        let (stamps, waiting) = (stamps_after(&state), VecDeque::new());
        let inner = Inner {
            stamps,
            waiting,
            alone: 0,
            closed: None,
            faults: commit::Faults::default(),
            unsaved: Vec::new(),
            due,
        };
        Self { config, tuning, expiry, shared, state, side, queue, tellers, lock, inner }
    }

    fn run(mut self, runtime: &tokio::runtime::Runtime) {
        let mut commands = Vec::new();
        let mut stopping = false;
        self.let_go();
        ballast::lay(&self.config);
        while !stopping {
            let look = Duration::from_millis(limits::SIDE_FILE_MS);
            let queue = &mut self.queue;
            let taken = runtime
                .block_on(async { tokio::time::timeout(look, queue.recv_many(&mut commands, limits::QUEUE)).await });
            // 0: every handle is gone. A time-out: only what is due.
            stopping = taken == Ok(0);
            stopping |= self.perform_all(&mut commands);
            self.do_due();
        }
        self.finish();
    }

    /// Documents first, all that wait together; then the rest in its order.
    /// True if it is to stop.
    fn perform_all(&mut self, commands: &mut Vec<Command>) -> bool {
        let mut others = Vec::new();
        for command in commands.drain(..) {
            if let Command::Submit(tickets) = command {
                self.inner.waiting.extend(tickets);
            } else {
                others.push(command);
            }
        }
        self.commit_waiting();
        let mut stopping = false;
        for command in others {
            stopping |= self.perform(command);
        }
        stopping
    }

    fn perform(&mut self, command: Command) -> bool {
        match command {
            Command::Submit(tickets) => {
                self.inner.waiting.extend(tickets);
                self.commit_waiting();
            }
            Command::SaveLane(lane, reply) => answer(reply, self.save_lane(&lane)),
            Command::ForgetLane { lane, reply } => answer(reply, self.forget_lane(&lane)),
            Command::SaveSession(session, reply) => answer(reply, self.save_session(session)),
            Command::Received { epoch, blocks, reply } => answer(reply, self.received(epoch, &blocks)),
            Command::Handled(word, reply) => answer(reply, self.handled(&word)),
            Command::BeginCatalogue { version, reply } => answer(reply, self.begin_catalogue(version)),
            Command::TakeCatalogue { page, reply } => answer(reply, self.take_catalogue(&page)),
            Command::TakeOpening { ordinal, telling, reply } => answer(reply, self.take_opening(ordinal, *telling)),
            Command::SettleEarlier { epoch, through, reply } => answer(reply, self.settle_earlier(epoch, through)),
            Command::Fork { old, reply } => answer(reply, self.fork(old)),
            Command::SettleFork { epoch, reply } => answer(reply, self.settle_fork(epoch)),
            Command::Salvage(step, reply) => answer(reply, self.salvage(step)),
            Command::AddTill { till, token, reply } => answer(reply, self.add_till(&till, token)),
            Command::RemoveTill { till, reply } => answer(reply, self.remove_till(&till)),
            Command::PassNumber { source, number, reply } => answer(reply, self.pass_number(&source, number)),
            Command::Trim(reply) => answer(reply, self.trim()),
            Command::Ping(reply) => answer(reply, Ok(())),
            Command::BeginBoot(reply) => {
                self.shared.running.begin_boot();
                answer(reply, Ok(()));
            }
            Command::Stop => return true,
        }
        false
    }

    /// Commits what came in meanwhile, syncs and closes.
    fn finish(mut self) {
        self.queue.close();
        while let Ok(command) = self.queue.try_recv() {
            self.perform(command);
        }
        self.save_odometer();
        // If the last sync fails, everything answered is on disk all the same.
        let _synced = self.shared.shelf.read(crate::store::Store::sync);
        self.write_side_file();
        self.shared.shelf.close();
        if !matches!(*self.tellers.health.borrow(), Health::Damaged { .. }) {
            self.tellers.health.send_replace(Health::Closed);
        }
        drop(self.lock);
    }
}

/// Nobody may wait for the answer any more.
fn answer<T>(reply: Reply<T>, result: Result<T, crate::submit::NotSaved>) {
    let _unheard = reply.send(result);
}

/// What follows a saved reading happened after it.
fn stamps_after(state: &State) -> Stamps {
    Stamps::from(Odometer(state.progress.odometer.0.saturating_add(1)))
}
