//! The pulse of the centre: a row that says when it lived last. A copy of the
//! ledger that is cut off goes on with an old one.

use sqlx::Row as _;

use crate::error::LedgerError;
use crate::ledger::{Ledger, on};
use crate::postgres::PostgresLedger;
use crate::sqlite::{SqliteLedger, unsigned};

impl Ledger {
    /// Opens a standby of a ledger on PostgreSQL, from which is only read.
    pub async fn postgres_replica(url: &str) -> Result<Self, LedgerError> {
        Ok(Self::Postgres(PostgresLedger::open_replica(url).await?))
    }

    /// Says that the centre lives.
    pub async fn beat(&self) -> Result<(), LedgerError> {
        on!(self, ledger => ledger.beat().await)
    }

    /// When the centre said last that it lives, in milliseconds since 1970 by
    /// its database's clock, and how long ago that is; none if it never did.
    pub async fn pulse(&self) -> Result<Option<(i64, u64)>, LedgerError> {
        on!(self, ledger => ledger.pulse().await)
    }

    /// Whether this is a copy, from which is only read.
    #[must_use]
    pub const fn is_replica(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(ledger) => ledger.is_replica(),
        }
    }
}

impl SqliteLedger {
    async fn beat(&self) -> Result<(), LedgerError> {
        let beat = "INSERT INTO pulse (one, at) VALUES (1, unixepoch('subsec') * 1000) \
                    ON CONFLICT (one) DO UPDATE SET at = excluded.at";
        sqlx::query(beat).execute(self.writing()).await?;
        Ok(())
    }

    async fn pulse(&self) -> Result<Option<(i64, u64)>, LedgerError> {
        let select = "SELECT at, max(cast(unixepoch('subsec') * 1000 AS INTEGER) - at, 0) AS age FROM pulse";
        let row = sqlx::query(select).fetch_optional(self.writing()).await?;
        row.map(|row| Ok((row.try_get("at")?, unsigned(row.try_get("age")?)))).transpose()
    }
}

impl PostgresLedger {
    async fn beat(&self) -> Result<(), LedgerError> {
        let beat = "INSERT INTO pulse (one, at) VALUES (true, (extract(epoch FROM clock_timestamp()) * 1000)::int8) \
                    ON CONFLICT (one) DO UPDATE SET at = excluded.at";
        sqlx::query(beat).execute(self.writing()).await?;
        Ok(())
    }

    async fn pulse(&self) -> Result<Option<(i64, u64)>, LedgerError> {
        let select =
            "SELECT at, greatest((extract(epoch FROM clock_timestamp()) * 1000)::int8 - at, 0) AS age FROM pulse";
        let row = sqlx::query(select).fetch_optional(self.writing()).await?;
        row.map(|row| Ok((row.try_get("at")?, unsigned(row.try_get("age")?)))).transpose()
    }
}
