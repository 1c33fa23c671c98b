//! The catalogue: one version, replaced as a whole, read in pages.

use std::collections::BTreeMap;

use sqlx::Row as _;
use sqlx::postgres::{PgConnection, PgRow};
use tidemark_model::{Code, Item, ItemUnit, Label, Price, Quantity, Sku};
use tidemark_sync::message::CatalogueCode;

use super::{PostgresLedger, attention, plain};
use crate::error::LedgerError;
use crate::rows::CatalogueItem;
use crate::sqlite::{kept, unsigned};

/// Rows of one statement.
const ROWS: usize = 10_000;

impl PostgresLedger {
    /// The catalogue's version; 0 without one.
    pub async fn catalogue_version(&self) -> Result<u64, LedgerError> {
        let row = sqlx::query("SELECT version FROM catalogue").fetch_optional(&self.read).await?;
        row.map_or(Ok(0), |row| Ok(unsigned(row.try_get("version")?)))
    }

    /// Replaces the catalogue in one transaction; its new version.
    pub async fn replace_catalogue(&self, items: &[Item], codes: &[(Code, Sku, Quantity)]) -> Result<u64, LedgerError> {
        let mut change = self.write.begin().await?;
        // The version's row is the lock of whoever replaces it.
        let next = "INSERT INTO catalogue (one, version) VALUES (true, 1) \
                    ON CONFLICT (one) DO UPDATE SET version = catalogue.version + 1 RETURNING version";
        let version = sqlx::query(next).fetch_one(&mut *change).await?.try_get("version")?;
        sqlx::query("DELETE FROM items").execute(&mut *change).await?;
        sqlx::query("DELETE FROM codes").execute(&mut *change).await?;
        for chunk in items.chunks(ROWS) {
            insert_items(&mut change, chunk).await?;
        }
        for chunk in codes.chunks(ROWS) {
            let insert =
                "INSERT INTO codes (sku, code, units) SELECT * FROM UNNEST($1::text[], $2::text[], $3::int8[])";
            sqlx::query(insert)
                .bind(chunk.iter().map(|(_, sku, _)| sku.as_str()).collect::<Vec<_>>())
                .bind(chunk.iter().map(|(code, ..)| code.as_str()).collect::<Vec<_>>())
                .bind(chunk.iter().map(|(.., units)| units.as_thousandths()).collect::<Vec<_>>())
                .execute(&mut *change)
                .await?;
        }
        attention::keep_decided(&mut change).await?;
        change.commit().await?;
        Ok(unsigned(version))
    }

    /// A page of the catalogue, ascending by SKU after one.
    pub async fn catalogue_page(&self, after: Option<&Sku>, most: u32) -> Result<Vec<CatalogueItem>, LedgerError> {
        let after = after.map_or("", Sku::as_str);
        let select =
            "SELECT sku, name, measure, tracked, price_minor, currency FROM items WHERE sku > $1 ORDER BY sku LIMIT $2";
        let rows = sqlx::query(select).bind(after).bind(i64::from(most)).fetch_all(&self.read).await?;
        let mut page: BTreeMap<Sku, CatalogueItem> = BTreeMap::new();
        for row in &rows {
            let item = item_of(row)?;
            page.insert(item.sku.clone(), CatalogueItem { item, codes: Vec::new() });
        }
        let Some(last) = page.keys().next_back().cloned() else { return Ok(Vec::new()) };
        let select = "SELECT sku, code, units FROM codes WHERE sku > $1 AND sku <= $2 ORDER BY sku, code";
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
        let found = sqlx::query("SELECT 1 FROM items WHERE sku = $1").bind(sku.as_str());
        Ok(found.fetch_optional(&self.read).await?.is_some())
    }
}

async fn insert_items(change: &mut PgConnection, items: &[Item]) -> Result<(), LedgerError> {
    let insert = "INSERT INTO items (sku, name, measure, tracked, price_minor, currency) \
                  SELECT * FROM UNNEST($1::text[], $2::text[], $3::bool[], $4::bool[], $5::int8[], $6::text[])";
    let price = |item: &Item| item.price.as_ref().map(|price| price.minor);
    sqlx::query(insert)
        .bind(items.iter().map(|item| item.sku.as_str()).collect::<Vec<_>>())
        .bind(items.iter().map(|item| plain(&item.name)).collect::<Vec<_>>())
        .bind(items.iter().map(|item| item.unit == ItemUnit::Measure).collect::<Vec<_>>())
        .bind(items.iter().map(|item| item.tracked).collect::<Vec<_>>())
        .bind(items.iter().map(price).collect::<Vec<_>>())
        .bind(items.iter().map(|item| item.price.as_ref().map(|price| price.currency.as_str())).collect::<Vec<_>>())
        .execute(change)
        .await?;
    Ok(())
}

fn item_of(row: &PgRow) -> Result<Item, LedgerError> {
    let minor: Option<i64> = row.try_get("price_minor")?;
    let currency: Option<&str> = row.try_get("currency")?;
    let price = match (minor, currency) {
        (Some(minor), Some(currency)) => Some(Price { minor, currency: Label::new(currency).map_err(kept)? }),
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
