//! What an item does on a `work` lane.

use tidemark_model::document::TradeKind;
use tidemark_model::{Label, Quantity, Reference};

/// What an item does on a `work` lane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Price and on-hand; nothing is written. Home of a fresh box.
    #[default]
    Look,
    /// Sales.
    Sell,
    /// Goods that come back to the shelf.
    Return,
    /// Goods in.
    Receive,
    /// Goods that are thrown away or lost, with the reason.
    Waste(Label),
    /// Goods to another store.
    Send(Label),
    /// One zone of a count.
    Count(Zone),
}

/// A zone of a count, as a lane counts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Zone {
    /// The count.
    pub(crate) count: Reference,
    /// The zone.
    pub(crate) name: Label,
    /// Goods are sold from here.
    pub(crate) sells: bool,
    /// It was ended, and nothing is scanned yet of its recount.
    pub(crate) anew: bool,
}

impl Mode {
    /// The word on the page, in the status and in the configuration.
    pub(crate) fn word(&self) -> String {
        match self {
            Self::Look => "look".to_owned(),
            Self::Sell => "sell".to_owned(),
            Self::Return => "return".to_owned(),
            Self::Receive => "receive".to_owned(),
            Self::Waste(reason) => format!("waste ({reason})"),
            Self::Send(store) => format!("send to {store}"),
            Self::Count(zone) => format!("count {}", zone.name),
        }
    }

    /// The trade that an item of so many is, with the sign it is given in.
    pub(super) fn trade(&self, quantity: Quantity) -> Option<(TradeKind, Quantity)> {
        Some(match self {
            Self::Look | Self::Count(_) => return None,
            Self::Sell => (TradeKind::Sale, quantity),
            Self::Return => (TradeKind::Return, quantity),
            Self::Receive => (TradeKind::Receipt, quantity),
            Self::Waste(_) => (TradeKind::Adjustment, quantity.checked_neg()?),
            Self::Send(_) => (TradeKind::TransferOut, quantity),
        })
    }
}
