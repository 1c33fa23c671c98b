//! A model of the stream and of the ledger behind it.

use std::collections::{BTreeMap, BTreeSet};

use tidemark_model::digest::movement_digest;
use tidemark_model::{BlockIndex, Epoch, EpochOrdinal, Generation, Position, Seq, StoreId, StreamId};

use crate::message::{Blocks, Record, Session};

/// One life of a partition's log.
#[derive(Clone, Debug)]
pub struct ModelStream {
    pub(crate) id: StreamId,
    pub(crate) entries: Vec<Entry>,
}

/// One record of the log.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    EpochOpened(Epoch),
    Movement(Epoch, Record),
    Lost(Epoch, BTreeSet<Seq>),
}

impl ModelStream {
    /// A log at its birth.
    #[must_use]
    pub fn born(id: u64) -> Self {
        let mut uuid = [0; 16];
        uuid.iter_mut().zip(id.to_be_bytes()).for_each(|(to, from)| *to = from);
        Self { id: StreamId(uuid), entries: Vec::new() }
    }

    pub(crate) fn end(&self) -> u64 {
        u64::try_from(self.entries.len()).unwrap_or(u64::MAX)
    }
}

/// What the database holds of one store.
#[derive(Clone, Debug)]
pub struct ModelLedger {
    store: StoreId,
    /// Which history this is.
    pub generation: Generation,
    /// Where the applier is.
    pub(crate) stream: StreamId,
    pub(crate) next: u64,
    pub(crate) ordinals: BTreeMap<Epoch, EpochOrdinal>,
    pub(crate) sessions: BTreeMap<Epoch, Session>,
    pub(crate) blocks: BTreeMap<Epoch, Blocks>,
    /// At which step a block changed last.
    pub(crate) changed: BTreeMap<(Epoch, BlockIndex), u64>,
    pub(crate) step: u64,
    /// Every applied position with its digest.
    applied: BTreeMap<Position, u64>,
    /// See [`Self::strays`].
    strays: u64,
}

impl ModelLedger {
    pub(crate) fn new(store: StoreId, stream: StreamId) -> Self {
        Self {
            store,
            generation: Generation(1),
            stream,
            next: 0,
            ordinals: BTreeMap::new(),
            sessions: BTreeMap::new(),
            blocks: BTreeMap::new(),
            changed: BTreeMap::new(),
            step: 0,
            applied: BTreeMap::new(),
            strays: 0,
        }
    }

    /// The applied positions of an epoch, with their digests.
    #[must_use]
    pub fn applied(&self, epoch: Epoch) -> BTreeMap<Seq, u64> {
        self.applied
            .iter()
            .filter(|(position, _)| position.epoch == epoch)
            .map(|(position, digest)| (position.seq, *digest))
            .collect()
    }

    /// Whether a position is applied.
    #[must_use]
    pub fn has(&self, epoch: Epoch, seq: Seq) -> bool {
        self.applied.contains_key(&Position { epoch, seq })
    }

    /// Records of an epoch that this history of the ledger does not know: a
    /// ledger set back behind a wiped log meets them. They are passed over,
    /// and the box sends them again once its epoch is opened.
    #[must_use]
    pub const fn strays(&self) -> u64 {
        self.strays
    }

    /// The ordinal of an epoch, if it has one.
    #[must_use]
    pub fn ordinal(&self, epoch: Epoch) -> Option<EpochOrdinal> {
        self.ordinals.get(&epoch).copied()
    }

    /// What is held of an epoch, if it is known.
    pub(crate) fn held_of(&self, epoch: Epoch) -> Option<(Epoch, Blocks)> {
        self.ordinals.contains_key(&epoch).then(|| (epoch, self.blocks.get(&epoch).cloned().unwrap_or_default()))
    }

    /// Positions named as lost.
    #[must_use]
    pub fn lost(&self, epoch: Epoch) -> BTreeSet<Seq> {
        let handled = self.blocks.get(&epoch).into_iter().flatten();
        let handled = handled.flat_map(|(index, block)| block.bitmap.seqs(*index));
        handled.filter(|seq| !self.has(epoch, *seq)).collect()
    }

    /// Applies up to `count` entries of the log.
    pub(crate) fn apply(&mut self, stream: &ModelStream, count: u64) {
        if self.stream != stream.id {
            self.stream = stream.id;
            self.next = 0;
        }
        let first = usize::try_from(self.next).unwrap_or(usize::MAX);
        let take = usize::try_from(count).unwrap_or(usize::MAX);
        for entry in stream.entries.iter().skip(first).take(take) {
            self.next += 1;
            self.step += 1;
            match entry {
                Entry::EpochOpened(epoch) => self.open(*epoch),
                Entry::Movement(epoch, record) => self.apply_movement(*epoch, record),
                Entry::Lost(epoch, seqs) => seqs.iter().for_each(|seq| {
                    self.handle(*epoch, *seq, 0);
                }),
            }
        }
    }

    fn open(&mut self, epoch: Epoch) {
        let next = EpochOrdinal(u32::try_from(self.ordinals.len()).unwrap_or(u32::MAX).saturating_add(1));
        self.ordinals.entry(epoch).or_insert(next);
    }

    fn apply_movement(&mut self, epoch: Epoch, record: &Record) {
        if !self.ordinals.contains_key(&epoch) {
            self.strays += 1;
            return;
        }
        let position = Position { epoch, seq: record.seq };
        let digest = movement_digest(&self.store, position, &record.bytes);
        // The only place that drops doubles.
        if self.handle(epoch, record.seq, digest) {
            self.applied.insert(position, digest);
        }
    }

    fn handle(&mut self, epoch: Epoch, seq: Seq, digest: u64) -> bool {
        let index = BlockIndex::of(seq);
        let fresh = self.blocks.entry(epoch).or_default().entry(index).or_default().add(seq, digest, 0);
        if fresh {
            self.changed.insert((epoch, index), self.step);
        }
        fresh
    }
}
