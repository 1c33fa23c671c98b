//! Positions that are lost by name, as ranges of an epoch, and how a batch
//! changes them: a box names what its disk does not give back, a new epoch
//! names what the older ones never brought, and a movement that comes
//! nevertheless takes its position out again.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use tidemark_model::{Block, BlockIndex, Epoch, Seq, SeqSet, StoreId};
use tidemark_sync::message::Blocks;
use tidemark_wire::PositionsLost;

use super::{BlockKey, Deciding};

/// Why a range is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossCause {
    /// The box committed it and its disk does not give it back: handled, so
    /// that the box may forget it.
    Unreadable,
    /// The tail told reaches beyond it and a later epoch began: not in the
    /// blocks, so that a box that comes back sends it.
    Closed,
}

impl LossCause {
    /// As it is kept and shown.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Closed => "closed",
        }
    }

    /// The cause of a word; none if it is no cause.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Unreadable, Self::Closed].into_iter().find(|cause| cause.word() == word)
    }
}

/// A range of lost positions; where it begins is its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Its last seq.
    pub last: Seq,
    /// Why it is lost.
    pub cause: LossCause,
    /// When it was named, in milliseconds since 1970; a label.
    pub named_at: i64,
    /// Who signed it, by the signature's number.
    pub signature: Option<i64>,
}

/// The lost positions of an epoch, as ranges that do not overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses(BTreeMap<Seq, Loss>);

/// What of an epoch's ranges is to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LossChanges {
    /// Where ranges began that are no more.
    pub gone: Vec<Seq>,
    /// Ranges that are new, each with where it begins.
    pub new: Vec<(Seq, Loss)>,
}

impl Losses {
    /// The range that holds a seq, with where it begins.
    #[must_use]
    pub fn of(&self, seq: Seq) -> Option<(Seq, Loss)> {
        let (first, loss) = self.0.range(..=seq).next_back()?;
        (loss.last >= seq).then_some((*first, *loss))
    }

    /// Its seqs.
    #[must_use]
    pub fn seqs(&self) -> SeqSet {
        self.0.iter().map(|(first, loss)| *first..=loss.last).collect()
    }

    /// Puts a range in that begins at `first`; it overlaps none.
    pub fn insert(&mut self, first: Seq, loss: Loss) {
        self.0.insert(first, loss);
    }

    /// Names a range that overlaps none; it goes on where one of the same
    /// cause ends that nobody signed yet.
    fn name(&mut self, range: &RangeInclusive<Seq>, cause: LossCause, named_at: i64) {
        let (first, last) = (*range.start(), *range.end());
        let before = first.checked_sub(1).and_then(|before| self.of(before));
        let before = before.filter(|(_, loss)| loss.cause == cause && loss.signature.is_none());
        match before {
            Some((start, loss)) => self.insert(start, Loss { last, ..loss }),
            None => self.insert(first, Loss { last, cause, named_at, signature: None }),
        }
    }

    /// Takes a seq out; the range it was in.
    fn take(&mut self, seq: Seq) -> Option<Loss> {
        let (first, loss) = self.of(seq)?;
        self.0.remove(&first);
        if first < seq {
            self.insert(first, Loss { last: seq - 1, ..loss });
        }
        if seq < loss.last {
            self.insert(seq + 1, loss);
        }
        Some(loss)
    }

    /// What has to be written for these, where `before` is.
    #[must_use]
    pub fn since(&self, before: &Self) -> LossChanges {
        let changed = |of: &Self, other: &Self| -> Vec<(Seq, Loss)> {
            let differs = |(first, loss): &(&Seq, &Loss)| other.0.get(first) != Some(loss);
            of.0.iter().filter(differs).map(|(first, loss)| (*first, *loss)).collect()
        };
        let gone = changed(before, self).into_iter().map(|(first, _)| first).collect();
        LossChanges { gone, new: changed(self, before) }
    }
}

impl Deciding<'_> {
    /// The lost positions of an epoch as they are now.
    fn losses(&mut self, store: &StoreId, epoch: Epoch) -> &mut Losses {
        let key = (store.clone(), epoch);
        let held = || self.known.losses.get(&key).cloned().unwrap_or_default();
        self.plan.losses.entry(key.clone()).or_insert_with(held)
    }

    /// Takes a position out of what is lost; whether it was.
    pub(super) fn no_longer_lost(&mut self, store: &StoreId, epoch: Epoch, seq: Seq) -> bool {
        let key = (store.clone(), epoch);
        // Most epochs have lost nothing.
        let known = self.plan.losses.get(&key).or_else(|| self.known.losses.get(&key));
        if known.is_none_or(|losses| losses.of(seq).is_none()) {
            return false;
        }
        self.losses(store, epoch).take(seq);
        self.count(store, epoch, |counts| counts.lost -= 1);
        true
    }

    /// A box names what its disk does not give back. What is handled stays
    /// so; what the epoch's end named lost is now known to be so.
    pub(super) fn lost(&mut self, lost: &PositionsLost) {
        let PositionsLost { store, epoch, seqs, .. } = lost;
        self.epoch(store, *epoch);
        let last = seqs.last().unwrap_or(0);
        self.count(store, *epoch, |counts| counts.seen = counts.seen.max(last));
        for seq in seqs.iter() {
            let block = self.block((store.clone(), *epoch, BlockIndex::of(seq)));
            if !block.add(seq, 0, 0) {
                continue;
            }
            let named_at = self.known.named_at;
            let losses = self.losses(store, *epoch);
            match losses.take(seq) {
                // Its signature stands: it is the same loss.
                Some(loss) => losses.insert(seq, Loss { last: seq, cause: LossCause::Unreadable, ..loss }),
                None => {
                    losses.name(&(seq..=seq), LossCause::Unreadable, named_at);
                    self.count(store, *epoch, |counts| {
                        counts.handled += 1;
                        counts.lost += 1;
                    });
                }
            }
        }
    }

    /// An epoch ends: what has not come up to the tail is named lost.
    pub(super) fn close(&mut self, store: &StoreId, epoch: Epoch) {
        let told = self.known.epochs.get(&(store.clone(), epoch)).map_or(0, |state| state.tail);
        let seen = self.plan.counts.get(&(store.clone(), epoch)).map_or(0, |counts| counts.seen);
        let mut missing: SeqSet = std::iter::once(1..=told.max(seen)).collect();
        let first: BlockKey = (store.clone(), epoch, BlockIndex(0));
        let last: BlockKey = (store.clone(), epoch, BlockIndex(u64::MAX));
        for blocks in [&self.known.blocks, &self.plan.blocks] {
            for ((.., index), block) in blocks.range(first.clone()..=last.clone()) {
                missing.remove_all(&held(*index, block));
            }
        }
        let named_at = self.known.named_at;
        let losses = self.losses(store, epoch);
        missing.remove_all(&losses.seqs());
        for range in missing.ranges() {
            losses.name(&range, LossCause::Closed, named_at);
        }
        let (count, named) = (missing.count(), i64::try_from(missing.count()).unwrap_or(i64::MAX));
        self.count(store, epoch, |counts| {
            counts.handled = counts.handled.saturating_add(count);
            counts.lost = counts.lost.saturating_add(named);
        });
    }
}

/// The seqs below one that these blocks do not hold.
#[must_use]
pub fn missing_below(below: Seq, blocks: &Blocks) -> SeqSet {
    let mut missing: SeqSet = std::iter::once(1..=below.saturating_sub(1)).collect();
    blocks.iter().for_each(|(index, block)| missing.remove_all(&held(*index, block)));
    missing
}

/// The seqs of a block that are handled.
pub(super) fn held(index: BlockIndex, block: &Block) -> SeqSet {
    if block.bitmap.is_full() {
        return std::iter::once(index.first()..=index.last()).collect();
    }
    block.bitmap.seqs(index).collect()
}

#[cfg(test)]
mod tests;
