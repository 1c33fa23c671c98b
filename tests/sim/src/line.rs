//! The line between shop and centre: the protocol's own test line, which may
//! be deaf in one direction.

use tidemark_sync::testing;
use tidemark_sync::testing::Way;

/// The line as it is now.
#[derive(Debug)]
pub(crate) struct Line {
    /// Nothing passes upwards.
    pub(crate) deaf_up: bool,
    /// Nothing passes downwards.
    pub(crate) deaf_down: bool,
    /// How long and how wide it is.
    pub(crate) wire: testing::Line,
}

impl Line {
    pub(crate) const fn whole(delay_ms: u64, bytes_per_second: u64) -> Self {
        Self { deaf_up: false, deaf_down: false, wire: testing::Line::new(delay_ms, bytes_per_second) }
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
        let deaf = match way {
            Way::Up => self.deaf_up,
            Way::Down => self.deaf_down,
        };
        (!deaf).then(|| self.wire.arrival(way, bytes, now))
    }
}
