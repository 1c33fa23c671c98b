//! What the writer has done since it was started, for metrics and proofs.

use std::sync::atomic::{AtomicU64, Ordering};

/// Upper bounds of the classes in which write sizes are counted (documents a
/// synced write).
pub const BATCH_CLASSES: [u64; 8] = [1, 2, 4, 8, 16, 64, 256, u64::MAX];

/// Counters that the writer moves and anybody reads.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) syncs: AtomicU64,
    pub(crate) failed_writes: AtomicU64,
    pub(crate) reopened: AtomicU64,
    pub(crate) batches: AtomicU64,
    pub(crate) documents: AtomicU64,
    pub(crate) duplicates: AtomicU64,
    pub(crate) movements: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) trimmed: AtomicU64,
    pub(crate) side_file_failures: AtomicU64,
    pub(crate) torn_logs: AtomicU64,
    pub(crate) side_files_lost: AtomicU64,
    pub(crate) set_aside: AtomicU64,
    pub(crate) salvaged: AtomicU64,
    pub(crate) ballasts_given_up: AtomicU64,
    classes: [AtomicU64; BATCH_CLASSES.len()],
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Synced writes.
    pub syncs: u64,
    /// Writes that failed.
    pub failed_writes: u64,
    /// Times the database was opened again after one.
    pub reopened: u64,
    /// Synced writes that held documents.
    pub batches: u64,
    /// Documents taken.
    pub documents: u64,
    /// Documents that were held already.
    pub duplicates: u64,
    /// Movements committed.
    pub movements: u64,
    /// Bytes of movements committed.
    pub bytes: u64,
    /// Movements trimmed.
    pub trimmed: u64,
    /// Times the side file could not be written.
    pub side_file_failures: u64,
    /// Times the database was opened without the end of its log, which was
    /// torn behind all that is known to have been saved.
    pub torn_logs: u64,
    /// Times the side file had no word of a journal with movements.
    pub side_files_lost: u64,
    /// Damaged journals set aside at the start.
    pub set_aside: u64,
    /// Movements taken over from damaged journals.
    pub salvaged: u64,
    /// Times the ballast was given up to a full disk.
    pub ballasts_given_up: u64,
    /// Synced writes by documents, in the classes of [`BATCH_CLASSES`].
    pub batch_sizes: [u64; BATCH_CLASSES.len()],
}

pub(crate) fn add(counter: &AtomicU64, more: usize) {
    counter.fetch_add(u64::try_from(more).unwrap_or(u64::MAX), Ordering::Relaxed);
}

impl Counters {
    pub(crate) fn batch_of(&self, documents: usize) {
        let documents = u64::try_from(documents).unwrap_or(u64::MAX);
        let class = BATCH_CLASSES.iter().zip(&self.classes).find(|(bound, _)| documents <= **bound);
        if let Some((_, class)) = class {
            class.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn read(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            syncs: read(&self.syncs),
            failed_writes: read(&self.failed_writes),
            reopened: read(&self.reopened),
            batches: read(&self.batches),
            documents: read(&self.documents),
            duplicates: read(&self.duplicates),
            movements: read(&self.movements),
            bytes: read(&self.bytes),
            trimmed: read(&self.trimmed),
            side_file_failures: read(&self.side_file_failures),
            torn_logs: read(&self.torn_logs),
            side_files_lost: read(&self.side_files_lost),
            set_aside: read(&self.set_aside),
            salvaged: read(&self.salvaged),
            ballasts_given_up: read(&self.ballasts_given_up),
            batch_sizes: self.classes.each_ref().map(read),
        }
    }
}
