//! Questions of the read API.

use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _, Sqlite, SqliteConnection};
use tidemark_model::{Epoch, EpochOrdinal, Marks, Movement, Seq, Sku, StoreId};
use tidemark_wire::decode_movement;

use super::{SqliteLedger, kept, number, unsigned};
use crate::apply::Taken;
use crate::columns::{self, epoch_of};
use crate::error::LedgerError;
use crate::rows::{History, LevelRow};

/// Rows of an item's chain that are looked at for one page; a chain broken
/// often is told in several pages.
const CHAIN_LOOKS: usize = 5_000;

pub(super) const LEVEL: &str = "SELECT s.store AS name, b.sku, b.effect_sum, b.on_hand, b.counted, b.counter, b.changed_at, b.generation, b.reserved, \
                     coalesce((SELECT y.quantity FROM safety_stock y WHERE y.store IN (b.store, 0) AND y.sku IN (b.sku, '') \
                      AND y.region IN (s.region, '') ORDER BY y.sku = '', y.store = 0, y.region = '' LIMIT 1), 0) AS safety, \
                     b.seq, b.old_on_hand, b.old_counted, e.taken, e.settled, \
                     b.ordinal < (SELECT max(ordinal) FROM epochs WHERE store = b.store AND settled) AS since \
                     FROM balances b JOIN stores s ON s.key = b.store \
                     JOIN epochs e ON e.store = b.store AND e.ordinal = b.ordinal ";

pub(super) fn level_of(row: &SqliteRow) -> Result<LevelRow, LedgerError> {
    let taken: Option<i64> = row.try_get("taken")?;
    let taken = Taken::of(taken.map(unsigned), row.try_get("settled")?);
    let since = row.try_get::<Option<bool>, _>("since")?.unwrap_or(false);
    columns::level_of(row, StoreId::new(row.try_get("name")?).map_err(kept)?, (taken, since))
}

/// A level as it is inside a change.
pub(super) async fn level_in(
    change: &mut SqliteConnection,
    store: &StoreId,
    sku: &Sku,
) -> Result<Option<LevelRow>, LedgerError> {
    let select = format!("{LEVEL} WHERE s.store = ? AND b.sku = ?");
    let row = sqlx::query(AssertSqlSafe(select)).bind(store.as_str()).bind(sku.as_str()).fetch_optional(change).await?;
    row.as_ref().map(level_of).transpose()
}

impl SqliteLedger {
    /// Whether there is such a store.
    pub async fn has_store(&self, store: &StoreId) -> Result<bool, LedgerError> {
        let found = sqlx::query("SELECT 1 FROM stores WHERE store = ?").bind(store.as_str());
        Ok(found.fetch_optional(&self.read).await?.is_some())
    }

    /// Levels of pairs, in any order; pairs nothing is known of are left out.
    pub async fn levels(&self, pairs: &[(StoreId, Sku)]) -> Result<Vec<LevelRow>, LedgerError> {
        if pairs.is_empty() {
            return Ok(Vec::new());
        }
        let mut query = QueryBuilder::<Sqlite>::new(LEVEL);
        query.push("WHERE (s.store, b.sku) IN (VALUES ");
        let mut values = query.separated(", ");
        for (store, sku) in pairs {
            values.push("(");
            values.push_bind_unseparated(store.as_str().to_owned()).push_unseparated(", ");
            values.push_bind_unseparated(sku.as_str().to_owned()).push_unseparated(")");
        }
        query.push(")");
        query.build().fetch_all(&self.read).await?.iter().map(level_of).collect()
    }

    /// Levels of a partition that changed after a step.
    pub async fn levels_changed(&self, partition: u32, after_step: u64) -> Result<Vec<LevelRow>, LedgerError> {
        let mut query = QueryBuilder::<Sqlite>::new(LEVEL);
        query.push("WHERE b.part = ").push_bind(partition).push(" AND b.step > ").push_bind(number(after_step));
        query.build().fetch_all(&self.read).await?.iter().map(level_of).collect()
    }

    /// An item's levels in all stores.
    pub async fn levels_of_item(&self, sku: &Sku) -> Result<Vec<LevelRow>, LedgerError> {
        let mut query = QueryBuilder::<Sqlite>::new(LEVEL);
        query.push("WHERE b.sku = ").push_bind(sku.as_str().to_owned()).push(" ORDER BY s.store");
        query.build().fetch_all(&self.read).await?.iter().map(level_of).collect()
    }

    /// How an item's stock came about, newest first, by following the chain
    /// of previous seqs through the primary key.
    pub async fn history(
        &self,
        store: &StoreId,
        sku: &Sku,
        from: Option<(EpochOrdinal, Seq)>,
        most: usize,
    ) -> Result<History, LedgerError> {
        let mut history = History::default();
        let head = "SELECT b.ordinal, b.seq, b.store FROM balances b WHERE b.store = (SELECT key FROM stores WHERE store = ?) \
                    AND b.sku = ?";
        let Some(row) = sqlx::query(head).bind(store.as_str()).bind(sku.as_str()).fetch_optional(&self.read).await?
        else {
            return Ok(history);
        };
        let key: i64 = row.try_get("store")?;
        let newest = (EpochOrdinal(row.try_get("ordinal")?), unsigned(row.try_get("seq")?));
        let mut at = Some(from.unwrap_or(newest));
        let mut looks = 0;
        while let Some((ordinal, seq)) = at {
            if history.movements.len() == most || looks == CHAIN_LOOKS {
                history.next = at;
                break;
            }
            looks += 1;
            let found = self.movement_at(key, ordinal, seq).await?;
            at = match found {
                Some((epoch, movement)) => {
                    let previous = movement.previous;
                    history.movements.push((epoch, seq, movement));
                    if previous > 0 { Some((ordinal, previous)) } else { self.last_before(key, ordinal, sku).await? }
                }
                None => {
                    history.gaps.push(seq);
                    self.next_older(key, ordinal, seq, sku).await?
                }
            };
        }
        Ok(history)
    }

    async fn movement_at(
        &self,
        key: i64,
        ordinal: EpochOrdinal,
        seq: Seq,
    ) -> Result<Option<(Epoch, Movement)>, LedgerError> {
        let select = "SELECT m.bytes, m.late, e.epoch FROM movements m JOIN epochs e ON e.store = m.store AND e.ordinal = m.ordinal \
                      WHERE m.month IN (SELECT month FROM months) AND m.store = ? AND m.ordinal = ? AND m.seq = ?";
        let row = sqlx::query(select).bind(key).bind(ordinal.0).bind(number(seq)).fetch_optional(&self.read).await?;
        let Some(row) = row else { return Ok(None) };
        let bytes: Vec<u8> = row.try_get("bytes")?;
        let epoch = epoch_of(&row)?;
        let mut movement = decode_movement(&bytes).map_err(kept)?;
        let late: Option<bool> = row.try_get("late")?;
        movement.marks = movement.marks.with_if(late == Some(true), Marks::LATE);
        Ok(Some((epoch, movement)))
    }

    /// The item's last movement in the epochs before one.
    async fn last_before(
        &self,
        key: i64,
        ordinal: EpochOrdinal,
        sku: &Sku,
    ) -> Result<Option<(EpochOrdinal, Seq)>, LedgerError> {
        if ordinal.0 <= 1 {
            return Ok(None);
        }
        self.next_older(key, EpochOrdinal(ordinal.0 - 1), Seq::MAX, sku).await
    }

    /// The item's next older movement, found by a scan of the store's rows:
    /// the way on where the chain is broken.
    async fn next_older(
        &self,
        key: i64,
        ordinal: EpochOrdinal,
        below: Seq,
        sku: &Sku,
    ) -> Result<Option<(EpochOrdinal, Seq)>, LedgerError> {
        let select = "SELECT ordinal, seq, bytes FROM movements WHERE store = ? AND (ordinal, seq) < (?, ?) \
                      AND month IN (SELECT month FROM months) ORDER BY ordinal DESC, seq DESC";
        let rows = sqlx::query(select).bind(key).bind(ordinal.0).bind(number(below)).fetch_all(&self.read).await?;
        for row in rows {
            let bytes: Vec<u8> = row.try_get("bytes")?;
            if decode_movement(&bytes).is_ok_and(|movement| movement.sku.as_ref() == Some(sku)) {
                return Ok(Some((EpochOrdinal(row.try_get("ordinal")?), unsigned(row.try_get("seq")?))));
            }
        }
        Ok(None)
    }
}
