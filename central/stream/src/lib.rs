//! The stream of movements, `inventory-events`: an ordered log in partitions,
//! keyed by store.
//!
//! - [`Stream::append`] answers when the log holds the records with all
//!   acknowledgements; the place is that of the last record.
//! - [`Stream::read`] gives records from an offset on, in order.
//! - The first record of each partition is a control record `StreamBorn`; its
//!   uuid and the partition are the log's identity. A log that was made anew
//!   has another identity, by which boxes know to fill it again.
//!
//! Backends: [`embedded`], a file of its own on one machine; [`kafka`], a topic
//! in a cluster of brokers.

mod absent;
pub mod embedded;
mod event;
pub mod kafka;
mod partition;

pub use event::{Announcement, Event, EventRecord, StoredRecord, Subject};
pub use partition::partition_of;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use tidemark_ledger::LedgerError;
use tidemark_model::{StoreId, StreamId, StreamPlace};
use tokio::sync::watch;

use absent::Absent;
use embedded::Embedded;
use kafka::{KafkaConfig, KafkaStream};

/// Why the stream did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The log does not take or give records now.
    #[error("the stream can't do it now: {0}")]
    Unavailable(#[from] Arc<LedgerError>),
    /// Too much waits to be appended.
    #[error("too much waits to be appended")]
    Full,
    /// The stream is closed.
    #[error("the stream is closed")]
    Closed,
    /// What the log holds is not in our layout.
    #[error("partition {partition} holds a batch at {first} that can't be read")]
    Layout {
        /// The partition.
        partition: u32,
        /// The batch's first offset.
        first: u64,
    },
    /// The brokers don't do it now.
    #[error("Kafka can't {what} now: {cause}")]
    Broker {
        /// What was asked.
        what: &'static str,
        /// What the client says.
        cause: rdkafka::error::KafkaError,
    },
    /// The log does not reach back to what was asked for.
    #[error("partition {partition} was asked for from {from} on and starts at {starts_at}: what was between is gone")]
    Gap {
        /// The partition.
        partition: u32,
        /// The offset that was asked for.
        from: u64,
        /// The first offset that is there.
        starts_at: u64,
    },
    /// The log is shorter than it was: it was made anew or cut back under us.
    #[error(
        "partition {partition} ends at {end}, but {expected} was reached before: the topic was made anew or cut back; \
         start the centre again"
    )]
    Replaced {
        /// The partition.
        partition: u32,
        /// What it had reached.
        expected: u64,
        /// What it reaches now.
        end: u64,
    },
    /// The topic is not as it must be.
    #[error("topic {topic} has {name} {found}, but {expected} is stated: {remedy}")]
    Topic {
        /// The topic.
        topic: String,
        /// The setting.
        name: &'static str,
        /// What it has.
        found: String,
        /// What is stated.
        expected: String,
        /// What to do.
        remedy: &'static str,
    },
    /// TLS is asked for and not built in.
    #[error("this build speaks no TLS to Kafka: build it with the feature kafka-tls, or set security to plaintext")]
    NoTls,
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes for the stream's identity")]
    Random,
}

impl StreamError {
    pub(crate) fn broker(what: &'static str) -> impl FnOnce(rdkafka::error::KafkaError) -> Self {
        move |cause| Self::Broker { what, cause }
    }
}

/// The stream; cheap to clone.
#[derive(Clone, Debug)]
pub enum Stream {
    /// In a file of this machine.
    Embedded(Embedded),
    /// In a topic of Kafka.
    Kafka(KafkaStream),
    /// Nowhere: this process neither takes nor applies movements.
    Absent(Absent),
}

/// The same asked of the one that is there.
macro_rules! on {
    ($of:expr, $stream:ident => $asked:expr) => {
        match $of {
            Stream::Embedded($stream) => $asked,
            Stream::Kafka($stream) => $asked,
            Stream::Absent($stream) => $asked,
        }
    };
}

impl Stream {
    /// The embedded stream in a file.
    pub async fn embedded(file: &Path, partitions: u32) -> Result<Self, StreamError> {
        Ok(Self::Embedded(Embedded::open(file, partitions).await?))
    }

    /// The stream in Kafka; `known` is what the ledger holds of its logs.
    pub async fn kafka(config: &KafkaConfig, known: &BTreeMap<u32, StreamId>) -> Result<Self, StreamError> {
        Ok(Self::Kafka(KafkaStream::open(config, known).await?))
    }

    /// No stream, for a process that neither takes nor applies movements.
    #[must_use]
    pub fn absent() -> Self {
        Self::Absent(Absent::new())
    }

    /// How many partitions it has.
    #[must_use]
    pub fn partitions(&self) -> u32 {
        on!(self, stream => stream.partitions())
    }

    /// The partition of a store.
    #[must_use]
    pub fn partition_of(&self, store: &StoreId) -> u32 {
        partition_of(store, self.partitions())
    }

    /// The identity of a partition's log.
    #[must_use]
    pub fn identity(&self, partition: u32) -> Option<StreamId> {
        on!(self, stream => stream.identity(partition))
    }

    /// Appends records of one partition in order; the place of the last.
    pub async fn append(&self, partition: u32, records: &[EventRecord]) -> Result<StreamPlace, StreamError> {
        on!(self, stream => stream.append(partition, records).await)
    }

    /// Tells others what came of a partition's records: in Kafka on topics of
    /// their own; nobody listens to a file.
    pub async fn announce(&self, partition: u32, told: &[Announcement]) -> Result<(), StreamError> {
        match self {
            Self::Embedded(_) | Self::Absent(_) => Ok(()),
            Self::Kafka(stream) => stream.announce(partition, told).await,
        }
    }

    /// The newest level that was announced of each partition, as JSON.
    pub async fn newest_levels(&self) -> Result<Vec<Bytes>, StreamError> {
        match self {
            Self::Embedded(_) | Self::Absent(_) => Ok(Vec::new()),
            Self::Kafka(stream) => stream.newest_levels().await,
        }
    }

    /// Whether anybody may listen to announcements.
    #[must_use]
    pub const fn is_heard(&self) -> bool {
        matches!(self, Self::Kafka(_))
    }

    /// Records of a partition from an offset on, about `most` in all; none at
    /// the end. Offsets grow, but not always by 1.
    pub async fn read(&self, partition: u32, from: u64, most: usize) -> Result<Vec<StoredRecord>, StreamError> {
        on!(self, stream => stream.read(partition, from, most).await)
    }

    /// The offset a partition gives next.
    pub async fn end(&self, partition: u32) -> Result<u64, StreamError> {
        on!(self, stream => stream.end(partition).await)
    }

    /// Whether a failure comes from another log in the place of the one that
    /// was opened, or from none: the stream has to be opened again.
    pub async fn is_another(&self, partition: u32, failure: &StreamError) -> bool {
        match self {
            Self::Embedded(_) | Self::Absent(_) => false,
            Self::Kafka(stream) => stream.is_another(partition, failure).await,
        }
    }

    /// Whether a failure comes from the log that was opened, which lost its
    /// newest records: it can be used from where it ends now.
    pub async fn is_cut_back(&self, partition: u32, failure: &StreamError) -> bool {
        match self {
            // One file, which holds what it answered.
            Self::Embedded(_) | Self::Absent(_) => false,
            Self::Kafka(stream) => stream.is_cut_back(partition, failure).await,
        }
    }

    /// How often the log of a partition was found to be cut back.
    #[must_use]
    pub fn cuts(&self, partition: u32) -> u64 {
        match self {
            Self::Embedded(_) | Self::Absent(_) => 0,
            Self::Kafka(stream) => stream.cuts(partition),
        }
    }

    /// Tells that something was appended; the number only grows.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        on!(self, stream => stream.watch())
    }
}
