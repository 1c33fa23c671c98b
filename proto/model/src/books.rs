//! The books a decision reads and changes: stock, effects, documents,
//! suspense, counts. The journal keeps them in RocksDB, a simulated shop in
//! memory; [`crate::draft::Draft`] lays undecided changes over either.

use std::collections::BTreeMap;

use crate::catalogue::Lookup;
use crate::key::{ContentDigest, DocumentKey};
use crate::kind::Basis;
use crate::position::{Odometer, Position, Seq};
use crate::quantity::Quantity;
use crate::text::{Code, Label, Reference, Sku, Source};

/// One item's stock in this store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stock {
    /// On-hand; with basis `none` the sum of effects.
    pub on_hand: Quantity,
    /// Whether it stands on a count.
    pub basis: Basis,
    /// The seq of its last movement in this epoch; 0 if none.
    pub last: Seq,
    /// Its last closed count of this epoch.
    pub closed: Option<ClosedCount>,
}

impl Stock {
    /// An item nobody has touched.
    pub const FRESH: Self = Self { on_hand: Quantity::ZERO, basis: Basis::None, last: 0, closed: None };
}

/// When an item was last counted: what happened before was seen by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClosedCount {
    /// The earliest mark over the count's zones.
    pub first: Odometer,
    /// The latest mark over the count's zones.
    pub last: Odometer,
}

/// One effect on an item, by when it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemEffect {
    /// When the thing happened.
    pub happened: Odometer,
    /// The movement that has it.
    pub seq: Seq,
    /// Which part of that movement, from 0.
    pub part: u32,
    /// The effect it had or would have had, had no count seen it.
    pub effect: Quantity,
    /// Whether it belongs to the zone that sells.
    pub trade: bool,
    /// Whether `happened` is only the latest it can be.
    pub unsure: bool,
}

/// What is held of the documents under one identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocumentRecord {
    /// One entry per content; the first is the one that counts.
    pub entries: Vec<DocumentEntry>,
    /// The void that came before its document.
    pub waiting_void: Option<Position>,
}

/// One content under an identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentEntry {
    /// Digest of what decides its effects.
    pub content: ContentDigest,
    /// Its first movement.
    pub first: Position,
    /// How many movements it has.
    pub count: u32,
    /// Those of its movements that never came, by ordinal, ascending: a
    /// repetition completes them.
    pub missing: Vec<u32>,
    /// What a void of it would reverse.
    pub reversal: Reversal,
}

/// Whether and how a document can be voided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reversal {
    /// By these lines, each once; `committed` says how old they are.
    Lines {
        /// When it was committed.
        committed: Odometer,
        /// What its movements did, in their order.
        lines: Vec<LineEffect>,
    },
    /// It was voided already.
    Done,
    /// A count: count again.
    Count,
    /// Nothing to reverse: a void, day close, parked document.
    Nothing,
}

/// What one movement of a document did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineEffect {
    /// On what.
    pub target: Target,
    /// When it happened.
    pub happened: Odometer,
    /// Whether it belongs to the zone that sells.
    pub trade: bool,
}

/// What a line changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The on-hand of an item, by this effect (had no count seen it).
    Item {
        /// The item.
        sku: Sku,
        /// The effect.
        effect: Quantity,
    },
    /// The suspense of a code.
    Suspense {
        /// The code.
        code: Code,
        /// By how much, signed.
        amount: Suspended,
        /// The seq of the row.
        row: Seq,
    },
    /// The sheet of a count that is open.
    Tally(Box<Tally>),
    /// Nothing: parked, untracked, waste.
    Nothing,
}

/// What one scan of a count put on its sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The item.
    pub sku: Sku,
    /// How much, in base units.
    pub counted: Quantity,
    /// The count.
    pub reference: Reference,
    /// The zone.
    pub zone: Option<Label>,
    /// Who counted.
    pub counter: Option<Label>,
}

/// What was sold or received under a code that nobody knew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suspense {
    /// The rows not yet resolved, oldest first.
    pub rows: Vec<SuspenseRow>,
    /// As what it was resolved last.
    pub resolved: Option<Resolution>,
}

/// One line under an unknown code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuspenseRow {
    /// When it happened.
    pub happened: Odometer,
    /// The movement that has it.
    pub seq: Seq,
    /// How much, signed as the effect will be.
    pub amount: Suspended,
    /// Whether it belongs to the zone that sells.
    pub trade: bool,
    /// Whether `happened` is only the latest it can be.
    pub unsure: bool,
}

/// A signed amount under a code that nobody knows, in what it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suspended {
    /// Packs: how much is in one will be known with the code.
    Packs(Quantity),
    /// Base units, because the line said so.
    Base(Quantity),
}

impl Suspended {
    /// The number, of whatever it counts.
    #[must_use]
    pub const fn quantity(self) -> Quantity {
        match self {
            Self::Packs(quantity) | Self::Base(quantity) => quantity,
        }
    }

    /// The opposite, if it fits.
    #[must_use]
    pub fn checked_neg(self) -> Option<Self> {
        match self {
            Self::Packs(packs) => packs.checked_neg().map(Self::Packs),
            Self::Base(base) => base.checked_neg().map(Self::Base),
        }
    }
}

/// How a code was resolved, so that a later void finds its item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// The item.
    pub sku: Sku,
    /// Base units in one scan.
    pub units_per_scan: Quantity,
}

/// A count of several zones under one reference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CountState {
    /// What was counted, one sheet per zone and counter.
    pub sheets: Vec<CountSheet>,
    /// When it was first closed; later sheets close it anew.
    pub closed: Option<Odometer>,
    /// Every item of the store: what was not counted is not there.
    pub full: bool,
}

/// What one counter counted in one zone; the same counter there again is a
/// recount, and the last wins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CountSheet {
    /// The zone; none if the count has only one.
    pub zone: Option<Label>,
    /// Who counted, if told; counters in one zone add.
    pub counter: Option<Label>,
    /// Goods are sold from here.
    pub sells: bool,
    /// What was counted, by item.
    pub items: BTreeMap<Sku, CountedItem>,
}

/// One item on one sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountedItem {
    /// How much, in base units.
    pub counted: Quantity,
    /// The mark: the odometer at its first scan there.
    pub mark: Odometer,
    /// The odometer at its last scan there.
    pub last: Odometer,
    /// Whether one of these readings could not be told exactly.
    pub unsure: bool,
}

/// What is known of a source's running numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SequenceState {
    /// The highest number seen; 0 if none.
    pub highest: u64,
    /// Numbers that never came, as ranges, at most
    /// [`crate::limits::SEQUENCE_GAPS`].
    pub gaps: Vec<(u64, u64)>,
    /// Gaps beyond that limit, only counted.
    pub gaps_dropped: u64,
    /// How often the numbers started again.
    pub restarts: u32,
}

/// Reads of the books. Every read may fail, because it may go to disk.
pub trait Books {
    /// Why a read failed.
    type Error;

    /// What is held under a document's identity.
    fn document(&self, key: DocumentKey) -> Result<Option<DocumentRecord>, Self::Error>;
    /// An item's stock, if it was ever touched.
    fn stock(&self, sku: &Sku) -> Result<Option<Stock>, Self::Error>;
    /// All items with stock, in order (for full counts).
    fn stocked(&self) -> Result<Vec<Sku>, Self::Error>;
    /// The effects on an item that happened after a reading, in order of
    /// (happened, seq, part).
    fn effects_after(&self, sku: &Sku, after: Odometer) -> Result<Vec<ItemEffect>, Self::Error>;
    /// The suspense of a code.
    fn suspense(&self, code: &Code) -> Result<Option<Suspense>, Self::Error>;
    /// A count of several zones.
    fn count(&self, reference: &Reference) -> Result<Option<CountState>, Self::Error>;
    /// A source's running numbers.
    fn sequence(&self, source: &Source) -> Result<Option<SequenceState>, Self::Error>;
    /// What an item as given means: a SKU first, then a code.
    fn lookup(&self, item: &str) -> Result<Lookup, Self::Error>;
    /// The catalogue's version; 0 without one.
    fn catalogue_version(&self) -> u64;
}

/// One change a decision makes to the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The item's stock becomes this.
    Stock(Sku, Stock),
    /// An effect is added.
    Effect(Sku, ItemEffect),
    /// What is held under an identity becomes this.
    Document(DocumentKey, DocumentRecord),
    /// The suspense of a code becomes this.
    Suspense(Code, Suspense),
    /// A count becomes this.
    Count(Reference, CountState),
    /// A source's numbers become this.
    Sequence(Source, SequenceState),
}
