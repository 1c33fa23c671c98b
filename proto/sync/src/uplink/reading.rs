//! Reads under way: at most one for live and one for backlog, so that a box
//! holds few bytes at a time.

use tidemark_model::{Epoch, SeqSet};

use crate::uplink::input::ReadId;

/// A read that was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) id: ReadId,
    pub(crate) live: bool,
    pub(crate) epoch: Epoch,
    pub(crate) seqs: SeqSet,
    pub(crate) max_bytes: u64,
}

/// The reads under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    live: Option<Read>,
    backlog: Option<Read>,
}

impl Reading {
    /// Whether a read of this kind is under way.
    pub(crate) const fn has(&self, live: bool) -> bool {
        if live { self.live.is_some() } else { self.backlog.is_some() }
    }

    /// The bytes the reads under way may bring.
    pub(crate) fn reserved(&self) -> u64 {
        self.live.iter().chain(&self.backlog).map(|read| read.max_bytes).sum()
    }

    /// Begins a read; its name was never used before, so that an answer to a
    /// read of an earlier stream is not taken for one of this.
    pub(crate) fn begin(&mut self, read: Read) {
        if read.live {
            self.live = Some(read);
        } else {
            self.backlog = Some(read);
        }
    }

    /// Ends the read of that name; none if it was forgotten.
    pub(crate) fn end(&mut self, id: ReadId) -> Option<Read> {
        self.live.take_if(|read| read.id == id).or_else(|| self.backlog.take_if(|read| read.id == id))
    }
}
