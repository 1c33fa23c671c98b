//! A damaged journal that was set aside: what can be read of it comes up under
//! its own epoch, after the new journal's own.

use bytes::Bytes;
use tidemark_model::{Epoch, Seq, SeqSet};
use tidemark_sync::message::{EarlierEpoch, Record};
use tidemark_sync::{EarlierFacts, ReceivedBlocks};

use super::Disk;

/// What was taken over of one.
#[derive(Clone, Debug)]
pub(crate) struct Aside {
    pub(crate) epoch: Epoch,
    /// From this seq on.
    first: Seq,
    records: Vec<(Bytes, u64)>,
    /// What can't be read any more.
    rotten: SeqSet,
    received: ReceivedBlocks,
    /// Whether all that can be read was taken over.
    pub(crate) ready: bool,
}

impl Aside {
    fn at(&self, seq: Seq) -> Option<&(Bytes, u64)> {
        usize::try_from(seq.checked_sub(self.first)?).ok().and_then(|at| self.records.get(at))
    }

    fn facts(&self) -> EarlierFacts {
        let held = u64::try_from(self.records.len()).unwrap_or(u64::MAX);
        let of = EarlierEpoch { epoch: self.epoch, first: self.first, tail: self.first + held - 1 };
        EarlierFacts { of, ready: self.ready, received: self.received.clone() }
    }

    fn read(&self, seqs: &SeqSet, max_bytes: u64) -> (Vec<Record>, SeqSet) {
        let (mut records, mut unreadable, mut bytes) = (Vec::new(), SeqSet::new(), 0);
        for seq in seqs.iter() {
            match self.at(seq).filter(|_| !self.rotten.has(seq)) {
                Some((of, digest)) => {
                    let record = Record { seq, digest: Some(*digest), bytes: of.clone() };
                    bytes += record.payload();
                    if bytes > max_bytes && !records.is_empty() {
                        break;
                    }
                    records.push(record);
                }
                None => unreadable.insert(seq..=seq),
            }
        }
        (records, unreadable)
    }
}

impl Disk {
    /// The journal in whose place this one is set aside, in a new epoch.
    pub(crate) fn set_aside(&self, epoch: Epoch) -> Self {
        let first = self.trimmed_below;
        let held = (first..=self.tail()).filter_map(|seq| self.at(seq));
        let records: Vec<_> = held.map(|kept| (kept.bytes.clone(), kept.digest)).collect();
        let (rotten, received) = (self.rotten.clone(), self.received.clone());
        let aside = Aside { epoch: self.epoch, first, records, rotten, received, ready: false };
        let aside = Some(Box::new(aside)).filter(|aside| !aside.records.is_empty());
        let (session, generation) = (self.session, self.generation);
        Self { session, generation, aside, ..self.successor(epoch) }
    }

    pub(crate) fn earlier_facts(&self) -> Vec<EarlierFacts> {
        self.aside.iter().map(|aside| aside.facts()).collect()
    }

    /// Records of an epoch that the uplink asks for, and what of them can't be
    /// read.
    pub(crate) fn read_of(&self, epoch: Epoch, seqs: &SeqSet, max_bytes: u64) -> (Vec<Record>, SeqSet) {
        match &self.aside {
            Some(aside) if aside.epoch == epoch => aside.read(seqs, max_bytes),
            Some(_) | None => self.read(seqs, max_bytes),
        }
    }

    /// What the stream has of an epoch.
    pub(crate) fn remember(&mut self, epoch: Epoch, blocks: ReceivedBlocks) {
        match &mut self.aside {
            Some(aside) if aside.epoch == epoch => aside.received.extend(blocks),
            Some(_) | None => self.received.extend(blocks),
        }
    }

    /// All that can be read was taken over.
    pub(crate) fn end_salvage(&mut self) {
        if let Some(aside) = &mut self.aside {
            aside.ready = true;
        }
    }

    /// The centre has handled all of an earlier epoch.
    pub(crate) fn let_go_of(&mut self, epoch: Epoch) {
        self.aside.take_if(|aside| aside.epoch == epoch);
    }
}
