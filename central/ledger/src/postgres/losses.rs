//! Lost positions: read and written with a batch, told to people, signed.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use sqlx::Row as _;
use sqlx::postgres::{PgConnection, PgRow};
use tidemark_model::{BlockIndex, Epoch, Seq, SeqSet, StoreId};
use tidemark_sync::message::Blocks;

use super::applying::StoreKeys;
use super::{PostgresLedger, audit, plain};
use crate::apply::{self, ApplyRecord, Known, Loss, Plan};
use crate::columns::{block_of, epoch_of, index_of, loss_of};
use crate::error::LedgerError;
use crate::rows::{LossRow, Signature, Signed, UnsignedLosses};
use crate::sqlite::{kept, number, unsigned};

/// Adds to what is known the losses of epochs that the batch touches or
/// closes, and all blocks of those it closes.
pub(super) async fn know(
    change: &mut PgConnection,
    records: &[ApplyRecord],
    keys: &StoreKeys,
    touched: BTreeSet<(StoreId, Epoch)>,
    known: &mut Known,
) -> Result<(), LedgerError> {
    let closing = apply::closes(records, &known.epochs);
    for (store, epoch) in &closing {
        let select = "SELECT block, bitmap, digest, stock FROM blocks WHERE store = $1 AND epoch = $2 \
                      ORDER BY block FOR UPDATE";
        let rows = sqlx::query(select).bind(keys.get(store)).bind(epoch.0.cast_signed());
        for row in rows.fetch_all(&mut *change).await? {
            known.blocks.insert((store.clone(), *epoch, index_of(&row)?), block_of(&row)?);
        }
    }
    let touched = touched.into_iter().chain(closing);
    let has_lost = |key: &(StoreId, Epoch)| known.epochs.get(key).is_some_and(|state| state.lost > 0);
    for (store, epoch) in touched.filter(has_lost).collect::<BTreeSet<_>>() {
        // Locked, so that nobody signs what is being changed.
        let select = "SELECT first, last, cause, named_at, signature FROM losses WHERE store = $1 AND epoch = $2 \
                      ORDER BY first FOR UPDATE";
        let rows = sqlx::query(select).bind(keys.get(&store)).bind(epoch.0.cast_signed());
        let rows = rows.fetch_all(&mut *change).await?;
        let losses = known.losses.entry((store, epoch)).or_default();
        for row in &rows {
            losses.insert(unsigned(row.try_get("first")?), loss_of(row)?);
        }
    }
    Ok(())
}

/// Writes what the plan changes of the lost ranges.
pub(super) async fn write(
    change: &mut PgConnection,
    keys: &StoreKeys,
    known: &Known,
    plan: &Plan,
) -> Result<(), LedgerError> {
    for (of, after) in &plan.losses {
        let changes = known.losses.get(of).map_or_else(|| after.since(&apply::Losses::default()), |b| after.since(b));
        let (key, epoch) = (keys.get(&of.0).copied().unwrap_or(0), of.1.0.cast_signed());
        if !changes.gone.is_empty() {
            let gone: Vec<i64> = changes.gone.into_iter().map(number).collect();
            let delete = "DELETE FROM losses WHERE store = $1 AND epoch = $2 AND first = ANY($3)";
            sqlx::query(delete).bind(key).bind(epoch).bind(gone).execute(&mut *change).await?;
        }
        if changes.new.is_empty() {
            continue;
        }
        let insert = "INSERT INTO losses (store, epoch, first, last, named_at, signature, cause) SELECT $1, $2, n.* \
                      FROM UNNEST($3::int8[], $4::int8[], $5::int8[], $6::int8[], $7::text[]) AS n";
        let new = changes.new.iter();
        sqlx::query(insert)
            .bind(key)
            .bind(epoch)
            .bind(new.clone().map(|(first, _)| number(*first)).collect::<Vec<_>>())
            .bind(new.clone().map(|(_, loss)| number(loss.last)).collect::<Vec<_>>())
            .bind(new.clone().map(|(_, loss)| loss.named_at).collect::<Vec<_>>())
            .bind(new.clone().map(|(_, loss)| loss.signature).collect::<Vec<_>>())
            .bind(new.map(|(_, loss)| loss.cause.word()).collect::<Vec<_>>())
            .execute(&mut *change)
            .await?;
    }
    Ok(())
}

impl PostgresLedger {
    /// The positions of an open epoch that are not handled, of all blocks
    /// below the one of a seq.
    pub async fn missing_below(&self, store: &StoreId, epoch: Epoch, below: Seq) -> Result<SeqSet, LedgerError> {
        let select = "SELECT s.key, e.handled FROM epochs e JOIN stores s ON s.key = e.store \
                      WHERE s.store = $1 AND e.epoch = $2 AND NOT e.closed";
        let found = sqlx::query(select).bind(store.as_str()).bind(epoch.0.cast_signed());
        let Some(row) = found.fetch_optional(&self.write).await? else { return Ok(SeqSet::new()) };
        let (key, handled): (i64, i64) = (row.try_get("key")?, row.try_get("handled")?);
        let first = BlockIndex::of(below);
        // Those above are few, and say whether any below has to be looked at.
        let above = self.blocks_of(key, epoch, first..BlockIndex(u64::MAX)).await?;
        let above: u64 = above.values().map(|block| u64::from(block.bitmap.count())).sum();
        if unsigned(handled).saturating_sub(above) >= first.first().saturating_sub(1) {
            return Ok(SeqSet::new());
        }
        Ok(apply::missing_below(first.first(), &self.blocks_of(key, epoch, BlockIndex(0)..first).await?))
    }

    async fn blocks_of(&self, key: i64, epoch: Epoch, among: Range<BlockIndex>) -> Result<Blocks, LedgerError> {
        let select = "SELECT block, bitmap, digest, stock FROM blocks \
                      WHERE store = $1 AND epoch = $2 AND block >= $3 AND block < $4";
        let rows = sqlx::query(select).bind(key).bind(epoch.0.cast_signed());
        let rows = rows.bind(number(among.start.0)).bind(number(among.end.0)).fetch_all(&self.write).await?;
        rows.iter().map(|row| Ok((index_of(row)?, block_of(row)?))).collect()
    }

    /// A store's lost positions by range, unsigned ones first.
    pub async fn losses(&self, store: &StoreId, most: u32) -> Result<Vec<LossRow>, LedgerError> {
        let select = "SELECT l.epoch, l.first, l.last, l.cause, l.named_at, l.signature, s.signed_at, s.author, s.reason \
                      FROM losses l LEFT JOIN signatures s ON s.number = l.signature \
                      WHERE l.store = (SELECT key FROM stores WHERE store = $1) \
                      ORDER BY l.signature IS NOT NULL, l.named_at, l.epoch, l.first LIMIT $2";
        let rows = sqlx::query(select).bind(store.as_str()).bind(i64::from(most)).fetch_all(&self.read).await?;
        let read = |row: &PgRow| {
            let Loss { last, cause, named_at, signature } = loss_of(row)?;
            let signed = match signature {
                None => None,
                Some(_) => Some(Signature {
                    author: row.try_get("author")?,
                    reason: row.try_get("reason")?,
                    signed_at: row.try_get("signed_at")?,
                }),
            };
            let first = unsigned(row.try_get("first")?);
            Ok(LossRow { epoch: epoch_of(row)?, first, last, cause, named_at, signed })
        };
        rows.iter().map(read).collect()
    }

    /// The stores with losses that nobody signed yet, by name.
    pub async fn unsigned_losses(&self) -> Result<Vec<UnsignedLosses>, LedgerError> {
        let select = "SELECT s.store AS name, sum(l.last - l.first + 1)::int8 AS positions, count(*) AS ranges \
                      FROM losses l JOIN stores s ON s.key = l.store WHERE l.signature IS NULL \
                      GROUP BY s.store ORDER BY s.store";
        let read = |row: &PgRow| {
            Ok(UnsignedLosses {
                store: StoreId::new(row.try_get("name")?).map_err(kept)?,
                positions: unsigned(row.try_get("positions")?),
                ranges: unsigned(row.try_get("ranges")?),
            })
        };
        sqlx::query(select).fetch_all(&self.read).await?.iter().map(read).collect()
    }

    /// Signs a store's losses that nobody signed yet: all of them, or none if
    /// they are not as many as `seen`.
    pub async fn sign_losses(
        &self,
        store: &StoreId,
        seen: Option<u64>,
        signature: &Signature,
    ) -> Result<Signed, LedgerError> {
        let mut change = self.write.begin().await?;
        let found = sqlx::query("SELECT key FROM stores WHERE store = $1").bind(store.as_str());
        let Some(row) = found.fetch_optional(&mut *change).await? else {
            return Err(LedgerError::UnknownStore(store.to_string()));
        };
        let key: i64 = row.try_get("key")?;
        let open = "SELECT epoch, first, last FROM losses WHERE store = $1 AND signature IS NULL \
                    ORDER BY epoch, first FOR UPDATE";
        let rows = sqlx::query(open).bind(key).fetch_all(&mut *change).await?;
        let (mut epochs, mut firsts, mut positions) = (Vec::new(), Vec::new(), 0_u64);
        for row in &rows {
            let (first, last): (i64, i64) = (row.try_get("first")?, row.try_get("last")?);
            epochs.push(row.try_get::<i64, _>("epoch")?);
            firsts.push(first);
            positions = positions.saturating_add(unsigned(last.saturating_sub(first).saturating_add(1)));
        }
        if seen.is_some_and(|seen| seen != positions) {
            return Ok(Signed::Others { positions });
        }
        if positions > 0 {
            let insert = "INSERT INTO signatures (store, positions, signed_at, author, reason) VALUES ($1, $2, $3, $4, $5) \
                          RETURNING number";
            let insert = sqlx::query(insert).bind(key).bind(number(positions)).bind(signature.signed_at);
            let insert = insert.bind(plain(&signature.author)).bind(plain(&signature.reason));
            let row = insert.fetch_one(&mut *change).await?;
            // Those that were counted, and no other that is named meanwhile.
            let sign = "UPDATE losses l SET signature = $1 FROM UNNEST($3::int8[], $4::int8[]) AS n (epoch, first) \
                        WHERE l.store = $2 AND l.epoch = n.epoch AND l.first = n.first";
            let sign = sqlx::query(sign).bind(row.try_get::<i64, _>("number")?).bind(key).bind(epochs).bind(firsts);
            sign.execute(&mut *change).await?;
            audit::note(&mut change, self.by.as_deref()).await?;
        }
        change.commit().await?;
        Ok(Signed::Done { positions })
    }

    /// What is lost of each epoch of a store, as sets of ranges.
    pub(super) async fn lost_ranges(&self, store: &StoreId) -> Result<BTreeMap<Epoch, SeqSet>, LedgerError> {
        let select = "SELECT epoch, first, last FROM losses WHERE store = (SELECT key FROM stores WHERE store = $1)";
        let mut lost: BTreeMap<Epoch, SeqSet> = BTreeMap::new();
        for row in sqlx::query(select).bind(store.as_str()).fetch_all(&self.read).await? {
            let range = unsigned(row.try_get("first")?)..=unsigned(row.try_get("last")?);
            lost.entry(epoch_of(&row)?).or_default().insert(range);
        }
        Ok(lost)
    }
}
