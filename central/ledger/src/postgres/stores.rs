//! Stores, what their boxes say, and what a `Hello` is answered from.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::Row as _;
use tidemark_model::{Block, BlockIndex, Epoch, Label, Seq, SeqSet, StoreId};
use tidemark_sync::message::{Blocks, Session};

use super::{PostgresLedger, audit, catalogue, ordinal_of, plain};
use crate::columns::{block_of, epoch_of, index_of};
use crate::error::LedgerError;
use crate::rows::{ChangedBlock, HeartbeatRow, StoreRecord, StoreRow};
use crate::sqlite::{StoreLook, kept, number, unsigned};

impl PostgresLedger {
    /// Makes a store if it is not there.
    pub async fn make_store(&self, store: &StoreId) -> Result<(), LedgerError> {
        let insert = "INSERT INTO stores (store) VALUES ($1) ON CONFLICT DO NOTHING";
        sqlx::query(insert).bind(store.as_str()).execute(&self.write).await?;
        Ok(())
    }

    /// Makes or changes stores, all or none, in the order given. If that
    /// changes what a shop lists, the catalogue's new version.
    pub async fn put_stores(&self, stores: &[StoreRecord]) -> Result<Option<u64>, LedgerError> {
        let make = "INSERT INTO stores (store) VALUES ($1) ON CONFLICT DO NOTHING";
        let say = "UPDATE stores SET name = coalesce($2, name), region = coalesce($3, region), \
                   time_zone = coalesce($4, time_zone), language = coalesce($5, language), \
                   state = coalesce($6, state), opening_hours = coalesce($7, opening_hours) WHERE store = $1";
        let mut change = self.write.begin().await?;
        let list = "UPDATE stores SET assortment = $2 WHERE store = $1 AND assortment <> $2";
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
        let version = if listed > 0 { catalogue::raise(&mut change).await? } else { None };
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
        let mut change = self.write.begin().await?;
        let found = sqlx::query("SELECT key, state FROM stores WHERE store = $1").bind(store.as_str());
        let Some(row) = found.fetch_optional(&mut *change).await? else { return Ok(None) };
        let (key, state): (i64, String) = (row.try_get("key")?, row.try_get("state")?);
        // Locked, so that of two boxes with one session the later one sees it.
        let rows = sqlx::query(
            "SELECT epoch, ordinal, closed, session, taken FROM epochs WHERE store = $1 ORDER BY epoch FOR UPDATE",
        );
        let mut epochs = BTreeMap::new();
        let (mut last_session, mut taken) = (None, None);
        for row in rows.bind(key).fetch_all(&mut *change).await? {
            let of = epoch_of(&row)?;
            if of == epoch {
                last_session = Some(Session(unsigned(row.try_get("session")?))).filter(|session| session.0 > 0);
                taken = row.try_get::<Option<i64>, _>("taken")?.map(unsigned);
            }
            epochs.insert(of, (ordinal_of(&row)?, row.try_get("closed")?));
        }
        if let Some(session) = session {
            let note = "UPDATE epochs SET session = greatest(session, $1), told = greatest(told, $2) WHERE store = $3 AND epoch = $4";
            let note = sqlx::query(note).bind(number(session.0)).bind(number(held.1)).bind(key);
            let note = note.bind(epoch.0.cast_signed());
            note.execute(&mut *change).await?;
        }
        change.commit().await?;
        let select = "SELECT block, bitmap, digest, stock FROM blocks WHERE store = $1 AND epoch = $2 AND block >= $3";
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
                      AND d.reason IN ('undecodable', 'poison') AND d.settled IS DISTINCT FROM 'applied') AS has_lost FROM blocks b \
                      JOIN stores s ON s.key = b.store WHERE b.part = $1 AND b.step > $2 ORDER BY b.step";
        let rows =
            sqlx::query(select).bind(i64::from(partition)).bind(number(after_step)).fetch_all(&self.read).await?;
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
        let select = "SELECT s.store AS name, e.epoch FROM unnest($1::text[], $2::int8[]) AS asked (store, epoch) \
                      JOIN stores s ON s.store = asked.store JOIN epochs e ON e.store = s.key AND e.epoch = asked.epoch \
                      WHERE e.closed";
        let stores: Vec<&str> = epochs.iter().map(|(store, _)| store.as_str()).collect();
        let asked: Vec<i64> = epochs.iter().map(|(_, epoch)| epoch.0.cast_signed()).collect();
        let mut closed = BTreeSet::new();
        for row in &sqlx::query(select).bind(stores).bind(asked).fetch_all(&self.write).await? {
            let Ok(store) = StoreId::new(row.try_get("name")?) else { continue };
            closed.insert((store, epoch_of(row)?));
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
                      AND d.reason IN ('undecodable', 'poison') AND d.settled IS DISTINCT FROM 'applied') AS has_lost \
                      FROM blocks b WHERE b.store = (SELECT key FROM stores WHERE store = $1) AND b.epoch = $2 AND b.block = $3";
        let row = sqlx::query(select).bind(store.as_str()).bind(epoch.0.cast_signed()).bind(number(index.0));
        let row = row.fetch_optional(&self.read).await?;
        row.map(|row| Ok((block_of(&row)?, row.try_get("has_lost")?))).transpose()
    }

    /// Keeps what a box said, and the tail it told.
    pub async fn hear(&self, store: &StoreId, epoch: Epoch, body: &str, tail: Seq) -> Result<i64, LedgerError> {
        let mut change = self.write.begin().await?;
        let row = sqlx::query("SELECT key FROM stores WHERE store = $1").bind(store.as_str());
        let Some(row) = row.fetch_optional(&mut *change).await? else {
            return Err(LedgerError::UnknownStore(store.to_string()));
        };
        let key: i64 = row.try_get("key")?;
        let epoch = epoch.0.cast_signed();
        let upsert = "INSERT INTO heartbeats (store, seen_at, epoch, body) \
                      VALUES ($1, (extract(epoch FROM clock_timestamp()) * 1000)::int8, $2, $3) ON CONFLICT (store) DO UPDATE \
                      SET seen_at = excluded.seen_at, epoch = excluded.epoch, body = excluded.body RETURNING seen_at";
        let upsert = sqlx::query(upsert).bind(key).bind(epoch).bind(plain(body));
        let kept = upsert.fetch_one(&mut *change).await?;
        let told = "UPDATE epochs SET told = greatest(told, $1) WHERE store = $2 AND epoch = $3";
        sqlx::query(told).bind(number(tail)).bind(key).bind(epoch).execute(&mut *change).await?;
        change.commit().await?;
        Ok(kept.try_get("seen_at")?)
    }

    /// What the boxes said last.
    pub async fn heartbeats(&self) -> Result<Vec<HeartbeatRow>, LedgerError> {
        let select = "SELECT s.store AS name, h.seen_at, h.epoch, h.body, \
                      greatest((extract(epoch FROM clock_timestamp()) * 1000)::int8 - h.seen_at, 0) AS age \
                      FROM heartbeats h JOIN stores s ON s.key = h.store";
        // Of the primary: its clock made the moments, and decisions read it.
        let rows = sqlx::query(select).fetch_all(&self.write).await?;
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
        let select = sqlx::query("SELECT assortment FROM stores WHERE store = $1").bind(store.as_str());
        let Some(row) = select.fetch_optional(&self.read).await? else { return Ok(None) };
        let text: &str = row.try_get("assortment")?;
        if text.is_empty() { Ok(None) } else { Label::new(text).map(Some).map_err(kept) }
    }

    /// All stores, or one, with the counts of their books, by name.
    pub async fn stores(&self, one: Option<&StoreId>) -> Result<Vec<StoreRow>, LedgerError> {
        let select = "SELECT s.store AS store, s.name, s.region, s.time_zone, s.state, s.opening_hours, s.assortment, \
                      coalesce(sum(greatest(e.told, e.seen)), 0)::int8 AS committed, \
                      coalesce(sum(e.handled), 0)::int8 AS handled, coalesce(sum(e.parked), 0)::int8 AS parked, \
                      coalesce(sum(e.lost), 0)::int8 AS lost, coalesce(sum(e.late), 0)::int8 AS late, coalesce(sum(e.forks), 0)::int8 AS forks, \
                      coalesce((SELECT sum(l.last - l.first + 1) FROM losses l WHERE l.store = s.key AND l.signature IS NULL), 0)::int8 AS unsigned \
                      FROM stores s LEFT JOIN epochs e ON e.store = s.key \
                      WHERE $1::text IS NULL OR s.store = $1 GROUP BY s.key ORDER BY s.store";
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
                      WHERE b.store = (SELECT key FROM stores WHERE store = $1) AND e.handled < e.seen";
        let rows = sqlx::query(select).bind(store.as_str()).fetch_all(&self.read).await?;
        let mut missing: BTreeMap<Epoch, SeqSet> = BTreeMap::new();
        for row in &rows {
            let all = 1..=unsigned(row.try_get("seen")?);
            let entry = missing.entry(epoch_of(row)?).or_insert_with(|| std::iter::once(all).collect());
            let held: SeqSet = block_of(row)?.bitmap.seqs(index_of(row)?).collect();
            entry.remove_all(&held);
        }
        for (epoch, lost) in self.lost_ranges(store).await? {
            missing.entry(epoch).or_default().remove_all(&lost);
        }
        Ok(missing.values().map(|gaps| u64::try_from(gaps.ranges().count()).unwrap_or(u64::MAX)).sum())
    }
}
