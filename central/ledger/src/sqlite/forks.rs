//! What is held at a position: compared with what came again, and told to a
//! box that found out that its disk is a copy.

use std::collections::BTreeMap;

use bytes::Bytes;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row as _, SqliteConnection};
use tidemark_model::digest::movement_digest;
use tidemark_model::{BlockIndex, Epoch, EpochOrdinal, Position, Seq, StoreId};

use super::applying::StoreKeys;
use super::reservations::take_step;
use super::transit::NOW;
use super::{SqliteLedger, kept, number, unsigned};
use crate::apply::{HeldThere, Known, OpenFork, Plan};
use crate::error::LedgerError;

/// Adds to what is known the forked letters that are not closed.
pub(super) async fn know(
    change: &mut SqliteConnection,
    keys: &StoreKeys,
    known: &mut Known,
) -> Result<(), LedgerError> {
    let ordinals: BTreeMap<(StoreId, Epoch), EpochOrdinal> = known
        .epochs
        .iter()
        .filter(|(_, state)| state.forks > 0)
        .map(|((store, epoch), state)| ((store.clone(), *epoch), state.ordinal))
        .collect();
    for ((store, epoch), ordinal) in ordinals {
        let select = "SELECT number, seq, source, id FROM dead_letters \
                      WHERE store = ? AND epoch = ? AND reason = 'forked' AND closed_at IS NULL";
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
    change: &mut SqliteConnection,
    plan: &Plan,
    keys: &StoreKeys,
) -> Result<Vec<HeldThere>, LedgerError> {
    let mut all = Vec::with_capacity(plan.again.len());
    for again in &plan.again {
        let (key, seq) = (keys.get(&again.store), number(again.position.seq));
        let epoch = again.position.epoch.0.cast_signed();
        let select = "SELECT bytes, 0 AS forked FROM movements WHERE store = ? AND ordinal = ? AND seq = ? \
                      AND month IN (SELECT month FROM months) UNION ALL \
                      SELECT bytes, reason = 'forked' AS forked FROM dead_letters WHERE store = ? AND epoch = ? AND seq = ? \
                      AND settled IS NOT 'applied'";
        let select = sqlx::query(select).bind(key).bind(again.ordinal.0).bind(seq).bind(key).bind(epoch).bind(seq);
        let mut there = HeldThere::default();
        for row in select.fetch_all(&mut *change).await? {
            let bytes: Vec<u8> = row.try_get("bytes")?;
            let digest = movement_digest(&again.store, again.position, &bytes);
            if row.try_get("forked")? {
                there.forks.insert(digest);
            } else {
                there.digest = Some(digest);
            }
        }
        all.push(there);
    }
    Ok(all)
}

impl SqliteLedger {
    /// The forked letters of epochs before one that nobody has closed: their
    /// numbers, and what was parked.
    pub async fn open_forks(&self, store: &StoreId, before: EpochOrdinal) -> Result<Vec<(i64, Bytes)>, LedgerError> {
        let select = "SELECT d.number, d.bytes FROM dead_letters d JOIN stores s ON s.key = d.store \
                      JOIN epochs e ON e.store = d.store AND e.epoch = d.epoch WHERE s.store = ? AND e.ordinal < ? \
                      AND d.reason = 'forked' AND d.closed_at IS NULL ORDER BY d.number";
        let rows = sqlx::query(select).bind(store.as_str()).bind(before.0).fetch_all(&self.read).await?;
        let letter = |row: &SqliteRow| {
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
        let found = |row: &SqliteRow| {
            Ok((StoreId::new(row.try_get("name")?).map_err(kept)?, EpochOrdinal(row.try_get("ordinal")?)))
        };
        rows.iter().map(found).collect()
    }

    /// Closes a forked letter, if nobody has.
    pub async fn close_fork(&self, letter: i64) -> Result<(), LedgerError> {
        let mut change = self.change().await?;
        let found = sqlx::query("SELECT part FROM dead_letters WHERE number = ?").bind(letter);
        let Some(row) = found.fetch_optional(&mut *change).await? else { return Ok(()) };
        let (_, part, step) = take_step(&mut change, row.try_get("part")?).await?;
        let close = format!(
            "UPDATE dead_letters SET closed_at = {NOW}, part = ?, step = ? \
             WHERE number = ? AND reason = 'forked' AND closed_at IS NULL RETURNING store, epoch"
        );
        let close = sqlx::query(AssertSqlSafe(close)).bind(part).bind(step).bind(letter);
        let Some(row) = close.fetch_optional(&mut *change).await? else { return Ok(()) };
        let (store, epoch): (i64, i64) = (row.try_get("store")?, row.try_get("epoch")?);
        let count = "UPDATE epochs SET forks = forks - 1 WHERE store = ? AND epoch = ?";
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
        let found =
            "SELECT s.key, e.ordinal FROM stores s JOIN epochs e ON e.store = s.key WHERE s.store = ? AND e.epoch = ?";
        let found = sqlx::query(found).bind(store.as_str()).bind(epoch.0.cast_signed());
        let Some(row) = found.fetch_optional(&self.read).await? else { return Ok(Vec::new()) };
        let (key, ordinal): (i64, i64) = (row.try_get("key")?, row.try_get("ordinal")?);
        let (first, last) = (number(index.first()), number(index.last()));
        let select = "SELECT seq, bytes FROM movements WHERE month IN (SELECT month FROM months) \
                      AND store = ? AND ordinal = ? AND seq BETWEEN ? AND ? UNION ALL \
                      SELECT seq, bytes FROM dead_letters \
                      WHERE store = ? AND epoch = ? AND seq BETWEEN ? AND ? AND reason <> 'forked' AND settled IS NOT 'applied' ORDER BY seq";
        let select = sqlx::query(select).bind(key).bind(ordinal).bind(first).bind(last);
        let select = select.bind(key).bind(epoch.0.cast_signed()).bind(first).bind(last);
        let digest = |row: &SqliteRow| {
            let (seq, bytes): (i64, Vec<u8>) = (row.try_get("seq")?, row.try_get("bytes")?);
            let position = Position { epoch, seq: unsigned(seq) };
            Ok((position.seq, movement_digest(store, position, &bytes)))
        };
        select.fetch_all(&self.read).await?.iter().map(digest).collect()
    }
}
