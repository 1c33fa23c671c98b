//! The catalogue: one version, changed to another as a whole, read in pages or
//! as what changed.

use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _, Sqlite};
use tidemark_model::{Code, Item, ItemUnit, Quantity, Sku};

use super::{SqliteLedger, attention, audit, kept, number, unsigned};
use crate::catalogue::{
    CatalogueDifference, CodeMeaning, Difference, Whole, labels_text, parts_text, prices_text, version_after,
};
use crate::columns::items::{ITEM, add_codes, item_of, items_of};
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

    /// Replaces the catalogue in one transaction; its version then, which is
    /// the one of before if nothing differs.
    pub async fn replace_catalogue(&self, items: &[Item], codes: &[CodeMeaning]) -> Result<u64, LedgerError> {
        let mut change = self.change().await?;
        let row = sqlx::query("SELECT version FROM catalogue").fetch_optional(&mut *change).await?;
        let held = row.map(|row| Ok::<_, LedgerError>(unsigned(row.try_get("version")?))).transpose()?;
        let difference = Difference::between(whole(&mut change).await?, items, codes)?;
        if let Some(version) = held.filter(|_| difference.is_none()) {
            return Ok(version);
        }
        let version = version_after(held.unwrap_or(0), self.generation().0);
        let note = "INSERT INTO catalogue (one, version, since) VALUES (1, ?1, ?1) \
                    ON CONFLICT (one) DO UPDATE SET version = excluded.version";
        sqlx::query(note).bind(number(version)).execute(&mut *change).await?;
        write(&mut change, &difference, number(version)).await?;
        audit::note(&mut change, self.by.as_deref()).await?;
        change.commit().await?;
        Ok(version)
    }

    /// A page of the catalogue, ascending by SKU after one.
    pub async fn catalogue_page(&self, after: Option<&Sku>, most: u32) -> Result<Vec<CatalogueItem>, LedgerError> {
        let after = after.map_or("", Sku::as_str);
        let mut query = QueryBuilder::<Sqlite>::new(ITEM);
        query.push("WHERE sku > ").push_bind(after).push(" ORDER BY sku LIMIT ").push_bind(most);
        let rows = query.build().fetch_all(&self.read).await?;
        let mut page = items_of(&rows)?;
        let Some(last) = page.keys().next_back().cloned() else { return Ok(Vec::new()) };
        let select = "SELECT sku, code, units FROM codes WHERE sku > ? AND sku <= ? ORDER BY sku, code";
        let rows = sqlx::query(select).bind(after).bind(last.as_str()).fetch_all(&self.read).await?;
        add_codes(&mut page, &rows)?;
        Ok(page.into_values().collect())
    }

    /// What changed since a version; none if that can't be told, or is more
    /// than `most` items and codes.
    pub async fn catalogue_since(&self, version: u64, most: u32) -> Result<Option<CatalogueDifference>, LedgerError> {
        let mut look = self.read.begin().await?;
        let row = sqlx::query("SELECT version, since FROM catalogue").fetch_optional(&mut *look).await?;
        let Some(row) = row else { return Ok(None) };
        let (now, since) = (unsigned(row.try_get("version")?), unsigned(row.try_get("since")?));
        if version < since || version > now {
            return Ok(None);
        }
        let mut query = QueryBuilder::<Sqlite>::new(ITEM);
        query.push("WHERE changed > ").push_bind(number(version));
        query.push(" ORDER BY sku LIMIT ").push_bind(i64::from(most) + 1);
        let mut items = items_of(&query.build().fetch_all(&mut *look).await?)?;
        let select = "SELECT code, key FROM catalogue_gone WHERE version > ? LIMIT ?";
        let gone = sqlx::query(select).bind(number(version)).bind(i64::from(most) + 1).fetch_all(&mut *look).await?;
        if items.len() + gone.len() > usize::try_from(most).unwrap_or(usize::MAX) {
            return Ok(None);
        }
        let select = "SELECT c.sku, c.code, c.units FROM codes c JOIN items i ON i.sku = c.sku WHERE i.changed > ?";
        add_codes(&mut items, &sqlx::query(select).bind(number(version)).fetch_all(&mut *look).await?)?;
        let mut told = CatalogueDifference { version: now, items: items.into_values().collect(), ..Default::default() };
        for row in &gone {
            let key: &str = row.try_get("key")?;
            if row.try_get("code")? {
                told.gone_codes.push(Code::new(key).map_err(kept)?);
            } else {
                told.gone_items.push(Sku::new(key).map_err(kept)?);
            }
        }
        Ok(Some(told))
    }

    /// The item with a SKU or, if there is none, with a code.
    pub async fn catalogue_item(&self, sku: &str, code: Option<&Code>) -> Result<Option<CatalogueItem>, LedgerError> {
        let by = "WHERE sku = ?1 OR sku = (SELECT sku FROM codes WHERE code = ?2) ORDER BY sku <> ?1 LIMIT 1";
        let select = sqlx::query(AssertSqlSafe(format!("{ITEM} {by}")));
        let rows = select.bind(sku).bind(code.map(Code::as_str)).fetch_all(&self.read).await?;
        let mut found = items_of(&rows)?;
        let Some(sku) = found.keys().next().cloned() else { return Ok(None) };
        let select = "SELECT sku, code, units FROM codes WHERE sku = ?1 ORDER BY code";
        add_codes(&mut found, &sqlx::query(select).bind(sku.as_str()).fetch_all(&self.read).await?)?;
        Ok(found.into_values().next())
    }

    /// Whether the catalogue has an item.
    pub async fn has_item(&self, sku: &Sku) -> Result<bool, LedgerError> {
        let found = sqlx::query("SELECT 1 FROM items WHERE sku = ?").bind(sku.as_str());
        Ok(found.fetch_optional(&self.read).await?.is_some())
    }
}

/// Gives the catalogue a new version in which no item differs, if there is one.
pub(super) async fn raise(change: &mut SqliteConnection, generation: u64) -> Result<Option<u64>, LedgerError> {
    let row = sqlx::query("SELECT version FROM catalogue WHERE version > 0").fetch_optional(&mut *change).await?;
    let Some(row) = row else { return Ok(None) };
    let version = version_after(unsigned(row.try_get("version")?), generation);
    sqlx::query("UPDATE catalogue SET version = ?").bind(number(version)).execute(change).await?;
    Ok(Some(version))
}

async fn whole(change: &mut SqliteConnection) -> Result<Whole, LedgerError> {
    let mut held = Whole::default();
    for row in &sqlx::query(ITEM).fetch_all(&mut *change).await? {
        let item = item_of(row)?;
        held.items.insert(item.sku.clone(), item);
    }
    for row in &sqlx::query("SELECT sku, code, units FROM codes").fetch_all(&mut *change).await? {
        let (code, sku) = (row.try_get("code")?, row.try_get("sku")?);
        let meaning = (Sku::new(sku).map_err(kept)?, Quantity::thousandths(row.try_get("units")?));
        held.codes.insert(Code::new(code).map_err(kept)?, meaning);
    }
    Ok(held)
}

async fn write(change: &mut SqliteConnection, difference: &Difference, version: i64) -> Result<(), LedgerError> {
    let gone = difference.gone_items.iter().map(|sku| (false, sku.as_str()));
    let gone: Vec<(bool, &str)> = gone.chain(difference.gone_codes.iter().map(|code| (true, code.as_str()))).collect();
    for (code, key) in &gone {
        let delete = if *code { "DELETE FROM codes WHERE code = ?" } else { "DELETE FROM items WHERE sku = ?" };
        sqlx::query(delete).bind(key).execute(&mut *change).await?;
        let note = "INSERT INTO catalogue_gone (code, key, version) VALUES (?, ?, ?) \
                    ON CONFLICT (code, key) DO UPDATE SET version = excluded.version";
        sqlx::query(note).bind(code).bind(key).bind(version).execute(&mut *change).await?;
    }
    for chunk in difference.items.chunks(ROWS) {
        let mut query = QueryBuilder::<Sqlite>::new(
            "INSERT INTO items (sku, name, measure, tracked, price_minor, currency, coming, parts, assortments, changed) ",
        );
        query.push_values(chunk, |mut row, item| {
            row.push_bind(item.sku.as_str().to_owned()).push_bind(item.name.clone());
            row.push_bind(item.unit == ItemUnit::Measure).push_bind(item.tracked);
            row.push_bind(item.always().map(|price| price.minor));
            row.push_bind(item.always().map(|price| price.currency.to_string()));
            row.push_bind(prices_text(item.coming())).push_bind(parts_text(&item.parts));
            row.push_bind(labels_text(&item.assortments)).push_bind(version);
        });
        query.push(
            " ON CONFLICT (sku) DO UPDATE SET name = excluded.name, measure = excluded.measure, \
             tracked = excluded.tracked, price_minor = excluded.price_minor, currency = excluded.currency, \
             coming = excluded.coming, parts = excluded.parts, assortments = excluded.assortments, \
             changed = excluded.changed",
        );
        query.build().execute(&mut *change).await?;
    }
    for chunk in difference.codes.chunks(ROWS) {
        let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO codes (sku, code, units) ");
        query.push_values(chunk, |mut row, (code, sku, units)| {
            row.push_bind(sku.as_str().to_owned())
                .push_bind(code.as_str().to_owned())
                .push_bind(units.as_thousandths());
        });
        query.push(" ON CONFLICT (code) DO UPDATE SET sku = excluded.sku, units = excluded.units");
        query.build().execute(&mut *change).await?;
    }
    attention::keep_decided(change, version).await?;
    // What is there again is not gone.
    let back = "DELETE FROM catalogue_gone WHERE NOT code AND key IN (SELECT sku FROM items) \
                OR code AND key IN (SELECT code FROM codes)";
    sqlx::query(back).execute(change).await?;
    Ok(())
}
