//! A model of a box: its journal, and the shell around its uplink.

use std::collections::BTreeMap;

use bytes::Bytes;
use tidemark_model::digest::movement_digest;
use tidemark_model::{Block, BlockIndex, BoxId, Epoch, Generation, Odometer, Position, Seq, SeqSet, StoreId};

use crate::message::{Blocks, EarlierEpoch, Record, Session};
use crate::time::Millis;
use crate::{BoxFacts, EarlierFacts, Facts, ReceivedBlocks, Uplink, UplinkConfig, UplinkInput};

/// What was taken over from a damaged journal.
#[derive(Debug)]
pub struct ModelEarlier {
    records: Vec<(Bytes, u64)>,
    lost: SeqSet,
    /// Whether all that can be found was found.
    pub ready: bool,
    pub(crate) received: ReceivedBlocks,
}

impl ModelEarlier {
    pub(crate) fn tail(&self) -> Seq {
        u64::try_from(self.records.len()).unwrap_or(u64::MAX)
    }
}

/// A box. What a commit returned is on disk; what is remembered of received
/// positions may be lost in a crash.
#[derive(Debug)]
pub struct ModelBox {
    pub(crate) config: UplinkConfig,
    /// The life of its journal.
    pub epoch: Epoch,
    /// The last session on disk.
    pub session: Session,
    records: Vec<(Bytes, u64)>,
    pub(crate) trimmed_below: Seq,
    pub(crate) handled: Blocks,
    pub(crate) generation: Generation,
    pub(crate) received: ReceivedBlocks,
    /// Seqs that the disk does not give back any more.
    pub unreadable: SeqSet,
    /// What was taken over from damaged journals, by epoch.
    pub earlier: BTreeMap<Epoch, ModelEarlier>,
    /// The uplink; none while the agent does not run.
    pub uplink: Option<Uplink>,
}

impl ModelBox {
    pub(crate) fn new(store: StoreId, epoch: Epoch, seed: u64) -> Self {
        let agent_version = "0.1.0".to_owned();
        Self {
            config: UplinkConfig { store, box_id: BoxId([7; 16]), agent_version, metered: false, seed },
            epoch,
            session: Session(0),
            records: Vec::new(),
            trimmed_below: 1,
            handled: Blocks::new(),
            generation: Generation(0),
            received: ReceivedBlocks::new(),
            unreadable: SeqSet::new(),
            earlier: BTreeMap::new(),
            uplink: None,
        }
    }

    /// The last committed seq.
    #[must_use]
    pub fn tail(&self) -> Seq {
        u64::try_from(self.records.len()).unwrap_or(u64::MAX)
    }

    /// The lowest seq still held.
    #[must_use]
    pub const fn trimmed_below(&self) -> Seq {
        self.trimmed_below
    }

    /// The digest of a committed position.
    #[must_use]
    pub fn digest(&self, seq: Seq) -> Option<u64> {
        self.record(seq).map(|(_, digest)| *digest)
    }

    fn record(&self, seq: Seq) -> Option<&(Bytes, u64)> {
        usize::try_from(seq.checked_sub(1)?).ok().and_then(|at| self.records.get(at))
    }

    pub(crate) fn start(&mut self, now: Millis) {
        let facts = Facts {
            epoch: self.epoch,
            session: self.session,
            tail: self.tail(),
            trimmed_below: self.trimmed_below,
            generation: self.generation,
            handled: self.handled.clone(),
            received: self.received.clone(),
            opening: None,
            earlier: self.earlier_facts(),
        };
        self.uplink = Some(Uplink::new(self.config.clone(), facts, now));
    }

    /// The journal is set aside, and the box goes on in a new one. Of the old
    /// one everything but `lost` is found.
    pub(crate) fn set_aside(&mut self, epoch: Epoch, lost: SeqSet, ready: bool) {
        let records = std::mem::take(&mut self.records);
        self.earlier.insert(self.epoch, ModelEarlier { records, lost, ready, received: ReceivedBlocks::new() });
        self.epoch = epoch;
        (self.session, self.trimmed_below) = (Session(0), 1);
        self.handled.clear();
        self.received.clear();
        self.unreadable = SeqSet::new();
    }

    pub(crate) fn earlier_facts(&self) -> Vec<EarlierFacts> {
        let facts = |(epoch, earlier): (&Epoch, &ModelEarlier)| {
            let of = EarlierEpoch { epoch: *epoch, first: 1, tail: earlier.tail() };
            EarlierFacts { of, ready: earlier.ready, received: earlier.received.clone() }
        };
        self.earlier.iter().map(facts).collect()
    }

    /// Commits `count` movements of `size` bytes each.
    pub(crate) fn commit(&mut self, count: u64, size: usize, now: Millis) {
        for _ in 0..count {
            let seq = self.tail() + 1;
            let mut bytes = vec![0; size.max(8)];
            bytes.iter_mut().zip(seq.to_be_bytes()).for_each(|(to, from)| *to = from);
            let position = Position { epoch: self.epoch, seq };
            let digest = movement_digest(&self.config.store, position, &bytes);
            self.records.push((Bytes::from(bytes), digest));
        }
        let tail = self.tail();
        self.tell(UplinkInput::Committed { tail }, now);
    }

    pub(crate) fn tell(&mut self, input: UplinkInput, now: Millis) {
        if let Some(uplink) = &mut self.uplink {
            uplink.handle_input(input, now);
        }
    }

    pub(crate) fn read(&self, epoch: Epoch, seqs: &SeqSet, max_bytes: u64) -> (Vec<Record>, SeqSet) {
        let (mut records, mut unreadable, mut bytes) = (Vec::new(), SeqSet::new(), 0);
        let (held, gone) = match self.earlier.get(&epoch) {
            Some(earlier) => (&earlier.records, &earlier.lost),
            None => (&self.records, &self.unreadable),
        };
        for seq in seqs.iter() {
            if gone.has(seq) {
                unreadable.insert(seq..=seq);
                continue;
            }
            let at = seq.checked_sub(1).and_then(|at| usize::try_from(at).ok());
            let Some((payload, digest)) = at.and_then(|at| held.get(at)) else { continue };
            let record = Record { seq, digest: Some(*digest), bytes: payload.clone() };
            bytes += record.payload();
            if bytes > max_bytes && !records.is_empty() {
                break;
            }
            records.push(record);
        }
        (records, unreadable)
    }

    /// The journal takes the centre's word; answers a block whose sums differ
    /// from its own.
    pub(crate) fn take_handled(&mut self, blocks: &Blocks) -> Option<BlockIndex> {
        for (index, block) in blocks {
            if index.first() >= self.trimmed_below && !self.agrees(*index, block) {
                return Some(*index);
            }
            self.handled.insert(*index, *block);
        }
        None
    }

    fn agrees(&self, index: BlockIndex, told: &Block) -> bool {
        let mut own = Block::default();
        for seq in told.bitmap.seqs(index) {
            let digest = if self.unreadable.has(seq) { 0 } else { self.digest(seq).unwrap_or(0) };
            own.add(seq, digest, 0);
        }
        own.digest == told.digest
    }

    /// Whole handled blocks are forgotten, but for `keep` movements before the
    /// tail.
    pub(crate) fn trim(&mut self, keep: u64, now: Millis) {
        if !self.uplink.as_ref().is_some_and(Uplink::may_trim) {
            return;
        }
        let mut below = self.trimmed_below;
        while let Some(block) = self.handled.get(&BlockIndex::of(below)) {
            let last = BlockIndex::of(below).last();
            if !block.bitmap.is_full() || last + keep > self.tail() {
                break;
            }
            below = last + 1;
        }
        if below > self.trimmed_below {
            self.trimmed_below = below;
            self.handled = self.handled.split_off(&BlockIndex::of(below));
            self.received = self.received.split_off(&BlockIndex::of(below));
            self.tell(UplinkInput::Trimmed { below }, now);
        }
    }

    pub(crate) fn facts(&self, now: Millis) -> BoxFacts {
        BoxFacts { odometer: Odometer(now.0), ..BoxFacts::default() }
    }
}
