//! What the writer knows between two commits: read from disk at open and
//! after every failed write, never carried over one.

use std::collections::BTreeMap;

use tidemark_model::{BlockIndex, Epoch, EpochOrdinal, Generation, Odometer, Seq};

use crate::layout::catalogue::CatalogueHead;
use crate::layout::handled::{GraceMarks, HandledBlock, HandledHead};
use crate::layout::identity::{Identity, KeptIdentity};
use crate::layout::meta::{self, Number};
use crate::layout::opening::{self, OpeningHead};
use crate::layout::progress::{OwnBlock, Progress};
use crate::layout::salvage::{self, KeptAside, KeptEpoch};
use crate::layout::{Family, decode};
use crate::store::{ReadError, Scan, Store};

/// What the writer knows.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) identity: Identity,
    pub(crate) progress: Progress,
    /// The block of the tail, and its sums.
    pub(crate) block: (BlockIndex, OwnBlock),
    pub(crate) session: u64,
    pub(crate) catalogue: CatalogueHead,
    pub(crate) opening: Option<OpeningHead>,
    pub(crate) handled: Handled,
    pub(crate) trimmed_below: Seq,
    pub(crate) kept: Kept,
}

/// What of the present epoch is handled.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handled {
    pub(crate) generation: Generation,
    /// All up to here is handled and proven.
    pub(crate) through: Seq,
    /// The blocks above, as told.
    pub(crate) above: BTreeMap<BlockIndex, HandledBlock>,
    /// Which of its store's epochs the centre says this is.
    pub(crate) ordinal: Option<EpochOrdinal>,
    pub(crate) grace: GraceMarks,
    /// When the centre last spoke of this history of its ledger since the
    /// journal was opened; not kept.
    pub(crate) heard: Odometer,
}

impl State {
    /// Reads what the journal holds; none if it was never born.
    pub(crate) fn read(store: &Store) -> Result<Option<Result<Self, NewerFormat>>, ReadError> {
        let identity = match store.value::<KeptIdentity>(Family::Meta, &meta::IDENTITY)? {
            None => return Ok(None),
            Some(KeptIdentity::Newer { format }) => return Ok(Some(Err(NewerFormat(format)))),
            Some(KeptIdentity::Known(identity)) => identity,
        };
        let progress = store.value::<Progress>(Family::Meta, &meta::PROGRESS)?.unwrap_or(Progress::BORN);
        let block = read_own_block(store, identity.epoch, progress.tail)?;
        let session = store.value::<Number>(Family::Meta, &meta::SESSION)?.map_or(0, |number| number.0);
        let trimmed_below = read_trimmed_below(store)?;
        let handled = Handled::read(store, identity.epoch, trimmed_below)?;
        let catalogue = store.value(Family::Meta, &meta::CATALOGUE)?.unwrap_or_default();
        let opening = store.value(Family::Opening, &opening::HEAD)?;
        let kept = Kept::read(store)?;
        Ok(Some(Ok(Self { identity, progress, block, session, catalogue, opening, handled, trimmed_below, kept })))
    }
}

/// What is taken over from damaged journals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// The journals that were set aside, by number.
    pub(crate) asides: BTreeMap<u32, KeptAside>,
    /// The earlier epochs that are not settled.
    pub(crate) epochs: BTreeMap<Epoch, KeptEpoch>,
}

impl Kept {
    fn read(store: &Store) -> Result<Self, ReadError> {
        let mut kept = Self::default();
        store.scan_prefix(Family::Meta, &[meta::ASIDE], |key, value| {
            kept.asides.insert(salvage::read_aside_key(key)?, decode(value)?);
            Ok(Scan::On)
        })?;
        store.scan_prefix(Family::Meta, &[meta::EARLIER], |key, value| {
            kept.epochs.insert(salvage::read_epoch_key(key)?, decode(value)?);
            Ok(Scan::On)
        })?;
        Ok(kept)
    }

    /// Whether everything readable was taken over.
    pub(crate) fn is_done(&self) -> bool {
        self.asides.values().all(|aside| aside.done)
    }
}

/// The journal's format is one of a newer release.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewerFormat(pub(crate) u32);

/// The block of the tail (of the first seq to come, if there is none).
fn read_own_block(store: &Store, epoch: Epoch, tail: Seq) -> Result<(BlockIndex, OwnBlock), ReadError> {
    let block = BlockIndex::of(tail.max(1));
    Ok((block, own_block(store, epoch, block)?.unwrap_or_default()))
}

pub(crate) fn own_block(store: &Store, epoch: Epoch, block: BlockIndex) -> Result<Option<OwnBlock>, ReadError> {
    store.value(Family::Meta, &meta::block_key(meta::OWN_BLOCK, epoch, block))
}

pub(crate) fn read_trimmed_below(store: &Store) -> Result<Seq, ReadError> {
    Ok(store.value::<Number>(Family::Meta, &meta::TRIMMED_BELOW)?.map_or(1, |number| number.0))
}

impl Handled {
    pub(crate) fn read(store: &Store, epoch: Epoch, trimmed_below: Seq) -> Result<Self, ReadError> {
        let head = store.value::<HandledHead>(Family::Meta, &meta::HANDLED)?.unwrap_or_default();
        let through = head.through.max(trimmed_below.saturating_sub(1));
        let mut above = BTreeMap::new();
        let from = meta::block_key(meta::HANDLED_BLOCK, epoch, BlockIndex::of(through.saturating_add(1)));
        let below = meta::block_key(meta::HANDLED_BLOCK, epoch, BlockIndex(u64::MAX));
        store.scan(Family::Meta, &from, Some(&below), |key, value| {
            let (_, block) = meta::read_block_key(key)?;
            above.insert(block, decode(value)?);
            Ok(Scan::On)
        })?;
        let grace = store.value(Family::Meta, &meta::GRACE)?.unwrap_or_default();
        Ok(Self {
            generation: head.generation,
            through,
            above,
            grace,
            ordinal: head.ordinal,
            heard: Odometer::default(),
        })
    }

    /// How many positions are handled.
    pub(crate) fn count(&self) -> u64 {
        let through = self.through;
        let beyond = self.above.iter().map(|(block, above)| {
            if block.first() > through {
                return u64::from(above.told.bitmap.count());
            }
            above.told.bitmap.seqs(*block).filter(|seq| *seq > through).map(|_| 1).sum()
        });
        through.saturating_add(beyond.sum())
    }

    /// The lowest position that is not handled.
    pub(crate) fn first_open(&self) -> Seq {
        let mut open = self.through.saturating_add(1);
        while self.above.get(&BlockIndex::of(open)).is_some_and(|above| above.told.bitmap.has(open)) {
            open = open.saturating_add(1);
        }
        open
    }
}
