//! What the rules say of one movement to be, and what became of it.

use crate::books::{ClosedCount, Suspended, Target};
use crate::document::Body;
use crate::kind::{Basis, Disposition, Kind, Marks, ParkReason};
use crate::movement::{About, LineLabels, Parked};
use crate::position::{Odometer, Seq};
use crate::quantity::Quantity;
use crate::text::{Code, Label, Reference, Sku};

/// One movement to be: what the rules say of it, before stock is touched.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) sku: Option<Sku>,
    pub(super) code: Option<Code>,
    pub(super) quantity: Quantity,
    pub(super) units_per_scan: Quantity,
    pub(super) reason: Option<Label>,
    pub(super) disposition: Option<Disposition>,
    pub(super) line: LineLabels,
    pub(super) about: Option<About>,
    pub(super) happened: Option<Odometer>,
    pub(super) marks: Marks,
    pub(super) parked: Option<Parked>,
    pub(super) documents: Option<u64>,
    pub(super) wish: Wish,
}

/// What a movement is to change.
#[derive(Clone)]
pub(super) enum Wish {
    /// Nothing.
    Nothing,
    /// Nothing yet: it is on the sheet of the count of this name.
    Tally { counted: Quantity, reference: Reference },
    /// The SKU's on-hand by `now`; `stands` is what stands in the item's
    /// history.
    Effect { now: Quantity, stands: Vec<Stand>, trade: bool },
    /// The SKU's on-hand by `now`, as a count of an older epoch changed it: it
    /// stands on a count from here on.
    Counted { now: Quantity },
    /// The SKU's on-hand becomes this, as counted.
    Becomes { on_hand: Quantity, closed: ClosedCount },
    /// The code's suspense by so much.
    Suspense { amount: Suspended, trade: bool, unsure: bool },
}

/// What stands in an item's history.
#[derive(Clone, Copy)]
pub(super) struct Stand {
    /// When it happened.
    pub(super) happened: Odometer,
    /// The effect it had or would have had, had no count seen it.
    pub(super) effect: Quantity,
    /// Whether `happened` is only the latest it can be.
    pub(super) unsure: bool,
}

impl Entry {
    /// A movement of a kind that changes nothing.
    pub(super) const fn of(kind: Kind) -> Self {
        Self {
            kind,
            sku: None,
            code: None,
            quantity: Quantity::ZERO,
            units_per_scan: Quantity::ONE,
            reason: None,
            disposition: None,
            line: LineLabels { lot: None, expiry: None, serial: None },
            about: None,
            happened: None,
            marks: Marks::NONE,
            parked: None,
            documents: None,
            wish: Wish::Nothing,
        }
    }
}

/// What a movement did, after stock was touched.
pub(super) struct Done {
    pub(super) effect: Quantity,
    pub(super) on_hand_after: Option<Quantity>,
    pub(super) basis: Basis,
    pub(super) previous: Seq,
    pub(super) parked: Option<Parked>,
    pub(super) target: Target,
    pub(super) trade: bool,
}

impl Done {
    pub(super) const NOTHING: Self = Self {
        effect: Quantity::ZERO,
        on_hand_after: None,
        basis: Basis::None,
        previous: 0,
        parked: None,
        target: Target::Nothing,
        trade: false,
    };
}

pub(super) fn overflow() -> Done {
    let parked = Parked {
        reason: ParkReason::Overflow,
        detail: "on-hand would leave the range of 64 bits; look for a mistyped quantity".to_owned(),
        raw: String::new(),
    };
    Done { parked: Some(parked), ..Done::NOTHING }
}

pub(super) fn kind_of(body: &Body) -> Kind {
    match body {
        Body::Trade { kind, .. } => kind.kind(),
        Body::Count(_) => Kind::Count,
        Body::Void { .. } => Kind::Void,
        Body::DayClose { .. } => Kind::DayClose,
        Body::Correction { .. } => Kind::Correction,
        Body::Resolve { .. } => Kind::Resolve,
        Body::Restatement { .. } => Kind::Restatement,
        Body::InstructionResult { .. } => Kind::InstructionResult,
        Body::Late(late) => super::late::kind(late),
        Body::Unreadable(_) => Kind::Unknown,
    }
}
