//! Reading: one consumer for all partitions, each with a queue of its own.
//!
//! A partition is assigned when it is first read, at the offset asked for, and
//! again when another offset is asked for than the one that comes next. The
//! end of a log is what the consumer says it is; until then a read waits.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use tokio::sync::watch;

use super::client_log::ClientLog;
use super::topic::ANSWER;
use super::{envelope, number};
use crate::StreamError;
use crate::event::StoredRecord;

/// One wait for a record.
const POLL: Duration = Duration::from_millis(50);
/// So many waits in a row without a record or the log's end are given up.
const POLLS: u32 = 200;
/// No offset.
const NOWHERE: u64 = u64::MAX;

pub(crate) struct Reading {
    consumer: Arc<BaseConsumer<ClientLog>>,
    topic: String,
    lanes: Box<[Lane]>,
    changed: watch::Sender<u64>,
}

/// The reading of one partition.
struct Lane {
    partition: u32,
    /// Held for a whole read, so that two readers of a partition take turns;
    /// only from threads that may block.
    place: Mutex<Place>,
    /// Something came since the queue was found empty.
    arrived: Arc<AtomicBool>,
    /// Where the last read found the log's end.
    resting: AtomicU64,
}

#[derive(Default)]
struct Place {
    queue: Option<PartitionQueue<ClientLog>>,
    assigned: bool,
    /// The offset that comes next; none if the partition must be placed anew.
    next: Option<u64>,
    at_end: bool,
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").field("topic", &self.topic).finish_non_exhaustive()
    }
}

impl Reading {
    pub(crate) fn new(
        settings: &ClientConfig,
        topic: &str,
        partitions: u32,
        changed: watch::Sender<u64>,
    ) -> Result<Self, StreamError> {
        let consumer = settings.create_with_context(ClientLog).map_err(StreamError::broker("make a reader"))?;
        let lane = |partition| Lane {
            partition,
            place: Mutex::default(),
            arrived: Arc::default(),
            resting: AtomicU64::new(NOWHERE),
        };
        let lanes = (0..partitions).map(lane).collect();
        Ok(Self { consumer: Arc::new(consumer), topic: topic.to_owned(), lanes, changed })
    }

    /// Lets the client tell what concerns no partition.
    pub(crate) fn tend(&self) {
        while let Some(told) = self.consumer.poll(Duration::ZERO) {
            if let Err(error) = told {
                tracing::info!(%error, "reading from Kafka");
            }
        }
    }

    /// Whether nothing can have come since the last read from there.
    pub(crate) fn rests(&self, partition: u32, from: u64) -> bool {
        let rests = |lane: &Lane| lane.resting.load(Ordering::Acquire) == from && !lane.arrived.load(Ordering::Acquire);
        self.lane(partition).is_some_and(rests)
    }

    /// Records from an offset on; none only at the log's end, which is at
    /// `floor` or later. Blocks.
    pub(crate) fn read(
        &self,
        partition: u32,
        from: u64,
        most: usize,
        floor: u64,
    ) -> Result<Vec<StoredRecord>, StreamError> {
        let lane = self.lane(partition).ok_or(StreamError::Closed)?;
        let mut place = lane.place.lock().unwrap_or_else(PoisonError::into_inner);
        lane.resting.store(NOWHERE, Ordering::Release);
        if place.next != Some(from) {
            self.place(lane, &mut place, from)?;
        }
        let read = self.drain(lane, &mut place, from, most, floor);
        if read.is_err() {
            place.next = None;
        }
        read
    }

    /// The offset the log gives next. Blocks.
    pub(crate) fn end(&self, partition: u32) -> Result<u64, StreamError> {
        self.marks(partition).map(|(_low, high)| high)
    }

    fn lane(&self, partition: u32) -> Option<&Lane> {
        self.lanes.get(usize::try_from(partition).ok()?)
    }

    fn drain(
        &self,
        lane: &Lane,
        place: &mut Place,
        from: u64,
        most: usize,
        floor: u64,
    ) -> Result<Vec<StoredRecord>, StreamError> {
        let Place { queue: Some(queue), next, at_end, .. } = place else { return Err(StreamError::Closed) };
        let mut records = Vec::new();
        let mut waits = 0;
        while records.len() < most.max(1) {
            let settled = !records.is_empty() || (*at_end && from >= floor);
            lane.arrived.store(false, Ordering::Release);
            match queue.poll(if settled { Duration::ZERO } else { POLL }) {
                Some(Ok(message)) => {
                    *at_end = false;
                    let offset = u64::try_from(message.offset()).unwrap_or(0);
                    if offset >= from {
                        let record = envelope::record(&message).ok_or(StreamError::Closed)?;
                        records.push(StoredRecord { offset, record });
                        *next = Some(offset.saturating_add(1));
                    }
                }
                Some(Err(KafkaError::PartitionEOF(_))) => *at_end = true,
                Some(Err(KafkaError::MessageConsumption(RDKafkaErrorCode::AutoOffsetReset))) => {
                    return Err(self.out_of_range(lane.partition, from));
                }
                Some(Err(error)) => return Err(StreamError::broker("read")(error)),
                None if settled => {
                    if *at_end && records.is_empty() {
                        lane.resting.store(from, Ordering::Release);
                    }
                    break;
                }
                None if waits < POLLS => waits += 1,
                // The log's end, though somebody's open transaction hides
                // what is appended.
                None if *at_end => break,
                None => return Err(StreamError::broker("read")(KafkaError::NoMessageReceived)),
            }
        }
        Ok(records)
    }

    /// Begins reading a partition at an offset.
    fn place(&self, lane: &Lane, place: &mut Place, from: u64) -> Result<(), StreamError> {
        let refused = "begin reading";
        let partition = number(lane.partition);
        place.next = None;
        place.at_end = false;
        let mut log = TopicPartitionList::new();
        let offset = Offset::Offset(i64::try_from(from).unwrap_or(i64::MAX));
        log.add_partition_offset(&self.topic, partition, offset).map_err(StreamError::broker(refused))?;
        if place.assigned {
            self.consumer.incremental_unassign(&log).map_err(StreamError::broker(refused))?;
            place.assigned = false;
        }
        // Its queue is its own before anything comes.
        if place.queue.is_none() {
            let split = self.consumer.split_partition_queue(&self.topic, partition);
            let mut queue = split.ok_or(StreamError::Closed)?;
            let (arrived, changed) = (Arc::clone(&lane.arrived), self.changed.clone());
            queue.set_nonempty_callback(move || {
                arrived.store(true, Ordering::Release);
                changed.send_modify(|number| *number = number.wrapping_add(1));
            });
            place.queue = Some(queue);
        }
        self.consumer.incremental_assign(&log).map_err(StreamError::broker(refused))?;
        place.assigned = true;
        place.next = Some(from);
        Ok(())
    }

    fn marks(&self, partition: u32) -> Result<(u64, u64), StreamError> {
        let marks = self.consumer.fetch_watermarks(&self.topic, number(partition), ANSWER);
        let (low, high) = marks.map_err(StreamError::broker("tell where a log ends"))?;
        Ok((u64::try_from(low).unwrap_or(0), u64::try_from(high).unwrap_or(0)))
    }

    fn out_of_range(&self, partition: u32, from: u64) -> StreamError {
        match self.marks(partition) {
            Ok((starts_at, _)) if starts_at > from => StreamError::Gap { partition, from, starts_at },
            Ok((_, end)) if end < from => StreamError::Replaced { partition, expected: from, end },
            Ok(_) => StreamError::broker("read")(KafkaError::MessageConsumption(RDKafkaErrorCode::AutoOffsetReset)),
            Err(error) => error,
        }
    }
}
