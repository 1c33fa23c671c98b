//! A model of the box's journal: what is on disk, and the batch that is being
//! written. What stands here after a crash is what was synced, and perhaps
//! the batch that was under way.

mod aside;
mod taking;

use std::collections::BTreeSet;
use std::fmt;

use bytes::Bytes;
use tidemark_model::books::DocumentRecord;
use tidemark_model::digest::{movement_digest, stock_digest};
use tidemark_model::movement::About;
use tidemark_model::opening::Opening;
use tidemark_model::{
    Block, BlockIndex, Books, Change, Document, DocumentKey, Draft, Epoch, Generation, Kind, MemoryBooks, Movement,
    Odometer, Position, Seq, SeqSet, Sku, Stamp, StoreId, WallTime, decide,
};
use tidemark_sync::message::{Blocks, OpenBlock, OpeningTaken, Record, Session};
use tidemark_sync::{Facts, ReceivedBlocks};
use tidemark_wire::encode_movement;

use crate::people::{Article, Asked, learn, learn_case};
use aside::Aside;
use taking::TakenOver;
pub(crate) use taking::ToldOpening;

/// How long the box keeps what is handled; a world lasts minutes, not weeks.
pub(crate) const GRACE_MS: u64 = 60_000;
/// The oldest backup of the database that is put back. A box that hears of it
/// late, over a line that is cut, must still hold what the backup lacks.
pub(crate) const BACKUP_MS: u64 = 12_000;
/// The oldest where what the box let go may be lost.
pub(crate) const OLD_BACKUP_MS: u64 = 3 * GRACE_MS;
/// Movements trimmed at once, at least.
const TRIM_STEP: u64 = 4;

/// A movement as the outbox keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) bytes: Bytes,
    pub(crate) digest: u64,
    pub(crate) stock: u64,
    pub(crate) movement: Movement,
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Movement { kind, sku, effect, on_hand_after, happened, committed, marks, document, .. } = &self.movement;
        let (item, after) = (sku.as_ref().map_or("-", Sku::as_str), on_hand_after.unwrap_or_default());
        let (of, number, count) = (&document.id, document.ordinal, document.count);
        let times = format!("happened {} committed {}", happened.0, committed.0);
        write!(f, "{kind:?} {item} effect {effect} → {after} · {of} {number}/{count} · {times} {marks:?}")
    }
}

/// What is on disk.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    pub(crate) store: StoreId,
    pub(crate) epoch: Epoch,
    pub(crate) books: MemoryBooks,
    /// What the shop was taught, and nothing else.
    catalogue: MemoryBooks,
    /// When the opening of this epoch was taken, and what it was.
    pub(crate) taken: Option<OpeningTaken>,
    pub(crate) given: Option<Opening>,
    /// Whether this epoch began because another life of the disk was found out.
    forked: bool,
    /// Every movement ever committed; those below `trimmed_below` are kept for
    /// the checks only.
    pub(crate) kept: Vec<Kept>,
    pub(crate) trimmed_below: Seq,
    pub(crate) session: Session,
    pub(crate) odometer: Odometer,
    generation: Generation,
    handled: Blocks,
    received: ReceivedBlocks,
    /// What can't be read any more.
    pub(crate) rotten: SeqSet,
    /// What is still to come up of a journal that was set aside.
    pub(crate) aside: Option<Box<Aside>>,
    /// By when all up to a seq was handled and proven.
    grace: Vec<(Odometer, Seq)>,
    /// The first seq of which nothing was let go since the centre may have
    /// lost it: blocks with others can't be compared.
    pub(crate) whole_from: Seq,
}

/// A document that waits for the writer.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) asked: Asked,
    pub(crate) document: Document,
    pub(crate) arrived: Odometer,
}

/// A document with the answer it will get.
#[derive(Clone, Debug)]
pub(crate) struct Decided {
    pub(crate) asked: Asked,
    pub(crate) first: Position,
    pub(crate) lines: u32,
}

/// A batch that is being written.
#[derive(Debug)]
pub(crate) struct Writing {
    pub(crate) decided: Vec<Decided>,
    changes: Vec<Change>,
    kept: Vec<Kept>,
    odometer: Odometer,
    /// The opening that is taken with it.
    opening: Option<Box<TakenOver>>,
}

impl Disk {
    /// A new journal of a shop that was taught this.
    pub(crate) fn blank(store: StoreId, epoch: Epoch, catalogue: MemoryBooks) -> Self {
        Self {
            store,
            epoch,
            books: catalogue.clone(),
            catalogue,
            taken: None,
            given: None,
            forked: false,
            kept: Vec::new(),
            trimmed_below: 1,
            session: Session(0),
            odometer: Odometer::BIRTH,
            generation: Generation(0),
            handled: Blocks::new(),
            received: ReceivedBlocks::new(),
            rotten: SeqSet::new(),
            aside: None,
            grace: Vec::new(),
            whole_from: 1,
        }
    }

    /// The last committed seq.
    pub(crate) fn tail(&self) -> Seq {
        u64::try_from(self.kept.len()).unwrap_or(u64::MAX)
    }

    /// A movement, trimmed or not.
    pub(crate) fn at(&self, seq: Seq) -> Option<&Kept> {
        usize::try_from(seq.checked_sub(1)?).ok().and_then(|at| self.kept.get(at))
    }

    pub(crate) fn facts(&self) -> Facts {
        Facts {
            epoch: self.epoch,
            session: self.session,
            tail: self.tail(),
            trimmed_below: self.trimmed_below,
            generation: self.generation,
            handled: self.handled.clone(),
            received: self.received.clone(),
            opening: self.taken,
            earlier: self.earlier_facts(),
        }
    }

    /// The shop is told what a code means.
    pub(crate) fn learn(&mut self, article: &Article) {
        learn(&mut self.books, article);
        learn(&mut self.catalogue, article);
    }

    /// The shop is told what a case holds.
    pub(crate) fn learn_case(&mut self, units: i64) {
        learn_case(&mut self.books, units);
        learn_case(&mut self.catalogue, units);
    }

    /// Decides what is queued, in view of each other.
    pub(crate) fn decide(
        &self,
        asked: impl Iterator<Item = Waiting>,
        (now, boot, least): (Odometer, Odometer, &mut Odometer),
    ) -> Writing {
        let mut draft = Draft::over(&self.books);
        let (mut decided, mut kept) = (Vec::new(), Vec::new());
        for Waiting { asked, document, arrived } in asked {
            // As the journal's writer gives readings: a mark stands alone on
            // its millisecond.
            let odometer = now.max(*least);
            let marks = matches!(document.body, tidemark_model::document::Body::Count(_));
            *least = if marks { Odometer(odometer.0 + 1) } else { odometer };
            let committed: u64 = self.tail() + u64::try_from(kept.len()).unwrap_or(0);
            let next = Position { epoch: self.epoch, seq: committed + 1 };
            let stamp = Stamp { next, odometer, arrived, boot, wall: document.wall };
            let Ok(outcome) = decide(&mut draft, &document, &stamp);
            for (movement, seq) in outcome.movements.into_iter().zip(outcome.first.seq..) {
                kept.push(self.encoded(movement, seq));
            }
            decided.push(Decided { asked, first: outcome.first, lines: outcome.lines });
        }
        let changes = draft.into_changes().collect();
        Writing { decided, changes, kept, odometer: now.max(*least), opening: None }
    }

    fn encoded(&self, movement: Movement, seq: Seq) -> Kept {
        let bytes = Bytes::from(encode_movement(&movement));
        let position = Position { epoch: self.epoch, seq };
        let digest = movement_digest(&self.store, position, &bytes);
        let stock = movement.sku.as_ref().map_or(0, |sku| stock_digest(sku, movement.effect));
        Kept { bytes, digest, stock, movement }
    }

    /// The batch is on disk; answers the movements that are new.
    pub(crate) fn commit(&mut self, writing: Writing) -> Vec<Decided> {
        if let Some(opening) = writing.opening {
            self.take_over(*opening);
        }
        self.books.commit(writing.changes);
        self.kept.extend(writing.kept);
        self.odometer = self.odometer.max(writing.odometer);
        writing.decided
    }

    /// Records the uplink asks for, and what of them can't be read.
    fn read(&self, seqs: &SeqSet, max_bytes: u64) -> (Vec<Record>, SeqSet) {
        let (mut records, mut unreadable, mut bytes) = (Vec::new(), SeqSet::new(), 0);
        for seq in seqs.iter().filter(|seq| *seq >= self.trimmed_below) {
            if self.rotten.has(seq) {
                unreadable.insert(seq..=seq);
                continue;
            }
            let Some(kept) = self.at(seq) else { continue };
            let record = Record { seq, digest: Some(kept.digest), bytes: kept.bytes.clone() };
            bytes += record.payload();
            if bytes > max_bytes && !records.is_empty() {
                break;
            }
            records.push(record);
        }
        (records, unreadable)
    }

    pub(crate) fn open_block(&self) -> Option<OpenBlock> {
        let index = BlockIndex::of(self.tail());
        let own = (index.first()..=self.tail()).filter_map(|seq| self.at(seq).map(|kept| (seq, kept)));
        let mut block = Block::default();
        for (seq, kept) in own {
            block.add(seq, kept.digest, kept.stock);
        }
        let count = block.bitmap.count();
        (count > 0).then_some(OpenBlock { index, count, digest: block.digest, stock: block.stock })
    }

    /// The centre says anew what is handled.
    pub(crate) fn welcome(&mut self, generation: Generation, blocks: &Blocks, now: Odometer) -> Option<BlockIndex> {
        self.generation = self.generation.max(generation);
        self.handled.clear();
        let through = self.trimmed_below.saturating_sub(1);
        let differs = self.take(blocks);
        let proven = self.proven_through(through);
        self.grace.retain(|(_, seq)| *seq <= proven);
        self.note(now);
        differs
    }

    /// The centre says of some blocks what is handled.
    pub(crate) fn handled(&mut self, blocks: &Blocks, now: Odometer) -> Option<BlockIndex> {
        let differs = self.take(blocks);
        self.note(now);
        differs
    }

    /// What the disk knows handled, for a mistake to build on.
    pub(crate) const fn known_handled(&self) -> &Blocks {
        &self.handled
    }

    fn take(&mut self, blocks: &Blocks) -> Option<BlockIndex> {
        for (index, told) in blocks.iter().filter(|(index, _)| index.last() >= self.trimmed_below) {
            let mut own = Block::default();
            // What can't be read can't be compared.
            let is_held = |seq| !self.rotten.has(seq) && seq >= self.whole_from;
            let is_readable = told.bitmap.seqs(*index).all(is_held);
            for seq in told.bitmap.seqs(*index) {
                let (digest, stock) = self.at(seq).map_or((0, 0), |kept| (kept.digest, kept.stock));
                own.add(seq, digest, stock);
            }
            if is_readable && own != *told {
                return Some(*index);
            }
            self.handled.insert(*index, *told);
        }
        None
    }

    fn proven_through(&self, from: Seq) -> Seq {
        let mut through = from;
        while through < self.tail() {
            let seq = through + 1;
            if !self.handled.get(&BlockIndex::of(seq)).is_some_and(|block| block.bitmap.has(seq)) {
                break;
            }
            through = seq;
        }
        through
    }

    fn note(&mut self, now: Odometer) {
        let last = self.grace.last().map_or(self.trimmed_below.saturating_sub(1), |(_, seq)| *seq);
        let through = self.proven_through(last);
        if through > last {
            self.grace.push((now, through));
        }
    }

    /// Forgets what has been handled for long enough; answers the new low mark
    /// if it moved.
    pub(crate) fn trim(&mut self, now: Odometer, grace_ms: u64) -> Option<Seq> {
        let over = self.grace.iter().rev().find(|(at, _)| at.0 + grace_ms <= now.0);
        let below = over.map(|(_, seq)| seq + 1)?;
        self.trim_below(below.max(self.trimmed_below), TRIM_STEP)
    }

    /// Forgets what is below, if it is worth it.
    pub(crate) fn trim_below(&mut self, below: Seq, step: u64) -> Option<Seq> {
        if below < self.trimmed_below + step {
            return None;
        }
        self.trimmed_below = below;
        self.handled = self.handled.split_off(&BlockIndex::of(below));
        self.received = self.received.split_off(&BlockIndex::of(below));
        self.grace.retain(|(_, seq)| *seq >= below);
        Some(below)
    }

    /// How far the stream has everything, for a mistake to build on.
    pub(crate) fn received_through(&self) -> Seq {
        let mut through = self.trimmed_below.saturating_sub(1);
        while through < self.tail() {
            let seq = through + 1;
            if !self.received.get(&BlockIndex::of(seq)).is_some_and(|block| block.bitmap.has(seq)) {
                break;
            }
            through = seq;
        }
        through
    }
}

/// What mistakes do to a disk.
impl Disk {
    /// Forgets document keys that are old by the wall clock.
    pub(crate) fn forget_documents_before(&mut self, wall: WallTime) {
        const OLD_MS: i64 = 14 * 86_400_000;
        let old = self.kept.iter().filter(|kept| kept.movement.wall.0.saturating_add(OLD_MS) < wall.0);
        let keys: BTreeSet<DocumentKey> = old.map(|kept| kept.movement.document.key()).collect();
        let forgotten = keys.into_iter().map(|key| Change::Document(key, DocumentRecord::default()));
        self.books.commit(forgotten);
    }

    /// Forgets voids that wait for their document.
    pub(crate) fn forget_waiting_voids(&mut self) {
        let voids = self.kept.iter().filter(|kept| kept.movement.kind == Kind::Void);
        let about: Vec<DocumentKey> = voids.filter_map(|kept| document_of(&kept.movement)).collect();
        for key in about {
            let Ok(record) = self.books.document(key);
            if let Some(record) = record.filter(|record| record.waiting_void.is_some()) {
                self.books.commit([Change::Document(key, DocumentRecord { waiting_void: None, ..record })]);
            }
        }
    }
}

fn document_of(void: &Movement) -> Option<DocumentKey> {
    match &void.about {
        Some(About::Document { source, id }) => Some(DocumentKey::of(source, id)),
        Some(About::Position(_) | About::Instruction(_) | About::Resolution(_)) | None => None,
    }
}
