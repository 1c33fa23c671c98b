//! The embedded stream's file: per partition a log of appended batches. A row
//! is what one append gave: first offset, count, bytes.

use std::path::Path;

use bytes::Bytes;
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
use sqlx::{QueryBuilder, Row as _, Sqlite};
use tidemark_model::StreamId;

use crate::error::LedgerError;
use crate::sqlite::{begin, kept, number, options, unsigned, writer};

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS partitions (part INTEGER PRIMARY KEY, stream BLOB NOT NULL, next INTEGER NOT NULL) STRICT; \
     CREATE TABLE IF NOT EXISTS batches (part INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, \
     bytes BLOB NOT NULL, PRIMARY KEY (part, first)) STRICT, WITHOUT ROWID;";

/// The file of an embedded stream.
#[derive(Clone, Debug)]
pub struct StreamFile {
    write: SqlitePool,
    read: SqlitePool,
}

/// One appended batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBatch {
    /// The offset of its first record.
    pub first: u64,
    /// How many records it has.
    pub count: u32,
    /// Its bytes, as they were given.
    pub bytes: Bytes,
}

/// One batch to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBatch {
    /// To which partition.
    pub partition: u32,
    /// How many records it has.
    pub count: u32,
    /// Its bytes.
    pub bytes: Bytes,
}

impl StreamFile {
    /// Opens the file, or makes it.
    pub async fn open(file: &Path) -> Result<Self, LedgerError> {
        let options = options(file)?;
        let write = writer().connect_with(options.clone()).await?;
        sqlx::raw_sql(SCHEMA).execute(&write).await?;
        let read = SqlitePoolOptions::new().max_connections(2).connect_with(options.read_only(true)).await?;
        Ok(Self { write, read })
    }

    /// The identity of a partition's log and the offset it gives next; a log
    /// that is not there is born with `fresh`.
    pub async fn partition(&self, partition: u32, fresh: StreamId) -> Result<(StreamId, u64), LedgerError> {
        let insert = "INSERT INTO partitions (part, stream, next) VALUES (?, ?, 0) ON CONFLICT DO NOTHING";
        sqlx::query(insert).bind(partition).bind(fresh.0.as_slice()).execute(&self.write).await?;
        let row = sqlx::query("SELECT stream, next FROM partitions WHERE part = ?").bind(partition);
        let row = row.fetch_one(&self.write).await?;
        let stream: Vec<u8> = row.try_get("stream")?;
        let stream = StreamId(stream.try_into().map_err(|_other_length| kept("a stream's identity has 16 bytes"))?);
        Ok((stream, unsigned(row.try_get("next")?)))
    }

    /// Appends batches in their order with one sync; the first offset of
    /// each.
    pub async fn append(&self, batches: &[NewBatch]) -> Result<Vec<u64>, LedgerError> {
        let mut change = begin(&self.write).await?;
        let mut firsts = Vec::with_capacity(batches.len());
        for batch in batches {
            let advance = "UPDATE partitions SET next = next + ? WHERE part = ? RETURNING next";
            let row = sqlx::query(advance).bind(batch.count).bind(batch.partition).fetch_one(&mut *change).await?;
            firsts.push(unsigned(row.try_get("next")?).saturating_sub(u64::from(batch.count)));
        }
        let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO batches (part, first, count, bytes) ");
        query.push_values(batches.iter().zip(&firsts), |mut row, (batch, first)| {
            row.push_bind(batch.partition).push_bind(number(*first)).push_bind(batch.count);
            row.push_bind(batch.bytes.to_vec());
        });
        if !batches.is_empty() {
            query.build().execute(&mut *change).await?;
        }
        change.commit().await?;
        Ok(firsts)
    }

    /// Batches from the one that holds an offset on, at most so many.
    pub async fn read(&self, partition: u32, from: u64, most: u32) -> Result<Vec<StoredBatch>, LedgerError> {
        let select = "SELECT first, count, bytes FROM batches WHERE part = ? AND first >= coalesce(\
                      (SELECT max(first) FROM batches WHERE part = ? AND first <= ?), 0) AND first + count > ? \
                      ORDER BY first LIMIT ?";
        let rows = sqlx::query(select)
            .bind(partition)
            .bind(partition)
            .bind(number(from))
            .bind(number(from))
            .bind(most)
            .fetch_all(&self.read)
            .await?;
        let read = |row: &sqlx::sqlite::SqliteRow| {
            let bytes: Vec<u8> = row.try_get("bytes")?;
            Ok(StoredBatch {
                first: unsigned(row.try_get("first")?),
                count: row.try_get("count")?,
                bytes: Bytes::from(bytes),
            })
        };
        rows.iter().map(read).collect()
    }

    /// The offset a partition gives next.
    pub async fn end(&self, partition: u32) -> Result<u64, LedgerError> {
        let row = sqlx::query("SELECT next FROM partitions WHERE part = ?").bind(partition);
        row.fetch_optional(&self.read).await?.map_or(Ok(0), |row| Ok(unsigned(row.try_get("next")?)))
    }

    /// Closes the file.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_appended_is_read_back_in_order_from_any_offset() {
        let folder = tempfile::tempdir().unwrap();
        let file = StreamFile::open(&folder.path().join("stream.db")).await.unwrap();
        let (stream, next) = file.partition(1, StreamId([7; 16])).await.unwrap();
        assert_eq!((stream, next), (StreamId([7; 16]), 0));
        let batch =
            |text: &'static str, count| NewBatch { partition: 1, count, bytes: Bytes::from_static(text.as_bytes()) };
        let firsts = file.append(&[batch("a", 3), batch("b", 2)]).await.unwrap();
        assert_eq!(firsts, [0, 3]);
        assert_eq!(file.append(&[batch("c", 1)]).await.unwrap(), [5]);
        let from = |offset| file.read(1, offset, 10);
        assert_eq!(from(0).await.unwrap().len(), 3);
        let later: Vec<u64> = from(4).await.unwrap().iter().map(|batch| batch.first).collect();
        assert_eq!(later, [3, 5]);
        assert!(from(6).await.unwrap().is_empty());
        assert_eq!(file.end(1).await.unwrap(), 6);
        file.close().await;
        let file = StreamFile::open(&folder.path().join("stream.db")).await.unwrap();
        assert_eq!(file.partition(1, StreamId([8; 16])).await.unwrap(), (StreamId([7; 16]), 6));
    }
}
