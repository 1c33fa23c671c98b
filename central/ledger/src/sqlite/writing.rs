//! What a plan writes, a statement a table or row.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, QueryBuilder, Row as _, Sqlite, SqliteConnection, Transaction};
use tidemark_model::digest::movement_digest;
use tidemark_model::{Basis, EpochOrdinal, StoreId};

use super::applying::{ROWS, StoreKeys, month_of};
use super::instructions::{self, Told};
use super::transit::NOW;
use super::{attention, losses, number, openings, reservations, safety, steps, transit};
use crate::apply::{Known, Plan, StockHeld, offers};
use crate::columns::level_of;
use crate::error::LedgerError;
use crate::letters::ANSWERED;
use crate::levels::takens;
use crate::rows::LevelRow;
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
    pub(super) async fn all(
        &self,
        change: &mut Transaction<'_, Sqlite>,
        known: &Known,
        plan: &Plan,
    ) -> Result<(Vec<LevelRow>, u64), LedgerError> {
        self.epochs(change, plan).await?;
        losses::write(change, self.keys, known, plan).await?;
        self.blocks(change, plan).await?;
        reservations::fulfil(change, self.keys, &plan.stock, self.stamp).await?;
        let mut levels = self.balances(change, (known, plan)).await?;
        safety::keep_back(change, self.keys, &mut levels).await?;
        transit::write(change, self.keys, &plan.stock, self.stock).await?;
        attention::write(change, self.keys, &plan.stock).await?;
        openings::write(change, self.keys, (known, plan), self.stamp).await?;
        steps::write(change, self.stamp, levels_of_step(known, plan)).await?;
        self.movements(change, plan).await?;
        self.dead_letters(change, plan).await?;
        for number in &plan.replayed {
            let close = "UPDATE dead_letters SET closed_at = ?, part = ?, step = ? WHERE number = ?";
            let close = sqlx::query(close).bind(self.now_ms).bind(self.stamp.1).bind(self.stamp.2).bind(number);
            close.execute(&mut **change).await?;
        }
        instructions::add(change, &offers(plan), self.now_ms).await?;
        let mut repaired = 0;
        for ((store, id), answer) in &plan.answered {
            let told = Told { store: self.key(store), id, answer, now_ms: self.now_ms, stamp: self.stamp };
            repaired += instructions::answer(change, &told).await?;
        }
        Ok((levels, repaired))
    }

    fn key(&self, store: &StoreId) -> i64 {
        self.keys.get(store).copied().unwrap_or(0)
    }

    async fn epochs(&self, change: &mut SqliteConnection, plan: &Plan) -> Result<(), LedgerError> {
        for (store, epoch, ordinal) in &plan.opened {
            let key = self.key(store);
            openings::keep_levels(change, key).await?;
            sqlx::query("UPDATE epochs SET closed = 1 WHERE store = ?").bind(key).execute(&mut *change).await?;
            let open = "INSERT INTO epochs (store, epoch, ordinal, settled) VALUES (?, ?, ?, ?)";
            // Before a store's first epoch there was nothing to take over.
            let open = sqlx::query(open).bind(key).bind(epoch.0.cast_signed()).bind(ordinal.0).bind(ordinal.0 == 1);
            open.execute(&mut *change).await?;
        }
        for ((store, epoch), counts) in &plan.counts {
            let count = format!(
                "UPDATE epochs SET handled = handled + ?, parked = parked + ?, seen = max(seen, ?), lost = lost + ?, \
                 late = late + ?, forks = forks + ?, applied_at = CASE WHEN ? THEN {NOW} ELSE applied_at END \
                 WHERE store = ? AND epoch = ?"
            );
            sqlx::query(AssertSqlSafe(count))
                .bind(number(counts.handled))
                .bind(number(counts.parked))
                .bind(number(counts.seen))
                .bind(counts.lost)
                .bind(number(counts.late))
                .bind(counts.forks)
                .bind(counts.has_own())
                .bind(self.key(store))
                .bind(epoch.0.cast_signed())
                .execute(&mut *change)
                .await?;
        }
        Ok(())
    }

    async fn blocks(&self, change: &mut SqliteConnection, plan: &Plan) -> Result<(), LedgerError> {
        let blocks: Vec<_> = plan.blocks.iter().collect();
        for chunk in blocks.chunks(ROWS) {
            let mut query = QueryBuilder::<Sqlite>::new(
                "INSERT INTO blocks (store, epoch, block, bitmap, digest, stock, generation, part, step) ",
            );
            query.push_values(chunk, |mut row, ((store, epoch, index), block)| {
                row.push_bind(self.key(store)).push_bind(epoch.0.cast_signed()).push_bind(number(index.0));
                row.push_bind(block.bitmap.to_bytes().to_vec()).push_bind(block.digest.cast_signed());
                row.push_bind(block.stock.cast_signed()).push_bind(self.stamp.0).push_bind(self.stamp.1);
                row.push_bind(self.stamp.2);
            });
            query.push(
                " ON CONFLICT (store, epoch, block) DO UPDATE SET bitmap = excluded.bitmap, digest = excluded.digest, \
                 stock = excluded.stock, generation = excluded.generation, part = excluded.part, step = excluded.step",
            );
            query.build().execute(&mut *change).await?;
        }
        Ok(())
    }

    /// Adds to the balances; the levels that follow.
    async fn balances(
        &self,
        change: &mut SqliteConnection,
        (known, plan): (&Known, &Plan),
    ) -> Result<Vec<LevelRow>, LedgerError> {
        let balances: Vec<_> = plan.balances.iter().collect();
        let by_key: BTreeMap<i64, &StoreId> = self.keys.iter().map(|(store, key)| (*key, store)).collect();
        let (takens, mut levels) = (takens(known, plan), Vec::with_capacity(balances.len()));
        for chunk in balances.chunks(ROWS) {
            let mut query = QueryBuilder::<Sqlite>::new(
                "INSERT INTO balances (store, sku, effect_sum, on_hand, counted, ordinal, seq, counter, changed_at, \
                 generation, part, step) ",
            );
            query.push_values(chunk, |mut row, ((store, sku), balance)| {
                row.push_bind(self.key(store)).push_bind(sku.as_str().to_owned()).push_bind(balance.effect);
                row.push_bind(balance.on_hand.as_thousandths()).push_bind(balance.basis == Basis::Counted);
                row.push_bind(balance.at.0.0).push_bind(number(balance.at.1)).push_bind(1_i64).push_bind(self.now_ms);
                row.push_bind(self.stamp.0).push_bind(self.stamp.1).push_bind(self.stamp.2);
            });
            query.push(
                " ON CONFLICT (store, sku) DO UPDATE SET effect_sum = effect_sum + excluded.effect_sum, \
                 on_hand = CASE WHEN (excluded.ordinal, excluded.seq) > (ordinal, seq) THEN excluded.on_hand ELSE on_hand END, \
                 counted = CASE WHEN (excluded.ordinal, excluded.seq) > (ordinal, seq) THEN excluded.counted ELSE counted END, \
                 seq = CASE WHEN (excluded.ordinal, excluded.seq) > (ordinal, seq) THEN excluded.seq ELSE seq END, \
                 ordinal = max(ordinal, excluded.ordinal), counter = counter + 1, changed_at = excluded.changed_at, \
                 generation = excluded.generation, part = excluded.part, step = excluded.step \
                 RETURNING store, sku, effect_sum, on_hand, counted, ordinal, seq, counter, changed_at, generation, reserved, \
                 old_on_hand, old_counted, 0 AS safety",
            );
            for row in &query.build().fetch_all(&mut *change).await? {
                let Some(store) = by_key.get(&row.try_get("store")?) else { continue };
                let ordinal = EpochOrdinal(row.try_get("ordinal")?);
                let taken = takens.get(&(*store, ordinal)).copied().unwrap_or_default();
                // A batch brings balances of the newest epoch alone.
                levels.push(level_of(row, (*store).clone(), (taken, false))?);
            }
        }
        Ok(levels)
    }

    async fn movements(&self, change: &mut SqliteConnection, plan: &Plan) -> Result<(), LedgerError> {
        let month = month_of(self.now_ms);
        for chunk in plan.rows.chunks(ROWS) {
            let mut query =
                QueryBuilder::<Sqlite>::new("INSERT INTO movements (month, store, ordinal, seq, bytes, late) ");
            query.push_values(chunk, |mut row, movement| {
                row.push_bind(month).push_bind(self.key(&movement.store)).push_bind(movement.ordinal.0);
                row.push_bind(number(movement.position.seq))
                    .push_bind(movement.bytes.to_vec())
                    .push_bind(movement.late.then_some(1_i64));
            });
            query.build().execute(&mut *change).await?;
        }
        Ok(())
    }

    async fn dead_letters(&self, change: &mut SqliteConnection, plan: &Plan) -> Result<(), LedgerError> {
        for letter in &plan.dead_letters {
            let insert = "INSERT INTO dead_letters (store, epoch, seq, digest, reason, detail, raw, code, source, id, bytes, parked_at, part, step, \
                          closed_at, settled) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
            sqlx::query(insert)
                .bind(self.key(&letter.store))
                .bind(letter.position.epoch.0.cast_signed())
                .bind(number(letter.position.seq))
                .bind(movement_digest(&letter.store, letter.position, &letter.bytes).cast_signed())
                .bind(letter.reason.word())
                .bind(&letter.detail)
                .bind(&letter.raw)
                .bind(&letter.code)
                .bind(&letter.document.0)
                .bind(&letter.document.1)
                .bind(letter.bytes.to_vec())
                .bind(self.now_ms)
                .bind(self.stamp.1)
                .bind(self.stamp.2)
                .bind(letter.settled.then_some(self.now_ms))
                .bind(letter.settled.then_some(ANSWERED))
                .execute(&mut *change)
                .await?;
        }
        Ok(())
    }
}
