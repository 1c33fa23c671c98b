//! Epochs and their openings: blocks by which they settle, levels that readers
//! go on seeing.

use bytes::Bytes;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Row as _};
use tidemark_model::{BlockIndex, Epoch, EpochOrdinal, Seq, StoreId};

use super::applying::StoreKeys;
use super::transit::NOW;
use super::{PostgresLedger, ordinal_of, plain};
use crate::apply::{self, ApplyRecord, Known, Plan, Taken};
use crate::columns::{block_of, epoch_of, index_of};
use crate::error::LedgerError;
use crate::rows::{EpochRow, OpeningKept, ToldRow};
use crate::sqlite::{changed, kept, number, unsigned};

/// Adds to what is known the blocks by which an epoch may settle.
pub(super) async fn know(
    change: &mut PgConnection,
    records: &[ApplyRecord],
    keys: &StoreKeys,
    known: &mut Known,
) -> Result<(), LedgerError> {
    for ((store, epoch), seq) in apply::unsettled(records, &known.epochs) {
        let select = "SELECT block, bitmap, digest, stock FROM blocks \
                      WHERE store = $1 AND epoch = $2 AND block <= $3 ORDER BY block FOR UPDATE";
        let select = sqlx::query(select).bind(keys.get(&store)).bind(epoch.0.cast_signed());
        let last = number(BlockIndex::of(seq.max(1)).0);
        for row in select.bind(last).fetch_all(&mut *change).await? {
            known.blocks.insert((store.clone(), epoch, index_of(&row)?), block_of(&row)?);
        }
    }
    Ok(())
}

/// Keeps what readers see of a store's items, whose epoch ends.
pub(super) async fn keep_levels(change: &mut PgConnection, store: i64) -> Result<(), LedgerError> {
    let keep = "UPDATE balances b SET \
                old_on_hand = CASE WHEN b.ordinal < (SELECT max(ordinal) FROM epochs WHERE store = b.store AND settled) THEN b.effect_sum \
                WHEN e.taken IS NULL AND e.settled OR b.seq > e.taken THEN b.on_hand \
                WHEN e.settled THEN b.effect_sum ELSE b.old_on_hand END, \
                old_counted = CASE WHEN b.ordinal < (SELECT max(ordinal) FROM epochs WHERE store = b.store AND settled) THEN b.counted OR coalesce(b.old_counted, false) \
                WHEN e.taken IS NULL AND e.settled OR b.seq > e.taken THEN b.counted \
                WHEN e.settled THEN b.counted OR coalesce(b.old_counted, false) ELSE b.old_counted END \
                FROM epochs e WHERE e.store = b.store AND e.ordinal = b.ordinal AND b.store = $1";
    sqlx::query(keep).bind(store).execute(change).await?;
    Ok(())
}

/// Writes how boxes stand to their openings. What readers see of such an
/// epoch's items is told anew; once it is settled, of all older ones too.
pub(super) async fn write(
    change: &mut PgConnection,
    keys: &StoreKeys,
    (known, plan): (&Known, &Plan),
    (generation, part, step): (i64, i64, i64),
) -> Result<(), LedgerError> {
    for (of, taken) in changed(known, plan) {
        let (key, epoch) = (keys.get(&of.0), of.1.0.cast_signed());
        let set = "UPDATE epochs SET taken = $1, settled = $2 WHERE store = $3 AND epoch = $4";
        let set = sqlx::query(set).bind(taken.seq().map(number)).bind(taken.is_settled()).bind(key).bind(epoch);
        set.execute(&mut *change).await?;
        let tell = "UPDATE balances SET counter = counter + 1, generation = $1, part = $2, step = $3 WHERE store = $4 \
                    AND (SELECT balances.ordinal = e.ordinal OR e.settled AND balances.ordinal < e.ordinal \
                    FROM epochs e WHERE e.store = $4 AND e.epoch = $5)";
        let tell = sqlx::query(tell).bind(generation).bind(part).bind(step).bind(key).bind(epoch);
        tell.execute(&mut *change).await?;
    }
    Ok(())
}

impl PostgresLedger {
    /// The epochs of a store, in their order.
    pub async fn epochs(&self, store: &StoreId) -> Result<Vec<EpochRow>, LedgerError> {
        let select = "SELECT epoch, ordinal, taken, settled FROM epochs \
                      WHERE store = (SELECT key FROM stores WHERE store = $1) ORDER BY ordinal";
        let read = |row: &PgRow| {
            let taken: Option<i64> = row.try_get("taken")?;
            let taken = Taken::of(taken.map(unsigned), row.try_get("settled")?);
            Ok(EpochRow { epoch: epoch_of(row)?, ordinal: ordinal_of(row)?, taken })
        };
        sqlx::query(select).bind(store.as_str()).fetch_all(&self.read).await?.iter().map(read).collect()
    }

    /// How long ago, in milliseconds, anything was applied last that the epochs
    /// before one brought while they were open.
    pub async fn older_ms(&self, store: &StoreId, ordinal: EpochOrdinal) -> Result<Option<u64>, LedgerError> {
        let select = format!(
            "SELECT {NOW} - max(applied_at) FROM epochs \
             WHERE store = (SELECT key FROM stores WHERE store = $1) AND ordinal < $2"
        );
        let select = sqlx::query_scalar::<_, Option<i64>>(AssertSqlSafe(select)).bind(store.as_str());
        Ok(select.bind(i64::from(ordinal.0)).fetch_one(&self.read).await?.map(unsigned))
    }

    /// What an epoch's box brought while it was open, ascending by seq, above
    /// one: movements and dead letters, without forks.
    pub async fn told(
        &self,
        store: &StoreId,
        epoch: EpochRow,
        above: Seq,
        most: u32,
    ) -> Result<Vec<ToldRow>, LedgerError> {
        let select = "WITH s AS (SELECT key FROM stores WHERE store = $1) \
                      SELECT m.seq, m.bytes, false AS parked FROM months o CROSS JOIN LATERAL (SELECT seq, bytes FROM movements \
                      WHERE month = o.month AND store = (SELECT key FROM s) AND ordinal = $2 AND seq > $3 AND late IS NULL \
                      ORDER BY seq LIMIT $5) m UNION ALL \
                      SELECT seq, bytes, true AS parked FROM dead_letters WHERE store = (SELECT key FROM s) AND epoch = $4 \
                      AND seq > $3 AND reason <> 'forked' AND settled IS DISTINCT FROM 'applied' ORDER BY 1 LIMIT $5";
        let select = sqlx::query(select).bind(store.as_str()).bind(i64::from(epoch.ordinal.0)).bind(number(above));
        let rows = select.bind(epoch.epoch.0.cast_signed()).bind(i64::from(most)).fetch_all(&self.read).await?;
        let read = |row: &PgRow| {
            let bytes: Vec<u8> = row.try_get("bytes")?;
            let seq = unsigned(row.try_get("seq")?);
            Ok(ToldRow { seq, bytes: bytes.into(), parked: row.try_get("parked")? })
        };
        rows.iter().map(read).collect()
    }

    /// How far the opening of an epoch is kept; no pages if it is not.
    pub async fn opening(&self, store: &StoreId, ordinal: EpochOrdinal) -> Result<OpeningKept, LedgerError> {
        let mut connection = self.read.acquire().await?;
        kept_of(&mut connection, store, ordinal).await
    }

    /// Keeps which tills an epoch's box lets in.
    pub async fn keep_tills(&self, store: &StoreId, epoch: Epoch, body: &str) -> Result<(), LedgerError> {
        let upsert = "INSERT INTO tills (store, epoch, body) SELECT key, $1, $2 FROM stores WHERE store = $3 \
                      ON CONFLICT (store, epoch) DO UPDATE SET body = excluded.body";
        let upsert = sqlx::query(upsert).bind(epoch.0.cast_signed()).bind(plain(body)).bind(store.as_str());
        upsert.execute(&self.write).await?;
        Ok(())
    }

    /// The tills that the last box before an epoch let in, if any were told.
    pub async fn tills_before(&self, store: &StoreId, ordinal: EpochOrdinal) -> Result<Option<String>, LedgerError> {
        let select = "SELECT t.body FROM tills t JOIN epochs e USING (store, epoch) \
                      WHERE t.store = (SELECT key FROM stores WHERE store = $1) AND e.ordinal < $2 \
                      ORDER BY e.ordinal DESC LIMIT 1";
        let row = sqlx::query(select).bind(store.as_str()).bind(i64::from(ordinal.0));
        Ok(row.fetch_optional(&self.read).await?.map(|row| row.try_get("body")).transpose()?)
    }

    /// One page of an opening.
    pub async fn opening_page(
        &self,
        store: &StoreId,
        ordinal: EpochOrdinal,
        page: u32,
    ) -> Result<Option<Bytes>, LedgerError> {
        let select = "SELECT bytes FROM openings WHERE store = (SELECT key FROM stores WHERE store = $1) \
                      AND ordinal = $2 AND page = $3";
        let row = sqlx::query(select).bind(store.as_str()).bind(i64::from(ordinal.0)).bind(i64::from(page));
        let row = row.fetch_optional(&self.read).await?;
        row.map(|row| Ok(Bytes::from(row.try_get::<Vec<u8>, _>("bytes")?))).transpose()
    }

    /// Keeps pages of an opening from one on, if that is the next that is
    /// wanted; what is kept is never changed. How far it is kept then.
    pub async fn keep_opening(
        &self,
        store: &StoreId,
        ordinal: EpochOrdinal,
        from: u32,
        pages: &[(Bytes, bool)],
    ) -> Result<OpeningKept, LedgerError> {
        let mut change = self.write.begin().await?;
        // One at a time: two processes may make it at once.
        let lock = "SELECT key FROM stores WHERE store = $1 FOR UPDATE";
        let row = sqlx::query(lock).bind(store.as_str()).fetch_one(&mut *change).await?;
        let key: i64 = row.try_get("key")?;
        let held = kept_of(&mut change, store, ordinal).await?;
        if held.complete || held.pages != from {
            return Ok(held);
        }
        for ((bytes, last), page) in pages.iter().zip(from..) {
            let insert = "INSERT INTO openings (store, ordinal, page, last, bytes) VALUES ($1, $2, $3, $4, $5)";
            let insert = sqlx::query(insert).bind(key).bind(i64::from(ordinal.0)).bind(i64::from(page)).bind(last);
            insert.bind(bytes.as_ref()).execute(&mut *change).await?;
        }
        let now = kept_of(&mut change, store, ordinal).await?;
        change.commit().await?;
        Ok(now)
    }
}

async fn kept_of(
    connection: &mut PgConnection,
    store: &StoreId,
    ordinal: EpochOrdinal,
) -> Result<OpeningKept, LedgerError> {
    let select = "SELECT count(*) AS pages, coalesce(bool_or(last), false) AS complete, \
                  coalesce(sum(length(bytes)), 0)::int8 AS bytes FROM openings \
                  WHERE store = (SELECT key FROM stores WHERE store = $1) AND ordinal = $2";
    let row = sqlx::query(select).bind(store.as_str()).bind(i64::from(ordinal.0)).fetch_one(connection).await?;
    let pages = u32::try_from(row.try_get::<i64, _>("pages")?).map_err(kept)?;
    Ok(OpeningKept { pages, complete: row.try_get("complete")?, bytes: unsigned(row.try_get("bytes")?) })
}
