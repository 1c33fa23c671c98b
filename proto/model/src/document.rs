//! What is submitted: a document, parsed and checked at the edge, before any
//! effect is decided.

use std::collections::BTreeMap;

use crate::key::ContentDigest;
use crate::kind::{Disposition, Kind, ParkReason};
use crate::limits::{DETAIL_BYTES, RAW_BYTES};
use crate::movement::{About, Labels, Movement, Parked};
use crate::position::{Odometer, WallTime};
use crate::quantity::Quantity;
use crate::text::{Code, DocumentId, Label, Sku, Source};

/// One receipt, delivery, count: identity `(source, id)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Who submits it.
    pub source: Source,
    /// Its id within the source; the same id again is a retry.
    pub id: DocumentId,
    /// The time as given, or the box's at arrival; a label.
    pub wall: WallTime,
    /// Labels of the document.
    pub labels: Labels,
    /// Whether the submitter gave the business day; only then it is part of
    /// the content.
    pub business_day_given: bool,
    /// When it happened.
    pub timing: Timing,
    /// The source's running number, if it keeps one.
    pub sequence: Option<u64>,
    /// What it says.
    pub body: Body,
}

impl Document {
    /// A document that happens now, without labels and a running number.
    #[must_use]
    pub fn plain((source, id): (Source, DocumentId), wall: WallTime, body: Body) -> Self {
        let labels = Labels::default();
        Self { source, id, wall, labels, business_day_given: false, timing: Timing::Live, sequence: None, body }
    }
}

/// When a document's things happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// At commit; never judged by time.
    Live,
    /// Some time before commit, for a submitter that was out of reach.
    Deferred {
        /// How long before, in milliseconds; a line may say it for itself.
        age_ms: Option<u64>,
    },
    /// At a reading that the box itself knows (instructions, replays).
    At(Odometer),
}

/// What a document says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Sale, return, receipt, transfer, adjustment.
    Trade {
        /// What its lines are unless they say otherwise.
        kind: TradeKind,
        /// The last document of its transfer.
        last: bool,
        /// Its lines.
        lines: Vec<Line>,
    },
    /// What was counted.
    Count(CountBody),
    /// Reverses a document once.
    Void {
        /// Whose document.
        source: Source,
        /// Which document.
        id: DocumentId,
    },
    /// A till closed its business day.
    DayClose {
        /// Documents the till counted, if told.
        documents: Option<u64>,
        /// Units the till counted, if told.
        units: Option<Quantity>,
    },
    /// Head office mends what was recorded.
    Correction {
        /// What it is about.
        about: About,
        /// Changes of on-hand, by SKU.
        lines: Vec<SkuChange>,
    },
    /// A code was learnt: what stands in suspense under it takes effect.
    Resolve {
        /// The code.
        code: Code,
        /// The item.
        sku: Sku,
        /// Base units in one scan of it.
        units_per_scan: Quantity,
    },
    /// The difference by which a loss or an epoch is closed.
    Restatement {
        /// What it closes.
        about: About,
        /// Differences, by SKU.
        lines: Vec<SkuChange>,
    },
    /// The answer to an instruction that changes no stock.
    InstructionResult {
        /// The instruction.
        instruction: Label,
        /// The box can't do it; the document's note says why.
        refused: bool,
    },
    /// What an epoch that is closed had beyond what the centre knew.
    Late(LateBody),
    /// It can't be understood as a whole.
    Unreadable(ParkedLine),
}

/// Movements of one document that came when their epoch was closed: they are
/// committed once more, with the effect they had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateBody {
    /// The content as first committed.
    pub content: ContentDigest,
    /// How many movements the document has.
    pub count: u32,
    /// Those of them that came late, by ordinal.
    pub movements: BTreeMap<u32, Movement>,
    /// Another epoch lies between theirs and the present one, so that an
    /// older count may or may not have seen them.
    pub between: bool,
}

/// The kinds of trade and of other changes that lines carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TradeKind {
    /// Goods went to a customer.
    Sale,
    /// Goods came back.
    Return,
    /// Goods came in from a supplier.
    Receipt,
    /// Goods came in from another store.
    TransferIn,
    /// Goods went out to another store.
    TransferOut,
    /// Stock changed for another reason; the quantity carries the sign.
    Adjustment,
}

impl TradeKind {
    /// The kind of trade that a movement tells of, if it does.
    #[must_use]
    pub const fn of(kind: Kind) -> Option<Self> {
        Some(match kind {
            Kind::Sale => Self::Sale,
            Kind::Return => Self::Return,
            Kind::Receipt => Self::Receipt,
            Kind::TransferIn => Self::TransferIn,
            Kind::TransferOut => Self::TransferOut,
            Kind::Adjustment => Self::Adjustment,
            Kind::Count
            | Kind::Tally
            | Kind::Void
            | Kind::Correction
            | Kind::Resolve
            | Kind::Restatement
            | Kind::DayClose
            | Kind::InstructionResult
            | Kind::Unknown => return None,
        })
    }

    /// The movement's kind.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::Sale => Kind::Sale,
            Self::Return => Kind::Return,
            Self::Receipt => Kind::Receipt,
            Self::TransferIn => Kind::TransferIn,
            Self::TransferOut => Kind::TransferOut,
            Self::Adjustment => Kind::Adjustment,
        }
    }
}

/// One line: taken, or parked because it can't be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// It can be understood.
    Taken(TakenLine),
    /// It can't; the others go on.
    Parked(ParkedLine),
}

/// A line that can be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenLine {
    /// The item as given: a SKU or a scanned code.
    pub item: Sku,
    /// How many, in packs of what the code or unit means.
    pub quantity: Quantity,
    /// Another kind than the document's (sale and return in one receipt).
    pub kind: Option<TradeKind>,
    /// What the quantity counts.
    pub unit: Unit,
    /// Why, for an adjustment.
    pub reason: Option<Label>,
    /// Where returned goods went; shelf unless said.
    pub disposition: Option<Disposition>,
    /// Batch or lot.
    pub lot: Option<Label>,
    /// Expiry as given.
    pub expiry: Option<Label>,
    /// Serial number.
    pub serial: Option<Label>,
    /// The line's own age in a deferred document or a count, in ms.
    pub age_ms: Option<u64>,
    /// The quantity was estimated from a price label.
    pub estimated: bool,
}

impl TakenLine {
    /// A plain line of an item and a quantity.
    #[must_use]
    pub const fn plain(item: Sku, quantity: Quantity) -> Self {
        Self {
            item,
            quantity,
            kind: None,
            unit: Unit::AsGiven,
            reason: None,
            disposition: None,
            lot: None,
            expiry: None,
            serial: None,
            age_ms: None,
            estimated: false,
        }
    }
}

/// What a quantity counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// A code counts its packs, a SKU base units.
    #[default]
    AsGiven,
    /// Base units.
    Base,
    /// Packs of this code of the same item.
    Pack(Code),
    /// Base units of a SKU that head office named: stock whether or not the
    /// catalogue lists it.
    Sku,
}

/// What was given instead of a line or document that could be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedLine {
    /// Why it is parked.
    pub reason: ParkReason,
    /// One sentence more.
    pub detail: String,
    /// What was given, already freed of what must not be kept.
    pub raw: String,
}

impl From<ParkedLine> for Parked {
    /// As it is kept: what is longer than a record may hold is cut.
    fn from(ParkedLine { reason, mut detail, mut raw }: ParkedLine) -> Self {
        detail.truncate(detail.floor_char_boundary(DETAIL_BYTES));
        raw.truncate(raw.floor_char_boundary(RAW_BYTES));
        Self { reason, detail, raw }
    }
}

/// What was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountBody {
    /// Reason `opening` for opening stock.
    pub reason: CountReason,
    /// Every item of the store: what was not counted is not there.
    pub full: bool,
    /// Closes the count named by `labels.reference`.
    pub last: bool,
    /// This zone is where goods are sold from.
    pub sells: bool,
    /// What becomes of what its zone and counter had before.
    pub sheet: SheetUse,
    /// What was counted.
    pub lines: Vec<Line>,
}

/// What a sheet of a named count does with what was counted in its zone before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SheetUse {
    /// It is all that this counter counted there: a recount replaces.
    #[default]
    Whole,
    /// It adds to what this counter counted there: one scan of a lane.
    Adds,
    /// The zone is counted anew, whoever counted it before; then it adds.
    Anew,
}

/// Why something was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountReason {
    /// A count.
    Count,
    /// The stock a store opens with.
    Opening,
}

/// A change of one item's on-hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkuChange {
    /// The item.
    pub sku: Sku,
    /// The change, in base units.
    pub change: Quantity,
}
