//! The line between shop and centre, and what is on it.

/// One direction.
#[derive(Clone, Copy, Debug, Default)]
struct Lane {
    free_at: u64,
    last_arrival: u64,
}

/// Which way something goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Up,
    Down,
}

/// The line as it is now.
#[derive(Debug)]
pub(crate) struct Line {
    /// Nothing passes upwards.
    pub(crate) deaf_up: bool,
    /// Nothing passes downwards.
    pub(crate) deaf_down: bool,
    pub(crate) delay_ms: u64,
    pub(crate) bytes_per_second: u64,
    up: Lane,
    down: Lane,
}

impl Line {
    pub(crate) const fn whole(delay_ms: u64, bytes_per_second: u64) -> Self {
        let lane = Lane { free_at: 0, last_arrival: 0 };
        Self { deaf_up: false, deaf_down: false, delay_ms, bytes_per_second, up: lane, down: lane }
    }

    /// Whether a new connection can be made.
    pub(crate) const fn is_whole(&self) -> bool {
        !self.deaf_up && !self.deaf_down
    }

    pub(crate) const fn cut(&mut self) {
        (self.deaf_up, self.deaf_down) = (true, true);
    }

    pub(crate) const fn mend(&mut self) {
        (self.deaf_up, self.deaf_down) = (false, false);
    }

    /// When something of that many bytes arrives that is sent now; none if it
    /// never does.
    pub(crate) fn arrival(&mut self, way: Way, bytes: u64, now: u64) -> Option<u64> {
        let (lane, deaf) = match way {
            Way::Up => (&mut self.up, self.deaf_up),
            Way::Down => (&mut self.down, self.deaf_down),
        };
        if deaf {
            return None;
        }
        let takes = bytes.saturating_mul(1_000).div_ceil(self.bytes_per_second.max(1));
        lane.free_at = lane.free_at.max(now) + takes;
        lane.last_arrival = lane.last_arrival.max(lane.free_at + self.delay_ms);
        Some(lane.last_arrival)
    }

    /// A new connection: nothing stands before it.
    pub(crate) const fn drain(&mut self, now: u64) {
        let empty = Lane { free_at: now, last_arrival: now };
        (self.up, self.down) = (empty, empty);
    }
}
