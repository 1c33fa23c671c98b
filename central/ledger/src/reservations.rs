//! Reservations and safety stock as callers see them: what of a level is
//! promised to somebody, and what is kept back.

use tidemark_model::{Label, Quantity, Reference, Sku, StoreId};

use crate::rows::LevelRow;

/// How long a reservation may be held at most.
pub const HOLD_MILLIS: i64 = 90 * 24 * 3_600_000;

/// Until when a reservation holds, by the database's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// So many milliseconds from now.
    In(i64),
    /// At this moment, in milliseconds since 1970.
    At(i64),
}

/// What is asked to be held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReservationRequest {
    /// The identity a new one gets.
    pub id: String,
    /// The caller's own identity of the request: the same again is a retry.
    pub request: Label,
    /// The store.
    pub store: StoreId,
    /// The item.
    pub sku: Sku,
    /// How much, in base units; more than 0.
    pub quantity: Quantity,
    /// Until when.
    pub expiry: Expiry,
    /// The order it belongs to: a sale that fulfils the order releases it.
    pub order: Option<Reference>,
}

macro_rules! states {
    ($($(#[$doc:meta])* $variant:ident = $word:literal;)+) => {
        /// How a reservation stands.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ReservationState { $($(#[$doc])* $variant,)+ }

        impl ReservationState {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// As it is kept and told.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The one with this word.
            #[must_use]
            pub fn of_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

states! {
    /// It takes from what is available until it expires.
    Held = "held";
    /// It does so until it is fulfilled or released.
    Confirmed = "confirmed";
    /// A sale has fulfilled it.
    Fulfilled = "fulfilled";
    /// Its caller has given it back.
    Released = "released";
    /// Nobody confirmed it in time.
    Expired = "expired";
}

impl ReservationState {
    /// Whether it takes from what is available.
    #[must_use]
    pub const fn holds(self) -> bool {
        match self {
            Self::Held | Self::Confirmed => true,
            Self::Fulfilled | Self::Released | Self::Expired => false,
        }
    }
}

/// A reservation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReservationRow {
    /// Its identity.
    pub id: String,
    /// The caller's identity of the request.
    pub request: String,
    /// The store.
    pub store: StoreId,
    /// The item.
    pub sku: Sku,
    /// How much.
    pub quantity: Quantity,
    /// How it stands.
    pub state: ReservationState,
    /// The order it belongs to.
    pub order: Option<String>,
    /// When it was made, in milliseconds since 1970.
    pub made_at: i64,
    /// When it last changed.
    pub changed_at: i64,
    /// Until when it holds; none once it is confirmed.
    pub expires_at: Option<i64>,
}

impl ReservationRow {
    /// Whether it is what this request asks for.
    pub(crate) fn answers(&self, asked: &ReservationRequest) -> bool {
        let ReservationRequest { store, sku, quantity, order, .. } = asked;
        let same_order = self.order.as_deref() == order.as_ref().map(Reference::as_str);
        (&self.store, &self.sku, &self.quantity) == (store, sku, quantity) && same_order
    }
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// It is held now; the level as it is with it.
    Done(ReservationRow, Box<LevelRow>),
    /// It is a retry of what is there already.
    Again(ReservationRow),
    /// The identity of the request was used for something else.
    OtherRequest(ReservationRow),
    /// So much is available, which is less.
    Short(Quantity),
    /// Nobody knows how much there is: the item was never counted there.
    NotCounted,
    /// The store has never told of this item.
    NoSuchItem,
    /// Its end is over already, or too far away.
    NoSuchEnd,
}

/// What a caller does to a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReservationStep {
    /// It holds until it is fulfilled or released.
    Confirm,
    /// It is given back.
    Release,
}

impl ReservationStep {
    /// What it leads to.
    #[must_use]
    pub const fn state(self) -> ReservationState {
        match self {
            Self::Confirm => ReservationState::Confirmed,
            Self::Release => ReservationState::Released,
        }
    }
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReservationChanged {
    /// It is so now; the level, if that changed.
    Done(ReservationRow, Option<Box<LevelRow>>),
    /// There is none of this identity.
    Unknown,
    /// It is over.
    Over(ReservationRow),
}

/// Which reservations a list shows, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReservationQuery {
    /// Those of this store.
    pub store: Option<StoreId>,
    /// Those that stand so.
    pub state: Option<ReservationState>,
    /// Those below this number.
    pub below: Option<i64>,
    /// At most so many.
    pub most: u32,
}

/// How much of an item is kept back: of one store, of a region, or of all;
/// of one item, or of all. The closest rule counts, by item before place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SafetyRule {
    /// The store; all of the region without one.
    pub store: Option<StoreId>,
    /// The region; all without one.
    pub region: Option<String>,
    /// The item; all without one.
    pub sku: Option<Sku>,
    /// How much, at least 0.
    pub quantity: Quantity,
}
