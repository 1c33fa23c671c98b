//! What is noted of changes, on either database.

use super::Ledger;
use crate::audit::{AuditEntry, AuditFilter, AuditRow};
use crate::error::LedgerError;

impl Ledger {
    /// The same ledger, which notes with each of its changes that this is who
    /// makes it, in the change's own transaction.
    #[must_use]
    pub fn by(&self, entry: &AuditEntry) -> Self {
        match self {
            Self::Sqlite(ledger) => Self::Sqlite(ledger.by(entry)),
            Self::Postgres(ledger) => Self::Postgres(ledger.by(entry)),
        }
    }

    /// Notes something that changes nothing else, such as a sign-in.
    pub async fn note(&self, entry: &AuditEntry) -> Result<(), LedgerError> {
        on!(self, ledger => ledger.note(entry).await)
    }

    /// What was noted, newest first.
    pub async fn audit(&self, filter: &AuditFilter, most: u32) -> Result<Vec<AuditRow>, LedgerError> {
        on!(self, ledger => ledger.audit(filter, most).await)
    }
}
