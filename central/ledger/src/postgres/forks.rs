//! What is held at a position: compared with what came again, and told to a
//! box that found out that its disk is a copy.

use std::collections::BTreeMap;

use bytes::Bytes;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Row as _};
use tidemark_model::digest::movement_digest;
use tidemark_model::{BlockIndex, Epoch, EpochOrdinal, Position, Seq, StoreId};

use super::applying::StoreKeys;
use super::reservations::take_step;
use super::transit::NOW;
use super::{PostgresLedger, ordinal_of};
use crate::apply::{Again, HeldThere, Known, OpenFork, Plan};
use crate::error::LedgerError;
use crate::sqlite::{kept, number, unsigned};

/// Adds to what is known the forked letters that are not closed.
pub(super) async fn know(change: &mut PgConnection, keys: &StoreKeys, known: &mut Known) -> Result<(), LedgerError> {
    let ordinals: BTreeMap<(StoreId, Epoch), EpochOrdinal> = known
        .epochs
        .iter()
        .filter(|(_, state)| state.forks > 0)
        .map(|((store, epoch), state)| ((store.clone(), *epoch), state.ordinal))
        .collect();
    for ((store, epoch), ordinal) in ordinals {
        let select = "SELECT number, seq, source, id FROM dead_letters \
                      WHERE store = $1 AND epoch = $2 AND reason = 'forked' AND closed_at IS NULL";
        let rows = sqlx::query(select).bind(keys.get(&store)).bind(epoch.0.cast_signed());
        let rows = rows.fetch_all(&mut *change).await?;
        let open = known.forks.entry(store).or_default();
        for row in &rows {
            let position = Position { epoch, seq: unsigned(row.try_get("seq")?) };
            let document = (row.try_get("source")?, row.try_get("id")?);
            open.push(OpenFork { number: row.try_get("number")?, position, ordinal, document });
        }
    }
    Ok(())
}

/// What is held at each position that came again.
pub(super) async fn held(
    change: &mut PgConnection,
    plan: &Plan,
    keys: &StoreKeys,
) -> Result<Vec<HeldThere>, LedgerError> {
    let mut all = vec![HeldThere::default(); plan.again.len()];
    if plan.again.is_empty() {
        return Ok(all);
    }
    let select = "WITH again AS (SELECT * FROM UNNEST($1::int8[], $2::int8[], $3::int8[], $4::int8[]) \
                  WITH ORDINALITY AS a (store, ordinal, epoch, seq, place)) \
                  SELECT a.place, m.bytes, false AS forked FROM again a CROSS JOIN months o CROSS JOIN LATERAL \
                  (SELECT bytes FROM movements \
                  WHERE month = o.month AND store = a.store AND ordinal = a.ordinal AND seq = a.seq LIMIT 1) m \
                  UNION ALL SELECT a.place, d.bytes, d.reason = 'forked' AS forked FROM again a \
                  JOIN dead_letters d USING (store, epoch, seq) WHERE d.settled IS DISTINCT FROM 'applied'";
    let column = |of: fn(&Again) -> i64| plan.again.iter().map(of).collect::<Vec<i64>>();
    let stores: Vec<i64> = plan.again.iter().map(|again| keys.get(&again.store).copied().unwrap_or(0)).collect();
    let rows = sqlx::query(select)
        .bind(stores)
        .bind(column(|again| i64::from(again.ordinal.0)))
        .bind(column(|again| again.position.epoch.0.cast_signed()))
        .bind(column(|again| number(again.position.seq)))
        .fetch_all(change)
        .await?;
    for row in rows {
        let place = usize::try_from(row.try_get::<i64, _>("place")?.saturating_sub(1)).map_err(kept)?;
        let Some((again, there)) = plan.again.get(place).zip(all.get_mut(place)) else { continue };
        let digest = movement_digest(&again.store, again.position, row.try_get("bytes")?);
        if row.try_get("forked")? {
            there.forks.insert(digest);
        } else {
            there.digest = Some(digest);
        }
    }
    Ok(all)
}

impl PostgresLedger {
    /// The forked letters of epochs before one that nobody has closed: their
    /// numbers, and what was parked.
    pub async fn open_forks(&self, store: &StoreId, before: EpochOrdinal) -> Result<Vec<(i64, Bytes)>, LedgerError> {
        let select = "SELECT d.number, d.bytes FROM dead_letters d JOIN stores s ON s.key = d.store \
                      JOIN epochs e ON e.store = d.store AND e.epoch = d.epoch WHERE s.store = $1 AND e.ordinal < $2 \
                      AND d.reason = 'forked' AND d.closed_at IS NULL ORDER BY d.number";
        let select = sqlx::query(select).bind(store.as_str()).bind(i64::from(before.0));
        let rows = select.fetch_all(&self.read).await?;
        let letter = |row: &PgRow| {
            let bytes: Vec<u8> = row.try_get("bytes")?;
            Ok((row.try_get("number")?, Bytes::from(bytes)))
        };
        rows.iter().map(letter).collect()
    }

    /// Stores with forked letters of closed epochs that nobody has closed, and
    /// the ordinal of each one's newest epoch.
    pub async fn stores_with_forks(&self) -> Result<Vec<(StoreId, EpochOrdinal)>, LedgerError> {
        let select = "SELECT s.store AS name, (SELECT max(n.ordinal) FROM epochs n WHERE n.store = s.key) AS ordinal \
                      FROM stores s WHERE EXISTS (SELECT 1 FROM epochs e WHERE e.store = s.key AND e.closed AND e.forks > 0) \
                      ORDER BY s.store";
        let rows = sqlx::query(select).fetch_all(&self.read).await?;
        let found = |row: &PgRow| Ok((StoreId::new(row.try_get("name")?).map_err(kept)?, ordinal_of(row)?));
        rows.iter().map(found).collect()
    }

    /// Closes a forked letter, if nobody has.
    pub async fn close_fork(&self, letter: i64) -> Result<(), LedgerError> {
        let mut change = self.write.begin().await?;
        let found = sqlx::query("SELECT part FROM dead_letters WHERE number = $1").bind(letter);
        let Some(row) = found.fetch_optional(&mut *change).await? else { return Ok(()) };
        let (_, part, step) = take_step(&mut change, row.try_get("part")?).await?;
        let close = format!(
            "UPDATE dead_letters SET closed_at = {NOW}, part = $1, step = $2 \
             WHERE number = $3 AND reason = 'forked' AND closed_at IS NULL RETURNING store, epoch"
        );
        let close = sqlx::query(AssertSqlSafe(close)).bind(part).bind(step).bind(letter);
        let Some(row) = close.fetch_optional(&mut *change).await? else { return Ok(()) };
        let (store, epoch): (i64, i64) = (row.try_get("store")?, row.try_get("epoch")?);
        let count = "UPDATE epochs SET forks = forks - 1 WHERE store = $1 AND epoch = $2";
        sqlx::query(count).bind(store).bind(epoch).execute(&mut *change).await?;
        change.commit().await?;
        Ok(())
    }

    /// The digests of what is held of a block, movements and dead letters,
    /// ascending by seq. Lost positions have none.
    pub async fn digests(
        &self,
        store: &StoreId,
        epoch: Epoch,
        index: BlockIndex,
    ) -> Result<Vec<(Seq, u64)>, LedgerError> {
        let select = "WITH e AS (SELECT s.key AS store, e.epoch, e.ordinal FROM stores s JOIN epochs e ON e.store = s.key \
                      WHERE s.store = $1 AND e.epoch = $2) \
                      SELECT m.seq, m.bytes FROM e CROSS JOIN months o CROSS JOIN LATERAL \
                      (SELECT seq, bytes FROM movements WHERE month = o.month AND store = e.store \
                      AND ordinal = e.ordinal AND seq BETWEEN $3 AND $4) m UNION ALL \
                      SELECT d.seq, d.bytes FROM e JOIN dead_letters d USING (store, epoch) \
                      WHERE d.seq BETWEEN $3 AND $4 AND d.reason <> 'forked' \
                      AND d.settled IS DISTINCT FROM 'applied' ORDER BY 1";
        let (first, last) = (number(index.first()), number(index.last()));
        let select = sqlx::query(select).bind(store.as_str()).bind(epoch.0.cast_signed()).bind(first).bind(last);
        let digest = |row: &PgRow| {
            let position = Position { epoch, seq: unsigned(row.try_get("seq")?) };
            Ok((position.seq, movement_digest(store, position, row.try_get("bytes")?)))
        };
        select.fetch_all(&self.read).await?.iter().map(digest).collect()
    }
}
