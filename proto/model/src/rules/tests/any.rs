//! Documents of every kind, for the properties.

use proptest::prelude::*;
use proptest::sample::select;

use super::shop::*;
use crate::catalogue::Lookup;
use crate::document::{
    Body, CountBody, Document, Line, ParkedLine, SheetUse, SkuChange, TakenLine, Timing, TradeKind, Unit,
};
use crate::gtin::code_spelling;
use crate::kind::{Disposition, ParkReason};
use crate::movement::About;
use crate::position::{Epoch, Position};
use crate::quantity::Quantity;
use crate::text::{Label, Reference};

pub(crate) const KINDS: [TradeKind; 6] = [
    TradeKind::Sale,
    TradeKind::Return,
    TradeKind::Receipt,
    TradeKind::TransferIn,
    TradeKind::TransferOut,
    TradeKind::Adjustment,
];

/// Every item that the test shop knows, and some that it does not.
const ITEMS: [&str; 10] =
    ["apple", "pear", "4006381333931", "14006381333938", "96385074", "rope", "bag", "kit", "plum", "unheard of"];

/// A code that nobody knows yet.
pub(crate) const UNKNOWN: &str = "96385074";

/// A plain line of one of these items, in whole units.
pub(crate) fn line_of(items: &'static [&'static str]) -> impl Strategy<Value = TakenLine> {
    (select(items), -20_i64..20).prop_map(|(item, quantity)| line(item, quantity))
}

/// A document of trade with plain lines of these items.
pub(crate) fn trade_of(items: &'static [&'static str]) -> impl Strategy<Value = (TradeKind, Vec<TakenLine>)> {
    (select(&KINDS[..]), prop::collection::vec(line_of(items), 1..4))
}

fn any_quantity() -> impl Strategy<Value = Quantity> {
    prop_oneof![
        8 => (-20_i64..20).prop_map(units),
        2 => (-5_000_i64..5_000).prop_map(Quantity::thousandths),
        1 => select(&[i64::MIN, i64::MIN / 2, i64::MAX / 2, i64::MAX][..]).prop_map(Quantity::thousandths),
    ]
}

fn any_unit() -> impl Strategy<Value = Unit> {
    let pack = |code: &str| Unit::Pack(code_spelling(code).unwrap());
    prop_oneof![
        8 => Just(Unit::AsGiven),
        1 => Just(Unit::Base),
        1 => Just(Unit::Sku),
        1 => Just(pack("14006381333938")),
        1 => Just(pack(UNKNOWN)),
    ]
}

prop_compose! {
    fn any_taken()(
        item in select(&ITEMS[..]), quantity in any_quantity(), unit in any_unit(),
        kind in prop::option::weighted(0.2, select(&[TradeKind::Sale, TradeKind::Return][..])),
        disposition in prop::option::weighted(0.2, select(&[Disposition::Shelf, Disposition::Waste][..])),
        age_ms in prop::option::weighted(0.2, 0_u64..900_000), estimated in any::<bool>(),
    ) -> TakenLine {
        TakenLine { kind, unit, disposition, age_ms, estimated, ..TakenLine::plain(sku(item), quantity) }
    }
}

fn parked_line() -> ParkedLine {
    let detail = "no number".to_owned();
    ParkedLine { reason: ParkReason::QuantityUnreadable, detail, raw: "{}".to_owned() }
}

fn any_lines() -> impl Strategy<Value = Vec<Line>> {
    let line = prop_oneof![9 => any_taken().prop_map(Line::Taken), 1 => Just(Line::Parked(parked_line()))];
    prop::collection::vec(line, 0..4)
}

fn any_changes() -> impl Strategy<Value = Vec<SkuChange>> {
    let change = (select(&["apple", "pear", "rope", "plum"][..]), any_quantity());
    prop::collection::vec(change.prop_map(|(item, change)| SkuChange { sku: sku(item), change }), 0..3)
}

fn any_count() -> impl Strategy<Value = Body> {
    let sheet = select(&[SheetUse::Whole, SheetUse::Adds, SheetUse::Anew][..]);
    (any_lines(), any::<bool>(), any::<bool>(), any::<bool>(), sheet).prop_map(|(lines, full, last, sells, sheet)| {
        Body::Count(CountBody { full, last, sells, sheet, lines, ..count_body(vec![]) })
    })
}

fn any_resolve() -> impl Strategy<Value = Body> {
    let units = select(&[500_i64, 1_000, 6_000][..]).prop_map(Quantity::thousandths);
    (select(&["pear", "rope", "bag", "kit", "plum"][..]), units).prop_map(|(item, units_per_scan)| Body::Resolve {
        code: code_spelling(UNKNOWN).unwrap(),
        sku: sku(item),
        units_per_scan,
    })
}

fn any_body() -> impl Strategy<Value = Body> {
    let about = About::Position(Position { epoch: Epoch(3), seq: 9 });
    let of_correction = about.clone();
    prop_oneof![
        8 => (select(&KINDS[..]), any::<bool>(), any_lines())
            .prop_map(|(kind, last, lines)| Body::Trade { kind, last, lines }),
        3 => (0_u32..30).prop_map(|of| void("x", &of.to_string()).body),
        3 => any_count(),
        1 => any_resolve(),
        1 => any_changes().prop_map(move |lines| Body::Correction { about: of_correction.clone(), lines }),
        1 => any_changes().prop_map(move |lines| Body::Restatement { about: about.clone(), lines }),
        1 => any_quantity().prop_map(|units| Body::DayClose { documents: Some(3), units: Some(units) }),
        1 => Just(Body::InstructionResult { instruction: Label::new("i-1").unwrap(), refused: false }),
        1 => Just(Body::Unreadable(parked_line())),
    ]
}

fn any_timing() -> impl Strategy<Value = Timing> {
    prop_oneof![
        4 => Just(Timing::Live),
        1 => (0_u64..900_000).prop_map(|age| Timing::Deferred { age_ms: Some(age) }),
        1 => Just(Timing::Deferred { age_ms: None }),
    ]
}

/// Documents of every kind. The first of an id is numbered by its place, so
/// that voids find some; some ids come again with other content.
pub(crate) fn documents() -> impl Strategy<Value = Vec<Document>> {
    let count =
        prop::option::weighted(0.6, (select(&["floor", "attic"][..]), select(&["inventory-1", "inventory-2"][..])));
    let one = (any_body(), any_timing(), count, prop::option::weighted(0.1, 0_usize..30));
    prop::collection::vec(one, 1..30).prop_map(|all| {
        let numbered = all.into_iter().enumerate();
        let made = numbered.map(|(place, (body, timing, named, again))| {
            let id = again.unwrap_or(place).to_string();
            let mut document = Document { timing, ..document(&id, body) };
            if let (Body::Count(_), Some((zone, reference))) = (&document.body, named) {
                document.labels.zone = Some(Label::new(zone).unwrap());
                document.labels.reference = Some(Reference::new(reference).unwrap());
            }
            document
        });
        made.collect()
    })
}

/// Whether the test shop keeps stock of what is listed under a SKU.
pub(crate) fn is_tracked(shop: &Shop, item: &str) -> bool {
    match shop.lookup(item) {
        Lookup::Sku(item) => item.tracked,
        Lookup::Code { .. } | Lookup::Unknown => true,
    }
}
