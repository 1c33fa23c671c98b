//! What the database holds, and the transaction that changes it.

use std::collections::BTreeMap;

use bytes::Bytes;
use tidemark_ledger::apply::{ApplyRecord, BlockKey, EpochState, Known, Plan, touched};
use tidemark_model::{
    Block, BlockIndex, Epoch, EpochOrdinal, Generation, Position, Quantity, Seq, Sku, StoreId, StreamId,
};
use tidemark_sync::message::{Blocks, Session};

use super::Epochs;

/// The position an applier believes to be the stream's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) stream: StreamId,
    pub(crate) next: u64,
    step: u64,
}

/// One balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Balance {
    pub(crate) effect_sum: i64,
    pub(crate) on_hand: Quantity,
    at: (EpochOrdinal, Seq),
    /// Counts its changes.
    counter: u64,
}

/// What is published of a balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) version: (Generation, u64),
    pub(crate) effect_sum: i64,
    pub(crate) on_hand: Quantity,
}

/// What the database holds of one store.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    store: StoreId,
    pub(crate) generation: Generation,
    stream: StreamId,
    next: u64,
    step: u64,
    epochs: BTreeMap<Epoch, EpochState>,
    sessions: BTreeMap<Epoch, Session>,
    blocks: BTreeMap<(Epoch, BlockIndex), (Block, u64)>,
    balances: BTreeMap<Sku, Balance>,
    /// Applied positions.
    pub(crate) rows: BTreeMap<Position, Bytes>,
    /// Parked positions.
    pub(crate) letters: BTreeMap<Position, Bytes>,
    /// Σ effect that a row says, by item: what the balances must be.
    pub(crate) doubles: Vec<Position>,
    /// Positions that came again with other bytes.
    pub(crate) forked: Vec<Position>,
}

impl Database {
    pub(crate) const fn new(store: StoreId, stream: StreamId) -> Self {
        Self {
            store,
            generation: Generation(1),
            stream,
            next: 0,
            step: 0,
            epochs: BTreeMap::new(),
            sessions: BTreeMap::new(),
            blocks: BTreeMap::new(),
            balances: BTreeMap::new(),
            rows: BTreeMap::new(),
            letters: BTreeMap::new(),
            doubles: Vec::new(),
            forked: Vec::new(),
        }
    }

    pub(crate) const fn position(&self) -> (StreamId, u64) {
        (self.stream, self.next)
    }

    pub(crate) const fn step(&self) -> u64 {
        self.step
    }

    pub(crate) fn epoch(&self, epoch: Epoch) -> Option<EpochState> {
        self.epochs.get(&epoch).copied()
    }

    pub(crate) fn epochs(&self) -> Epochs {
        self.epochs.keys().copied().collect()
    }

    /// The highest session heard before.
    pub(crate) fn note_session(&mut self, epoch: Epoch, session: Session, again: bool) -> Option<Session> {
        let last = self.sessions.get(&epoch).copied();
        if !again {
            self.sessions.insert(epoch, session.max(last.unwrap_or_default()));
        }
        last
    }

    pub(crate) fn blocks_of(&self, of: Epoch) -> Blocks {
        let own = self.blocks.iter().filter(|((epoch, _), _)| *epoch == of);
        own.map(|((_, index), (block, _))| (*index, *block)).collect()
    }

    pub(crate) fn changed_after(&self, cursor: u64) -> BTreeMap<Epoch, Blocks> {
        let mut changed: BTreeMap<Epoch, Blocks> = BTreeMap::new();
        for ((epoch, index), (block, _)) in self.blocks.iter().filter(|(_, (_, step))| *step > cursor) {
            changed.entry(*epoch).or_default().insert(*index, *block);
        }
        changed
    }

    /// Where an applier of this log begins; another life of it begins anew.
    pub(crate) fn look(&mut self, stream: StreamId, anew: bool) -> Expected {
        if self.stream != stream {
            (self.stream, self.next) = (stream, if anew { 0 } else { self.next });
            self.step += 1;
        }
        Expected { stream, next: self.next, step: self.step }
    }

    /// What an applier has to know before it decides.
    pub(crate) fn known(&self, records: &[ApplyRecord]) -> Known {
        let epochs = self.epochs.iter().map(|(epoch, state)| ((self.store.clone(), *epoch), *state)).collect();
        let held = |key: BlockKey| {
            let (block, _) = self.blocks.get(&(key.1, key.2))?;
            Some((key, *block))
        };
        Known { epochs, blocks: touched(records).into_iter().filter_map(held).collect(), ..Known::default() }
    }

    /// The transaction: begins with the compare-and-set. The levels that
    /// changed; none if the position was another.
    pub(crate) fn commit(&mut self, expected: Expected, plan: &Plan, next: u64, compare: bool) -> Option<Vec<Sku>> {
        if compare && (self.stream, self.next, self.step) != (expected.stream, expected.next, expected.step) {
            return None;
        }
        (self.stream, self.next) = (expected.stream, next);
        self.step += 1;
        for (_, epoch, ordinal) in &plan.opened {
            self.epochs.values_mut().for_each(|state| state.closed = true);
            self.epochs.insert(*epoch, EpochState::begun(*ordinal));
        }
        for ((_, epoch, index), block) in &plan.blocks {
            self.blocks.insert((*epoch, *index), (*block, self.step));
        }
        self.put_rows(plan);
        Some(self.add_balances(plan))
    }

    fn put_rows(&mut self, plan: &Plan) {
        for row in &plan.rows {
            if self.rows.insert(row.position, row.bytes.clone()).is_some() {
                self.doubles.push(row.position);
            }
        }
        for letter in &plan.dead_letters {
            if self.letters.insert(letter.position, letter.bytes.clone()).is_some() {
                self.doubles.push(letter.position);
            }
        }
        for again in &plan.again {
            let held = self.rows.get(&again.position).or_else(|| self.letters.get(&again.position));
            if held.is_some_and(|held| *held != again.bytes) {
                self.forked.push(again.position);
            }
        }
    }

    fn add_balances(&mut self, plan: &Plan) -> Vec<Sku> {
        for ((_, sku), change) in &plan.balances {
            let fresh = Balance { effect_sum: 0, on_hand: change.on_hand, at: change.at, counter: 0 };
            let balance = self.balances.entry(sku.clone()).or_insert(fresh);
            balance.effect_sum += change.effect;
            balance.counter += 1;
            if change.at > balance.at {
                (balance.at, balance.on_hand) = (change.at, change.on_hand);
            }
        }
        plan.balances.keys().map(|(_, sku)| sku.clone()).collect()
    }

    /// The level of an item as the database has it.
    pub(crate) fn level(&self, sku: &Sku) -> Option<Level> {
        let balance = self.balances.get(sku)?;
        let version = (self.generation, balance.counter);
        Some(Level { version, effect_sum: balance.effect_sum, on_hand: balance.on_hand })
    }

    /// How many positions of an epoch are handled.
    pub(crate) fn handled(&self, of: Epoch) -> u64 {
        let own = self.blocks.iter().filter(|((epoch, _), _)| *epoch == of);
        own.map(|(_, (block, _))| u64::from(block.bitmap.count())).sum()
    }

    /// Adds to a balance behind the applier's back.
    pub(crate) fn meddle(&mut self, sku: &Sku, effect: i64) {
        if let Some(balance) = self.balances.get_mut(sku) {
            balance.effect_sum += effect;
        }
    }
}
