//! Calls of their own for what is large, in pages, each resumable by its
//! cursor, so that none of it stands before a `Received`.

use bytes::Bytes;
use tidemark_model::books::{CountState, DocumentRecord, ItemEffect, Stock, Suspense};
use tidemark_model::{
    BlockIndex, Code, DocumentKey, Epoch, EpochOrdinal, Item, Label, Odometer, Quantity, Reference, Seq, Sku, StoreId,
};

use super::TillFacts;

/// Asks for one page of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchCatalogue {
    /// The shop.
    pub store: StoreId,
    /// The version wanted.
    pub version: u64,
    /// The last SKU of the page before; none for the first page.
    pub after: Option<Sku>,
    /// The version in use, if what changed since is wanted; 0 for all.
    pub since: u64,
}

/// One page of the catalogue, ascending by SKU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CataloguePage {
    /// The version it is of. Another than was asked for: that one is gone,
    /// begin anew with this one.
    pub version: u64,
    /// The items.
    pub entries: Vec<CatalogueEntry>,
    /// Whether no page follows.
    pub last: bool,
    /// If this is what changed since a version, which; then nothing else
    /// follows.
    pub change: Option<CatalogueChange>,
    /// The assortment of the shop; none if it has all items.
    pub assortment: Option<Label>,
}

impl CataloguePage {
    /// A part of a version, for a shop that has all items.
    #[must_use]
    pub const fn part(version: u64, entries: Vec<CatalogueEntry>, last: bool) -> Self {
        Self { version, entries, last, change: None, assortment: None }
    }
}

/// What a page is a change of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogueChange {
    /// The version that was in use before.
    pub since: u64,
    /// Items that are no more.
    pub gone_items: Vec<Sku>,
    /// Codes that are no more.
    pub gone_codes: Vec<Code>,
}

/// An item with its codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueEntry {
    /// The item.
    pub item: Item,
    /// Its codes.
    pub codes: Vec<CatalogueCode>,
}

/// One code of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueCode {
    /// The code, a GTIN in its 14 digits.
    pub code: Code,
    /// Base units in one scan of it.
    pub units_per_scan: Quantity,
}

/// Asks for a part of an instruction's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchInstruction {
    /// The shop.
    pub store: StoreId,
    /// Which instruction.
    pub id: Label,
    /// From which byte on.
    pub from: u64,
}

/// A part of an instruction's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstructionPage {
    /// Which instruction.
    pub id: Label,
    /// The byte it begins at.
    pub from: u64,
    /// Bytes of the whole body.
    pub total: u64,
    /// This part of the body as the wire encodes it.
    pub bytes: Bytes,
}

/// Asks for one page of the opening of the box's epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchOpening {
    /// The shop.
    pub store: StoreId,
    /// The box's epoch.
    pub epoch: Epoch,
    /// Its ordinal, by which the opening is known.
    pub ordinal: EpochOrdinal,
    /// The cursor of the page before; empty for the first.
    pub cursor: Bytes,
}

/// One page of an opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpeningPage {
    /// What it holds.
    pub parts: Vec<OpeningPart>,
    /// Whether, with this page, all is in that the box needs before it takes
    /// the opening: balances, marks, suspense, waiting voids and 14 days of
    /// keys.
    pub enough: bool,
    /// Where the next page begins; none after the last.
    pub cursor: Option<Bytes>,
}

/// One piece of what an epoch begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpeningPart {
    /// An item's balance, basis and mark.
    Stock(Sku, Stock),
    /// What is known of one document, newest first.
    Document(DocumentKey, DocumentRecord),
    /// Signed packs of a code nobody has told us yet.
    Suspense(Code, Suspense),
    /// An open or recent count with its marks.
    Count(Reference, CountState),
    /// A till with the hash of its token.
    Till(TillFacts),
    /// An effect that an open or recent count may still have to add.
    Effect(Sku, ItemEffect),
    /// What the ledger's effects of an item come to, if that is not its
    /// on-hand: its last epoch ended before it was restated.
    Sum(Sku, Quantity),
}

/// Gives the centre one page of an opening that it lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendOpening {
    /// The shop.
    pub store: StoreId,
    /// The box's epoch.
    pub epoch: Epoch,
    /// Its ordinal, as the box was once told.
    pub ordinal: EpochOrdinal,
    /// The odometer when the box took it.
    pub taken: Odometer,
    /// Which page this is, from 0.
    pub page: u32,
    /// What it holds.
    pub parts: Vec<OpeningPart>,
    /// Whether no page follows.
    pub last: bool,
}

/// The centre holds the opening up to a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpeningSent {
    /// The page it wants next.
    pub next_page: u32,
}

/// Asks for the digests of single records, to find those the centre does not
/// hold byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchDigests {
    /// The shop.
    pub store: StoreId,
    /// The epoch.
    pub epoch: Epoch,
    /// The block.
    pub block: BlockIndex,
}

/// The digests of one block's handled records, ascending by seq.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestPage {
    /// The block.
    pub block: BlockIndex,
    /// Seq and movement digest.
    pub digests: Vec<(Seq, u64)>,
}
