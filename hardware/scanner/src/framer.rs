//! Where one scan ends and the next begins.
//!
//! Scanners send `data CR`, `data LF`, `data CR LF`, `STX data ETX`, or no
//! suffix at all. CR and LF end a frame, between STX and ETX they are data,
//! and GS (0x1D) always is. Without a suffix a gap in time ends it. Which of
//! the two a device does is learnt from its scans: of one that sends a
//! suffix, what comes without is a fragment (a cable pulled, a byte lost) and
//! is dropped, until it has happened so often that the scanner must have been
//! set up anew.

use std::collections::VecDeque;

use crate::limits::{FALL_BACK_GAP, FRAME_BYTES, IDLE_GAP, LESSONS, SCAN_GAP};

const STX: u8 = 0x02;
const ETX: u8 = 0x03;

/// What was dropped, each counted once a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Over 8 KiB without an end.
    pub oversize: u64,
    /// Nothing printable in it.
    pub noise: u64,
    /// Its end was missing.
    pub incomplete: u64,
}

/// Cuts the bytes of one device into frames. No clock, no IO: times are
/// milliseconds of any steady clock. After each `handle_*`, drain
/// [`Framer::poll_frame`].
#[derive(Debug)]
pub struct Framer {
    buffer: Vec<u8>,
    state: State,
    habit: Habit,
    /// What gap ends a frame while nothing is known of the device.
    idle_gap: u64,
    /// The last byte ended a frame.
    at_end: bool,
    last_byte_at: u64,
    /// Frames of the last call, at most one for two bytes given.
    ready: VecDeque<Vec<u8>>,
    dropped: Dropped,
}

/// What the next bytes are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Data up to CR or LF.
    #[default]
    Plain,
    /// Data up to ETX.
    Enclosed,
    /// More than a frame holds: dropped up to its end.
    Overflown,
}

/// What is known of how this device ends its frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Habit {
    /// Nothing yet; so many scans in a row ended with a suffix.
    Open { with_suffix: u8 },
    /// It sends a suffix; so many frames in a row came without.
    Suffix { without: u8 },
}

impl Default for Habit {
    fn default() -> Self {
        Self::Open { with_suffix: 0 }
    }
}

impl Default for Framer {
    fn default() -> Self {
        Self::new()
    }
}

impl Framer {
    /// A framer that knows nothing of its device.
    #[must_use]
    pub fn new() -> Self {
        Self {
            buffer: Vec::new(),
            state: State::default(),
            habit: Habit::default(),
            idle_gap: IDLE_GAP,
            at_end: false,
            last_byte_at: 0,
            ready: VecDeque::new(),
            dropped: Dropped::default(),
        }
    }

    /// One for a device that types. Its keys come one by one, each when the
    /// system has asked for it, so that on a busy machine a short gap is in the
    /// middle of a code, whose first half may be a code as well.
    pub(crate) fn typed() -> Self {
        Self { idle_gap: FALL_BACK_GAP, ..Self::new() }
    }

    /// Takes bytes read at this time.
    pub fn handle_bytes(&mut self, bytes: &[u8], now: u64) {
        self.handle_timeout(now);
        if self.at_end && now.saturating_sub(self.last_byte_at) >= SCAN_GAP {
            self.learn_suffix();
        }
        for byte in bytes {
            self.take(*byte);
        }
        if !bytes.is_empty() {
            self.last_byte_at = now;
        }
    }

    /// Ends what has waited long enough for its suffix.
    pub fn handle_timeout(&mut self, now: u64) {
        if self.poll_timeout().is_none_or(|due| now < due) {
            return;
        }
        let state = std::mem::take(&mut self.state);
        if state == State::Overflown || self.buffer.is_empty() {
            return;
        }
        let end = self.buffer.iter().rposition(|b| !matches!(b, b'\t' | b'\r' | b'\n')).map_or(0, |last| last + 1);
        self.buffer.truncate(end);
        if self.is_fragment() {
            self.dropped.incomplete += 1;
            self.buffer.clear();
        } else {
            self.hand_over();
        }
    }

    /// When to call [`Framer::handle_timeout`], if nothing comes before.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<u64> {
        let gap = match self.habit {
            Habit::Open { .. } => self.idle_gap,
            Habit::Suffix { .. } => FALL_BACK_GAP,
        };
        let waiting = !self.buffer.is_empty() || self.state != State::Plain;
        waiting.then(|| self.last_byte_at.saturating_add(gap))
    }

    /// The next whole frame.
    pub fn poll_frame(&mut self) -> Option<Vec<u8>> {
        self.ready.pop_front()
    }

    /// The device is gone: what it had begun is no frame.
    pub fn handle_close(&mut self) {
        if !self.buffer.is_empty() {
            self.dropped.incomplete += 1;
        }
        self.buffer.clear();
        self.state = State::Plain;
        self.at_end = false;
    }

    /// What was dropped since the start.
    #[must_use]
    pub const fn dropped(&self) -> Dropped {
        self.dropped
    }

    fn take(&mut self, byte: u8) {
        self.at_end = false;
        match (self.state, byte) {
            (State::Plain, STX) if self.buffer.is_empty() => self.state = State::Enclosed,
            (State::Plain | State::Overflown, b'\r' | b'\n') | (State::Enclosed | State::Overflown, ETX) => self.end(),
            (State::Overflown, _) => {}
            // Answers of the device to what it was sent, and line noise.
            (State::Plain, 0x00 | 0x05..=0x07 | 0x11 | 0x13 | 0x15) if self.buffer.is_empty() => {}
            (State::Plain | State::Enclosed, _) if self.buffer.len() == FRAME_BYTES => {
                self.dropped.oversize += 1;
                self.buffer.clear();
                self.state = State::Overflown;
            }
            (State::Plain | State::Enclosed, _) => self.buffer.push(byte),
        }
    }

    fn end(&mut self) {
        self.at_end = true;
        self.state = State::Plain;
        // The LF of a CR LF ends nothing.
        if !self.buffer.is_empty() {
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        if self.buffer.iter().any(u8::is_ascii_graphic) {
            self.ready.push_back(std::mem::take(&mut self.buffer));
        } else {
            self.dropped.noise += 1;
            self.buffer.clear();
        }
    }

    /// A scan ended with a suffix, and nothing came behind it.
    fn learn_suffix(&mut self) {
        self.habit = match self.habit {
            Habit::Open { with_suffix } if with_suffix + 1 < LESSONS => Habit::Open { with_suffix: with_suffix + 1 },
            Habit::Open { .. } | Habit::Suffix { .. } => Habit::Suffix { without: 0 },
        };
    }

    /// Whether what came without a suffix is only a piece of a frame.
    fn is_fragment(&mut self) -> bool {
        match self.habit {
            Habit::Suffix { without } if without + 1 < LESSONS => {
                self.habit = Habit::Suffix { without: without + 1 };
                true
            }
            Habit::Open { .. } | Habit::Suffix { .. } => {
                self.habit = Habit::default();
                false
            }
        }
    }
}

#[cfg(test)]
mod tests;
