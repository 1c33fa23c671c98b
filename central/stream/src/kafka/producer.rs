//! Appending: an idempotent producer, all acknowledgements awaited.
//!
//! After a fatal error a producer takes nothing any more; it is replaced by a
//! new one, and the appends that it failed are answered with an error, so that
//! whoever asked sends them again.

use std::fmt;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::OwnedHeaders;
use rdkafka::producer::future_producer::DeliveryFuture;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer as _};

use super::client_log::ClientLog;
use super::envelope;
use crate::StreamError;
use crate::event::EventRecord;

/// How long to wait for room in the queue, and how often.
const ROOM: (Duration, u32) = (Duration::from_millis(5), 400);

pub(crate) struct Producer {
    settings: ClientConfig,
    topic: String,
    /// Held only to look or to put a new one in its place.
    current: RwLock<Life>,
}

/// What is sent.
pub(crate) struct Letter<'l> {
    pub(crate) key: &'l str,
    pub(crate) value: &'l [u8],
    pub(crate) headers: OwnedHeaders,
}

/// One producer from its making to its fatal error.
#[derive(Clone)]
struct Life {
    number: u64,
    producer: FutureProducer<ClientLog>,
}

impl fmt::Debug for Producer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer").field("topic", &self.topic).finish_non_exhaustive()
    }
}

impl Producer {
    pub(crate) fn new(settings: ClientConfig, topic: &str) -> Result<Self, StreamError> {
        let producer = make(&settings)?;
        Ok(Self { settings, topic: topic.to_owned(), current: RwLock::new(Life { number: 0, producer }) })
    }

    /// Connects before the first append needs it. Blocks.
    pub(crate) fn warm_up(&self, timeout: Duration) -> Result<(), StreamError> {
        let metadata = self.life().producer.client().fetch_metadata(Some(&self.topic), timeout);
        metadata.map(drop).map_err(StreamError::broker("connect the producer"))
    }

    /// Appends records in order. The last one's offset, once the log holds
    /// all with all acknowledgements; none if the brokers knew a record
    /// already, by a retry of the library's, and did not say where.
    pub(crate) async fn append(&self, partition: u32, records: &[EventRecord]) -> Result<Option<u64>, StreamError> {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(|_none| StreamError::Random)?;
        let letter = |(record, number): (_, u128)| {
            let record: &EventRecord = record;
            let nonce = u128::from_be_bytes(nonce).wrapping_add(number);
            let headers = envelope::headers(record, nonce);
            Letter { key: record.store.as_str(), value: envelope::value(record), headers }
        };
        self.send(&self.topic, partition, records.iter().zip(0..).map(letter)).await
    }

    /// Sends letters to a partition of a topic in order, as [`Self::append`]
    /// does.
    pub(crate) async fn send<'l>(
        &self,
        topic: &str,
        partition: u32,
        letters: impl Iterator<Item = Letter<'l>> + Send,
    ) -> Result<Option<u64>, StreamError> {
        let life = self.life();
        let mut waiting = Vec::new();
        let mut failed = None;
        for letter in letters {
            match enqueue(&life, topic, partition, letter).await {
                Ok(delivery) => waiting.push(delivery),
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        let mut last = None;
        for delivery in waiting {
            match delivery.await {
                Ok(Ok(delivered)) => last = u64::try_from(delivered.offset).ok(),
                Ok(Err((error, _))) => failed = Some(error),
                Err(_canceled) => failed = Some(KafkaError::Canceled),
            }
        }
        match failed {
            None => Ok(last),
            Some(KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull)) => Err(StreamError::Full),
            Some(error) => {
                self.renew_if_fatal(&life)?;
                Err(StreamError::broker("append")(error))
            }
        }
    }

    fn life(&self) -> Life {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn renew_if_fatal(&self, failed: &Life) -> Result<(), StreamError> {
        let Some((_, reason)) = failed.producer.client().fatal_error() else { return Ok(()) };
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        // Another append of the same life may have been here first.
        if current.number == failed.number {
            tracing::warn!(%reason, "Kafka's producer has failed for good and is replaced");
            let number = failed.number.wrapping_add(1);
            *current = Life { number, producer: make(&self.settings)? };
        }
        Ok(())
    }
}

async fn enqueue(life: &Life, topic: &str, partition: u32, letter: Letter<'_>) -> Result<DeliveryFuture, KafkaError> {
    let mut waiting = FutureRecord::to(topic)
        .partition(i32::try_from(partition).unwrap_or(i32::MAX))
        .key(letter.key)
        .payload(letter.value)
        .headers(letter.headers);
    let (pause, mut tries) = ROOM;
    loop {
        match life.producer.send_result(waiting) {
            Ok(delivery) => return Ok(delivery),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) if tries > 0 => waiting = back,
            Err((error, _)) => return Err(error),
        }
        tries -= 1;
        tokio::time::sleep(pause).await;
    }
}

fn make(settings: &ClientConfig) -> Result<FutureProducer<ClientLog>, StreamError> {
    settings.create_with_context(ClientLog).map_err(StreamError::broker("make a producer"))
}
