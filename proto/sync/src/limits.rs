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
/// Earlier epochs that a box speaks of at once.
pub const EARLIER_EPOCHS: usize = 16;
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

/// An answer that is owed for this long: the stream is dead. One millisecond
/// more is allowed for each byte in flight, up to a record's worth.
pub const ANSWER_MS: u64 = 15_000;

/// A batch that is not acknowledged for this long, while the centre speaks of
/// other things, is given up with its stream.
pub const FLIGHT_MS: u64 = 120_000;

/// Between two attempts to connect, ± 50 %.
pub const ATTEMPT_MS: u64 = 300;
/// Between two attempts once the search has lasted, ± 50 %.
pub const LATE_ATTEMPT_MS: u64 = 1_000;
/// How long the search goes on at the quick pace.
pub const QUICK_SEARCH_MS: u64 = 10 * 60_000;
/// Attempts that may be open at once; for a new one the oldest but one is
/// given up. The oldest has all the time it needs, on a line however slow.
pub const OPEN_ATTEMPTS: usize = 8;
/// The longest wait after a refusal.
pub const BACK_OFF_CAP_MS: u64 = 30_000;
/// What the wait after the first refusal is drawn below; it doubles.
pub const BACK_OFF_MS: u64 = 1_000;
/// A stream that stood for this long was a good one: the next search begins at
/// the quick pace, the next refusal is the first.
pub const STEADY_MS: u64 = 10_000;
/// Before the journal is asked again for what it could not read.
pub const READ_AGAIN_MS: u64 = 1_000;
/// Between two heartbeats that something called for.
pub const HEARTBEAT_GAP_MS: u64 = 1_000;

/// The window a stream begins with.
pub const FIRST_WINDOW: u64 = 32 * 1024;
/// The window never falls below.
pub const LEAST_WINDOW: u64 = 4 * 1024;

/// The highest seq, session and generation that are believed: a shop needs
/// ages to get there, and any database counts so far.
pub const LAST_NUMBER: u64 = 1 << 48;

/// Outstanding credit of one shop, at most.
pub const SHOP_CREDIT: u64 = 1024 * 1024;
/// Outstanding credit of one shop, at least, when it is given any.
pub const LEAST_CREDIT: u64 = 64 * 1024;
/// Outstanding credit that a partition's shops share between these two.
pub const PARTITION_CREDIT: u64 = 2 * 1024 * 1024;
/// Without word of the applier for this long, nothing is granted.
pub const WORD_MS: u64 = 2_000;
/// A partition lags if its applier is not where the end was this long ago.
pub const LAG_MS: u64 = 500;
/// A partition that lags but moves still grants a batch in this time.
pub const FLOOR_MS: u64 = 10_000;

/// Live movements a stream may be ahead of its rate before it is slowed: the
/// line bunches what the box sent evenly.
pub const LIVE_AHEAD: u64 = 2_000;
/// Produces of one stream that may be open at once.
pub const OPEN_PRODUCES: usize = 4_096;

/// Hellos a centre takes in a second.
pub const HELLOS_PER_SECOND: u64 = 100;
/// Stores whose turn a gate remembers.
pub const TURNS: usize = 100_000;
/// A turn not taken for this long is forgotten.
pub const TURN_MS: u64 = 60_000;
/// Between two looks whether an epoch got its ordinal.
pub const RELOOK_MS: u64 = 100;
/// How long a `Hello` may wait for an ordinal or for the applier before the
/// box is asked to come again.
pub const HELD_MS: u64 = 20_000;
/// What a box is told while the database or the stream is down.
pub const DOWN_RETRY_MS: u32 = 2_000;

/// Body bytes up to which an instruction travels on the stream.
pub const INSTRUCTION_BYTES: usize = 16 * 1024;

const _: () = {
    assert!(BATCH_MOVEMENTS as usize == model::BATCH_MOVEMENTS, "model and protocol agree");
    assert!(BATCH_BYTES as usize == model::BATCH_BYTES, "model and protocol agree");
    assert!(RECORD_BYTES as usize == model::RECORD_BYTES, "model and protocol agree");
    assert!(IN_FLIGHT_BYTES >= 4 * BATCH_BYTES as u64, "a full batch is a quarter of the window at most");
    assert!(SHOP_CREDIT >= 2 * BATCH_BYTES as u64, "one batch is granted while another is on its way");
    assert!(PARTITION_CREDIT >= SHOP_CREDIT, "one shop alone gets all it may have");
    assert!(LEAST_CREDIT <= SHOP_CREDIT, "bounds");
    assert!(LEAST_CREDIT >= RECORD_BYTES as u64, "credit is enough for a record");
    assert!(LEAST_WINDOW >= 4, "a quarter of the window is something");
    assert!(STEADY_MS <= HEARTBEAT_MS, "a good stream is known by its first heartbeat");
    assert!(ANSWER_MS > HEARTBEAT_MS, "a stream is not dead between two heartbeats");
    assert!(OFFLINE_MS > METERED_HEARTBEAT_MS, "a metered box that speaks is not offline");
};
