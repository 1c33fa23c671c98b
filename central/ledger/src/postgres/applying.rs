//! The apply transaction: compare-and-set of the position, what is known,
//! the decision, the rows.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::Row as _;
use sqlx::postgres::{PgConnection, PgRow};
use tidemark_model::{StoreId, StreamId};

use super::writing::Writing;
use super::{APPLIED_WITHIN, PostgresLedger, forks, losses, openings, ordinal_of, too_late, transit};
use crate::apply::{self, ApplyRecord, BlockKey, EpochCounts, EpochState, Known, Taken};
use crate::columns::{block_of, epoch_of, index_of};
use crate::error::{ApplyError, LedgerError};
use crate::rows::PositionRow;
use crate::sqlite::{Applied, Once, Refusal, changed, kept, month_of, number, park_all, unsigned};

/// Keys by which stores are known inside the database.
pub(super) type StoreKeys = BTreeMap<StoreId, i64>;

impl PostgresLedger {
    /// Where the applier of a partition stands; a log with another identity
    /// begins anew, and its step goes on.
    pub async fn position(&self, partition: u32, stream: StreamId) -> Result<PositionRow, LedgerError> {
        let insert = "INSERT INTO positions (part, stream, next, step, published) VALUES ($1, $2, 0, 0, 0) \
                      ON CONFLICT (part) DO UPDATE SET stream = excluded.stream, next = 0, step = positions.step + 1 \
                      WHERE positions.stream <> excluded.stream";
        let part = i64::from(partition);
        sqlx::query(insert).bind(part).bind(stream.0.as_slice()).execute(&self.write).await?;
        let row = sqlx::query("SELECT next, step, others, published FROM positions WHERE part = $1").bind(part);
        let row = row.fetch_one(&self.write).await?;
        let (next, step) = (unsigned(row.try_get("next")?), unsigned(row.try_get("step")?));
        let (others, published) = (unsigned(row.try_get("others")?), unsigned(row.try_get("published")?));
        Ok(PositionRow { stream, partition, next, step, others, published })
    }

    /// The log of a partition ends before where its applier stands: the
    /// applier goes on from its end. What was applied from behind it stays.
    pub async fn rewind(&self, at: PositionRow, end: u64) -> Result<(), LedgerError> {
        let update = "UPDATE positions SET next = $1, step = step + 1 \
                      WHERE part = $2 AND stream = $3 AND next = $4 AND next > $5";
        let update = sqlx::query(update).bind(number(end)).bind(i64::from(at.partition)).bind(at.stream.0.as_slice());
        update.bind(number(at.next)).bind(number(end)).execute(&self.write).await?;
        Ok(())
    }

    /// Where all appliers stand.
    pub async fn positions(&self) -> Result<Vec<PositionRow>, LedgerError> {
        let rows = sqlx::query("SELECT part, stream, next, step, others, published FROM positions ORDER BY part")
            .fetch_all(&self.read);
        let read = |row: &PgRow| {
            let stream: Vec<u8> = row.try_get("stream")?;
            let stream = StreamId(stream.try_into().map_err(|_length| kept("a stream's identity has 16 bytes"))?);
            let partition = u32::try_from(row.try_get::<i64, _>("part")?).map_err(kept)?;
            let (next, step) = (unsigned(row.try_get("next")?), unsigned(row.try_get("step")?));
            let (others, published) = (unsigned(row.try_get("others")?), unsigned(row.try_get("published")?));
            Ok(PositionRow { stream, partition, next, step, others, published })
        };
        rows.await?.iter().map(read).collect()
    }

    /// Applies records of one partition, which end before offset `next`. A
    /// record that the database refuses is found by halving, and parked.
    pub async fn apply(
        &self,
        at: PositionRow,
        records: &[ApplyRecord],
        next: u64,
        now_ms: i64,
    ) -> Result<Applied, ApplyError> {
        self.make_months(month_of(now_ms)).await?;
        let mut done = Applied::at(at);
        // Parts that are still to be applied, the next one last.
        let mut parts: Vec<(&[ApplyRecord], u64)> = vec![(records, next)];
        while let Some((part, next)) = parts.pop() {
            let refused = match self.apply_in_time(done.position, part, next, now_ms, Refusal::Tell).await {
                Ok(Once::Applied(applied)) => {
                    done.take(applied);
                    continue;
                }
                Ok(Once::Cut(at)) => {
                    let (first, second) = part.split_at(at);
                    parts.push((second, next));
                    parts.push((first, second.first().map_or(next, |begin| begin.offset)));
                    continue;
                }
                Err(ApplyError::Ledger(LedgerError::Data(error))) => error,
                Err(other) => return Err(other),
            };
            let (first, second) = part.split_at(part.len() / 2);
            match second.first() {
                Some(begin) if !first.is_empty() => {
                    parts.push((second, next));
                    parts.push((first, begin.offset));
                }
                Some(_) | None => {
                    let park = Refusal::Park(refused.to_string());
                    if let Once::Applied(applied) = self.apply_in_time(done.position, part, next, now_ms, park).await? {
                        done.take(applied);
                    }
                }
            }
        }
        Ok(done)
    }

    async fn apply_in_time(
        &self,
        at: PositionRow,
        records: &[ApplyRecord],
        next: u64,
        now_ms: i64,
        refusal: Refusal,
    ) -> Result<Once, ApplyError> {
        let applying = self.apply_once(at, records, next, now_ms, refusal);
        match tokio::time::timeout(APPLIED_WITHIN, applying).await {
            Ok(Err(ApplyError::Ledger(error))) => Err(self.unless_month_is_missing(error).into()),
            Ok(done) => done,
            Err(_) => Err(too_late("applying a batch").into()),
        }
    }

    async fn apply_once(
        &self,
        at: PositionRow,
        records: &[ApplyRecord],
        next: u64,
        now_ms: i64,
        refusal: Refusal,
    ) -> Result<Once, ApplyError> {
        let mut change = self.write.begin().await?;
        let (generation, moved) = move_position(&mut change, at, next).await?;
        let keys = store_keys(&mut change, records).await?;
        let known = known(&mut change, records, &keys, now_ms).await?;
        let mut plan = apply::decide(records, &known);
        if let Some(at) = plan.cut {
            change.rollback().await?;
            return Ok(Once::Cut(at));
        }
        let held = forks::held(&mut change, &plan, &keys).await?;
        plan.park_forks(held);
        if let Refusal::Park(why) = refusal {
            park_all(&mut plan, &why);
        }
        let stock = transit::held(&mut change, &plan.stock, &keys).await?;
        let stamp = (generation, i64::from(at.partition), number(moved.step));
        let (levels, repaired) =
            Writing { keys: &keys, now_ms, stamp, stock: &stock }.all(&mut change, &known, &plan).await?;
        change.commit().await?;
        self.learn_generation(unsigned(generation));
        let parked = u64::try_from(plan.dead_letters.len()).unwrap_or(u64::MAX);
        let settled = !changed(&known, &plan).is_empty();
        Ok(Once::Applied(Applied {
            position: moved,
            levels,
            movements: plan.counts.values().map(EpochCounts::movements).sum(),
            lost: plan.counts.values().map(|counts| u64::try_from(counts.lost).unwrap_or(0)).sum(),
            late: plan.counts.values().map(|counts| counts.late).sum(),
            parked,
            closed: u64::try_from(plan.replayed.len()).unwrap_or(u64::MAX),
            repaired,
            settled,
        }))
    }
}

/// Moves the position, which locks it; the generation rows are stamped with,
/// and where it is then. Steps of others, who move no position, are no fence.
/// Settings may change while a connection is open, so they are looked at here
/// too: it costs no round trip.
async fn move_position(
    change: &mut PgConnection,
    at: PositionRow,
    next: u64,
) -> Result<(i64, PositionRow), ApplyError> {
    let update = "UPDATE positions SET next = $1, step = step + 1, published = $6 \
                  WHERE part = $2 AND stream = $3 AND next = $4 AND step - others = $5 \
                  RETURNING step, others, (SELECT generation FROM history) AS generation, current_setting('fsync') AS fsync, \
                  current_setting('synchronous_commit') AS synchronous_commit";
    let moved = sqlx::query(update)
        .bind(number(next))
        .bind(i64::from(at.partition))
        .bind(at.stream.0.as_slice())
        .bind(number(at.next))
        .bind(number(at.step.saturating_sub(at.others)))
        .bind(number(at.published))
        .fetch_optional(change)
        .await?;
    let Some(row) = moved else { return Err(ApplyError::Fenced(at.partition)) };
    for (name, bad) in [("fsync", "off"), ("synchronous_commit", "off")] {
        let found: String = row.try_get(name)?;
        if found == bad {
            return Err(LedgerError::Setting { name, found, wanted: "on" }.into());
        }
    }
    let (step, others) = (unsigned(row.try_get("step")?), unsigned(row.try_get("others")?));
    Ok((row.try_get("generation")?, PositionRow { next, step, others, ..at }))
}

/// The keys of a batch's stores; a store the ledger does not know yet is
/// made, because its movements are in the stream.
pub(super) async fn store_keys(change: &mut PgConnection, records: &[ApplyRecord]) -> Result<StoreKeys, LedgerError> {
    let stores: BTreeSet<&StoreId> = records.iter().map(|record| &record.store).collect();
    let mut keys = StoreKeys::new();
    find_stores(change, &stores, &mut keys).await?;
    let new: Vec<&str> =
        stores.iter().filter(|store| !keys.contains_key(**store)).map(|store| store.as_str()).collect();
    if !new.is_empty() {
        let insert = "INSERT INTO stores (store) SELECT * FROM UNNEST($1::text[]) ON CONFLICT DO NOTHING";
        sqlx::query(insert).bind(new).execute(&mut *change).await?;
        find_stores(change, &stores, &mut keys).await?;
    }
    Ok(keys)
}

async fn find_stores(
    change: &mut PgConnection,
    stores: &BTreeSet<&StoreId>,
    keys: &mut StoreKeys,
) -> Result<(), LedgerError> {
    let names: Vec<&str> = stores.iter().map(|store| store.as_str()).collect();
    let select = sqlx::query("SELECT store, key FROM stores WHERE store = ANY($1)").bind(names);
    for row in select.fetch_all(change).await? {
        keys.insert(StoreId::new(row.try_get("store")?).map_err(kept)?, row.try_get("key")?);
    }
    Ok(())
}

pub(super) async fn known(
    change: &mut PgConnection,
    records: &[ApplyRecord],
    keys: &StoreKeys,
    now_ms: i64,
) -> Result<Known, LedgerError> {
    let mut known = Known { named_at: now_ms, ..Known::default() };
    let by_key: BTreeMap<i64, &StoreId> = keys.iter().map(|(store, key)| (*key, store)).collect();
    let of: Vec<i64> = by_key.keys().copied().collect();
    let epochs = "SELECT store, epoch, ordinal, closed, lost, forks, taken, settled, greatest(told, seen) AS tail FROM epochs WHERE store = ANY($1)";
    for row in sqlx::query(epochs).bind(of).fetch_all(&mut *change).await? {
        let Some(store) = by_key.get(&row.try_get("store")?) else { continue };
        let (tail, lost) = (unsigned(row.try_get("tail")?), unsigned(row.try_get("lost")?));
        let (ordinal, closed, forks) = (ordinal_of(&row)?, row.try_get("closed")?, unsigned(row.try_get("forks")?));
        let taken: Option<i64> = row.try_get("taken")?;
        let taken = Taken::of(taken.map(unsigned), row.try_get("settled")?);
        let state = EpochState { ordinal, closed, tail, lost, forks, taken };
        known.epochs.insert(((*store).clone(), epoch_of(&row)?), state);
    }
    let touched: BTreeSet<BlockKey> = apply::touched(records);
    let place = |(store, epoch, index): &BlockKey| Some((*keys.get(store)?, epoch.0.cast_signed(), number(index.0)));
    let (stores, rest): (Vec<i64>, Vec<(i64, i64)>) =
        touched.iter().filter_map(place).map(|(store, epoch, block)| (store, (epoch, block))).unzip();
    let (epochs, blocks): (Vec<i64>, Vec<i64>) = rest.into_iter().unzip();
    let select = "SELECT b.store, b.epoch, b.block, b.bitmap, b.digest, b.stock FROM blocks b \
                  JOIN UNNEST($1::int8[], $2::int8[], $3::int8[]) AS wanted (store, epoch, block) \
                  USING (store, epoch, block) ORDER BY b.store, b.epoch, b.block FOR UPDATE OF b";
    for row in sqlx::query(select).bind(stores).bind(epochs).bind(blocks).fetch_all(&mut *change).await? {
        let Some(store) = by_key.get(&row.try_get("store")?) else { continue };
        known.blocks.insert(((*store).clone(), epoch_of(&row)?, index_of(&row)?), block_of(&row)?);
    }
    let touched = touched.into_iter().map(|(store, epoch, _)| (store, epoch)).collect();
    losses::know(change, records, keys, touched, &mut known).await?;
    forks::know(change, keys, &mut known).await?;
    openings::know(change, records, keys, &mut known).await?;
    Ok(known)
}
