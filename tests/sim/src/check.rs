//! The promises, checked against what the people know and what lies on the
//! shelf.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use tidemark_model::{Basis, Books, DocumentKey, Marks, Position, Seq, Sku};
use tidemark_wire::decode_movement;

use crate::disk::Disk;
use crate::people::{Answer, Paper};
use crate::rates::Fault;
use crate::shop::BoxNo;
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
    /// All that a box answered in its present epoch is on its disk: looked at
    /// when it starts, and at the end.
    pub(crate) fn check_answered(&mut self, no: BoxNo) {
        let Some(disk) = self.shop.numbered(no).map(|one| &one.disk) else { return };
        let missing: Vec<(usize, bool)> = (0..self.papers.len())
            .filter_map(|at| {
                let paper = self.papers.get(at)?;
                let answer = paper.answers.get(&(no, disk.epoch))?;
                let key = DocumentKey::of(&paper.source, &paper.id);
                let there = disk.at(answer.first).is_some_and(|kept| kept.movement.document.key() == key);
                // What came late in part is held from where its first line had been.
                let stands = there || disk.taken.is_some();
                (!stands || !is_held(disk, key, answer)).then_some((at, there))
            })
            .collect();
        // What was forgotten on purpose by a clock is another promise.
        if let Some((paper, there)) = missing.first() {
            let promise = if *there { Promise::P8 } else { Promise::P1 };
            self.violate(promise, format!("paper {paper} was answered and is not on disk, {} such", missing.len()));
        }
    }

    /// Whatever boxes were swapped, restored or copied: each paper is held by
    /// the one that has the shop, or stands at the centre, parked.
    fn check_held(&mut self) {
        let books = &self.shop.present.disk.books;
        let is_missing = |paper: &&Paper| {
            let Ok(record) = books.document(DocumentKey::of(&paper.source, &paper.id));
            record.is_none_or(|record| record.entries.is_empty())
        };
        let missing: Vec<&Paper> = self.papers.iter().filter(is_missing).collect();
        if missing.is_empty() {
            return;
        }
        let letters = self.centre.database.letters.values().filter_map(|bytes| decode_movement(bytes).ok());
        let parked: BTreeSet<DocumentKey> = letters.map(|movement| movement.document.key()).collect();
        let lost = missing.iter().find(|paper| !parked.contains(&DocumentKey::of(&paper.source, &paper.id)));
        if let Some(what) = lost.map(|paper| format!("paper {} was answered and is not held", paper.id)) {
            self.violate(Promise::P1, what);
        }
    }

    /// On-hand is what lies on the shelf.
    pub(crate) fn check_shelf(&mut self, all: bool) {
        for sku in self.shelf.items() {
            let Ok(stock) = self.shop.present.disk.books.stock(&sku);
            let on_hand = stock.map_or(0, |stock| stock.on_hand.as_thousandths());
            let counted = stock.is_some_and(|stock| stock.basis == Basis::Counted);
            let expected = self.shelf.expected(&sku, counted);
            if on_hand != expected && (all || self.shelf.is_sure(&sku)) {
                let what = format!("on-hand of {sku} is {on_hand}, on the shelf lie {expected}");
                self.violate(Promise::P2, what);
            }
        }
    }

    /// Everything, once all is at rest.
    pub(crate) fn check_all(&mut self) {
        self.check_answered(self.shop.present.no);
        self.check_held();
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
        let disk = &self.shop.present.disk;
        for seq in 1..=disk.tail() {
            // What keeps a place between others has no effect.
            let Some(kept) = disk.at(seq).filter(|kept| !kept.movement.marks.has(Marks::HELD)) else { continue };
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
        let (disk, database) = (&self.shop.present.disk, &self.centre.database);
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
                // What rotted before it went up is lost by name.
                (None, Some(_)) if database.is_lost(position) && self.may_be_lost(seq) => {}
                (held, _) => {
                    let promise = if seq < disk.trimmed_below { Promise::P7 } else { Promise::P4 };
                    wrong.push((promise, format!("position {seq} is {} at the centre", state_of(held.is_some()))));
                }
            }
        }
        let beyond = |position: &&Position| position.epoch == disk.epoch && position.seq > disk.tail();
        let beyond = database.rows.keys().chain(database.letters.keys()).find(beyond);
        if let Some(position) = beyond {
            wrong.push((Promise::P1, format!("position {} was never committed", position.seq)));
        }
        if let Some(double) = database.doubles.first() {
            wrong.push((Promise::P2, format!("position {} was applied twice", double.seq)));
        }
        if let Some((position, _)) = database.fork_digests.first_key_value().filter(|_| !self.is_forkable()) {
            wrong.push((Promise::P2, format!("position {} came with other bytes", position.seq)));
        }
        wrong.into_iter().take(3).for_each(|(promise, what)| self.violate(promise, what));
    }

    /// Whether nobody can be asked for a position any more: it rotted, or the
    /// box let it go and the stream was wiped, and then the database set back.
    fn may_be_lost(&self, seq: Seq) -> bool {
        let disk = &self.shop.present.disk;
        disk.rotten.has(seq) || self.may_lose_trimmed() && seq < disk.trimmed_below
    }

    /// Whether the centre named a position lost that somebody could be asked
    /// for.
    pub(crate) fn is_lost_without_need(&self) -> bool {
        let (disk, database) = (&self.shop.present.disk, &self.centre.database);
        let is_lost = |seq: &Seq| database.is_lost(Position { epoch: disk.epoch, seq: *seq });
        (1..=disk.tail()).filter(is_lost).any(|seq| !self.may_be_lost(seq))
    }

    /// Whether what a box let go may be lost at the centre.
    pub(crate) fn may_lose_trimmed(&self) -> bool {
        let comes = |fault| self.rates.mean(fault).is_some();
        let loses = comes(Fault::StreamWiped) || comes(Fault::LogCut);
        self.rates.old_backups && comes(Fault::SetBack) && loses
    }

    /// The centre's sums are the box's, but for what is lost by name.
    fn check_balances(&mut self) {
        let (disk, database) = (&self.shop.present.disk, &self.centre.database);
        let mut lost: BTreeMap<&Sku, i64> = BTreeMap::new();
        for seq in (1..=disk.tail()).filter(|seq| database.is_lost(Position { epoch: disk.epoch, seq: *seq })) {
            let Some(movement) = disk.at(seq).map(|kept| &kept.movement) else { continue };
            if let Some(sku) = &movement.sku {
                *lost.entry(sku).or_default() += movement.effect.as_thousandths();
            }
        }
        let mut wrong = Vec::new();
        for (sku, stock) in disk.books.all_stock() {
            let level = database.level(sku);
            let (sum, on_hand) = (level.map(|level| level.effect_sum), stock.on_hand.as_thousandths());
            // An item whose lines were all parked has no balance yet.
            if sum.unwrap_or(0) + lost.get(sku).copied().unwrap_or(0) != on_hand {
                wrong.push((Promise::P10, format!("the balance of {sku} is {sum:?}, on-hand at the box {on_hand}")));
            }
            let of_centre = level.map(|level| level.on_hand);
            if of_centre.unwrap_or_default() != stock.on_hand && !lost.contains_key(sku) {
                let of_box = stock.on_hand;
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

/// Whether a document is held as it was answered. One that an opening holds too
/// may have had other movements there: a void that waited has one.
fn is_held(disk: &Disk, key: DocumentKey, answer: &Answer) -> bool {
    let Ok(record) = disk.books.document(key);
    let entries = record.map(|record| record.entries).unwrap_or_default();
    entries.iter().any(|entry| disk.taken.is_some() || (entry.first.seq, entry.count) == (answer.first, answer.lines))
}

const fn state_of(held: bool) -> &'static str {
    if held { "another" } else { "missing" }
}
