//! What damaged journals held, on its way into this one.

use std::collections::BTreeMap;

use tidemark_model::{BlockIndex, Epoch, Position, Seq, SeqSet};

use super::Owner;
use crate::aside;
use crate::counters::add;
use crate::layout::salvage::{KeptAside, KeptEpoch, aside_key, epoch_key};
use crate::layout::{Family, meta, outbox};
use crate::salvage::Salvage;
use crate::store::{Batch, Durability, ReadError};
use crate::submit::NotSaved;

/// What the salvage has for the journal.
#[derive(Debug)]
pub(crate) enum SalvageStep {
    /// What is known to have been committed, and the sums of its blocks.
    Known { epochs: BTreeMap<Epoch, KeptEpoch>, sums: Vec<(Vec<u8>, Vec<u8>)> },
    /// Movements as they stood in the outbox.
    Records { records: Vec<(Position, Vec<u8>)>, percent: u8 },
    /// A journal set aside was gone through.
    Done { number: u32 },
    /// All were gone through: what was found nowhere.
    Missing(BTreeMap<Epoch, SeqSet>),
}

impl Owner {
    pub(super) fn salvage(&mut self, step: SalvageStep) -> Result<(), NotSaved> {
        match step {
            SalvageStep::Known { epochs, sums } => self.know_earlier(&epochs, &sums),
            SalvageStep::Records { records, percent } => self.take_over(&records, percent),
            SalvageStep::Done { number } => self.note_done(number),
            SalvageStep::Missing(missing) => {
                self.tellers.salvage.send_modify(|told| {
                    for (epoch, missing) in missing {
                        told.epochs.entry(epoch).and_modify(|known| known.missing = missing);
                    }
                });
                Ok(())
            }
        }
    }

    fn know_earlier(
        &mut self,
        epochs: &BTreeMap<Epoch, KeptEpoch>,
        sums: &[(Vec<u8>, Vec<u8>)],
    ) -> Result<(), NotSaved> {
        let next = self.with_earlier(epochs);
        self.change(Durability::Synced, |_, batch| {
            sums.iter().try_for_each(|(key, value)| batch.put(Family::Meta, key, value))?;
            next.iter().try_for_each(|(epoch, kept)| batch.put_value(Family::Meta, &epoch_key(*epoch), kept))
        })?;
        self.keep_earlier(next);
        Ok(())
    }

    /// Not synced: what is forgotten is found again.
    fn take_over(&mut self, records: &[(Position, Vec<u8>)], percent: u8) -> Result<(), NotSaved> {
        let mut found: BTreeMap<Epoch, KeptEpoch> = BTreeMap::new();
        for (Position { epoch, seq }, _) in records {
            let first = self.state.kept.epochs.get(epoch).map_or(1, |known| known.first);
            let kept = KeptEpoch { first, tail: *seq };
            found.entry(*epoch).and_modify(|known| *known = known.with(kept)).or_insert(kept);
        }
        let next = self.with_earlier(&found);
        self.change(Durability::Later, |_, batch| {
            for (position, value) in records {
                batch.put(Family::Outbox, &outbox::key(*position), value)?;
            }
            next.iter().try_for_each(|(epoch, kept)| batch.put_value(Family::Meta, &epoch_key(*epoch), kept))
        })?;
        self.keep_earlier(next);
        add(&self.shared.counters.salvaged, records.len());
        self.tellers.salvage.send_modify(|told| told.percent = percent);
        Ok(())
    }

    /// The earlier epochs that change by what is known of them now.
    fn with_earlier(&self, more: &BTreeMap<Epoch, KeptEpoch>) -> BTreeMap<Epoch, KeptEpoch> {
        let known = &self.state.kept.epochs;
        let merged = more.iter().map(|(epoch, kept)| (*epoch, known.get(epoch).map_or(*kept, |old| old.with(*kept))));
        merged.filter(|(epoch, kept)| known.get(epoch) != Some(kept)).collect()
    }

    fn keep_earlier(&mut self, next: BTreeMap<Epoch, KeptEpoch>) {
        if !next.is_empty() {
            self.state.kept.epochs.extend(next);
            self.tell_salvage();
        }
    }

    fn note_done(&mut self, number: u32) -> Result<(), NotSaved> {
        let Some(aside) = self.state.kept.asides.get(&number) else { return Ok(()) };
        let done = KeptAside { done: true, ..aside.clone() };
        self.change(Durability::Synced, |_, batch| batch.put_value(Family::Meta, &aside_key(number), &done))?;
        self.state.kept.asides.insert(number, done);
        self.tell_salvage();
        self.let_asides_go()
    }

    /// The last few journals set aside are kept, whatever was taken over.
    fn let_asides_go(&mut self) -> Result<(), NotSaved> {
        let asides = &self.state.kept.asides;
        let gone = aside::prune(&self.config, |number| asides.get(&number).is_none_or(|aside| aside.done));
        let gone: Vec<u32> = gone.into_iter().filter(|number| asides.contains_key(number)).collect();
        if gone.is_empty() {
            return Ok(());
        }
        self.change(Durability::Later, |_, batch| {
            gone.iter().try_for_each(|number| batch.delete(Family::Meta, &aside_key(*number)))
        })?;
        gone.iter().for_each(|number| drop(self.state.kept.asides.remove(number)));
        self.tell_salvage();
        Ok(())
    }

    /// Lets an earlier epoch go of which all is handled; false if it may still
    /// grow, or has grown.
    pub(super) fn settle_earlier(&mut self, epoch: Epoch, through: Seq) -> Result<bool, NotSaved> {
        let Some(kept) = self.state.kept.epochs.get(&epoch).copied() else { return Ok(true) };
        if !self.state.kept.is_done() || kept.tail > through {
            return Ok(false);
        }
        self.forget_epoch(epoch, |batch| batch.delete(Family::Meta, &epoch_key(epoch)))?;
        self.state.kept.epochs.remove(&epoch);
        self.tell_salvage();
        Ok(true)
    }

    /// Deletes all that is held of an epoch; with it goes, or changes, the key
    /// that tells of it.
    pub(super) fn forget_epoch(
        &mut self,
        epoch: Epoch,
        tell: impl FnOnce(&mut Batch<'_>) -> Result<(), ReadError>,
    ) -> Result<(), NotSaved> {
        let key = |seq| outbox::key(Position { epoch, seq });
        let blocks = [BlockIndex(0), BlockIndex(u64::MAX)];
        self.change(Durability::Synced, |_, batch| {
            batch.delete_range(Family::Outbox, &key(0), &key(Seq::MAX))?;
            for kind in [meta::OWN_BLOCK, meta::HANDLED_BLOCK, meta::RECEIVED_BLOCK] {
                let [from, below] = blocks.map(|block| meta::block_key(kind, epoch, block));
                batch.delete_range(Family::Meta, &from, &below)?;
            }
            tell(batch)
        })
    }

    /// What was found missing stays told.
    fn tell_salvage(&self) {
        let mut next = Salvage::of(&self.state.kept);
        self.tellers.salvage.send_modify(|told| {
            for (epoch, known) in &mut next.epochs {
                known.missing = told.epochs.get(epoch).map(|told| told.missing.clone()).unwrap_or_default();
            }
            next.percent = if next.done { 100 } else { told.percent };
            *told = next;
        });
    }
}
