//! Applying what the centre itself parked, in a transaction of its own that
//! takes its number from the partition's position as every writer does, and is no
//! fence to the applier.

use sqlx::Row as _;
use tidemark_model::{ParkReason, Position, StoreId};

use super::applying::{known, store_keys};
use super::reservations::take_step;
use super::writing::Writing;
use super::{PostgresLedger, plain, transit};
use crate::apply::ParkedHere;
use crate::columns::epoch_of;
use crate::error::LedgerError;
use crate::letters::Reapplied;
use crate::sqlite::{kept, unsigned};

impl PostgresLedger {
    /// Letters that a job has and the centre is to apply itself, in order.
    pub async fn letters_to_apply(&self, most: u32) -> Result<Vec<i64>, LedgerError> {
        let select = "SELECT number FROM dead_letters WHERE job IS NOT NULL AND instruction IS NULL AND closed_at IS NULL \
                      ORDER BY number LIMIT $1";
        let rows = sqlx::query(select).bind(i64::from(most)).fetch_all(&self.read).await?;
        rows.iter().map(|row| Ok(row.try_get("number")?)).collect()
    }

    /// Applies a letter that the centre parked itself, with the box's own
    /// effect.
    pub async fn apply_letter(&self, letter: i64, now_ms: i64) -> Result<Reapplied, LedgerError> {
        match self.apply_letter_once(letter, now_ms).await.map_err(|error| self.unless_month_is_missing(error)) {
            Err(LedgerError::Data(error)) => {
                let why = format!("the database refuses it still: {error}");
                self.leave_parked(letter, &why).await?;
                Ok(Reapplied::Still(why))
            }
            Ok(Reapplied::Still(why)) => {
                self.leave_parked(letter, &why).await?;
                Ok(Reapplied::Still(why))
            }
            done => done,
        }
    }

    async fn apply_letter_once(&self, letter: i64, now_ms: i64) -> Result<Reapplied, LedgerError> {
        let mut change = self.write.begin().await?;
        let part = sqlx::query("SELECT part FROM dead_letters WHERE number = $1").bind(letter);
        let Some(part) = part.fetch_optional(&mut *change).await? else { return Ok(Reapplied::Gone) };
        let stamp = take_step(&mut change, part.try_get("part")?).await?;
        let select = "SELECT d.epoch, d.seq, d.reason, d.bytes, s.store AS name FROM dead_letters d \
                      JOIN stores s ON s.key = d.store WHERE d.number = $1 AND d.closed_at IS NULL \
                      AND d.job IS NOT NULL AND d.instruction IS NULL";
        let found = sqlx::query(select).bind(letter).fetch_optional(&mut *change).await?;
        let Some(row) = found else { return Ok(Reapplied::Gone) };
        let reason: String = row.try_get("reason")?;
        let Some(reason) = ParkReason::from_word(&reason).filter(|reason| is_ours(*reason)) else {
            return Ok(Reapplied::Still(format!("{reason} is not for the centre to apply")));
        };
        let parked = ParkedHere {
            store: StoreId::new(row.try_get("name")?).map_err(kept)?,
            position: Position { epoch: epoch_of(&row)?, seq: unsigned(row.try_get("seq")?) },
            reason,
            bytes: row.try_get::<Vec<u8>, _>("bytes")?.into(),
        };
        let records = [parked.record()];
        let keys = store_keys(&mut change, &records).await?;
        let known = known(&mut change, &records, &keys, now_ms).await?;
        let (known, plan) = match parked.decide(known) {
            Ok(decided) => decided,
            Err(why) => return Ok(Reapplied::Still(why)),
        };
        let stock = transit::held(&mut change, &plan.stock, &keys).await?;
        let writing = Writing { keys: &keys, now_ms, stamp, stock: &stock };
        let (levels, _) = writing.all(&mut change, &known, &plan).await?;
        let key = keys.get(&parked.store).copied();
        for level in &levels {
            let note = "INSERT INTO level_changes (part, store, sku) VALUES ($1, $2, $3)";
            sqlx::query(note).bind(stamp.1).bind(key).bind(level.sku.as_str()).execute(&mut *change).await?;
        }
        let fewer = "UPDATE epochs SET parked = parked - 1 WHERE store = $1 AND epoch = $2";
        sqlx::query(fewer).bind(key).bind(parked.position.epoch.0.cast_signed()).execute(&mut *change).await?;
        let settle = "UPDATE dead_letters SET closed_at = $1, settled = 'applied' WHERE number = $2";
        sqlx::query(settle).bind(now_ms).bind(letter).execute(&mut *change).await?;
        let job =
            "UPDATE jobs SET at_once = at_once + 1 WHERE number = (SELECT job FROM dead_letters WHERE number = $1)";
        sqlx::query(job).bind(letter).execute(&mut *change).await?;
        let news = sqlx::query("INSERT INTO news (part, letter) VALUES ($1, $2)").bind(stamp.1);
        news.bind(letter).execute(&mut *change).await?;
        change.commit().await?;
        Ok(Reapplied::Applied(levels))
    }

    /// The letter stays parked: it is free for another repair.
    async fn leave_parked(&self, letter: i64, why: &str) -> Result<(), LedgerError> {
        let mut change = self.write.begin().await?;
        let job = "UPDATE jobs SET failed = failed + 1 WHERE number = (SELECT job FROM dead_letters WHERE number = $1)";
        sqlx::query(job).bind(letter).execute(&mut *change).await?;
        let free = "UPDATE dead_letters SET job = NULL, failure = $1 WHERE number = $2";
        sqlx::query(free).bind(plain(why)).bind(letter).execute(&mut *change).await?;
        let news = "INSERT INTO news (part, letter) SELECT part, number FROM dead_letters WHERE number = $1";
        sqlx::query(news).bind(letter).execute(&mut *change).await?;
        Ok(change.commit().await?)
    }
}

/// Whether the centre parked it, not its box.
fn is_ours(reason: ParkReason) -> bool {
    matches!(reason, ParkReason::Undecodable | ParkReason::DatabaseRefused | ParkReason::Poison)
}
