//! Applies one partition of the stream: reads from where the ledger stands,
//! applies, and publishes the new levels. All it knows comes from the ledger;
//! fenced, it forgets everything and begins anew.
//!
//! Levels are published after the commit. The ledger holds up to which step
//! they are, a batch behind; what a crash or a cache that was away left out
//! is read back from the ledger and published again. A level carries its
//! version, so twice does no harm.

use std::time::Duration;

use serde_json::json;
use tidemark_daemon::clock::Clock;
use tidemark_daemon::conditions::{Active, Code, registry};
use tidemark_ledger::apply::{ApplyRecord, Content};
use tidemark_ledger::{ApplyError, DeadLetterRow, LevelRow, PositionRow};
use tidemark_model::{Basis, StreamId};
use tidemark_stream::{Announcement, Event, StoredRecord, StreamError, Subject};
use tidemark_wire::{Control, EpochOpened, EpochTook, PositionsLost, decode_control};
use tokio_util::sync::CancellationToken;

use crate::api::{letter_json, number, time_text};
use crate::events::Events;
use crate::parts::Parts;

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
/// Waits after a failure: the first and the longest.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
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

impl From<tidemark_ledger::LedgerError> for RoundError {
    fn from(error: tidemark_ledger::LedgerError) -> Self {
        Self::Apply(error.into())
    }
}

impl Applier {
    /// Applies until it is asked to stop.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), std::io::Error> {
        let mut wait = FIRST_WAIT;
        while !stop.is_cancelled() {
            let began = self.clock.millis();
            let ended = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                ended = self.round() => ended,
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

    /// Applies from where the ledger stands; ends only with an error.
    async fn round(&self) -> Result<(), RoundError> {
        let identity = self.parts.stream.identity(self.partition).ok_or(RoundError::NoLog(self.partition))?;
        let mut at = self.position(identity).await?;
        let mut appended = self.parts.stream.watch();
        let mut tried_at = None;
        loop {
            let now = self.clock.millis();
            if at.published < at.step && tried_at.is_none_or(|tried: u64| now.saturating_sub(tried) >= AGAIN_MS) {
                tried_at = Some(now);
                let levels = self.parts.ledger.levels_changed(self.partition, at.published).await?;
                let out = self.publish(&levels).await && self.publish_parked(at.published).await;
                at.published = if out { at.step } else { at.published };
            }
            appended.borrow_and_update();
            let records = self.parts.stream.read(self.partition, at.next, RECORDS).await?;
            self.clear(registry::STREAM_UNREACHABLE);
            match records.last() {
                None => {
                    // Nothing waits for the database here; whether it answers
                    // is asked by others.
                    self.clear(registry::DATABASE_UNREACHABLE);
                    // The sender lives as long as the stream.
                    drop(tokio::time::timeout(IDLE, appended.changed()).await);
                }
                Some(last) => {
                    let next = last.offset.saturating_add(1);
                    at = self.apply(at, records, next).await?;
                    self.clear(registry::DATABASE_UNREACHABLE);
                }
            }
            self.conditions.expire(now);
        }
    }

    async fn position(&self, identity: StreamId) -> Result<PositionRow, RoundError> {
        Ok(self.parts.ledger.position(self.partition, identity).await?)
    }

    async fn apply(&self, at: PositionRow, records: Vec<StoredRecord>, next: u64) -> Result<PositionRow, RoundError> {
        let records: Vec<ApplyRecord> = records.into_iter().filter_map(|stored| self.to_apply(stored)).collect();
        let applied = self.parts.ledger.apply(at, &records, next, self.clock.wall().0).await?;
        self.events.handled.inc_by(applied.movements);
        self.events.lost.inc_by(applied.lost);
        self.events.late.inc_by(applied.late);
        self.events.parked.inc_by(applied.parked);
        self.events.forks_closed.inc_by(applied.closed);
        let mut now = applied.position;
        // What waits from before is published together with this.
        // Whole epochs are read back and told by the round itself.
        if at.published == at.step
            && !applied.settled
            && self.publish_changed(&applied.levels).await
            && (applied.parked + applied.closed == 0 || self.publish_parked(at.step).await)
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

/// A level as `inventory-levels` tells it.
fn announced_level(level: &LevelRow) -> Announcement {
    let told = json!({
        "store": level.store.as_str(),
        "sku": level.sku.as_str(),
        "on_hand": (level.basis == Basis::Counted).then(|| number(level.on_hand)),
        "effect_sum": number(level.effect_sum),
        "basis": level.basis.word(),
        "stale": level.older,
        "as_of": time_text(level.changed_at),
        "version": [level.version.0.0, level.version.1],
    });
    let key = format!("{}/{}", level.store, level.sku);
    Announcement { subject: Subject::Level, key, json: told.to_string().into_bytes() }
}

/// What was parked, as `inventory-dead-letters` tells it.
fn announced_letter(letter: &DeadLetterRow) -> Announcement {
    let key = format!("{}/{}/{}", letter.store, letter.epoch, letter.seq);
    Announcement { subject: Subject::DeadLetter, key, json: letter_json(letter).to_string().into_bytes() }
}
