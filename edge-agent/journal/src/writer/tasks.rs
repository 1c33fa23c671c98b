//! What is due from time to time: the odometer, the side file, trimming, and
//! letting go of what no decision reads any more.

use std::sync::atomic::Ordering;

use tidemark_model::books::CountState;
use tidemark_model::limits::{COUNT_REOPEN_MILLIS, VOID_MILLIS};
use tidemark_model::{BlockIndex, EpochOrdinal, Odometer, Position, Seq};

use super::{Health, Owner};
use crate::layout::meta::{self, Number};
use crate::layout::progress::Progress;
use crate::layout::{Family, decode, outbox};
use crate::limits;
use crate::state::State;
use crate::store::{Durability, ReadError, Scan, Store};
use crate::submit::NotSaved;

/// When what was last done.
pub(super) struct Due {
    saved: Odometer,
    side: Odometer,
    looked: Odometer,
}

impl Due {
    pub(super) const fn from(now: Odometer) -> Self {
        Self { saved: now, side: Odometer(0), looked: now }
    }

    /// The odometer was saved with a commit.
    pub(super) const fn saved(&mut self, at: Odometer) {
        self.saved = at;
    }
}

fn is_due(last: Odometer, now: Odometer, every_ms: u64) -> bool {
    now.0.saturating_sub(last.0) >= every_ms
}

impl Owner {
    pub(super) fn do_due(&mut self) {
        let now = self.shared.running.now();
        if matches!(*self.tellers.health.borrow(), Health::NotWritable { .. }) && self.ensure_open().is_ok() {
            // Voids of what survived wait.
            self.commit_waiting();
        }
        if is_due(self.inner.due.side, now, limits::SIDE_FILE_MS) {
            self.inner.due.side = now;
            self.write_side_file();
        }
        if is_due(self.inner.due.saved, now, limits::ODOMETER_SAVE_MS) {
            self.save_odometer();
        }
        if is_due(self.inner.due.looked, now, self.config.retention.look_ms) {
            self.inner.due.looked = now;
            self.let_go();
            self.make_room();
            // Should it fail, the health says so, and it is tried again.
            let _trimmed = self.trim();
        }
    }

    /// Saves the odometer of an idle box.
    pub(super) fn save_odometer(&mut self) {
        let now = self.shared.running.now();
        let progress = Progress { odometer: now.max(self.state.progress.odometer), ..self.state.progress };
        let saved =
            self.change(Durability::Synced, |_, batch| batch.put_value(Family::Meta, &meta::PROGRESS, &progress));
        if saved.is_ok() {
            self.state.progress = progress;
        }
        self.inner.due.saved(now);
    }

    /// Tells the side file how far the journal is, if that is news.
    pub(super) fn write_side_file(&mut self) {
        let Some(mark) = self.answered().filter(|mark| self.side.written() != Some(*mark)) else { return };
        // A closed database may hold less than the state; it is asked first.
        if self.inner.closed.is_none() && self.side.write(mark).is_err() {
            self.shared.counters.side_file_failures.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Trims what was handled and has had its grace; gives the lowest seq
    /// still held.
    pub(super) fn trim(&mut self) -> Result<Seq, NotSaved> {
        let retention = self.retention();
        let Some(below) = trimmable(&self.state, self.trims_by(), retention.grace_ms) else {
            return Ok(self.state.trimmed_below);
        };
        let (epoch, from) = (self.state.identity.epoch, self.state.trimmed_below);
        if below.saturating_sub(from) < retention.step {
            return Ok(from);
        }
        let key = |seq| outbox::key(Position { epoch, seq });
        // From the epoch's first each time: a file that goes may hold an older
        // deletion, without which what it covered elsewhere would be back.
        self.change(Durability::Synced, |_, batch| {
            batch.delete_range(Family::Outbox, &key(1), &key(below))?;
            batch.put_value(Family::Meta, &meta::TRIMMED_BELOW, &Number(below))
        })?;
        self.state.trimmed_below = below;
        self.state.handled.grace.0.retain(|(_, seq)| *seq >= below);
        self.tell_tail();
        self.shared.counters.trimmed.fetch_add(below - from, Ordering::Relaxed);
        // The range is deleted; should its files stay, compaction takes them.
        let last = key(below.saturating_sub(1));
        let _freed = self.shared.shelf.read(|store| store.free_range(Family::Outbox, &key(1), &last));
        Ok(below)
    }

    /// Tells the compactions what is too old: line effects beyond any void,
    /// item effects beyond the grace and before every open count's marks.
    /// Counts that take no latecomers any more keep only that they were closed.
    pub(super) fn let_go(&mut self) {
        self.let_go_at(self.shared.running.now());
    }

    pub(super) fn let_go_at(&mut self, now: Odometer) {
        let lines = now.back(VOID_MILLIS + limits::VOID_MARGIN_MS);
        let graced = now.back(limits::GRACE_MS.max(self.config.retention.grace_ms));
        // What can't be read may still need everything.
        let looked = self.shared.shelf.read(|store| look_at_counts(store, now)).unwrap_or_default();
        self.expiry.set(graced.min(looked.earliest_mark), lines);
        if looked.settled.is_empty() {
            return;
        }
        // Should it fail, the health says so, and it is tried again.
        let _let_go = self.change(Durability::Later, |_, batch| {
            looked.settled.iter().try_for_each(|(key, count)| batch.put_value(Family::Counts, key, count))
        });
    }
}

/// What the counts still need.
#[derive(Default)]
struct LookAtCounts {
    /// The earliest mark of a count that may still be closed anew.
    earliest_mark: Odometer,
    /// Counts that need their sheets no more, without them.
    settled: Vec<(Vec<u8>, CountState)>,
}

fn look_at_counts(store: &Store, now: Odometer) -> Result<LookAtCounts, ReadError> {
    let mut look = LookAtCounts { earliest_mark: now, settled: Vec::new() };
    store.scan(Family::Counts, &[], None, |key, value| {
        let count: CountState = decode(value)?;
        let is_settled = count.closed.is_some_and(|closed| now.0.saturating_sub(closed.0) > COUNT_REOPEN_MILLIS);
        if !is_settled {
            let items = count.sheets.iter().flat_map(|sheet| sheet.items.values());
            look.earliest_mark = items.map(|item| item.mark).min().unwrap_or(now).min(look.earliest_mark);
        } else if !count.sheets.is_empty() {
            look.settled.push((key.to_vec(), CountState { sheets: Vec::new(), ..count }));
        }
        Ok(Scan::On)
    })?;
    Ok(look)
}

/// Below which seq everything may go: whole blocks, handled and proven at
/// least a grace before a reading, and never before the opening is taken of an
/// epoch that follows another.
fn trimmable(state: &State, by: Odometer, grace_ms: u64) -> Option<Seq> {
    let is_first = state.handled.ordinal == Some(EpochOrdinal(1));
    if !is_first && state.opening.is_none() {
        return None;
    }
    let graced = state.handled.grace.0.iter().filter(|(at, _)| by.0.saturating_sub(at.0) >= grace_ms);
    let seq = graced.map(|(_, seq)| *seq).max()?.min(state.handled.through);
    Some(BlockIndex::of(seq.saturating_add(1)).first()).filter(|below| *below > state.trimmed_below)
}
