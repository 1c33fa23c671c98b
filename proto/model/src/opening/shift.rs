//! Older readings before the birth of the next epoch.
//!
//! All readings of an epoch that ends move back by as much as its odometer
//! ran, so that its last stands just before
//! [`Odometer::BEFORE_BIRTH`](crate::Odometer::BEFORE_BIRTH), where what came
//! late stands. Only what 35 years of running lie before meets at 0.

use std::collections::BTreeMap;

use crate::books::{
    Change, ClosedCount, CountState, CountedItem, DocumentEntry, ItemEffect, Reversal, Stock, Suspense,
};
use crate::limits::{COUNT_REOPEN_MILLIS, VOID_MILLIS};
use crate::memory::MemoryBooks;
use crate::position::Odometer;
use crate::text::Sku;

/// The books of an epoch whose odometer came to `end`, as the next one takes
/// them over.
pub(super) fn to_next_epoch(books: MemoryBooks, end: Odometer) -> MemoryBooks {
    let shift = Shift { end, by: end.0.saturating_sub(Odometer::BEFORE_BIRTH.0 - 1) };
    let wanted = Wanted::by(&books, end);
    let mut parts = BTreeMap::new();
    let mut next = MemoryBooks::new();
    next.commit(books.into_changes().filter_map(|change| shift.change(change, &wanted, &mut parts)));
    next
}

/// From which reading on the effects on an item are needed: since the first
/// mark of a count that can still be closed over it.
struct Wanted {
    items: BTreeMap<Sku, Odometer>,
    all: Option<Odometer>,
}

impl Wanted {
    fn by(books: &MemoryBooks, end: Odometer) -> Self {
        let mut wanted = Self { items: BTreeMap::new(), all: None };
        for (_, count) in books.all_counts().filter(|(_, count)| is_recent(count, end)) {
            for (sku, item) in count.sheets.iter().flat_map(|sheet| &sheet.items) {
                let from = wanted.items.entry(sku.clone()).or_insert(item.mark);
                *from = item.mark.min(*from);
                if count.full {
                    wanted.all = Some(wanted.all.map_or(item.mark, |from| from.min(item.mark)));
                }
            }
        }
        wanted
    }

    fn has(&self, sku: &Sku, effect: &ItemEffect) -> bool {
        let from = self.items.get(sku).copied().into_iter().chain(self.all).min();
        from.is_some_and(|from| effect.happened > from)
    }
}

/// Whether the count is open, or may be closed anew.
fn is_recent(count: &CountState, now: Odometer) -> bool {
    count.closed.is_none_or(|closed| now.0.saturating_sub(closed.0) <= COUNT_REOPEN_MILLIS)
}

struct Shift {
    end: Odometer,
    by: u64,
}

impl Shift {
    fn change(&self, change: Change, wanted: &Wanted, parts: &mut BTreeMap<Sku, u32>) -> Option<Change> {
        Some(match change {
            Change::Stock(sku, stock) => Change::Stock(sku, self.stock(stock)),
            Change::Effect(sku, effect) => {
                if !wanted.has(&sku, &effect) {
                    return None;
                }
                // Seqs belong to an epoch; in the next one they are all 0.
                let part = parts.entry(sku.clone()).or_default();
                *part = part.saturating_add(1);
                let effect = ItemEffect { happened: self.reading(effect.happened), seq: 0, part: *part, ..effect };
                Change::Effect(sku, effect)
            }
            Change::Document(key, mut record) => {
                record.entries.iter_mut().for_each(|entry| self.entry(entry));
                Change::Document(key, record)
            }
            Change::Suspense(code, suspense) => Change::Suspense(code, self.suspense(suspense)),
            Change::Count(reference, count) => Change::Count(reference, self.count(count)),
            // A source's numbers are followed within one journal.
            Change::Sequence(..) => return None,
        })
    }

    const fn reading(&self, reading: Odometer) -> Odometer {
        Odometer(reading.0.saturating_sub(self.by))
    }

    fn stock(&self, stock: Stock) -> Stock {
        let closed =
            |closed: ClosedCount| ClosedCount { first: self.reading(closed.first), last: self.reading(closed.last) };
        Stock { last: 0, closed: stock.closed.map(closed), ..stock }
    }

    /// Line effects that no void can reverse any more are let go.
    fn entry(&self, entry: &mut DocumentEntry) {
        let Reversal::Lines { committed, lines } = &mut entry.reversal else { return };
        if self.end.0.saturating_sub(committed.0) > VOID_MILLIS {
            lines.clear();
        }
        *committed = self.reading(*committed);
        lines.iter_mut().for_each(|line| line.happened = self.reading(line.happened));
    }

    fn suspense(&self, mut suspense: Suspense) -> Suspense {
        suspense.rows.iter_mut().for_each(|row| row.happened = self.reading(row.happened));
        suspense
    }

    /// Of a count that takes no more latecomers only that it was closed is
    /// kept.
    fn count(&self, mut count: CountState) -> CountState {
        if !is_recent(&count, self.end) {
            count.sheets.clear();
        }
        for item in count.sheets.iter_mut().flat_map(|sheet| sheet.items.values_mut()) {
            let CountedItem { mark, last, .. } = *item;
            (item.mark, item.last) = (self.reading(mark), self.reading(last));
        }
        count.closed = count.closed.map(|closed| self.reading(closed));
        count
    }
}
