//! What the shop of a run submits: every document follows from the run's seed
//! and its number, so that a log of numbers says all.

use tidemark_model::document::{Body, CountBody, CountReason, Line, SheetUse, TakenLine, Timing, TradeKind};
use tidemark_model::movement::Labels;
use tidemark_model::{
    Document, DocumentId, Item, ItemUnit, Label, Quantity, Sku, Source, StoreId, WallTime, code_spelling,
};
use tidemark_sync::message::{CatalogueCode, CatalogueEntry};

use crate::draws::Draws;

/// Items of the assortment.
const ITEMS: u64 = 60;
/// Tills that submit at once.
pub const TILLS: u64 = 6;
/// Lanes; each has a till's number space of its own.
pub const LANES: u64 = 2;
/// The number of the document that is sold after a cut.
pub const AFTERWARDS: u64 = u64::MAX;

/// The shop's id.
pub fn store() -> Option<StoreId> {
    StoreId::new("S0001").ok()
}

/// Where a document comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A till, by its number.
    Till(u64),
    /// A lane, by its number, with how many it has saved after this one.
    Lane {
        /// Which.
        lane: u64,
        /// The running number of its documents, from 1.
        count: u64,
    },
}

/// A number says where its document comes from: the upper half are lanes'.
const LANE_NUMBERS: u64 = 1 << 62;

/// The number of a lane's document, `count` from 1.
#[must_use]
pub const fn lane_number(lane: u64, count: u64) -> u64 {
    LANE_NUMBERS + count * LANES + lane
}

/// Where the document of a number comes from.
#[must_use]
pub const fn origin(number: u64) -> Origin {
    if number >= LANE_NUMBERS && number != AFTERWARDS {
        let counted = number - LANE_NUMBERS;
        return Origin::Lane { lane: counted % LANES, count: counted / LANES };
    }
    Origin::Till(number % TILLS)
}

/// A lane's name.
pub fn lane_name(lane: u64) -> Option<Label> {
    Label::new(&format!("lane-{lane}")).ok()
}

/// The number that a document's id tells.
#[must_use]
pub fn number_of(id: &DocumentId) -> Option<u64> {
    id.to_string().parse().ok()
}

/// The shop of a seed. Texts that can't be made are left out; a test makes
/// sure that there are none.
#[derive(Clone, Copy, Debug)]
pub struct Shop {
    /// The run's seed.
    pub seed: u64,
}

impl Shop {
    /// The document of a number, always the same.
    #[must_use]
    pub fn document(&self, number: u64) -> Option<Document> {
        let mut draws = Draws::new(self.seed, number);
        let (source, body) = match origin(number) {
            Origin::Till(till) => (format!("till:{till}"), body(number, till, &mut draws)?),
            Origin::Lane { lane, .. } => (format!("lane:{lane}"), trade(TradeKind::Sale, lines(&mut draws, 1))),
        };
        Some(Document {
            source: Source::new(&source).ok()?,
            id: DocumentId::new(&number.to_string()).ok()?,
            wall: WallTime(1_700_000_000_000),
            labels: Labels::default(),
            business_day_given: false,
            timing: if draws.percent(5) {
                Timing::Deferred { age_ms: Some(draws.below(60_000)) }
            } else {
                Timing::Live
            },
            sequence: None,
            body,
        })
    }

    /// A catalogue's entries, ascending; each version has some more.
    #[must_use]
    pub fn catalogue(&self, version: u64) -> Vec<CatalogueEntry> {
        let items = catalogue_items(version);
        (0..items).filter_map(entry).collect()
    }
}

/// How many items a version has.
#[must_use]
pub const fn catalogue_items(version: u64) -> u64 {
    ITEMS / 2 + version * 4
}

fn entry(number: u64) -> Option<CatalogueEntry> {
    let item = Item::new(
        Sku::new(&item_name(number)).ok()?,
        format!("item {number} as the shelf label says it"),
        ItemUnit::Each,
    );
    let code = code_spelling(&format!("COMPANY-{number}"))?;
    let units_per_scan = Quantity::units(i64::try_from(number % 5).ok()? + 1)?;
    Some(CatalogueEntry { item, codes: vec![CatalogueCode { code, units_per_scan }] })
}

fn item_name(number: u64) -> String {
    format!("item-{number:04}")
}

/// Mostly sales; of the others what writes elsewhere: counts, voids, long
/// deliveries.
fn body(number: u64, till: u64, draws: &mut Draws) -> Option<Body> {
    Some(match draws.below(100) {
        0..=3 => {
            let lines = lines(draws, 8);
            Body::Count(CountBody {
                reason: CountReason::Count,
                full: false,
                last: false,
                sells: true,
                sheet: SheetUse::Whole,
                lines,
            })
        }
        4..=9 if number >= TILLS => {
            // One of the same till's, often enough a recent one.
            let back = TILLS * (draws.below(12) + 1);
            let of = number.checked_sub(back).unwrap_or(number % TILLS);
            let source = Source::new(&format!("till:{till}")).ok()?;
            Body::Void { source, id: DocumentId::new(&of.to_string()).ok()? }
        }
        10..=14 => trade(TradeKind::Return, lines(draws, 3)),
        15..=18 => trade(TradeKind::Receipt, lines(draws, 40)),
        19 => trade(TradeKind::Receipt, lines(draws, 400)),
        20..=23 => trade(TradeKind::Adjustment, lines(draws, 2)),
        _ => trade(TradeKind::Sale, lines(draws, 6)),
    })
}

const fn trade(kind: TradeKind, lines: Vec<Line>) -> Body {
    Body::Trade { kind, last: false, lines }
}

/// Up to so many lines, at least one; some by a code, some unheard of.
fn lines(draws: &mut Draws, most: u64) -> Vec<Line> {
    let count = draws.below(most) + 1;
    let line = |_| {
        let number = draws.below(ITEMS);
        let item = if draws.percent(10) { format!("COMPANY-{number}") } else { item_name(number) };
        let quantity = i64::try_from(draws.below(9)).ok()? + 1;
        Some(Line::Taken(TakenLine::plain(Sku::new(&item).ok()?, Quantity::units(quantity)?)))
    };
    (0..count).filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_a_document_and_the_same_each_time() {
        let shop = Shop { seed: 3 };
        for number in (0..2_000).chain((1..50).map(|count| lane_number(1, count))).chain([AFTERWARDS]) {
            let document = shop.document(number).expect("a document");
            assert_eq!(Some(&document), shop.document(number).as_ref());
            assert_eq!(number_of(&document.id), Some(number));
        }
    }

    #[test]
    fn a_lane_counts_its_documents() {
        assert_eq!(origin(lane_number(1, 7)), Origin::Lane { lane: 1, count: 7 });
        assert_eq!(origin(13), Origin::Till(1));
        assert_eq!(origin(AFTERWARDS), Origin::Till(AFTERWARDS % TILLS));
    }

    #[test]
    fn a_catalogue_is_whole_and_ascending() {
        let entries = Shop { seed: 3 }.catalogue(4);
        assert_eq!(u64::try_from(entries.len()), Ok(catalogue_items(4)));
        assert!(entries.is_sorted_by_key(|entry| entry.item.sku.clone()));
    }
}
