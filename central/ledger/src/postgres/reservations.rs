//! Reservations. Whoever changes what is reserved moves the step of the
//! balance's partition first, as the applier does: so one changes it at a
//! time, and what they change has an order.

use std::collections::BTreeMap;

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Row as _};
use tidemark_model::{Basis, Quantity, Sku, StoreId};

use super::applying::StoreKeys;
use super::reads::level_in;
use super::transit::NOW;
use super::{PostgresLedger, audit, plain, steps};
use crate::apply::StockFacts;
use crate::columns::stock::reservation_of;
use crate::error::LedgerError;
use crate::reservations::{
    Expiry, HOLD_MILLIS, ReservationChanged, ReservationQuery, ReservationRequest, ReservationRow, ReservationState,
    ReservationStep, Reserved,
};
use crate::rows::LevelRow;
use crate::sqlite::kept;

/// Reservations that expire in one transaction.
const EXPIRED_AT_ONCE: i64 = 500;

const RESERVATION: &str = "SELECT r.number, r.id, r.request, s.store AS name, r.sku, r.quantity, r.state, r.order_of, r.made_at, \
                           r.changed_at, r.expires_at FROM reservations r JOIN stores s ON s.key = r.store ";

async fn find(change: &mut PgConnection, column: &str, text: &str) -> Result<Option<ReservationRow>, LedgerError> {
    let select = format!("{RESERVATION} WHERE r.{column} = $1");
    let row = sqlx::query(AssertSqlSafe(select)).bind(plain(text)).fetch_optional(change).await?;
    Ok(row.as_ref().map(reservation_of).transpose()?.map(|(_, row)| row))
}

/// The store's key and the partition of a balance.
async fn place_of(change: &mut PgConnection, store: &StoreId, sku: &Sku) -> Result<Option<(i64, i64)>, LedgerError> {
    let select =
        "SELECT b.store, b.part FROM balances b JOIN stores s ON s.key = b.store WHERE s.store = $1 AND b.sku = $2";
    let row = sqlx::query(select).bind(store.as_str()).bind(sku.as_str()).fetch_optional(change).await?;
    row.map(|row| Ok((row.try_get("store")?, row.try_get("part")?))).transpose()
}

/// Generation, partition and step of a change that is not the applier's.
pub(super) type Stamp = (i64, i64, i64);

/// Moves the step of a partition, which locks it.
pub(super) async fn take_step(change: &mut PgConnection, part: i64) -> Result<Stamp, LedgerError> {
    let update = "UPDATE positions SET step = step + 1, others = others + 1 WHERE part = $1 \
                  RETURNING step, (SELECT generation FROM history) AS generation";
    let row = sqlx::query(update).bind(part).fetch_one(change).await?;
    Ok((row.try_get("generation")?, part, row.try_get("step")?))
}

/// Adds to what is reserved of balances, each by its store and item, and notes
/// that their levels changed.
async fn add_reserved(
    change: &mut PgConnection,
    more: &BTreeMap<(i64, String), i64>,
    (generation, part, step): Stamp,
) -> Result<(), LedgerError> {
    let update = format!(
        "WITH n AS (SELECT * FROM UNNEST($1::int8[], $2::text[], $3::int8[]) AS n (store, sku, more)), \
         noted AS (INSERT INTO level_changes (part, store, sku) SELECT $4, store, sku FROM n) \
         UPDATE balances b SET reserved = b.reserved + n.more, counter = b.counter + 1, changed_at = {NOW}, \
         generation = $5, part = $4, step = $6 FROM n WHERE b.store = n.store AND b.sku = n.sku"
    );
    sqlx::query(AssertSqlSafe(update))
        .bind(more.keys().map(|(store, _)| *store).collect::<Vec<_>>())
        .bind(more.keys().map(|(_, sku)| sku.as_str()).collect::<Vec<_>>())
        .bind(more.values().copied().collect::<Vec<_>>())
        .bind(part)
        .bind(generation)
        .bind(step)
        .execute(&mut *change)
        .await?;
    let pairs = more.keys().map(|(store, sku)| (*store, sku.as_str()));
    steps::note(change, (part, step), pairs.unzip()).await
}

impl PostgresLedger {
    /// Reserves, if so much is available; a retry changes nothing.
    pub async fn reserve(&self, asked: &ReservationRequest) -> Result<Reserved, LedgerError> {
        let mut change = self.write.begin().await?;
        let Some((key, part)) = place_of(&mut change, &asked.store, &asked.sku).await? else {
            return Ok(Reserved::NoSuchItem);
        };
        let stamp = take_step(&mut change, part).await?;
        if let Some(row) = find(&mut change, "request", asked.request.as_str()).await? {
            return Ok(if row.answers(asked) { Reserved::Again(row) } else { Reserved::OtherRequest(row) });
        }
        let pair = (key, asked.sku.to_string());
        expire_pair(&mut change, &pair, stamp).await?;
        let Some(level) = level_in(&mut change, &asked.store, &asked.sku).await? else {
            return Ok(Reserved::NoSuchItem);
        };
        if level.basis == Basis::None {
            return Ok(Reserved::NotCounted);
        }
        let available = level.available().unwrap_or(Quantity::ZERO);
        if asked.quantity > available {
            return Ok(Reserved::Short(available));
        }
        if !insert(&mut change, asked, key).await? {
            return Ok(Reserved::NoSuchEnd);
        }
        add_reserved(&mut change, &BTreeMap::from([(pair, asked.quantity.as_thousandths())]), stamp).await?;
        let done = held_with_level(&mut change, &asked.id).await?;
        audit::note(&mut change, self.by.as_deref()).await?;
        change.commit().await?;
        match done {
            Some((row, level)) => Ok(Reserved::Done(row, level)),
            None => Ok(Reserved::NoSuchItem),
        }
    }

    /// Confirms or releases; what is so already stays so.
    pub async fn change_reservation(&self, id: &str, step: ReservationStep) -> Result<ReservationChanged, LedgerError> {
        let mut change = self.write.begin().await?;
        let Some(row) = find(&mut change, "id", id).await? else { return Ok(ReservationChanged::Unknown) };
        let Some((key, part)) = place_of(&mut change, &row.store, &row.sku).await? else {
            return Ok(ReservationChanged::Unknown);
        };
        let stamp = take_step(&mut change, part).await?;
        let pair = (key, row.sku.to_string());
        expire_pair(&mut change, &pair, stamp).await?;
        // As it is under the lock.
        let Some(row) = find(&mut change, "id", id).await? else { return Ok(ReservationChanged::Unknown) };
        if row.state == step.state() {
            return Ok(ReservationChanged::Done(row, None));
        }
        if !row.state.holds() {
            // What has expired by now stays so.
            change.commit().await?;
            return Ok(ReservationChanged::Over(row));
        }
        let update = format!("UPDATE reservations SET state = $2, expires_at = NULL, changed_at = {NOW} WHERE id = $1");
        let update = sqlx::query(AssertSqlSafe(update)).bind(&row.id).bind(step.state().word());
        update.execute(&mut *change).await?;
        if !step.state().holds() {
            let less = row.quantity.as_thousandths().saturating_neg();
            add_reserved(&mut change, &BTreeMap::from([(pair, less)]), stamp).await?;
        }
        let done = held_with_level(&mut change, id).await?;
        audit::note(&mut change, self.by.as_deref()).await?;
        change.commit().await?;
        Ok(done.map_or(ReservationChanged::Unknown, |(row, level)| ReservationChanged::Done(row, Some(level))))
    }

    /// One reservation.
    pub async fn reservation(&self, id: &str) -> Result<Option<ReservationRow>, LedgerError> {
        let mut connection = self.read.acquire().await?;
        find(&mut connection, "id", id).await
    }

    /// Reservations, newest first, each with its number.
    pub async fn reservations(&self, query: &ReservationQuery) -> Result<Vec<(i64, ReservationRow)>, LedgerError> {
        let select = format!(
            "{RESERVATION} WHERE r.number < $1 AND ($2::text IS NULL OR r.store = (SELECT key FROM stores WHERE store = $2)) \
             AND ($3::text IS NULL OR r.state = $3) ORDER BY r.number DESC LIMIT $4"
        );
        let rows = sqlx::query(AssertSqlSafe(select))
            .bind(query.below.unwrap_or(i64::MAX))
            .bind(query.store.as_ref().map(StoreId::as_str))
            .bind(query.state.map(ReservationState::word))
            .bind(i64::from(query.most))
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(reservation_of).collect()
    }

    /// Ends what nobody confirmed in time; the levels that changed.
    pub async fn expire_reservations(&self) -> Result<Vec<LevelRow>, LedgerError> {
        let due = format!(
            "SELECT DISTINCT b.part FROM (SELECT store, sku FROM reservations WHERE state = 'held' AND expires_at <= {NOW} \
             ORDER BY expires_at LIMIT {EXPIRED_AT_ONCE}) r JOIN balances b USING (store, sku) ORDER BY b.part"
        );
        let mut pairs = Vec::new();
        for row in &sqlx::query(AssertSqlSafe(due)).fetch_all(&self.write).await? {
            let mut change = self.write.begin().await?;
            let stamp = take_step(&mut change, row.try_get("part")?).await?;
            let select = format!(
                "SELECT r.id FROM reservations r JOIN balances b USING (store, sku) WHERE r.state = 'held' \
                 AND r.expires_at <= {NOW} AND b.part = $1 ORDER BY r.expires_at LIMIT {EXPIRED_AT_ONCE}"
            );
            let ids = sqlx::query(AssertSqlSafe(select)).bind(stamp.1).fetch_all(&mut *change).await?;
            let ids = ids.iter().map(|row| row.try_get("id")).collect::<Result<Vec<String>, _>>()?;
            pairs.extend(end(&mut change, &ids, ReservationState::Expired, stamp).await?);
            change.commit().await?;
        }
        self.levels_of_keys(&pairs).await
    }

    /// Levels of balances, each by its store's key and its item.
    async fn levels_of_keys(&self, pairs: &[(i64, String)]) -> Result<Vec<LevelRow>, LedgerError> {
        if pairs.is_empty() {
            return Ok(Vec::new());
        }
        let select = "SELECT s.store AS name, w.sku FROM UNNEST($1::int8[], $2::text[]) AS w (store, sku) \
                      JOIN stores s ON s.key = w.store";
        let rows = sqlx::query(select)
            .bind(pairs.iter().map(|(store, _)| *store).collect::<Vec<_>>())
            .bind(pairs.iter().map(|(_, sku)| sku.as_str()).collect::<Vec<_>>())
            .fetch_all(&self.write)
            .await?;
        let pair = |row: &PgRow| {
            Ok((StoreId::new(row.try_get("name")?).map_err(kept)?, Sku::new(row.try_get("sku")?).map_err(kept)?))
        };
        self.levels(&rows.iter().map(pair).collect::<Result<Vec<_>, LedgerError>>()?).await
    }
}

/// A reservation and its level, as they are inside a change.
async fn held_with_level(
    change: &mut PgConnection,
    id: &str,
) -> Result<Option<(ReservationRow, Box<LevelRow>)>, LedgerError> {
    let Some(row) = find(change, "id", id).await? else { return Ok(None) };
    let level = level_in(change, &row.store, &row.sku).await?;
    Ok(level.map(|level| (row, Box::new(level))))
}

/// Writes a new one; false if its end is none.
async fn insert(change: &mut PgConnection, asked: &ReservationRequest, key: i64) -> Result<bool, LedgerError> {
    let (within, at) = match asked.expiry {
        Expiry::In(millis) => (Some(millis), None),
        Expiry::At(moment) => (None, Some(moment)),
    };
    let insert = format!(
        "INSERT INTO reservations (id, request, store, sku, quantity, state, order_of, made_at, changed_at, expires_at) \
         SELECT $1, $2, $3, $4, $5, 'held', $6, c.now, c.now, coalesce($8, c.now + $7) FROM (SELECT {NOW} AS now) c \
         WHERE coalesce($8 - c.now, $7) BETWEEN 1 AND {HOLD_MILLIS}"
    );
    let done = sqlx::query(AssertSqlSafe(insert))
        .bind(&asked.id)
        .bind(plain(asked.request.as_str()))
        .bind(key)
        .bind(asked.sku.as_str())
        .bind(asked.quantity.as_thousandths())
        .bind(asked.order.as_ref().map(|order| plain(order.as_str())))
        .bind(within)
        .bind(at)
        .execute(change)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends those of one balance that are due.
async fn expire_pair(change: &mut PgConnection, (key, sku): &(i64, String), stamp: Stamp) -> Result<(), LedgerError> {
    let due =
        format!("SELECT id FROM reservations WHERE store = $1 AND sku = $2 AND state = 'held' AND expires_at <= {NOW}");
    let ids = sqlx::query(AssertSqlSafe(due)).bind(key).bind(sku).fetch_all(&mut *change).await?;
    let ids = ids.iter().map(|row| row.try_get("id")).collect::<Result<Vec<String>, _>>()?;
    end(change, &ids, ReservationState::Expired, stamp).await?;
    Ok(())
}

/// Ends reservations that hold, and gives back what they held; the balances
/// that changed.
async fn end(
    change: &mut PgConnection,
    ids: &[String],
    state: ReservationState,
    stamp: Stamp,
) -> Result<Vec<(i64, String)>, LedgerError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let update = format!(
        "UPDATE reservations SET state = $2, changed_at = {NOW} WHERE id = ANY($1) AND state IN ('held', 'confirmed') \
         RETURNING store, sku, quantity"
    );
    let mut less: BTreeMap<(i64, String), i64> = BTreeMap::new();
    let update = sqlx::query(AssertSqlSafe(update)).bind(ids).bind(state.word());
    for row in &update.fetch_all(&mut *change).await? {
        let quantity: i64 = row.try_get("quantity")?;
        let sum = less.entry((row.try_get("store")?, row.try_get("sku")?)).or_default();
        *sum = sum.saturating_sub(quantity);
    }
    add_reserved(change, &less, stamp).await?;
    Ok(less.into_keys().collect())
}

/// Sales fulfil reservations, by their identity or by their order and item.
/// Before the balances are written, whose levels are told with it.
pub(super) async fn fulfil(
    change: &mut PgConnection,
    keys: &StoreKeys,
    facts: &StockFacts,
    stamp: Stamp,
) -> Result<(), LedgerError> {
    let told = facts.fulfilled.iter().filter_map(|sale| Some((*keys.get(&sale.store)?, sale)));
    let told: Vec<_> = told.collect();
    if told.is_empty() {
        return Ok(());
    }
    let select = "WITH f AS (SELECT * FROM UNNEST($1::int8[], $2::text[], $3::text[]) AS f (store, told, sku)) \
                  SELECT r.id FROM f JOIN reservations r ON r.id = f.told AND r.store = f.store \
                  WHERE r.state IN ('held', 'confirmed') UNION \
                  SELECT r.id FROM f JOIN reservations r ON r.order_of = f.told AND r.store = f.store AND r.sku = f.sku \
                  WHERE r.state IN ('held', 'confirmed')";
    let ids = sqlx::query(select)
        .bind(told.iter().map(|(key, _)| *key).collect::<Vec<_>>())
        .bind(told.iter().map(|(_, sale)| plain(sale.told.as_str())).collect::<Vec<_>>())
        .bind(told.iter().map(|(_, sale)| sale.sku.as_str()).collect::<Vec<_>>())
        .fetch_all(&mut *change)
        .await?;
    let ids = ids.iter().map(|row| row.try_get("id")).collect::<Result<Vec<String>, _>>()?;
    end(change, &ids, ReservationState::Fulfilled, stamp).await?;
    Ok(())
}

#[cfg(test)]
impl PostgresLedger {
    /// Makes all reservations end earlier.
    pub(crate) async fn age_reservations(&self, millis: i64) -> Result<(), LedgerError> {
        sqlx::query("UPDATE reservations SET expires_at = expires_at - $1").bind(millis).execute(&self.write).await?;
        Ok(())
    }
}
