//! Reads `inventory-levels`: for the cache of a region, and to see how far the
//! levels were that somebody may keep.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::{Message as _, Offset, TopicPartitionList};

use super::LEVELS;
use super::settings::KafkaConfig;
use super::topic::{self, ANSWER, blocking};
use crate::StreamError;

/// How long one look waits for the first record.
const WAIT: Duration = Duration::from_millis(250);
/// Waits for nothing before the brokers are given up.
const WAITS: u32 = 120;

/// The levels as they are published, from a while before now on.
#[derive(Clone)]
pub struct LevelFeed(Arc<BaseConsumer>);

impl std::fmt::Debug for LevelFeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LevelFeed").finish_non_exhaustive()
    }
}

impl LevelFeed {
    /// Begins with what was published since `since_ms`, milliseconds since
    /// 1970 as the brokers stamp records.
    pub async fn open(config: &KafkaConfig, since_ms: i64) -> Result<Self, StreamError> {
        let partitions = topic::partitions(config, LEVELS).await?;
        let mut client = config.consumer()?;
        // What is gone was replaced by something newer.
        client.set("group.id", format!("{LEVELS}-by-position")).set("auto.offset.reset", "earliest");
        let consumer: BaseConsumer = client.create().map_err(StreamError::broker("make a reader"))?;
        let consumer = Arc::new(consumer);
        let placing = Arc::clone(&consumer);
        blocking(move || place(&placing, partitions, since_ms)).await?;
        Ok(Self(consumer))
    }

    /// The next levels as JSON, about `most`; none if there was none for a
    /// while.
    pub async fn next(&self, most: usize) -> Result<Vec<Bytes>, StreamError> {
        let consumer = Arc::clone(&self.0);
        blocking(move || read(&consumer, most)).await
    }
}

fn place(consumer: &BaseConsumer, partitions: u32, since_ms: i64) -> Result<(), StreamError> {
    let refused = "begin reading levels";
    let mut wanted = TopicPartitionList::new();
    for partition in 0..partitions {
        let since = Offset::Offset(since_ms);
        let partition = i32::try_from(partition).unwrap_or(i32::MAX);
        wanted.add_partition_offset(LEVELS, partition, since).map_err(StreamError::broker(refused))?;
    }
    let found = consumer.offsets_for_times(wanted, ANSWER).map_err(StreamError::broker(refused))?;
    consumer.assign(&found).map_err(StreamError::broker(refused))
}

/// The newest record of each partition.
pub(super) async fn newest(config: &KafkaConfig) -> Result<Vec<Bytes>, StreamError> {
    let (partitions, client) = (topic::partitions(config, LEVELS).await?, config.consumer()?);
    blocking(move || {
        let consumer: BaseConsumer = client.create().map_err(StreamError::broker("make a reader"))?;
        last_of_each(&consumer, partitions)
    })
    .await
}

fn last_of_each(consumer: &BaseConsumer, partitions: u32) -> Result<Vec<Bytes>, StreamError> {
    let refused = StreamError::broker("read the newest levels");
    let mut ends = TopicPartitionList::new();
    for partition in 0..partitions {
        let partition = i32::try_from(partition).unwrap_or(i32::MAX);
        if let Err(cause) = ends.add_partition_offset(LEVELS, partition, Offset::OffsetTail(1)) {
            return Err(refused(cause));
        }
    }
    if let Err(cause) = consumer.assign(&ends) {
        return Err(refused(cause));
    }
    let (mut open, mut newest, mut waits) = (partitions, Vec::new(), 0);
    while open > 0 {
        match consumer.poll(WAIT) {
            Some(Ok(record)) => newest.extend(record.payload().map(Bytes::copy_from_slice)),
            Some(Err(KafkaError::PartitionEOF(_))) => open -= 1,
            Some(Err(cause)) if waits >= WAITS => return Err(refused(cause)),
            None if waits >= WAITS => return Err(refused(KafkaError::NoMessageReceived)),
            // The client goes on by itself.
            Some(Err(_)) | None => waits += 1,
        }
    }
    Ok(newest)
}

fn read(consumer: &BaseConsumer, most: usize) -> Result<Vec<Bytes>, StreamError> {
    let mut levels = Vec::new();
    while levels.len() < most {
        match consumer.poll(if levels.is_empty() { WAIT } else { Duration::ZERO }) {
            Some(Ok(record)) => levels.extend(record.payload().map(Bytes::copy_from_slice)),
            Some(Err(KafkaError::PartitionEOF(_))) => {}
            Some(Err(cause)) => return Err(StreamError::broker("read levels")(cause)),
            None => break,
        }
    }
    Ok(levels)
}
