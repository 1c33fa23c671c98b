//! What a box's readings say of an opening whose boxes may have been in use
//! beside it: nothing orders the two until it was taken, or until the last of
//! it was applied, if that is known.
//!
//! A count whose marks lie before that may have seen what is in the opening or
//! not; what happened before that may have been seen by a count of the opening
//! or not.

use crate::books::{Change, ClosedCount, ItemEffect, Stock, Suspense};
use crate::memory::MemoryBooks;
use crate::position::Odometer;
use crate::quantity::Quantity;
use crate::text::{Code, Sku};

use super::order::SET_MS;

/// Up to when things of an opening may have happened, in readings of the box
/// that takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reach {
    until: Odometer,
    boot: Odometer,
}

impl Reach {
    /// At `now`, in a boot that began at `boot`; all of it was committed before
    /// `older_until`, if that is known.
    pub(super) fn at(now: Odometer, boot: Odometer, older_until: Option<Odometer>) -> Self {
        let until = older_until.map(|until| Odometer(until.0.saturating_add(SET_MS)));
        Self { until: until.map_or(now, |until| until.min(now)), boot }
    }

    /// The latest reading at which something may have happened that stands at
    /// `reading` in the opening; none if that was before this box was born.
    /// What happened before the present boot may have happened right before it.
    fn of(self, reading: Odometer) -> Option<Odometer> {
        let before_its_end = Odometer::BIRTH.0.saturating_sub(reading.0);
        let latest = self.until.back(before_its_end);
        if latest >= self.boot { Some(latest) } else { Some(self.boot).filter(|boot| *boot > Odometer::BIRTH) }
    }
}

/// The books in which nothing of an opening is ordered with what happened here
/// meanwhile.
pub(super) fn doubt(books: &mut MemoryBooks, reach: Reach) {
    let Some(until) = reach.of(Odometer::BIRTH) else { return };
    let items = books.all_stock().flat_map(|(sku, stock)| doubt_item(sku, *stock, (reach, until)));
    let codes = books.all_suspense().map(|(code, suspense)| doubt_rows(code, suspense));
    let changes: Vec<Change> = items.chain(codes).collect();
    books.commit(changes);
}

fn doubt_item(sku: &Sku, stock: Stock, (reach, until): (Reach, Odometer)) -> impl Iterator<Item = Change> {
    // Without effect: that something may have happened until then.
    let perhaps = [true, false].map(|trade| {
        let part = u32::from(trade);
        let effect = ItemEffect { happened: until, seq: 0, part, effect: Quantity::ZERO, trade, unsure: true };
        Change::Effect(sku.clone(), effect)
    });
    let closed = stock.closed.filter(|closed| closed.last < Odometer::BIRTH);
    let counted = closed.and_then(|closed| Some(ClosedCount { last: reach.of(closed.last)?, ..closed }));
    let counted = counted.map(|closed| Change::Stock(sku.clone(), Stock { closed: Some(closed), ..stock }));
    perhaps.into_iter().chain(counted)
}

fn doubt_rows(code: &Code, suspense: &Suspense) -> Change {
    let mut suspense = suspense.clone();
    let older = suspense.rows.iter_mut().filter(|row| row.happened < Odometer::BIRTH);
    older.for_each(|row| row.unsure = true);
    Change::Suspense(code.clone(), suspense)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_late_things_of_an_opening_may_have_happened() {
        let at = |run: u64| Odometer(Odometer::BIRTH.0 + run);
        let before_end = |run: u64| Odometer::BIRTH.back(run);
        let known = Reach::at(at(90_000), at(0), Some(at(40_000)));
        assert_eq!(known.of(Odometer::BIRTH), Some(at(50_000)), "the centre's clock may have been set");
        assert_eq!(known.of(before_end(20_000)), Some(at(30_000)));
        assert_eq!(known.of(before_end(50_001)), None, "this box was not born then");
        let off = Reach::at(at(90_000), at(70_000), Some(at(70_000)));
        assert_eq!(off.of(before_end(5_000)), Some(at(75_000)));
        assert_eq!(off.of(before_end(30_000)), Some(at(70_000)), "nobody knows for how long it was off before");
        for older_until in [None, Some(at(85_000))] {
            assert_eq!(Reach::at(at(90_000), at(0), older_until).of(Odometer::BIRTH), Some(at(90_000)));
        }
    }
}
