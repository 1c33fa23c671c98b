//! What questions to the ledger are answered with.

use bytes::Bytes;
use tidemark_model::{
    Basis, Block, BlockIndex, Epoch, EpochOrdinal, Generation, Item, Movement, Quantity, Seq, Sku, StoreId, StreamId,
};
use tidemark_sync::message::CatalogueCode;

use crate::apply::{LossCause, Taken};

/// Where the applier of a partition stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PositionRow {
    /// Which life of the log.
    pub stream: StreamId,
    /// Which partition.
    pub partition: u32,
    /// The offset it takes next.
    pub next: u64,
    /// How often it moved.
    pub step: u64,
    /// How often others than its applier moved the step.
    pub others: u64,
    /// Levels that changed up to this step are known outside.
    pub published: u64,
}

/// What the applier of a partition tried last; nothing noted is no records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TryRow {
    /// The offset of the first record.
    pub first: u64,
    /// How many records.
    pub records: u64,
    /// How often the process died of that record alone.
    pub deaths: u64,
}

/// A block that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedBlock {
    /// The shop.
    pub store: StoreId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Which block.
    pub index: BlockIndex,
    /// As it is now.
    pub block: Block,
    /// In which step it changed.
    pub step: u64,
    /// Whether positions in it are lost, or parked with an effect that nobody
    /// could read: then its sums are not those of the box.
    pub has_lost: bool,
}

/// What head office says of a shop. What it does not say stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreRecord {
    /// The shop.
    pub store: StoreId,
    /// What people call it; may be empty.
    pub name: Option<String>,
    /// Where it belongs to; may be empty.
    pub region: Option<String>,
    /// Its IANA time zone.
    pub time_zone: Option<String>,
    /// The language of its page and sheets, as in BCP 47.
    pub language: Option<String>,
    /// open, planned or closed.
    pub state: Option<String>,
    /// When it is open, as it was given; empty if at any time.
    pub opening_hours: Option<String>,
    /// The assortment it has; empty if all items.
    pub assortment: Option<String>,
}

/// One shop with the proof of its books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreRow {
    /// The shop.
    pub store: StoreId,
    /// What people call it; may be empty.
    pub name: String,
    /// Where it belongs to; may be empty.
    pub region: String,
    /// Its IANA time zone.
    pub time_zone: String,
    /// open, planned or closed.
    pub state: String,
    /// When it is open, as it was given; empty if at any time.
    pub opening_hours: String,
    /// The assortment it has; empty if all items.
    pub assortment: String,
    /// The larger of the tail told and the highest seq seen, over its epochs.
    pub committed: u64,
    /// In the ledger.
    pub applied: u64,
    /// In the dead letters.
    pub parked: u64,
    /// Named as never to come.
    pub lost: u64,
    /// On their way.
    pub pending: u64,
    /// Of those lost, not signed by a person yet.
    pub lost_unsigned: u64,
    /// Movements that came after their epoch was closed.
    pub late: u64,
    /// Forked letters that are not closed.
    pub forks: u64,
}

/// One life of a store's journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochRow {
    /// The epoch.
    pub epoch: Epoch,
    /// Its ordinal.
    pub ordinal: EpochOrdinal,
    /// How its box stands to its opening.
    pub taken: Taken,
}

/// What stands at a position, to be told again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldRow {
    /// Its seq.
    pub seq: Seq,
    /// Its bytes.
    pub bytes: Bytes,
    /// Whether it is in the dead letters.
    pub parked: bool,
}

/// How far an opening is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpeningKept {
    /// How many pages there are.
    pub pages: u32,
    /// Whether the last one is among them.
    pub complete: bool,
    /// Bytes of all of them.
    pub bytes: u64,
}

/// A range of lost positions of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LossRow {
    /// The epoch.
    pub epoch: Epoch,
    /// Its first seq.
    pub first: Seq,
    /// Its last seq.
    pub last: Seq,
    /// Why it is lost.
    pub cause: LossCause,
    /// When it was named, in milliseconds since 1970.
    pub named_at: i64,
    /// Who took note of it.
    pub signed: Option<Signature>,
}

/// A store's losses that nobody signed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsignedLosses {
    /// The shop.
    pub store: StoreId,
    /// How many positions.
    pub positions: u64,
    /// In how many ranges.
    pub ranges: u64,
}

/// That a person took note of losses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Who.
    pub author: String,
    /// Why it may rest.
    pub reason: String,
    /// When, in milliseconds since 1970.
    pub signed_at: i64,
}

/// What came of signing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// So many positions are signed now; 0 if none waited.
    Done {
        /// How many.
        positions: u64,
    },
    /// Nothing is: others are lost than the person saw.
    Others {
        /// How many wait for a signature now.
        positions: u64,
    },
}

/// What the box of a store said last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeartbeatRow {
    /// The shop.
    pub store: StoreId,
    /// When, in milliseconds since 1970 by the database's clock.
    pub seen_at: i64,
    /// How long ago that was when the row was read, by the same clock.
    pub age_ms: u64,
    /// Its epoch.
    pub epoch: Epoch,
    /// The server's own JSON of it.
    pub body: String,
}

/// An item's level in one shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelRow {
    /// The shop.
    pub store: StoreId,
    /// The item.
    pub sku: Sku,
    /// Σ effect.
    pub effect_sum: Quantity,
    /// On-hand after the highest position.
    pub on_hand: Quantity,
    /// Whether it stands on a count.
    pub basis: Basis,
    /// Whether on-hand and basis are those of an older epoch, because the box
    /// has not taken over from it yet.
    pub older: bool,
    /// What of it is reserved.
    pub reserved: Quantity,
    /// What of it is kept back.
    pub safety: Quantity,
    /// Of which history, and how often it changed: its version.
    pub version: (Generation, u64),
    /// When it changed last, in milliseconds since 1970.
    pub changed_at: i64,
}

impl LevelRow {
    /// What may be promised: on-hand without what is reserved and kept back,
    /// never below 0; nobody knows while it was not counted.
    #[must_use]
    pub fn available(&self) -> Option<Quantity> {
        let taken = self.reserved.as_thousandths().saturating_add(self.safety.as_thousandths());
        let left = self.on_hand.as_thousandths().saturating_sub(taken).max(0);
        (self.basis == Basis::Counted).then(|| Quantity::thousandths(left))
    }
}

/// The movements of an item, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Epoch, seq and movement.
    pub movements: Vec<(Epoch, Seq, Movement)>,
    /// Seqs of the chain that are not there.
    pub gaps: Vec<Seq>,
    /// Where the next page begins.
    pub next: Option<(EpochOrdinal, Seq)>,
}

/// What a store did last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LatestPage {
    /// Newest first.
    pub movements: Vec<LatestMovement>,
    /// Below which place the next page begins.
    pub next: Option<(EpochOrdinal, Seq)>,
}

/// A movement and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LatestMovement {
    /// The epoch.
    pub epoch: Epoch,
    /// Its ordinal.
    pub ordinal: EpochOrdinal,
    /// The seq in it.
    pub seq: Seq,
    /// The movement.
    pub movement: Movement,
}

/// A dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetterRow {
    /// Its number, by which lists are paged.
    pub number: i64,
    /// The shop.
    pub store: StoreId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Its seq.
    pub seq: Seq,
    /// Why.
    pub reason: String,
    /// One sentence more.
    pub detail: String,
    /// What was given.
    pub raw: String,
    /// Whose document.
    pub source: String,
    /// Which document.
    pub id: String,
    /// When, in milliseconds since 1970.
    pub parked_at: i64,
    /// When it was settled.
    pub closed_at: Option<i64>,
    /// The code or item that it names; empty if none can be told.
    pub code: String,
    /// The job that has it, or settled it.
    pub job: Option<i64>,
    /// How it was settled.
    pub settled: Option<String>,
    /// Why a repair of it failed.
    pub failure: Option<String>,
}

/// An item with its codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueItem {
    /// The item.
    pub item: Item,
    /// Its codes.
    pub codes: Vec<CatalogueCode>,
}

/// A caller's token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Its name.
    pub name: String,
    /// Its hash.
    pub hash: [u8; 32],
    /// viewer, operator or admin.
    pub role: String,
}
