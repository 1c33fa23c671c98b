//! The embedded stream: a file in which a row is an append. One task appends,
//! with one sync for all that waits.

use std::path::Path;
use std::sync::Arc;

use tidemark_ledger::LedgerError;
use tidemark_ledger::stream_file::{NewBatch, StreamFile};
use tidemark_model::{StoreId, StreamId, StreamPlace};
use tidemark_wire::{Control, encode_control};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::StreamError;
use crate::event::{Event, EventRecord, StoredRecord, pack, unpack};

/// Appends that wait.
const QUEUE: usize = 1_024;
/// Appends of one sync.
const TOGETHER: usize = 256;
/// Rows of one read.
const ROWS: u32 = 64;

type Reply = oneshot::Sender<Result<u64, StreamError>>;

/// The embedded stream; cheap to clone.
#[derive(Clone, Debug)]
pub struct Embedded {
    file: StreamFile,
    identities: Arc<[StreamId]>,
    appends: mpsc::Sender<(NewBatch, Reply)>,
    appended: watch::Receiver<u64>,
    _task: Arc<JoinSet<()>>,
}

impl Embedded {
    /// Opens the file; partitions that are not there are born.
    pub(crate) async fn open(file: &Path, partitions: u32) -> Result<Self, StreamError> {
        let file = StreamFile::open(file).await.map_err(Arc::new)?;
        let mut identities = Vec::new();
        for partition in 0..partitions.max(1) {
            identities.push(born(&file, partition).await?);
        }
        let (appends, queue) = mpsc::channel(QUEUE);
        let (told, appended) = watch::channel(0);
        let mut task = JoinSet::new();
        task.spawn(append_all(file.clone(), queue, told));
        Ok(Self { file, identities: identities.into(), appends, appended, _task: Arc::new(task) })
    }

    pub(crate) fn partitions(&self) -> u32 {
        u32::try_from(self.identities.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn identity(&self, partition: u32) -> Option<StreamId> {
        self.identities.get(usize::try_from(partition).ok()?).copied()
    }

    pub(crate) async fn append(&self, partition: u32, records: &[EventRecord]) -> Result<StreamPlace, StreamError> {
        let stream = self.identity(partition).ok_or(StreamError::Closed)?;
        let count = u32::try_from(records.len()).map_err(|_too_many| StreamError::Full)?;
        let batch = NewBatch { partition, count, bytes: pack(records) };
        let (reply, answer) = oneshot::channel();
        self.appends.send((batch, reply)).await.map_err(|_closed| StreamError::Closed)?;
        let first = answer.await.map_err(|_closed| StreamError::Closed)??;
        let offset = first.saturating_add(u64::from(count)).saturating_sub(1);
        Ok(StreamPlace { stream, partition, offset })
    }

    pub(crate) async fn read(&self, partition: u32, from: u64, most: usize) -> Result<Vec<StoredRecord>, StreamError> {
        let batches = self.file.read(partition, from, ROWS).await.map_err(Arc::new)?;
        let mut records = Vec::new();
        for batch in batches {
            if records.len() >= most {
                break;
            }
            let unreadable = StreamError::Layout { partition, first: batch.first };
            let unpacked = unpack(batch.bytes).ok_or(unreadable)?;
            let numbered = (batch.first..).zip(unpacked).filter(|(offset, _)| *offset >= from);
            records.extend(numbered.map(|(offset, record)| StoredRecord { offset, record }));
        }
        Ok(records)
    }

    pub(crate) async fn end(&self, partition: u32) -> Result<u64, StreamError> {
        Ok(self.file.end(partition).await.map_err(Arc::new)?)
    }

    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.appended.clone()
    }
}

/// The identity of a partition's log; a log that is empty is born.
async fn born(file: &StreamFile, partition: u32) -> Result<StreamId, StreamError> {
    let mut fresh = [0; 16];
    getrandom::fill(&mut fresh).map_err(|_none| StreamError::Random)?;
    let (stream, next) = file.partition(partition, StreamId(fresh)).await.map_err(Arc::new)?;
    if next == 0 {
        let bytes = encode_control(&Control::StreamBorn(stream)).into();
        // The birth belongs to no store: its key is a name of our own.
        let Ok(store) = StoreId::new("_stream") else { return Err(StreamError::Closed) };
        let record = EventRecord { store, event: Event::Control(bytes) };
        let batch = NewBatch { partition, count: 1, bytes: pack(&[record]) };
        file.append(&[batch]).await.map_err(Arc::new)?;
    }
    Ok(stream)
}

async fn append_all(file: StreamFile, mut queue: mpsc::Receiver<(NewBatch, Reply)>, told: watch::Sender<u64>) {
    let mut waiting = Vec::with_capacity(TOGETHER);
    while queue.recv_many(&mut waiting, TOGETHER).await > 0 {
        let (batches, replies): (Vec<NewBatch>, Vec<Reply>) = waiting.drain(..).unzip();
        match file.append(&batches).await {
            Ok(firsts) => {
                for (reply, first) in replies.into_iter().zip(firsts) {
                    // Whoever asked may be gone; the records are there.
                    reply.send(Ok(first)).unwrap_or(());
                }
                told.send_modify(|number| *number = number.wrapping_add(1));
            }
            Err(error) => fail(error, replies),
        }
    }
}

fn fail(error: LedgerError, replies: Vec<Reply>) {
    tracing::error!(%error, "the stream's file does not take records");
    let error = Arc::new(error);
    for reply in replies {
        reply.send(Err(StreamError::Unavailable(Arc::clone(&error)))).unwrap_or(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use tidemark_model::{Epoch, Position};

    fn record(seq: u64) -> EventRecord {
        let event = Event::Movement(Position { epoch: Epoch(1), seq }, Bytes::from_static(b"bytes"));
        EventRecord { store: StoreId::new("S1").unwrap(), event }
    }

    #[tokio::test]
    async fn many_append_at_once_and_each_record_is_read_once_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let stream = Embedded::open(&folder.path().join("stream.db"), 2).await.unwrap();
        let appends = (0..50).map(|n| {
            let stream = stream.clone();
            tokio::spawn(async move { stream.append(1, &[record(2 * n + 1), record(2 * n + 2)]).await.unwrap() })
        });
        let mut places = Vec::new();
        for append in appends.collect::<Vec<_>>() {
            places.push(append.await.unwrap().offset);
        }
        places.sort_unstable();
        assert_eq!(places, (1..=50).map(|n| 2 * n).collect::<Vec<u64>>(), "after the birth at 0");
        let (mut from, mut read) = (1, 0);
        loop {
            let records = stream.read(1, from, 7).await.unwrap();
            let Some(last) = records.last() else { break };
            assert!(records.iter().map(|r| r.offset).eq(from..=last.offset));
            from = last.offset + 1;
            read += records.len();
        }
        assert_eq!((read, stream.end(1).await.unwrap()), (100, 101));
    }

    #[tokio::test]
    async fn a_log_keeps_its_identity_and_a_wiped_one_has_another() {
        let folder = tempfile::tempdir().unwrap();
        let open = async |name: &str| Embedded::open(&folder.path().join(name), 1).await.unwrap().identity(0);
        let first = open("a.db").await;
        assert_eq!(open("a.db").await, first);
        assert_ne!(open("b.db").await, first);
    }
}
