//! The journal of a simulated shop: the real rules and the real bytes, in
//! memory.

use std::convert::Infallible;

use bytes::Bytes;
use tidemark_model::digest::{movement_digest, stock_digest};
use tidemark_model::{
    Block, BlockIndex, Document, Draft, Epoch, MemoryBooks, Odometer, Outcome, Position, Seq, SeqSet, Stamp, Status,
    StoreId, WallTime, decide,
};
use tidemark_sync::message::{Blocks, Record};
use tidemark_wire::encode_movement;

/// What a simulated shop has committed. Never trimmed: the demo is short.
#[derive(Debug)]
pub struct ShopJournal {
    store: StoreId,
    epoch: Epoch,
    books: MemoryBooks,
    records: Vec<Kept>,
    blocks: Vec<Block>,
}

/// One committed movement.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its bytes.
    pub bytes: Bytes,
    /// Its movement digest.
    pub digest: u64,
    /// Its stock digest.
    pub stock: u64,
    /// When it was committed.
    pub committed: Odometer,
}

impl ShopJournal {
    /// A journal at its birth.
    #[must_use]
    pub fn new(store: StoreId, epoch: Epoch) -> Self {
        Self { store, epoch, books: MemoryBooks::new(), records: Vec::new(), blocks: Vec::new() }
    }

    /// The shop.
    #[must_use]
    pub const fn store(&self) -> &StoreId {
        &self.store
    }

    /// The journal's life.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The last committed seq.
    #[must_use]
    pub fn tail(&self) -> Seq {
        u64::try_from(self.records.len()).unwrap_or(u64::MAX)
    }

    /// The shop's books, to teach it items.
    pub const fn books_mut(&mut self) -> &mut MemoryBooks {
        &mut self.books
    }

    /// The shop's books.
    #[must_use]
    pub const fn books(&self) -> &MemoryBooks {
        &self.books
    }

    /// Takes a document as a box does.
    pub fn submit(&mut self, document: &Document, odometer: Odometer) -> Outcome {
        let next = Position { epoch: self.epoch, seq: self.tail() + 1 };
        let stamp = Stamp { next, odometer, arrived: odometer, boot: Odometer(0), wall: WallTime(0) };
        let mut draft = Draft::over(&self.books);
        let decided: Result<Outcome, Infallible> = decide(&mut draft, document, &stamp);
        let Ok(outcome) = decided;
        if outcome.status == Status::Accepted {
            let changes: Vec<_> = draft.into_changes().collect();
            self.books.commit(changes);
            for movement in &outcome.movements {
                let stock = movement.sku.as_ref().map_or(0, |sku| stock_digest(sku, movement.effect));
                self.keep(encode_movement(movement), stock, odometer);
            }
        }
        outcome
    }

    /// Keeps bytes that are no movement, as a disk or a bug may give them.
    pub fn spoil(&mut self, bytes: Vec<u8>, odometer: Odometer) {
        self.keep(bytes, 0, odometer);
    }

    fn keep(&mut self, bytes: Vec<u8>, stock: u64, committed: Odometer) {
        let position = Position { epoch: self.epoch, seq: self.tail() + 1 };
        let digest = movement_digest(&self.store, position, &bytes);
        let index = usize::try_from(BlockIndex::of(position.seq).0).unwrap_or(usize::MAX);
        if self.blocks.len() <= index {
            self.blocks.push(Block::default());
        }
        if let Some(block) = self.blocks.get_mut(index) {
            block.add(position.seq, digest, stock);
        }
        self.records.push(Kept { bytes: Bytes::from(bytes), digest, stock, committed });
    }

    /// One committed movement.
    #[must_use]
    pub fn record(&self, seq: Seq) -> Option<&Kept> {
        self.records.get(usize::try_from(seq.checked_sub(1)?).ok()?)
    }

    /// The records of these seqs, ascending, up to `max_bytes` but at least
    /// one.
    #[must_use]
    pub fn read(&self, seqs: &SeqSet, max_bytes: u64) -> Vec<Record> {
        let (mut records, mut bytes) = (Vec::new(), 0_u64);
        for seq in seqs.iter() {
            let Some(kept) = self.record(seq) else { continue };
            let record = Record { seq, digest: Some(kept.digest), bytes: kept.bytes.clone() };
            bytes = bytes.saturating_add(record.payload());
            if bytes > max_bytes && !records.is_empty() {
                break;
            }
            records.push(record);
        }
        records
    }

    /// The first of these blocks whose sums are not those of the journal's own
    /// records.
    #[must_use]
    pub fn first_that_differs(&self, told: &Blocks) -> Option<BlockIndex> {
        told.iter().find(|(index, block)| !self.agrees(**index, block)).map(|(index, _)| *index)
    }

    fn agrees(&self, index: BlockIndex, told: &Block) -> bool {
        let mut own = Block::default();
        for seq in told.bitmap.seqs(index) {
            let Some(kept) = self.record(seq) else { return false };
            own.add(seq, kept.digest, kept.stock);
        }
        own.digest == told.digest
    }

    /// The block of the tail with its sums.
    #[must_use]
    pub fn open_block(&self) -> Option<(BlockIndex, Block)> {
        let block = self.blocks.last()?;
        Some((BlockIndex::of(self.tail()), *block))
    }
}
