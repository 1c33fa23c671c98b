//! Whether the disk has room, as the agent sees it: without it what was kept
//! as a grace goes first, sales last.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Room on the journal's disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// Handled movements stay for their grace.
    Enough,
    /// Handled movements go at once.
    Short,
}

/// What was told last, for the writer.
#[derive(Clone, Debug, Default)]
pub(crate) struct ToldRoom(Arc<AtomicBool>);

impl ToldRoom {
    pub(crate) fn tell(&self, room: Room) {
        self.0.store(room == Room::Short, Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> Room {
        if self.0.load(Ordering::Relaxed) { Room::Short } else { Room::Enough }
    }
}
