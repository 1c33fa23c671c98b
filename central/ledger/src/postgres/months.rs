//! Partitions of the movements, one a month of applying, made before the
//! first row of the month needs them.

use std::sync::atomic::Ordering;

use super::{PostgresLedger, SCHEMA_LOCK};
use crate::error::LedgerError;

/// What the server says when a row's month has no partition.
const CHECK_VIOLATION: &str = "23514";

impl PostgresLedger {
    /// Makes the partitions of a month and the next one, if they are not
    /// there.
    pub(super) async fn make_months(&self, month: i64) -> Result<(), LedgerError> {
        if self.month.load(Ordering::Acquire) == month {
            return Ok(());
        }
        for month in [month, month.saturating_add(1)] {
            self.make_month(month).await?;
        }
        self.month.store(month, Ordering::Release);
        Ok(())
    }

    /// In a transaction of its own, and by attaching a table: appliers of
    /// other months go on meanwhile.
    async fn make_month(&self, month: i64) -> Result<(), LedgerError> {
        let table = partition(month);
        let mut change = self.write.begin().await?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(SCHEMA_LOCK).execute(&mut *change).await?;
        let there = sqlx::query("SELECT 1 WHERE to_regclass($1) IS NOT NULL").bind(&table);
        if there.fetch_optional(&mut *change).await?.is_none() {
            let make = format!(
                "CREATE TABLE {table} (LIKE movements INCLUDING ALL); \
                 ALTER TABLE movements ATTACH PARTITION {table} FOR VALUES IN ({month});"
            );
            sqlx::raw_sql(sqlx::AssertSqlSafe(make)).execute(&mut *change).await?;
        }
        let note = "INSERT INTO months (month) VALUES ($1) ON CONFLICT DO NOTHING";
        sqlx::query(note).bind(month).execute(&mut *change).await?;
        Ok(change.commit().await?)
    }

    /// A missing partition is nothing the data is at fault for: it is looked
    /// for again with the next try.
    pub(super) fn unless_month_is_missing(&self, error: LedgerError) -> LedgerError {
        let LedgerError::Data(error) = error else { return error };
        let of = error.as_database_error();
        if of.is_some_and(|of| of.code().as_deref() == Some(CHECK_VIOLATION) && of.constraint().is_none()) {
            self.month.store(i64::MIN, Ordering::Release);
            return LedgerError::Unavailable(error);
        }
        LedgerError::Data(error)
    }
}

/// The name of a month's table.
fn partition(month: i64) -> String {
    format!("movements_{:04}_{:02}", month.div_euclid(12), month.rem_euclid(12) + 1)
}
