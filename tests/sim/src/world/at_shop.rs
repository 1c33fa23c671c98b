//! What the people of the shop do: make papers, hand them in until they are
//! answered, count.

use std::collections::BTreeMap;

use tidemark_model::document::{Line, TakenLine, TradeKind};
use tidemark_model::{Disposition, DocumentId, Quantity, Sku, Source, WallTime};

use crate::check::Promise;
use crate::mutant::Mutant;
use crate::people::{ARTICLES, Answer, CASE, Content, Moved, Paper, PaperId, Sheet, Zone, garbage};
use crate::rates::Fault;
use crate::shop::BoxNo;
use crate::trace::short;

use super::{Event, World};

/// After that long without an answer a till says how old a paper is.
const LIVE_MS: u64 = 15_000;

impl World {
    /// Somebody makes a paper; then the next one is due.
    pub(super) fn make_paper(&mut self) {
        if self.healed {
            return;
        }
        if self.marked_at == self.now {
            return self.schedule(1, Event::Make);
        }
        let next = self.people.around(self.rates.paper_ms).max(1);
        self.schedule(next, Event::Make);
        if self.meets(Fault::Counts) {
            return self.begin_count();
        }
        if self.meets(Fault::BadLines) && self.people.permille(200) {
            let content = if self.people.permille(500) { Content::DayClose } else { Content::Garbage };
            let paper = self.new_paper(content, Vec::new());
            return self.schedule(0, Event::HandIn(paper));
        }
        let (content, moves) = self.trade();
        if self.meets(Fault::Voids) {
            return self.make_voided(content);
        }
        let paper = self.new_paper(content.clone(), moves);
        let late = self.meets(Fault::LatePapers);
        if late {
            self.make_late(paper);
        } else {
            self.schedule(0, Event::HandIn(paper));
        }
        let may = !self.loses_disks() || self.rates.mixes();
        if self.meets(Fault::BadLines) && self.people.permille(300) && may {
            self.use_id_again(paper);
        }
    }

    /// A handheld out of reach: it happened now, it is handed in later.
    fn make_late(&mut self, paper: PaperId) {
        let now = self.now;
        if let Some(paper) = self.papers.get_mut(paper) {
            (paper.deferred, paper.happened_at) = (true, Some(now));
        }
        self.goods_move(paper);
        let later = self.people.around(20_000);
        self.schedule(later, Event::HandIn(paper));
    }

    /// A paper that is voided never happened on the shelf. The void may come
    /// first.
    fn make_voided(&mut self, content: Content) {
        let paper = self.new_paper(content, Vec::new());
        let Some((source, id)) = self.papers.get(paper).map(|paper| (paper.source.clone(), paper.id.clone())) else {
            return;
        };
        let void = self.new_paper(Content::Void { source, id }, Vec::new());
        let (first, then) = if self.people.permille(300) { (void, paper) } else { (paper, void) };
        self.schedule(0, Event::HandIn(first));
        let later = self.people.around(8_000);
        self.schedule(later, Event::HandIn(then));
    }

    /// A till that uses an id a second time, for something else.
    fn use_id_again(&mut self, first: PaperId) {
        let Some(id) = self.papers.get(first).map(|paper| paper.id.clone()) else { return };
        let Some(line) = line("dates", 77_000) else { return };
        let again = self.new_paper(Content::Trade { kind: TradeKind::Sale, lines: vec![line] }, Vec::new());
        if let Some(paper) = self.papers.get_mut(again) {
            (paper.id, paper.after) = (id, Some(first));
        }
        // Where a disk may lose the first of two papers under one id, no box can
        // say which of them counts.
        if self.loses_disks() {
            let items = self.papers.get(first).map(|paper| paper.moves.iter().map(|moved| moved.sku.clone()).collect());
            self.shelf.doubt(items.into_iter().flat_map(|items: Vec<Sku>| items).chain(Sku::new("dates")));
        }
        self.schedule(500, Event::HandIn(again));
    }

    pub(super) fn new_paper(&mut self, content: Content, moves: Vec<Moved>) -> PaperId {
        let number = self.papers.len();
        #[expect(clippy::expect_used, reason = "constants that are a source and an id")]
        let (source, id) =
            (Source::new("till:1").expect("a source"), DocumentId::new(&format!("p{number}")).expect("an id"));
        self.papers.push(Paper {
            source,
            id,
            content,
            moves,
            made_at: self.now,
            happened_at: None,
            deferred: false,
            answer: None,
            answers: BTreeMap::new(),
            of: Some(self.box_for(number)),
            after: None,
            tries: 0,
        });
        number
    }

    /// One to three lines of any kind.
    fn trade(&mut self) -> (Content, Vec<Moved>) {
        let kinds = [
            TradeKind::Sale,
            TradeKind::Sale,
            TradeKind::Sale,
            TradeKind::Return,
            TradeKind::Receipt,
            TradeKind::Adjustment,
            TradeKind::TransferOut,
            TradeKind::TransferIn,
        ];
        let kind = *self.people.of_slice(&kinds).unwrap_or(&TradeKind::Sale);
        let (mut lines, mut moves) = (Vec::new(), Vec::new());
        for _ in 0..self.people.between(1, 3) {
            if self.meets(Fault::BadLines) {
                lines.push(Line::Parked(garbage()));
                continue;
            }
            let Some(article) = self.people.of_slice(&ARTICLES).copied() else { continue };
            let packs = i64::try_from(self.people.between(1, 4)).unwrap_or(1);
            let thousandths = if article.given == "apples" { packs * 1_000 + 250 } else { packs * 1_000 };
            let waste = kind == TradeKind::Return && self.people.permille(200);
            let Some(Line::Taken(mut taken)) = line(article.given, thousandths) else { continue };
            taken.disposition = waste.then_some(Disposition::Waste);
            lines.push(Line::Taken(taken));
            let sign = match kind {
                TradeKind::Sale | TradeKind::TransferOut => -1,
                TradeKind::Return if waste => 0,
                TradeKind::Return | TradeKind::Receipt | TradeKind::TransferIn | TradeKind::Adjustment => 1,
            };
            let zone = match kind {
                TradeKind::Sale | TradeKind::Return => Zone::Floor,
                TradeKind::Receipt | TradeKind::TransferIn | TradeKind::TransferOut | TradeKind::Adjustment => {
                    Zone::Back
                }
            };
            moves.extend(article.parts.iter().filter_map(|(of, each)| {
                let is_case = article.given == CASE;
                let (amount, cases) = (sign * each * thousandths / 1_000, sign * thousandths);
                let (amount, cases) = if is_case { (0, cases) } else { (amount, 0) };
                Some(Moved { sku: Sku::new(of).ok()?, zone, amount, cases })
            }));
        }
        if lines.is_empty() {
            lines.extend(line("bread", 1_000));
            let sku = Sku::new("bread").ok();
            let sells = matches!(kind, TradeKind::Sale | TradeKind::TransferOut);
            let zone = if matches!(kind, TradeKind::Sale | TradeKind::Return) { Zone::Floor } else { Zone::Back };
            moves.extend(sku.map(|sku| Moved { sku, zone, amount: if sells { -1_000 } else { 1_000 }, cases: 0 }));
        }
        (Content::Trade { kind, lines }, moves)
    }

    /// Two zones by one or two people each, or all at once.
    fn begin_count(&mut self) {
        let mut items = self.shelf.items();
        let most = usize::try_from(self.people.between(1, 5)).unwrap_or(1);
        let skip = usize::try_from(self.people.between(0, 4)).unwrap_or(0);
        items.rotate_left(skip);
        items.truncate(most);
        if self.people.permille(500) {
            return self.plan_sheet(items, None, true, 0);
        }
        let name = format!("count-{}", self.papers.len());
        let floor_is_last = self.people.permille(500);
        let (first, second) = if floor_is_last { (Zone::Back, Zone::Floor) } else { (Zone::Floor, Zone::Back) };
        let one = (name.clone(), first, "ann".to_owned());
        self.plan_sheet(items.clone(), Some(one), false, 0);
        let wait = self.people.around(6_000);
        self.plan_sheet(items, Some((name, second, "bob".to_owned())), true, wait);
    }

    fn plan_sheet(&mut self, items: Vec<Sku>, of: Option<(String, Zone, String)>, last: bool, wait: u64) {
        let sheet = Sheet { of, last, counted: Vec::new() };
        let paper = self.new_paper(Content::Count(sheet), Vec::new());
        // All sheets of a count are handed to one box.
        if let Some(paper) = self.papers.get_mut(paper) {
            paper.of = Some(self.shop.present.no);
        }
        self.schedule(wait + 1, Event::Count(items, paper));
    }

    /// Scans the next item of a sheet; the last one hands it in. Nobody counts
    /// while a sale waits for the disk: a live sale happens when it is saved.
    pub(super) fn count(&mut self, items: &[Sku], paper: PaperId) {
        if self.shop.agents().any(|agent| !agent.is_idle()) {
            return self.schedule(3, Event::Count(items.to_vec(), paper));
        }
        let now = self.now;
        self.marked_at = now;
        let Some((sku, rest)) = items.split_first() else { return };
        let shelf = &self.shelf;
        if let Some(Content::Count(sheet)) = self.papers.get_mut(paper).map(|paper| &mut paper.content) {
            let zone = sheet.of.as_ref().map(|(_, zone, _)| *zone);
            let lies = shelf.lies(sku, zone);
            sheet.counted.push((sku.clone(), lies, now));
            self.trace.note(now, || format!("p{paper} counts {lies} {sku} in {zone:?}"));
        }
        if rest.is_empty() {
            let later = if self.meets(Fault::LatePapers) { self.people.around(15_000) } else { 0 };
            return self.schedule(later + 1, Event::HandIn(paper));
        }
        let next = self.people.between(2, 900);
        self.schedule(next, Event::Count(rest.to_vec(), paper));
    }

    /// A till hands a paper in, and will again until it is answered.
    pub(super) fn hand_in(&mut self, id: PaperId) {
        let now = self.now;
        if self.marked_at == now {
            return self.schedule(1, Event::HandIn(id));
        }
        let waits = self.papers.get(id).and_then(|paper| paper.after);
        if waits.is_some_and(|after| self.papers.get(after).is_some_and(|after| after.answer.is_none())) {
            return self.schedule(500, Event::HandIn(id));
        }
        let Some(paper) = self.papers.get_mut(id).filter(|paper| paper.answer.is_none()) else { return };
        paper.tries += 1;
        let old = now.saturating_sub(paper.made_at) > LIVE_MS;
        // What waits for another paper is live when it is its turn.
        if old && !paper.deferred && paper.after.is_none() && paper.tries > 1 {
            paper.deferred = true;
            if paper.happened_at.is_none() {
                paper.happened_at = Some(now);
                self.goods_move(id);
            }
        }
        self.schedule_hand_in(id);
        if !self.meets(Fault::ShopNet) {
            self.schedule(0, Event::AtBox(id));
        }
        if self.meets(Fault::ShopNet) {
            self.schedule(1, Event::AtBox(id));
        }
    }

    fn schedule_hand_in(&mut self, id: PaperId) {
        let pause = self.people.between(1_500, 4_000);
        self.schedule(pause, Event::HandIn(id));
    }

    /// The goods of a paper go where it says.
    pub(super) fn goods_move(&mut self, id: PaperId) {
        if let Some(paper) = self.papers.get(id) {
            self.trace.note(self.now, || format!("goods move: p{id} {}", short(&paper.moves)));
            self.shelf.happen(&paper.moves);
        }
    }

    /// The wall clock as the box tells it; a label.
    pub(super) fn wall(&self) -> WallTime {
        let now = i64::try_from(self.now).unwrap_or(i64::MAX);
        WallTime(1_790_000_000_000_i64.saturating_add(now).saturating_add(self.wall_off))
    }

    /// The document as it arrives at the box.
    pub(super) fn document(&self, id: PaperId) -> Option<tidemark_model::Document> {
        let at_arrival = self.mutant == Some(Mutant::CountAtArrival);
        self.papers.get(id).map(|paper| paper.document(self.now, self.wall(), at_arrival))
    }

    /// A till has its answer, or NOT SAVED.
    pub(super) fn answered(&mut self, id: PaperId, by: BoxNo, answer: Option<Answer>) {
        let is_forkable = self.loses_disks();
        let (Some(answer), Some(paper)) = (answer, self.papers.get_mut(id)) else { return };
        paper.answer = paper.answer.or(Some(answer));
        let first = *paper.answers.entry((by, answer.epoch)).or_insert(answer);
        // A document of which a part was held is completed, and then held as
        // one.
        if first != answer && !is_forkable {
            let what = format!("paper {id} was answered {first:?} and again {answer:?}");
            self.violate(Promise::P2, what);
        }
    }
}

fn line(given: &str, thousandths: i64) -> Option<Line> {
    Some(Line::Taken(TakenLine::plain(Sku::new(given).ok()?, Quantity::thousandths(thousandths))))
}
