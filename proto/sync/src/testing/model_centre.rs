//! A model of a centre: stream, applier, ledger, and the shell around its
//! receivers.

use std::collections::{BTreeMap, BTreeSet};

use tidemark_model::{Epoch, StoreId, StreamPlace, WallTime};

use crate::message::{Blocks, Hello, Limits, RefusalCode};
use crate::testing::model_ledger::{Entry, ModelLedger, ModelStream};
use crate::time::Millis;
use crate::{
    Admission, Attempt, CreditOffice, Found, Gate, Lookup, Payload, Peer, Reached, Receiver, ReceiverConfig,
    ReceiverInput, Rival, Standing, limits,
};

/// How a centre meets a box before it has said a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// It listens.
    Open,
    /// It refuses as soon as the stream stands.
    RefusesStreams(RefusalCode),
    /// It refuses the stream itself.
    RefusesCalls(RefusalCode),
}

/// A centre with one partition and one store.
#[derive(Debug)]
pub struct ModelCentre {
    store: StoreId,
    /// Whether the process runs.
    pub up: bool,
    /// How it meets a box.
    pub door: Door,
    /// Whether the database answers.
    pub database: bool,
    /// Whether the stream takes records.
    pub producing: bool,
    /// Entries the applier takes every 20 ms.
    pub apply_per_tick: u64,
    /// What the database holds.
    pub ledger: ModelLedger,
    /// The partition's log.
    pub stream: ModelStream,
    /// A box of the same store that is heard elsewhere.
    pub rival: Option<Rival>,
    streams_born: u64,
    pub(crate) office: CreditOffice,
    pub(crate) gate: Gate,
    pub(crate) served: BTreeMap<Attempt, Served>,
}

/// One stream with the shell around it.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) receiver: Receiver,
    /// Changes up to this step were told.
    cursor: u64,
}

impl ModelCentre {
    pub(crate) fn new(store: StoreId) -> Self {
        let stream = ModelStream::born(1);
        Self {
            ledger: ModelLedger::new(store.clone(), stream.id),
            store,
            up: true,
            door: Door::Open,
            database: true,
            producing: true,
            apply_per_tick: 2_000,
            stream,
            rival: None,
            streams_born: 1,
            office: CreditOffice::new(),
            gate: Gate::new(limits::HELLOS_PER_SECOND),
            served: BTreeMap::new(),
        }
    }

    pub(crate) fn accept(&mut self, attempt: Attempt, now: Millis) {
        let config = ReceiverConfig { identity: Some(self.store.clone()), limits: Limits::default() };
        self.served.insert(attempt, Served { receiver: Receiver::new(config, now), cursor: 0 });
    }

    /// The process dies; what it held in memory is gone.
    pub(crate) fn crash(&mut self) {
        self.up = false;
        self.served.clear();
        self.office = CreditOffice::new();
        self.gate = Gate::new(limits::HELLOS_PER_SECOND);
    }

    /// The log is wiped: another life begins.
    pub fn wipe_stream(&mut self) {
        self.streams_born += 1;
        self.stream = ModelStream::born(self.streams_born);
    }

    fn reached(&self, now: Millis) -> Reached {
        // An applier that has not yet looked at the log speaks of the one it
        // knows, and the end is the log's own only if they are the same.
        let end = (self.ledger.stream == self.stream.id).then(|| self.stream.end());
        Reached { stream: self.ledger.stream, partition: 0, offset: self.ledger.next, end, asked_at: now }
    }

    pub(crate) fn look_up(&mut self, attempt: Attempt, hello: &Hello, again: bool, now: Millis) -> Lookup {
        if !again && let Admission::Later { retry_after_ms } = self.gate.admit(&hello.store, now) {
            return Lookup::NotNow { retry_after_ms };
        }
        if !self.database {
            return Lookup::Unavailable;
        }
        if hello.store != self.store {
            return Lookup::UnknownStore;
        }
        let reached = self.reached(now);
        let last = self.ledger.sessions.get(&hello.epoch).copied();
        if !again {
            self.ledger.sessions.insert(hello.epoch, hello.session.max(last.unwrap_or_default()));
        }
        if let Some(served) = self.served.get_mut(&attempt) {
            served.cursor = self.ledger.step;
        }
        let highest = self.ledger.ordinals.values().max().copied();
        let standing = match self.ledger.ordinal(hello.epoch) {
            None => Standing::Unknown,
            Some(ordinal) if Some(ordinal) == highest => Standing::Open(ordinal),
            Some(ordinal) => Standing::Closed(ordinal),
        };
        Lookup::Found(Box::new(Found {
            generation: self.ledger.generation,
            standing,
            epochs: self.ledger.ordinals.keys().copied().collect(),
            last_session: last,
            blocks: self.ledger.blocks.get(&hello.epoch).cloned().unwrap_or_default(),
            earlier: hello.earlier.iter().filter_map(|told| self.ledger.held_of(told.epoch)).collect(),
            reached,
            rival: self.rival,
            server_time: WallTime(0),
        }))
    }

    pub(crate) fn produce(&mut self, payload: &Payload) -> Option<StreamPlace> {
        match payload {
            _ if !self.producing => return None,
            Payload::Records(batch) => {
                let movement = |record: &crate::message::Record| Entry::Movement(batch.epoch, record.clone());
                self.stream.entries.extend(batch.records.iter().map(movement));
            }
            Payload::Unreadable(lost) => {
                let seqs: BTreeSet<u64> = lost.seqs.iter().collect();
                self.stream.entries.push(Entry::Lost(lost.epoch, seqs));
            }
        }
        Some(self.last_place())
    }

    pub(crate) fn open_epoch(&mut self, epoch: Epoch) -> Option<StreamPlace> {
        if !self.producing {
            return None;
        }
        self.stream.entries.push(Entry::EpochOpened(epoch));
        Some(self.last_place())
    }

    /// How many entries the log has.
    #[must_use]
    pub fn stream_length(&self) -> u64 {
        self.stream.end()
    }

    fn last_place(&self) -> StreamPlace {
        StreamPlace { stream: self.stream.id, partition: 0, offset: self.stream.end().saturating_sub(1) }
    }

    pub(crate) fn apply(&mut self) {
        if self.up && self.database {
            let count = self.apply_per_tick;
            self.ledger.apply(&self.stream, count);
        }
    }

    /// The ledger is looked at for all streams.
    pub(crate) fn poll(&mut self, now: Millis) {
        if !(self.up && self.database) {
            return;
        }
        let reached = self.reached(now);
        self.office.reached(0, reached.offset, reached.end, now);
        for served in self.served.values_mut() {
            let mut blocks: BTreeMap<Epoch, Blocks> = BTreeMap::new();
            for ((epoch, index), step) in &self.ledger.changed {
                let block = self.ledger.blocks.get(epoch).and_then(|blocks| blocks.get(index));
                if let Some(block) = block.filter(|_| *step > served.cursor) {
                    blocks.entry(*epoch).or_default().insert(*index, *block);
                }
            }
            served.cursor = self.ledger.step;
            let generation = self.ledger.generation;
            served.receiver.handle_input(ReceiverInput::Polled { generation, reached, blocks }, now);
        }
    }

    pub(crate) fn grant(&mut self, now: Millis) {
        for grant in self.office.grants(now) {
            if let Some(served) = self.served.get_mut(&Attempt(grant.peer.0)) {
                served.receiver.handle_input(ReceiverInput::Granted { bytes: grant.bytes }, now);
            }
        }
    }

    pub(crate) const fn peer(attempt: Attempt) -> Peer {
        Peer(attempt.0)
    }
}
