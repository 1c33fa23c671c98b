//! Questions of the read API.

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Row as _};
use tidemark_model::{Sku, StoreId};

use super::PostgresLedger;
use crate::apply::Taken;
use crate::columns;
use crate::error::LedgerError;
use crate::rows::LevelRow;
use crate::sqlite::{kept, number, unsigned};

pub(super) fn level_of(row: &PgRow) -> Result<LevelRow, LedgerError> {
    let taken: Option<i64> = row.try_get("taken")?;
    let taken = Taken::of(taken.map(unsigned), row.try_get("settled")?);
    let since = row.try_get::<Option<bool>, _>("since")?.unwrap_or(false);
    columns::level_of(row, StoreId::new(row.try_get("name")?).map_err(kept)?, (taken, since))
}

pub(super) const LEVEL: &str = "SELECT s.store AS name, b.sku, b.effect_sum, b.on_hand, b.counted, b.counter, b.changed_at, b.reserved, \
                     coalesce((SELECT y.quantity FROM safety_stock y WHERE y.store IN (b.store, 0) AND y.sku IN (b.sku, '') \
                      AND y.region IN (s.region, '') ORDER BY y.sku = '', y.store = 0, y.region = '' LIMIT 1), 0)::int8 AS safety, \
                     (SELECT generation FROM history) AS generation, b.seq, b.old_on_hand, b.old_counted, e.taken, e.settled, \
                     b.ordinal < (SELECT max(ordinal) FROM epochs WHERE store = b.store AND settled) AS since \
                     FROM balances b JOIN stores s ON s.key = b.store \
                     JOIN epochs e ON e.store = b.store AND e.ordinal = b.ordinal ";

/// A level as it is inside a change.
pub(super) async fn level_in(
    change: &mut PgConnection,
    store: &StoreId,
    sku: &Sku,
) -> Result<Option<LevelRow>, LedgerError> {
    let select = format!("{LEVEL} WHERE s.store = $1 AND b.sku = $2");
    let row = sqlx::query(AssertSqlSafe(select)).bind(store.as_str()).bind(sku.as_str()).fetch_optional(change).await?;
    row.as_ref().map(level_of).transpose()
}

impl PostgresLedger {
    /// Whether there is such a store.
    pub async fn has_store(&self, store: &StoreId) -> Result<bool, LedgerError> {
        let found = sqlx::query("SELECT 1 FROM stores WHERE store = $1").bind(store.as_str());
        Ok(found.fetch_optional(&self.read).await?.is_some())
    }

    /// Levels of pairs, in any order; pairs nothing is known of are left out.
    pub async fn levels(&self, pairs: &[(StoreId, Sku)]) -> Result<Vec<LevelRow>, LedgerError> {
        let select = format!(
            "{LEVEL} JOIN (SELECT DISTINCT * FROM UNNEST($1::text[], $2::text[]) AS w (store, sku)) w \
             ON s.store = w.store AND b.sku = w.sku"
        );
        let rows = sqlx::query(AssertSqlSafe(select))
            .bind(pairs.iter().map(|(store, _)| store.as_str()).collect::<Vec<_>>())
            .bind(pairs.iter().map(|(_, sku)| sku.as_str()).collect::<Vec<_>>())
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(level_of).collect()
    }

    /// Levels of a partition that changed after a step.
    pub async fn levels_changed(&self, partition: u32, after_step: u64) -> Result<Vec<LevelRow>, LedgerError> {
        let select = format!("{LEVEL} WHERE b.part = $1 AND b.step > $2");
        let rows = sqlx::query(AssertSqlSafe(select)).bind(i64::from(partition)).bind(number(after_step));
        rows.fetch_all(&self.read).await?.iter().map(level_of).collect()
    }

    /// An item's levels in all stores.
    pub async fn levels_of_item(&self, sku: &Sku) -> Result<Vec<LevelRow>, LedgerError> {
        let select = format!("{LEVEL} WHERE b.sku = $1 ORDER BY s.store");
        let rows = sqlx::query(AssertSqlSafe(select)).bind(sku.as_str()).fetch_all(&self.read).await?;
        rows.iter().map(level_of).collect()
    }
}
