//! Every bound of what travels, in one place, with how they relate.

use tidemark_model::limits::{BATCH_BYTES, BATCH_MOVEMENTS, RECORD_BYTES};

/// Bytes that a batch's records may have when they are unpacked: the sender
/// keeps to [`BATCH_BYTES`], the receiver never makes more than this of a
/// payload.
pub const UNPACKED_BYTES: usize = 4 * BATCH_BYTES;
/// Batches of fewer movements are packed row by row: columns cost more than
/// they save.
pub const ROWS_BELOW: usize = 8;
/// Packed bytes below which compression is not tried.
pub const COMPRESS_ABOVE: usize = 96;
/// zstd's level: the default, where packing costs less than the line.
pub const ZSTD_LEVEL: i32 = 3;

/// Bytes one message from a box may have.
pub const TO_CENTRE_BYTES: usize = 1024 * 1024;
/// Bytes one message to a box may have.
pub const TO_BOX_BYTES: usize = 4 * 1024 * 1024;

const _: () = {
    assert!(RECORD_BYTES * 2 < UNPACKED_BYTES, "one record always fits");
    assert!(BATCH_BYTES + 16 * BATCH_MOVEMENTS < TO_CENTRE_BYTES, "a batch that could not be packed fits a message");
};
