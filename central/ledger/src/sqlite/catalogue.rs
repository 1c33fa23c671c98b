//! The catalogue: one version, replaced as a whole, read in pages.

use std::collections::BTreeMap;

use sqlx::{QueryBuilder, Row as _, Sqlite};
use tidemark_model::{Code, Item, ItemUnit, Label, Price, Quantity, Sku};
use tidemark_sync::message::CatalogueCode;

use super::{SqliteLedger, attention, kept, unsigned};
use crate::error::LedgerError;
use crate::rows::CatalogueItem;

/// Rows of one statement.
const ROWS: usize = 2_000;

impl SqliteLedger {
    /// The catalogue's version; 0 without one.
    pub async fn catalogue_version(&self) -> Result<u64, LedgerError> {
        let row = sqlx::query("SELECT version FROM catalogue").fetch_optional(&self.read).await?;
        row.map_or(Ok(0), |row| Ok(unsigned(row.try_get("version")?)))
    }

    /// Replaces the catalogue in one transaction; its new version.
    pub async fn replace_catalogue(&self, items: &[Item], codes: &[(Code, Sku, Quantity)]) -> Result<u64, LedgerError> {
        let mut change = self.write.begin().await?;
        sqlx::query("DELETE FROM items").execute(&mut *change).await?;
        sqlx::query("DELETE FROM codes").execute(&mut *change).await?;
        for chunk in items.chunks(ROWS) {
            let mut query =
                QueryBuilder::<Sqlite>::new("INSERT INTO items (sku, name, measure, tracked, price_minor, currency) ");
            query.push_values(chunk, |mut row, item| {
                row.push_bind(item.sku.as_str().to_owned()).push_bind(item.name.clone());
                row.push_bind(item.unit == ItemUnit::Measure).push_bind(item.tracked);
                row.push_bind(item.price.as_ref().map(|price| price.minor));
                row.push_bind(item.price.as_ref().map(|price| price.currency.to_string()));
            });
            query.build().execute(&mut *change).await?;
        }
        for chunk in codes.chunks(ROWS) {
            let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO codes (sku, code, units) ");
            query.push_values(chunk, |mut row, (code, sku, units)| {
                row.push_bind(sku.as_str().to_owned())
                    .push_bind(code.as_str().to_owned())
                    .push_bind(units.as_thousandths());
            });
            query.build().execute(&mut *change).await?;
        }
        let next = "INSERT INTO catalogue (one, version) VALUES (1, 1) \
                    ON CONFLICT (one) DO UPDATE SET version = version + 1 RETURNING version";
        let version = sqlx::query(next).fetch_one(&mut *change).await?.try_get("version")?;
        attention::keep_decided(&mut change).await?;
        change.commit().await?;
        Ok(unsigned(version))
    }

    /// A page of the catalogue, ascending by SKU after one.
    pub async fn catalogue_page(&self, after: Option<&Sku>, most: u32) -> Result<Vec<CatalogueItem>, LedgerError> {
        let after = after.map_or("", Sku::as_str);
        let select =
            "SELECT sku, name, measure, tracked, price_minor, currency FROM items WHERE sku > ? ORDER BY sku LIMIT ?";
        let rows = sqlx::query(select).bind(after).bind(most).fetch_all(&self.read).await?;
        let mut page: BTreeMap<Sku, CatalogueItem> = BTreeMap::new();
        for row in &rows {
            let item = item_of(row)?;
            page.insert(item.sku.clone(), CatalogueItem { item, codes: Vec::new() });
        }
        let Some(last) = page.keys().next_back().cloned() else { return Ok(Vec::new()) };
        let select = "SELECT sku, code, units FROM codes WHERE sku > ? AND sku <= ? ORDER BY sku, code";
        for row in sqlx::query(select).bind(after).bind(last.as_str()).fetch_all(&self.read).await? {
            let code = Code::new(row.try_get("code")?).map_err(kept)?;
            let units_per_scan = Quantity::thousandths(row.try_get("units")?);
            if let Some(entry) = page.get_mut(row.try_get::<&str, _>("sku")?) {
                entry.codes.push(CatalogueCode { code, units_per_scan });
            }
        }
        Ok(page.into_values().collect())
    }

    /// Whether the catalogue has an item.
    pub async fn has_item(&self, sku: &Sku) -> Result<bool, LedgerError> {
        let found = sqlx::query("SELECT 1 FROM items WHERE sku = ?").bind(sku.as_str());
        Ok(found.fetch_optional(&self.read).await?.is_some())
    }
}

fn item_of(row: &sqlx::sqlite::SqliteRow) -> Result<Item, LedgerError> {
    let minor: Option<i64> = row.try_get("price_minor")?;
    let currency: Option<String> = row.try_get("currency")?;
    let price = match (minor, currency) {
        (Some(minor), Some(currency)) => Some(Price { minor, currency: Label::new(&currency).map_err(kept)? }),
        (Some(_) | None, None) | (None, Some(_)) => None,
    };
    Ok(Item {
        sku: Sku::new(row.try_get("sku")?).map_err(kept)?,
        name: row.try_get("name")?,
        unit: if row.try_get("measure")? { ItemUnit::Measure } else { ItemUnit::Each },
        tracked: row.try_get("tracked")?,
        price,
        parts: Vec::new(),
    })
}
