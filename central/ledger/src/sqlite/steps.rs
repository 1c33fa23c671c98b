//! Which levels changed, step by step.

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};
use tidemark_model::{Generation, StoreId};

use super::reads::{LEVEL, level_of};
use super::{SqliteLedger, kept, number, unsigned};
use crate::error::LedgerError;
use crate::rows::LevelRow;
use crate::steps::{Followed, KEPT, STEPS, StepRow, TOGETHER};

/// Keeps what a step of a partition changed.
pub(super) async fn write(
    change: &mut SqliteConnection,
    (_, part, step): (i64, i64, i64),
    levels: Option<String>,
) -> Result<(), LedgerError> {
    if let Some(levels) = levels {
        let insert = "INSERT INTO level_steps (part, step, levels) VALUES (?, ?, ?)";
        sqlx::query(insert).bind(part).bind(step).bind(levels).execute(&mut *change).await?;
    }
    if step % number(TOGETHER) == 0 {
        let prune = "DELETE FROM level_steps WHERE part = ? AND step <= ?";
        sqlx::query(prune).bind(part).bind(step.saturating_sub(number(KEPT))).execute(&mut *change).await?;
    }
    Ok(())
}

/// Keeps that somebody else than the applier changed a level, or all of a
/// store, in a step of a partition.
pub(super) async fn note(
    change: &mut SqliteConnection,
    (part, step): (i64, i64),
    (store, sku): (i64, Option<&str>),
) -> Result<(), LedgerError> {
    let insert = if sku.is_some() {
        "INSERT INTO level_steps (part, step, levels) SELECT ?1, ?2, json_object(store, json_array(?4)) \
         FROM stores WHERE key = ?3"
    } else {
        "INSERT INTO level_steps (part, step, levels) SELECT ?1, ?2, json_object(store, ?4) FROM stores WHERE key = ?3"
    };
    sqlx::query(insert).bind(part).bind(step).bind(store).bind(sku).execute(change).await?;
    Ok(())
}

impl SqliteLedger {
    /// How far the changes have come.
    pub async fn followed_now(&self) -> Result<Followed, LedgerError> {
        let select = "SELECT h.generation, p.part, p.step FROM history h LEFT JOIN positions p ON true";
        let rows = sqlx::query(select).fetch_all(&self.read).await?;
        let mut now = Followed { generation: Generation(0), steps: [].into() };
        for row in &rows {
            now.generation = Generation(unsigned(row.try_get("generation")?));
            if let Some(part) = row.try_get::<Option<u32>, _>("part")? {
                now.steps.insert(part, unsigned(row.try_get("step")?));
            }
        }
        Ok(now)
    }

    /// The next steps of partitions, each after one, in order.
    pub(crate) async fn step_rows(&self, after: &[(u32, u64)]) -> Result<Vec<StepRow>, LedgerError> {
        let mut found = Vec::new();
        for (part, after) in after {
            let select = "SELECT part, step, levels FROM level_steps WHERE part = ?1 AND step > ?2 AND step <= \
                          (SELECT max(step) FROM (SELECT DISTINCT step FROM level_steps WHERE part = ?1 AND step > ?2 \
                          ORDER BY step LIMIT ?3)) ORDER BY step, number";
            let select = sqlx::query(select).bind(part).bind(number(*after)).bind(STEPS);
            for row in &select.fetch_all(&self.read).await? {
                found.push(step_of(row)?);
            }
        }
        Ok(found)
    }

    /// Puts the applier of a partition at a step, as if it had come there.
    #[cfg(test)]
    pub(crate) async fn stand_at_step(&self, partition: u32, step: u64) {
        let update = sqlx::query("UPDATE positions SET step = ? WHERE part = ?").bind(number(step));
        update.bind(i64::from(partition)).execute(&self.write).await.unwrap();
    }

    /// Levels in their order, after one of a store and a SKU, which need not
    /// be there.
    pub async fn levels_page(&self, after: Option<(&StoreId, &str)>, most: u32) -> Result<Vec<LevelRow>, LedgerError> {
        let (store, sku) = after.map_or(("", ""), |(store, sku)| (store.as_str(), sku));
        let mut query = QueryBuilder::<Sqlite>::new(LEVEL);
        query.push("WHERE (b.store, b.sku) > (coalesce((SELECT key FROM stores WHERE store = ").push_bind(store);
        query.push("), 0), ").push_bind(sku).push(") ORDER BY b.store, b.sku LIMIT ").push_bind(most);
        query.build().fetch_all(&self.read).await?.iter().map(level_of).collect()
    }
}

fn step_of(row: &SqliteRow) -> Result<StepRow, LedgerError> {
    let partition = row.try_get("part").map_err(kept)?;
    Ok(StepRow { partition, step: unsigned(row.try_get("step")?), levels: row.try_get("levels")? })
}
