//! The promises, checked against what the people know and what lies on the
//! shelf.

use std::collections::BTreeMap;
use std::fmt;

use tidemark_model::{Books, DocumentKey, Position, Seq, Sku};

use crate::rates::Fault;
use crate::world::World;

/// What Tidemark promises, as far as a simulator can break it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// Accepted means on disk.
    P1,
    /// Once only, for ever.
    P2,
    /// Sales never stop.
    P3,
    /// The books balance.
    P4,
    /// One bad line holds nobody up.
    P5,
    /// Fresh first; backlog only on credit.
    P6,
    /// Trim only on handled.
    P7,
    /// No decision reads the wall clock; counts meet the shelf.
    P8,
    /// Nothing silent.
    P9,
    /// The box decides every effect.
    P10,
}

/// A broken promise.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Which.
    pub promise: Promise,
    /// When it was seen, in virtual milliseconds.
    pub at_ms: u64,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {} ms: {}", self.promise, self.at_ms, self.what)
    }
}

impl World {
    /// All that was answered is on disk: looked at when a box starts, and at
    /// the end.
    pub(crate) fn check_answered(&mut self) {
        let books = &self.shop.disk.books;
        let missing: Vec<usize> = (0..self.papers.len())
            .filter(|at| {
                let Some(paper) = self.papers.get(*at) else { return false };
                let Some(answer) = paper.answer else { return false };
                let Ok(record) = books.document(DocumentKey::of(&paper.source, &paper.id));
                let entries = record.map(|record| record.entries).unwrap_or_default();
                !entries.iter().any(|entry| (entry.first.seq, entry.count) == (answer.first, answer.lines))
            })
            .collect();
        // What was forgotten on purpose by a clock is another promise.
        if let Some(paper) = missing.first() {
            let answer = self.papers.get(*paper).and_then(|paper| paper.answer);
            let of_disk = answer.and_then(|answer| self.shop.disk.at(answer.first)).is_some();
            let promise = if of_disk { Promise::P8 } else { Promise::P1 };
            self.violate(promise, format!("paper {paper} was answered and is not on disk, {} such", missing.len()));
        }
    }

    /// On-hand is what lies on the shelf.
    pub(crate) fn check_shelf(&mut self, all: bool) {
        for sku in self.shelf.items() {
            let Ok(stock) = self.shop.disk.books.stock(&sku);
            let on_hand = stock.map_or(0, |stock| stock.on_hand.as_thousandths());
            let expected = self.shelf.expected(&sku);
            if on_hand != expected && (all || self.shelf.is_sure(&sku)) {
                let what = format!("on-hand of {sku} is {on_hand}, on the shelf lie {expected}");
                self.violate(Promise::P2, what);
            }
        }
    }

    /// Everything, once all is at rest.
    pub(crate) fn check_all(&mut self) {
        self.check_answered();
        self.check_shelf(true);
        self.check_papers();
        self.check_ledger();
        self.check_balances();
        self.check_cache();
    }

    /// Each paper's lines stand once.
    fn check_papers(&mut self) {
        let mut seen: BTreeMap<(DocumentKey, [u8; 8], u32), Seq> = BTreeMap::new();
        let mut doubles = Vec::new();
        for seq in 1..=self.shop.disk.tail() {
            let Some(kept) = self.shop.disk.at(seq) else { continue };
            let document = &kept.movement.document;
            let content = document.content.0;
            if let Some(first) = seen.insert((document.key(), content, document.ordinal), seq) {
                doubles.push(format!("{} line {} stands at {first} and {seq}", document.id, document.ordinal));
            }
        }
        doubles.into_iter().take(3).for_each(|what| self.violate(Promise::P2, what));
    }

    /// The ledger holds each movement, byte for byte.
    fn check_ledger(&mut self) {
        let (disk, database) = (&self.shop.disk, &self.centre.database);
        let mut wrong = Vec::new();
        for seq in 1..=disk.tail() {
            let position = Position { epoch: disk.epoch, seq };
            let held = database.rows.get(&position).or_else(|| database.letters.get(&position));
            match (held, disk.at(seq)) {
                (Some(held), Some(kept)) if *held == kept.bytes => {
                    let parked = database.letters.contains_key(&position);
                    if parked != kept.movement.parked.is_some() {
                        wrong.push((Promise::P9, format!("position {seq}: parked is {parked} at the centre")));
                    }
                }
                (held, _) => {
                    let promise = if seq < disk.trimmed_below { Promise::P7 } else { Promise::P4 };
                    wrong.push((promise, format!("position {seq} is {} at the centre", state_of(held.is_some()))));
                }
            }
        }
        let beyond = database.rows.keys().chain(database.letters.keys()).find(|position| position.seq > disk.tail());
        if let Some(position) = beyond {
            wrong.push((Promise::P1, format!("position {} was never committed", position.seq)));
        }
        if let Some(double) = database.doubles.first() {
            wrong.push((Promise::P2, format!("position {} was applied twice", double.seq)));
        }
        if let Some(forked) = database.forked.first() {
            wrong.push((Promise::P2, format!("position {} came with other bytes", forked.seq)));
        }
        wrong.into_iter().take(3).for_each(|(promise, what)| self.violate(promise, what));
    }

    /// The centre's sums are the box's.
    fn check_balances(&mut self) {
        let mut sums: BTreeMap<Sku, i64> = BTreeMap::new();
        for kept in &self.shop.disk.kept {
            if let (Some(sku), None) = (&kept.movement.sku, &kept.movement.parked) {
                *sums.entry(sku.clone()).or_default() += kept.movement.effect.as_thousandths();
            }
        }
        let mut wrong = Vec::new();
        for (sku, sum) in &sums {
            let level = self.centre.database.level(sku);
            let found = level.map(|level| level.effect_sum);
            if found != Some(*sum) {
                wrong.push((Promise::P10, format!("the balance of {sku} is {found:?}, the box's effects are {sum}")));
            }
            let Ok(stock) = self.shop.disk.books.stock(sku);
            let (of_box, of_centre) = (stock.map(|stock| stock.on_hand), level.map(|level| level.on_hand));
            if of_box != of_centre {
                let what = format!("on-hand of {sku} is {of_box:?} at the box and {of_centre:?} at the centre");
                wrong.push((Promise::P4, what));
            }
        }
        wrong.into_iter().take(3).for_each(|(promise, what)| self.violate(promise, what));
    }

    /// The cache holds what the database holds, or nothing. A database that
    /// was set back without a word publishes older numbers until they grow;
    /// there the life of an entry ends what is wrong.
    fn check_cache(&mut self) {
        if self.rates.mean(Fault::SetBack).is_some() {
            return;
        }
        let stale = self.shelf.items().into_iter().find_map(|sku| {
            let cached = self.centre.cache.get(&sku, self.now)?;
            let held = self.centre.database.level(&sku);
            (held != Some(cached)).then_some((sku, cached, held))
        });
        if let Some((sku, cached, held)) = stale {
            self.violate(Promise::P4, format!("the cache holds {cached:?} of {sku}, not {held:?}"));
        }
    }
}

const fn state_of(held: bool) -> &'static str {
    if held { "another" } else { "missing" }
}
