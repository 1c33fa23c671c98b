//! What a batch says of items that should be counted again, and of tills'
//! days.

use std::collections::BTreeMap;

use tidemark_model::resolving::BOX_SOURCE;
use tidemark_model::{Kind, Label, Marks, Movement, Quantity, Sku, Source, StoreId};

use super::{CENTRE_SOURCE, Place, StockFacts};

/// The highest places, by store and item.
pub type Places = BTreeMap<(StoreId, Sku), Place>;

/// What sources of a box's own lanes begin with: no till closes their day.
pub(super) const LANE_PREFIX: &str = "lane:";

/// Whose day, and which.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TillDayOf {
    /// The store.
    pub store: StoreId,
    /// The business day.
    pub day: Label,
    /// The till.
    pub source: Source,
}

/// What a batch adds to a till's day.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TillDay {
    /// Documents that are new.
    pub documents: u64,
    /// Whether one of them sells or takes back.
    pub traded: bool,
    /// The till's close, the highest.
    pub close: Option<DayClose>,
}

/// What a till counted when it closed its day.
#[derive(Clone, Debug, PartialEq)]
pub struct DayClose {
    /// Where the close stands.
    pub at: Place,
    /// Documents, if it told.
    pub documents: Option<u64>,
    /// Units.
    pub units: Quantity,
}

impl StockFacts {
    /// Notes what a movement says of its till's day, parked or not.
    pub(super) fn note_day(&mut self, store: &StoreId, at: Place, movement: &Movement) {
        let source = &movement.document.source;
        let own = [CENTRE_SOURCE, BOX_SOURCE].contains(&source.as_str()) || source.as_str().starts_with(LANE_PREFIX);
        let Some(day) = movement.labels.business_day.as_ref().filter(|_| !own && movement.document.ordinal == 1) else {
            return;
        };
        // An older epoch holds it, where it was noted.
        if movement.marks.has(Marks::HELD) {
            return;
        }
        let of = TillDayOf { store: store.clone(), day: day.clone(), source: source.clone() };
        let noted = self.days.entry(of).or_default();
        if movement.kind == Kind::DayClose {
            let close = DayClose { at, documents: movement.documents, units: movement.quantity };
            if noted.close.as_ref().is_none_or(|held| held.at < at) {
                noted.close = Some(close);
            }
        } else {
            noted.documents += 1;
            noted.traded |= matches!(movement.kind, Kind::Sale | Kind::Return);
        }
    }

    /// Notes that an item was counted, or should be counted again.
    pub(super) fn note_count(&mut self, store: &StoreId, at: Place, movement: &Movement) {
        let Some(sku) = &movement.sku else { return };
        let mut noted = [
            (movement.kind == Kind::Count, &mut self.counted),
            (movement.marks.has(Marks::RECOUNT), &mut self.recounts),
        ];
        for (_, places) in noted.iter_mut().filter(|(noted, _)| *noted) {
            let place = places.entry((store.clone(), sku.clone())).or_insert(at);
            *place = at.max(*place);
        }
    }
}
