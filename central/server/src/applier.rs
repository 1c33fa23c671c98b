//! Applies one partition of the stream: reads from where the ledger stands,
//! applies, and publishes the new levels. All it knows comes from the ledger;
//! fenced, it forgets everything and begins anew.
//!
//! Levels are published after the commit. The ledger holds up to which step
//! they are, a batch behind; what a crash or a cache that was away left out
//! is read back from the ledger and published again. A level carries its
//! version, so twice does no harm.
//!
//! While it runs a note of it stands in the ledger. Who finds one follows an
//! applier that died, and takes [`care`].

mod announced;
mod care;
pub(crate) mod history;

use std::collections::BTreeSet;
use std::time::Duration;

use tidemark_daemon::clock::Clock;
use tidemark_daemon::conditions::{Active, Code, registry};
use tidemark_ledger::apply::{ApplyRecord, Content};
use tidemark_ledger::{ApplyError, LedgerError, LevelRow, PositionRow};
use tidemark_stream::{Announcement, Event, StoredRecord, StreamError};
use tidemark_wire::{Control, EpochOpened, EpochTook, PositionsLost, decode_control};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::events::Events;
use crate::parts::Parts;
pub(crate) use announced::{announced_letter, announced_level, level_of_announcement};
use care::{Care, Try};
use history::Stood;

/// Records of one transaction, about.
const RECORDS: usize = 8_000;
/// Levels published at once.
const LEVELS: usize = 1_000;
/// How long an idle applier waits before it looks by itself.
const IDLE: Duration = Duration::from_millis(250);
/// Between two tries to publish what could not be.
const AGAIN_MS: u64 = 1_000;
/// How long a record that was passed over is told of after the last one.
const UNKNOWN_SHOWN_MS: u64 = 24 * 3_600_000;
/// How long it is told that a log was cut back.
const CUT_SHOWN_MS: u64 = 24 * 3_600_000;
/// Waits after a failure: the first and the longest.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How long the note that it ended may take.
const LAST_NOTE: Duration = Duration::from_secs(2);
/// A round that lasted for so long was a good one: the next failure is the
/// first.
const STEADY_MS: u64 = 10_000;

/// The applier of one partition.
#[derive(Clone, Debug)]
pub(crate) struct Applier {
    pub(crate) partition: u32,
    pub(crate) parts: Parts,
    pub(crate) conditions: Active,
    pub(crate) events: Events,
    pub(crate) clock: Clock,
    /// Partitions with levels that others changed.
    pub(crate) changed: watch::Receiver<BTreeSet<u32>>,
}

/// What outlives a round.
#[derive(Debug, Default)]
struct Memory {
    /// Known once the ledger has said how the applier before ended.
    care: Option<Care>,
    /// Cuts of the log that were told.
    cuts: u64,
    /// Where it stood last.
    stood: Option<Stood>,
}

/// Why a round ended.
#[derive(Debug, thiserror::Error)]
enum RoundError {
    #[error(transparent)]
    Apply(#[from] ApplyError),
    #[error(transparent)]
    Stream(#[from] StreamError),
    #[error("partition {0} has no log")]
    NoLog(u32),
}

impl From<LedgerError> for RoundError {
    fn from(error: LedgerError) -> Self {
        Self::Apply(error.into())
    }
}

impl Applier {
    /// Applies until it is asked to stop.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), std::io::Error> {
        let ended = self.apply_until(&stop).await;
        // A note that stays only makes the next one careful.
        let note = tokio::time::timeout(LAST_NOTE, self.parts.ledger.end_tries(self.partition));
        if let Ok(Err(error)) = note.await {
            tracing::debug!(%error, "that the applier ended is not noted");
        }
        ended
    }

    async fn apply_until(&self, stop: &CancellationToken) -> Result<(), std::io::Error> {
        let mut wait = FIRST_WAIT;
        let mut memory = Memory::default();
        while !stop.is_cancelled() {
            let began = self.clock.millis();
            let ended = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                ended = self.round(&mut memory) => ended,
            };
            let Err(error) = ended else { continue };
            if matches!(error, RoundError::Apply(ApplyError::Fenced(_))) {
                self.events.fenced.inc();
                tracing::warn!(%error, "begins anew from the ledger");
            } else {
                self.events.apply_failures.inc();
                self.raise(&error);
            }
            if self.is_without_log(&error).await {
                return Err(std::io::Error::other(error));
            }
            if let RoundError::Stream(error) = &error {
                self.go_back(error).await;
            }
            if self.clock.millis().saturating_sub(began) > STEADY_MS {
                wait = FIRST_WAIT;
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(wait) => {}
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        Ok(())
    }

    fn raise(&self, error: &RoundError) {
        let code = match error {
            RoundError::Apply(ApplyError::Ledger(LedgerError::Setting { .. })) => registry::DATABASE_NOT_DURABLE,
            RoundError::Apply(_) => registry::DATABASE_UNREACHABLE,
            RoundError::Stream(_) | RoundError::NoLog(_) => registry::STREAM_UNREACHABLE,
        };
        let subject = self.subject();
        let detail = format!("{subject}: {error}");
        self.conditions.raise_about(code, &subject, detail, self.clock.millis());
    }

    /// It can do again what it could not.
    fn clear(&self, code: Code) {
        self.conditions.clear_about(code, &self.subject());
    }

    fn clear_database(&self) {
        self.clear(registry::DATABASE_UNREACHABLE);
        self.clear(registry::DATABASE_NOT_DURABLE);
    }

    /// What its conditions are about.
    fn subject(&self) -> String {
        format!("partition {}", self.partition)
    }

    /// Whether the log that this process knows is no more: only a fresh start
    /// finds out which log is there now.
    async fn is_without_log(&self, error: &RoundError) -> bool {
        match error {
            RoundError::Stream(error) => self.parts.stream.is_another(self.partition, error).await,
            RoundError::Apply(_) | RoundError::NoLog(_) => false,
        }
    }

    /// Goes back to the end of a log that lost its newest records.
    async fn go_back(&self, error: &StreamError) {
        let StreamError::Replaced { expected, end, .. } = *error else { return };
        let Some(stream) = self.parts.stream.identity(self.partition) else { return };
        if !self.parts.stream.is_cut_back(self.partition, error).await {
            return;
        }
        let at = PositionRow { stream, partition: self.partition, next: expected, step: 0, others: 0, published: 0 };
        if let Err(error) = self.parts.ledger.rewind(at, end).await {
            tracing::warn!(%error, "the applier does not go back yet");
        }
    }

    /// Says that the log was cut back since the last look.
    fn tell_cuts(&self, seen: &mut u64) {
        let cuts = self.parts.stream.cuts(self.partition);
        if std::mem::replace(seen, cuts) == cuts {
            return;
        }
        let subject = self.subject();
        let detail = format!("{subject}: its newest records are gone");
        self.conditions.raise_for(registry::LOG_CUT_BACK, &subject, detail, self.clock.millis(), CUT_SHOWN_MS);
    }

    /// Applies from where the ledger stands; ends only with an error.
    async fn round(&self, memory: &mut Memory) -> Result<(), RoundError> {
        let identity = self.parts.stream.identity(self.partition).ok_or(RoundError::NoLog(self.partition))?;
        let mut at = self.begin(identity, memory.stood).await?;
        let care = match &mut memory.care {
            Some(care) => care,
            care @ None => care.insert(Care::after(self.parts.ledger.begin_tries(self.partition).await?, at.next)),
        };
        let mut appended = self.parts.stream.watch();
        let mut tried_at = None;
        loop {
            let now = self.clock.millis();
            memory.stood = Some(Stood::at(&at));
            self.tell_cuts(&mut memory.cuts);
            if at.published < at.step && tried_at.is_none_or(|tried: u64| now.saturating_sub(tried) >= AGAIN_MS) {
                tried_at = Some(now);
                let levels = self.parts.ledger.levels_changed(self.partition, at.published).await?;
                let out = self.publish(&levels).await && self.publish_parked(at.published).await;
                at.published = if out { at.step } else { at.published };
            }
            if self.changed.borrow().contains(&self.partition) {
                self.publish_noted().await?;
            }
            appended.borrow_and_update();
            let records = self.parts.stream.read(self.partition, at.next, RECORDS).await?;
            self.clear(registry::STREAM_UNREACHABLE);
            match records.last() {
                None => {
                    // Nothing waits for the database here; whether it answers
                    // is asked by others.
                    self.clear_database();
                    // The sender lives as long as the stream.
                    drop(tokio::time::timeout(IDLE, appended.changed()).await);
                }
                Some(last) => {
                    let next = last.offset.saturating_add(1);
                    at = self.apply_all(at, records, next, care).await?;
                    self.clear_database();
                }
            }
            self.conditions.expire(now);
        }
    }

    /// Applies records, in as many tries as care wants.
    async fn apply_all(
        &self,
        mut at: PositionRow,
        mut records: Vec<StoredRecord>,
        next: u64,
        care: &mut Care,
    ) -> Result<PositionRow, RoundError> {
        while let Some(first) = records.first() {
            let how = care.next(first.offset, records.len());
            let (Try::Noted(tried) | Try::Unread(tried)) = how else {
                let records = records.into_iter().filter_map(|stored| self.to_apply(stored)).collect();
                return self.apply(at, records, next).await;
            };
            self.parts.ledger.note_try(self.partition, tried).await?;
            let count = usize::try_from(tried.records).unwrap_or(usize::MAX).min(records.len());
            let rest = records.split_off(count);
            let until = rest.first().map_or(next, |first| first.offset);
            let unread = matches!(how, Try::Unread(_));
            let read = |stored| if unread { self.to_park(stored) } else { self.to_apply(stored) };
            at = self.apply(at, records.into_iter().filter_map(read).collect(), until).await?;
            care.passed(count);
            records = rest;
        }
        Ok(at)
    }

    async fn apply(&self, at: PositionRow, records: Vec<ApplyRecord>, next: u64) -> Result<PositionRow, RoundError> {
        let began = self.clock.elapsed();
        let applied = self.parts.ledger.apply(at, &records, next, self.clock.wall().0).await?;
        self.events.apply.note(self.clock.elapsed().saturating_sub(began));
        self.events.applied(&applied);
        let mut now = applied.position;
        // What waits from before is published together with this.
        // Whole epochs are read back and told by the round itself.
        if at.published == at.step
            && !applied.settled
            && self.publish_changed(&applied.levels).await
            && (applied.parked + applied.closed + applied.repaired == 0 || self.publish_parked(at.step).await)
        {
            now.published = now.step;
        }
        Ok(now)
    }

    /// A record of the stream as the ledger takes it; the log's own birth is
    /// none of the ledger's. One that can't be read holds nobody up, but it is
    /// said: a newer centre may have meant something by it.
    fn to_apply(&self, stored: StoredRecord) -> Option<ApplyRecord> {
        let StoredRecord { offset, record } = stored;
        let content = match record.event {
            Event::Movement(position, bytes) => Content::Movement(position, bytes),
            Event::Control(bytes) => match decode_control(&bytes) {
                Ok(
                    Control::EpochOpened(EpochOpened { store, .. })
                    | Control::PositionsLost(PositionsLost { store, .. })
                    | Control::OpeningTaken(EpochTook { store, .. }),
                ) if store != record.store => {
                    return self.passed_over(offset, &format!("it is keyed by {} and speaks of {store}", record.store));
                }
                Ok(Control::EpochOpened(_) | Control::PositionsLost(_) | Control::OpeningTaken(_)) => {
                    Content::Control(bytes)
                }
                Ok(Control::StreamBorn(_)) => return None,
                Err(error) => return self.passed_over(offset, &error.to_string()),
            },
        };
        Some(ApplyRecord { offset, store: record.store, content })
    }

    /// A record that nobody is to read: who did died.
    fn to_park(&self, stored: StoredRecord) -> Option<ApplyRecord> {
        let StoredRecord { offset, record } = stored;
        match record.event {
            Event::Movement(position, bytes) => {
                let (partition, store) = (self.partition, &record.store);
                tracing::error!(partition, offset, %store, ?position, "the centre died of a movement twice: it is parked unread");
                Some(ApplyRecord { offset, store: record.store, content: Content::Unread(position, bytes) })
            }
            Event::Control(_) => self.passed_over(offset, "the centre died of it twice"),
        }
    }

    /// Says that a record was passed over.
    fn passed_over(&self, offset: u64, why: &str) -> Option<ApplyRecord> {
        self.events.records_unknown.inc();
        let partition = self.partition;
        tracing::warn!(partition, offset, why, "a record of the stream is passed over");
        let detail = format!("the record at offset {offset} of partition {partition} was passed over: {why}");
        let (now, subject) = (self.clock.millis(), partition.to_string());
        self.conditions.raise_for(registry::RECORD_UNKNOWN, &subject, detail, now, UNKNOWN_SHOWN_MS);
        None
    }

    /// Publishes what a batch changed; whether all of it is out.
    async fn publish_changed(&self, changed: &[LevelRow]) -> bool {
        for chunk in changed.chunks(LEVELS) {
            if !self.publish(chunk).await {
                return false;
            }
        }
        true
    }

    /// Publishes some of the levels that others changed; what is not out stays
    /// noted.
    async fn publish_noted(&self) -> Result<(), LedgerError> {
        let most = u32::try_from(LEVELS).unwrap_or(u32::MAX);
        if let Some((number, levels)) = self.parts.ledger.noted_levels(self.partition, most).await?
            && self.publish(&levels).await
        {
            self.parts.ledger.forget_noted(self.partition, number).await?;
        }
        Ok(())
    }

    /// Publishes what was parked after a step; whether all of it is out.
    async fn publish_parked(&self, step: u64) -> bool {
        if !self.parts.stream.is_heard() {
            return true;
        }
        match self.parts.ledger.dead_letters_after(self.partition, step).await {
            Ok(letters) => self.announce(letters.iter().map(announced_letter)).await,
            Err(error) => {
                tracing::warn!(%error, "what was parked could not be read back");
                false
            }
        }
    }

    /// Publishes levels; whether all of them are out.
    async fn publish(&self, levels: &[LevelRow]) -> bool {
        let cached = match self.parts.cache.put(levels).await {
            Ok(()) => {
                self.conditions.clear(registry::CACHE_UNREACHABLE);
                true
            }
            Err(error) => {
                self.conditions.raise(registry::CACHE_UNREACHABLE, error.to_string(), self.clock.millis());
                false
            }
        };
        let announced = !self.parts.stream.is_heard() || self.announce(levels.iter().map(announced_level)).await;
        cached && announced
    }

    async fn announce(&self, told: impl Iterator<Item = Announcement>) -> bool {
        let told: Vec<Announcement> = told.collect();
        let done = self.parts.stream.announce(self.partition, &told).await;
        done.inspect_err(|error| tracing::warn!(%error, "what changed could not be announced")).is_ok()
    }
}
