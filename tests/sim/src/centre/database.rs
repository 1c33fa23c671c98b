//! What the database holds, and the transaction that changes it.

mod epochs;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use tidemark_ledger::apply::{
    ApplyRecord, BlockKey, EpochState, Known, Losses, OpenFork, Plan, closes, offers, touched, unsettled,
};
use tidemark_ledger::{InstructionRow, Seen};
use tidemark_model::opening::Opening;
use tidemark_model::{
    Basis, Block, BlockIndex, Epoch, EpochOrdinal, Generation, ParkReason, Position, Quantity, Seq, Sku, StoreId,
    StreamId,
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
    effect_sum: i64,
    on_hand: Quantity,
    basis: Basis,
    at: (EpochOrdinal, Seq),
    /// What readers saw when the epoch before ended.
    old: Option<(Quantity, bool)>,
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
    losses: BTreeMap<Epoch, Losses>,
    /// What each epoch began with, as it was given.
    openings: BTreeMap<Epoch, Opening>,
    /// When something of each epoch was applied last that came while it was open.
    applied_at: BTreeMap<Epoch, u64>,
    /// What head office wants done and the box has not answered.
    pub(crate) instructions: Vec<InstructionRow>,
    /// Forked letters that nobody has closed.
    pub(crate) forks: Vec<OpenFork>,
    pub(crate) fork_digests: BTreeMap<Position, BTreeSet<u64>>,
    /// What was parked, by the letter's number.
    forked: BTreeMap<i64, Bytes>,
    letters_made: i64,
    /// Applied positions.
    pub(crate) rows: BTreeMap<Position, Bytes>,
    /// Those of them that came when their epoch was closed.
    late: BTreeSet<Position>,
    /// Parked positions.
    pub(crate) letters: BTreeMap<Position, Bytes>,
    /// Σ effect that a row says, by item: what the balances must be.
    pub(crate) doubles: Vec<Position>,
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
            losses: BTreeMap::new(),
            openings: BTreeMap::new(),
            applied_at: BTreeMap::new(),
            instructions: Vec::new(),
            forks: Vec::new(),
            fork_digests: BTreeMap::new(),
            forked: BTreeMap::new(),
            letters_made: 0,
            rows: BTreeMap::new(),
            late: BTreeSet::new(),
            letters: BTreeMap::new(),
            doubles: Vec::new(),
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

    /// The log ends before where its applier stands: it goes on from there.
    pub(crate) fn rewind(&mut self, end: u64) {
        if self.next > end {
            self.next = end;
            self.step += 1;
        }
    }

    /// What an applier has to know before it decides.
    pub(crate) fn known(&self, records: &[ApplyRecord]) -> Known {
        let of_store = |epoch: &Epoch| (self.store.clone(), *epoch);
        let epochs = self.epochs.iter().map(|(epoch, state)| (of_store(epoch), *state)).collect();
        let mut keys: BTreeSet<BlockKey> = touched(records);
        let ending = closes(records, &epochs);
        let settling = unsettled(records, &epochs);
        let all = self.blocks.keys().map(|(epoch, index)| (self.store.clone(), *epoch, *index));
        keys.extend(all.filter(|(store, epoch, index)| {
            let of = (store.clone(), *epoch);
            ending.contains(&of) || settling.get(&of).is_some_and(|last| index.first() <= *last)
        }));
        let held = |key: BlockKey| {
            let (block, _) = self.blocks.get(&(key.1, key.2))?;
            Some((key, *block))
        };
        Known {
            epochs,
            blocks: keys.into_iter().filter_map(held).collect(),
            losses: self.losses.iter().map(|(epoch, losses)| (of_store(epoch), losses.clone())).collect(),
            forks: BTreeMap::from([(self.store.clone(), self.forks.clone())]),
            named_at: 0,
        }
    }

    /// The transaction: begins with the compare-and-set. The levels that
    /// changed; none if the position was another.
    pub(crate) fn commit(
        &mut self,
        expected: Expected,
        plan: &mut Plan,
        (next, compare): (u64, bool),
        now: u64,
    ) -> Option<Vec<Sku>> {
        if compare && (self.stream, self.next, self.step) != (expected.stream, expected.next, expected.step) {
            return None;
        }
        (self.stream, self.next) = (expected.stream, next);
        self.step += 1;
        let held = self.held_there(plan);
        plan.park_forks(held);
        for ((_, epoch, index), block) in &plan.blocks {
            self.blocks.insert((*epoch, *index), (*block, self.step));
        }
        self.put_epochs(plan, now);
        self.put_rows(plan);
        let mut changed = self.add_balances(plan);
        changed.extend(self.put_taken(plan));
        self.put_forks(plan);
        // What is offered may be answered by the same batch, if it is told again.
        self.instructions.extend(offers(plan));
        self.instructions.retain(|row| !plan.answered.contains_key(&(row.store.clone(), row.id.clone())));
        Some(changed.into_iter().collect())
    }

    fn put_rows(&mut self, plan: &Plan) {
        for row in &plan.rows {
            if self.rows.insert(row.position, row.bytes.clone()).is_some() {
                self.doubles.push(row.position);
            }
            if row.late {
                self.late.insert(row.position);
            }
        }
        for letter in plan.dead_letters.iter().filter(|letter| letter.reason != ParkReason::Forked) {
            if self.letters.insert(letter.position, letter.bytes.clone()).is_some() {
                self.doubles.push(letter.position);
            }
        }
    }

    fn add_balances(&mut self, plan: &Plan) -> BTreeSet<Sku> {
        for ((_, sku), change) in &plan.balances {
            let (on_hand, basis, at) = (change.on_hand, change.basis, change.at);
            let fresh = Balance { effect_sum: 0, on_hand, basis, at, old: None, counter: 0 };
            let balance = self.balances.entry(sku.clone()).or_insert(fresh);
            balance.effect_sum += change.effect;
            balance.counter += 1;
            if change.at > balance.at {
                (balance.at, balance.on_hand, balance.basis) = (at, on_hand, basis);
            }
        }
        plan.balances.keys().map(|(_, sku)| sku.clone()).collect()
    }

    fn seen(&self, balance: &Balance) -> Seen {
        let of = self.epochs.values().find(|state| state.ordinal == balance.at.0);
        let taken = of.map(|state| state.taken).unwrap_or_default();
        let settled = self.epochs.values().filter(|state| state.taken.is_settled());
        let settled_since = settled.map(|state| state.ordinal).max() > Some(balance.at.0);
        let own = (balance.on_hand, balance.basis == Basis::Counted);
        let effect_sum = Quantity::thousandths(balance.effect_sum);
        Seen { taken, settled_since, seq: balance.at.1, effect_sum, own, old: balance.old }
    }

    /// The level of an item as the database has it.
    pub(crate) fn level(&self, sku: &Sku) -> Option<Level> {
        let balance = self.balances.get(sku)?;
        let version = (self.generation, balance.counter);
        let (on_hand, ..) = self.seen(balance).level();
        Some(Level { version, effect_sum: balance.effect_sum, on_hand })
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
