//! The books at the end: what everyone who submitted something knows, against
//! what head office holds.

use std::time::Duration;

use tidemark_fleet::books::{Books, Totals};
use tidemark_fleet::patience::Trouble;
use tidemark_fleet::receipts::Sums;
use tidemark_fleet::say::{Voice, line};
use tidemark_fleet::shop::Record;

/// How long the rest may take to arrive.
const ARRIVE_WITHIN: Duration = Duration::from_secs(30);
/// Balances that differ and are shown.
const SHOWN: usize = 10;

/// Waits for the rest, prints the books; true if they are as they must be.
pub(super) async fn balance(books: &Books, opening: &Sums, record: &Record, voice: &Voice) -> Result<bool, Trouble> {
    let mut submitted = opening.clone();
    submitted.merge(&record.sums);
    let expected = submitted.movements() + record.parked;
    let totals = books.settle(expected, ARRIVE_WITHIN).await?;
    let differences = books.differences(&submitted, 0).await?;
    voice.say(format!("{} documents were submitted again, {} were taken twice", record.repeated, record.doubled));
    let balances = submitted.effects().count();
    voice.say(format!(
        "{balances} balances compared with the records of tills, scanner and shops: {} differ",
        differences.len()
    ));
    for difference in differences.iter().take(SHOWN) {
        let (store, sku) = (&difference.store, &difference.sku);
        let (own, found) = (difference.expected, difference.found);
        voice.say(format!("{store} {sku}: submitted {own} thousandths, head office holds {found:?}"));
    }
    let verdict = Verdict::of(&totals, expected, record);
    line("");
    line(&verdict.sentence(&totals));
    let parked_as_submitted = totals.parked == record.parked;
    if !parked_as_submitted {
        line(&format!("parked {} instead of {}", totals.parked, record.parked));
    }
    Ok(verdict.holds(&totals) && parked_as_submitted && differences.is_empty())
}

/// What the books come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Verdict {
    /// Named as lost, or submitted and not there.
    lost: u64,
    /// There more often than submitted.
    doubled: u64,
}

impl Verdict {
    fn of(totals: &Totals, expected: u64, record: &Record) -> Self {
        let held = totals.applied + totals.parked + totals.pending;
        Self {
            lost: totals.lost.max(expected.saturating_sub(held)),
            doubled: record.doubled + held.saturating_sub(expected),
        }
    }

    fn holds(&self, totals: &Totals) -> bool {
        totals.is_settled() && *self == Self { lost: 0, doubled: 0 }
    }

    fn sentence(&self, totals: &Totals) -> String {
        let Totals { committed, applied, parked, pending, without_match, .. } = totals;
        let Self { lost, doubled } = self;
        let digests = if *without_match == 0 {
            "digests match".to_owned()
        } else {
            format!("digests of {without_match} shops do not match")
        };
        format!(
            "committed {committed} = applied {applied} + parked {parked} + pending {pending} + lost {lost} · \
             doubled {doubled} · {digests}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOTALS: Totals =
        Totals { committed: 10, applied: 8, parked: 2, pending: 0, lost: 0, without_match: 0, stores: 1 };

    #[test]
    fn books_that_balance_are_said_so() {
        let verdict = Verdict::of(&TOTALS, 10, &Record::default());
        assert!(verdict.holds(&TOTALS));
        let sentence = "committed 10 = applied 8 + parked 2 + pending 0 + lost 0 · doubled 0 · digests match";
        assert_eq!(verdict.sentence(&TOTALS), sentence);
    }

    #[test]
    fn what_is_missing_is_lost_and_what_is_too_much_is_doubled() {
        assert_eq!(Verdict::of(&TOTALS, 11, &Record::default()), Verdict { lost: 1, doubled: 0 });
        assert_eq!(Verdict::of(&TOTALS, 9, &Record::default()), Verdict { lost: 0, doubled: 1 });
        assert!(!Verdict::of(&TOTALS, 9, &Record::default()).holds(&TOTALS));
        let differs = Totals { without_match: 1, ..TOTALS };
        assert!(!Verdict::of(&differs, 10, &Record::default()).holds(&differs));
    }
}
