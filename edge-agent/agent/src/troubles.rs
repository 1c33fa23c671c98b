//! Troubles with documents and with the box itself, told as conditions.
//!
//! Two kinds. What happened (an id used again, a stranger at the door) is
//! raised when it happens and held for a time after the last case. What is
//! the case (numbers that are missing, codes nobody knows, a full disk) is
//! looked at from time to time and cleared when it is no more.

mod journals;
mod twins;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use tidemark_daemon::clock::Clock;
use tidemark_daemon::conditions::{Active, Code, registry};
use tidemark_daemon::disk;
use tidemark_daemon::listen::Tls;
use tidemark_journal::{Committed, Journal, NotSaved, ReadError, Room};
use tidemark_model::books::SequenceState;
use tidemark_model::{ParkReason, Reference, Source, Warning};
use tokio_util::sync::CancellationToken;

use crate::days::Days;
use crate::papers::Verdict;
pub(crate) use journals::named;
use twins::{Twice, Twins};

/// How often what is the case is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How long a trouble with documents is told after the last case.
pub(crate) const DAY_MS: u64 = 24 * 3_600_000;
/// How long a refusal is told after the last case.
const HOUR_MS: u64 = 3_600_000;
/// From so full a disk on the journal gives up what it keeps as a grace.
const SHORT_PERCENT: u64 = 99;
/// Examples in a detail.
const EXAMPLES: usize = 3;

/// Tells troubles; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Troubles {
    conditions: Active,
    clock: Clock,
    twins: Twins,
}

impl Troubles {
    pub(crate) fn new(conditions: Active, clock: Clock) -> Self {
        Self { conditions, clock, twins: Twins::default() }
    }

    /// A document was taken for the first time: whether what it says was said
    /// already by somebody else.
    pub(crate) fn compare(&self, source: &Source, reference: Option<&Reference>, committed: &Committed) {
        match self.twins.note(source, reference, committed) {
            Some(Twice::Sold { lane, detail }) => self.hold(registry::SOLD_TWICE, &lane, detail, DAY_MS),
            Some(Twice::Received { reference, detail }) => {
                self.hold(registry::RECEIVED_TWICE, &reference, detail, DAY_MS)
            }
            None => {}
        }
    }

    /// A document was taken; what its answer warns of.
    pub(crate) fn taken(&self, source: &Source, id: &str, committed: &Committed) {
        for warning in &committed.warnings {
            match warning {
                Warning::Parked { reason: ParkReason::IdReused, .. } => {
                    self.hold(registry::ID_REUSED, source.as_str(), format!("{id} came with other content"), DAY_MS);
                }
                Warning::Parked { reason, .. } => {
                    let detail = format!("{}, last in document {id}", reason.word());
                    self.hold(registry::LINES_PARKED, source.as_str(), detail, DAY_MS);
                }
                Warning::SequenceRestarted { highest } => {
                    let detail = format!("its numbers started again after {highest}");
                    self.hold(registry::NUMBERS_RESTARTED, source.as_str(), detail, DAY_MS);
                }
                // Told by what is the case; or nothing is wrong.
                Warning::SequenceGap { .. }
                | Warning::UnknownItem { .. }
                | Warning::Fraction { .. }
                | Warning::KitCounted { .. }
                | Warning::SheetOlder
                | Warning::Negative { .. }
                | Warning::VoidWaits
                | Warning::VoidedBefore
                | Warning::AlreadyVoided => {}
            }
        }
    }

    /// A document or scan was not saved. That the disk can't be written is
    /// told elsewhere; that it does not give back what a decision needs, here.
    pub(crate) fn unsaved(&self, error: &NotSaved) {
        match error {
            NotSaved::Read { cause } => {
                self.hold(registry::BOOKS_UNREADABLE, "", cause.to_string(), HOUR_MS);
            }
            NotSaved::Write { .. } | NotSaved::Stopped => {}
        }
    }

    /// Something was refused that somebody submitted.
    pub(crate) fn refused(&self, whose: &str, why: &str) {
        self.hold(registry::DOCUMENTS_REFUSED, whose, why.to_owned(), HOUR_MS);
    }

    /// Somebody came without a right.
    pub(crate) fn stranger(&self) {
        let detail = "a request came with a token that is not known here, or without one".to_owned();
        self.hold(registry::TOKEN_REFUSED, "", detail, HOUR_MS);
    }

    fn hold(&self, code: Code, subject: &str, detail: String, hold_ms: u64) {
        self.conditions.raise_for(code, subject, detail, self.clock.millis(), hold_ms);
    }
}

/// Looks at what is the case.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) troubles: Troubles,
    pub(crate) journal: Journal,
    pub(crate) data: PathBuf,
    pub(crate) tls: Option<Tls>,
    pub(crate) days: Days,
}

impl Watch {
    /// Looks until it is asked to stop.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), std::io::Error> {
        let watch = std::sync::Arc::new(self);
        loop {
            let looking = std::sync::Arc::clone(&watch);
            tokio::task::spawn_blocking(move || looking.look()).await.map_err(std::io::Error::other)?;
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    fn look(&self) {
        let Troubles { conditions, clock, .. } = &self.troubles;
        conditions.expire(clock.millis());
        if let Some(tls) = &self.tls {
            Verdict::of_end(tls.ends(), clock.wall()).tell(conditions, "tls.certificate", clock.millis());
        }
        if let Ok(room) = disk::room(&self.data) {
            self.tell_disk(room);
        }
        journals::tell(&self.journal, conditions, clock.millis());
        match self.look_at_books() {
            // NOT SAVED, or the end: both are told elsewhere.
            Ok(()) | Err(ReadError::Closed) => {}
            Err(error) => tracing::error!(%error, "the books can't be looked at"),
        }
    }

    fn look_at_books(&self) -> Result<(), ReadError> {
        let Troubles { conditions, clock, .. } = &self.troubles;
        let (count, examples) = self.journal.suspended(EXAMPLES)?;
        if count == 0 {
            conditions.clear(registry::UNKNOWN_CODES);
        } else {
            let examples: Vec<&str> = examples.iter().map(|code| code.as_str()).collect();
            let codes = if count == 1 { "1 code".to_owned() } else { format!("{count} codes") };
            let detail = format!("{codes}, such as {}", examples.join(", "));
            conditions.raise(registry::UNKNOWN_CODES, detail, clock.millis());
        }
        let mut missing = BTreeSet::new();
        for (source, state) in self.journal.sequences()? {
            if let Some(detail) = missing_words(&state) {
                conditions.raise_about(registry::NUMBERS_MISSING, source.as_str(), detail, clock.millis());
                missing.insert(source.to_string());
            }
        }
        conditions.keep_about(registry::NUMBERS_MISSING, &missing);
        self.days.heed_swap(&self.journal)?;
        let differ = self.days.differences();
        conditions.keep_about(registry::TOTALS_DIFFER, &differ.keys().map(ToString::to_string).collect());
        for (source, detail) in differ {
            conditions.raise_about(registry::TOTALS_DIFFER, source.as_str(), detail, clock.millis());
        }
        Ok(())
    }

    fn tell_disk(&self, room: disk::Room) {
        let Troubles { conditions, clock, .. } = &self.troubles;
        let full = room.percent_full();
        let (room_left, holds) = match full {
            0..90 => (Room::Enough, None),
            90..95 => (Room::Tight, Some(registry::DISK_90)),
            95..SHORT_PERCENT => (Room::Scarce, Some(registry::DISK_95)),
            _ => (Room::Short, Some(registry::DISK_99)),
        };
        self.journal.tell_room(room_left);
        self.tell_ballast();
        for code in [registry::DISK_90, registry::DISK_95, registry::DISK_99] {
            if holds == Some(code) {
                let detail = format!("{full} % full, {} MiB are free", room.free_mib);
                conditions.raise(code, detail, clock.millis());
            } else {
                conditions.clear(code);
            }
        }
    }
}

impl Watch {
    /// The ballast is laid in the background: only one that was given up is
    /// missing.
    fn tell_ballast(&self) {
        let Troubles { conditions, clock, .. } = &self.troubles;
        let given_up = self.journal.counts().ballasts_given_up > 0;
        if given_up && self.journal.has_ballast() == Some(false) {
            let detail = "it was given up to a full disk, and is laid again when there is room".to_owned();
            conditions.raise(registry::BALLAST_GONE, detail, clock.millis());
        } else {
            conditions.clear(registry::BALLAST_GONE);
        }
    }
}

/// What has not come of a source's numbers; none if all has.
pub(crate) fn missing_words(state: &SequenceState) -> Option<String> {
    let gap = |(first, last): &(u64, u64)| {
        if first == last { first.to_string() } else { format!("{first}–{last}") }
    };
    let named: Vec<String> = state.gaps.iter().take(EXAMPLES).map(gap).collect();
    let more = u64::try_from(state.gaps.len().saturating_sub(named.len())).unwrap_or(u64::MAX);
    let more = more.saturating_add(state.gaps_dropped);
    match (named.is_empty(), more) {
        (true, 0) => None,
        (true, more) => Some(format!("{more} gaps that were not kept by name have not come")),
        (false, 0) => Some(format!("{} have not come", named.join(", "))),
        (false, more) => Some(format!("{} and {more} more gaps have not come", named.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::open_journal;
    use tidemark_journal::Submission;
    use tidemark_model::document::{Body, Line, TakenLine, Timing, TradeKind};
    use tidemark_model::movement::Labels;
    use tidemark_model::{Document, DocumentId, Quantity, Sku, StoreId, WallTime};

    fn sale(id: &str, quantity: i64, sequence: u64) -> Document {
        let line = TakenLine::plain(Sku::new("96385074").unwrap(), Quantity::units(quantity).unwrap());
        Document {
            source: Source::new("till:1").unwrap(),
            id: DocumentId::new(id).unwrap(),
            wall: WallTime(0),
            labels: Labels::default(),
            business_day_given: false,
            timing: Timing::Live,
            sequence: Some(sequence),
            body: Body::Trade { kind: TradeKind::Sale, last: false, lines: vec![Line::Taken(line)] },
        }
    }

    #[tokio::test]
    async fn what_is_wrong_with_documents_is_a_condition_about_their_source() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::start();
        let (journal, writer) = open_journal(folder.path(), &StoreId::new("S0001").unwrap(), clock).unwrap();
        let conditions = Active::default();
        let troubles = Troubles::new(conditions.clone(), clock);
        let watch = Watch {
            troubles: troubles.clone(),
            journal: journal.clone(),
            data: folder.path().to_owned(),
            tls: None,
            days: Days::default(),
        };
        let told = || {
            let list = conditions.list().into_iter();
            // The disk of whoever runs the test may be full.
            let list = list.filter(|raised| raised.code.0 >= 5_000);
            list.map(|raised| (raised.code, raised.subject, raised.detail)).collect::<Vec<_>>()
        };
        let submit = async |document: Document| {
            let (source, id) = (document.source.clone(), document.id.to_string());
            let committed = journal.submit(Submission::of(document)).await.unwrap();
            troubles.taken(&source, &id, &committed);
            watch.look();
        };
        submit(sale("1", 1, 40)).await;
        let unknown = (registry::UNKNOWN_CODES, String::new(), "1 code, such as 00000096385074".to_owned());
        assert_eq!(told(), std::slice::from_ref(&unknown));
        submit(sale("2", 1, 43)).await;
        let missing = (registry::NUMBERS_MISSING, "till:1".to_owned(), "41–42 have not come".to_owned());
        assert_eq!(told(), [unknown, missing]);
        for late in [41, 42] {
            submit(sale(&late.to_string(), 1, late)).await;
        }
        assert_eq!(told().len(), 1, "what came late is missing no more");
        submit(sale("2", 7, 44)).await;
        submit(sale("9", 1, 1)).await;
        let codes: Vec<Code> = told().into_iter().map(|(code, ..)| code).collect();
        assert_eq!(codes, [registry::UNKNOWN_CODES, registry::ID_REUSED, registry::NUMBERS_RESTARTED]);
        tokio::task::spawn_blocking(move || writer.stop()).await.unwrap().unwrap();
    }

    #[test]
    fn books_that_cannot_be_read_are_told_and_a_disk_that_cannot_be_written_is_told_elsewhere() {
        let conditions = Active::default();
        let troubles = Troubles::new(conditions.clone(), Clock::start());
        troubles.unsaved(&NotSaved::Stopped);
        troubles.unsaved(&NotSaved::Write { cause: "full".to_owned() });
        assert!(conditions.list().is_empty());
        troubles.unsaved(&NotSaved::Read { cause: ReadError::Layout("stock of 17".to_owned()) });
        assert!(conditions.holds(registry::BOOKS_UNREADABLE));
        assert!(conditions.list()[0].detail.contains("stock of 17"));
    }

    #[test]
    fn a_full_disk_is_told_by_how_full_it_is() {
        let conditions = Active::default();
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::start();
        let (journal, writer) = open_journal(folder.path(), &StoreId::new("S0001").unwrap(), clock).unwrap();
        let troubles = Troubles::new(conditions.clone(), clock);
        let watch = Watch {
            troubles,
            journal: journal.clone(),
            data: folder.path().to_owned(),
            tls: None,
            days: Days::default(),
        };
        for (free, expected) in [
            (11, None),
            (10, Some(registry::DISK_90)),
            (5, Some(registry::DISK_95)),
            (1, Some(registry::DISK_99)),
            (50, None),
        ] {
            watch.tell_disk(disk::Room { free_mib: free, total_mib: 100 });
            assert_eq!(conditions.list().first().map(|raised| raised.code), expected, "{free} % free");
            let gives_way = match expected {
                Some(registry::DISK_90) => Room::Tight,
                Some(registry::DISK_95) => Room::Scarce,
                Some(registry::DISK_99) => Room::Short,
                _ => Room::Enough,
            };
            assert_eq!(journal.room(), gives_way, "{free} % free");
        }
        writer.stop().unwrap();
    }
}
