//! The centre: a stream, a database, appliers, a cache, and the shell around
//! its receivers.

mod cache;
mod database;
mod log;

use std::collections::{BTreeMap, BTreeSet};

use tidemark_ledger::apply::{ApplyRecord, Plan};
use tidemark_model::{BoxId, Epoch, Seq, StoreId, WallTime};
use tidemark_sync::message::{Blocks, Hello, Limits, OpeningTaken};
use tidemark_sync::{
    Admission, CreditOffice, Found, Gate, Lookup, Millis, Reached, Receiver, ReceiverConfig, Rival, Standing, limits,
};

use crate::shop::StreamKey;

pub(crate) use cache::Cache;
pub(crate) use database::{Database, Expected, Level as CachedLevel};
pub(crate) use log::Log;

/// One stream with the shell around it.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) receiver: Receiver,
    /// Changes up to this step were told.
    cursor: u64,
    /// Who said `Hello`.
    pub(crate) spoke: Option<(BoxId, Epoch)>,
    /// What it let go.
    pub(crate) trimmed_below: Seq,
    /// What its box has taken, if that is known.
    pub(crate) opening: Option<OpeningTaken>,
    /// The instructions that were given on it.
    pub(crate) given: BTreeSet<String>,
}

/// An applier of the one partition.
#[derive(Debug, Default)]
pub(crate) struct Applier {
    /// Where it believes the stream's position to be; none if it has to look.
    pub(crate) at: Option<Expected>,
    /// What it has decided and not yet committed, and up to which offset.
    pub(crate) decided: Option<(Expected, Plan, u64)>,
    /// Whether an event for it is under way.
    pub(crate) awake: bool,
    /// A bad line stopped it, if it is one that stops.
    pub(crate) stuck: bool,
}

/// The centre.
#[derive(Debug)]
pub(crate) struct Centre {
    store: StoreId,
    pub(crate) up: bool,
    pub(crate) database_up: bool,
    pub(crate) log: Log,
    pub(crate) database: Database,
    pub(crate) cache: Cache,
    pub(crate) appliers: Vec<Applier>,
    pub(crate) served: BTreeMap<StreamKey, Served>,
    pub(crate) office: CreditOffice,
    gate: Gate,
    /// Grows with each start of the process.
    pub(crate) run: u32,
    /// Which box spoke last, and when; none if it left on purpose.
    pub(crate) last_heard: Option<(BoxId, u64)>,
}

impl Centre {
    pub(crate) fn new(store: StoreId, appliers: usize) -> Self {
        let log = Log::born(1);
        Self {
            database: Database::new(store.clone(), log.id),
            store,
            up: true,
            database_up: true,
            log,
            cache: Cache::default(),
            appliers: (0..appliers).map(|_| Applier::default()).collect(),
            served: BTreeMap::new(),
            office: CreditOffice::new(),
            gate: Gate::new(limits::HELLOS_PER_SECOND),
            run: 1,
            last_heard: None,
        }
    }

    pub(crate) fn accept(&mut self, key: StreamKey, now: u64) {
        let config = ReceiverConfig { identity: Some(self.store.clone()), limits: Limits::default() };
        let receiver = Receiver::new(config, Millis(now));
        let (spoke, opening, given) = (None, None, BTreeSet::new());
        self.served.insert(key, Served { receiver, cursor: 0, spoke, trimmed_below: 1, opening, given });
    }

    /// The process dies; what it held in memory is gone.
    pub(crate) fn die(&mut self) {
        self.up = false;
        self.run += 1;
        self.served.clear();
        self.office = CreditOffice::new();
        self.gate = Gate::new(limits::HELLOS_PER_SECOND);
        self.appliers.iter_mut().for_each(|applier| *applier = Applier::default());
    }

    fn reached(&self, now: u64) -> Reached {
        // An applier that has not looked at the log yet speaks of the one it
        // knows; the end is the log's own only if they are the same.
        let (stream, offset) = self.database.position();
        let end = (stream == self.log.id).then(|| self.log.end());
        Reached { stream, partition: 0, offset, end, asked_at: Millis(now) }
    }

    pub(crate) fn look_up(&mut self, key: StreamKey, hello: &Hello, again: bool, now: u64) -> Lookup {
        if !again && let Admission::Later { retry_after_ms } = self.gate.admit(&hello.store, Millis(now)) {
            return Lookup::NotNow { retry_after_ms };
        }
        if !self.database_up {
            return Lookup::Unavailable;
        }
        let reached = self.reached(now);
        let last_session = self.database.note_session(hello.epoch, hello.session, again);
        if let Some(served) = self.served.get_mut(&key) {
            served.cursor = self.database.step();
            served.spoke = Some((hello.box_id, hello.epoch));
            served.trimmed_below = hello.trimmed_below;
            served.opening = hello.opening;
        }
        let standing = match self.database.epoch(hello.epoch) {
            None => Standing::Unknown,
            Some(state) if state.closed => Standing::Closed(state.ordinal),
            Some(state) => Standing::Open(state.ordinal),
        };
        Lookup::Found(Box::new(Found {
            generation: self.database.generation,
            standing,
            epochs: self.database.epochs(),
            last_session,
            blocks: self.database.blocks_of(hello.epoch),
            earlier: hello.earlier.iter().map(|of| (of.epoch, self.database.blocks_of(of.epoch))).collect(),
            reached,
            rival: self.rival(hello.box_id, now),
            server_time: WallTime(0),
        }))
    }

    /// Another box that spoke for the store last.
    fn rival(&self, box_id: BoxId, now: u64) -> Option<Rival> {
        let (other, heard) = self.last_heard.filter(|(other, _)| *other != box_id)?;
        Some(Rival { box_id: other, heard_ms: now.saturating_sub(heard) })
    }

    /// The database is looked at for all streams; answers what each is told.
    pub(crate) fn poll(&mut self, now: u64) -> Vec<(StreamKey, tidemark_sync::ReceiverInput)> {
        if !(self.up && self.database_up) {
            return Vec::new();
        }
        let reached = self.reached(now);
        self.office.reached(0, reached.offset, reached.end, Millis(now));
        let (generation, step) = (self.database.generation, self.database.step());
        let mut told = Vec::new();
        for (key, served) in &mut self.served {
            let blocks: BTreeMap<Epoch, Blocks> = self.database.changed_after(served.cursor);
            served.cursor = step;
            told.push((*key, tidemark_sync::ReceiverInput::Polled { generation, reached, blocks }));
        }
        told
    }

    /// Records of the log from an offset on.
    pub(crate) fn records(&self, from: u64, most: usize) -> Vec<ApplyRecord> {
        self.log.records(from, most)
    }

    pub(crate) fn peer(key: StreamKey) -> tidemark_sync::Peer {
        tidemark_sync::Peer(u64::from(key.0.0) << 32 | key.1.0)
    }

    pub(crate) fn key(peer: tidemark_sync::Peer) -> StreamKey {
        let life = u32::try_from(peer.0 >> 32).unwrap_or(u32::MAX);
        StreamKey(crate::shop::Life(life), tidemark_sync::Attempt(peer.0 & 0xffff_ffff))
    }
}

/// The epochs of a ledger by themselves.
pub(crate) type Epochs = BTreeSet<Epoch>;
