//! Safety stock: rules, and telling what they change.

use std::collections::BTreeSet;

use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row as _, SqliteConnection};
use tidemark_model::{Quantity, Sku, StoreId};

use super::applying::StoreKeys;
use super::reservations::take_step;
use super::transit::NOW;
use super::{SqliteLedger, audit, kept, steps};
use crate::columns::stock::rule_of;
use crate::error::LedgerError;
use crate::reservations::SafetyRule;
use crate::rows::LevelRow;

impl SqliteLedger {
    /// Sets rules, or takes those away that have no quantity; all or none.
    pub async fn set_safety(&self, rules: &[(SafetyRule, bool)]) -> Result<(), LedgerError> {
        let mut change = self.change().await?;
        for (rule, keep) in rules {
            let store = store_key(&mut change, rule).await?;
            let region = rule.region.as_deref().unwrap_or_default();
            let sku = rule.sku.as_ref().map_or("", Sku::as_str);
            let statement = if *keep {
                "INSERT INTO safety_stock (store, region, sku, quantity) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT (sku, store, region) DO UPDATE SET quantity = excluded.quantity"
            } else {
                "DELETE FROM safety_stock WHERE store = ?1 AND region = ?2 AND sku = ?3 AND ?4 IS NOT NULL"
            };
            let set = sqlx::query(statement).bind(store).bind(region).bind(sku).bind(rule.quantity.as_thousandths());
            set.execute(&mut *change).await?;
            let note = "INSERT INTO safety_changes (store, region, sku) VALUES (?1, ?2, ?3)";
            sqlx::query(note).bind(store).bind(region).bind(sku).execute(&mut *change).await?;
        }
        audit::note(&mut change, self.by.as_deref()).await?;
        Ok(change.commit().await?)
    }

    /// All rules behind one, in order of item, store, region.
    pub async fn safety_rules(&self, after: Option<&SafetyRule>, most: u32) -> Result<Vec<SafetyRule>, LedgerError> {
        let select = "SELECT y.sku, coalesce(s.store, '') AS name, y.region, y.quantity FROM safety_stock y \
                      LEFT JOIN stores s ON s.key = y.store \
                      WHERE ?1 IS NULL OR (y.sku, coalesce(s.store, ''), y.region) > (?1, ?2, ?3) \
                      ORDER BY y.sku, coalesce(s.store, ''), y.region LIMIT ?4";
        let text = |of: fn(&SafetyRule) -> Option<String>| after.map(|rule| of(rule).unwrap_or_default());
        let rows = sqlx::query(select)
            .bind(text(|rule| rule.sku.as_ref().map(Sku::to_string)))
            .bind(text(|rule| rule.store.as_ref().map(StoreId::to_string)))
            .bind(text(|rule| rule.region.clone()))
            .bind(i64::from(most))
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(rule_of).collect()
    }

    /// Tells the levels of one more store that a changed rule is about;
    /// whether there may be more to tell.
    pub async fn tell_safety(&self) -> Result<bool, LedgerError> {
        let mut change = self.change().await?;
        let select = "SELECT number, store, region, sku, told FROM safety_changes ORDER BY number LIMIT 1";
        let Some(rule) = sqlx::query(select).fetch_optional(&mut *change).await? else { return Ok(false) };
        let (noted, sku): (i64, String) = (rule.try_get("number")?, rule.try_get("sku")?);
        let next = "SELECT key FROM stores WHERE key > ?1 AND (?2 = 0 OR key = ?2) AND (?3 = '' OR region = ?3) \
                    ORDER BY key LIMIT 1";
        let next = sqlx::query(next).bind(rule.try_get::<i64, _>("told")?).bind(rule.try_get::<i64, _>("store")?);
        let next = next.bind(rule.try_get::<String, _>("region")?).fetch_optional(&mut *change).await?;
        match next {
            Some(store) => {
                let store = store.try_get("key")?;
                touch(&mut change, store, &sku).await?;
                let told = "UPDATE safety_changes SET told = ?2 WHERE number = ?1";
                sqlx::query(told).bind(noted).bind(store).execute(&mut *change).await?;
            }
            None => {
                sqlx::query("DELETE FROM safety_changes WHERE number = ?1").bind(noted).execute(&mut *change).await?;
            }
        }
        change.commit().await?;
        Ok(true)
    }

    /// The partitions with levels that others than the applier changed.
    pub async fn partitions_changed(&self) -> Result<BTreeSet<u32>, LedgerError> {
        let rows = sqlx::query("SELECT DISTINCT part FROM level_changes").fetch_all(&self.read).await?;
        rows.iter().map(|row| u32::try_from(row.try_get::<i64, _>("part")?).map_err(kept)).collect()
    }

    /// Some levels of a partition that others changed, and up to which number
    /// they are noted.
    pub async fn noted_levels(&self, partition: u32, most: u32) -> Result<Option<(i64, Vec<LevelRow>)>, LedgerError> {
        let select = "SELECT n.number, s.store AS name, n.sku FROM level_changes n JOIN stores s ON s.key = n.store \
                      WHERE n.part = ?1 ORDER BY n.number LIMIT ?2";
        let rows = sqlx::query(select).bind(i64::from(partition)).bind(i64::from(most)).fetch_all(&self.read).await?;
        let Some(last) = rows.last() else { return Ok(None) };
        let last = last.try_get("number")?;
        let pair = |row: &SqliteRow| {
            Ok((StoreId::new(row.try_get("name")?).map_err(kept)?, Sku::new(row.try_get("sku")?).map_err(kept)?))
        };
        let pairs = rows.iter().map(pair).collect::<Result<BTreeSet<_>, LedgerError>>()?;
        Ok(Some((last, self.levels(&pairs.into_iter().collect::<Vec<_>>()).await?)))
    }

    /// What was noted up to a number is told.
    pub async fn forget_noted(&self, partition: u32, number: i64) -> Result<(), LedgerError> {
        let gone = sqlx::query("DELETE FROM level_changes WHERE part = ?1 AND number <= ?2");
        gone.bind(i64::from(partition)).bind(number).execute(&self.write).await?;
        Ok(())
    }
}

/// The key of a rule's store; 0 for all.
async fn store_key(change: &mut SqliteConnection, rule: &SafetyRule) -> Result<i64, LedgerError> {
    let Some(store) = &rule.store else { return Ok(0) };
    let found =
        sqlx::query("SELECT key FROM stores WHERE store = ?1").bind(store.as_str()).fetch_optional(change).await?;
    match found {
        Some(row) => Ok(row.try_get("key")?),
        None => Err(LedgerError::UnknownStore(store.to_string())),
    }
}

/// The levels of a store, or of one item there, count as changed.
async fn touch(change: &mut SqliteConnection, store: i64, sku: &str) -> Result<(), LedgerError> {
    let parts = "SELECT DISTINCT part FROM balances WHERE store = ?1 AND (?2 = '' OR sku = ?2) ORDER BY part";
    for row in &sqlx::query(parts).bind(store).bind(sku).fetch_all(&mut *change).await? {
        let (generation, part, step) = take_step(change, row.try_get("part")?).await?;
        let update = format!(
            "UPDATE balances SET counter = counter + 1, changed_at = {NOW}, generation = ?4, step = ?5 \
             WHERE store = ?1 AND (?2 = '' OR sku = ?2) AND part = ?3"
        );
        let update = sqlx::query(AssertSqlSafe(update)).bind(store).bind(sku).bind(part).bind(generation).bind(step);
        update.execute(&mut *change).await?;
        let note = "INSERT INTO level_changes (part, store, sku) \
                    SELECT part, store, sku FROM balances WHERE store = ?1 AND (?2 = '' OR sku = ?2) AND part = ?3";
        sqlx::query(note).bind(store).bind(sku).bind(part).execute(&mut *change).await?;
        steps::note(&mut *change, (part, step), (store, Some(sku).filter(|sku| !sku.is_empty()))).await?;
    }
    Ok(())
}

/// What is kept back of levels that a batch changed.
pub(super) async fn keep_back(
    change: &mut SqliteConnection,
    keys: &StoreKeys,
    levels: &mut [LevelRow],
) -> Result<(), LedgerError> {
    if sqlx::query("SELECT 1 FROM safety_stock LIMIT 1").fetch_optional(&mut *change).await?.is_none() {
        return Ok(());
    }
    let select = "SELECT y.quantity FROM safety_stock y JOIN stores s ON s.key = ?1 \
                  WHERE y.store IN (?1, 0) AND y.sku IN (?2, '') AND y.region IN (s.region, '') \
                  ORDER BY y.sku = '', y.store = 0, y.region = '' LIMIT 1";
    for level in levels {
        let key = keys.get(&level.store).copied().unwrap_or(0);
        let found = sqlx::query(select).bind(key).bind(level.sku.as_str()).fetch_optional(&mut *change).await?;
        if let Some(row) = found {
            level.safety = Quantity::thousandths(row.try_get("quantity")?);
        }
    }
    Ok(())
}
