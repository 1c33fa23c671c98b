//! How many payload bytes may be in flight: what is acknowledged in about
//! half a second, found by watching how long acknowledgements take.

use std::collections::VecDeque;

use tidemark_model::{Epoch, SeqSet};

use crate::limits;
use crate::message::Limits;
use crate::time::Millis;

/// The window and what flies in it.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    bytes: u64,
    most: u64,
    /// The shortest acknowledgement of this stream: the line's own delay.
    base_ms: Option<u64>,
    /// The window shrinks once per its own delay, not once per answer.
    shrunk_at: Millis,
    flights: VecDeque<Flight>,
    live_bytes: u64,
    backlog_bytes: u64,
}

#[derive(Clone, Debug)]
struct Flight {
    epoch: Epoch,
    seqs: SeqSet,
    bytes: u64,
    live: bool,
    sent_at: Millis,
    /// Whether the window was what kept more from being sent.
    full: bool,
}

/// What a batch asks of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Share {
    /// Live: up to three quarters, or all while no backlog may be sent.
    Live {
        /// Whether backlog waits that may be sent.
        beside_backlog: bool,
    },
    /// Backlog: what live leaves, at least a quarter.
    Backlog,
}

impl Window {
    /// The window of a fresh stream.
    pub(crate) fn new(limits: &Limits, now: Millis) -> Self {
        let most = limits.in_flight_bytes.clamp(limits::LEAST_WINDOW, limits::IN_FLIGHT_BYTES);
        Self {
            bytes: limits::FIRST_WINDOW.min(most),
            most,
            base_ms: None,
            shrunk_at: now,
            flights: VecDeque::new(),
            live_bytes: 0,
            backlog_bytes: 0,
        }
    }

    /// Its size at present.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Payload bytes in flight.
    pub(crate) const fn in_flight(&self) -> u64 {
        self.live_bytes.saturating_add(self.backlog_bytes)
    }

    /// When the oldest flight was sent.
    pub(crate) fn oldest(&self) -> Option<Millis> {
        self.flights.front().map(|flight| flight.sent_at)
    }

    /// Whether nothing flies.
    pub(crate) fn is_idle(&self) -> bool {
        self.flights.is_empty()
    }

    /// The most one batch may have.
    pub(crate) const fn batch_bytes(&self) -> u64 {
        self.bytes / 4
    }

    /// Bytes the next batch may have, beside `reserved` ones that are being
    /// read; none if it has to wait for an acknowledgement.
    pub(crate) fn room(&self, share: Share, reserved: u64) -> Option<u64> {
        if self.is_idle() && reserved == 0 {
            return Some(self.batch_bytes());
        }
        let room = self.bytes.saturating_sub(self.in_flight().saturating_add(reserved));
        let (room, least) = match share {
            Share::Live { beside_backlog: false } => (room, 1),
            Share::Live { beside_backlog: true } => {
                let share = (self.bytes / 4).saturating_mul(3);
                (room.min(share.saturating_sub(self.live_bytes)), 1)
            }
            // No small change: the next answer makes room for a whole one.
            Share::Backlog => (room, self.batch_bytes()),
        };
        (room >= least).then(|| room.min(self.batch_bytes()))
    }

    /// A batch was sent.
    pub(crate) fn launch(&mut self, epoch: Epoch, seqs: SeqSet, bytes: u64, live: bool, now: Millis) {
        let sum = if live { &mut self.live_bytes } else { &mut self.backlog_bytes };
        *sum = sum.saturating_add(bytes);
        let full = self.in_flight().saturating_add(self.batch_bytes()) > self.bytes;
        self.flights.push_back(Flight { epoch, seqs, bytes, live, sent_at: now, full });
    }

    /// The stream holds these.
    pub(crate) fn land(&mut self, epoch: Epoch, seqs: &SeqSet, now: Millis) {
        let mut landed = Vec::new();
        self.flights.retain_mut(|flight| {
            if flight.epoch == epoch {
                flight.seqs.remove_all(seqs);
            }
            let open = !flight.seqs.is_empty();
            if !open {
                landed.push(flight.clone());
            }
            open
        });
        for flight in landed {
            let sum = if flight.live { &mut self.live_bytes } else { &mut self.backlog_bytes };
            *sum = sum.saturating_sub(flight.bytes);
            self.adapt(&flight, now);
        }
    }

    fn adapt(&mut self, flight: &Flight, now: Millis) {
        let took = now.since(flight.sent_at).max(1);
        let base = self.base_ms.map_or(took, |base| base.min(took));
        self.base_ms = Some(base);
        // A line whose own delay is long needs more in flight.
        let target = limits::WINDOW_MS.max(base.saturating_mul(2));
        if took <= base.midpoint(target) {
            if flight.full {
                self.bytes = self.bytes.saturating_add(flight.bytes).min(self.most);
            }
        } else if took > target && now.since(self.shrunk_at) >= target {
            self.shrunk_at = now;
            self.bytes = (self.bytes.saturating_mul(target) / took).max(limits::LEAST_WINDOW);
        }
    }

    #[cfg(test)]
    fn shares(&self) -> (u64, u64) {
        (self.live_bytes, self.backlog_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seqs(seq: u64) -> SeqSet {
        [seq].into_iter().collect()
    }

    /// Fills the window over a line of a rate and a delay for a minute of
    /// virtual time; answers the window and the longest acknowledgement of the
    /// last half.
    fn fill(bytes_per_second: u64, delay_ms: u64) -> (u64, u64) {
        let mut window = Window::new(&Limits::default(), Millis(0));
        let (mut now, mut free_at, mut seq, mut longest) = (0_u64, 0_u64, 0_u64, 0);
        let mut under_way: VecDeque<(u64, u64, u64)> = VecDeque::new();
        while now < 60_000 {
            while let Some((seq, sent, _)) = under_way.pop_front_if(|(_, _, at)| *at <= now) {
                window.land(Epoch(1), &seqs(seq), Millis(now));
                if now > 30_000 {
                    longest = longest.max(now - sent);
                }
            }
            while let Some(room) = window.room(Share::Backlog, 0) {
                seq += 1;
                window.launch(Epoch(1), seqs(seq), room, false, Millis(now));
                free_at = free_at.max(now) + (room * 1_000).div_ceil(bytes_per_second);
                under_way.push_back((seq, now, free_at + delay_ms));
            }
            now += 1;
        }
        (window.bytes(), longest)
    }

    #[test]
    fn on_a_slow_line_what_flies_is_acknowledged_in_about_half_a_second() {
        let (bytes, longest) = fill(64_000, 40);
        assert!((16_000..=64_000).contains(&bytes), "{bytes}");
        assert!(longest <= 700, "{longest}");
    }

    #[test]
    fn on_a_fast_line_the_window_grows_to_its_bound() {
        assert_eq!(fill(100_000_000, 20).0, limits::IN_FLIGHT_BYTES);
    }

    #[test]
    fn a_line_with_a_long_delay_of_its_own_is_still_filled() {
        assert!(fill(1_000_000, 700).0 > 400_000);
    }

    #[test]
    fn live_gets_three_quarters_and_backlog_at_least_one() {
        let mut window = Window::new(&Limits::default(), Millis(0));
        let mut seq = 0;
        while let Some(room) = window.room(Share::Live { beside_backlog: true }, 0) {
            seq += 1;
            window.launch(Epoch(1), seqs(seq), room, true, Millis(0));
        }
        while let Some(room) = window.room(Share::Backlog, 0) {
            seq += 1;
            window.launch(Epoch(1), seqs(seq), room, false, Millis(0));
        }
        let all = window.bytes();
        assert_eq!(window.shares(), (all / 4 * 3, all / 4));
    }

    #[test]
    fn one_batch_may_always_fly() {
        let mut window = Window::new(&Limits::default(), Millis(0));
        window.launch(Epoch(1), seqs(1), 48 * 1024, false, Millis(0));
        assert_eq!(window.room(Share::Backlog, 0), None);
        window.land(Epoch(1), &seqs(1), Millis(20_000));
        assert!(window.room(Share::Backlog, 0).is_some());
    }
}
