//! What a disk was asked to do, in its order.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::disk::Disk;

/// One thing a disk was asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Bytes were written; they may be in the disk's cache only.
    Write {
        /// Where.
        offset: u64,
        /// What.
        bytes: Vec<u8>,
    },
    /// All that was written before is safe.
    Flush,
}

/// A disk as it was, and all that it was asked to do since.
#[derive(Clone, Debug)]
pub struct Record {
    /// Before the first event.
    pub base: Disk,
    /// In the order the disk took them.
    pub events: Vec<Event>,
}

impl Record {
    /// Where the flushes are.
    #[must_use]
    pub fn flushes(&self) -> Vec<usize> {
        let events = self.events.iter().enumerate();
        events.filter(|(_, event)| **event == Event::Flush).map(|(at, _)| at).collect()
    }

    /// Bytes written in all.
    #[must_use]
    pub fn written_bytes(&self) -> usize {
        let sizes = self.events.iter().map(|event| match event {
            Event::Write { bytes, .. } => bytes.len(),
            Event::Flush => 0,
        });
        sizes.sum()
    }
}

/// A disk that is in use, with its record so far. The lock is held for one
/// read or write of memory at a time: the file system's thread answers the
/// kernel, the workload asks how far the record is.
#[derive(Debug)]
pub struct Recording(Mutex<Live>);

#[derive(Debug)]
struct Live {
    now: Disk,
    record: Record,
}

impl Recording {
    /// Begins with a disk as it is.
    #[must_use]
    pub fn of(base: Disk) -> Self {
        Self(Mutex::new(Live { now: base.clone(), record: Record { base, events: Vec::new() } }))
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        // Nothing is half done when a holder panics: events are whole values.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many events there are. What is answered now stands behind those.
    #[must_use]
    pub fn reached(&self) -> usize {
        self.live().record.events.len()
    }

    /// The size of the disk.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.live().now.bytes()
    }

    /// Reads as the running system does: its own writes, flushed or not.
    #[must_use]
    pub fn read(&self, offset: u64, length: usize) -> Vec<u8> {
        self.live().now.read(offset, length)
    }

    /// Writes, and remembers it.
    pub fn write(&self, offset: u64, bytes: &[u8]) {
        let mut live = self.live();
        live.now.write(offset, bytes);
        live.record.events.push(Event::Write { offset, bytes: bytes.to_vec() });
    }

    /// Remembers a flush.
    pub fn flush(&self) {
        self.live().record.events.push(Event::Flush);
    }

    /// The whole record, when nobody uses the disk any more.
    #[must_use]
    pub fn into_record(self) -> Record {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner).record
    }
}
