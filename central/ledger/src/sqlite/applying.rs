//! The apply transaction: compare-and-set of the position, then rows,
//! balances, blocks, dead letters, counts, in this order.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};
use tidemark_model::{EpochOrdinal, ParkReason, StoreId, StreamId};

use super::writing::Writing;
use super::{SqliteLedger, forks, kept, losses, number, openings, transit, unsigned};
use crate::apply::{self, ApplyRecord, BlockKey, DeadLetter, EpochCounts, EpochState, Known, Plan, StockFacts, Taken};
use crate::columns::{block_of, epoch_of, index_of};
use crate::error::{ApplyError, LedgerError};
use crate::rows::{LevelRow, PositionRow};

/// Rows of one statement: six values each stay far below SQLite's 32,766.
pub(super) const ROWS: usize = 1_000;

/// What applying changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Where the applier stands now.
    pub position: PositionRow,
    /// The levels that changed, each as it is after its batch.
    pub levels: Vec<LevelRow>,
    /// Movements that were new.
    pub movements: u64,
    /// Positions that were named lost.
    pub lost: u64,
    /// Movements that came after their epoch was closed.
    pub late: u64,
    /// Dead letters that are new.
    pub parked: u64,
    /// Forked letters that closed.
    pub closed: u64,
    /// Letters that an answered repair settled, or freed because it failed.
    pub repaired: u64,
    /// Whether what readers see of a whole epoch may have changed, beside
    /// `levels`.
    pub settled: bool,
}

/// What came of one transaction.
pub(crate) enum Once {
    /// It is done.
    Applied(Applied),
    /// Nothing is done: the batch has to be cut before this record.
    Cut(usize),
}

/// Keys by which stores are known inside the database.
pub(super) type StoreKeys = BTreeMap<StoreId, i64>;

impl SqliteLedger {
    /// Where the applier of a partition stands; a log with another identity
    /// begins anew, and its step goes on.
    pub async fn position(&self, partition: u32, stream: StreamId) -> Result<PositionRow, LedgerError> {
        let insert = "INSERT INTO positions (part, stream, next, step, published) VALUES (?, ?, 0, 0, 0) \
                      ON CONFLICT (part) DO UPDATE SET stream = excluded.stream, next = 0, step = step + 1 \
                      WHERE positions.stream <> excluded.stream";
        sqlx::query(insert).bind(partition).bind(stream.0.as_slice()).execute(&self.write).await?;
        let row = sqlx::query("SELECT next, step, others, published FROM positions WHERE part = ?").bind(partition);
        let row = row.fetch_one(&self.write).await?;
        let (next, step) = (unsigned(row.try_get("next")?), unsigned(row.try_get("step")?));
        let (others, published) = (unsigned(row.try_get("others")?), unsigned(row.try_get("published")?));
        Ok(PositionRow { stream, partition, next, step, others, published })
    }

    /// The log of a partition ends before where its applier stands: the
    /// applier goes on from its end. What was applied from behind it stays.
    pub async fn rewind(&self, at: PositionRow, end: u64) -> Result<(), LedgerError> {
        let update = "UPDATE positions SET next = ?, step = step + 1 \
                      WHERE part = ? AND stream = ? AND next = ? AND next > ?";
        let update = sqlx::query(update).bind(number(end)).bind(at.partition).bind(at.stream.0.as_slice());
        update.bind(number(at.next)).bind(number(end)).execute(&self.write).await?;
        Ok(())
    }

    /// Where all appliers stand.
    pub async fn positions(&self) -> Result<Vec<PositionRow>, LedgerError> {
        let rows = sqlx::query("SELECT part, stream, next, step, others, published FROM positions ORDER BY part")
            .fetch_all(&self.read);
        let read = |row: &sqlx::sqlite::SqliteRow| {
            let stream: Vec<u8> = row.try_get("stream")?;
            let stream = StreamId(stream.try_into().map_err(|_other_length| kept("a stream's identity has 16 bytes"))?);
            let (next, step) = (unsigned(row.try_get("next")?), unsigned(row.try_get("step")?));
            let (others, published) = (unsigned(row.try_get("others")?), unsigned(row.try_get("published")?));
            Ok(PositionRow { stream, partition: row.try_get("part")?, next, step, others, published })
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
        let mut done = Applied::at(at);
        // Parts that are still to be applied, the next one last.
        let mut parts: Vec<(&[ApplyRecord], u64)> = vec![(records, next)];
        while let Some((part, next)) = parts.pop() {
            let refused = match self.apply_once(done.position, part, next, now_ms, Refusal::Tell).await {
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
                    if let Once::Applied(applied) = self.apply_once(done.position, part, next, now_ms, park).await? {
                        done.take(applied);
                    }
                }
            }
        }
        Ok(done)
    }

    async fn apply_once(
        &self,
        at: PositionRow,
        records: &[ApplyRecord],
        next: u64,
        now_ms: i64,
        refusal: Refusal,
    ) -> Result<Once, ApplyError> {
        let mut change = self.change().await?;
        let moved = move_position(&mut change, at, next).await?;
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
        let stamp = (number(self.generation().0), i64::from(at.partition), number(moved.step));
        let writing = Writing { keys: &keys, now_ms, stamp, stock: &stock };
        let (levels, repaired) = writing.all(&mut change, &known, &plan).await?;
        change.commit().await?;
        let parked = u64::try_from(plan.dead_letters.len()).unwrap_or(u64::MAX);
        let settled = !openings::changed(&known, &plan).is_empty();
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

/// What to do with a record that the database refuses.
pub(crate) enum Refusal {
    /// Say so.
    Tell,
    /// Park it, with the database's words.
    Park(String),
}

impl Applied {
    /// Nothing is applied yet.
    pub(crate) const fn at(position: PositionRow) -> Self {
        Self {
            position,
            levels: Vec::new(),
            movements: 0,
            lost: 0,
            late: 0,
            parked: 0,
            closed: 0,
            repaired: 0,
            settled: false,
        }
    }

    pub(crate) fn take(&mut self, more: Self) {
        self.position = more.position;
        self.levels.extend(more.levels);
        self.movements += more.movements;
        self.lost += more.lost;
        self.late += more.late;
        self.parked += more.parked;
        self.closed += more.closed;
        self.repaired += more.repaired;
        self.settled |= more.settled;
    }
}

/// All that the plan would write as rows goes to the dead letters instead,
/// without effect.
pub(crate) fn park_all(plan: &mut Plan, why: &str) {
    plan.balances.clear();
    plan.stock = StockFacts::default();
    for row in std::mem::take(&mut plan.rows) {
        plan.dead_letters.push(DeadLetter {
            store: row.store.clone(),
            position: row.position,
            reason: ParkReason::DatabaseRefused,
            detail: why.to_owned(),
            raw: String::new(),
            code: String::new(),
            settled: false,
            document: (String::new(), String::new()),
            bytes: row.bytes,
        });
        if let Some(counts) = plan.counts.get_mut(&(row.store, row.position.epoch)) {
            counts.parked += 1;
        }
    }
}

/// Moves the position; where it is then. Steps of others, who move no position,
/// are no fence.
async fn move_position(change: &mut SqliteConnection, at: PositionRow, next: u64) -> Result<PositionRow, ApplyError> {
    let update = "UPDATE positions SET next = ?, step = step + 1, published = ? \
                  WHERE part = ? AND stream = ? AND next = ? AND step - others = ? RETURNING step, others";
    let moved = sqlx::query(update)
        .bind(number(next))
        .bind(number(at.published))
        .bind(at.partition)
        .bind(at.stream.0.as_slice())
        .bind(number(at.next))
        .bind(number(at.step.saturating_sub(at.others)))
        .fetch_optional(change)
        .await?;
    let Some(row) = moved else { return Err(ApplyError::Fenced(at.partition)) };
    Ok(PositionRow { next, step: unsigned(row.try_get("step")?), others: unsigned(row.try_get("others")?), ..at })
}

/// The keys of a batch's stores; a store the ledger does not know yet is
/// made, because its movements are in the stream.
pub(super) async fn store_keys(
    change: &mut SqliteConnection,
    records: &[ApplyRecord],
) -> Result<StoreKeys, LedgerError> {
    let stores: BTreeSet<&StoreId> = records.iter().map(|record| &record.store).collect();
    let mut keys = StoreKeys::new();
    for store in stores {
        let upsert =
            "INSERT INTO stores (store) VALUES (?) ON CONFLICT (store) DO UPDATE SET state = state RETURNING key";
        let row = sqlx::query(upsert).bind(store.as_str()).fetch_one(&mut *change).await?;
        keys.insert(store.clone(), row.try_get("key")?);
    }
    Ok(keys)
}

pub(super) async fn known(
    change: &mut SqliteConnection,
    records: &[ApplyRecord],
    keys: &StoreKeys,
    now_ms: i64,
) -> Result<Known, LedgerError> {
    let mut known = Known { named_at: now_ms, ..Known::default() };
    for (store, key) in keys {
        let select = "SELECT epoch, ordinal, closed, lost, forks, taken, settled, max(told, seen) AS tail FROM epochs WHERE store = ?";
        for row in sqlx::query(select).bind(key).fetch_all(&mut *change).await? {
            let epoch = epoch_of(&row)?;
            let (tail, lost) = (unsigned(row.try_get("tail")?), unsigned(row.try_get("lost")?));
            let (ordinal, closed) = (EpochOrdinal(row.try_get("ordinal")?), row.try_get("closed")?);
            let forks = unsigned(row.try_get("forks")?);
            let taken: Option<i64> = row.try_get("taken")?;
            let taken = Taken::of(taken.map(unsigned), row.try_get("settled")?);
            known.epochs.insert((store.clone(), epoch), EpochState { ordinal, closed, tail, lost, forks, taken });
        }
    }
    let touched: Vec<BlockKey> = apply::touched(records).into_iter().collect();
    let by_key: BTreeMap<i64, &StoreId> = keys.iter().map(|(store, key)| (*key, store)).collect();
    for chunk in touched.chunks(ROWS) {
        let mut query = QueryBuilder::<Sqlite>::new(
            "SELECT store, epoch, block, bitmap, digest, stock FROM blocks WHERE (store, epoch, block) IN (VALUES ",
        );
        let mut rows = query.separated(", ");
        for (store, epoch, index) in chunk {
            let Some(key) = keys.get(store) else { continue };
            rows.push("(");
            rows.push_bind_unseparated(*key).push_unseparated(", ");
            rows.push_bind_unseparated(epoch.0.cast_signed()).push_unseparated(", ");
            rows.push_bind_unseparated(number(index.0)).push_unseparated(")");
        }
        query.push(")");
        for row in query.build().fetch_all(&mut *change).await? {
            let Some(store) = by_key.get(&row.try_get::<i64, _>("store")?) else { continue };
            let epoch = epoch_of(&row)?;
            let index = index_of(&row)?;
            known.blocks.insert(((*store).clone(), epoch, index), block_of(&row)?);
        }
    }
    let touched = touched.into_iter().map(|(store, epoch, _)| (store, epoch)).collect();
    losses::know(change, records, keys, touched, &mut known).await?;
    forks::know(change, keys, &mut known).await?;
    openings::know(change, records, keys, &mut known).await?;
    Ok(known)
}

/// The calendar month of a moment, counted from year 0 (civil calendar from
/// days, H. Hinnant 2013).
pub(crate) fn month_of(now_ms: i64) -> i64 {
    let days = now_ms.div_euclid(86_400_000) + 719_468;
    let era = days.div_euclid(146_097);
    let day = days.rem_euclid(146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let (month, carry) = if shifted < 10 { (shifted + 3, 0) } else { (shifted - 9, 1) };
    (era * 400 + year + carry) * 12 + month - 1
}
