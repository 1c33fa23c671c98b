//! When the box says how it is.

use crate::limits;
use crate::time::Millis;

/// The rhythm of the heartbeats of one stream.
#[derive(Clone, Debug)]
pub(crate) struct Beat {
    period: u64,
    due: Millis,
    last: Option<Millis>,
    /// The shell has been asked for the facts.
    asked: bool,
    had_backlog: bool,
}

impl Beat {
    /// The first beat is due at `due`.
    pub(crate) const fn new(period: u64, due: Millis) -> Self {
        Self { period, due, last: None, asked: false, had_backlog: false }
    }

    /// When the next is due; none while the facts are being gathered.
    pub(crate) fn due(&self) -> Option<Millis> {
        (!self.asked).then_some(self.due)
    }

    /// Something calls for a beat before its time.
    pub(crate) fn hasten(&mut self, now: Millis) {
        let earliest = self.last.map_or(now, |last| last.after(limits::HEARTBEAT_GAP_MS));
        self.due = self.due.min(earliest.max(now));
    }

    /// Whether backlog waits; its beginning calls for a beat.
    pub(crate) fn backlog(&mut self, waits: bool, now: Millis) {
        if waits && !self.had_backlog {
            self.hasten(now);
        }
        self.had_backlog = waits;
    }

    /// The facts were asked for.
    pub(crate) const fn ask(&mut self) {
        self.asked = true;
    }

    /// The facts are there and the heartbeat is sent; false if none was due.
    pub(crate) const fn beat(&mut self, now: Millis) -> bool {
        if !self.asked {
            return false;
        }
        self.asked = false;
        self.last = Some(now);
        self.due = now.after(self.period);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_backlog_calls_for_a_beat_at_once_but_once_a_second_at_most() {
        let mut beat = Beat::new(limits::HEARTBEAT_MS, Millis(0));
        beat.ask();
        assert!(beat.beat(Millis(0)));
        beat.backlog(true, Millis(200));
        assert_eq!(beat.due(), Some(Millis(1_000)));
        beat.ask();
        assert!(beat.beat(Millis(1_000)));
        beat.backlog(true, Millis(5_000));
        assert_eq!(beat.due(), Some(Millis(11_000)), "it goes on, it does not begin");
        beat.backlog(false, Millis(6_000));
        beat.backlog(true, Millis(7_000));
        assert_eq!(beat.due(), Some(Millis(7_000)));
    }
}
