//! The ledger on PostgreSQL: several processes may open it, each partition of
//! the stream has one applier at a time.
//!
//! - A statement takes a whole batch as arrays, with its keys sorted: rows
//!   are locked in one order (position, epochs that begin, blocks, balances,
//!   counts, dead letters, instructions), so two batches wait for each other
//!   and never in a ring.
//! - Every new connection looks at the settings a ledger rests on, and at the
//!   cluster's identity and timeline: another one is another history, which
//!   takes a generation of its own.
//! - Only the primary is asked, for questions too, unless a standby is opened
//!   as such: it answers callers of its region and changes nothing.

mod applying;
mod attention;
mod audit;
mod catalogue;
mod chain;
mod forks;
mod instructions;
mod latest;
mod letters;
mod losses;
mod months;
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

use std::borrow::Cow;
use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions, PgRow};
use sqlx::{Connection as _, Row as _};
use tidemark_model::{EpochOrdinal, Generation};

use crate::audit::AuditEntry;
use crate::error::LedgerError;
use crate::sqlite::{kept, number, unsigned};

/// The schema this release knows.
const SCHEMA: i64 = 10;
/// What each version of the schema adds, from the first on.
const STEPS: [&str; 10] = [
    include_str!("../schema/postgres/0001.sql"),
    include_str!("../schema/postgres/0002.sql"),
    include_str!("../schema/postgres/0003.sql"),
    include_str!("../schema/postgres/0004.sql"),
    include_str!("../schema/postgres/0005.sql"),
    include_str!("../schema/postgres/0006.sql"),
    include_str!("../schema/postgres/0007.sql"),
    include_str!("../schema/postgres/0008.sql"),
    include_str!("../schema/postgres/0009.sql"),
    include_str!("../schema/postgres/0010.sql"),
];
/// Taken by whoever changes the schema or makes a partition.
const SCHEMA_LOCK: i64 = 0x7469_6465_6d61_726b;
/// Connections that apply and change.
const WRITERS: u32 = 8;
/// Connections that read.
const READERS: u32 = 8;
/// How long one waits for a free connection, or for a new one.
const CONNECTED_WITHIN: Duration = Duration::from_secs(10);
/// The same of a copy in the region itself.
const REPLICA_WITHIN: Duration = Duration::from_secs(3);
/// What the server ends by itself, in milliseconds.
const STATEMENT_MS: &str = "30000";
const LOCK_MS: &str = "10000";
const IDLE_IN_CHANGE_MS: &str = "30000";
/// How long applying a batch may take; longer is a server that is gone
/// without a word.
const APPLIED_WITHIN: Duration = Duration::from_secs(60);

/// The ledger on PostgreSQL; cheap to clone.
#[derive(Clone, Debug)]
pub struct PostgresLedger {
    write: PgPool,
    read: PgPool,
    generation: Arc<AtomicU64>,
    /// The month whose partition, and the next one's, are known to be there.
    month: Arc<AtomicI64>,
    /// Whether the server is a standby, from which is only read.
    replica: bool,
    /// Who makes the changes of this handle; noted with each.
    by: Option<Arc<AuditEntry>>,
}

impl PostgresLedger {
    /// Opens the ledger at `postgres://user@host/database`, or makes it in an
    /// empty database. A server that may lose what it has committed is
    /// refused.
    pub async fn open(url: &str) -> Result<Self, LedgerError> {
        let options = options_of(url)?;
        let generation = Arc::new(AtomicU64::new(0));
        let connecting = PgConnection::connect_with(&options);
        let mut first =
            tokio::time::timeout(CONNECTED_WITHIN, connecting).await.map_err(|_elapsed| too_late("connecting"))??;
        let server = Server::look(&mut first).await?;
        prepare(&mut first, server).await?;
        server.take_generation(&mut first, &generation).await?;
        first.close().await?;
        let pool = |connections| bounded_pool(&options, connections, &generation);
        let (write, read) = (pool(WRITERS), pool(READERS));
        Ok(Self { write, read, generation, month: Arc::new(AtomicI64::new(i64::MIN)), replica: false, by: None })
    }

    /// Opens a standby of the ledger, from which is only read: what would
    /// change something is refused by the server.
    pub async fn open_replica(url: &str) -> Result<Self, LedgerError> {
        let options = options_of(url)?;
        let generation = Arc::new(AtomicU64::new(0));
        let connecting = PgConnection::connect_with(&options);
        let mut first =
            tokio::time::timeout(CONNECTED_WITHIN, connecting).await.map_err(|_elapsed| too_late("connecting"))??;
        let row = sqlx::query("SELECT schema, generation FROM history").fetch_one(&mut first).await?;
        let found: i64 = row.try_get("schema")?;
        if found > SCHEMA {
            return Err(LedgerError::Newer { found, known: SCHEMA });
        }
        if found < SCHEMA {
            let told =
                format!("the copy has schema {found}, this release reads {SCHEMA}: start it at the centre first");
            return Err(LedgerError::Unavailable(configuration(&told)));
        }
        generation.fetch_max(unsigned(row.try_get("generation")?), Ordering::AcqRel);
        first.close().await?;
        let pool = || {
            let bounded = PgPoolOptions::new().max_connections(READERS).acquire_timeout(REPLICA_WITHIN);
            bounded.connect_lazy_with(options.clone())
        };
        let (write, read) = (pool(), pool());
        Ok(Self { write, read, generation, month: Arc::new(AtomicI64::new(i64::MIN)), replica: true, by: None })
    }

    /// Whether it is a standby.
    pub(crate) const fn is_replica(&self) -> bool {
        self.replica
    }

    /// The connections that write.
    pub(crate) const fn writing(&self) -> &PgPool {
        &self.write
    }

    /// Which history this is; grows when a connection finds another cluster
    /// or timeline, or a batch a generation that another process has taken.
    #[must_use]
    pub fn generation(&self) -> Generation {
        Generation(self.generation.load(Ordering::Acquire))
    }

    /// Takes a generation above another, with which all levels are published
    /// again; the one the ledger has then.
    pub async fn raise_generation(&self, above: Generation) -> Result<Generation, LedgerError> {
        let raise = "WITH raised AS (UPDATE history SET generation = $1 WHERE generation < $1 RETURNING 1) \
                     UPDATE positions SET step = step + 1, published = 0 WHERE EXISTS (SELECT FROM raised)";
        sqlx::query(raise).bind(number(above.0.saturating_add(1))).execute(&self.write).await?;
        let row = sqlx::query("SELECT generation FROM history").fetch_one(&self.write).await?;
        Ok(self.learn_generation(unsigned(row.try_get("generation")?)))
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }

    fn learn_generation(&self, found: u64) -> Generation {
        Generation(self.generation.fetch_max(found, Ordering::AcqRel).max(found))
    }
}

fn options_of(url: &str) -> Result<PgConnectOptions, LedgerError> {
    let limits = [
        ("statement_timeout", STATEMENT_MS),
        ("lock_timeout", LOCK_MS),
        ("idle_in_transaction_session_timeout", IDLE_IN_CHANGE_MS),
        ("jit", "off"),
    ];
    Ok(PgConnectOptions::from_str(url)?.application_name("tidemark-central").options(limits))
}

/// A pool that looks at each new connection before it is used.
fn bounded_pool(options: &PgConnectOptions, connections: u32, generation: &Arc<AtomicU64>) -> PgPool {
    let generation = Arc::clone(generation);
    let looked_at = PgPoolOptions::new().after_connect(move |connection, _| {
        let generation = Arc::clone(&generation);
        Box::pin(async move { look_at(connection, &generation).await.map_err(refused_connection) })
    });
    let bounded = looked_at.max_connections(connections).acquire_timeout(CONNECTED_WITHIN);
    bounded.connect_lazy_with(options.clone())
}

async fn look_at(connection: &mut PgConnection, generation: &AtomicU64) -> Result<(), LedgerError> {
    let server = Server::look(connection).await?;
    server.take_generation(connection, generation).await
}

/// What a connection leads to. With a new generation all levels are published
/// again: those that are known outside may be of the history that is no more.
#[derive(Clone, Copy, Debug)]
struct Server {
    /// The cluster's identity, given at its birth.
    system: i64,
    /// Grows with each failover and each restore from an archive.
    timeline: i64,
}

impl Server {
    /// Looks at the server, and refuses one that no ledger can rest on.
    async fn look(connection: &mut PgConnection) -> Result<Self, LedgerError> {
        // The timeline of the last checkpoint lags behind a failover; that of
        // the WAL being written does not.
        let select = "SELECT pg_is_in_recovery() AS standby, current_setting('fsync') AS fsync, \
                      current_setting('synchronous_commit') AS synchronous_commit, \
                      current_setting('server_encoding') AS server_encoding, \
                      (SELECT system_identifier FROM pg_control_system()) AS system, \
                      CASE WHEN pg_is_in_recovery() THEN 0 ELSE greatest((SELECT timeline_id FROM pg_control_checkpoint()), \
                      ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int8) END AS timeline";
        let row = sqlx::query(select).fetch_one(connection).await?;
        let setting = |name: &'static str, good: fn(&str) -> bool, wanted: &'static str| {
            let found: String = row.try_get(name)?;
            if good(&found) { Ok(()) } else { Err(LedgerError::Setting { name, found, wanted }) }
        };
        setting("fsync", |found| found == "on", "on")?;
        setting("synchronous_commit", |found| found != "off", "on")?;
        // Another encoding refuses texts, as if the data were at fault.
        setting("server_encoding", |found| found == "UTF8", "UTF8")?;
        if row.try_get("standby")? {
            return Err(LedgerError::Unavailable(configuration(
                "the server is a standby; the ledger needs the primary",
            )));
        }
        Ok(Self { system: row.try_get("system")?, timeline: row.try_get("timeline")? })
    }

    /// Learns the ledger's generation; on another cluster or timeline than
    /// the last one, a new one.
    async fn take_generation(self, connection: &mut PgConnection, known: &AtomicU64) -> Result<(), LedgerError> {
        let raise = "WITH raised AS (UPDATE history SET generation = generation + 1, system = $1, timeline = $2 \
                     WHERE (system, timeline) <> ($1, $2) RETURNING 1) \
                     UPDATE positions SET step = step + 1, published = 0 WHERE EXISTS (SELECT FROM raised)";
        sqlx::query(raise).bind(self.system).bind(self.timeline).execute(&mut *connection).await?;
        let row = sqlx::query("SELECT generation FROM history").fetch_one(connection).await?;
        known.fetch_max(unsigned(row.try_get("generation")?), Ordering::AcqRel);
        Ok(())
    }
}

/// Brings the schema up to date; one process at a time.
async fn prepare(connection: &mut PgConnection, server: Server) -> Result<(), LedgerError> {
    let mut change = connection.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(SCHEMA_LOCK).execute(&mut *change).await?;
    let there = sqlx::query("SELECT to_regclass('history') IS NOT NULL AS there").fetch_one(&mut *change).await?;
    let found: i64 = if there.try_get("there")? {
        sqlx::query("SELECT schema FROM history").fetch_one(&mut *change).await?.try_get("schema")?
    } else {
        0
    };
    if found > SCHEMA {
        return Err(LedgerError::Newer { found, known: SCHEMA });
    }
    if found == SCHEMA {
        return Ok(());
    }
    for step in STEPS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        sqlx::raw_sql(*step).execute(&mut *change).await?;
    }
    let note = "INSERT INTO history (one, schema, generation, system, timeline) VALUES (true, $1, 1, $2, $3) \
                ON CONFLICT (one) DO UPDATE SET schema = excluded.schema";
    sqlx::query(note).bind(SCHEMA).bind(server.system).bind(server.timeline).execute(&mut *change).await?;
    Ok(change.commit().await?)
}

/// The driver takes no other error from a look at a new connection.
fn refused_connection(error: LedgerError) -> sqlx::Error {
    match error {
        LedgerError::Unavailable(error) | LedgerError::Data(error) => error,
        told @ (LedgerError::Setting { .. }
        | LedgerError::Newer { .. }
        | LedgerError::Kept(_)
        | LedgerError::Exists(_)
        | LedgerError::Twice(_)
        | LedgerError::UnknownStore(_)) => configuration(&told.to_string()),
    }
}

fn configuration(told: &str) -> sqlx::Error {
    sqlx::Error::Configuration(told.into())
}

fn too_late(what: &str) -> LedgerError {
    let told = format!("{what} took too long");
    LedgerError::Unavailable(sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, told)))
}

/// A text as PostgreSQL takes it: U+0000, which it refuses, becomes the sign
/// for it. The movement's bytes keep what was given.
fn plain(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{2400}")) } else { Cow::Borrowed(text) }
}

fn ordinal_of(row: &PgRow) -> Result<EpochOrdinal, LedgerError> {
    u32::try_from(row.try_get::<i64, _>("ordinal")?).map(EpochOrdinal).map_err(kept)
}

#[cfg(test)]
pub(crate) mod tests;
