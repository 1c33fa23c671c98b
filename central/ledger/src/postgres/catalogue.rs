//! The catalogue: one version, changed to another as a whole, read in pages or
//! as what changed.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Row as _};
use tidemark_model::{Code, Item, ItemUnit, Quantity, Sku};

use super::{PostgresLedger, attention, audit, plain};
use crate::catalogue::{
    CatalogueDifference, CodeMeaning, Difference, Whole, labels_text, parts_text, prices_text, version_after,
};
use crate::columns::items::{ITEM, add_codes, item_of, items_of};
use crate::error::LedgerError;
use crate::rows::CatalogueItem;
use crate::sqlite::{kept, number, unsigned};

/// Rows of one statement.
const ROWS: usize = 10_000;

impl PostgresLedger {
    /// The catalogue's version; 0 without one.
    pub async fn catalogue_version(&self) -> Result<u64, LedgerError> {
        let row = sqlx::query("SELECT version FROM catalogue").fetch_optional(&self.read).await?;
        row.map_or(Ok(0), |row| Ok(unsigned(row.try_get("version")?)))
    }

    /// Replaces the catalogue in one transaction; its version then, which is
    /// the one of before if nothing differs.
    pub async fn replace_catalogue(&self, items: &[Item], codes: &[CodeMeaning]) -> Result<u64, LedgerError> {
        let mut change = self.write.begin().await?;
        // The version's row is the lock of whoever replaces it.
        let lock = "INSERT INTO catalogue (one, version, since) VALUES (true, 0, 0) \
                    ON CONFLICT (one) DO UPDATE SET version = catalogue.version \
                    RETURNING version, (SELECT generation FROM history) AS generation";
        let row = sqlx::query(lock).fetch_one(&mut *change).await?;
        let (held, generation) = (unsigned(row.try_get("version")?), unsigned(row.try_get("generation")?));
        let difference = Difference::between(whole(&mut change).await?, items, codes)?;
        if held > 0 && difference.is_none() {
            return Ok(held);
        }
        let version = version_after(held, generation);
        let note = "UPDATE catalogue SET version = $1, since = CASE WHEN version = 0 THEN $1 ELSE since END";
        sqlx::query(note).bind(number(version)).execute(&mut *change).await?;
        write(&mut change, &difference, number(version)).await?;
        audit::note(&mut change, self.by.as_deref()).await?;
        change.commit().await?;
        Ok(version)
    }

    /// A page of the catalogue, ascending by SKU after one.
    pub async fn catalogue_page(&self, after: Option<&Sku>, most: u32) -> Result<Vec<CatalogueItem>, LedgerError> {
        let after = after.map_or("", Sku::as_str);
        let select = format!("{ITEM} WHERE sku > $1 ORDER BY sku LIMIT $2");
        let rows = sqlx::query(AssertSqlSafe(select)).bind(after).bind(i64::from(most)).fetch_all(&self.read).await?;
        let mut page = items_of(&rows)?;
        let Some(last) = page.keys().next_back().cloned() else { return Ok(Vec::new()) };
        let select = "SELECT sku, code, units FROM codes WHERE sku > $1 AND sku <= $2 ORDER BY sku, code";
        let rows = sqlx::query(select).bind(after).bind(last.as_str()).fetch_all(&self.read).await?;
        add_codes(&mut page, &rows)?;
        Ok(page.into_values().collect())
    }

    /// What changed since a version; none if that can't be told, or is more
    /// than `most` items and codes.
    pub async fn catalogue_since(&self, version: u64, most: u32) -> Result<Option<CatalogueDifference>, LedgerError> {
        let mut look = self.read.begin().await?;
        sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").execute(&mut *look).await?;
        let row = sqlx::query("SELECT version, since FROM catalogue").fetch_optional(&mut *look).await?;
        let Some(row) = row else { return Ok(None) };
        let (now, since) = (unsigned(row.try_get("version")?), unsigned(row.try_get("since")?));
        if version < since || version > now {
            return Ok(None);
        }
        let select = format!("{ITEM} WHERE changed > $1 ORDER BY sku LIMIT $2");
        let select = sqlx::query(AssertSqlSafe(select)).bind(number(version)).bind(i64::from(most) + 1);
        let mut items = items_of(&select.fetch_all(&mut *look).await?)?;
        let select = "SELECT code, key FROM catalogue_gone WHERE version > $1 LIMIT $2";
        let gone = sqlx::query(select).bind(number(version)).bind(i64::from(most) + 1).fetch_all(&mut *look).await?;
        if items.len() + gone.len() > usize::try_from(most).unwrap_or(usize::MAX) {
            return Ok(None);
        }
        let select = "SELECT c.sku, c.code, c.units FROM codes c JOIN items i ON i.sku = c.sku WHERE i.changed > $1";
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
        let by = "WHERE sku = $1 OR sku = (SELECT sku FROM codes WHERE code = $2) ORDER BY sku <> $1 LIMIT 1";
        let select = sqlx::query(AssertSqlSafe(format!("{ITEM} {by}")));
        let rows = select.bind(sku).bind(code.map(Code::as_str)).fetch_all(&self.read).await?;
        let mut found = items_of(&rows)?;
        let Some(sku) = found.keys().next().cloned() else { return Ok(None) };
        let select = "SELECT sku, code, units FROM codes WHERE sku = $1 ORDER BY code";
        add_codes(&mut found, &sqlx::query(select).bind(sku.as_str()).fetch_all(&self.read).await?)?;
        Ok(found.into_values().next())
    }

    /// Whether the catalogue has an item.
    pub async fn has_item(&self, sku: &Sku) -> Result<bool, LedgerError> {
        let found = sqlx::query("SELECT 1 FROM items WHERE sku = $1").bind(sku.as_str());
        Ok(found.fetch_optional(&self.read).await?.is_some())
    }
}

/// Gives the catalogue a new version in which no item differs, if there is one.
pub(super) async fn raise(change: &mut PgConnection) -> Result<Option<u64>, LedgerError> {
    let select = "SELECT version, (SELECT generation FROM history) AS generation \
                  FROM catalogue WHERE version > 0 FOR UPDATE OF catalogue";
    let Some(row) = sqlx::query(select).fetch_optional(&mut *change).await? else { return Ok(None) };
    let version = version_after(unsigned(row.try_get("version")?), unsigned(row.try_get("generation")?));
    sqlx::query("UPDATE catalogue SET version = $1").bind(number(version)).execute(change).await?;
    Ok(Some(version))
}

async fn whole(change: &mut PgConnection) -> Result<Whole, LedgerError> {
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

async fn write(change: &mut PgConnection, difference: &Difference, version: i64) -> Result<(), LedgerError> {
    let items: Vec<&str> = difference.gone_items.iter().map(Sku::as_str).collect();
    let codes: Vec<&str> = difference.gone_codes.iter().map(Code::as_str).collect();
    sqlx::query("DELETE FROM codes WHERE code = ANY($1)").bind(&codes).execute(&mut *change).await?;
    sqlx::query("DELETE FROM items WHERE sku = ANY($1)").bind(&items).execute(&mut *change).await?;
    for (code, keys) in [(false, items), (true, codes)] {
        let note = "INSERT INTO catalogue_gone (code, key, version) SELECT $1, k, $3 FROM UNNEST($2::text[]) k \
                    ON CONFLICT (code, key) DO UPDATE SET version = excluded.version";
        sqlx::query(note).bind(code).bind(keys).bind(version).execute(&mut *change).await?;
    }
    for chunk in difference.items.chunks(ROWS) {
        put_items(change, chunk, version).await?;
    }
    for chunk in difference.codes.chunks(ROWS) {
        let insert = "INSERT INTO codes (sku, code, units) SELECT * FROM UNNEST($1::text[], $2::text[], $3::int8[]) \
                      ON CONFLICT (code) DO UPDATE SET sku = excluded.sku, units = excluded.units";
        sqlx::query(insert)
            .bind(chunk.iter().map(|(_, sku, _)| sku.as_str()).collect::<Vec<_>>())
            .bind(chunk.iter().map(|(code, ..)| code.as_str()).collect::<Vec<_>>())
            .bind(chunk.iter().map(|(.., units)| units.as_thousandths()).collect::<Vec<_>>())
            .execute(&mut *change)
            .await?;
    }
    attention::keep_decided(change, version).await?;
    // What is there again is not gone.
    let back = "DELETE FROM catalogue_gone WHERE NOT code AND key IN (SELECT sku FROM items) \
                OR code AND key IN (SELECT code FROM codes)";
    sqlx::query(back).execute(change).await?;
    Ok(())
}

async fn put_items(change: &mut PgConnection, items: &[Item], version: i64) -> Result<(), LedgerError> {
    let insert = "INSERT INTO items (sku, name, measure, tracked, price_minor, currency, coming, parts, assortments, changed) \
                  SELECT n.*, $10 FROM UNNEST($1::text[], $2::text[], $3::bool[], $4::bool[], $5::int8[], $6::text[], \
                  $7::text[], $8::text[], $9::text[]) AS n ON CONFLICT (sku) DO UPDATE SET name = excluded.name, measure = excluded.measure, \
                  tracked = excluded.tracked, price_minor = excluded.price_minor, currency = excluded.currency, \
                  coming = excluded.coming, parts = excluded.parts, assortments = excluded.assortments, \
                  changed = excluded.changed";
    sqlx::query(insert)
        .bind(items.iter().map(|item| item.sku.as_str()).collect::<Vec<_>>())
        .bind(items.iter().map(|item| plain(&item.name)).collect::<Vec<_>>())
        .bind(items.iter().map(|item| item.unit == ItemUnit::Measure).collect::<Vec<_>>())
        .bind(items.iter().map(|item| item.tracked).collect::<Vec<_>>())
        .bind(items.iter().map(|item| item.always().map(|price| price.minor)).collect::<Vec<_>>())
        .bind(items.iter().map(|item| item.always().map(|price| price.currency.as_str())).collect::<Vec<_>>())
        .bind(items.iter().map(|item| prices_text(item.coming())).collect::<Vec<_>>())
        .bind(items.iter().map(|item| parts_text(&item.parts)).collect::<Vec<_>>())
        .bind(items.iter().map(|item| labels_text(&item.assortments)).collect::<Vec<_>>())
        .bind(version)
        .execute(change)
        .await?;
    Ok(())
}
