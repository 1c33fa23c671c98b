//! What a store did last.

use sqlx::Row as _;
use tidemark_model::{EpochOrdinal, Seq, StoreId};

use super::{SqliteLedger, number};
use crate::columns::latest::{bounds, latest_of, page_of};
use crate::error::LedgerError;
use crate::rows::LatestPage;

impl SqliteLedger {
    /// A store's movements, newest first, below a place.
    pub async fn latest(
        &self,
        store: &StoreId,
        below: Option<(EpochOrdinal, Seq)>,
        most: u32,
    ) -> Result<LatestPage, LedgerError> {
        let (ordinal, seq) = bounds(below);
        let select = "SELECT e.epoch, m.ordinal, m.seq, m.bytes, m.late FROM movements m \
                      JOIN epochs e ON e.store = m.store AND e.ordinal = m.ordinal \
                      WHERE m.month = ?1 AND m.store = (SELECT key FROM stores WHERE store = ?2) \
                      AND (m.ordinal, m.seq) < (?3, ?4) ORDER BY m.ordinal DESC, m.seq DESC LIMIT ?5";
        let mut found = Vec::new();
        // Each month by its key; what was applied late stands in a later one.
        for month in &sqlx::query("SELECT month FROM months").fetch_all(&self.read).await? {
            let month: i64 = month.try_get("month")?;
            let rows = sqlx::query(select).bind(month).bind(store.as_str()).bind(ordinal).bind(seq);
            for row in &rows.bind(i64::from(most)).fetch_all(&self.read).await? {
                found.push(latest_of(row, row.try_get("bytes")?)?);
            }
        }
        Ok(page_of(found, most))
    }

    /// A store's business days, latest first, before one.
    pub async fn days(&self, store: &StoreId, before: Option<&str>, most: u32) -> Result<Vec<String>, LedgerError> {
        let select = "SELECT DISTINCT business_day FROM till_days WHERE store = (SELECT key FROM stores WHERE store = ?1) \
                      AND (?2 IS NULL OR business_day < ?2) ORDER BY business_day DESC LIMIT ?3";
        let days = sqlx::query_scalar(select).bind(store.as_str()).bind(before).bind(number(u64::from(most)));
        Ok(days.fetch_all(&self.read).await?)
    }
}
