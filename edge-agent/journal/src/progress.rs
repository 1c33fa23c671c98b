//! How far everything is: committed, received, handled, trimmed; for the
//! uplink's start, its heartbeats and the status.

use std::path::Path;

use tidemark_model::{Bitmap, Block, BlockIndex, Epoch, Odometer, Position, Seq};
use tidemark_sync::message::{Blocks, EarlierEpoch, OpenBlock, OpeningTaken, Session};
use tidemark_sync::{EarlierFacts, Facts, ReceivedBlocks};

use crate::layout::salvage::KeptEpoch;
use crate::layout::{Family, decode, meta};
use crate::records;
use crate::state::{Handled, State, own_block};
use crate::store::{ReadError, Scan, Store};

/// How the journal stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The last committed seq.
    pub tail: Seq,
    /// The lowest seq still held.
    pub trimmed_below: Seq,
    /// Positions handled.
    pub handled: u64,
    /// Positions on their way.
    pub pending: u64,
    /// Of those, how many the stream holds already.
    pub received: u64,
    /// The age by the odometer of the oldest on its way.
    pub oldest_pending_ms: Option<u64>,
    /// How long the box has run.
    pub odometer: Odometer,
    /// When this boot began.
    pub boot: Odometer,
    /// Bytes of the journal on disk.
    pub disk_bytes: u64,
}

pub(crate) fn uplink_facts(store: &Store, state: State) -> Result<Facts, ReadError> {
    let epoch = state.identity.epoch;
    Ok(Facts {
        epoch,
        session: Session(state.session),
        tail: state.progress.tail,
        trimmed_below: state.trimmed_below,
        generation: state.handled.generation,
        handled: handled_blocks(store, &state)?,
        received: received_blocks(store, epoch, state.handled.through)?,
        opening: state.opening.map(|head| OpeningTaken { ordinal: head.ordinal, seq: head.seq }),
        earlier: earlier(store, &state)?,
    })
}

/// The earlier epochs that are taken over from damaged journals.
fn earlier(store: &Store, state: &State) -> Result<Vec<EarlierFacts>, ReadError> {
    let ready = state.kept.is_done();
    let facts = |(epoch, kept): (&Epoch, &KeptEpoch)| {
        let of = EarlierEpoch { epoch: *epoch, first: kept.first, tail: kept.tail };
        let received = received_blocks(store, *epoch, kept.first.saturating_sub(1))?;
        Ok(EarlierFacts { of, ready, received })
    };
    state.kept.epochs.iter().map(facts).collect()
}

/// What is handled of the blocks that are not trimmed. Of those that are
/// wholly handled and proven, the box's own sums are the centre's.
fn handled_blocks(store: &Store, state: &State) -> Result<Blocks, ReadError> {
    let mut blocks = Blocks::new();
    let (first, through) = (BlockIndex::of(state.trimmed_below), BlockIndex::of(state.handled.through + 1));
    for index in (first.0..through.0).map(BlockIndex) {
        let own = own_block(store, state.identity.epoch, index)?.unwrap_or_default();
        blocks.insert(index, Block { bitmap: Bitmap::FULL, digest: own.digest, stock: own.stock });
    }
    blocks.extend(state.handled.above.iter().map(|(index, kept)| (*index, kept.told)));
    Ok(blocks)
}

fn received_blocks(store: &Store, epoch: Epoch, through: Seq) -> Result<ReceivedBlocks, ReadError> {
    let key = |block| meta::block_key(meta::RECEIVED_BLOCK, epoch, block);
    let from = key(BlockIndex::of(through.saturating_add(1)));
    let mut received = ReceivedBlocks::new();
    store.scan(Family::Meta, &from, Some(&key(BlockIndex(u64::MAX))), |key, value| {
        let (_, block) = meta::read_block_key(key)?;
        received.insert(block, decode(value)?);
        Ok(Scan::On)
    })?;
    Ok(received)
}

pub(crate) fn open_block(store: &Store, epoch: Epoch, tail: Seq) -> Result<Option<OpenBlock>, ReadError> {
    let index = BlockIndex::of(tail.max(1));
    let own = own_block(store, epoch, index)?;
    Ok(own.map(|own| OpenBlock { index, count: own.count, digest: own.digest, stock: own.stock }))
}

pub(crate) fn age_ms(store: &Store, position: Position, now: Odometer) -> Result<Option<u64>, ReadError> {
    let movement = records::movement(store, position)?;
    Ok(movement.map(|movement| now.0.saturating_sub(movement.committed.0)))
}

pub(crate) fn standing(
    store: &Store,
    state: &State,
    (odometer, boot): (Odometer, Odometer),
    dir: &Path,
) -> Result<Standing, ReadError> {
    let (epoch, tail) = (state.identity.epoch, state.progress.tail);
    let handled = state.handled.count().min(tail);
    let received = received_blocks(store, epoch, state.handled.through)?;
    let oldest = Some(state.handled.first_open()).filter(|seq| *seq <= tail);
    let oldest_pending_ms = oldest.map(|seq| age_ms(store, Position { epoch, seq }, odometer)).transpose()?.flatten();
    Ok(Standing {
        tail,
        trimmed_below: state.trimmed_below,
        handled,
        pending: tail.saturating_sub(handled),
        received: received_beyond(&received, &state.handled),
        oldest_pending_ms,
        odometer,
        boot,
        disk_bytes: bytes_under(dir),
    })
}

/// How many seqs are received and not handled.
fn received_beyond(received: &ReceivedBlocks, handled: &Handled) -> u64 {
    let seqs = received.iter().flat_map(|(index, block)| block.bitmap.seqs(*index));
    let is_handled = |seq: Seq| {
        let kept = handled.above.get(&BlockIndex::of(seq));
        seq <= handled.through || kept.is_some_and(|kept| kept.told.bitmap.has(seq))
    };
    u64::try_from(seqs.filter(|seq| !is_handled(*seq)).count()).unwrap_or(u64::MAX)
}

/// Bytes of the files in a folder and the folders in it.
fn bytes_under(dir: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes_under(&entry.path()),
        Ok(metadata) => metadata.len(),
        // Gone while we looked.
        Err(_) => 0,
    });
    sizes.sum()
}
