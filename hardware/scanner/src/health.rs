//! Counters of one device, named after the UnifiedPOS statistics where there
//! is one.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::framer::Dropped;

/// What happened at a device since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Whether the port is open.
    pub open: bool,
    /// Times the port was opened.
    pub open_count: u64,
    /// Times it was lost or closed.
    pub close_count: u64,
    /// Tries to open it that failed.
    pub open_failure_count: u64,
    /// Reads and writes that failed, unplugs among them.
    pub communication_error_count: u64,
    /// Bytes read.
    pub byte_count: u64,
    /// Frames handed over.
    pub frame_count: u64,
    /// When the last of them was read, in the milliseconds of the clock given.
    pub last_frame_at: Option<u64>,
    /// Frames dropped because the owner's queue was full.
    pub queue_full_count: u64,
    /// Frames dropped because they were over 8 KiB.
    pub oversize_count: u64,
    /// Stretches of bytes without any printable character, dropped.
    pub noise_count: u64,
    /// Frames dropped because their end was missing.
    pub incomplete_count: u64,
    /// Signals written to the device.
    pub feedback_count: u64,
    /// Signals dropped: the port was closed, or they were too late.
    pub feedback_dropped_count: u64,
}

impl Health {
    /// The same by the names that UnifiedPOS gives statistics, as far as it
    /// has them; ours begin with `Tidemark_`.
    #[must_use]
    pub fn unified_pos(&self) -> [(&'static str, u64); 8] {
        let dropped = self.queue_full_count + self.oversize_count + self.noise_count + self.incomplete_count;
        [
            ("GoodScanCount", self.frame_count),
            ("CommunicationErrorCount", self.communication_error_count),
            ("Tidemark_OpenCount", self.open_count),
            ("Tidemark_CloseCount", self.close_count),
            ("Tidemark_OpenFailureCount", self.open_failure_count),
            ("Tidemark_NoScanCount", dropped),
            ("Tidemark_SignalCount", self.feedback_count),
            ("Tidemark_SignalDroppedCount", self.feedback_dropped_count),
        ]
    }
}

/// The same as the listening thread writes it and anyone reads it. Each
/// number stands alone, so relaxed order is enough.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) open: AtomicBool,
    pub(crate) opens: Counter,
    pub(crate) closes: Counter,
    pub(crate) open_failures: Counter,
    pub(crate) communication_errors: Counter,
    pub(crate) bytes: Counter,
    pub(crate) frames: Counter,
    /// Frames with which the owner is done.
    pub(crate) answered: Counter,
    pub(crate) last_frame_at: Counter,
    pub(crate) queue_full: Counter,
    pub(crate) oversize: Counter,
    pub(crate) noise: Counter,
    pub(crate) incomplete: Counter,
    pub(crate) feedback: Counter,
    pub(crate) feedback_dropped: Counter,
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn one_more(&self) {
        self.add(1);
    }

    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Counts up to this; another device at the same port counts from 0.
    pub(crate) fn raise(&self, value: u64) {
        self.0.fetch_max(value, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(crate) fn note_dropped(&self, dropped: Dropped) {
        self.oversize.raise(dropped.oversize);
        self.noise.raise(dropped.noise);
        self.incomplete.raise(dropped.incomplete);
    }

    pub(crate) fn health(&self) -> Health {
        let frame_count = self.frames.get();
        Health {
            open: self.open.load(Ordering::Relaxed),
            open_count: self.opens.get(),
            close_count: self.closes.get(),
            open_failure_count: self.open_failures.get(),
            communication_error_count: self.communication_errors.get(),
            byte_count: self.bytes.get(),
            frame_count,
            last_frame_at: (frame_count > 0).then(|| self.last_frame_at.get()),
            queue_full_count: self.queue_full.get(),
            oversize_count: self.oversize.get(),
            noise_count: self.noise.get(),
            incomplete_count: self.incomplete.get(),
            feedback_count: self.feedback.get(),
            feedback_dropped_count: self.feedback_dropped.get(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statistics_of_unified_pos_are_the_counters_by_its_names() {
        let counters = Counters::default();
        counters.frames.add(3);
        counters.communication_errors.one_more();
        counters.noise.raise(2);
        counters.noise.raise(1);
        let told = counters.health().unified_pos();
        let of = |name| told.iter().find(|(told, _)| *told == name).map(|(_, count)| *count);
        assert_eq!(of("GoodScanCount"), Some(3));
        assert_eq!(of("CommunicationErrorCount"), Some(1));
        assert_eq!(of("Tidemark_NoScanCount"), Some(2), "another device at the port counts from 0");
    }
}
