//! What somebody has to look at: items with a level that can't be, codes that
//! nobody knows, and days that are not whole.

use std::collections::BTreeSet;

use tidemark_model::{Basis, Code, Quantity, Sku, StoreId};

use crate::rows::LevelRow;

/// A list of a store's items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StockList {
    /// Counted, and less than nothing.
    Negative,
    /// Never counted: their basis is none.
    Uncounted,
    /// They should be counted again.
    Recounts,
}

impl StockList {
    /// Whether an item with this level is on the list; of a recount the
    /// ledger says so.
    pub(crate) fn holds(self, level: &LevelRow) -> bool {
        match self {
            Self::Negative => level.basis == Basis::Counted && level.on_hand < Quantity::ZERO,
            Self::Uncounted => level.basis == Basis::None,
            Self::Recounts => true,
        }
    }
}

/// A page of a list of a store's items.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StockPage {
    /// The levels, by item, each with since when it is to be counted, on the
    /// list of those.
    pub items: Vec<(LevelRow, Option<i64>)>,
    /// Behind which item the next page begins.
    pub next: Option<Sku>,
}

/// Stores of which somebody should look at a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoresToLookAt {
    /// They scanned codes that nobody knows, and that are not ignored.
    pub unknown_codes: BTreeSet<StoreId>,
    /// They have an item that was never counted.
    pub no_basis: BTreeSet<StoreId>,
}

/// A code that nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuspenseCode {
    /// The code.
    pub code: String,
    /// What was decided of it; the boxes may not have heard of it yet.
    pub decision: Option<String>,
    /// By store.
    pub stores: Vec<SuspenseStore>,
}

/// What a store told under a code that nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuspenseStore {
    /// The store.
    pub store: StoreId,
    /// How many lines.
    pub lines: u64,
    /// Packs, signed as their effect will be.
    pub packs: Quantity,
    /// Base units, signed likewise.
    pub base: Quantity,
    /// When the centre first heard of it, in milliseconds since 1970.
    pub first_seen: i64,
    /// When it last did.
    pub last_seen: i64,
}

/// What head office decides of a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeDecision {
    /// It is this item, so many base units a scan.
    Map {
        /// The item, which the catalogue has.
        sku: Sku,
        /// Base units in one scan.
        units: Quantity,
    },
    /// No stock is kept of it; this item of the catalogue says so, and is made
    /// if it is not there.
    Untracked {
        /// The item.
        sku: Sku,
    },
    /// It is no longer listed.
    Ignore,
}

impl CodeDecision {
    /// As it is kept and told.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Map { .. } => "mapped",
            Self::Untracked { .. } => "untracked",
            Self::Ignore => "ignored",
        }
    }

    /// The item and its units.
    #[must_use]
    pub fn item(&self) -> Option<(&Sku, Quantity)> {
        match self {
            Self::Map { sku, units } => Some((sku, *units)),
            Self::Untracked { sku } => Some((sku, Quantity::ONE)),
            Self::Ignore => None,
        }
    }
}

/// Who decides of which code, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deciding {
    /// The code.
    pub code: Code,
    /// What.
    pub decision: CodeDecision,
    /// Who.
    pub author: String,
    /// Why.
    pub reason: String,
}

/// What came of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decided {
    /// It is made; the catalogue's version, if that is new.
    Done(Option<u64>),
    /// The catalogue has no such item.
    NoSuchItem,
    /// The code is another item's, or an item of its own.
    Taken(String),
    /// Stock is kept of the item.
    Tracked,
}

/// A till's business day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TillDayRow {
    /// The till.
    pub source: String,
    /// Documents of it that are applied or parked.
    pub documents: u64,
    /// Whether it sold or took back: then it has to close.
    pub traded: bool,
    /// Whether it has closed.
    pub closed: bool,
    /// How many documents it counted, if it told.
    pub told_documents: Option<u64>,
    /// How many units it counted, if it told.
    pub told_units: Option<Quantity>,
}

impl TillDayRow {
    /// What is missing, if anything is; `pending` is what of the store is on
    /// its way.
    #[must_use]
    pub fn open(&self, pending: u64) -> Option<String> {
        let Self { documents, traded, closed, told_documents, .. } = self;
        if !traded {
            return None;
        }
        match told_documents {
            _ if !closed => Some("it has not closed the day".to_owned()),
            Some(told) if told != documents => Some(format!("{documents} documents are here, the till counted {told}")),
            None if pending > 0 => Some(format!("{pending} movements of the shop are on their way")),
            Some(_) | None => None,
        }
    }
}
