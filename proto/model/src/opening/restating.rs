//! What a box takes over when it takes its opening: the books as the
//! retelling has them, and a restatement for each item of the difference, and
//! of 0 where only that it is to be counted again has to be said.

use std::collections::{BTreeMap, BTreeSet};

use crate::books::{Change, Stock};
use crate::document::{Body, Document, SkuChange};
use crate::draft::Draft;
use crate::kind::{Kind, Marks};
use crate::memory::MemoryBooks;
use crate::movement::{About, Movement};
use crate::outcome::Stamp;
use crate::position::{Epoch, Position, Seq};
use crate::resolving::BOX_SOURCE;
use crate::rules::decide;
use crate::text::{DocumentId, Sku, Source};

use super::beside::{Reach, doubt};
use super::retelling::{Difference, Retelling};

/// Items that one document of restatements holds.
const ITEMS: usize = 1_000;

/// What a box takes over with its opening, in one batch.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The books; nothing of what it had is left beside them, but the running
    /// numbers of its sources.
    pub books: MemoryBooks,
    /// The restatements, from the stamp's position on.
    pub movements: Vec<Movement>,
    /// The seq of the last of them, or of the last movement before.
    pub seq: Seq,
}

impl Retelling {
    /// What the box takes over, its tail being before `stamp.next`. Σ effect,
    /// over the opening's, is on-hand from there on.
    #[must_use]
    pub fn into_taken(mut self, stamp: &Stamp) -> Taken {
        self.finish();
        self.stand_on_lasts();
        let differences = self.to_restate();
        self.stand_on_sums();
        if self.taken.is_beside() || self.older_until.is_some() {
            doubt(&mut self.books, Reach::at(stamp.odometer, stamp.boot, self.older_until));
        }
        let mut taken = Taken { books: self.books, movements: Vec::new(), seq: stamp.next.seq.saturating_sub(1) };
        for (number, some) in differences.chunks(ITEMS).enumerate() {
            let next = Position { seq: taken.seq.saturating_add(1), ..stamp.next };
            if let Some(document) = restatement(number, some, stamp) {
                taken.restate(&document, &Stamp { next, ..*stamp }, &self.to_count);
            }
        }
        taken
    }

    /// The items that differ, and those that are to be counted again.
    fn to_restate(&self) -> Vec<Difference> {
        let mut differences: BTreeMap<Sku, Difference> =
            self.differences().into_iter().map(|difference| (difference.sku.clone(), difference)).collect();
        for sku in &self.to_count {
            let sum = self.sums.get(sku).copied().unwrap_or_default();
            let same = || Difference { sku: sku.clone(), sum, on_hand: sum };
            differences.entry(sku.clone()).or_insert_with(same);
        }
        differences.into_values().collect()
    }

    /// An item's last movement is one of this epoch, or none, whatever became
    /// of it over the opening.
    pub(super) fn stand_on_lasts(&mut self) {
        let older = self.books.all_stock().map(|(sku, stock)| (sku, Stock { last: 0, ..*stock }));
        let mut stocks: BTreeMap<Sku, Stock> = older.map(|(sku, stock)| (sku.clone(), stock)).collect();
        for (sku, last) in &self.lasts {
            stocks.entry(sku.clone()).or_insert(Stock::FRESH).last = *last;
        }
        self.books.commit(stocks.into_iter().map(|(sku, stock)| Change::Stock(sku, stock)));
    }
}

impl Taken {
    fn restate(&mut self, document: &Document, stamp: &Stamp, to_count: &BTreeSet<Sku>) {
        let mut draft = Draft::over(&self.books);
        let Ok(mut outcome) = decide(&mut draft, document, stamp);
        // It changes what is known, not what happened: it has no place in an
        // item's history.
        let changes: Vec<Change> =
            draft.into_changes().filter(|change| !matches!(change, Change::Effect(..))).collect();
        self.books.commit(changes);
        self.seq = outcome.next_seq().saturating_sub(1);
        for movement in &mut outcome.movements {
            let is_to_count = movement.sku.as_ref().is_some_and(|sku| to_count.contains(sku));
            movement.marks = movement.marks.with_if(is_to_count, Marks::RECOUNT);
        }
        self.movements.extend(outcome.movements);
    }
}

/// Whether a movement of an epoch restates what its own opening differed by:
/// what a retelling comes to by itself.
#[must_use]
pub fn is_of_opening(movement: &Movement, epoch: Epoch) -> bool {
    let about = matches!(&movement.about, Some(About::Position(position)) if position.epoch == epoch);
    movement.kind == Kind::Restatement && about
}

/// Restates some items; none if nothing of it can be said.
fn restatement(number: usize, differences: &[Difference], stamp: &Stamp) -> Option<Document> {
    let Epoch(epoch) = stamp.next.epoch;
    let about = About::Position(Position { seq: stamp.next.seq.saturating_sub(1), ..stamp.next });
    let change = |difference: &Difference| {
        let change = difference.on_hand.checked_sub(difference.sum)?;
        Some(SkuChange { sku: difference.sku.clone(), change })
    };
    let identity =
        (Source::new(BOX_SOURCE).ok()?, DocumentId::new(&format!("opening-{epoch:016x}-{}", number + 1)).ok()?);
    let body = Body::Restatement { about, lines: differences.iter().filter_map(change).collect() };
    Some(Document::plain(identity, stamp.wall, body))
}
