//! A line between a box and a centre: delay, rate, cuts; and about how much a
//! message weighs on it.

use crate::message::{ToBox, ToCentre};

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
pub enum Way {
    /// From the box to the centre.
    Up,
    /// From the centre to the box.
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
    pub fn arrival(&mut self, way: Way, bytes: u64, now: u64) -> u64 {
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
    pub const fn drain(&mut self, now: u64) {
        let empty = Lane { free_at: now, last_arrival: now };
        self.up = empty;
        self.down = empty;
    }
}

/// Bytes of a message to the centre, about.
#[must_use]
pub fn bytes_up(message: &ToCentre) -> u64 {
    match message {
        ToCentre::Batch(batch) => batch.payload() + 40,
        ToCentre::Hello(_)
        | ToCentre::Unreadable(_)
        | ToCentre::Heartbeat(_)
        | ToCentre::OpeningTaken(_)
        | ToCentre::Goodbye(_) => 120,
    }
}

/// Bytes of a message to the box, about.
#[must_use]
pub fn bytes_down(message: &ToBox) -> u64 {
    let blocks = match message {
        ToBox::Welcome(welcome) => welcome.blocks.len(),
        ToBox::Handled(handled) => handled.blocks.len(),
        ToBox::Received(_)
        | ToBox::AppliedThrough(_)
        | ToBox::Credit(_)
        | ToBox::Slow(_)
        | ToBox::Refused(_)
        | ToBox::CatalogueVersion(_)
        | ToBox::Instruction(_)
        | ToBox::OpeningReady(_) => 0,
    };
    u64::try_from(blocks).unwrap_or(u64::MAX).saturating_mul(150).saturating_add(60)
}
