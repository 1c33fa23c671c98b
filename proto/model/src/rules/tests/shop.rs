//! A shop for tests: books in memory, a journal position and an odometer.

use crate::books::{Books, Stock};
use crate::catalogue::{Item, ItemUnit, Lookup};
use crate::document::{Body, CountBody, CountReason, Document, Line, SheetUse, TakenLine, Timing, TradeKind};
use crate::draft::Draft;
use crate::key::DocumentKey;
use crate::memory::MemoryBooks;
use crate::movement::{Labels, Movement};
use crate::outcome::{Outcome, Stamp};
use crate::position::{Epoch, Odometer, Position, WallTime};
use crate::quantity::Quantity;
use crate::rules::decide;
use crate::text::{Code, DocumentId, Label, Reference, Sku, Source};

pub(crate) struct Shop {
    pub(crate) epoch: Epoch,
    pub(crate) books: MemoryBooks,
    pub(crate) movements: Vec<Movement>,
    pub(crate) now: u64,
    pub(crate) boot: u64,
}

pub(crate) fn sku(text: &str) -> Sku {
    Sku::new(text).unwrap()
}

pub(crate) fn units(value: i64) -> Quantity {
    Quantity::units(value).unwrap()
}

pub(crate) fn line(item: &str, quantity: i64) -> TakenLine {
    TakenLine::plain(sku(item), units(quantity))
}

pub(crate) fn document(id: &str, body: Body) -> Document {
    Document {
        source: Source::new("till:1").unwrap(),
        id: DocumentId::new(id).unwrap(),
        wall: WallTime(0),
        labels: Labels::default(),
        business_day_given: false,
        timing: Timing::Live,
        sequence: None,
        body,
    }
}

pub(crate) fn trade(id: &str, kind: TradeKind, lines: Vec<TakenLine>) -> Document {
    let lines = lines.into_iter().map(Line::Taken).collect();
    document(id, Body::Trade { kind, last: false, lines })
}

pub(crate) fn aged(document: Document, age_ms: u64) -> Document {
    Document { timing: Timing::Deferred { age_ms: Some(age_ms) }, ..document }
}

pub(crate) fn sale(id: &str, item: &str, quantity: i64) -> Document {
    trade(id, TradeKind::Sale, vec![line(item, quantity)])
}

pub(crate) fn void(id: &str, of: &str) -> Document {
    document(id, Body::Void { source: Source::new("till:1").unwrap(), id: DocumentId::new(of).unwrap() })
}

pub(crate) fn count(id: &str, lines: Vec<TakenLine>) -> Document {
    document(id, Body::Count(count_body(lines)))
}

pub(crate) fn count_body(lines: Vec<TakenLine>) -> CountBody {
    let lines = lines.into_iter().map(Line::Taken).collect();
    CountBody { reason: CountReason::Count, full: false, last: false, sells: false, sheet: SheetUse::Whole, lines }
}

pub(crate) fn zone_count(id: &str, zone: &str, sells: bool, last: bool, lines: Vec<TakenLine>) -> Document {
    let mut document = document(id, Body::Count(CountBody { sells, last, ..count_body(lines) }));
    document.labels.zone = Some(Label::new(zone).unwrap());
    document.labels.reference = Some(Reference::new("inventory-1").unwrap());
    document
}

impl Shop {
    /// A shop that knows `apple` and `pear` by the piece, `rope` by length,
    /// a `bag` without stock, a `kit` of two apples and a pear, and a case of
    /// 12 apples by its code.
    pub(crate) fn open() -> Self {
        let mut books = MemoryBooks::new();
        let item = |name: &str, unit, tracked| Item { tracked, ..Item::new(sku(name), name.to_owned(), unit) };
        books.learn_item(item("apple", ItemUnit::Each, true));
        books.learn_item(item("pear", ItemUnit::Each, true));
        books.learn_item(item("rope", ItemUnit::Measure, true));
        books.learn_item(item("bag", ItemUnit::Each, false));
        let part = |name, quantity| crate::catalogue::KitPart { sku: sku(name), quantity: units(quantity) };
        let kit = Item { parts: vec![part("apple", 2), part("pear", 1)], ..item("kit", ItemUnit::Each, true) };
        books.learn_item(kit);
        let code = |text| crate::code_spelling(text).unwrap();
        books.learn_code(code("4006381333931"), sku("apple"), Quantity::ONE);
        books.learn_code(code("14006381333938"), sku("apple"), units(12));
        Self { epoch: Epoch(7), books, movements: Vec::new(), now: 1_000_000, boot: 500_000 }
    }

    /// Such a shop in an epoch that was just born.
    pub(crate) fn born(epoch: u64) -> Self {
        let birth = Odometer::BIRTH.0;
        Self { epoch: Epoch(epoch), now: birth + 1_000_000, boot: birth + 500_000, ..Self::open() }
    }

    pub(crate) fn stamp(&self) -> Stamp {
        Stamp {
            next: Position { epoch: self.epoch, seq: self.movements.len() as u64 + 1 },
            odometer: Odometer(self.now),
            arrived: Odometer(self.now),
            boot: Odometer(self.boot),
            wall: WallTime(0),
        }
    }

    /// Submits a document; every millisecond has one document at most.
    pub(crate) fn submit(&mut self, document: &Document) -> Outcome {
        self.now += 1;
        let stamp = self.stamp();
        let mut draft = Draft::over(&self.books);
        let Ok(outcome) = decide(&mut draft, document, &stamp);
        let changes: Vec<_> = draft.into_changes().collect();
        self.books.commit(changes);
        self.movements.extend(outcome.movements.clone());
        outcome
    }

    pub(crate) fn lookup(&self, item: &str) -> Lookup {
        let Ok(lookup) = self.books.lookup(item);
        lookup
    }

    /// Whether a document of this identity is held.
    pub(crate) fn knows(&self, document: &Document) -> bool {
        let Ok(held) = self.books.document(DocumentKey::of(&document.source, &document.id));
        held.is_some_and(|record| !record.entries.is_empty())
    }

    pub(crate) fn stock(&self, item: &str) -> Stock {
        let Ok(stock) = self.books.stock(&sku(item));
        stock.unwrap_or(Stock::FRESH)
    }

    pub(crate) fn on_hand(&self, item: &str) -> i64 {
        let thousandths = self.stock(item).on_hand.as_thousandths();
        assert_eq!(thousandths % 1_000, 0, "whole units in tests");
        thousandths / 1_000
    }

    /// Σ effect of an item over all movements.
    pub(crate) fn effect_sum(&self, item: &str) -> i64 {
        let of_item = self.movements.iter().filter(|movement| movement.sku.as_ref() == Some(&sku(item)));
        of_item.map(|movement| movement.effect.as_thousandths()).sum()
    }

    pub(crate) fn learn(&mut self, code: &str, item: &str, per_scan: i64) {
        self.books.learn_code(crate::code_spelling(code).unwrap(), sku(item), units(per_scan));
    }

    pub(crate) fn resolve(&mut self, id: &str, code: &str, item: &str, per_scan: i64) -> Outcome {
        let code: Code = crate::code_spelling(code).unwrap();
        self.submit(&document(id, Body::Resolve { code, sku: sku(item), units_per_scan: units(per_scan) }))
    }
}
