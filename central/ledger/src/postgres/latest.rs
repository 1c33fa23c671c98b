//! What a store did last.

use sqlx::Row as _;
use tidemark_model::{EpochOrdinal, Seq, StoreId};

use super::{PostgresLedger, plain};
use crate::columns::latest::{bounds, latest_of, page_of};
use crate::error::LedgerError;
use crate::rows::LatestPage;

impl PostgresLedger {
    /// A store's movements, newest first, below a place.
    pub async fn latest(
        &self,
        store: &StoreId,
        below: Option<(EpochOrdinal, Seq)>,
        most: u32,
    ) -> Result<LatestPage, LedgerError> {
        let (ordinal, seq) = bounds(below);
        // Each month by its key; what was applied late stands in a later one.
        let select = "SELECT e.epoch, m.ordinal, m.seq, m.bytes, m.late FROM stores s CROSS JOIN months o \
                      CROSS JOIN LATERAL (SELECT ordinal, seq, bytes, late FROM movements \
                      WHERE month = o.month AND store = s.key AND (ordinal, seq) < ($2, $3) \
                      ORDER BY ordinal DESC, seq DESC LIMIT $4) m \
                      JOIN epochs e ON e.store = s.key AND e.ordinal = m.ordinal \
                      WHERE s.store = $1 ORDER BY m.ordinal DESC, m.seq DESC LIMIT $4";
        let rows = sqlx::query(select).bind(store.as_str()).bind(ordinal).bind(seq).bind(i64::from(most));
        let rows = rows.fetch_all(&self.read).await?;
        let found =
            rows.iter().map(|row| latest_of(row, row.try_get("bytes")?)).collect::<Result<Vec<_>, LedgerError>>();
        Ok(page_of(found?, most))
    }

    /// A store's business days, latest first, before one.
    pub async fn days(&self, store: &StoreId, before: Option<&str>, most: u32) -> Result<Vec<String>, LedgerError> {
        let select = "SELECT DISTINCT business_day FROM till_days WHERE store = (SELECT key FROM stores WHERE store = $1) \
                      AND ($2::text IS NULL OR business_day < $2) ORDER BY business_day DESC LIMIT $3";
        let days = sqlx::query_scalar(select).bind(store.as_str()).bind(before.map(plain)).bind(i64::from(most));
        Ok(days.fetch_all(&self.read).await?)
    }
}
