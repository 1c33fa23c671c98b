//! How records are tried after the applier before this one died: a few at a
//! time, each try noted before it is made, and fewer with each death, until
//! one record stands alone. At the second death of that record it is parked
//! unread. Once all that the dead one can have had in hand is through, nothing
//! is noted any more.

use tidemark_ledger::TryRow;

use super::RECORDS;

/// Records of a noted try at first, and by how much fewer after each death.
const FEW: usize = 512;
const FEWER: usize = 32;
/// A record is given up after so many deaths of it alone.
const DEATHS: u64 = 2;

/// What to do with the records that come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Try {
    /// Take all, without a note.
    All,
    /// Note this, and take so many of them.
    Noted(TryRow),
    /// Note this, and park the one record unread.
    Unread(TryRow),
}

/// How careful the applier is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Care {
    /// Records that are still tried with a note.
    left: usize,
    /// Of those, how many belong to the try that was died of.
    suspect: usize,
    /// How many of the suspects are tried at once.
    at_once: usize,
    /// The last try of the dead one, if it was of one record: with this death.
    alone: Option<TryRow>,
}

impl Care {
    /// What follows from a note that was found; `next` is where the ledger
    /// stands.
    pub(super) fn after(found: Option<TryRow>, next: u64) -> Self {
        let Some(tried) = found else { return Self::default() };
        let records = usize::try_from(tried.records).unwrap_or(usize::MAX);
        // A try that came through was not what it died of.
        let suspect = if tried.first < next { 0 } else { records };
        let alone = (suspect == 1).then(|| TryRow { deaths: tried.deaths.saturating_add(1), ..tried });
        Self { left: RECORDS.saturating_add(suspect), suspect, at_once: (suspect / FEWER).max(1), alone }
    }

    /// What to do with `count` records, the first of them at `first`.
    pub(super) fn next(&self, first: u64, count: usize) -> Try {
        if self.left == 0 {
            return Try::All;
        }
        if let Some(alone) = self.alone.filter(|alone| alone.first == first) {
            return if alone.deaths >= DEATHS { Try::Unread(alone) } else { Try::Noted(alone) };
        }
        let most = if self.suspect > 0 { self.at_once.min(self.suspect) } else { FEW };
        Try::Noted(TryRow { first, records: u64::try_from(count.min(most)).unwrap_or(u64::MAX), deaths: 0 })
    }

    /// So many came through.
    pub(super) fn passed(&mut self, count: usize) {
        self.left = self.left.saturating_sub(count);
        self.suspect = self.suspect.saturating_sub(count);
        self.alone = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tries a log whose record at `deadly` kills whoever reads it, each time
    /// with what the one before noted; how often somebody died and whether
    /// the record was parked unread.
    fn lives(deadly: u64, end: u64) -> (u32, bool) {
        let (mut next, mut noted, mut deaths, mut unread) = (0, None, 0, false);
        while next < end {
            let mut care = Care::after(noted, next);
            noted = Some(noted.unwrap_or_default());
            while next < end {
                let count = RECORDS.min(usize::try_from(end - next).unwrap());
                let taken = match care.next(next, count) {
                    Try::All => count,
                    Try::Noted(tried) => {
                        noted = Some(tried);
                        usize::try_from(tried.records).unwrap()
                    }
                    Try::Unread(tried) => {
                        noted = Some(tried);
                        assert_eq!(tried.first, deadly, "only what was died of");
                        unread = true;
                        next += 1;
                        care.passed(1);
                        continue;
                    }
                };
                let until = next + u64::try_from(taken).unwrap();
                if (next..until).contains(&deadly) {
                    deaths += 1;
                    break;
                }
                next = until;
                care.passed(taken);
            }
        }
        (deaths, unread)
    }

    #[test]
    fn a_deadly_record_is_found_and_left_unread_wherever_it_stands() {
        for deadly in [0, 1, 511, 512, 700, 7_999, 8_000, 19_999] {
            let (deaths, unread) = lives(deadly, 20_000);
            assert!(unread && deaths <= 6, "{deadly}: {deaths}");
        }
        assert_eq!(lives(5, 6), (4, true));
    }

    #[test]
    fn without_a_death_nothing_is_noted_and_nothing_parked() {
        assert_eq!(lives(u64::MAX, 20_000), (0, false));
        assert_eq!(Care::after(None, 7).next(7, 3), Try::All);
    }

    #[test]
    fn who_died_between_its_tries_suspects_no_record() {
        let tried = TryRow { first: 6, records: 1, deaths: 1 };
        let care = Care::after(Some(tried), 7);
        assert_eq!(care.next(7, 3), Try::Noted(TryRow { first: 7, records: 3, deaths: 0 }));
    }

    #[test]
    fn care_ends_when_all_that_was_in_hand_is_through() {
        let mut care = Care::after(Some(TryRow::default()), 7);
        let mut passed = 0;
        while let Try::Noted(tried) = care.next(u64::try_from(7 + passed).unwrap(), RECORDS) {
            let count = usize::try_from(tried.records).unwrap();
            care.passed(count);
            passed += count;
        }
        assert!((RECORDS..RECORDS + FEW).contains(&passed), "{passed}");
    }
}
