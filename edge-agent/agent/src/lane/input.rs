//! What a scan is to a lane, once decoded.

use tidemark_model::{Epoch, Label, Odometer, Quantity, Reference, WallTime};

use super::mode::Mode;

/// Where and when a scan comes.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    /// The journal's life.
    pub(crate) epoch: Epoch,
    /// How long the box has run.
    pub(crate) odometer: Odometer,
    /// The wall clock; a label.
    pub(crate) wall: WallTime,
    /// The trading day of it.
    pub(crate) day: Option<Label>,
}

/// What a scan turned out to be, once decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// Something that can be an item.
    Item(Given),
    /// Go into a mode.
    Mode(Mode),
    /// The next item counts so often, 1 to 999.
    Quantity(u16),
    /// The order, delivery or transfer of what follows.
    Reference(Reference),
    /// Who works here.
    Who(Label),
    /// The newest movement not yet undone gets a void.
    Undo,
    /// The session ends, and with it a zone of a count; the count too, if it
    /// `closes`.
    End {
        /// The zone is the only one of its count.
        closes: bool,
    },
    /// The count of this name closes.
    Close(Reference),
    /// Neither item nor a command that this lane knows.
    Strange,
}

/// An item as its code says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    /// The code or SKU to look up.
    pub(crate) item: String,
    /// How much the code itself says there is.
    pub(crate) amount: Option<Amount>,
    /// Batch or lot.
    pub(crate) lot: Option<Label>,
    /// Expiry as given.
    pub(crate) expiry: Option<Label>,
    /// Serial number.
    pub(crate) serial: Option<Label>,
}

/// How much a code says there is of its item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Amount {
    /// How much.
    pub(crate) quantity: Quantity,
    /// Whether in base units, not in packs of the code.
    pub(crate) in_base: bool,
    /// Whether it was told from a price.
    pub(crate) estimated: bool,
}

impl Given {
    /// An item of which its code says nothing more.
    pub(crate) fn plain(item: &str) -> Self {
        Self { item: item.to_owned(), amount: None, lot: None, expiry: None, serial: None }
    }
}
