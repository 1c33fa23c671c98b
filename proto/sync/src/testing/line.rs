//! A line between a box and a centre: delay, rate, cuts.

/// How the line is at present.
#[derive(Clone, Debug)]
pub struct Line {
    /// Whether anything passes. What is said while nothing passes is lost, and
    /// neither end is told.
    pub whole: bool,
    /// One way, in milliseconds.
    pub delay_ms: u64,
    /// Bytes a second, each way.
    pub bytes_per_second: u64,
    up: Lane,
    down: Lane,
}

/// One way of the line.
#[derive(Clone, Copy, Debug, Default)]
struct Lane {
    free_at: u64,
    /// Nothing overtakes what was sent before.
    last_arrival: u64,
}

/// Which way something goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Up,
    Down,
}

impl Line {
    /// A line that is whole.
    #[must_use]
    pub const fn new(delay_ms: u64, bytes_per_second: u64) -> Self {
        Self {
            whole: true,
            delay_ms,
            bytes_per_second,
            up: Lane { free_at: 0, last_arrival: 0 },
            down: Lane { free_at: 0, last_arrival: 0 },
        }
    }

    /// When something of that many bytes arrives that is sent at `now`.
    pub(crate) fn arrival(&mut self, way: Way, bytes: u64, now: u64) -> u64 {
        let lane = match way {
            Way::Up => &mut self.up,
            Way::Down => &mut self.down,
        };
        let takes = bytes.saturating_mul(1_000).div_ceil(self.bytes_per_second.max(1));
        lane.free_at = lane.free_at.max(now).saturating_add(takes);
        lane.last_arrival = lane.last_arrival.max(lane.free_at.saturating_add(self.delay_ms));
        lane.last_arrival
    }

    /// What stood in the line's queues is gone.
    pub(crate) const fn drain(&mut self, now: u64) {
        let empty = Lane { free_at: now, last_arrival: now };
        self.up = empty;
        self.down = empty;
    }
}
