//! Shops that trade at random, with a box each, and a plain account of where
//! the goods are.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use tidemark_model::books::Books as _;
use tidemark_model::document::{Body, CountBody, CountReason, Document, Line, SheetUse, TakenLine, Timing, TradeKind};
use tidemark_model::movement::Labels;
use tidemark_model::{
    Code, DocumentId, Draft, Epoch, EpochOrdinal, Item, ItemUnit, MemoryBooks, Odometer, Position, Quantity, Reference,
    Seq, Sku, Source, Stamp, StoreId, WallTime, code_spelling, decide,
};
use tidemark_wire::encode_movement;

use super::repairs::Wrong;
use crate::apply::{ApplyRecord, Content, Place, Transit, reference_of};

const ITEMS: [&str; 3] = ["apple", "rope", "soap"];
/// A pack of six apples, which every box knows.
const SIX: &str = "4006381333931";
/// A pack of four ropes, which no box knows at first.
const FOUR: &str = "96385074";
/// The shop that never learns it, and never moves it between shops.
const UNTAUGHT: usize = 2;
/// The epoch of all boxes.
pub(super) const EPOCH: Epoch = Epoch(9);
/// Steps of one history.
const STEPS: usize = 40;

/// A generator of the splitmix kind: a seed, a history.
#[derive(Debug)]
pub(super) struct Random(pub(super) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below another, which is not 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    fn units(&mut self) -> i64 {
        1 + i64::try_from(self.below(5)).unwrap()
    }

    fn one_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }
}

/// A shop with its box.
#[derive(Debug)]
pub(super) struct Branch {
    store: StoreId,
    books: MemoryBooks,
    pub(super) next: u64,
    shelf: BTreeMap<Sku, i64>,
    /// What transfers brought less what they took.
    net: BTreeMap<Sku, i64>,
    knows_four: bool,
    /// Documents that were typed by mistake: nothing moved.
    mistakes: Vec<DocumentId>,
    /// What happened at a handheld that is out of reach: the document, and
    /// the odometer.
    kept_back: Vec<(Document, u64)>,
    /// What head office has to put right.
    pub(super) wrong: Vec<Wrong>,
}

/// What happened, what was told of it, and where the goods are.
#[derive(Debug)]
pub(super) struct History {
    pub(super) records: Vec<ApplyRecord>,
    pub(super) branches: Vec<Branch>,
    vans: Transit,
    references: BTreeSet<String>,
    pub(super) odometer: u64,
    documents: u64,
    name: u64,
    /// The positions of sales that fulfil an order, with its item.
    pub(super) fulfilling: BTreeMap<(StoreId, Seq), (String, Sku)>,
}

/// One line: the item as given, what it is, and its base units.
pub(super) struct Goods {
    pub(super) given: &'static str,
    pub(super) sku: Sku,
    pub(super) quantity: i64,
    pub(super) units: i64,
}

fn sku(text: &str) -> Sku {
    Sku::new(text).unwrap()
}

fn four() -> Code {
    code_spelling(FOUR).unwrap()
}

fn branch(name: &str) -> Branch {
    let mut books = MemoryBooks::new();
    for name in ITEMS {
        let unit = ItemUnit::Each;
        books.learn_item(Item::new(sku(name), name.into(), unit));
    }
    books.learn_code(code_spelling(SIX).unwrap(), sku("apple"), Quantity::units(6).unwrap());
    let (shelf, net) = (BTreeMap::new(), BTreeMap::new());
    let (mistakes, kept_back, wrong) = (Vec::new(), Vec::new(), Vec::new());
    let store = StoreId::new(name).unwrap();
    Branch { store, books, next: 1, shelf, net, knows_four: false, mistakes, kept_back, wrong }
}

impl History {
    pub(super) fn of(random: &mut Random) -> Self {
        Self::among(random, 0)
    }

    /// A history whose shops and transfers no other number has.
    pub(super) fn among(random: &mut Random, name: u64) -> Self {
        let branches = ["A", "B", "C"].map(|shop| branch(&format!("{shop}{name}"))).into();
        let (records, vans, references) = (Vec::new(), Transit::new(), BTreeSet::new());
        let fulfilling = BTreeMap::new();
        let mut history = Self { records, branches, vans, references, odometer: 0, documents: 0, name, fulfilling };
        for at in 0..history.branches.len() {
            history.counts(random, at, CountReason::Opening);
        }
        for _ in 0..STEPS {
            history.odometer += 1_000;
            let at = random.below(history.branches.len());
            history.step(random, at);
        }
        for at in 0..history.branches.len() {
            history.comes_back(at);
            while history.takes_back(at) {}
            while history.repairs(at) {}
            history.learns(at);
        }
        history
    }

    fn step(&mut self, random: &mut Random, at: usize) {
        match random.below(15) {
            0 | 1 => self.sells(random, at),
            2 => self.counts(random, at, CountReason::Count),
            3 | 4 => self.sends(random, at),
            5..=7 => self.receives(random, at),
            8 => self.mistypes(random, at),
            9 => drop(self.takes_back(at)),
            10 => self.comes_back(at),
            11 => self.garbles(random, at),
            12 => self.overtypes(random, at),
            13 => drop(self.repairs(at)),
            _ => self.learns(at),
        }
    }

    /// Goods that go between shops.
    pub(super) fn goods_of(&self, random: &mut Random, at: usize) -> Goods {
        loop {
            let goods = self.goods(random);
            if at != UNTAUGHT || goods.given != FOUR {
                return goods;
            }
        }
    }

    fn goods(&self, random: &mut Random) -> Goods {
        let (given, item, units) =
            [("apple", "apple", 1), ("rope", "rope", 1), ("soap", "soap", 1), (SIX, "apple", 6), (FOUR, "rope", 4)]
                [random.below(5)];
        Goods { given, sku: sku(item), quantity: random.units(), units }
    }

    pub(super) fn trade(&mut self, kind: TradeKind, goods: &[Goods], last: bool) -> Document {
        let line =
            |goods: &Goods| Line::Taken(TakenLine::plain(sku(goods.given), Quantity::units(goods.quantity).unwrap()));
        let lines = goods.iter().map(line).collect();
        self.document(Body::Trade { kind, last, lines }, Labels::default())
    }

    pub(super) fn document(&mut self, body: Body, labels: Labels) -> Document {
        self.documents += 1;
        Document {
            source: Source::new("till:1").unwrap(),
            id: DocumentId::new(&self.documents.to_string()).unwrap(),
            wall: WallTime(0),
            labels,
            business_day_given: false,
            timing: Timing::Live,
            sequence: None,
            body,
        }
    }

    /// The box of a shop commits a document; the references it has.
    pub(super) fn commits(&mut self, at: usize, document: &Document) -> BTreeSet<String> {
        let branch = &mut self.branches[at];
        let epoch = EPOCH;
        let odometer = Odometer(self.odometer);
        let next = Position { epoch, seq: branch.next };
        let stamp = Stamp { next, odometer, arrived: odometer, boot: Odometer(0), wall: WallTime(0) };
        let mut draft = Draft::over(&branch.books);
        let Ok(outcome) = decide(&mut draft, document, &stamp);
        let changes: Vec<_> = draft.into_changes().collect();
        branch.books.commit(changes);
        branch.next = outcome.next_seq();
        let mut references = BTreeSet::new();
        for (movement, seq) in outcome.movements.iter().zip(next.seq..) {
            if movement.parked.is_none() {
                references.insert(reference_of(&branch.store, movement));
            }
            if let (Some(order), Some(sku)) = (&movement.labels.fulfils, &movement.sku) {
                self.fulfilling.insert((branch.store.clone(), seq), (order.to_string(), sku.clone()));
            }
            let content = Content::Movement(Position { epoch, seq }, Bytes::from(encode_movement(movement)));
            self.records.push(ApplyRecord { offset: 0, store: branch.store.clone(), content });
        }
        references
    }

    pub(super) fn moves(&mut self, at: usize, goods: &Goods, sign: i64) {
        let moved = sign * goods.quantity * goods.units * 1_000;
        *self.branches[at].shelf.entry(goods.sku.clone()).or_default() += moved;
    }

    /// A sale, told at once or later by a handheld.
    fn sells(&mut self, random: &mut Random, at: usize) {
        let goods = [self.goods(random), self.goods(random)];
        let mut document = self.trade(TradeKind::Sale, &goods, false);
        if random.one_in(2) {
            let order = format!("order {}-{}", self.name, self.documents);
            document.labels.fulfils = Some(Reference::new(&order).unwrap());
        }
        goods.iter().for_each(|goods| self.moves(at, goods, -1));
        self.submits(random, at, document);
    }

    /// All that lies there is counted.
    fn counts(&mut self, random: &mut Random, at: usize, reason: CountReason) {
        // The handhelds are back before anybody counts with them.
        let opening = reason == CountReason::Opening;
        if opening {
            let branch = &mut self.branches[at];
            branch.shelf = ITEMS.map(|item| (sku(item), 100_000 + random.units() * 1_000)).into();
        }
        let lines: Vec<Line> = self.branches[at]
            .shelf
            .iter()
            .filter(|_| opening || random.below(3) > 0)
            .map(|(item, there)| Line::Taken(TakenLine::plain(item.clone(), Quantity::thousandths(*there))))
            .collect();
        if lines.is_empty() {
            return;
        }
        let body = CountBody { reason, full: false, last: false, sells: false, sheet: SheetUse::Whole, lines };
        let document = self.document(Body::Count(body), Labels::default());
        self.commits(at, &document);
    }

    fn sends(&mut self, random: &mut Random, at: usize) {
        let goods = [self.goods_of(random, at), self.goods_of(random, at)];
        let mut document = self.trade(TradeKind::TransferOut, &goods, false);
        if !random.one_in(6) {
            let reference = format!("T{}-{}", self.name, self.documents);
            document.labels.reference = Some(Reference::new(&reference).unwrap());
        }
        let references = self.commits(at, &document);
        let reference = references.first().unwrap().clone();
        for goods in &goods {
            self.moves(at, goods, -1);
            let moved = goods.quantity * goods.units * 1_000;
            *self.branches[at].net.entry(goods.sku.clone()).or_default() -= moved;
            *self.vans.entry((reference.clone(), goods.sku.clone())).or_default() += moved;
        }
        self.references.extend(references);
    }

    /// A van is unloaded, all of it or less, or it held more than was said.
    fn receives(&mut self, random: &mut Random, at: usize) {
        let vans: Vec<String> =
            self.references.iter().filter(|reference| !reference.starts_with('~')).cloned().collect();
        if vans.is_empty() {
            return;
        }
        let reference = vans[random.below(vans.len())].clone();
        let inside: Vec<(Sku, i64)> = self
            .vans
            .iter()
            .filter(|((of, _), sum)| *of == reference && **sum > 0)
            .map(|((_, item), sum)| (item.clone(), *sum))
            .collect();
        let mut goods = Vec::new();
        for (item, sum) in &inside {
            let given = ITEMS.into_iter().find(|name| item.as_str() == *name).unwrap();
            let quantity = if random.one_in(3) { random.units() } else { sum / 1_000 };
            goods.push(Goods { given, sku: item.clone(), quantity, units: 1 });
        }
        if goods.is_empty() || random.one_in(4) {
            goods.push(self.goods_of(random, at));
        }
        let mut document = self.trade(TradeKind::TransferIn, &goods, random.one_in(2));
        document.labels.reference = Some(Reference::new(&reference).unwrap());
        for goods in &goods {
            self.moves(at, goods, 1);
            let moved = goods.quantity * goods.units * 1_000;
            *self.branches[at].net.entry(goods.sku.clone()).or_default() += moved;
            *self.vans.entry((reference.clone(), goods.sku.clone())).or_default() -= moved;
        }
        self.submits(random, at, document);
    }

    /// A document by mistake: it is told, and nothing moves.
    fn mistypes(&mut self, random: &mut Random, at: usize) {
        let kind = [TradeKind::Sale, TradeKind::TransferOut, TradeKind::TransferIn][random.below(3)];
        let goods = [self.goods_of(random, at), self.goods_of(random, at)];
        let mut document = self.trade(kind, &goods, true);
        let reference = self.references.first().filter(|reference| !reference.starts_with('~'));
        document.labels.reference = reference.map(|reference| Reference::new(reference).unwrap());
        let told = self.commits(at, &document);
        if kind != TradeKind::Sale {
            self.references.extend(told);
        }
        self.branches[at].mistakes.push(document.id);
    }

    /// A mistake is voided; whether there was one.
    fn takes_back(&mut self, at: usize) -> bool {
        let Some(id) = self.branches[at].mistakes.pop() else { return false };
        let void = self.document(Body::Void { source: Source::new("till:1").unwrap(), id }, Labels::default());
        self.commits(at, &void);
        true
    }

    /// Told at once, or kept back by a handheld that is out of reach.
    fn submits(&mut self, random: &mut Random, at: usize, document: Document) {
        if random.one_in(3) {
            self.branches[at].kept_back.push((document, self.odometer));
        } else {
            self.commits(at, &document);
        }
    }

    /// The handhelds are in reach again.
    fn comes_back(&mut self, at: usize) {
        for (mut document, happened) in std::mem::take(&mut self.branches[at].kept_back) {
            self.odometer += 10;
            document.timing = Timing::Deferred { age_ms: Some(self.odometer - happened) };
            self.commits(at, &document);
        }
    }

    /// The box is told what the code means, and resolves it.
    fn learns(&mut self, at: usize) {
        if at == UNTAUGHT || std::mem::replace(&mut self.branches[at].knows_four, true) {
            return;
        }
        let units_per_scan = Quantity::units(4).unwrap();
        self.branches[at].books.learn_code(four(), sku("rope"), units_per_scan);
        let resolve =
            self.document(Body::Resolve { code: four(), sku: sku("rope"), units_per_scan }, Labels::default());
        self.commits(at, &resolve);
    }

    /// What lies on the shelves; where a code stays unknown, what the box says.
    pub(super) fn shelves(&self) -> BTreeMap<(StoreId, Sku), i64> {
        let mut shelves = BTreeMap::new();
        for (at, branch) in self.branches.iter().enumerate() {
            for (item, there) in &branch.shelf {
                let Ok(stock) = branch.books.stock(item);
                let told = stock.unwrap().on_hand.as_thousandths();
                assert!(
                    at == UNTAUGHT || told == *there,
                    "the box of {} says {told} of {item}, not {there}",
                    branch.store
                );
                shelves.insert((branch.store.clone(), item.clone()), told);
            }
        }
        shelves
    }

    /// What is between the shops.
    pub(super) fn vans(&self) -> Transit {
        self.vans.iter().filter(|(_, sum)| **sum != 0).map(|(key, sum)| (key.clone(), *sum)).collect()
    }

    /// What transfers brought all shops less what they took.
    pub(super) fn net(&self) -> BTreeMap<Sku, i64> {
        let mut net: BTreeMap<Sku, i64> = BTreeMap::new();
        for (item, sum) in self.branches.iter().flat_map(|branch| &branch.net) {
            *net.entry(item.clone()).or_default() += sum;
        }
        net
    }

    /// Lines under unknown codes, by store and code: as the boxes hold them.
    pub(super) fn suspense(&self) -> BTreeMap<(StoreId, Code), Vec<Place>> {
        let held = self.branches.iter().map(|branch| {
            let Ok(suspense) = branch.books.suspense(&four());
            let suspense = suspense.unwrap_or_default();
            let mut places: Vec<Place> = suspense.rows.iter().map(|row| (EpochOrdinal(1), row.seq)).collect();
            places.sort();
            ((branch.store.clone(), four()), places)
        });
        held.filter(|(_, places)| !places.is_empty()).collect()
    }

    /// Whether a transfer is one of its own.
    pub(super) fn tells(&self, reference: &str) -> bool {
        self.references.contains(reference)
    }
}
