//! Reads for the API, the page and the uplink's start.

use std::collections::BTreeSet;
use std::path::Path;

use tidemark_model::books::Stock;
use tidemark_model::{
    BlockIndex, DocumentId, DocumentKey, Epoch, Generation, Kind, Lookup, Odometer, Placed, Position, Seq, SeqSet, Sku,
    Source, StreamPlace, WallTime,
};
use tidemark_sync::message::{OpenBlock, OpeningTaken, Session};

use crate::layout::handled::ReceivedBlock;
use crate::layout::identity::Identity;
use crate::layout::tills::{self, KeptTill};
use crate::layout::{Family, decode, meta, stock};
use crate::limits::RECENT_MOVEMENTS;
use crate::records;
use crate::state::State;
use crate::store::{ReadError, Scan, Store};

/// An item with its stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemView {
    /// What it means: a SKU, a code of one, or nothing known.
    pub lookup: Lookup,
    /// Its stock, if anything ever touched it.
    pub stock: Option<Stock>,
}

/// One document for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentView {
    /// Who submitted it.
    pub source: Source,
    /// Its id.
    pub id: DocumentId,
    /// What its first movement is.
    pub kind: Kind,
    /// Its first position.
    pub first: Position,
    /// How many movements it has.
    pub lines: u32,
    /// How many of them are parked.
    pub parked: u32,
    /// When it was committed.
    pub committed: Odometer,
    /// Its wall time, a label.
    pub wall: WallTime,
}

/// What the uplink starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UplinkFacts {
    /// Store, box and epoch.
    pub identity: Identity,
    /// The last session that was spoken in.
    pub session: Session,
    /// The last committed seq.
    pub tail: Seq,
    /// The lowest seq still held.
    pub trimmed_below: Seq,
    /// The opening this epoch began with.
    pub opening: Option<OpeningTaken>,
    /// The history of the ledger heard last.
    pub generation: Generation,
    /// What it says is handled.
    pub handled: SeqSet,
    /// What the stream holds beyond that.
    pub received: Vec<ReceivedFact>,
}

/// Seqs that the stream holds, none later than the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedFact {
    /// The seqs.
    pub seqs: SeqSet,
    /// The highest place of them.
    pub place: StreamPlace,
}

/// A till that may submit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Till {
    /// Its source.
    pub name: Source,
    /// Hash of its token.
    pub token: [u8; 32],
    /// When it was added.
    pub added: Odometer,
}

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
    /// The block of the tail with its sums; none before the first commit.
    pub open_block: Option<OpenBlock>,
    /// How long the box has run.
    pub odometer: Odometer,
    /// When this boot began.
    pub boot: Odometer,
    /// Bytes of the journal on disk.
    pub disk_bytes: u64,
}

pub(crate) fn stock_of(store: &Store, sku: &Sku) -> Result<Option<Stock>, ReadError> {
    store.value(Family::Stock, stock::key(sku))
}

pub(crate) fn all_stock(store: &Store) -> Result<Vec<(Sku, Stock)>, ReadError> {
    let mut all = Vec::new();
    store.scan(Family::Stock, &[], None, |key, value| {
        all.push((stock::read_key(key)?, decode(value)?));
        Ok(Scan::On)
    })?;
    Ok(all)
}

pub(crate) fn recent_movements(store: &Store, state: &State, most: usize) -> Result<Vec<Placed>, ReadError> {
    let mut found = Vec::new();
    if most == 0 {
        return Ok(found);
    }
    let of = (&state.identity.store, state.identity.epoch);
    records::newest(store, of, state.progress.tail, |placed| {
        found.push(placed);
        if found.len() < most { Scan::On } else { Scan::Enough }
    })?;
    Ok(found)
}

pub(crate) fn recent_documents(store: &Store, state: &State, most: usize) -> Result<Vec<DocumentView>, ReadError> {
    let mut found: Vec<DocumentView> = Vec::new();
    let mut looked = 0;
    let mut current = None;
    let of = (&state.identity.store, state.identity.epoch);
    records::newest(store, of, state.progress.tail, |placed| {
        looked += 1;
        let (position, movement) = (placed.position, placed.movement);
        let ordinal = movement.document.ordinal;
        let identity = (movement.document.key(), movement.document.content, ordinal);
        let continues = current == Some((identity.0, identity.1, ordinal.saturating_add(1)));
        if !continues {
            if found.len() == most || looked > RECENT_MOVEMENTS {
                return Scan::Enough;
            }
            found.push(DocumentView {
                source: movement.document.source,
                id: movement.document.id,
                kind: movement.kind,
                first: position,
                lines: movement.document.count,
                parked: 0,
                committed: movement.committed,
                wall: movement.wall,
            });
        }
        current = Some(identity);
        if let Some(view) = found.last_mut() {
            view.first = position;
            view.kind = movement.kind;
            view.parked += u32::from(movement.parked.is_some());
        }
        Scan::On
    })?;
    Ok(found)
}

pub(crate) fn uplink_facts(store: &Store, state: State) -> Result<UplinkFacts, ReadError> {
    let handled = handled_set(&state);
    let mut received = received_of(store, state.identity.epoch, state.handled.through)?;
    received.iter_mut().for_each(|fact| fact.seqs.remove_all(&handled));
    received.retain(|fact| !fact.seqs.is_empty());
    Ok(UplinkFacts {
        session: Session(state.session),
        tail: state.progress.tail,
        trimmed_below: state.trimmed_below,
        opening: state.opening.map(|head| OpeningTaken { ordinal: head.ordinal, seq: head.seq }),
        generation: state.handled.generation,
        handled,
        received,
        identity: state.identity,
    })
}

fn handled_set(state: &State) -> SeqSet {
    let mut handled = SeqSet::new();
    handled.insert(1..=state.handled.through);
    for (block, above) in &state.handled.above {
        above.bitmap.seqs(*block).for_each(|seq| handled.insert(seq..=seq));
    }
    handled
}

fn received_of(store: &Store, epoch: Epoch, through: Seq) -> Result<Vec<ReceivedFact>, ReadError> {
    let key = |block| meta::block_key(meta::RECEIVED_BLOCK, epoch, block);
    let from = key(BlockIndex::of(through.saturating_add(1)));
    let mut received = Vec::new();
    store.scan(Family::Meta, &from, Some(&key(BlockIndex(u64::MAX))), |key, value| {
        let (_, block) = meta::read_block_key(key)?;
        let kept: ReceivedBlock = decode(value)?;
        received.push(ReceivedFact { seqs: kept.bitmap.seqs(block).collect(), place: kept.place });
        Ok(Scan::On)
    })?;
    Ok(received)
}

pub(crate) fn standing(
    store: &Store,
    state: &State,
    (odometer, boot): (Odometer, Odometer),
    dir: &Path,
) -> Result<Standing, ReadError> {
    let tail = state.progress.tail;
    let handled = state.handled.count().min(tail);
    let set = handled_set(state);
    let received = received_of(store, state.identity.epoch, state.handled.through)?;
    let beyond = received.iter().flat_map(|fact| fact.seqs.iter()).filter(|seq| !set.has(*seq));
    let received: BTreeSet<Seq> = beyond.collect();
    let (block, sums) = state.block;
    let open_block = OpenBlock { index: block, count: sums.count, digest: sums.digest, stock: sums.stock };
    Ok(Standing {
        tail,
        trimmed_below: state.trimmed_below,
        handled,
        pending: tail.saturating_sub(handled),
        received: u64::try_from(received.len()).unwrap_or(u64::MAX),
        oldest_pending_ms: oldest_pending_ms(store, state, odometer)?,
        open_block: (tail > 0).then_some(open_block),
        odometer,
        boot,
        disk_bytes: bytes_under(dir),
    })
}

fn oldest_pending_ms(store: &Store, state: &State, now: Odometer) -> Result<Option<u64>, ReadError> {
    let seq = state.handled.first_open();
    if seq > state.progress.tail {
        return Ok(None);
    }
    let movement = records::movement(store, Position { epoch: state.identity.epoch, seq })?;
    Ok(movement.map(|movement| now.0.saturating_sub(movement.committed.0)))
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

pub(crate) fn tills(store: &Store) -> Result<Vec<Till>, ReadError> {
    let mut all = Vec::new();
    store.scan_prefix(Family::Meta, &[meta::TILL], |key, value| {
        let kept: KeptTill = decode(value)?;
        all.push(Till { name: tills::read_key(key)?, token: kept.token, added: kept.added });
        Ok(Scan::On)
    })?;
    Ok(all)
}

/// Documents kept under an identity, without their lines.
pub(crate) fn holds_document(store: &Store, key: DocumentKey) -> Result<bool, ReadError> {
    Ok(store.get(Family::Documents, &crate::layout::documents::key(key))?.is_some())
}
