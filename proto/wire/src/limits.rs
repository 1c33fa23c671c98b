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

/// Bytes one message of the stream or one page may have as it travels.
pub const MESSAGE_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of content a page should stay below.
pub const PAGE_BYTES: usize = 1024 * 1024;
/// Bytes of a piece of a page, the least and the most that a box asks for where
/// the line does not last for a whole one.
pub const PIECE_BYTES: (usize, usize) = (1024, 32 * 1024);
/// Messages that wait to be written to one stream, at either end.
pub const QUEUED_MESSAGES: usize = 16;
/// HTTP/2 window of one stream: what may be under way in 250 ms at 32 Mbit/s.
pub const STREAM_WINDOW_BYTES: u32 = 1024 * 1024;
/// HTTP/2 window of one connection.
pub const CONNECTION_WINDOW_BYTES: u32 = 2 * STREAM_WINDOW_BYTES;
/// Bytes the body of one instruction may have.
pub const INSTRUCTION_BODY_BYTES: usize = 16 * 1024 * 1024;

/// Bytes of a text for people: a detail, a version, a path.
pub const TEXT_BYTES: usize = 1_024;
/// Earlier epochs a box speaks of.
pub const EARLIER_EPOCHS: usize = 16;
/// Conditions a box reports.
pub const CONDITIONS: usize = 256;
/// Scanners a box reports.
pub const SCANNERS: usize = 256;
/// Tills a box reports.
pub const TILLS: usize = 1_000;
/// Blocks one message names: 16 million movements. Of more, the rest is left
/// out, and the box sends again what it then does not know handled.
pub const BLOCKS: usize = 16_384;
/// Ranges of seqs one message names.
pub const SEQ_RANGES: usize = 65_536;
/// Bytes of a page's cursor.
pub const CURSOR_BYTES: usize = 1_024;

const _: () = {
    assert!(RECORD_BYTES * 2 < UNPACKED_BYTES, "one record always fits");
    assert!(UNPACKED_BYTES + 16 * BATCH_MOVEMENTS < MESSAGE_BYTES, "a batch that can't be packed fits a message");
    assert!(BLOCKS * 170 < MESSAGE_BYTES, "the blocks of a message fit it");
    assert!(4 * PAGE_BYTES <= MESSAGE_BYTES, "a page of one entry too many fits");
    assert!((TILLS * 200) + (CONDITIONS + SCANNERS) * 1_200 < MESSAGE_BYTES, "a full heartbeat fits");
};
