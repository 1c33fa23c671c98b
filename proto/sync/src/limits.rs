//! Every bound of the protocol, in one place, with how they relate. Times are
//! in milliseconds.

use tidemark_model::limits as model;

/// The protocol this release speaks.
pub const PROTOCOL: u32 = 1;
/// The oldest protocol this release understands.
pub const OLDEST_PROTOCOL: u32 = 1;

/// Movements in one batch.
pub const BATCH_MOVEMENTS: u32 = 1_000;
/// Payload bytes in one batch.
pub const BATCH_BYTES: u32 = 256 * 1024;
/// Payload bytes of one record.
pub const RECORD_BYTES: u32 = 48 * 1024;
/// Payload bytes sent and not yet received, at most; the window adapts below
/// it.
pub const IN_FLIGHT_BYTES: u64 = 4 * 1024 * 1024;
/// What is acknowledged in this time may be in flight.
pub const WINDOW_MS: u64 = 500;
/// Live movements a second that need no credit.
pub const LIVE_PER_SECOND: u32 = 50;
/// The newest movements that can be live.
pub const LIVE_MOVEMENTS: u64 = 1_000;
/// The age by the odometer up to which a movement is live.
pub const LIVE_AGE_MS: u64 = 10_000;

/// Between two heartbeats.
pub const HEARTBEAT_MS: u64 = 10_000;
/// Between two heartbeats on a line paid by volume.
pub const METERED_HEARTBEAT_MS: u64 = 60_000;
/// A box not heard for this long is offline.
pub const OFFLINE_MS: u64 = 90_000;

/// Body bytes up to which an instruction travels on the stream.
pub const INSTRUCTION_BYTES: usize = 16 * 1024;

const _: () = {
    assert!(BATCH_MOVEMENTS as usize == model::BATCH_MOVEMENTS, "model and protocol agree");
    assert!(BATCH_BYTES as usize == model::BATCH_BYTES, "model and protocol agree");
    assert!(RECORD_BYTES as usize == model::RECORD_BYTES, "model and protocol agree");
    assert!(IN_FLIGHT_BYTES >= 4 * BATCH_BYTES as u64, "a full batch is a quarter of the window at most");
    assert!(OFFLINE_MS > METERED_HEARTBEAT_MS, "a metered box that speaks is not offline");
};
