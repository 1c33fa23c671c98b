//! What somebody has to look at, and days of tills.

use std::collections::BTreeMap;

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Row as _};
use tidemark_model::{Quantity, Sku, StoreId};

use super::applying::StoreKeys;
use super::reads::{LEVEL, level_of};
use super::transit::NOW;
use super::{PostgresLedger, audit, plain};
use crate::apply::StockFacts;
use crate::attention::{
    CodeDecision, Decided, Deciding, StockList, StockPage, StoresToLookAt, SuspenseCode, TillDayRow,
};
use crate::columns::stock::{stores_of, suspended_of};
use crate::error::LedgerError;
use crate::sqlite::{number, unsigned};

/// Rows that may be on a list; what they show decides.
const fn filter(list: StockList) -> &'static str {
    match list {
        StockList::Negative => "(b.on_hand < 0 OR b.old_on_hand < 0 OR b.effect_sum < 0)",
        StockList::Uncounted => "(NOT b.counted OR b.old_on_hand IS NOT NULL)",
        StockList::Recounts => {
            "EXISTS (SELECT 1 FROM recounts r WHERE r.store = b.store AND r.sku = b.sku \
             AND (r.ordinal, r.seq) >= (b.count_ordinal, b.count_seq))"
        }
    }
}

impl PostgresLedger {
    /// A page of a list of a store's items, behind one.
    pub async fn stock_list(
        &self,
        store: &StoreId,
        list: StockList,
        after: Option<&Sku>,
        most: u32,
    ) -> Result<StockPage, LedgerError> {
        let select = format!("{LEVEL} WHERE s.store = $1 AND b.sku > $2 AND {} ORDER BY b.sku LIMIT $3", filter(list));
        let rows = sqlx::query(AssertSqlSafe(select)).bind(store.as_str()).bind(after.map_or("", Sku::as_str));
        let rows = rows.bind(i64::from(most)).fetch_all(&self.read).await?;
        let levels = rows.iter().map(level_of).collect::<Result<Vec<_>, _>>()?;
        let full = u32::try_from(levels.len()).is_ok_and(|found| found == most);
        let next = levels.last().filter(|_| full).map(|level| level.sku.clone());
        let mut items: Vec<_> =
            levels.into_iter().filter(|level| list.holds(level)).map(|level| (level, None)).collect();
        if list == StockList::Recounts {
            let since =
                "SELECT since FROM recounts WHERE store = (SELECT key FROM stores WHERE store = $1) AND sku = $2";
            for (level, noted) in &mut items {
                let row = sqlx::query(since).bind(store.as_str()).bind(level.sku.as_str());
                *noted = row.fetch_optional(&self.read).await?.map(|row| row.try_get("since")).transpose()?;
            }
        }
        Ok(StockPage { items, next })
    }

    /// Codes that nobody knows, behind one; those that are ignored only if
    /// they are asked for.
    pub async fn suspense(&self, after: &str, ignored: bool, most: u32) -> Result<Vec<SuspenseCode>, LedgerError> {
        let select = "SELECT x.code, max(d.decision) AS decision FROM suspense x LEFT JOIN code_decisions d ON d.code = x.code \
                      WHERE x.code > $1 AND ($2 OR d.decision IS NULL OR d.decision <> 'ignored') \
                      GROUP BY x.code ORDER BY x.code LIMIT $3";
        let rows = sqlx::query(select).bind(after).bind(ignored).bind(i64::from(most)).fetch_all(&self.read).await?;
        let code = |row: &PgRow| -> Result<SuspenseCode, LedgerError> {
            Ok(SuspenseCode { code: row.try_get("code")?, decision: row.try_get("decision")?, stores: Vec::new() })
        };
        let mut codes = rows.iter().map(code).collect::<Result<Vec<_>, _>>()?;
        for code in &mut codes {
            let stores = "SELECT s.store AS name, count(*) AS lines, \
                          coalesce(sum(CASE WHEN x.in_base THEN 0 ELSE x.amount END), 0)::int8 AS packs, \
                          coalesce(sum(CASE WHEN x.in_base THEN x.amount ELSE 0 END), 0)::int8 AS base, \
                          min(x.seen_at) AS first_seen, max(x.seen_at) AS last_seen \
                          FROM suspense x JOIN stores s ON s.key = x.store WHERE x.code = $1 GROUP BY s.store ORDER BY s.store";
            for row in &sqlx::query(stores).bind(&code.code).fetch_all(&self.read).await? {
                code.stores.push(suspended_of(row)?);
            }
        }
        Ok(codes)
    }

    /// The stores that have something on a list of theirs.
    pub async fn stores_to_look_at(&self) -> Result<StoresToLookAt, LedgerError> {
        let unknown = "SELECT s.store AS name FROM stores s WHERE EXISTS (SELECT 1 FROM suspense x \
                       LEFT JOIN code_decisions d ON d.code = x.code \
                       WHERE x.store = s.key AND (d.decision IS NULL OR d.decision <> 'ignored'))";
        let uncounted = "SELECT s.store AS name FROM stores s WHERE EXISTS (SELECT 1 FROM balances b \
                         WHERE b.store = s.key AND NOT b.counted AND (b.old_counted IS NULL OR NOT b.old_counted))";
        let unknown = sqlx::query(unknown).fetch_all(&self.read).await?;
        let uncounted = sqlx::query(uncounted).fetch_all(&self.read).await?;
        Ok(StoresToLookAt { unknown_codes: stores_of(&unknown)?, no_basis: stores_of(&uncounted)? })
    }

    /// Decides of a code; what makes it part of the catalogue is a version of
    /// that.
    pub async fn decide_code(&self, deciding: &Deciding) -> Result<Decided, LedgerError> {
        let mut change = self.write.begin().await?;
        let version = match deciding.decision.item() {
            None => None,
            Some((sku, units)) => match add_code(&mut change, deciding, sku, units).await? {
                Decided::Done(version) => version,
                refused @ (Decided::NoSuchItem | Decided::Taken(_) | Decided::Tracked) => return Ok(refused),
            },
        };
        let note = format!(
            "INSERT INTO code_decisions (code, decision, sku, units, author, reason, decided_at) \
             VALUES ($1, $2, $3, $4, $5, $6, {NOW}) ON CONFLICT (code) DO UPDATE SET decision = excluded.decision, \
             sku = excluded.sku, units = excluded.units, author = excluded.author, reason = excluded.reason, \
             decided_at = excluded.decided_at"
        );
        let item = deciding.decision.item();
        sqlx::query(AssertSqlSafe(note))
            .bind(deciding.code.as_str())
            .bind(deciding.decision.word())
            .bind(item.map_or("", |(sku, _)| sku.as_str()))
            .bind(item.map_or(0, |(_, units)| units.as_thousandths()))
            .bind(plain(&deciding.author))
            .bind(plain(&deciding.reason))
            .execute(&mut *change)
            .await?;
        audit::note(&mut change, self.by.as_deref()).await?;
        change.commit().await?;
        Ok(Decided::Done(version))
    }

    /// The tills of a store's business day.
    pub async fn till_days(&self, store: &StoreId, day: &str) -> Result<Vec<TillDayRow>, LedgerError> {
        let select = "SELECT source, documents, traded, close_seq > 0 AS closed, told_documents, told_units FROM till_days \
                      WHERE store = (SELECT key FROM stores WHERE store = $1) AND business_day = $2 ORDER BY source";
        let read = |row: &PgRow| {
            let told_documents: Option<i64> = row.try_get("told_documents")?;
            Ok(TillDayRow {
                source: row.try_get("source")?,
                documents: unsigned(row.try_get("documents")?),
                traded: row.try_get("traded")?,
                closed: row.try_get("closed")?,
                told_documents: told_documents.map(unsigned),
                told_units: row.try_get::<Option<i64>, _>("told_units")?.map(Quantity::thousandths),
            })
        };
        let rows = sqlx::query(select).bind(store.as_str()).bind(plain(day)).fetch_all(&self.read).await?;
        rows.iter().map(read).collect()
    }
}

/// Makes a code part of the catalogue; the version it has then.
async fn add_code(
    change: &mut PgConnection,
    deciding: &Deciding,
    sku: &Sku,
    units: Quantity,
) -> Result<Decided, LedgerError> {
    // The version's row is the lock of whoever changes the catalogue.
    let next = "INSERT INTO catalogue (one, version) VALUES (true, 1) \
                ON CONFLICT (one) DO UPDATE SET version = catalogue.version + 1 RETURNING version";
    let version: i64 = sqlx::query(next).fetch_one(&mut *change).await?.try_get("version")?;
    if matches!(deciding.decision, CodeDecision::Untracked { .. }) {
        let make =
            "INSERT INTO items (sku, name, measure, tracked) VALUES ($1, $1, false, false) ON CONFLICT DO NOTHING";
        sqlx::query(make).bind(sku.as_str()).execute(&mut *change).await?;
    }
    let item = sqlx::query("SELECT tracked FROM items WHERE sku = $1").bind(sku.as_str());
    let Some(item) = item.fetch_optional(&mut *change).await? else { return Ok(Decided::NoSuchItem) };
    if matches!(deciding.decision, CodeDecision::Untracked { .. }) && item.try_get("tracked")? {
        return Ok(Decided::Tracked);
    }
    let code = deciding.code.as_str();
    let other = "SELECT sku FROM codes WHERE code = $1 AND sku <> $2 UNION ALL \
                 SELECT sku FROM items WHERE sku = $1 AND sku <> $2 LIMIT 1";
    if let Some(row) = sqlx::query(other).bind(code).bind(sku.as_str()).fetch_optional(&mut *change).await? {
        return Ok(Decided::Taken(row.try_get("sku")?));
    }
    let insert = "INSERT INTO codes (sku, code, units) VALUES ($1, $2, $3) \
                  ON CONFLICT (sku, code) DO UPDATE SET units = excluded.units";
    sqlx::query(insert).bind(sku.as_str()).bind(code).bind(units.as_thousandths()).execute(&mut *change).await?;
    // Boxes that have the version before are told of it.
    let note = "UPDATE items SET changed = $1 WHERE sku = $2";
    sqlx::query(note).bind(version).bind(sku.as_str()).execute(change).await?;
    Ok(Decided::Done(Some(unsigned(version))))
}

/// What head office decided of codes is part of a catalogue that replaces
/// another, unless that says something else of them.
pub(super) async fn keep_decided(change: &mut PgConnection, version: i64) -> Result<(), LedgerError> {
    let items = "INSERT INTO items (sku, name, measure, tracked) SELECT DISTINCT sku, sku, false, false FROM code_decisions \
                 WHERE decision = 'untracked' AND sku NOT IN (SELECT code FROM codes) ON CONFLICT DO NOTHING";
    sqlx::query(items).execute(&mut *change).await?;
    let codes = "INSERT INTO codes (sku, code, units) SELECT d.sku, d.code, d.units FROM code_decisions d \
                 JOIN items i ON i.sku = d.sku WHERE d.decision = 'mapped' OR (d.decision = 'untracked' AND NOT i.tracked) \
                 ON CONFLICT DO NOTHING";
    sqlx::query(codes).execute(&mut *change).await?;
    // A code that is an item of its own now is that.
    let own = "DELETE FROM codes WHERE sku <> code AND code IN (SELECT sku FROM items)";
    sqlx::query(own).execute(&mut *change).await?;
    let note = "UPDATE items SET changed = $1 WHERE sku IN (SELECT sku FROM code_decisions)";
    sqlx::query(note).bind(version).execute(change).await?;
    Ok(())
}

/// Writes what a batch says of counts and of tills' days.
pub(super) async fn write(change: &mut PgConnection, keys: &StoreKeys, facts: &StockFacts) -> Result<(), LedgerError> {
    type At = BTreeMap<(i64, String), (i64, i64)>;
    let keyed = |places: &crate::apply::Places| -> At {
        let one = |((store, sku), at): (&(StoreId, Sku), &crate::apply::Place)| {
            Some(((*keys.get(store)?, sku.to_string()), (i64::from(at.0.0), number(at.1))))
        };
        places.iter().filter_map(one).collect()
    };
    let counted = "UPDATE balances b SET count_ordinal = n.ordinal, count_seq = n.seq \
                   FROM UNNEST($1::int8[], $2::text[], $3::int8[], $4::int8[]) AS n (store, sku, ordinal, seq) \
                   WHERE b.store = n.store AND b.sku = n.sku AND (b.count_ordinal, b.count_seq) < (n.ordinal, n.seq)";
    let recounts = format!(
        "INSERT INTO recounts AS r (store, sku, ordinal, seq, since) SELECT n.*, {NOW} \
         FROM UNNEST($1::int8[], $2::text[], $3::int8[], $4::int8[]) AS n (store, sku, ordinal, seq) \
         ON CONFLICT (store, sku) DO UPDATE SET ordinal = excluded.ordinal, seq = excluded.seq, since = excluded.since \
         WHERE (r.ordinal, r.seq) < (excluded.ordinal, excluded.seq)"
    );
    for (statement, places) in [(counted.to_owned(), keyed(&facts.counted)), (recounts, keyed(&facts.recounts))] {
        if places.is_empty() {
            continue;
        }
        sqlx::query(AssertSqlSafe(statement))
            .bind(places.keys().map(|(store, _)| *store).collect::<Vec<_>>())
            .bind(places.keys().map(|(_, sku)| sku.as_str()).collect::<Vec<_>>())
            .bind(places.values().map(|(ordinal, _)| *ordinal).collect::<Vec<_>>())
            .bind(places.values().map(|(_, seq)| *seq).collect::<Vec<_>>())
            .execute(&mut *change)
            .await?;
    }
    write_days(change, keys, facts).await
}

async fn write_days(change: &mut PgConnection, keys: &StoreKeys, facts: &StockFacts) -> Result<(), LedgerError> {
    let days: Vec<_> = facts.days.iter().filter_map(|(of, day)| Some((*keys.get(&of.store)?, of, day))).collect();
    if days.is_empty() {
        return Ok(());
    }
    let upsert = "INSERT INTO till_days AS t (store, business_day, source, documents, traded, close_ordinal, close_seq, \
                  told_documents, told_units) SELECT * FROM UNNEST($1::int8[], $2::text[], $3::text[], $4::int8[], \
                  $5::bool[], $6::int8[], $7::int8[], $8::int8[], $9::int8[]) \
                  ON CONFLICT (store, business_day, source) DO UPDATE SET documents = t.documents + excluded.documents, \
                  traded = t.traded OR excluded.traded, \
                  close_ordinal = CASE WHEN (excluded.close_ordinal, excluded.close_seq) > (t.close_ordinal, t.close_seq) \
                  THEN excluded.close_ordinal ELSE t.close_ordinal END, \
                  told_documents = CASE WHEN (excluded.close_ordinal, excluded.close_seq) > (t.close_ordinal, t.close_seq) \
                  THEN excluded.told_documents ELSE t.told_documents END, \
                  told_units = CASE WHEN (excluded.close_ordinal, excluded.close_seq) > (t.close_ordinal, t.close_seq) \
                  THEN excluded.told_units ELSE t.told_units END, \
                  close_seq = CASE WHEN (excluded.close_ordinal, excluded.close_seq) > (t.close_ordinal, t.close_seq) \
                  THEN excluded.close_seq ELSE t.close_seq END";
    let at = |day: &crate::apply::TillDay| {
        day.close.as_ref().map_or((0, 0), |close| (i64::from(close.at.0.0), number(close.at.1)))
    };
    let documents = |day: &crate::apply::TillDay| day.close.as_ref().and_then(|close| close.documents).map(number);
    let units = |day: &crate::apply::TillDay| day.close.as_ref().map(|close| close.units.as_thousandths());
    sqlx::query(upsert)
        .bind(days.iter().map(|(key, ..)| *key).collect::<Vec<_>>())
        .bind(days.iter().map(|(_, of, _)| plain(of.day.as_str())).collect::<Vec<_>>())
        .bind(days.iter().map(|(_, of, _)| plain(of.source.as_str())).collect::<Vec<_>>())
        .bind(days.iter().map(|(.., day)| number(day.documents)).collect::<Vec<_>>())
        .bind(days.iter().map(|(.., day)| day.traded).collect::<Vec<_>>())
        .bind(days.iter().map(|(.., day)| at(day).0).collect::<Vec<_>>())
        .bind(days.iter().map(|(.., day)| at(day).1).collect::<Vec<_>>())
        .bind(days.iter().map(|(.., day)| documents(day)).collect::<Vec<_>>())
        .bind(days.iter().map(|(.., day)| units(day)).collect::<Vec<_>>())
        .execute(change)
        .await?;
    Ok(())
}
