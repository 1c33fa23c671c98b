//! Epochs and their openings: blocks by which they settle, levels that readers
//! go on seeing.

use sqlx::{Row as _, SqliteConnection};
use tidemark_model::{BlockIndex, Epoch, StoreId};

use super::applying::{StoreKeys, block_of};
use super::{number, unsigned};
use crate::apply::{self, ApplyRecord, Known, Plan, Taken};
use crate::error::LedgerError;

/// Adds to what is known the blocks by which an epoch may settle.
pub(super) async fn know(
    change: &mut SqliteConnection,
    records: &[ApplyRecord],
    keys: &StoreKeys,
    known: &mut Known,
) -> Result<(), LedgerError> {
    for ((store, epoch), seq) in apply::unsettled(records, &known.epochs) {
        let select = "SELECT block, bitmap, digest, stock FROM blocks WHERE store = ? AND epoch = ? AND block <= ?";
        let select = sqlx::query(select).bind(keys.get(&store)).bind(epoch.0.cast_signed());
        let last = number(BlockIndex::of(seq.max(1)).0);
        for row in select.bind(last).fetch_all(&mut *change).await? {
            let index = BlockIndex(unsigned(row.try_get("block")?));
            known.blocks.insert((store.clone(), epoch, index), block_of(&row)?);
        }
    }
    Ok(())
}

/// Keeps what readers see of a store's items, whose epoch ends.
pub(super) async fn keep_levels(change: &mut SqliteConnection, store: i64) -> Result<(), LedgerError> {
    let keep = "UPDATE balances AS b SET \
                old_on_hand = CASE WHEN e.taken IS NULL AND e.settled OR b.seq > e.taken THEN b.on_hand \
                WHEN e.settled THEN b.effect_sum ELSE b.old_on_hand END, \
                old_counted = CASE WHEN e.taken IS NULL AND e.settled OR b.seq > e.taken THEN b.counted \
                WHEN e.settled THEN max(b.counted, coalesce(b.old_counted, 0)) ELSE b.old_counted END \
                FROM epochs e WHERE e.store = b.store AND e.ordinal = b.ordinal AND b.store = ?";
    sqlx::query(keep).bind(store).execute(change).await?;
    Ok(())
}

/// Writes how boxes stand to their openings. What readers see of such an
/// epoch's items is told anew.
pub(super) async fn write(
    change: &mut SqliteConnection,
    keys: &StoreKeys,
    (known, plan): (&Known, &Plan),
    (generation, part, step): (i64, i64, i64),
) -> Result<(), LedgerError> {
    for (of, taken) in changed(known, plan) {
        let (key, epoch) = (keys.get(&of.0), of.1.0.cast_signed());
        let set = "UPDATE epochs SET taken = ?, settled = ? WHERE store = ? AND epoch = ?";
        let set = sqlx::query(set).bind(taken.seq().map(number)).bind(taken.is_settled()).bind(key).bind(epoch);
        set.execute(&mut *change).await?;
        let tell = "UPDATE balances SET counter = counter + 1, generation = ?, part = ?, step = ? WHERE store = ? \
                    AND ordinal = (SELECT ordinal FROM epochs WHERE store = ? AND epoch = ?)";
        let tell = sqlx::query(tell).bind(generation).bind(part).bind(step).bind(key).bind(key).bind(epoch);
        tell.execute(&mut *change).await?;
    }
    Ok(())
}

/// What differs from what is known; how an epoch begins is written with it.
pub(crate) fn changed<'p>(known: &Known, plan: &'p Plan) -> Vec<(&'p (StoreId, Epoch), Taken)> {
    let differs = |(key, taken): &(&(StoreId, Epoch), &Taken)| {
        let known = known.epochs.get(key).map(|state| state.taken);
        known.map_or(taken.seq().is_some(), |known| known != **taken)
    };
    plan.taken.iter().filter(differs).map(|(key, taken)| (key, *taken)).collect()
}
