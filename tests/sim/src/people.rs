//! The people of the shop: papers as tills, handhelds and counters make them,
//! and the documents the box is handed.

use std::collections::BTreeMap;

use tidemark_model::catalogue::KitPart;
use tidemark_model::document::{
    Body, CountBody, CountReason, Line, ParkedLine, SheetUse, TakenLine, Timing, TradeKind,
};
use tidemark_model::movement::Labels;
use tidemark_model::{
    Code, Document, DocumentId, Epoch, Item, ItemUnit, Kind, Label, MemoryBooks, Movement, ParkReason, Quantity, Sku,
    Source, WallTime,
};

use crate::shop::BoxNo;

/// Which paper.
pub(crate) type PaperId = usize;

/// Who waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Whoever holds the paper.
    Paper(PaperId),
    /// The box itself: a code was learnt.
    Errand,
    /// The box itself, for head office.
    Instruction(String),
}

/// Where goods lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Zone {
    /// Where they are sold from.
    Floor,
    /// Everything else.
    Back,
}

/// What one line does on the shelf, in thousandths.
#[derive(Clone, Debug)]
pub(crate) struct Moved {
    pub(crate) sku: Sku,
    pub(crate) zone: Zone,
    pub(crate) amount: i64,
    /// And so many thousandths of a case, whatever that holds.
    pub(crate) cases: i64,
}

/// What was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) epoch: Epoch,
    pub(crate) first: u64,
    pub(crate) lines: u32,
}

/// One paper: a document somebody has to hand in.
#[derive(Clone, Debug)]
pub(crate) struct Paper {
    pub(crate) source: Source,
    pub(crate) id: DocumentId,
    pub(crate) content: Content,
    /// What it does on the shelf once it happens; nothing if it is voided, or
    /// uses an id again.
    pub(crate) moves: Vec<Moved>,
    pub(crate) made_at: u64,
    /// Since when its things have happened.
    pub(crate) happened_at: Option<u64>,
    /// Whether it is sent as deferred, with its age.
    pub(crate) deferred: bool,
    pub(crate) answer: Option<Answer>,
    /// What was ever answered by a box, of an epoch.
    pub(crate) answers: BTreeMap<(BoxNo, Epoch), Answer>,
    /// Whom it is handed to, while that is in use.
    pub(crate) of: Option<BoxNo>,
    /// Another paper under the same id that has to be answered before.
    pub(crate) after: Option<PaperId>,
    pub(crate) tries: u32,
}

/// What stands on a paper.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Trade { kind: TradeKind, lines: Vec<Line> },
    Void { source: Source, id: DocumentId },
    Count(Sheet),
    DayClose,
    Garbage,
}

/// A sheet of a count.
#[derive(Clone, Debug)]
pub(crate) struct Sheet {
    /// Name of the count and zone; none for a count of one zone.
    pub(crate) of: Option<(String, Zone, String)>,
    pub(crate) last: bool,
    /// Item, how much, and when it was scanned.
    pub(crate) counted: Vec<(Sku, i64, u64)>,
}

impl Paper {
    /// What the box is handed at `now`.
    pub(crate) fn document(&self, now: u64, wall: WallTime, at_arrival: bool) -> Document {
        let timing = match self.happened_at.filter(|_| self.deferred) {
            Some(at) => Timing::Deferred { age_ms: Some(now.saturating_sub(at)) },
            None => Timing::Live,
        };
        let mut labels = Labels::default();
        let body = match &self.content {
            Content::Trade { kind, lines } => Body::Trade { kind: *kind, last: false, lines: lines.clone() },
            Content::Void { source, id } => Body::Void { source: source.clone(), id: id.clone() },
            Content::Count(sheet) => {
                let line = |(sku, amount, at): &(Sku, i64, u64)| {
                    let age_ms = Some(now.saturating_sub(*at)).filter(|_| !at_arrival);
                    Line::Taken(TakenLine { age_ms, ..TakenLine::plain(sku.clone(), Quantity::thousandths(*amount)) })
                };
                if let Some((name, zone, counter)) = &sheet.of {
                    labels.reference = name.parse_into();
                    labels.zone = Label::new(if *zone == Zone::Floor { "floor" } else { "back" }).ok();
                    labels.counter = Label::new(counter).ok();
                }
                let sells = sheet.of.as_ref().is_none_or(|(_, zone, _)| *zone == Zone::Floor);
                let lines = sheet.counted.iter().map(line).collect();
                let (reason, last) = (CountReason::Count, sheet.last);
                Body::Count(CountBody { reason, full: false, last, sells, sheet: SheetUse::Whole, lines })
            }
            Content::DayClose => Body::DayClose { documents: Some(1), units: None },
            Content::Garbage => Body::Unreadable(garbage()),
        };
        let (source, id) = (self.source.clone(), self.id.clone());
        let timing = if matches!(body, Body::Count(_)) { Timing::Live } else { timing };
        Document { source, id, wall, labels, business_day_given: false, timing, sequence: None, body }
    }
}

/// When the people began to count an item, on whichever sheet of the count that
/// a movement closes.
pub(crate) fn count_began(papers: &[Paper], movement: &Movement) -> Option<u64> {
    if movement.kind != Kind::Count {
        return None;
    }
    let of_document = |paper: &&Paper| paper.id == movement.document.id && paper.source == movement.document.source;
    let Content::Count(closing) = &papers.iter().find(of_document)?.content else { return None };
    let name = |sheet: &Sheet| sheet.of.as_ref().map(|(name, ..)| name.clone());
    let of_count = |paper: &Paper| match &paper.content {
        Content::Count(sheet) if closing.of.is_some() && name(sheet) == name(closing) => Some(sheet.counted.clone()),
        Content::Count(_) | Content::Trade { .. } | Content::Void { .. } | Content::DayClose | Content::Garbage => None,
    };
    let lines = papers.iter().filter_map(of_count).flatten().chain(closing.counted.clone());
    lines.filter(|(sku, ..)| Some(sku) == movement.sku.as_ref()).map(|(.., at)| at).min()
}

trait ParseInto<T> {
    fn parse_into(&self) -> Option<T>;
}

impl ParseInto<tidemark_model::Reference> for String {
    fn parse_into(&self) -> Option<tidemark_model::Reference> {
        tidemark_model::Reference::new(self).ok()
    }
}

pub(crate) fn garbage() -> ParkedLine {
    let (detail, raw) = ("nobody can understand it".to_owned(), "\u{fffd}?".to_owned());
    ParkedLine { reason: ParkReason::Undecodable, detail, raw }
}

/// What can be scanned, and what one scan of it moves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Article {
    /// A SKU or a code.
    pub(crate) given: &'static str,
    /// Item and thousandths of its unit, a part each.
    pub(crate) parts: &'static [(&'static str, i64)],
    /// The box is told of it only in the course of time.
    pub(crate) late: bool,
}

/// The article of which a scan does not always move the same.
pub(crate) const CASE: &str = "bread-case";

/// The items that lie on the shelf.
pub(crate) const ITEMS: [&str; 5] = ["apples", "bread", "cola", "dates", "eggs"];

/// Everything that can be scanned.
pub(crate) const ARTICLES: [Article; 10] = [
    Article { given: "apples", parts: &[("apples", 1_000)], late: false },
    Article { given: "bread", parts: &[("bread", 1_000)], late: false },
    Article { given: "cola", parts: &[("cola", 1_000)], late: false },
    Article { given: "dates", parts: &[("dates", 1_000)], late: false },
    Article { given: "eggs", parts: &[("eggs", 1_000)], late: false },
    Article { given: CASE, parts: &[("bread", 6_000)], late: false },
    Article { given: "cola-crate", parts: &[("cola", 24_000)], late: true },
    Article { given: "eggs-tray", parts: &[("eggs", 30_000)], late: true },
    Article { given: "hamper", parts: &[("bread", 1_000), ("cola", 2_000)], late: false },
    Article { given: "bag", parts: &[], late: false },
];

fn sku(text: &str) -> Option<Sku> {
    Sku::new(text).ok()
}

/// The books of a box that has its catalogue, but for what it learns later.
pub(crate) fn first_books(knows_all: bool) -> MemoryBooks {
    let mut books = MemoryBooks::new();
    for given in ITEMS {
        let unit = if given == "apples" { ItemUnit::Measure } else { ItemUnit::Each };
        learn_item(&mut books, given, unit, true, Vec::new());
    }
    learn_item(&mut books, "bag", ItemUnit::Each, false, Vec::new());
    let part = |(of, amount): &(&str, i64)| Some(KitPart { sku: sku(of)?, quantity: Quantity::thousandths(*amount) });
    let parts = [("bread", 1_000), ("cola", 2_000)].iter().filter_map(part).collect();
    learn_item(&mut books, "hamper", ItemUnit::Each, true, parts);
    for article in &ARTICLES {
        if !article.late || knows_all {
            learn(&mut books, article);
        }
    }
    books
}

fn learn_item(books: &mut MemoryBooks, given: &str, unit: ItemUnit, tracked: bool, parts: Vec<KitPart>) {
    if let Some(sku) = sku(given) {
        books.learn_item(Item { tracked, parts, ..Item::new(sku, given.to_owned(), unit) });
    }
}

/// The box is told what a case holds.
pub(crate) fn learn_case(books: &mut MemoryBooks, units: i64) {
    if let (Ok(code), Some(of)) = (Code::new(CASE), sku("bread")) {
        books.learn_code(code, of, Quantity::thousandths(units * 1_000));
    }
}

/// The box is told what a code means.
pub(crate) fn learn(books: &mut MemoryBooks, article: &Article) {
    let [(of, amount)] = article.parts else { return };
    if *of != article.given
        && let (Ok(code), Some(of)) = (Code::new(article.given), sku(of))
    {
        books.learn_code(code, of, Quantity::thousandths(*amount));
    }
}
