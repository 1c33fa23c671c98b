//! The audit: written with the change it tells of, read by filter.

use std::sync::Arc;

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Postgres, QueryBuilder, Row as _};

use super::{PostgresLedger, plain};
use crate::audit::{AuditEntry, AuditFilter, AuditRow};
use crate::error::LedgerError;

/// Notes a change in its transaction, if somebody said who makes it.
pub(super) async fn note(change: &mut PgConnection, by: Option<&AuditEntry>) -> Result<(), LedgerError> {
    let Some(entry) = by.map(AuditEntry::bounded) else { return Ok(()) };
    let insert = "INSERT INTO audit (at, who, role, action, store, subject, reason, detail) \
                  VALUES ((extract(epoch FROM clock_timestamp()) * 1000)::int8, $1, $2, $3, $4, $5, $6, $7)";
    let AuditEntry { who, role, action, store, subject, reason, detail } = &entry;
    let mut insert = sqlx::query(insert);
    for text in [who, role, action, store, subject, reason, detail] {
        insert = insert.bind(plain(text));
    }
    insert.execute(change).await?;
    Ok(())
}

impl PostgresLedger {
    /// The same ledger, which notes with each change who makes it.
    #[must_use]
    pub fn by(&self, entry: &AuditEntry) -> Self {
        Self { by: Some(Arc::new(entry.clone())), ..self.clone() }
    }

    /// Notes something that changes nothing else.
    pub async fn note(&self, entry: &AuditEntry) -> Result<(), LedgerError> {
        let mut change = self.write.begin().await?;
        note(&mut change, Some(entry)).await?;
        Ok(change.commit().await?)
    }

    /// What was noted, newest first.
    pub async fn audit(&self, filter: &AuditFilter, most: u32) -> Result<Vec<AuditRow>, LedgerError> {
        let mut query = QueryBuilder::<Postgres>::new(
            "SELECT number, at, who, role, action, store, subject, reason, detail FROM audit WHERE number < ",
        );
        query.push_bind(filter.below.unwrap_or(i64::MAX));
        for (column, wanted) in [("who", &filter.who), ("store", &filter.store), ("subject", &filter.subject)] {
            if let Some(wanted) = wanted {
                query.push(format!(" AND {column} = ")).push_bind(plain(wanted));
            }
        }
        if let Some(action) = &filter.action {
            query.push(" AND (action = ").push_bind(plain(action)).push(" OR substr(action, 1, length(");
            query.push_bind(plain(action)).push(") + 1) = ").push_bind(plain(action)).push(" || '.')");
        }
        if let Some(from) = filter.from {
            query.push(" AND at >= ").push_bind(from);
        }
        if let Some(until) = filter.until {
            query.push(" AND at < ").push_bind(until);
        }
        query.push(" ORDER BY number DESC LIMIT ").push_bind(i64::from(most));
        query.build().fetch_all(&self.read).await?.iter().map(row_of).collect()
    }
}

fn row_of(row: &PgRow) -> Result<AuditRow, LedgerError> {
    let entry = AuditEntry {
        who: row.try_get("who")?,
        role: row.try_get("role")?,
        action: row.try_get("action")?,
        store: row.try_get("store")?,
        subject: row.try_get("subject")?,
        reason: row.try_get("reason")?,
        detail: row.try_get("detail")?,
    };
    Ok(AuditRow { number: row.try_get("number")?, at: row.try_get("at")?, entry })
}
