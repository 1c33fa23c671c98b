//! What a plan writes, a statement a table, each with its keys sorted.

use std::borrow::Cow;
use std::collections::BTreeMap;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Row as _};
use tidemark_model::digest::movement_digest;
use tidemark_model::{Basis, Epoch, StoreId};

use super::applying::StoreKeys;
use super::instructions::{self, Told};
use super::transit::NOW;
use super::{attention, losses, openings, ordinal_of, plain, reservations, safety, steps, transit};
use crate::apply::{DeadLetter, EpochCounts, Known, Plan, StockHeld, offers};
use crate::columns::level_of;
use crate::error::LedgerError;
use crate::letters::ANSWERED;
use crate::levels::takens;
use crate::rows::LevelRow;
use crate::sqlite::{month_of, number};
use crate::steps::levels_of_step;

/// Writes a plan.
pub(super) struct Writing<'p> {
    pub(super) keys: &'p StoreKeys,
    pub(super) now_ms: i64,
    /// Generation, partition, step.
    pub(super) stamp: (i64, i64, i64),
    /// What is held of goods between stores.
    pub(super) stock: &'p StockHeld,
}

impl Writing<'_> {
    /// In the order in which everybody locks.
    pub(super) async fn all(
        &self,
        change: &mut PgConnection,
        known: &Known,
        plan: &Plan,
    ) -> Result<(Vec<LevelRow>, u64), LedgerError> {
        self.opened(change, plan).await?;
        self.blocks(change, plan).await?;
        reservations::fulfil(change, self.keys, &plan.stock, self.stamp).await?;
        let mut levels = self.balances(change, (known, plan)).await?;
        safety::keep_back(change, self.keys, &mut levels).await?;
        transit::write(change, self.keys, &plan.stock, self.stock).await?;
        attention::write(change, self.keys, &plan.stock).await?;
        openings::write(change, self.keys, (known, plan), self.stamp).await?;
        steps::write(change, self.stamp, levels_of_step(known, plan)).await?;
        self.counts(change, plan).await?;
        losses::write(change, self.keys, known, plan).await?;
        self.movements(change, plan).await?;
        self.dead_letters(change, plan).await?;
        self.replayed(change, plan).await?;
        instructions::add(change, &offers(plan), self.now_ms).await?;
        Ok((levels, self.answered(change, plan).await?))
    }

    fn key(&self, store: &StoreId) -> i64 {
        self.keys.get(store).copied().unwrap_or(0)
    }

    async fn opened(&self, change: &mut PgConnection, plan: &Plan) -> Result<(), LedgerError> {
        // By store; the epochs of one store in the order in which they began.
        let mut opened: Vec<_> =
            plan.opened.iter().map(|(store, epoch, ordinal)| (self.key(store), epoch, ordinal)).collect();
        opened.sort_by_key(|(key, ..)| *key);
        // Before a store's first epoch there was nothing to take over.
        for (key, epoch, ordinal) in opened {
            openings::keep_levels(change, key).await?;
            sqlx::query("UPDATE epochs SET closed = true WHERE store = $1").bind(key).execute(&mut *change).await?;
            let open = "INSERT INTO epochs (store, epoch, ordinal, settled) VALUES ($1, $2, $3, $3 = 1)";
            let open = sqlx::query(open).bind(key).bind(epoch.0.cast_signed()).bind(i64::from(ordinal.0));
            open.execute(&mut *change).await?;
        }
        Ok(())
    }

    async fn blocks(&self, change: &mut PgConnection, plan: &Plan) -> Result<(), LedgerError> {
        if plan.blocks.is_empty() {
            return Ok(());
        }
        let upsert = "INSERT INTO blocks (store, epoch, block, digest, stock, bitmap, generation, part, step) \
                      SELECT n.*, $7, $8, $9 \
                      FROM UNNEST($1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::int8[], $6::bytea[]) AS n \
                      ON CONFLICT (store, epoch, block) DO UPDATE SET bitmap = excluded.bitmap, digest = excluded.digest, \
                      stock = excluded.stock, generation = excluded.generation, part = excluded.part, step = excluded.step";
        let keys = plan.blocks.keys();
        sqlx::query(upsert)
            .bind(keys.clone().map(|(store, ..)| self.key(store)).collect::<Vec<_>>())
            .bind(keys.clone().map(|(_, epoch, _)| epoch.0.cast_signed()).collect::<Vec<_>>())
            .bind(keys.map(|(.., index)| number(index.0)).collect::<Vec<_>>())
            .bind(plan.blocks.values().map(|block| block.digest.cast_signed()).collect::<Vec<_>>())
            .bind(plan.blocks.values().map(|block| block.stock.cast_signed()).collect::<Vec<_>>())
            .bind(plan.blocks.values().map(|block| block.bitmap.to_bytes().to_vec()).collect::<Vec<_>>())
            .bind(self.stamp.0)
            .bind(self.stamp.1)
            .bind(self.stamp.2)
            .execute(change)
            .await?;
        Ok(())
    }

    /// Adds to the balances; the levels that follow.
    async fn balances(
        &self,
        change: &mut PgConnection,
        (known, plan): (&Known, &Plan),
    ) -> Result<Vec<LevelRow>, LedgerError> {
        if plan.balances.is_empty() {
            return Ok(Vec::new());
        }
        let upsert = "INSERT INTO balances AS b (store, sku, effect_sum, on_hand, counted, ordinal, seq, counter, \
                      changed_at, generation, part, step) SELECT n.*, 1, $8, $9, $10, $11 FROM UNNEST($1::int8[], \
                      $2::text[], $3::int8[], $4::int8[], $5::bool[], $6::int8[], $7::int8[]) AS n \
                      ON CONFLICT (store, sku) DO UPDATE SET effect_sum = b.effect_sum + excluded.effect_sum, \
                      on_hand = CASE WHEN (excluded.ordinal, excluded.seq) > (b.ordinal, b.seq) THEN excluded.on_hand ELSE b.on_hand END, \
                      counted = CASE WHEN (excluded.ordinal, excluded.seq) > (b.ordinal, b.seq) THEN excluded.counted ELSE b.counted END, \
                      seq = CASE WHEN (excluded.ordinal, excluded.seq) > (b.ordinal, b.seq) THEN excluded.seq ELSE b.seq END, \
                      ordinal = greatest(b.ordinal, excluded.ordinal), counter = b.counter + 1, changed_at = excluded.changed_at, \
                      generation = excluded.generation, part = excluded.part, step = excluded.step \
                      RETURNING store, sku, effect_sum, on_hand, counted, ordinal, seq, counter, changed_at, generation, reserved, \
                      old_on_hand, old_counted, 0::int8 AS safety";
        let (keys, values) = (plan.balances.keys(), plan.balances.values());
        let rows = sqlx::query(upsert)
            .bind(keys.clone().map(|(store, _)| self.key(store)).collect::<Vec<_>>())
            .bind(keys.map(|(_, sku)| sku.as_str()).collect::<Vec<_>>())
            .bind(values.clone().map(|balance| balance.effect).collect::<Vec<_>>())
            .bind(values.clone().map(|balance| balance.on_hand.as_thousandths()).collect::<Vec<_>>())
            .bind(values.clone().map(|balance| balance.basis == Basis::Counted).collect::<Vec<_>>())
            .bind(values.clone().map(|balance| i64::from(balance.at.0.0)).collect::<Vec<_>>())
            .bind(values.map(|balance| number(balance.at.1)).collect::<Vec<_>>())
            .bind(self.now_ms)
            .bind(self.stamp.0)
            .bind(self.stamp.1)
            .bind(self.stamp.2)
            .fetch_all(change)
            .await?;
        let by_key: BTreeMap<i64, &StoreId> = self.keys.iter().map(|(store, key)| (*key, store)).collect();
        let (takens, mut levels) = (takens(known, plan), Vec::with_capacity(rows.len()));
        for row in &rows {
            let Some(store) = by_key.get(&row.try_get("store")?) else { continue };
            let taken = takens.get(&(*store, ordinal_of(row)?)).copied().unwrap_or_default();
            // A batch brings balances of the newest epoch alone.
            levels.push(level_of(row, (*store).clone(), (taken, false))?);
        }
        Ok(levels)
    }

    async fn counts(&self, change: &mut PgConnection, plan: &Plan) -> Result<(), LedgerError> {
        if plan.counts.is_empty() {
            return Ok(());
        }
        // An update takes its rows in any order; the locks before it don't.
        let update = format!(
            "WITH n AS (SELECT n.* FROM epochs e JOIN UNNEST($1::int8[], $2::int8[], $3::int8[], $4::int8[], \
             $5::int8[], $6::int8[], $7::int8[], $8::int8[], $9::bool[]) \
             AS n (store, epoch, handled, parked, seen, lost, late, forks, own) USING (store, epoch) \
             ORDER BY e.store, e.epoch FOR UPDATE OF e) \
             UPDATE epochs e SET handled = e.handled + n.handled, parked = e.parked + n.parked, \
             seen = greatest(e.seen, n.seen), lost = e.lost + n.lost, late = e.late + n.late, \
             forks = e.forks + n.forks, applied_at = CASE WHEN n.own THEN {NOW} ELSE e.applied_at END \
             FROM n WHERE e.store = n.store AND e.epoch = n.epoch"
        );
        let (keys, values) = (plan.counts.keys(), plan.counts.values());
        let epoch = |(_, epoch): &(StoreId, Epoch)| epoch.0.cast_signed();
        sqlx::query(AssertSqlSafe(update))
            .bind(keys.clone().map(|(store, _)| self.key(store)).collect::<Vec<_>>())
            .bind(keys.map(epoch).collect::<Vec<_>>())
            .bind(values.clone().map(|counts| number(counts.handled)).collect::<Vec<_>>())
            .bind(values.clone().map(|counts| number(counts.parked)).collect::<Vec<_>>())
            .bind(values.clone().map(|counts| number(counts.seen)).collect::<Vec<_>>())
            .bind(values.clone().map(|counts| counts.lost).collect::<Vec<_>>())
            .bind(values.clone().map(|counts| number(counts.late)).collect::<Vec<_>>())
            .bind(values.clone().map(|counts| counts.forks).collect::<Vec<_>>())
            .bind(values.map(EpochCounts::has_own).collect::<Vec<_>>())
            .execute(change)
            .await?;
        Ok(())
    }

    async fn movements(&self, change: &mut PgConnection, plan: &Plan) -> Result<(), LedgerError> {
        if plan.rows.is_empty() {
            return Ok(());
        }
        let mut rows: Vec<_> = plan.rows.iter().map(|row| (self.key(&row.store), row)).collect();
        rows.sort_unstable_by_key(|(key, row)| (*key, row.ordinal, row.position.seq));
        let insert = "INSERT INTO movements (month, store, ordinal, seq, bytes, late) \
                      SELECT $1, n.* FROM UNNEST($2::int8[], $3::int8[], $4::int8[], $5::bytea[], $6::bool[]) AS n";
        sqlx::query(insert)
            .bind(month_of(self.now_ms))
            .bind(rows.iter().map(|(key, _)| *key).collect::<Vec<_>>())
            .bind(rows.iter().map(|(_, row)| i64::from(row.ordinal.0)).collect::<Vec<_>>())
            .bind(rows.iter().map(|(_, row)| number(row.position.seq)).collect::<Vec<_>>())
            .bind(rows.iter().map(|(_, row)| row.bytes.as_ref()).collect::<Vec<&[u8]>>())
            .bind(rows.iter().map(|(_, row)| row.late.then_some(true)).collect::<Vec<_>>())
            .execute(change)
            .await?;
        Ok(())
    }

    async fn dead_letters(&self, change: &mut PgConnection, plan: &Plan) -> Result<(), LedgerError> {
        if plan.dead_letters.is_empty() {
            return Ok(());
        }
        let mut letters: Vec<_> = plan.dead_letters.iter().map(|letter| (self.key(&letter.store), letter)).collect();
        let place = |(key, letter): &(i64, &DeadLetter)| (*key, letter.position.epoch, letter.position.seq);
        letters.sort_by_key(place);
        let insert = "INSERT INTO dead_letters (store, epoch, seq, reason, detail, raw, source, id, bytes, digest, code, closed_at, settled, \
                      parked_at, part, step) SELECT n.*, $14, $15, $16 FROM UNNEST($1::int8[], $2::int8[], $3::int8[], $4::text[], $5::text[], $6::text[], \
                      $7::text[], $8::text[], $9::bytea[], $10::int8[], $11::text[], $12::int8[], $13::text[]) AS n ON CONFLICT DO NOTHING";
        let texts = |of: fn(&DeadLetter) -> &str| -> Vec<Cow<'_, str>> {
            letters.iter().map(|(_, letter)| plain(of(letter))).collect()
        };
        sqlx::query(insert)
            .bind(letters.iter().map(|(key, _)| *key).collect::<Vec<_>>())
            .bind(letters.iter().map(|(_, letter)| letter.position.epoch.0.cast_signed()).collect::<Vec<_>>())
            .bind(letters.iter().map(|(_, letter)| number(letter.position.seq)).collect::<Vec<_>>())
            .bind(texts(|letter| letter.reason.word()))
            .bind(texts(|letter| &letter.detail))
            .bind(texts(|letter| &letter.raw))
            .bind(texts(|letter| &letter.document.0))
            .bind(texts(|letter| &letter.document.1))
            .bind(letters.iter().map(|(_, letter)| letter.bytes.as_ref()).collect::<Vec<&[u8]>>())
            .bind(letters.iter().map(|(_, letter)| digest(letter)).collect::<Vec<_>>())
            .bind(texts(|letter| &letter.code))
            .bind(letters.iter().map(|(_, letter)| letter.settled.then_some(self.now_ms)).collect::<Vec<_>>())
            .bind(letters.iter().map(|(_, letter)| letter.settled.then_some(ANSWERED)).collect::<Vec<_>>())
            .bind(self.now_ms)
            .bind(self.stamp.1)
            .bind(self.stamp.2)
            .execute(change)
            .await?;
        Ok(())
    }

    async fn replayed(&self, change: &mut PgConnection, plan: &Plan) -> Result<(), LedgerError> {
        if plan.replayed.is_empty() {
            return Ok(());
        }
        let close = "UPDATE dead_letters SET closed_at = $1, part = $2, step = $3 WHERE number = ANY($4)";
        let close = sqlx::query(close).bind(self.now_ms).bind(self.stamp.1).bind(self.stamp.2);
        close.bind(plan.replayed.iter().copied().collect::<Vec<_>>()).execute(change).await?;
        Ok(())
    }

    /// In the order of their ids; how many letters it settled or freed.
    async fn answered(&self, change: &mut PgConnection, plan: &Plan) -> Result<u64, LedgerError> {
        let mut repaired = 0;
        // An id that PostgreSQL can't hold is none of its instructions.
        for ((store, id), answer) in plan.answered.iter().filter(|((_, id), _)| !id.contains('\0')) {
            let told = Told { store: self.key(store), id, answer, now_ms: self.now_ms, stamp: self.stamp };
            repaired += instructions::answer(change, &told).await?;
        }
        Ok(repaired)
    }
}

/// What tells the contents at one position apart.
fn digest(letter: &DeadLetter) -> i64 {
    movement_digest(&letter.store, letter.position, &letter.bytes).cast_signed()
}
