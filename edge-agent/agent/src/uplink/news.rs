//! What is news: for the page, for head office, for whoever reads the clock.

use tidemark_daemon::conditions::registry;
use tidemark_model::WallTime;
use tidemark_sync::{LinkState, UplinkInput as Input};

use super::UplinkTask;

/// A clock that differs from head office's by more is off.
const CLOCK_SLACK_MS: u64 = 120_000;

impl UplinkTask {
    /// Head office has told its time.
    pub(super) fn meet_clock(&mut self, theirs: WallTime) {
        self.met = Some((self.now(), theirs));
        self.compare_clocks();
    }

    /// The wall clock is a label, but people read it. Between two welcomes
    /// head office's time goes on by the steady clock.
    fn compare_clocks(&self) {
        let Some((met, told)) = self.met else { return };
        let passed = i64::try_from(self.now().since(met)).unwrap_or(i64::MAX);
        let (ours, theirs) = (self.around.clock.wall(), WallTime(told.0.saturating_add(passed)));
        if ours.0.abs_diff(theirs.0) > CLOCK_SLACK_MS {
            let word = if ours > theirs { "ahead of" } else { "behind" };
            let seconds = ours.0.abs_diff(theirs.0) / 1_000;
            self.raise(registry::CLOCK_OFF, format!("the clock here is {seconds} s {word} head office's"));
        } else {
            self.around.conditions.clear(registry::CLOCK_OFF);
        }
    }

    /// Lets head office see at once that nothing is on its way any more, or
    /// that a trouble began or ended, instead of with the next heartbeat.
    pub(super) fn tell_news(&mut self) {
        let newest = Some(self.around.journal.watch_tail().borrow().seq);
        let settled = self.uplink.status().pending == 0 && self.settled_at != newest;
        if settled {
            self.settled_at = newest;
        }
        // A machine that slept is met anew before.
        if self.uplink.status().link == LinkState::Open {
            self.compare_clocks();
        }
        let conditions: Vec<_> =
            self.around.conditions.list().into_iter().map(|raised| (raised.code, raised.subject)).collect();
        if settled || conditions != self.told {
            self.told = conditions;
            self.tell(Input::ConditionsChanged);
        }
        if self.errands.takes_missed() {
            self.begin_anew("instructions that found no room are asked for again".to_owned());
        }
    }

    pub(super) fn show(&self) {
        let status = self.uplink.status();
        let now = self.now();
        self.view.send_modify(|view| {
            view.centre.reached = status.link == LinkState::Open;
            view.centre.closed = status.closed;
            view.centre.heard_seconds = status.heard.map(|heard| now.since(heard) / 1_000);
            (view.waiting, view.in_flight_bytes) = (status.waiting, status.in_flight_bytes);
        });
    }
}
