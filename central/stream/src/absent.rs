//! No stream: for a process of a region that only answers callers.

use tidemark_model::{StreamId, StreamPlace};
use tokio::sync::watch;

use crate::StreamError;
use crate::event::{EventRecord, StoredRecord};

/// No stream; cheap to clone.
#[derive(Clone, Debug)]
pub struct Absent(watch::Sender<u64>);

impl Absent {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    pub(crate) const fn partitions(&self) -> u32 {
        0
    }

    pub(crate) const fn identity(&self, _partition: u32) -> Option<StreamId> {
        None
    }

    pub(crate) fn append(&self, _: u32, _: &[EventRecord]) -> std::future::Ready<Result<StreamPlace, StreamError>> {
        std::future::ready(Err(StreamError::Closed))
    }

    pub(crate) fn read(&self, _: u32, _: u64, _: usize) -> std::future::Ready<Result<Vec<StoredRecord>, StreamError>> {
        std::future::ready(Err(StreamError::Closed))
    }

    /// Nothing is missing of what this process needs.
    pub(crate) fn end(&self, _partition: u32) -> std::future::Ready<Result<u64, StreamError>> {
        std::future::ready(Ok(0))
    }

    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}
