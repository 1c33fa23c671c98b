//! The stream in Kafka: one topic, a record a movement.
//!
//! - What a record looks like: `envelope`.
//! - The topic is made or checked by `topic`, the logs' identities are found
//!   by `birth`.
//! - One idempotent producer appends (`producer`), one consumer reads
//!   (`reading`). No consumer group: where reading begins is known from the
//!   ledger alone.
//!
//! What blocks in the client runs on threads that may block.

mod birth;
mod client_log;
mod envelope;
mod levels;
mod producer;
mod reading;
mod settings;
mod topic;

pub use levels::LevelFeed;
pub use settings::{KafkaConfig, Password, Security, TOPIC, Tls};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tidemark_model::{StreamId, StreamPlace};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::StreamError;
use crate::event::{Announcement, EventRecord, StoredRecord, Subject};
use producer::{Letter, Producer};
use reading::Reading;
use topic::{ANSWER, Policy, blocking};

/// The topic of levels: the newest of each store and SKU stays.
pub const LEVELS: &str = "inventory-levels";
/// The topic of what was parked.
pub const DEAD_LETTERS: &str = "inventory-dead-letters";

/// How often the reader is tended.
const TENDING: Duration = Duration::from_millis(500);

/// The stream in Kafka; cheap to clone.
#[derive(Clone, Debug)]
pub struct KafkaStream {
    config: Arc<KafkaConfig>,
    producer: Arc<Producer>,
    reading: Arc<Reading>,
    logs: Arc<[Log]>,
    changed: watch::Sender<u64>,
    _tending: Arc<JoinSet<()>>,
}

/// What is known of a partition's log.
#[derive(Debug)]
struct Log {
    identity: StreamId,
    /// It has reached this offset by an append of ours.
    floor: AtomicU64,
    /// How often it was found to end before what it had reached.
    cuts: AtomicU64,
}

impl KafkaStream {
    /// Connects; makes or checks the topic; finds out which life each log is
    /// in. `known` is what the ledger holds, for logs whose first record is
    /// gone.
    pub(crate) async fn open(config: &KafkaConfig, known: &BTreeMap<u32, StreamId>) -> Result<Self, StreamError> {
        topic::ensure(config, &config.topic, Policy::Delete).await?;
        topic::ensure(config, LEVELS, Policy::Compact).await?;
        topic::ensure(config, DEAD_LETTERS, Policy::Delete).await?;
        let producer = Arc::new(Producer::new(config.producer()?, &config.topic)?);
        let warming = Arc::clone(&producer);
        blocking(move || warming.warm_up(ANSWER)).await?;
        let identities = birth::identities(config, &producer, known).await?;
        let (changed, _) = watch::channel(0);
        let reading = Reading::new(&config.consumer()?, &config.topic, config.partitions, changed.clone())?;
        let reading = Arc::new(reading);
        let mut tending = JoinSet::new();
        tending.spawn(tend(Arc::clone(&reading)));
        let log = |identity| Log { identity, floor: AtomicU64::new(0), cuts: AtomicU64::new(0) };
        let logs = identities.into_iter().map(log).collect();
        let config = Arc::new(config.clone());
        Ok(Self { config, producer, reading, logs, changed, _tending: Arc::new(tending) })
    }

    /// How many partitions it has.
    pub(crate) fn partitions(&self) -> u32 {
        u32::try_from(self.logs.len()).unwrap_or(u32::MAX)
    }

    /// The identity of a partition's log.
    pub(crate) fn identity(&self, partition: u32) -> Option<StreamId> {
        self.log(partition).ok().map(|log| log.identity)
    }

    /// Appends records of one partition in order; the place of the last.
    pub(crate) async fn append(&self, partition: u32, records: &[EventRecord]) -> Result<StreamPlace, StreamError> {
        let log = self.log(partition)?;
        let floor = log.floor.load(Ordering::Acquire);
        let offset = match self.producer.append(partition, records).await? {
            Some(offset) => offset,
            // They are there, at the log's end or before it.
            None => self.end(partition).await?.saturating_sub(1),
        };
        if offset < floor {
            let replaced = StreamError::Replaced { partition, expected: floor, end: offset.saturating_add(1) };
            if !self.is_cut_back(partition, &replaced).await {
                return Err(replaced);
            }
        }
        log.floor.fetch_max(offset.saturating_add(1), Ordering::AcqRel);
        self.changed.send_modify(|number| *number = number.wrapping_add(1));
        Ok(StreamPlace { stream: log.identity, partition, offset })
    }

    /// Tells others, on a topic beside the log; all acknowledgements awaited.
    pub(crate) async fn announce(&self, partition: u32, told: &[Announcement]) -> Result<(), StreamError> {
        for subject in [Subject::Level, Subject::DeadLetter] {
            let of_it = told.iter().filter(|told| told.subject == subject);
            let letters =
                of_it.map(|told| Letter { key: &told.key, value: &told.json, headers: envelope::announcing(subject) });
            let topic = if subject == Subject::Level { LEVELS } else { DEAD_LETTERS };
            self.producer.send(topic, partition, letters).await?;
        }
        Ok(())
    }

    /// The newest level that was announced of each partition, as JSON.
    pub(crate) async fn newest_levels(&self) -> Result<Vec<Bytes>, StreamError> {
        levels::newest(&self.config).await
    }

    /// Records of a partition from an offset on, `most` at most; none at the
    /// end. Offsets grow, but not always by 1.
    pub(crate) async fn read(&self, partition: u32, from: u64, most: usize) -> Result<Vec<StoredRecord>, StreamError> {
        let floor = self.log(partition)?.floor.load(Ordering::Acquire);
        if from >= floor && self.reading.rests(partition, from) {
            return Ok(Vec::new());
        }
        let reading = Arc::clone(&self.reading);
        blocking(move || reading.read(partition, from, most, floor)).await
    }

    /// The offset a partition gives next.
    pub(crate) async fn end(&self, partition: u32) -> Result<u64, StreamError> {
        self.log(partition)?;
        let reading = Arc::clone(&self.reading);
        blocking(move || reading.end(partition)).await
    }

    /// Whether a failure comes from another log than the one that was opened,
    /// or from none: a topic that was deleted, or made anew since.
    pub(crate) async fn is_another(&self, partition: u32, failure: &StreamError) -> bool {
        match failure {
            StreamError::Replaced { .. } => {}
            StreamError::Broker { cause, .. } if is_unknown(cause) => {}
            StreamError::Broker { .. }
            | StreamError::Unavailable(_)
            | StreamError::Full
            | StreamError::Closed
            | StreamError::Layout { .. }
            | StreamError::Gap { .. }
            | StreamError::Topic { .. }
            | StreamError::NoTls
            | StreamError::Random => return false,
        }
        match topic::partitions(&self.config, &self.config.topic).await {
            Ok(0) => return true,
            Ok(_) => {}
            Err(_) => return false,
        }
        // A log whose first birth is another one, or none, is another log. One
        // that was cut back has the same.
        self.born_as(partition).await.is_some_and(|born| born != self.identity(partition))
    }

    /// Whether a failure comes from the same log as before that ends where it
    /// ends by now: brokers lost its newest records. From then on what it had
    /// reached is what it reaches now.
    pub(crate) async fn is_cut_back(&self, partition: u32, failure: &StreamError) -> bool {
        let (StreamError::Replaced { end, .. }, Ok(log)) = (failure, self.log(partition)) else { return false };
        if self.born_as(partition).await != Some(Some(log.identity)) {
            return false;
        }
        log.floor.fetch_min(*end, Ordering::AcqRel);
        log.cuts.fetch_add(1, Ordering::AcqRel);
        tracing::error!(partition, end, "the brokers lost the newest records of a log: the shops send them again");
        true
    }

    /// How often a log was found to be cut back.
    pub(crate) fn cuts(&self, partition: u32) -> u64 {
        self.log(partition).map_or(0, |log| log.cuts.load(Ordering::Acquire))
    }

    /// The birth that a log holds; none if it can't be asked now.
    async fn born_as(&self, partition: u32) -> Option<Option<StreamId>> {
        let born = birth::first_births(&self.config, BTreeSet::from([partition])).await.ok()?;
        Some(born.get(&partition).copied())
    }

    /// Tells that something was appended by us, or by anybody to a partition
    /// that is read to its end; the number only grows.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn log(&self, partition: u32) -> Result<&Log, StreamError> {
        usize::try_from(partition).ok().and_then(|index| self.logs.get(index)).ok_or(StreamError::Closed)
    }
}

/// Whether the brokers say that there is no such topic or partition.
fn is_unknown(cause: &KafkaError) -> bool {
    let unknown = [
        RDKafkaErrorCode::UnknownTopic,
        RDKafkaErrorCode::UnknownPartition,
        RDKafkaErrorCode::UnknownTopicOrPartition,
        RDKafkaErrorCode::UnknownTopicId,
    ];
    cause.rdkafka_error_code().is_some_and(|code| unknown.contains(&code))
}

async fn tend(reading: Arc<Reading>) {
    let mut ticks = tokio::time::interval(TENDING);
    loop {
        ticks.tick().await;
        reading.tend();
    }
}

/// A partition's number as Kafka writes it.
fn number(partition: u32) -> i32 {
    i32::try_from(partition).unwrap_or(i32::MAX)
}
