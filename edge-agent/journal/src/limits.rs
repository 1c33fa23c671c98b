//! Every bound of the journal, in one place, with how they relate. Times are
//! in milliseconds of running.

use tidemark_model::limits as model;

/// Messages waiting for the writer.
pub const QUEUE: usize = 256;
/// Documents one synced write may hold.
pub const BATCH_DOCUMENTS: usize = 1_024;
/// Movements after which a write takes no further document.
pub const BATCH_MOVEMENTS: usize = 16_384;
/// Bytes of movements after which a write takes no further document.
pub const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// How long a handled movement stays before it may be trimmed.
pub const GRACE_MS: u64 = 14 * 24 * 3_600_000;
/// How coarse the grace is noted.
pub const GRACE_STEP_MS: u64 = 3_600_000;
/// Movements that are trimmed at once, at least.
pub const TRIM_STEP: u64 = 10 * model::BLOCK_SEQS;
/// Line effects go this long after their document can't be voided any more.
pub const VOID_MARGIN_MS: u64 = 24 * 3_600_000;

/// The odometer is saved at least this often.
pub const ODOMETER_SAVE_MS: u64 = 10_000;
/// The side file is written at most this often.
pub const SIDE_FILE_MS: u64 = 1_000;
/// Between two looks at what may be trimmed.
pub const HOUSEKEEPING_MS: u64 = 60_000;
/// Between two attempts to open the database again after a failed write.
pub const REOPEN_MS: u64 = 500;

/// Movements that an opening is taken over while documents wait, at most.
pub const TELLING_REST: u64 = 256;

/// Attempts in a row that must find the database damaged before it is given
/// up.
pub const DAMAGED_LOOKS: u32 = 3;
/// Damaged journals that are kept.
pub const ASIDES: usize = 3;
/// Damaged journals that are kept while something in them may be readable
/// that was not taken over.
pub const ASIDES_AT_MOST: usize = 8;
/// Bytes of tables up to which a database that can't be opened is repaired in
/// a copy before the box sells on, to take over its settings.
pub const REPAIRED_AT_ONCE: u64 = 64 * 1024 * 1024;
/// Movements taken over in one write, at most.
pub const SALVAGED_AT_ONCE: usize = 1_000;

/// Movements looked through for the newest documents.
pub const RECENT_MOVEMENTS: usize = 10_000;
/// Commits after the side file's word that are proven at open.
pub const PROVEN_AT_OPEN: u64 = 100_000;

const _: () = {
    assert!(BATCH_MOVEMENTS >= model::BATCH_MOVEMENTS, "a write holds at least what one batch sends");
    assert!(BATCH_BYTES >= model::RECORD_BYTES, "a write holds at least one record");
    assert!(SIDE_FILE_MS < ODOMETER_SAVE_MS, "the side file follows within an idle save");
    assert!(ASIDES <= ASIDES_AT_MOST, "bounds");
    assert!(GRACE_STEP_MS < GRACE_MS / 100, "the grace is noted to within a hundredth");
};
