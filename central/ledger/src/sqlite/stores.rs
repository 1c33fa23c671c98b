//! Stores, what their boxes say, and what a `Hello` is answered from.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::Row as _;
use tidemark_model::{Block, BlockIndex, Epoch, EpochOrdinal, Label, Seq, SeqSet, StoreId};
use tidemark_sync::message::{Blocks, Session};

use super::{SqliteLedger, audit, catalogue, kept, number, unsigned};
use crate::columns::{block_of, epoch_of, index_of};
use crate::error::LedgerError;
use crate::rows::{ChangedBlock, HeartbeatRow, StoreRecord, StoreRow};

/// What the ledger knows of a store whose box says `Hello`.
#[derive(Clone, Debug)]
pub struct StoreLook {
    /// open, planned or closed.
    pub state: String,
    /// Every epoch with its ordinal and whether it is closed.
    pub epochs: BTreeMap<Epoch, (EpochOrdinal, bool)>,
    /// The highest session heard of the epoch before this one.
    pub last_session: Option<Session>,
    /// The seq at which the box took its opening, as far as the ledger knows.
    pub taken: Option<Seq>,
    /// Handled blocks of the epoch.
    pub blocks: Blocks,
}

impl StoreLook {
    /// Every epoch of the store.
    #[must_use]
    pub fn all_epochs(&self) -> BTreeSet<Epoch> {
        self.epochs.keys().copied().collect()
    }
}

impl SqliteLedger {
    /// Makes a store if it is not there.
    pub async fn make_store(&self, store: &StoreId) -> Result<(), LedgerError> {
        let insert = "INSERT INTO stores (store) VALUES (?) ON CONFLICT DO NOTHING";
        sqlx::query(insert).bind(store.as_str()).execute(&self.write).await?;
        Ok(())
    }

    /// Makes or changes stores, all or none, in the order given. If that
    /// changes what a shop lists, the catalogue's new version.
    pub async fn put_stores(&self, stores: &[StoreRecord]) -> Result<Option<u64>, LedgerError> {
        let make = "INSERT INTO stores (store) VALUES (?1) ON CONFLICT DO NOTHING";
        let say = "UPDATE stores SET name = coalesce(?2, name), region = coalesce(?3, region), \
                   time_zone = coalesce(?4, time_zone), language = coalesce(?5, language), \
                   state = coalesce(?6, state), opening_hours = coalesce(?7, opening_hours) WHERE store = ?1";
        let mut change = self.change().await?;
        let list = "UPDATE stores SET assortment = ?2 WHERE store = ?1 AND assortment <> ?2";
        let mut listed = 0;
        for record in stores {
            let StoreRecord { store, name, region, time_zone, language, state, opening_hours, assortment } = record;
            sqlx::query(make).bind(store.as_str()).execute(&mut *change).await?;
            let say = sqlx::query(say).bind(store.as_str()).bind(name).bind(region);
            let say = say.bind(time_zone).bind(language).bind(state).bind(opening_hours);
            say.execute(&mut *change).await?;
            let list = sqlx::query(list).bind(store.as_str()).bind(assortment);
            listed += list.execute(&mut *change).await?.rows_affected();
        }
        let version = if listed > 0 { catalogue::raise(&mut change, self.generation().0).await? } else { None };
        audit::note(&mut change, self.by.as_deref()).await?;
        change.commit().await?;
        Ok(version)
    }

    /// Looks a store up for a `Hello` and, if it is new, stores its session
    /// and the tail it told with the same look: of the box's journal `held` is
    /// the lowest seq it holds and the last it committed. None if there is no
    /// such store.
    pub async fn look_up(
        &self,
        store: &StoreId,
        epoch: Epoch,
        session: Option<Session>,
        held: (Seq, Seq),
    ) -> Result<Option<StoreLook>, LedgerError> {
        let found = sqlx::query("SELECT key, state FROM stores WHERE store = ?").bind(store.as_str());
        let Some(row) = found.fetch_optional(&self.write).await? else { return Ok(None) };
        let (key, state): (i64, String) = (row.try_get("key")?, row.try_get("state")?);
        let mut epochs = BTreeMap::new();
        let (mut last_session, mut taken) = (None, None);
        let rows = sqlx::query("SELECT epoch, ordinal, closed, session, taken FROM epochs WHERE store = ?").bind(key);
        for row in rows.fetch_all(&self.write).await? {
            let of = epoch_of(&row)?;
            if of == epoch {
                last_session = Some(Session(unsigned(row.try_get("session")?))).filter(|session| session.0 > 0);
                taken = row.try_get::<Option<i64>, _>("taken")?.map(unsigned);
            }
            epochs.insert(of, (EpochOrdinal(row.try_get("ordinal")?), row.try_get("closed")?));
        }
        if let Some(session) = session {
            let note = "UPDATE epochs SET session = max(session, ?), told = max(told, ?) WHERE store = ? AND epoch = ?";
            let note = sqlx::query(note).bind(number(session.0)).bind(number(held.1)).bind(key);
            let note = note.bind(epoch.0.cast_signed());
            note.execute(&self.write).await?;
        }
        let select = "SELECT block, bitmap, digest, stock FROM blocks WHERE store = ? AND epoch = ? AND block >= ?";
        let first = number(BlockIndex::of(held.0.max(1)).0);
        let rows = sqlx::query(select).bind(key).bind(epoch.0.cast_signed()).bind(first).fetch_all(&self.write).await?;
        let mut blocks = Blocks::new();
        for row in &rows {
            blocks.insert(index_of(row)?, block_of(row)?);
        }
        Ok(Some(StoreLook { state, epochs, last_session, taken, blocks }))
    }

    /// Blocks of a partition's stores that changed after a step, in order.
    pub async fn blocks_changed(&self, partition: u32, after_step: u64) -> Result<Vec<ChangedBlock>, LedgerError> {
        let select = "SELECT s.store AS name, b.epoch, b.block, b.bitmap, b.digest, b.stock, b.step, \
                      EXISTS (SELECT 1 FROM losses l WHERE l.store = b.store AND l.epoch = b.epoch \
                      AND l.cause = 'unreadable' AND l.first <= 1024 * (b.block + 1) AND l.last > 1024 * b.block) \
                      OR EXISTS (SELECT 1 FROM dead_letters d WHERE d.store = b.store AND d.epoch = b.epoch \
                      AND d.seq > 1024 * b.block AND d.seq <= 1024 * (b.block + 1) \
                      AND d.reason IN ('undecodable', 'poison') AND d.settled IS NOT 'applied') AS has_lost FROM blocks b \
                      JOIN stores s ON s.key = b.store WHERE b.part = ? AND b.step > ? ORDER BY b.step";
        let rows = sqlx::query(select).bind(partition).bind(number(after_step)).fetch_all(&self.read).await?;
        let mut changed = Vec::with_capacity(rows.len());
        for row in &rows {
            let Ok(store) = StoreId::new(row.try_get("name")?) else { continue };
            changed.push(ChangedBlock {
                store,
                epoch: epoch_of(row)?,
                index: index_of(row)?,
                block: block_of(row)?,
                step: unsigned(row.try_get("step")?),
                has_lost: row.try_get("has_lost")?,
            });
        }
        Ok(changed)
    }

    /// Those of these epochs that a later one has closed.
    pub async fn closed_among(
        &self,
        epochs: &BTreeSet<(StoreId, Epoch)>,
    ) -> Result<BTreeSet<(StoreId, Epoch)>, LedgerError> {
        let select =
            "SELECT 1 FROM epochs e JOIN stores s ON s.key = e.store WHERE s.store = ? AND e.epoch = ? AND e.closed";
        let mut closed = BTreeSet::new();
        for (store, epoch) in epochs {
            let row = sqlx::query(select).bind(store.as_str()).bind(epoch.0.cast_signed());
            if row.fetch_optional(&self.read).await?.is_some() {
                closed.insert((store.clone(), *epoch));
            }
        }
        Ok(closed)
    }

    /// One block as it is now, and whether positions in it are lost.
    pub async fn block(
        &self,
        store: &StoreId,
        epoch: Epoch,
        index: BlockIndex,
    ) -> Result<Option<(Block, bool)>, LedgerError> {
        let select = "SELECT b.bitmap, b.digest, b.stock, \
                      EXISTS (SELECT 1 FROM losses l WHERE l.store = b.store AND l.epoch = b.epoch \
                      AND l.cause = 'unreadable' AND l.first <= 1024 * (b.block + 1) AND l.last > 1024 * b.block) \
                      OR EXISTS (SELECT 1 FROM dead_letters d WHERE d.store = b.store AND d.epoch = b.epoch \
                      AND d.seq > 1024 * b.block AND d.seq <= 1024 * (b.block + 1) \
                      AND d.reason IN ('undecodable', 'poison') AND d.settled IS NOT 'applied') AS has_lost \
                      FROM blocks b WHERE b.store = (SELECT key FROM stores WHERE store = ?) AND b.epoch = ? AND b.block = ?";
        let row = sqlx::query(select).bind(store.as_str()).bind(epoch.0.cast_signed()).bind(number(index.0));
        let row = row.fetch_optional(&self.read).await?;
        row.map(|row| Ok((block_of(&row)?, row.try_get("has_lost")?))).transpose()
    }

    /// Keeps what a box said, and the tail it told.
    pub async fn hear(&self, store: &StoreId, epoch: Epoch, body: &str, tail: Seq) -> Result<i64, LedgerError> {
        let mut change = self.change().await?;
        let row = sqlx::query("SELECT key FROM stores WHERE store = ?").bind(store.as_str());
        let Some(row) = row.fetch_optional(&mut *change).await? else {
            return Err(LedgerError::UnknownStore(store.to_string()));
        };
        let key: i64 = row.try_get("key")?;
        let upsert = "INSERT INTO heartbeats (store, seen_at, epoch, body) \
                      VALUES (?, CAST(unixepoch('subsec') * 1000 AS INTEGER), ?, ?) ON CONFLICT (store) DO UPDATE \
                      SET seen_at = excluded.seen_at, epoch = excluded.epoch, body = excluded.body RETURNING seen_at";
        let epoch = epoch.0.cast_signed();
        let kept = sqlx::query(upsert).bind(key).bind(epoch).bind(body).fetch_one(&mut *change).await?;
        let told = "UPDATE epochs SET told = max(told, ?) WHERE store = ? AND epoch = ?";
        sqlx::query(told).bind(number(tail)).bind(key).bind(epoch).execute(&mut *change).await?;
        change.commit().await?;
        Ok(kept.try_get("seen_at")?)
    }

    /// What the boxes said last.
    pub async fn heartbeats(&self) -> Result<Vec<HeartbeatRow>, LedgerError> {
        let select = "SELECT s.store AS name, h.seen_at, h.epoch, h.body, \
                      max(CAST(unixepoch('subsec') * 1000 AS INTEGER) - h.seen_at, 0) AS age \
                      FROM heartbeats h JOIN stores s ON s.key = h.store";
        let rows = sqlx::query(select).fetch_all(&self.read).await?;
        let mut heard = Vec::with_capacity(rows.len());
        for row in &rows {
            let Ok(store) = StoreId::new(row.try_get("name")?) else { continue };
            let epoch = epoch_of(row)?;
            let (seen_at, age_ms) = (row.try_get("seen_at")?, unsigned(row.try_get("age")?));
            heard.push(HeartbeatRow { store, seen_at, age_ms, epoch, body: row.try_get("body")? });
        }
        Ok(heard)
    }

    /// The assortment of a store; none if it has all items.
    pub async fn assortment(&self, store: &StoreId) -> Result<Option<Label>, LedgerError> {
        let select = sqlx::query("SELECT assortment FROM stores WHERE store = ?").bind(store.as_str());
        let Some(row) = select.fetch_optional(&self.read).await? else { return Ok(None) };
        let text: &str = row.try_get("assortment")?;
        if text.is_empty() { Ok(None) } else { Label::new(text).map(Some).map_err(kept) }
    }

    /// All stores, or one, with the counts of their books, by name.
    pub async fn stores(&self, one: Option<&StoreId>) -> Result<Vec<StoreRow>, LedgerError> {
        let select = "SELECT s.store AS store, s.name, s.region, s.time_zone, s.state, s.opening_hours, s.assortment, \
                      coalesce(sum(max(e.told, e.seen)), 0) AS committed, \
                      coalesce(sum(e.handled), 0) AS handled, coalesce(sum(e.parked), 0) AS parked, \
                      coalesce(sum(e.lost), 0) AS lost, coalesce(sum(e.late), 0) AS late, coalesce(sum(e.forks), 0) AS forks, \
                      coalesce((SELECT sum(l.last - l.first + 1) FROM losses l WHERE l.store = s.key AND l.signature IS NULL), 0) AS unsigned \
                      FROM stores s LEFT JOIN epochs e ON e.store = s.key \
                      WHERE ?1 IS NULL OR s.store = ?1 GROUP BY s.key ORDER BY s.store";
        let rows = sqlx::query(select).bind(one.map(StoreId::as_str)).fetch_all(&self.read).await?;
        let mut stores = Vec::with_capacity(rows.len());
        for row in &rows {
            let Ok(store) = StoreId::new(row.try_get("store")?) else { continue };
            let count = |name: &str| row.try_get::<i64, _>(name).map(unsigned);
            let (committed, handled, parked, lost) =
                (count("committed")?, count("handled")?, count("parked")?, count("lost")?);
            stores.push(StoreRow {
                store,
                name: row.try_get("name")?,
                region: row.try_get("region")?,
                time_zone: row.try_get("time_zone")?,
                state: row.try_get("state")?,
                opening_hours: row.try_get("opening_hours")?,
                assortment: row.try_get("assortment")?,
                committed,
                applied: handled.saturating_sub(parked).saturating_sub(lost),
                parked,
                lost,
                pending: committed.saturating_sub(handled),
                lost_unsigned: count("unsigned")?,
                late: count("late")?,
                forks: count("forks")?,
            });
        }
        Ok(stores)
    }

    /// How many ranges of seqs are on their way below the highest seen.
    pub async fn gaps(&self, store: &StoreId) -> Result<u64, LedgerError> {
        let select = "SELECT b.block, b.bitmap, b.digest, b.stock, b.epoch, e.seen FROM blocks b \
                      JOIN epochs e ON e.store = b.store AND e.epoch = b.epoch \
                      WHERE b.store = (SELECT key FROM stores WHERE store = ?) AND e.handled < e.seen";
        let rows = sqlx::query(select).bind(store.as_str()).fetch_all(&self.read).await?;
        let mut missing: BTreeMap<i64, SeqSet> = BTreeMap::new();
        for row in &rows {
            let (epoch, seen): (i64, i64) = (row.try_get("epoch")?, row.try_get("seen")?);
            let index = index_of(row)?;
            let all = 1..=unsigned(seen);
            let entry = missing.entry(epoch).or_insert_with(|| std::iter::once(all).collect());
            let held: SeqSet = block_of(row)?.bitmap.seqs(index).collect();
            entry.remove_all(&held);
        }
        for (epoch, lost) in self.lost_ranges(store).await? {
            missing.entry(epoch).or_default().remove_all(&lost);
        }
        Ok(missing.values().map(|gaps| u64::try_from(gaps.ranges().count()).unwrap_or(u64::MAX)).sum())
    }
}
