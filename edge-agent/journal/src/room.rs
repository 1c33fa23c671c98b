//! Whether the disk has room, as the agent sees it. Without it classes give
//! way in this order, sales last:
//!
//! | from | goes |
//! |---|---|
//! | [`Room::Tight`] | telemetry: the storage's old notes, and damaged journals of which all was taken over |
//! | [`Room::Scarce`] | catalogue history: what is not in use; no other version is loaded |
//! | [`Room::Short`] | the grace: handled movements go at once |
//! | a write that found no room | the ballast, before anything else is tried |

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Room on the journal's disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Room {
    /// Everything stays for its time.
    Enough,
    /// What only helps to look back goes.
    Tight,
    /// Only the catalogue in use is kept.
    Scarce,
    /// Handled movements go at once.
    Short,
}

impl Room {
    const ALL: [Self; 4] = [Self::Enough, Self::Tight, Self::Scarce, Self::Short];
}

/// What was told last, for the writer.
#[derive(Clone, Debug, Default)]
pub(crate) struct ToldRoom(Arc<AtomicU8>);

impl ToldRoom {
    pub(crate) fn tell(&self, room: Room) {
        let place = Room::ALL.iter().position(|other| *other == room).and_then(|place| u8::try_from(place).ok());
        self.0.store(place.unwrap_or_default(), Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> Room {
        Room::ALL.get(usize::from(self.0.load(Ordering::Relaxed))).copied().unwrap_or(Room::Enough)
    }
}
