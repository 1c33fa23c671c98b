//! Reservations. Whoever changes what is reserved moves the step of the
//! balance's partition first, as the applier does: so one changes it at a
//! time, and what they change has an order.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, Row as _, SqliteConnection};
use tidemark_model::{Basis, Quantity, Sku, StoreId};

use super::applying::StoreKeys;
use super::reads::level_in;
use super::transit::NOW;
use super::{SqliteLedger, audit, kept, steps};
use crate::apply::StockFacts;
use crate::columns::stock::reservation_of;
use crate::error::LedgerError;
use crate::reservations::{
    Expiry, HOLD_MILLIS, ReservationChanged, ReservationQuery, ReservationRequest, ReservationRow, ReservationState,
    ReservationStep, Reserved,
};
use crate::rows::LevelRow;

/// Reservations that expire in one transaction.
const EXPIRED_AT_ONCE: i64 = 500;

const RESERVATION: &str = "SELECT r.number, r.id, r.request, s.store AS name, r.sku, r.quantity, r.state, r.order_of, r.made_at, \
                           r.changed_at, r.expires_at FROM reservations r JOIN stores s ON s.key = r.store ";

async fn find(change: &mut SqliteConnection, column: &str, text: &str) -> Result<Option<ReservationRow>, LedgerError> {
    let select = format!("{RESERVATION} WHERE r.{column} = ?1");
    let row = sqlx::query(AssertSqlSafe(select)).bind(text).fetch_optional(change).await?;
    Ok(row.as_ref().map(reservation_of).transpose()?.map(|(_, row)| row))
}

/// The store's key and the partition of a balance.
async fn place_of(
    change: &mut SqliteConnection,
    store: &StoreId,
    sku: &Sku,
) -> Result<Option<(i64, i64)>, LedgerError> {
    let select =
        "SELECT b.store, b.part FROM balances b JOIN stores s ON s.key = b.store WHERE s.store = ?1 AND b.sku = ?2";
    let row = sqlx::query(select).bind(store.as_str()).bind(sku.as_str()).fetch_optional(change).await?;
    row.map(|row| Ok((row.try_get("store")?, row.try_get("part")?))).transpose()
}

/// Generation, partition and step of a change that is not the applier's.
pub(super) type Stamp = (i64, i64, i64);

/// Moves the step of a partition.
pub(super) async fn take_step(change: &mut SqliteConnection, part: i64) -> Result<Stamp, LedgerError> {
    let update = "UPDATE positions SET step = step + 1, others = others + 1 WHERE part = ? \
                  RETURNING step, (SELECT generation FROM history) AS generation";
    let row = sqlx::query(update).bind(part).fetch_one(change).await?;
    Ok((row.try_get("generation")?, part, row.try_get("step")?))
}

/// Adds to what is reserved of balances, each by its store and item, and notes
/// that their levels changed.
async fn add_reserved(
    change: &mut SqliteConnection,
    more: &BTreeMap<(i64, String), i64>,
    (generation, part, step): Stamp,
) -> Result<(), LedgerError> {
    let update = format!(
        "UPDATE balances SET reserved = reserved + ?, counter = counter + 1, changed_at = {NOW}, generation = ?, \
         part = ?, step = ? WHERE store = ? AND sku = ?"
    );
    for ((store, sku), more) in more {
        let update = sqlx::query(AssertSqlSafe(update.as_str())).bind(more).bind(generation).bind(part).bind(step);
        update.bind(store).bind(sku).execute(&mut *change).await?;
        let note = "INSERT INTO level_changes (part, store, sku) VALUES (?, ?, ?)";
        sqlx::query(note).bind(part).bind(store).bind(sku).execute(&mut *change).await?;
        steps::note(&mut *change, (part, step), (*store, Some(sku))).await?;
    }
    Ok(())
}

impl SqliteLedger {
    /// Reserves, if so much is available; a retry changes nothing.
    pub async fn reserve(&self, asked: &ReservationRequest) -> Result<Reserved, LedgerError> {
        let mut change = self.change().await?;
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
        let mut change = self.change().await?;
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
        let update = format!("UPDATE reservations SET state = ?2, expires_at = NULL, changed_at = {NOW} WHERE id = ?1");
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
            "{RESERVATION} WHERE r.number < ?1 AND (?2 IS NULL OR r.store = (SELECT key FROM stores WHERE store = ?2)) \
             AND (?3 IS NULL OR r.state = ?3) ORDER BY r.number DESC LIMIT ?4"
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
        for row in &sqlx::query(AssertSqlSafe(due)).fetch_all(&self.read).await? {
            let mut change = self.change().await?;
            let stamp = take_step(&mut change, row.try_get("part")?).await?;
            let select = format!(
                "SELECT r.id FROM reservations r JOIN balances b USING (store, sku) WHERE r.state = 'held' \
                 AND r.expires_at <= {NOW} AND b.part = ?1 ORDER BY r.expires_at LIMIT {EXPIRED_AT_ONCE}"
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
        let mut named = Vec::with_capacity(pairs.len());
        for (store, sku) in pairs {
            let row =
                sqlx::query("SELECT store AS name FROM stores WHERE key = ?").bind(store).fetch_one(&self.read).await?;
            named.push((StoreId::new(row.try_get("name")?).map_err(kept)?, Sku::new(sku).map_err(kept)?));
        }
        self.levels(&named).await
    }
}

/// A reservation and its level, as they are inside a change.
async fn held_with_level(
    change: &mut SqliteConnection,
    id: &str,
) -> Result<Option<(ReservationRow, Box<LevelRow>)>, LedgerError> {
    let Some(row) = find(change, "id", id).await? else { return Ok(None) };
    let level = level_in(change, &row.store, &row.sku).await?;
    Ok(level.map(|level| (row, Box::new(level))))
}

/// Writes a new one; false if its end is none.
async fn insert(change: &mut SqliteConnection, asked: &ReservationRequest, key: i64) -> Result<bool, LedgerError> {
    let (within, at) = match asked.expiry {
        Expiry::In(millis) => (Some(millis), None),
        Expiry::At(moment) => (None, Some(moment)),
    };
    let insert = format!(
        "INSERT INTO reservations (id, request, store, sku, quantity, state, order_of, made_at, changed_at, expires_at) \
         SELECT ?1, ?2, ?3, ?4, ?5, 'held', ?6, c.now, c.now, coalesce(?8, c.now + ?7) FROM (SELECT {NOW} AS now) c \
         WHERE coalesce(?8 - c.now, ?7) BETWEEN 1 AND {HOLD_MILLIS}"
    );
    let done = sqlx::query(AssertSqlSafe(insert))
        .bind(&asked.id)
        .bind(asked.request.as_str())
        .bind(key)
        .bind(asked.sku.as_str())
        .bind(asked.quantity.as_thousandths())
        .bind(asked.order.as_ref().map(tidemark_model::Reference::as_str))
        .bind(within)
        .bind(at)
        .execute(change)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends those of one balance that are due.
async fn expire_pair(
    change: &mut SqliteConnection,
    (key, sku): &(i64, String),
    stamp: Stamp,
) -> Result<(), LedgerError> {
    let due =
        format!("SELECT id FROM reservations WHERE store = ?1 AND sku = ?2 AND state = 'held' AND expires_at <= {NOW}");
    let ids = sqlx::query(AssertSqlSafe(due)).bind(key).bind(sku).fetch_all(&mut *change).await?;
    let ids = ids.iter().map(|row| row.try_get("id")).collect::<Result<Vec<String>, _>>()?;
    end(change, &ids, ReservationState::Expired, stamp).await?;
    Ok(())
}

/// Ends reservations that hold, and gives back what they held; the balances
/// that changed.
async fn end(
    change: &mut SqliteConnection,
    ids: &[String],
    state: ReservationState,
    stamp: Stamp,
) -> Result<Vec<(i64, String)>, LedgerError> {
    let update = format!(
        "UPDATE reservations SET state = ?, changed_at = {NOW} WHERE id = ? AND state IN ('held', 'confirmed') \
         RETURNING store, sku, quantity"
    );
    let mut less: BTreeMap<(i64, String), i64> = BTreeMap::new();
    for id in ids {
        let update = sqlx::query(AssertSqlSafe(update.as_str())).bind(state.word()).bind(id);
        let Some(row) = update.fetch_optional(&mut *change).await? else { continue };
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
    change: &mut SqliteConnection,
    keys: &StoreKeys,
    facts: &StockFacts,
    stamp: Stamp,
) -> Result<(), LedgerError> {
    let mut ids = Vec::new();
    for sale in &facts.fulfilled {
        let Some(key) = keys.get(&sale.store) else { continue };
        let select = "SELECT id FROM reservations WHERE id = ?2 AND store = ?1 AND state IN ('held', 'confirmed') UNION \
                      SELECT id FROM reservations WHERE order_of = ?2 AND store = ?1 AND sku = ?3 \
                      AND state IN ('held', 'confirmed')";
        let rows = sqlx::query(select).bind(key).bind(sale.told.as_str()).bind(sale.sku.as_str());
        for row in &rows.fetch_all(&mut *change).await? {
            ids.push(row.try_get("id")?);
        }
    }
    end(change, &ids, ReservationState::Fulfilled, stamp).await?;
    Ok(())
}

#[cfg(test)]
impl SqliteLedger {
    /// Makes all reservations end earlier.
    pub(crate) async fn age_reservations(&self, millis: i64) -> Result<(), LedgerError> {
        sqlx::query("UPDATE reservations SET expires_at = expires_at - ?").bind(millis).execute(&self.write).await?;
        Ok(())
    }
}
