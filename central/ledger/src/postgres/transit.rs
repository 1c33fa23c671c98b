//! What the apply transaction reads and writes of goods between stores.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::Row as _;
use sqlx::postgres::{PgConnection, PgRow};
use tidemark_model::{Code, DocumentKey, Quantity, Sku, StoreId};

use super::applying::StoreKeys;
use super::{ordinal_of, plain};
use crate::apply::{DocumentOf, Given, Learnt, Side, StockFacts, StockHeld, TransferLine};
use crate::columns::{document_of, label_of, text_of};
use crate::error::LedgerError;
use crate::sqlite::{number, unsigned};

/// The moment of the database's clock, in milliseconds since 1970.
pub(super) const NOW: &str = "(extract(epoch FROM clock_timestamp()) * 1000)::int8";

/// Columns of [`line_of`], of `transfer_lines l`.
pub(super) const LINE: &str =
    "l.store, l.ordinal, l.seq, l.quantity, l.sent, l.in_base, l.document, l.reference, l.sku, l.code, l.counterpart";

type Stores<'s> = BTreeMap<i64, &'s StoreId>;

/// A line of a row; the store is told by its key.
pub(super) fn line_of(row: &PgRow, store: &StoreId) -> Result<TransferLine, LedgerError> {
    let code: Option<Code> = text_of(row, "code", Code::new)?;
    let given = match (text_of(row, "sku", Sku::new)?, code) {
        (Some(sku), _) => Given::Sku(sku),
        (None, Some(code)) if row.try_get("in_base")? => Given::Base(code),
        (None, Some(code)) => Given::Packs(code),
        (None, None) => return Err(LedgerError::Kept("a transfer's line names nothing".to_owned())),
    };
    Ok(TransferLine {
        store: store.clone(),
        at: (ordinal_of(row)?, unsigned(row.try_get("seq")?)),
        document: document_of(row)?,
        reference: row.try_get("reference")?,
        side: if row.try_get("sent")? { Side::Out } else { Side::In },
        given,
        quantity: Quantity::thousandths(row.try_get("quantity")?),
        last: false,
        counterpart: label_of(row, "counterpart")?,
    })
}

/// What a code was learnt to be, of a row.
pub(super) fn learnt_of(row: &PgRow, store: &StoreId) -> Result<Learnt, LedgerError> {
    let missing = || LedgerError::Kept("what was learnt has neither code nor item".to_owned());
    Ok(Learnt {
        store: store.clone(),
        code: text_of(row, "code", Code::new)?.ok_or_else(missing)?,
        at: (ordinal_of(row)?, unsigned(row.try_get("seq")?)),
        document: document_of(row)?,
        sku: text_of(row, "sku", Sku::new)?.ok_or_else(missing)?,
        units: Quantity::thousandths(row.try_get("units")?),
    })
}

/// Pairs as two arrays, those of unknown stores left out.
fn unzip<'s, T>(keys: &StoreKeys, pairs: impl Iterator<Item = (&'s StoreId, T)>) -> (Vec<i64>, Vec<T>) {
    pairs.filter_map(|(store, other)| Some((*keys.get(store)?, other))).unzip()
}

/// What is held of what a batch says.
pub(super) async fn held(
    change: &mut PgConnection,
    facts: &StockFacts,
    keys: &StoreKeys,
) -> Result<StockHeld, LedgerError> {
    let mut held = StockHeld::default();
    if facts.is_empty() {
        return Ok(held);
    }
    let stores: Stores<'_> = keys.iter().map(|(store, key)| (*key, store)).collect();
    held.lines = lines_about(change, facts, keys, &stores).await?;
    let lines = || facts.lines.iter().chain(&held.lines);
    let unknown = lines().filter_map(|line| Some((&line.store, line.given.unknown()?)));
    let unknown = unknown.chain(facts.unknown.iter().map(|line| (&line.store, &line.code)));
    let codes: BTreeSet<(&StoreId, &Code)> =
        unknown.chain(facts.learnt.iter().map(|learnt| (&learnt.store, &learnt.code))).collect();
    let documents: BTreeSet<(&StoreId, DocumentKey)> = lines()
        .map(|line| (&line.store, line.document))
        .chain(facts.unknown.iter().map(|line| (&line.store, line.document)))
        .collect();
    let voided = voided_among(change, documents, keys, &stores).await?;
    let learnt = learnt_among(change, codes, keys, &stores).await?;
    (held.voided, held.learnt) = (voided, learnt);
    Ok(held)
}

/// The lines whose document is voided now, or whose code is learnt now.
async fn lines_about(
    change: &mut PgConnection,
    facts: &StockFacts,
    keys: &StoreKeys,
    stores: &Stores<'_>,
) -> Result<Vec<TransferLine>, LedgerError> {
    if facts.voided.is_empty() && facts.learnt.is_empty() {
        return Ok(Vec::new());
    }
    let (of, documents) = unzip(keys, facts.voided.iter().map(|(store, document)| (store, document.0.as_slice())));
    let (in_stores, codes) = unzip(keys, facts.learnt.iter().map(|learnt| (&learnt.store, learnt.code.as_str())));
    let select = format!(
        "SELECT {LINE} FROM transfer_lines l JOIN (SELECT DISTINCT * FROM UNNEST($1::int8[], $2::bytea[])) v (store, document) \
         USING (store, document) UNION \
         SELECT {LINE} FROM transfer_lines l JOIN (SELECT DISTINCT * FROM UNNEST($3::int8[], $4::text[])) c (store, code) \
         USING (store, code) WHERE l.sku IS NULL"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(select)).bind(of).bind(documents).bind(in_stores).bind(codes);
    let mut lines = Vec::new();
    for row in &rows.fetch_all(change).await? {
        let Some(store) = stores.get(&row.try_get("store")?) else { continue };
        lines.push(line_of(row, store)?);
    }
    Ok(lines)
}

async fn voided_among(
    change: &mut PgConnection,
    documents: BTreeSet<(&StoreId, DocumentKey)>,
    keys: &StoreKeys,
    stores: &Stores<'_>,
) -> Result<BTreeSet<DocumentOf>, LedgerError> {
    if documents.is_empty() {
        return Ok(BTreeSet::new());
    }
    let (of, documents) = unzip(keys, documents.into_iter().map(|(store, document)| (store, document.0.to_vec())));
    let select = "SELECT v.store, v.document FROM voided v JOIN UNNEST($1::int8[], $2::bytea[]) AS w (store, document) \
                  USING (store, document)";
    let mut voided = BTreeSet::new();
    for row in &sqlx::query(select).bind(of).bind(documents).fetch_all(change).await? {
        let Some(store) = stores.get(&row.try_get("store")?) else { continue };
        voided.insert(((*store).clone(), document_of(row)?));
    }
    Ok(voided)
}

async fn learnt_among(
    change: &mut PgConnection,
    codes: BTreeSet<(&StoreId, &Code)>,
    keys: &StoreKeys,
    stores: &Stores<'_>,
) -> Result<Vec<Learnt>, LedgerError> {
    if codes.is_empty() {
        return Ok(Vec::new());
    }
    let (of, codes) = unzip(keys, codes.into_iter().map(|(store, code)| (store, code.as_str().to_owned())));
    let select = "SELECT l.store, l.ordinal, l.seq, l.units, l.document, l.code, l.sku FROM learnt l \
                  JOIN UNNEST($1::int8[], $2::text[]) AS w (store, code) USING (store, code)";
    let mut learnt = Vec::new();
    for row in &sqlx::query(select).bind(of).bind(codes).fetch_all(change).await? {
        let Some(store) = stores.get(&row.try_get("store")?) else { continue };
        learnt.push(learnt_of(row, store)?);
    }
    Ok(learnt)
}

/// Writes what a batch says, and what comes of it: transfers and transit
/// first, in the order of their references, because the other side's applier
/// may want the same rows.
pub(super) async fn write(
    change: &mut PgConnection,
    keys: &StoreKeys,
    facts: &StockFacts,
    held: &StockHeld,
) -> Result<(), LedgerError> {
    if facts.is_empty() {
        return Ok(());
    }
    write_transit(change, facts, held).await?;
    write_lines(change, keys, facts).await?;
    write_voided(change, keys, facts).await?;
    write_learnt(change, keys, facts).await?;
    write_suspense(change, keys, facts, held).await
}

async fn write_transit(change: &mut PgConnection, facts: &StockFacts, held: &StockHeld) -> Result<(), LedgerError> {
    let mut heads: BTreeMap<&str, (bool, bool, bool)> = BTreeMap::new();
    for line in &facts.lines {
        let head = heads.entry(&line.reference).or_default();
        let received = !line.side.is_out();
        *head = (head.0 || (line.last && received), head.1 || !received, head.2 || received);
    }
    let transit = facts.transit(held);
    for (reference, _) in transit.keys() {
        heads.entry(reference).or_default();
    }
    if heads.is_empty() {
        return Ok(());
    }
    let upsert = format!(
        "INSERT INTO transfers AS t (reference, final, sent, received, first_at, last_at) \
         SELECT n.*, c.now, c.now FROM UNNEST($1::text[], $2::bool[], $3::bool[], $4::bool[]) AS n, (SELECT {NOW} AS now) c \
         ON CONFLICT (reference) DO UPDATE SET final = t.final OR excluded.final, sent = t.sent OR excluded.sent, \
         received = t.received OR excluded.received, last_at = excluded.last_at"
    );
    let references: Vec<_> = heads.keys().map(|reference| plain(reference)).collect();
    sqlx::query(sqlx::AssertSqlSafe(upsert))
        .bind(&references)
        .bind(heads.values().map(|head| head.0).collect::<Vec<_>>())
        .bind(heads.values().map(|head| head.1).collect::<Vec<_>>())
        .bind(heads.values().map(|head| head.2).collect::<Vec<_>>())
        .execute(&mut *change)
        .await?;
    let upsert = "INSERT INTO transit AS t (reference, sku, quantity) \
                  SELECT * FROM UNNEST($1::text[], $2::text[], $3::int8[]) \
                  ON CONFLICT (reference, sku) DO UPDATE SET quantity = t.quantity + excluded.quantity";
    sqlx::query(upsert)
        .bind(transit.keys().map(|(reference, _)| plain(reference)).collect::<Vec<_>>())
        .bind(transit.keys().map(|(_, sku)| sku.as_str()).collect::<Vec<_>>())
        .bind(transit.values().copied().collect::<Vec<_>>())
        .execute(&mut *change)
        .await?;
    count_open(change, &references).await
}

/// Counts the items of which something is in transit; the transfers are
/// locked.
pub(super) async fn count_open(change: &mut PgConnection, references: &[impl AsRef<str>]) -> Result<(), LedgerError> {
    let count = "UPDATE transfers t SET open = (SELECT count(*) FROM transit x WHERE x.reference = t.reference \
                 AND x.quantity <> x.closed) WHERE t.reference = ANY($1)";
    let references: Vec<&str> = references.iter().map(AsRef::as_ref).collect();
    sqlx::query(count).bind(references).execute(change).await?;
    Ok(())
}

async fn write_lines(change: &mut PgConnection, keys: &StoreKeys, facts: &StockFacts) -> Result<(), LedgerError> {
    let lines: Vec<(i64, &TransferLine)> =
        facts.lines.iter().filter_map(|line| Some((*keys.get(&line.store)?, line))).collect();
    if lines.is_empty() {
        return Ok(());
    }
    let insert = "INSERT INTO transfer_lines (store, ordinal, seq, quantity, sent, in_base, document, reference, sku, code, counterpart) \
                  SELECT * FROM UNNEST($1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::bool[], $6::bool[], $7::bytea[], \
                  $8::text[], $9::text[], $10::text[], $11::text[])";
    let sku = |line: &TransferLine| match &line.given {
        Given::Sku(sku) => Some(sku.to_string()),
        Given::Packs(_) | Given::Base(_) => None,
    };
    sqlx::query(insert)
        .bind(lines.iter().map(|(key, _)| *key).collect::<Vec<_>>())
        .bind(lines.iter().map(|(_, line)| i64::from(line.at.0.0)).collect::<Vec<_>>())
        .bind(lines.iter().map(|(_, line)| number(line.at.1)).collect::<Vec<_>>())
        .bind(lines.iter().map(|(_, line)| line.quantity.as_thousandths()).collect::<Vec<_>>())
        .bind(lines.iter().map(|(_, line)| line.side.is_out()).collect::<Vec<_>>())
        .bind(lines.iter().map(|(_, line)| matches!(line.given, Given::Base(_))).collect::<Vec<_>>())
        .bind(lines.iter().map(|(_, line)| line.document.0.as_slice()).collect::<Vec<_>>())
        .bind(lines.iter().map(|(_, line)| plain(&line.reference)).collect::<Vec<_>>())
        .bind(lines.iter().map(|(_, line)| sku(line)).collect::<Vec<_>>())
        .bind(lines.iter().map(|(_, line)| line.given.unknown().map(Code::as_str)).collect::<Vec<_>>())
        .bind(lines.iter().map(|(_, line)| line.counterpart.as_ref().map(|of| plain(of.as_str()))).collect::<Vec<_>>())
        .execute(change)
        .await?;
    Ok(())
}

async fn write_voided(change: &mut PgConnection, keys: &StoreKeys, facts: &StockFacts) -> Result<(), LedgerError> {
    let (stores, documents) = unzip(keys, facts.voided.iter().map(|(store, document)| (store, document.0.to_vec())));
    if stores.is_empty() {
        return Ok(());
    }
    let insert =
        "INSERT INTO voided (store, document) SELECT * FROM UNNEST($1::int8[], $2::bytea[]) ON CONFLICT DO NOTHING";
    sqlx::query(insert).bind(&stores).bind(&documents).execute(&mut *change).await?;
    let gone = "DELETE FROM suspense s USING UNNEST($1::int8[], $2::bytea[]) AS v (store, document) \
                WHERE s.store = v.store AND s.document = v.document";
    sqlx::query(gone).bind(stores).bind(documents).execute(change).await?;
    Ok(())
}

async fn write_learnt(change: &mut PgConnection, keys: &StoreKeys, facts: &StockFacts) -> Result<(), LedgerError> {
    let learnt: Vec<(i64, &Learnt)> =
        facts.learnt.iter().filter_map(|learnt| Some((*keys.get(&learnt.store)?, learnt))).collect();
    if learnt.is_empty() {
        return Ok(());
    }
    let insert = "WITH n AS (INSERT INTO learnt (store, ordinal, seq, units, document, code, sku) \
                  SELECT * FROM UNNEST($1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::bytea[], $6::text[], $7::text[]) \
                  RETURNING store, code, ordinal, seq) \
                  DELETE FROM suspense s USING n WHERE s.store = n.store AND s.code = n.code \
                  AND (s.ordinal, s.seq) < (n.ordinal, n.seq)";
    sqlx::query(insert)
        .bind(learnt.iter().map(|(key, _)| *key).collect::<Vec<_>>())
        .bind(learnt.iter().map(|(_, learnt)| i64::from(learnt.at.0.0)).collect::<Vec<_>>())
        .bind(learnt.iter().map(|(_, learnt)| number(learnt.at.1)).collect::<Vec<_>>())
        .bind(learnt.iter().map(|(_, learnt)| learnt.units.as_thousandths()).collect::<Vec<_>>())
        .bind(learnt.iter().map(|(_, learnt)| learnt.document.0.as_slice()).collect::<Vec<_>>())
        .bind(learnt.iter().map(|(_, learnt)| learnt.code.as_str()).collect::<Vec<_>>())
        .bind(learnt.iter().map(|(_, learnt)| learnt.sku.as_str()).collect::<Vec<_>>())
        .execute(change)
        .await?;
    Ok(())
}

async fn write_suspense(
    change: &mut PgConnection,
    keys: &StoreKeys,
    facts: &StockFacts,
    held: &StockHeld,
) -> Result<(), LedgerError> {
    let lines: Vec<_> = facts.suspense(held).filter_map(|line| Some((*keys.get(&line.store)?, line))).collect();
    if lines.is_empty() {
        return Ok(());
    }
    let insert = format!(
        "INSERT INTO suspense (store, ordinal, seq, amount, in_base, document, code, seen_at) \
         SELECT n.*, {NOW} FROM UNNEST($1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::bool[], $6::bytea[], $7::text[]) AS n"
    );
    sqlx::query(sqlx::AssertSqlSafe(insert))
        .bind(lines.iter().map(|(key, _)| *key).collect::<Vec<_>>())
        .bind(lines.iter().map(|(_, line)| i64::from(line.at.0.0)).collect::<Vec<_>>())
        .bind(lines.iter().map(|(_, line)| number(line.at.1)).collect::<Vec<_>>())
        .bind(lines.iter().map(|(_, line)| line.amount.as_thousandths()).collect::<Vec<_>>())
        .bind(lines.iter().map(|(_, line)| line.in_base).collect::<Vec<_>>())
        .bind(lines.iter().map(|(_, line)| line.document.0.as_slice()).collect::<Vec<_>>())
        .bind(lines.iter().map(|(_, line)| line.code.as_str()).collect::<Vec<_>>())
        .execute(change)
        .await?;
    Ok(())
}
