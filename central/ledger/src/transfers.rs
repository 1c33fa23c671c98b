//! Transfers as head office sees them: what is in transit since when, and what
//! has to be closed as a difference.

use tidemark_model::{Quantity, Sku, StoreId};

use crate::apply::{Side, StockHeld, amounts};

/// How long goods may be on their way before what is missing is a difference.
pub const TRANSIT_MILLIS: i64 = 14 * 24 * 3_600_000;

/// How a transfer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferState {
    /// Something is on its way, or was received before it was told as sent.
    InTransit,
    /// What was received is not what was sent: head office closes it.
    Difference,
    /// Nothing is in transit.
    Settled,
}

impl TransferState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::InTransit, Self::Difference, Self::Settled];

    /// As it is told.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::InTransit => "in_transit",
            Self::Difference => "difference",
            Self::Settled => "settled",
        }
    }

    /// The one with this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    pub(crate) const fn of(open: u64, due: bool) -> Self {
        match (open, due) {
            (0, _) => Self::Settled,
            (_, true) => Self::Difference,
            (_, false) => Self::InTransit,
        }
    }
}

/// One transfer of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferRow {
    /// What both stores tell it by.
    pub reference: String,
    /// How it stands.
    pub state: TransferState,
    /// Items of which something is in transit.
    pub open: u64,
    /// When the centre first heard of it, in milliseconds since 1970 by the
    /// database's clock.
    pub first_at: i64,
    /// When it last did.
    pub last_at: i64,
    /// How long ago the first was, by the same clock.
    pub age_ms: u64,
    /// Whether its last receipt was told.
    pub last: bool,
    /// The stores that told of it, and what they name as the other one.
    pub stores: Vec<TransferStore>,
}

/// A store's side of a transfer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TransferStore {
    /// The store.
    pub store: StoreId,
    /// Which way the goods went there.
    pub side: Side,
    /// The other store, as its label says.
    pub counterpart: Option<String>,
}

/// Which transfers a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransferQuery {
    /// Those of which this store told.
    pub store: Option<StoreId>,
    /// Those that stand so.
    pub state: Option<TransferState>,
    /// Those at least so old.
    pub older_ms: i64,
    /// Those behind this one: its first moment and reference.
    pub after: Option<(i64, String)>,
    /// At most so many.
    pub most: u32,
}

/// What is in transit of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransitItem {
    /// The item.
    pub sku: Sku,
    /// What was sent.
    pub sent: Quantity,
    /// What was received.
    pub received: Quantity,
    /// What head office has taken as a difference.
    pub closed: Quantity,
    /// What is left between the stores; negative if more was received.
    pub in_transit: Quantity,
}

/// A difference that was closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DifferenceRow {
    /// The item.
    pub sku: Sku,
    /// How much did not arrive; negative if too much did.
    pub quantity: Quantity,
    /// Who closed it.
    pub author: String,
    /// Why it may rest.
    pub reason: String,
    /// When, in milliseconds since 1970.
    pub closed_at: i64,
}

/// One transfer with all that is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferShown {
    /// As in a list.
    pub row: TransferRow,
    /// By item.
    pub items: Vec<TransitItem>,
    /// Lines under codes that nobody knows yet: store, code and how much.
    pub unknown: Vec<(StoreId, Side, String, Quantity)>,
    /// What was closed of it, oldest first.
    pub differences: Vec<DifferenceRow>,
}

/// Who closes a difference, and what they saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// Who.
    pub author: String,
    /// Why it may rest.
    pub reason: String,
    /// What they saw in transit, by item.
    pub seen: Vec<(Sku, Quantity)>,
}

/// What came of closing a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It is closed.
    Done,
    /// There is no such transfer.
    Unknown,
    /// Nothing is in transit.
    Settled,
    /// It is on its way: neither was its last receipt told nor is it old.
    InTransit,
    /// Nothing is closed: this is in transit now, not what the person saw.
    Others(Vec<(Sku, Quantity)>),
}

/// What the database says of one item: the item, Σ of the lines, and how much
/// of it was closed.
pub(crate) type Kept = (Sku, i64, i64);

/// Puts the lines of a transfer and its kept sums together.
pub(crate) fn items_of(kept: Vec<Kept>, held: &StockHeld) -> Vec<TransitItem> {
    let lines = amounts(held);
    let sum = |sku: &Sku, side: Side| {
        let of_side = lines.iter().filter(|(line, _)| line.side == side);
        let of_item = of_side.flat_map(|(_, amounts)| amounts).filter(|(of, _)| of == sku);
        Quantity::thousandths(of_item.fold(0_i64, |sum, (_, amount)| sum.saturating_add(*amount)))
    };
    let item = |(sku, quantity, closed): Kept| TransitItem {
        sent: sum(&sku, Side::Out),
        received: Quantity::thousandths(sum(&sku, Side::In).as_thousandths().saturating_neg()),
        closed: Quantity::thousandths(closed),
        in_transit: Quantity::thousandths(quantity.saturating_sub(closed)),
        sku,
    };
    kept.into_iter().map(item).collect()
}

/// The lines of a transfer that come to nothing yet.
pub(crate) fn unknown_of(held: &StockHeld) -> Vec<(StoreId, Side, String, Quantity)> {
    let lines = amounts(held).into_iter().filter(|(_, amounts)| amounts.is_empty());
    let shown = lines.filter(|(line, _)| !held.voided.contains(&(line.store.clone(), line.document)));
    let told = |line: &crate::apply::TransferLine| {
        Some((line.store.clone(), line.side, line.given.unknown()?.to_string(), line.quantity))
    };
    shown.filter_map(|(line, _)| told(line)).collect()
}

/// Whether what is in transit may be closed, given what the person saw.
pub(crate) fn may_close(state: TransferState, kept: &[Kept], closing: &Closing) -> Closed {
    let open = |(sku, quantity, closed): &Kept| {
        let left = quantity.saturating_sub(*closed);
        (left != 0).then(|| (sku.clone(), Quantity::thousandths(left)))
    };
    let mut open: Vec<(Sku, Quantity)> = kept.iter().filter_map(open).collect();
    match state {
        TransferState::Settled => return Closed::Settled,
        TransferState::InTransit => return Closed::InTransit,
        TransferState::Difference => {}
    }
    let mut seen = closing.seen.clone();
    open.sort();
    seen.sort();
    if open == seen { Closed::Done } else { Closed::Others(open) }
}
