//! Columns of stock beyond on-hand that both databases keep alike.

use std::collections::BTreeSet;

use sqlx::{ColumnIndex, Decode, Row, Type};
use tidemark_model::{Quantity, Sku, StoreId};

use crate::attention::SuspenseStore;
use crate::error::LedgerError;
use crate::reservations::{ReservationRow, ReservationState, SafetyRule};
use crate::sqlite::{kept, unsigned};
use crate::transfers::{DifferenceRow, Kept, TransferRow, TransferState};

/// A reservation with its number.
pub(crate) fn reservation_of<'r, R: Row>(row: &'r R) -> Result<(i64, ReservationRow), LedgerError>
where
    &'static str: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    &'r str: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Option<i64>: Decode<'r, R::Database> + Type<R::Database>,
    Option<String>: Decode<'r, R::Database> + Type<R::Database>,
{
    let state: &str = row.try_get("state")?;
    let reservation = ReservationRow {
        id: row.try_get("id")?,
        request: row.try_get("request")?,
        store: StoreId::new(row.try_get("name")?).map_err(kept)?,
        sku: Sku::new(row.try_get("sku")?).map_err(kept)?,
        quantity: Quantity::thousandths(row.try_get("quantity")?),
        state: ReservationState::of_word(state)
            .ok_or_else(|| kept(format!("`{state}` is no state of a reservation")))?,
        order: row.try_get("order_of")?,
        made_at: row.try_get("made_at")?,
        changed_at: row.try_get("changed_at")?,
        expires_at: row.try_get("expires_at")?,
    };
    Ok((row.try_get("number")?, reservation))
}

/// What one store has under a code that nobody knows.
pub(crate) fn suspended_of<'r, R: Row>(row: &'r R) -> Result<SuspenseStore, LedgerError>
where
    &'static str: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    &'r str: Decode<'r, R::Database> + Type<R::Database>,
{
    Ok(SuspenseStore {
        store: StoreId::new(row.try_get("name")?).map_err(kept)?,
        lines: unsigned(row.try_get("lines")?),
        packs: Quantity::thousandths(row.try_get("packs")?),
        base: Quantity::thousandths(row.try_get("base")?),
        first_seen: row.try_get("first_seen")?,
        last_seen: row.try_get("last_seen")?,
    })
}

/// The stores that rows name.
pub(crate) fn stores_of<'r, R: Row>(rows: &'r [R]) -> Result<BTreeSet<StoreId>, LedgerError>
where
    &'static str: ColumnIndex<R>,
    &'r str: Decode<'r, R::Database> + Type<R::Database>,
{
    rows.iter().map(|row| StoreId::new(row.try_get("name")?).map_err(kept)).collect()
}

/// A rule of safety stock; an empty text is no limit.
pub(crate) fn rule_of<'r, R: Row>(row: &'r R) -> Result<SafetyRule, LedgerError>
where
    &'static str: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    &'r str: Decode<'r, R::Database> + Type<R::Database>,
{
    let (store, region, sku): (&str, &str, &str) = (row.try_get("name")?, row.try_get("region")?, row.try_get("sku")?);
    Ok(SafetyRule {
        store: (!store.is_empty()).then(|| StoreId::new(store)).transpose().map_err(kept)?,
        region: (!region.is_empty()).then(|| region.to_owned()),
        sku: (!sku.is_empty()).then(|| Sku::new(sku)).transpose().map_err(kept)?,
        quantity: Quantity::thousandths(row.try_get("quantity")?),
    })
}

/// A transfer, without its stores.
pub(crate) fn transfer_of<'r, R: Row>(row: &'r R) -> Result<TransferRow, LedgerError>
where
    &'static str: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    bool: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
{
    let open = unsigned(row.try_get("open")?);
    Ok(TransferRow {
        reference: row.try_get("reference")?,
        state: TransferState::of(open, row.try_get("due")?),
        open,
        first_at: row.try_get("first_at")?,
        last_at: row.try_get("last_at")?,
        age_ms: unsigned(row.try_get("age")?),
        last: row.try_get("final")?,
        stores: Vec::new(),
    })
}

/// An item of a transfer: what is in transit, and what of it is closed.
pub(crate) fn transit_of<'r, R: Row>(row: &'r R) -> Result<Kept, LedgerError>
where
    &'static str: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    &'r str: Decode<'r, R::Database> + Type<R::Database>,
{
    Ok((Sku::new(row.try_get("sku")?).map_err(kept)?, row.try_get("quantity")?, row.try_get("closed")?))
}

/// A difference that was closed.
pub(crate) fn difference_of<'r, R: Row>(row: &'r R) -> Result<DifferenceRow, LedgerError>
where
    &'static str: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    &'r str: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
{
    Ok(DifferenceRow {
        sku: Sku::new(row.try_get("sku")?).map_err(kept)?,
        quantity: Quantity::thousandths(row.try_get("quantity")?),
        author: row.try_get("author")?,
        reason: row.try_get("reason")?,
        closed_at: row.try_get("closed_at")?,
    })
}
