//! How a store's box stands to what its epoch began with. Until it has taken
//! its opening and all of its own sales before that are handled, readers see
//! the level of the epoch before.

use std::collections::{BTreeMap, BTreeSet};

use tidemark_model::{BlockIndex, Epoch, Seq, SeqSet, StoreId};
use tidemark_sync::message::OpeningTaken;
use tidemark_wire::{Control, Opener, decode_control};

use super::losses::held;
use super::{ApplyRecord, BlockKey, Content, Deciding, EpochState};

/// How an epoch's box stands to its opening.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Taken {
    /// There was nothing before it.
    First,
    /// It has not taken it.
    #[default]
    Not,
    /// It has, with this seq as that of its last restatement.
    At(Seq),
    /// All up to that seq is handled too: Σ effect is on-hand.
    Settled(Seq),
}

impl Taken {
    /// From the columns.
    #[must_use]
    pub const fn of(taken: Option<Seq>, settled: bool) -> Self {
        match (taken, settled) {
            (None, true) => Self::First,
            (None, false) => Self::Not,
            (Some(seq), false) => Self::At(seq),
            (Some(seq), true) => Self::Settled(seq),
        }
    }

    /// The seq of the last restatement.
    #[must_use]
    pub const fn seq(self) -> Option<Seq> {
        match self {
            Self::First | Self::Not => None,
            Self::At(seq) | Self::Settled(seq) => Some(seq),
        }
    }

    /// Whether the epoch's sums stand on all that was before it.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        match self {
            Self::First | Self::Settled(_) => true,
            Self::Not | Self::At(_) => false,
        }
    }
}

/// The epochs of a batch that may be settled by it, each with the seq up to
/// which its blocks must be known.
#[must_use]
pub fn unsettled(
    records: &[ApplyRecord],
    epochs: &BTreeMap<(StoreId, Epoch), EpochState>,
) -> BTreeMap<(StoreId, Epoch), Seq> {
    let mut told: BTreeMap<(StoreId, Epoch), Seq> = BTreeMap::new();
    let mut touched: BTreeSet<(StoreId, Epoch)> = BTreeSet::new();
    for record in records {
        match &record.content {
            Content::Movement(position, _) | Content::Unread(position, _) => {
                touched.insert((record.store.clone(), position.epoch));
            }
            Content::Control(bytes) => match decode_control(bytes) {
                Ok(Control::OpeningTaken(took)) => {
                    told.insert((record.store.clone(), took.epoch), took.opening.seq);
                }
                Ok(Control::PositionsLost(lost)) => {
                    touched.insert((record.store.clone(), lost.epoch));
                }
                Ok(Control::EpochOpened(opened)) => {
                    if let Opener::Box { opening: Some(opening), .. } = opened.by {
                        told.insert((record.store.clone(), opened.epoch), opening.seq);
                    }
                }
                // Neither speaks of an epoch.
                Ok(Control::StreamBorn(_)) | Err(_) => {}
            },
        }
    }
    for key in touched {
        if let Some(EpochState { taken: Taken::At(seq), .. }) = epochs.get(&key) {
            told.entry(key).or_insert(*seq);
        }
    }
    told
}

impl Deciding<'_> {
    /// How an epoch's box stands to its opening, as far as was decided.
    pub(super) fn taken(&self, store: &StoreId, epoch: Epoch) -> Taken {
        let key = (store.clone(), epoch);
        let known = || self.known.epochs.get(&key).map(|state| state.taken);
        self.plan.taken.get(&key).copied().or_else(known).unwrap_or_default()
    }

    /// A box says that it has taken its opening: the first word counts. Said of
    /// an epoch that is closed it comes too late: the next one began without.
    pub(super) fn took(&mut self, store: &StoreId, (epoch, state): (Epoch, EpochState), opening: OpeningTaken) {
        if state.closed {
            return;
        }
        match self.taken(store, epoch) {
            // What the ledger lacks, the box had before it.
            Taken::First | Taken::Not => {
                self.plan.taken.insert((store.clone(), epoch), Taken::At(opening.seq));
                self.restates(store, state.ordinal);
            }
            Taken::At(_) | Taken::Settled(_) => {}
        }
    }

    /// Settles what can be settled now. An epoch that ended stays as it was
    /// then: the next one began with that.
    pub(super) fn settle_all(&mut self) {
        let known = self.known.epochs.keys().filter(|key| !self.is_closed(key)).cloned();
        let open: BTreeSet<(StoreId, Epoch)> = known.chain(self.plan.taken.keys().cloned()).collect();
        for key in open.into_iter().filter(|key| !self.is_closed(key)).collect::<Vec<_>>() {
            self.settle(key);
        }
    }

    /// Settles an epoch if it can be settled now.
    pub(super) fn settle(&mut self, key: (StoreId, Epoch)) {
        // Of what was before a store's first epoch here nothing is known.
        if let Taken::At(seq) = self.taken(&key.0, key.1)
            && !self.is_first(&key)
            && (self.plan.counts.contains_key(&key) || self.plan.taken.contains_key(&key))
            && self.is_handled(&key, seq)
        {
            self.plan.taken.insert(key, Taken::Settled(seq));
        }
    }

    /// The open epochs of a store end, because another begins. What readers
    /// see of them is kept as it was before this batch.
    pub(super) fn end_epochs(&mut self, store: &StoreId) {
        let ended = self.open_epochs(store);
        for ended in &ended {
            self.settle((store.clone(), *ended));
        }
        let brings = !ended.is_empty() && self.plan.balances.keys().any(|(of, _)| of == store);
        if brings || ended.iter().any(|ended| self.stands_anew((store.clone(), *ended))) {
            self.plan.cut.get_or_insert(self.at);
        }
        for ended in ended {
            self.close(store, ended);
        }
    }

    /// Whether this batch changes how an epoch's box stands to its opening.
    fn stands_anew(&self, key: (StoreId, Epoch)) -> bool {
        let begun = self.plan.opened.iter().find(|(store, epoch, _)| (store, epoch) == (&key.0, &key.1));
        let begun = begun.map(|(.., ordinal)| EpochState::begun(*ordinal).taken);
        let before = self.known.epochs.get(&key).map(|state| state.taken).or(begun);
        before != Some(self.taken(&key.0, key.1))
    }

    /// The epochs of a store that no later one closed.
    fn open_epochs(&self, store: &StoreId) -> Vec<Epoch> {
        if let Some((_, newest, _)) = self.plan.opened.iter().rev().find(|(of, ..)| of == store) {
            return vec![*newest];
        }
        let known = self.known.epochs.iter().filter(|((of, _), state)| of == store && !state.closed);
        known.map(|((_, epoch), _)| *epoch).collect()
    }

    /// Whether a later epoch of the store began.
    fn is_closed(&self, key: &(StoreId, Epoch)) -> bool {
        let newest_here = self.plan.opened.iter().rev().find(|(of, ..)| *of == key.0);
        match newest_here {
            Some((_, newest, _)) => *newest != key.1,
            None => self.known.epochs.get(key).is_some_and(|state| state.closed),
        }
    }

    /// Whether an epoch is the first that the ledger knows of its store.
    fn is_first(&self, key: &(StoreId, Epoch)) -> bool {
        let begun = || self.plan.opened.iter().find(|(store, epoch, _)| *store == key.0 && *epoch == key.1);
        let known = self.known.epochs.get(key).map(|state| state.ordinal);
        known.or_else(|| Some(begun()?.2)).is_none_or(|ordinal| ordinal.0 <= 1)
    }

    /// Whether all of an epoch up to a seq is handled.
    fn is_handled(&self, (store, epoch): &(StoreId, Epoch), last: Seq) -> bool {
        let mut missing: SeqSet = std::iter::once(1..=last).collect();
        let key = |index| -> BlockKey { (store.clone(), *epoch, index) };
        for blocks in [&self.known.blocks, &self.plan.blocks] {
            for ((.., index), block) in blocks.range(key(BlockIndex(0))..=key(BlockIndex::of(last.max(1)))) {
                missing.remove_all(&held(*index, block));
            }
        }
        missing.is_empty()
    }
}

#[cfg(test)]
mod tests;
