//! Identities: the first `StreamBorn` of a partition's log says which life of
//! the log this is.
//!
//! - The log starts at 0: the first `StreamBorn` in it decides, normally the
//!   record at 0. A log without one gets one; if two processes write one at
//!   the same time, both find the first.
//! - The log starts later: the identity that the ledger knows decides. If it
//!   knows none, this is a new life.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};
use tidemark_model::{StoreId, StreamId};
use tidemark_wire::{Control, decode_control, encode_control};

use super::client_log::ClientLog;
use super::producer::Producer;
use super::settings::KafkaConfig;
use super::topic::{ANSWER, blocking};
use super::{envelope, number};
use crate::StreamError;
use crate::event::{Event, EventRecord};

/// One wait for a record.
const POLL: Duration = Duration::from_millis(100);
/// So many waits in a row without one are given up.
const POLLS: u32 = 300;

/// The identity of every partition's log.
pub(super) async fn identities(
    config: &KafkaConfig,
    producer: &Producer,
    known: &BTreeMap<u32, StreamId>,
) -> Result<Vec<StreamId>, StreamError> {
    let starts = starts(config).await?;
    let mut found = BTreeMap::new();
    let mut open = BTreeSet::new();
    for (partition, starts_at) in (0..).zip(starts) {
        match known.get(&partition) {
            _ if starts_at == 0 => {
                open.insert(partition);
            }
            Some(stream) => {
                found.insert(partition, *stream);
            }
            None => {
                let stream = write_birth(producer, partition).await?;
                tracing::warn!(partition, starts_at, %stream, "a log whose birth is gone and that nobody knows: a new life");
                found.insert(partition, stream);
            }
        }
    }
    while !open.is_empty() {
        let born = first_births(config, open.clone()).await?;
        open.retain(|partition| !born.contains_key(partition));
        found.extend(born);
        for partition in &open {
            let stream = write_birth(producer, *partition).await?;
            tracing::info!(partition, %stream, "a log is born");
        }
    }
    Ok(found.into_values().collect())
}

async fn write_birth(producer: &Producer, partition: u32) -> Result<StreamId, StreamError> {
    let mut fresh = [0; 16];
    getrandom::fill(&mut fresh).map_err(|_none| StreamError::Random)?;
    let bytes = encode_control(&Control::StreamBorn(StreamId(fresh))).into();
    // The birth belongs to no store: its key is a name of our own.
    let Ok(store) = StoreId::new(envelope::STREAM) else { return Err(StreamError::Closed) };
    producer.append(partition, &[EventRecord { store, event: Event::Control(bytes) }]).await?;
    Ok(StreamId(fresh))
}

/// Where each partition's log starts.
async fn starts(config: &KafkaConfig) -> Result<Vec<u64>, StreamError> {
    let (settings, topic, partitions) = (config.consumer()?, config.topic.clone(), config.partitions);
    blocking(move || {
        let reader: BaseConsumer<ClientLog> =
            settings.create_with_context(ClientLog).map_err(StreamError::broker("make a client"))?;
        let start = |partition| {
            let marks = reader.fetch_watermarks(&topic, number(partition), ANSWER);
            let (low, _high) = marks.map_err(StreamError::broker("tell where a log starts"))?;
            Ok(u64::try_from(low).unwrap_or(0))
        };
        (0..partitions).map(start).collect()
    })
    .await
}

/// The first `StreamBorn` of each of these logs that has one.
pub(super) async fn first_births(
    config: &KafkaConfig,
    open: BTreeSet<u32>,
) -> Result<BTreeMap<u32, StreamId>, StreamError> {
    let mut settings = config.consumer()?;
    // It is nearly always the first record.
    settings.set("fetch.message.max.bytes", "65536");
    let topic = config.topic.clone();
    blocking(move || {
        let reader: BaseConsumer<ClientLog> =
            settings.create_with_context(ClientLog).map_err(StreamError::broker("make a client"))?;
        search(&reader, &topic, open)
    })
    .await
}

fn search(
    reader: &BaseConsumer<ClientLog>,
    topic: &str,
    mut open: BTreeSet<u32>,
) -> Result<BTreeMap<u32, StreamId>, StreamError> {
    let refused = "read the births of the logs";
    let mut logs = TopicPartitionList::new();
    for partition in &open {
        logs.add_partition_offset(topic, number(*partition), Offset::Offset(0))
            .map_err(StreamError::broker(refused))?;
    }
    reader.assign(&logs).map_err(StreamError::broker(refused))?;
    let mut born = BTreeMap::new();
    let mut waits = 0;
    while !open.is_empty() {
        let done = match reader.poll(POLL) {
            Some(Ok(message)) => {
                let partition = u32::try_from(message.partition()).unwrap_or(u32::MAX);
                let birth = birth(message.payload().unwrap_or_default()).filter(|_| open.contains(&partition));
                birth.map(|stream| {
                    born.insert(partition, stream);
                    partition
                })
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => u32::try_from(partition).ok(),
            Some(Err(error)) if waits >= POLLS => return Err(StreamError::broker(refused)(error)),
            None if waits >= POLLS => return Err(StreamError::broker(refused)(KafkaError::NoMessageReceived)),
            // The client goes on by itself.
            Some(Err(_)) | None => {
                waits += 1;
                continue;
            }
        };
        waits = 0;
        if let Some(partition) = done.filter(|partition| open.remove(partition)) {
            let mut log = TopicPartitionList::new();
            log.add_partition(topic, number(partition));
            reader.incremental_unassign(&log).map_err(StreamError::broker(refused))?;
        }
    }
    Ok(born)
}

fn birth(bytes: &[u8]) -> Option<StreamId> {
    match decode_control(bytes) {
        Ok(Control::StreamBorn(stream)) => Some(stream),
        Ok(Control::EpochOpened(_) | Control::PositionsLost(_) | Control::OpeningTaken(_)) | Err(_) => None,
    }
}
