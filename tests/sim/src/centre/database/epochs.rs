//! Epochs in the database: how they begin and end, what is lost of them, what
//! the next one begins with, and what came twice with other bytes.

use tidemark_ledger::apply::{EpochState, HeldThere, Taken, standing};
use tidemark_model::digest::movement_digest;
use tidemark_model::opening::{Retelling, Taking};
use tidemark_model::{Item, Position};
use tidemark_wire::decode_movement;

use super::{BTreeMap, BTreeSet, Bytes, Database, Epoch, EpochOrdinal, OpenFork, Opening, ParkReason, Plan, Seq, Sku};

impl Database {
    /// Epochs that begin, each of which ends the older ones; what is counted.
    pub(super) fn put_epochs(&mut self, plan: &Plan, now: u64) {
        for (_, epoch, ordinal) in &plan.opened {
            self.keep_levels();
            self.epochs.values_mut().for_each(|state| state.closed = true);
            self.epochs.insert(*epoch, EpochState::begun(*ordinal));
        }
        for ((_, epoch), counts) in &plan.counts {
            if let Some(state) = self.epochs.get_mut(epoch) {
                state.tail = state.tail.max(counts.seen);
                state.lost = state.lost.saturating_add_signed(counts.lost);
                state.forks = state.forks.saturating_add_signed(counts.forks);
            }
            if counts.has_own() {
                self.applied_at.insert(*epoch, now);
            }
        }
        for ((_, epoch), losses) in &plan.losses {
            self.losses.insert(*epoch, losses.clone());
        }
    }

    /// What readers see when an epoch ends stays what they see.
    fn keep_levels(&mut self) {
        let seen: BTreeMap<Sku, _> =
            self.balances.iter().map(|(sku, balance)| (sku.clone(), self.seen(balance).level())).collect();
        for (sku, balance) in &mut self.balances {
            if let Some((on_hand, basis, _)) = seen.get(sku) {
                balance.old = Some((*on_hand, *basis == super::Basis::Counted));
            }
        }
    }

    /// How boxes stand to their openings; the items whose level may be another.
    pub(super) fn put_taken(&mut self, plan: &Plan) -> BTreeSet<Sku> {
        let mut changed = BTreeSet::new();
        for ((_, epoch), taken) in &plan.taken {
            let Some(state) = self.epochs.get_mut(epoch).filter(|state| state.taken != *taken) else { continue };
            state.taken = *taken;
            let (ordinal, settled) = (state.ordinal, taken.is_settled());
            let told = |balance: &super::Balance| balance.at.0 == ordinal || settled && balance.at.0 < ordinal;
            for (sku, balance) in self.balances.iter_mut().filter(|(_, balance)| told(balance)) {
                balance.counter += 1;
                changed.insert(sku.clone());
            }
        }
        changed
    }

    /// Whether a position is lost by name.
    pub(crate) fn is_lost(&self, at: Position) -> bool {
        self.losses.get(&at.epoch).is_some_and(|losses| losses.of(at.seq).is_some())
    }

    /// The box of an epoch told its tail.
    pub(crate) fn hear_tail(&mut self, epoch: Epoch, tail: Seq) {
        if let Some(state) = self.epochs.get_mut(&epoch) {
            state.tail = state.tail.max(tail);
        }
    }

    /// What an epoch begins with, made once and kept.
    pub(crate) fn make_opening(&mut self, of: Epoch, items: &[Item]) {
        let made = self.openings.contains_key(&of);
        let Some(ordinal) = self.epochs.get(&of).map(|state| state.ordinal).filter(|_| !made) else { return };
        let mut older: Vec<(Epoch, EpochState)> =
            self.epochs.iter().map(|(epoch, state)| (*epoch, *state)).filter(|(_, s)| s.ordinal < ordinal).collect();
        older.sort_by_key(|(_, state)| state.ordinal);
        let mut opening = Opening::empty();
        for (epoch, state) in older {
            if let Some(kept) = self.openings.get(&epoch) {
                opening = kept.clone();
            }
            opening = self.retold(epoch, state, opening, items);
        }
        self.close_standing(ordinal, &opening);
        self.openings.entry(of).or_insert(opening);
    }

    /// Letters may be parked when the opening is there already, as after the
    /// database was set back.
    pub(crate) fn close_forks(&mut self) {
        let newest = self.epochs.iter().max_by_key(|(_, state)| state.ordinal).map(|(epoch, state)| (*epoch, *state));
        let Some((epoch, state)) = newest.filter(|_| !self.forks.is_empty()) else { return };
        if let Some(opening) = self.openings.get(&epoch).cloned() {
            self.close_standing(state.ordinal, &opening);
        }
    }

    /// Forked letters of documents that stand elsewhere are closed.
    fn close_standing(&mut self, before: EpochOrdinal, opening: &Opening) {
        let older = self.forks.iter().filter(|fork| fork.ordinal < before);
        let parked = older.filter_map(|fork| Some((fork.number, self.forked.get(&fork.number)?.clone())));
        let closed: BTreeSet<i64> = standing(opening, &parked.collect::<Vec<_>>()).into_iter().collect();
        self.step += u64::from(!closed.is_empty());
        for fork in self.forks.extract_if(.., |fork| closed.contains(&fork.number)) {
            if let Some(state) = self.epochs.get_mut(&fork.position.epoch) {
                state.forks = state.forks.saturating_sub(1);
            }
        }
    }

    fn retold(&self, epoch: Epoch, state: EpochState, opening: Opening, items: &[Item]) -> Opening {
        let taking = match state.taken {
            Taken::First => Taking::First,
            // Nothing here says why it began.
            Taken::Not => Taking::Beside,
            Taken::At(seq) => Taking::Unsettled(seq),
            Taken::Settled(seq) => Taking::At(seq),
        };
        let mut retelling = Retelling::over(opening, epoch, taking);
        items.iter().for_each(|item| retelling.learn(item.clone()));
        let of = |held: &BTreeMap<Position, Bytes>, parked: bool| {
            let own = held.iter().filter(|(at, _)| at.epoch == epoch && !self.late.contains(at));
            own.map(|(at, bytes)| (at.seq, (bytes.clone(), parked))).collect::<Vec<_>>()
        };
        let told: BTreeMap<Seq, (Bytes, bool)> =
            of(&self.rows, false).into_iter().chain(of(&self.letters, true)).collect();
        for (seq, (bytes, parked)) in told {
            let Ok(movement) = decode_movement(&bytes) else { continue };
            if parked && movement.parked.is_none() {
                retelling.take_parked(seq, movement);
            } else {
                retelling.take(seq, movement);
            }
        }
        retelling.into_opening()
    }

    /// A box gives back what its epoch began with, if that is not here.
    pub(crate) fn keep_opening(&mut self, of: Epoch, given: Opening) {
        if self.epochs.contains_key(&of) {
            self.openings.entry(of).or_insert(given);
        }
    }

    /// How long ago anything was applied last that the epochs before one brought
    /// while they were open.
    pub(crate) fn older_ms(&self, ordinal: EpochOrdinal, now: u64) -> Option<u64> {
        let is_older = |epoch: &&Epoch| self.epochs.get(epoch).is_some_and(|state| state.ordinal < ordinal);
        let older = self.applied_at.iter().filter(|(epoch, _)| is_older(epoch));
        older.map(|(_, at)| now.saturating_sub(*at)).min()
    }

    /// The opening of an epoch, if it is made.
    pub(crate) fn opening(&self, of: Epoch) -> Option<Opening> {
        self.openings.get(&of).cloned()
    }

    /// The digest of every position that is held of an epoch.
    pub(crate) fn digests(&self, of: Epoch) -> Vec<(Seq, u64)> {
        let held = self.rows.iter().chain(&self.letters).filter(|(at, _)| at.epoch == of);
        let digests = held.map(|(at, bytes)| (at.seq, movement_digest(&self.store, *at, bytes)));
        digests.collect::<BTreeMap<Seq, u64>>().into_iter().collect()
    }

    /// What is held at each position that came again.
    pub(super) fn held_there(&self, plan: &Plan) -> Vec<HeldThere> {
        let there = |at: &Position| {
            let held = self.rows.get(at).or_else(|| self.letters.get(at));
            HeldThere {
                digest: held.map(|bytes| movement_digest(&self.store, *at, bytes)),
                forks: self.fork_digests.get(at).cloned().unwrap_or_default(),
            }
        };
        plan.again.iter().map(|again| there(&again.position)).collect()
    }

    pub(super) fn put_forks(&mut self, plan: &Plan) {
        self.forks.retain(|fork| !plan.replayed.contains(&fork.number));
        for letter in plan.dead_letters.iter().filter(|letter| letter.reason == ParkReason::Forked) {
            let digest = movement_digest(&self.store, letter.position, &letter.bytes);
            self.fork_digests.entry(letter.position).or_default().insert(digest);
            self.letters_made += 1;
            if let Some(state) = self.epochs.get(&letter.position.epoch) {
                let (number, ordinal) = (self.letters_made, state.ordinal);
                let document = letter.document.clone();
                self.forks.push(OpenFork { number, position: letter.position, ordinal, document });
                self.forked.insert(number, letter.bytes.clone());
            }
        }
    }
}
