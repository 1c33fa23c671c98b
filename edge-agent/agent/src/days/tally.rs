//! What one document adds to its till's day.

use std::collections::BTreeMap;

use tidemark_journal::Told;
use tidemark_model::document::{Body, TradeKind};
use tidemark_model::{Code, Document, Kind, Label, Movement, Quantity, Sku, Source};

use super::Close;
use crate::intake::is_own;

/// What a document says of itself, apart from its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slip {
    pub(crate) source: Source,
    pub(crate) day: Label,
    pub(crate) sequence: Option<u64>,
    /// Of a day close.
    pub(crate) close: Option<Close>,
    /// Whether it sells or takes back.
    pub(crate) trades: bool,
}

impl Slip {
    /// Of a document that is handed in; none of one of the box's own, or
    /// without a day.
    pub(crate) fn of(document: &Document) -> Option<Self> {
        let day = document.labels.business_day.clone()?;
        let close = match &document.body {
            Body::DayClose { documents, units } => Some(Close { documents: *documents, units: *units }),
            Body::Trade { .. }
            | Body::Count(_)
            | Body::Void { .. }
            | Body::Correction { .. }
            | Body::Resolve { .. }
            | Body::Restatement { .. }
            | Body::InstructionResult { .. }
            | Body::Late(_)
            | Body::Unreadable(_) => None,
        };
        let trades = matches!(document.body, Body::Trade { kind: TradeKind::Sale | TradeKind::Return, .. });
        let (source, sequence) = (document.source.clone(), document.sequence);
        (!is_own(&source)).then_some(Self { source, day, sequence, close, trades })
    }

    /// Of the first movement of a document that is held.
    pub(super) fn of_movement(movement: &Movement) -> Option<Self> {
        let day = movement.labels.business_day.clone()?;
        let units = movement.quantity;
        let is_close = movement.kind == Kind::DayClose;
        let close = is_close.then_some(Close { documents: movement.documents, units: Some(units) });
        let trades = matches!(movement.kind, Kind::Sale | Kind::Return);
        let source = movement.document.source.clone();
        (!is_own(&source)).then_some(Self { source, day, sequence: None, close, trades })
    }
}

/// What one movement says of what was given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece<'p> {
    kind: Kind,
    code: Option<&'p Code>,
    sku: Option<&'p Sku>,
    quantity: Quantity,
}

impl<'p> From<&'p Told> for Piece<'p> {
    fn from(told: &'p Told) -> Self {
        Self { kind: told.kind, code: told.code.as_ref(), sku: told.sku.as_ref(), quantity: told.quantity }
    }
}

impl<'p> From<&'p Movement> for Piece<'p> {
    fn from(of: &'p Movement) -> Self {
        Self { kind: of.kind, code: of.code.as_ref(), sku: of.sku.as_ref(), quantity: of.quantity }
    }
}

/// The units of one document's movements, in thousandths: what was sold less
/// what came back, as the till gave it. A kit is one, although each of its
/// parts has a movement.
pub(super) fn units<'p>(pieces: impl Iterator<Item = Piece<'p>>) -> i64 {
    let mut first_of: BTreeMap<&Code, Option<&Sku>> = BTreeMap::new();
    let mut units: i64 = 0;
    for Piece { kind, code, sku, quantity } in pieces {
        if code.is_some_and(|code| *first_of.entry(code).or_insert(sku) != sku) {
            continue;
        }
        let thousandths = quantity.as_thousandths();
        units = match kind {
            Kind::Sale => units.saturating_add(thousandths),
            Kind::Return => units.saturating_sub(thousandths),
            // Nothing that a till sells.
            Kind::Receipt
            | Kind::TransferIn
            | Kind::TransferOut
            | Kind::Adjustment
            | Kind::Count
            | Kind::Tally
            | Kind::Void
            | Kind::Correction
            | Kind::Resolve
            | Kind::Restatement
            | Kind::DayClose
            | Kind::InstructionResult
            | Kind::Unknown => units,
        };
    }
    units
}
