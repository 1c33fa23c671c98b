//! The limits of this crate, and how they relate. Times are milliseconds.

/// Bytes of one frame; the largest QR code has 7,089 digits.
pub(crate) const FRAME_BYTES: usize = 8 * 1024;
/// Bytes taken from a port at once.
pub(crate) const READ_BYTES: usize = 1024;

/// A gap this long ends a frame of a device that sends no suffix. Longer
/// than the 16 ms for which USB bridges hold bytes back.
pub(crate) const IDLE_GAP: u64 = 60;
/// A gap this long ends what a device with a suffix sent without one.
pub(crate) const FALL_BACK_GAP: u64 = 300;
/// Bytes this far apart belong to two scans.
pub(crate) const SCAN_GAP: u64 = 20;
/// So many scans in a row teach that a device sends a suffix, or no more.
pub(crate) const LESSONS: u8 = 3;

/// The longest wait of a read.
pub(crate) const READ_WAIT: u64 = 50;
/// The longest wait of a read while an answer is due.
pub(crate) const ANSWER_WAIT: u64 = 2;
/// How long after a frame its answer is due, and how old a signal may get.
pub(crate) const ANSWER_LIFE: u64 = 1_000;
/// The longest a write to a device may take.
pub(crate) const WRITE_WAIT: u64 = 100;

/// The first and the longest pause before a port is opened again.
pub(crate) const REOPEN_FIRST: u64 = 50;
pub(crate) const REOPEN_LONGEST: u64 = 2_000;

/// Events that wait for the owner, of all devices together.
pub(crate) const EVENTS: usize = 256;
/// Signals that wait for one device.
pub(crate) const SIGNALS: usize = 16;
/// Bytes of one signal.
pub(crate) const SIGNAL_BYTES: usize = 32;

const _: () = assert!(SCAN_GAP < IDLE_GAP && IDLE_GAP < FALL_BACK_GAP);
const _: () = assert!(ANSWER_WAIT < READ_WAIT && READ_WAIT <= IDLE_GAP);
const _: () = assert!(FALL_BACK_GAP < ANSWER_LIFE && REOPEN_FIRST < REOPEN_LONGEST);
const _: () = assert!(READ_BYTES < FRAME_BYTES);
