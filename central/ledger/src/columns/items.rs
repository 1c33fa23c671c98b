//! Columns of items and codes that both databases keep alike.

use std::collections::BTreeMap;

use sqlx::{ColumnIndex, Decode, Row, Type};
use tidemark_model::{Code, Item, ItemUnit, Label, Price, Quantity, Sku};
use tidemark_sync::message::CatalogueCode;

use crate::catalogue::{labels_of, parts_of, prices_of};
use crate::error::LedgerError;
use crate::rows::CatalogueItem;
use crate::sqlite::kept;

/// All columns of an item.
pub(crate) const ITEM: &str =
    "SELECT sku, name, measure, tracked, price_minor, currency, coming, parts, assortments FROM items ";

/// Items without their codes yet.
pub(crate) fn items_of<'r, R: Row>(rows: &'r [R]) -> Result<BTreeMap<Sku, CatalogueItem>, LedgerError>
where
    &'static str: ColumnIndex<R>,
    bool: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    &'r str: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Option<i64>: Decode<'r, R::Database> + Type<R::Database>,
    Option<&'r str>: Decode<'r, R::Database> + Type<R::Database>,
{
    let mut items = BTreeMap::new();
    for row in rows {
        let item = item_of(row)?;
        items.insert(item.sku.clone(), CatalogueItem { item, codes: Vec::new() });
    }
    Ok(items)
}

/// Adds codes to the items that have them.
pub(crate) fn add_codes<'r, R: Row>(items: &mut BTreeMap<Sku, CatalogueItem>, rows: &'r [R]) -> Result<(), LedgerError>
where
    &'static str: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    &'r str: Decode<'r, R::Database> + Type<R::Database>,
{
    for row in rows {
        let code = Code::new(row.try_get("code")?).map_err(kept)?;
        let units_per_scan = Quantity::thousandths(row.try_get("units")?);
        if let Some(entry) = items.get_mut(row.try_get::<&str, _>("sku")?) {
            entry.codes.push(CatalogueCode { code, units_per_scan });
        }
    }
    Ok(())
}

/// The columns of [`ITEM`].
pub(crate) fn item_of<'r, R: Row>(row: &'r R) -> Result<Item, LedgerError>
where
    &'static str: ColumnIndex<R>,
    bool: Decode<'r, R::Database> + Type<R::Database>,
    &'r str: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Option<i64>: Decode<'r, R::Database> + Type<R::Database>,
    Option<&'r str>: Decode<'r, R::Database> + Type<R::Database>,
{
    let minor: Option<i64> = row.try_get("price_minor")?;
    let currency: Option<&str> = row.try_get("currency")?;
    let mut prices = Vec::new();
    if let Some((minor, currency)) = minor.zip(currency) {
        prices.push(Price { minor, currency: Label::new(currency).map_err(kept)?, from: None });
    }
    prices.extend(prices_of(row.try_get("coming")?)?);
    Ok(Item {
        sku: Sku::new(row.try_get("sku")?).map_err(kept)?,
        name: row.try_get("name")?,
        unit: if row.try_get("measure")? { ItemUnit::Measure } else { ItemUnit::Each },
        tracked: row.try_get("tracked")?,
        prices,
        parts: parts_of(row.try_get("parts")?)?,
        assortments: labels_of(row.try_get("assortments")?)?,
    })
}
