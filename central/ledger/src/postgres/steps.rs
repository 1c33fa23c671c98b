//! Which levels changed, step by step.

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Row as _};
use tidemark_model::{Generation, StoreId};

use super::PostgresLedger;
use super::reads::{LEVEL, level_of};
use crate::error::LedgerError;
use crate::rows::LevelRow;
use crate::sqlite::{kept, number, unsigned};
use crate::steps::{Followed, KEPT, STEPS, StepRow, TOGETHER};

/// Keeps what a step of a partition changed.
pub(super) async fn write(
    change: &mut PgConnection,
    (_, part, step): (i64, i64, i64),
    levels: Option<String>,
) -> Result<(), LedgerError> {
    if let Some(levels) = levels {
        let insert = "INSERT INTO level_steps (part, step, levels) VALUES ($1, $2, $3)";
        sqlx::query(insert).bind(part).bind(step).bind(levels).execute(&mut *change).await?;
    }
    if step % number(TOGETHER) == 0 {
        let prune = "DELETE FROM level_steps WHERE part = $1 AND step <= $2";
        sqlx::query(prune).bind(part).bind(step.saturating_sub(number(KEPT))).execute(&mut *change).await?;
    }
    Ok(())
}

/// Keeps that somebody else than the applier changed levels, or all of a store
/// by an empty SKU, in a step of a partition.
pub(super) async fn note(
    change: &mut PgConnection,
    (part, step): (i64, i64),
    (stores, skus): (Vec<i64>, Vec<&str>),
) -> Result<(), LedgerError> {
    let insert = "INSERT INTO level_steps (part, step, levels) SELECT $1, $2, \
                  json_build_object(s.store, CASE WHEN bool_or(n.sku = '') THEN NULL ELSE json_agg(n.sku) END)::text \
                  FROM UNNEST($3::int8[], $4::text[]) AS n (store, sku) JOIN stores s ON s.key = n.store GROUP BY s.store";
    sqlx::query(insert).bind(part).bind(step).bind(stores).bind(skus).execute(change).await?;
    Ok(())
}

impl PostgresLedger {
    /// How far the changes have come.
    pub async fn followed_now(&self) -> Result<Followed, LedgerError> {
        let select = "SELECT h.generation, p.part, p.step FROM history h LEFT JOIN positions p ON true";
        let rows = sqlx::query(select).fetch_all(&self.read).await?;
        let mut now = Followed { generation: Generation(0), steps: [].into() };
        for row in &rows {
            now.generation = Generation(unsigned(row.try_get("generation")?));
            if let Some(part) = row.try_get::<Option<i64>, _>("part")? {
                now.steps.insert(u32::try_from(part).map_err(kept)?, unsigned(row.try_get("step")?));
            }
        }
        Ok(now)
    }

    /// The next steps of partitions, each after one, in order.
    pub(crate) async fn step_rows(&self, after: &[(u32, u64)]) -> Result<Vec<StepRow>, LedgerError> {
        let select = "SELECT l.part, l.step, l.levels FROM UNNEST($1::int8[], $2::int8[]) AS a (part, step) \
                      CROSS JOIN LATERAL (SELECT max(step) AS last FROM (SELECT DISTINCT step FROM level_steps \
                      WHERE part = a.part AND step > a.step ORDER BY step LIMIT $3) d) u \
                      JOIN level_steps l ON l.part = a.part AND l.step > a.step AND l.step <= u.last \
                      ORDER BY l.part, l.step, l.number";
        let rows = sqlx::query(select)
            .bind(after.iter().map(|(part, _)| i64::from(*part)).collect::<Vec<_>>())
            .bind(after.iter().map(|(_, step)| number(*step)).collect::<Vec<_>>())
            .bind(i64::from(STEPS))
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(step_of).collect()
    }

    /// Puts the applier of a partition at a step, as if it had come there.
    #[cfg(test)]
    pub(crate) async fn stand_at_step(&self, partition: u32, step: u64) {
        let update = sqlx::query("UPDATE positions SET step = $1 WHERE part = $2").bind(number(step));
        update.bind(i64::from(partition)).execute(&self.write).await.unwrap();
    }

    /// Levels in their order, after one of a store and a SKU, which need not
    /// be there.
    pub async fn levels_page(&self, after: Option<(&StoreId, &str)>, most: u32) -> Result<Vec<LevelRow>, LedgerError> {
        let select = format!(
            "{LEVEL} WHERE (b.store, b.sku) > (coalesce((SELECT key FROM stores WHERE store = $1), 0), $2) \
             ORDER BY b.store, b.sku LIMIT $3"
        );
        let (store, sku) = after.map_or(("", ""), |(store, sku)| (store.as_str(), sku));
        let rows = sqlx::query(AssertSqlSafe(select)).bind(store).bind(sku).bind(i64::from(most));
        let rows = rows.fetch_all(&self.read).await?;
        rows.iter().map(level_of).collect()
    }
}

fn step_of(row: &PgRow) -> Result<StepRow, LedgerError> {
    let partition = u32::try_from(row.try_get::<i64, _>("part")?).map_err(kept)?;
    Ok(StepRow { partition, step: unsigned(row.try_get("step")?), levels: row.try_get("levels")? })
}
