//! The limits of this crate, and how they relate. Times are milliseconds.

/// Bytes of one frame; the largest QR code has 7,089 digits.
pub(crate) const FRAME_BYTES: usize = 8 * 1024;
/// Bytes taken from a port at once.
pub(crate) const READ_BYTES: usize = 1024;

/// A gap this long ends a frame of a device that sends no suffix. Longer
/// than the 16 ms for which USB bridges hold bytes back.
pub(crate) const IDLE_GAP: u64 = 60;
/// A gap this long ends what a device with a suffix sent without one, and
/// what one that types sent as long as nothing is known of it.
pub(crate) const FALL_BACK_GAP: u64 = 300;
/// Bytes this far apart belong to two scans.
pub(crate) const SCAN_GAP: u64 = 20;
/// So many scans in a row teach that a device sends a suffix, or no more.
pub(crate) const LESSONS: u8 = 3;

/// Reports of one code come this close together.
pub(crate) const CONTINUATION_GAP: u64 = 500;
/// A key that is down this long is stuck: scanners let go within milliseconds.
pub(crate) const STUCK_KEY: u64 = 1_000;
/// Bytes of one key event in captures: two for the key, one for the change.
pub(crate) const KEY_EVENT_BYTES: usize = 3;

/// The longest wait of a read.
pub(crate) const READ_WAIT: u64 = 50;
/// The longest wait of a read while an answer is due.
pub(crate) const ANSWER_WAIT: u64 = 2;
/// How long after a frame its answer is due, and how old a signal may get.
pub(crate) const ANSWER_LIFE: u64 = 1_000;
/// The longest a write to a device may take.
pub(crate) const WRITE_WAIT: u64 = 100;

/// What a scanner kept while nobody listened comes with gaps shorter than
/// this, in at most so many reads.
pub(crate) const WAITING_GAP: u64 = 100;
pub(crate) const WAITING_READS: usize = 64;
/// The same of one that types: the system asks a keyboard for its keys at the
/// scanner's slow pace, and each key is two reads or more.
pub(crate) const TYPED_GAP: u64 = 500;
pub(crate) const TYPED_READS: usize = 512;

/// The first and the longest pause before a port is opened again.
pub(crate) const REOPEN_FIRST: u64 = 50;
pub(crate) const REOPEN_LONGEST: u64 = 2_000;

/// What is plugged in is looked at again after a change this often, for files
/// come later than devices, and each so many milliseconds anyway.
pub(crate) const SETTLING: [u64; 4] = [50, 200, 800, 2_000];
pub(crate) const RECONCILE: u64 = 5_000;
/// The longest that the watcher waits before it sees that it is to end.
pub(crate) const WATCH_WAIT: u64 = 100;

/// Bytes of one recording; then it ends.
pub(crate) const RECORDING_BYTES: u64 = 16 * 1024 * 1024;
/// Bytes that wait for the end of their scan to be recorded.
pub(crate) const UNJUDGED_BYTES: usize = 2 * FRAME_BYTES;

/// Events that wait for the owner, of all devices together.
pub(crate) const EVENTS: usize = 256;
/// Signals that wait for one device.
pub(crate) const SIGNALS: usize = 16;
/// Bytes of one signal.
pub(crate) const SIGNAL_BYTES: usize = 32;

const _: () = assert!(SCAN_GAP < IDLE_GAP && IDLE_GAP < FALL_BACK_GAP);
const _: () = assert!(ANSWER_WAIT < READ_WAIT && READ_WAIT <= IDLE_GAP);
const _: () = assert!(FALL_BACK_GAP < ANSWER_LIFE && REOPEN_FIRST < REOPEN_LONGEST);
const _: () = assert!(READ_BYTES < FRAME_BYTES && READ_BYTES >= 64);
const _: () = assert!(IDLE_GAP < CONTINUATION_GAP && CONTINUATION_GAP < ANSWER_LIFE && STUCK_KEY > IDLE_GAP);
const _: () = assert!(TYPED_GAP > WAITING_GAP && TYPED_READS > WAITING_READS);
const _: () = assert!(WATCH_WAIT < RECONCILE && SETTLING[3] < RECONCILE);
