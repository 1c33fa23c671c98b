//! What a lane remembers over a restart: a small JSON object in the journal.

use serde::{Deserialize, Serialize};
use tidemark_model::Odometer;

use super::Mode;

/// The layout this release writes.
const VERSION: u8 = 1;

/// A lane's memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LaneMemory {
    /// What an item does.
    pub(crate) mode: Mode,
    /// How often the next item counts.
    pub(crate) multiplier: u16,
    /// Whether the waiting quantity was told.
    pub(crate) reminded: bool,
    /// Which session this is.
    pub(crate) session: u64,
    /// Documents the lane has written in this epoch.
    pub(crate) counter: u64,
    /// Numbers of this session's documents that can be undone, newest last.
    pub(crate) undoable: Vec<u64>,
    /// The last saved scan.
    pub(crate) last: Option<String>,
    /// When the lane was last used.
    pub(crate) touched: Odometer,
}

/// A memory that can't be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MemoryError {
    /// Not in our layout.
    #[error("the lane's memory can't be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// Written by a newer release.
    #[error("the lane's memory has version {0}, this release reads {VERSION}")]
    Newer(u8),
}

impl Default for LaneMemory {
    fn default() -> Self {
        Self {
            mode: Mode::Look,
            multiplier: 1,
            reminded: false,
            session: 1,
            counter: 0,
            undoable: Vec::new(),
            last: None,
            touched: Odometer(0),
        }
    }
}

/// The kept form.
#[derive(Serialize, Deserialize)]
struct Kept {
    version: u8,
    mode: KeptMode,
    multiplier: u16,
    reminded: bool,
    session: u64,
    counter: u64,
    undoable: Vec<u64>,
    last: Option<String>,
    touched_ms: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KeptMode {
    Look,
    Sell,
}

impl LaneMemory {
    /// What a lane remembers that was never used.
    pub(crate) fn at(home: Mode) -> Self {
        Self { mode: home, ..Self::default() }
    }

    /// What a lane remembers whose memory is lost. It may have written
    /// documents in this epoch: its numbers go on above all it can have
    /// given, for it gives less than one a millisecond.
    pub(crate) fn anew(home: Mode, now: Odometer) -> Self {
        Self { counter: now.0, ..Self::at(home) }
    }

    /// Whether nothing is open.
    pub(crate) fn is_home(&self, home: Mode) -> bool {
        self.mode == home && self.multiplier == 1 && self.undoable.is_empty()
    }

    /// Back home; the counter and the last scan stay.
    pub(super) fn end_session(&mut self, home: Mode) {
        self.mode = home;
        self.multiplier = 1;
        self.undoable.clear();
        self.session += 1;
    }

    /// As kept.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mode = match self.mode {
            Mode::Look => KeptMode::Look,
            Mode::Sell => KeptMode::Sell,
        };
        let kept = Kept {
            version: VERSION,
            mode,
            multiplier: self.multiplier,
            reminded: self.reminded,
            session: self.session,
            counter: self.counter,
            undoable: self.undoable.clone(),
            last: self.last.clone(),
            touched_ms: self.touched.0,
        };
        // Plain strings and numbers always serialise.
        serde_json::to_vec(&kept).unwrap_or_default()
    }

    /// From its kept form.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, MemoryError> {
        let kept: Kept = serde_json::from_slice(bytes)?;
        if kept.version > VERSION {
            return Err(MemoryError::Newer(kept.version));
        }
        let mode = match kept.mode {
            KeptMode::Look => Mode::Look,
            KeptMode::Sell => Mode::Sell,
        };
        Ok(Self {
            mode,
            multiplier: kept.multiplier.max(1),
            reminded: kept.reminded,
            session: kept.session,
            counter: kept.counter,
            undoable: kept.undoable,
            last: kept.last,
            touched: Odometer(kept.touched_ms),
        })
    }
}
