//! The ledger on SQLite: one file, one writing connection, several reading
//! ones. Few and fat statements: a statement costs more than a row.

mod applying;
mod attention;
mod audit;
mod catalogue;
mod forks;
mod instructions;
mod latest;
mod letters;
mod losses;
mod openings;
mod people;
mod reads;
mod reapplying;
mod reservations;
mod safety;
mod steps;
mod stores;
mod transfers;
mod transit;
mod tries;
mod writing;

pub use applying::Applied;
pub(crate) use applying::{Once, Refusal, month_of, park_all};
pub(crate) use openings::changed;
pub use stores::StoreLook;

use std::path::Path;
use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection as _, Row as _, Sqlite, Transaction};
use tidemark_model::Generation;

use crate::audit::AuditEntry;
use crate::error::LedgerError;

/// The schema this release knows.
const SCHEMA: i64 = 10;
/// What each version of the schema adds, from the first on.
const STEPS: [&str; 10] = [
    include_str!("../schema/sqlite/0001.sql"),
    include_str!("../schema/sqlite/0002.sql"),
    include_str!("../schema/sqlite/0003.sql"),
    include_str!("../schema/sqlite/0004.sql"),
    include_str!("../schema/sqlite/0005.sql"),
    include_str!("../schema/sqlite/0006.sql"),
    include_str!("../schema/sqlite/0007.sql"),
    include_str!("../schema/sqlite/0008.sql"),
    include_str!("../schema/sqlite/0009.sql"),
    include_str!("../schema/sqlite/0010.sql"),
];
/// Connections that read.
const READERS: u32 = 4;
/// How long a statement waits for the file's lock.
const BUSY_WITHIN: Duration = Duration::from_secs(10);

/// The ledger on SQLite; cheap to clone.
#[derive(Clone, Debug)]
pub struct SqliteLedger {
    write: SqlitePool,
    read: SqlitePool,
    generation: Arc<AtomicU64>,
    /// Who makes the changes of this handle; noted with each.
    by: Option<Arc<AuditEntry>>,
}

/// The options by which every file of ours is opened.
pub(crate) fn options(file: &Path) -> Result<SqliteConnectOptions, sqlx::Error> {
    Ok(SqliteConnectOptions::from_str("sqlite:")?
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_WITHIN)
        .pragma("cache_size", "-65536")
        .pragma("wal_autocheckpoint", "4000"))
}

/// The one connection that writes. After a write that found no room SQLite has
/// left the transaction, and sqlx has not: such a connection is opened anew,
/// else nothing could ever be written again.
pub(crate) fn writer() -> SqlitePoolOptions {
    let is_clean = |connection: &mut SqliteConnection| !connection.is_in_transaction();
    SqlitePoolOptions::new()
        .max_connections(1)
        .before_acquire(move |connection, _| Box::pin(std::future::ready(Ok(is_clean(connection)))))
}

/// Begins a change. It takes the lock at once and waits for it: a transaction
/// that reads first and writes then is refused if another process wrote
/// meanwhile, as a command beside a running centre does.
pub(crate) async fn begin(pool: &SqlitePool) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
    pool.begin_with("BEGIN IMMEDIATE").await
}

impl SqliteLedger {
    /// Opens the ledger's file, or makes it.
    pub async fn open(file: &Path) -> Result<Self, LedgerError> {
        let options = options(file)?;
        let write = writer().connect_with(options.clone()).await?;
        let generation = prepare(&write).await?;
        let read = SqlitePoolOptions::new().max_connections(READERS).connect_with(options.read_only(true)).await?;
        Ok(Self { write, read, generation: Arc::new(AtomicU64::new(generation.0)), by: None })
    }

    /// Which history this is.
    #[must_use]
    pub fn generation(&self) -> Generation {
        Generation(self.generation.load(Ordering::Acquire))
    }

    /// Takes a generation above another; the one the ledger has then.
    pub async fn raise_generation(&self, above: Generation) -> Result<Generation, LedgerError> {
        let raise = "UPDATE history SET generation = max(generation, ?) RETURNING generation";
        let row = sqlx::query(raise).bind(number(above.0.saturating_add(1))).fetch_one(&self.write).await?;
        let found = unsigned(row.try_get("generation")?);
        Ok(Generation(self.generation.fetch_max(found, Ordering::AcqRel).max(found)))
    }

    /// Begins a change of the ledger.
    async fn change(&self) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
        begin(&self.write).await
    }

    /// The connection that writes.
    pub(crate) const fn writing(&self) -> &SqlitePool {
        &self.write
    }

    /// Closes the file.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

/// Brings the schema up to date; the generation the file is of.
async fn prepare(pool: &SqlitePool) -> Result<Generation, LedgerError> {
    let mut change = begin(pool).await?;
    let there = sqlx::query("SELECT 1 FROM sqlite_master WHERE name = 'history'").fetch_optional(&mut *change).await?;
    let found: i64 = match there {
        None => 0,
        Some(_) => sqlx::query("SELECT schema FROM history").fetch_one(&mut *change).await?.try_get("schema")?,
    };
    if found > SCHEMA {
        return Err(LedgerError::Newer { found, known: SCHEMA });
    }
    for step in STEPS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        sqlx::raw_sql(*step).execute(&mut *change).await?;
    }
    let note = "INSERT INTO history (one, schema, generation) VALUES (1, ?, 1) \
                ON CONFLICT (one) DO UPDATE SET schema = excluded.schema RETURNING generation";
    let row = sqlx::query(note).bind(SCHEMA).fetch_one(&mut *change).await?;
    let generation = unsigned(row.try_get("generation")?);
    change.commit().await?;
    Ok(Generation(generation))
}

/// A number for a column; what does not fit into 63 bits is at its end.
pub(crate) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A column's number; a negative one is none of ours.
pub(crate) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// Something that was written by us and does not read.
pub(crate) fn kept(what: impl std::fmt::Display) -> LedgerError {
    LedgerError::Kept(what.to_string())
}

#[cfg(test)]
mod tests;
