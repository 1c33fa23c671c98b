//! The audit: written with the change it tells of, read by filter.

use std::sync::Arc;

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};

use super::SqliteLedger;
use crate::audit::{AuditEntry, AuditFilter, AuditRow};
use crate::error::LedgerError;

/// Notes a change in its transaction, if somebody said who makes it.
pub(super) async fn note(change: &mut SqliteConnection, by: Option<&AuditEntry>) -> Result<(), LedgerError> {
    let Some(entry) = by.map(AuditEntry::bounded) else { return Ok(()) };
    let insert = "INSERT INTO audit (at, who, role, action, store, subject, reason, detail) \
                  VALUES (CAST(unixepoch('subsec') * 1000 AS INTEGER), ?, ?, ?, ?, ?, ?, ?)";
    let insert = sqlx::query(insert).bind(entry.who).bind(entry.role).bind(entry.action).bind(entry.store);
    insert.bind(entry.subject).bind(entry.reason).bind(entry.detail).execute(change).await?;
    Ok(())
}

impl SqliteLedger {
    /// The same ledger, which notes with each change who makes it.
    #[must_use]
    pub fn by(&self, entry: &AuditEntry) -> Self {
        Self { by: Some(Arc::new(entry.clone())), ..self.clone() }
    }

    /// Notes something that changes nothing else.
    pub async fn note(&self, entry: &AuditEntry) -> Result<(), LedgerError> {
        let mut change = self.change().await?;
        note(&mut change, Some(entry)).await?;
        Ok(change.commit().await?)
    }

    /// What was noted, newest first.
    pub async fn audit(&self, filter: &AuditFilter, most: u32) -> Result<Vec<AuditRow>, LedgerError> {
        let mut query = QueryBuilder::<Sqlite>::new(
            "SELECT number, at, who, role, action, store, subject, reason, detail FROM audit WHERE number < ",
        );
        query.push_bind(filter.below.unwrap_or(i64::MAX));
        for (column, wanted) in [("who", &filter.who), ("store", &filter.store), ("subject", &filter.subject)] {
            if let Some(wanted) = wanted {
                query.push(format!(" AND {column} = ")).push_bind(wanted);
            }
        }
        if let Some(action) = &filter.action {
            query.push(" AND (action = ").push_bind(action).push(" OR substr(action, 1, length(");
            query.push_bind(action).push(") + 1) = ").push_bind(action).push(" || '.')");
        }
        if let Some(from) = filter.from {
            query.push(" AND at >= ").push_bind(from);
        }
        if let Some(until) = filter.until {
            query.push(" AND at < ").push_bind(until);
        }
        query.push(" ORDER BY number DESC LIMIT ").push_bind(most);
        query.build().fetch_all(&self.read).await?.iter().map(row_of).collect()
    }
}

fn row_of(row: &SqliteRow) -> Result<AuditRow, LedgerError> {
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
