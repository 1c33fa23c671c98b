//! Epochs and their openings: blocks by which they settle, levels that readers
//! go on seeing.

use sqlx::postgres::PgConnection;
use tidemark_model::BlockIndex;

use super::applying::StoreKeys;
use super::{block_of, index_of};
use crate::apply::{self, ApplyRecord, Known, Plan};
use crate::error::LedgerError;
use crate::sqlite::{changed, number};

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
                old_on_hand = CASE WHEN e.taken IS NULL AND e.settled OR b.seq > e.taken THEN b.on_hand \
                WHEN e.settled THEN b.effect_sum ELSE b.old_on_hand END, \
                old_counted = CASE WHEN e.taken IS NULL AND e.settled OR b.seq > e.taken THEN b.counted \
                WHEN e.settled THEN b.counted OR coalesce(b.old_counted, false) ELSE b.old_counted END \
                FROM epochs e WHERE e.store = b.store AND e.ordinal = b.ordinal AND b.store = $1";
    sqlx::query(keep).bind(store).execute(change).await?;
    Ok(())
}

/// Writes how boxes stand to their openings. What readers see of such an
/// epoch's items is told anew.
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
                    AND ordinal = (SELECT ordinal FROM epochs WHERE store = $4 AND epoch = $5)";
        let tell = sqlx::query(tell).bind(generation).bind(part).bind(step).bind(key).bind(epoch);
        tell.execute(&mut *change).await?;
    }
    Ok(())
}
