//! The movement: one line's effect on one item, the unit of storing, sending
//! and applying.

use crate::books::Resolution;
use crate::key::{ContentDigest, DocumentKey};
use crate::kind::{Basis, Disposition, Kind, Marks, ParkReason};
use crate::position::{Odometer, Position, Seq, WallTime};
use crate::quantity::Quantity;
use crate::text::{Code, DocumentId, Label, Note, Reference, Sku, Source, StoreId};

/// The reason of an instruction's result that was refused; its note says why.
pub const REFUSED: &str = "refused";

/// One line's effect on one item (a kit line makes one a part). Its position
/// stands beside it, not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// What it is.
    pub kind: Kind,
    /// Why, for an adjustment or waste: a word of the company's list.
    pub reason: Option<Label>,
    /// Where returned goods went.
    pub disposition: Option<Disposition>,
    /// The item; none if it is not known (suspense) or none is meant.
    pub sku: Option<Sku>,
    /// The code as it was given, if the item was not given as a SKU.
    pub code: Option<Code>,
    /// What was given: packs if by code, base units if by SKU; of a day close
    /// the units its till counted.
    pub quantity: Quantity,
    /// Base units in one of what was given, in thousandths.
    pub units_per_scan: Quantity,
    /// The catalogue's version by which the item was looked up; 0 if none.
    pub catalogue: u64,
    /// What it does to on-hand, decided at commit.
    pub effect: Quantity,
    /// The item's on-hand after it; none without a SKU.
    pub on_hand_after: Option<Quantity>,
    /// Whether on-hand stands on a count.
    pub basis: Basis,
    /// The seq of the same item's movement before this one in this epoch; 0
    /// if it is the first.
    pub previous: Seq,
    /// The document it belongs to.
    pub document: DocumentRef,
    /// Labels of the document; nothing is decided by them.
    pub labels: Labels,
    /// Lot, serial and such of the line.
    pub line: LineLabels,
    /// What it is about: the voided or corrected document, the position.
    pub about: Option<About>,
    /// When the thing happened.
    pub happened: Odometer,
    /// When it was committed.
    pub committed: Odometer,
    /// The wall time as given or, if none, at commit; a label.
    pub wall: WallTime,
    /// Marks such as `explained` or `negative`.
    pub marks: Marks,
    /// Why it was parked, with what was given.
    pub parked: Option<Parked>,
    /// Of a day close, how many documents its till counted.
    pub documents: Option<u64>,
}

/// Which document a movement belongs to, and which of its movements it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentRef {
    /// Who submitted it.
    pub source: Source,
    /// Its id within the source.
    pub id: DocumentId,
    /// Digest of all that decides an effect.
    pub content: ContentDigest,
    /// Which of its movements this is, from 1.
    pub ordinal: u32,
    /// How many movements it has.
    pub count: u32,
}

impl DocumentRef {
    /// The document's key.
    #[must_use]
    pub fn key(&self) -> DocumentKey {
        DocumentKey::of(&self.source, &self.id)
    }
}

/// Labels that a document's movements share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// The trading day it belongs to, as `YYYY-MM-DD`.
    pub business_day: Option<Label>,
    /// The till.
    pub till: Option<Label>,
    /// The operator's code.
    pub operator: Option<Label>,
    /// A note, card digits masked.
    pub note: Option<Note>,
    /// The other store of a transfer, or a supplier.
    pub counterpart: Option<Label>,
    /// Purchase order, ASN, SSCC, transfer or count.
    pub reference: Option<Reference>,
    /// The reservation a sale fulfils.
    pub fulfils: Option<Reference>,
    /// The zone of a count.
    pub zone: Option<Label>,
    /// Who counted.
    pub counter: Option<Label>,
}

/// Labels of one line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineLabels {
    /// Batch or lot.
    pub lot: Option<Label>,
    /// Expiry as given.
    pub expiry: Option<Label>,
    /// Serial number.
    pub serial: Option<Label>,
}

/// What a void, correction, resolve or restatement is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// A document.
    Document {
        /// Who submitted it.
        source: Source,
        /// Its id.
        id: DocumentId,
    },
    /// One movement, perhaps of another store's box or an older epoch.
    Position(Position),
    /// An instruction of head office.
    Instruction(Label),
    /// What a code was learnt to be.
    Resolution(Resolution),
}

/// Why and what was parked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// The reason.
    pub reason: ParkReason,
    /// One sentence more, for the person who repairs it; cut at
    /// [`crate::limits::DETAIL_BYTES`].
    pub detail: String,
    /// What was given, with codes that must not be kept replaced by their
    /// shape; cut at [`crate::limits::RAW_BYTES`].
    pub raw: String,
}

/// A movement where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The shop.
    pub store: StoreId,
    /// Epoch and seq.
    pub position: Position,
    /// The movement.
    pub movement: Movement,
}
