//! A store's newest movements, as both databases keep them.

use sqlx::{ColumnIndex, Decode, Row, Type};
use tidemark_model::{EpochOrdinal, Marks, Seq};
use tidemark_wire::decode_movement;

use super::epoch_of;
use crate::error::LedgerError;
use crate::rows::{LatestMovement, LatestPage};
use crate::sqlite::{kept, number, unsigned};

/// A place as a query compares it; above all if none is given.
pub(crate) fn bounds(below: Option<(EpochOrdinal, Seq)>) -> (i64, i64) {
    below.map_or((i64::MAX, i64::MAX), |(ordinal, seq)| (i64::from(ordinal.0), number(seq)))
}

/// One movement of a row.
pub(crate) fn latest_of<'r, R: Row>(row: &'r R, bytes: &[u8]) -> Result<LatestMovement, LedgerError>
where
    &'static str: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    Option<bool>: Decode<'r, R::Database> + Type<R::Database>,
{
    let mut movement = decode_movement(bytes).map_err(kept)?;
    let late: Option<bool> = row.try_get("late")?;
    movement.marks = movement.marks.with_if(late == Some(true), Marks::LATE);
    let ordinal = u32::try_from(row.try_get::<i64, _>("ordinal")?).map(EpochOrdinal).map_err(kept)?;
    Ok(LatestMovement { epoch: epoch_of(row)?, ordinal, seq: unsigned(row.try_get("seq")?), movement })
}

/// The newest of those that were found, and where the next page begins.
pub(crate) fn page_of(mut found: Vec<LatestMovement>, most: u32) -> LatestPage {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    found.sort_unstable_by_key(|one| std::cmp::Reverse((one.ordinal, one.seq)));
    let is_full = found.len() >= most;
    found.truncate(most);
    let next = found.last().filter(|_| is_full).map(|last| (last.ordinal, last.seq));
    LatestPage { movements: found, next }
}
