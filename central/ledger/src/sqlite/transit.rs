//! What the apply transaction reads and writes of goods between stores.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row as _, SqliteConnection};
use tidemark_model::{Code, DocumentKey, EpochOrdinal, Quantity, Sku, StoreId};

use super::applying::StoreKeys;
use super::{number, unsigned};
use crate::apply::{Given, Learnt, Side, StockFacts, StockHeld, TransferLine};
use crate::columns::{document_of, label_of, text_of};
use crate::error::LedgerError;

/// The moment of the database's clock, in milliseconds since 1970.
pub(super) const NOW: &str = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

/// Columns of [`line_of`], of `transfer_lines l`.
pub(super) const LINE: &str =
    "l.store, l.ordinal, l.seq, l.quantity, l.sent, l.in_base, l.document, l.reference, l.sku, l.code, l.counterpart";

/// A line of a row.
pub(super) fn line_of(row: &SqliteRow, store: &StoreId) -> Result<TransferLine, LedgerError> {
    let code: Option<Code> = text_of(row, "code", Code::new)?;
    let given = match (text_of(row, "sku", Sku::new)?, code) {
        (Some(sku), _) => Given::Sku(sku),
        (None, Some(code)) if row.try_get("in_base")? => Given::Base(code),
        (None, Some(code)) => Given::Packs(code),
        (None, None) => return Err(LedgerError::Kept("a transfer's line names nothing".to_owned())),
    };
    Ok(TransferLine {
        store: store.clone(),
        at: (EpochOrdinal(row.try_get("ordinal")?), unsigned(row.try_get("seq")?)),
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
pub(super) fn learnt_of(row: &SqliteRow, store: &StoreId) -> Result<Learnt, LedgerError> {
    let missing = || LedgerError::Kept("what was learnt has neither code nor item".to_owned());
    Ok(Learnt {
        store: store.clone(),
        code: text_of(row, "code", Code::new)?.ok_or_else(missing)?,
        at: (EpochOrdinal(row.try_get("ordinal")?), unsigned(row.try_get("seq")?)),
        document: document_of(row)?,
        sku: text_of(row, "sku", Sku::new)?.ok_or_else(missing)?,
        units: Quantity::thousandths(row.try_get("units")?),
    })
}

/// What is held of what a batch says.
pub(super) async fn held(
    change: &mut SqliteConnection,
    facts: &StockFacts,
    keys: &StoreKeys,
) -> Result<StockHeld, LedgerError> {
    let mut held = StockHeld { lines: lines_about(change, facts, keys).await?, ..StockHeld::default() };
    let lines = || facts.lines.iter().chain(&held.lines);
    let unknown = lines().filter_map(|line| Some((&line.store, line.given.unknown()?)));
    let unknown = unknown.chain(facts.unknown.iter().map(|line| (&line.store, &line.code)));
    let codes: BTreeSet<(&StoreId, &Code)> =
        unknown.chain(facts.learnt.iter().map(|learnt| (&learnt.store, &learnt.code))).collect();
    let documents: BTreeSet<(&StoreId, DocumentKey)> = lines()
        .map(|line| (&line.store, line.document))
        .chain(facts.unknown.iter().map(|line| (&line.store, line.document)))
        .collect();
    let (mut voided, mut learnt) = (BTreeSet::new(), Vec::new());
    for (store, document) in documents {
        let Some(key) = keys.get(store) else { continue };
        let found = sqlx::query("SELECT 1 FROM voided WHERE store = ? AND document = ?").bind(key);
        if found.bind(document.0.as_slice()).fetch_optional(&mut *change).await?.is_some() {
            voided.insert((store.clone(), document));
        }
    }
    for (store, code) in codes {
        let Some(key) = keys.get(store) else { continue };
        let select = "SELECT ordinal, seq, units, document, code, sku FROM learnt WHERE store = ? AND code = ?";
        for row in &sqlx::query(select).bind(key).bind(code.as_str()).fetch_all(&mut *change).await? {
            learnt.push(learnt_of(row, store)?);
        }
    }
    (held.voided, held.learnt) = (voided, learnt);
    Ok(held)
}

/// The lines whose document is voided now, or whose code is learnt now.
async fn lines_about(
    change: &mut SqliteConnection,
    facts: &StockFacts,
    keys: &StoreKeys,
) -> Result<Vec<TransferLine>, LedgerError> {
    let mut lines = BTreeMap::new();
    let mut keep = |rows: Vec<SqliteRow>, store: &StoreId| -> Result<(), LedgerError> {
        for row in &rows {
            let line = line_of(row, store)?;
            lines.insert((line.store.clone(), line.at), line);
        }
        Ok(())
    };
    let by_document = format!("SELECT {LINE} FROM transfer_lines l WHERE l.store = ? AND l.document = ?");
    for (store, document) in &facts.voided {
        let Some(key) = keys.get(store) else { continue };
        let rows = sqlx::query(AssertSqlSafe(by_document.as_str())).bind(key).bind(document.0.as_slice());
        keep(rows.fetch_all(&mut *change).await?, store)?;
    }
    let by_code = format!("SELECT {LINE} FROM transfer_lines l WHERE l.store = ? AND l.code = ? AND l.sku IS NULL");
    let codes: BTreeSet<(&StoreId, &Code)> = facts.learnt.iter().map(|learnt| (&learnt.store, &learnt.code)).collect();
    for (store, code) in codes {
        let Some(key) = keys.get(store) else { continue };
        let rows = sqlx::query(AssertSqlSafe(by_code.as_str())).bind(key).bind(code.as_str());
        keep(rows.fetch_all(&mut *change).await?, store)?;
    }
    Ok(lines.into_values().collect())
}

/// Writes what a batch says, and what comes of it.
pub(super) async fn write(
    change: &mut SqliteConnection,
    keys: &StoreKeys,
    facts: &StockFacts,
    held: &StockHeld,
) -> Result<(), LedgerError> {
    write_transit(change, facts, held).await?;
    write_lines(change, keys, facts).await?;
    for (store, document) in &facts.voided {
        let Some(key) = keys.get(store) else { continue };
        for statement in [
            "INSERT INTO voided (store, document) VALUES (?, ?) ON CONFLICT DO NOTHING",
            "DELETE FROM suspense WHERE store = ? AND document = ?",
        ] {
            sqlx::query(statement).bind(key).bind(document.0.as_slice()).execute(&mut *change).await?;
        }
    }
    for learnt in &facts.learnt {
        write_learnt(change, keys, learnt).await?;
    }
    let insert = format!(
        "INSERT INTO suspense (store, ordinal, seq, amount, in_base, document, code, seen_at) VALUES (?, ?, ?, ?, ?, ?, ?, {NOW})"
    );
    for line in facts.suspense(held) {
        let Some(key) = keys.get(&line.store) else { continue };
        sqlx::query(AssertSqlSafe(insert.as_str()))
            .bind(key)
            .bind(line.at.0.0)
            .bind(number(line.at.1))
            .bind(line.amount.as_thousandths())
            .bind(line.in_base)
            .bind(line.document.0.as_slice())
            .bind(line.code.as_str())
            .execute(&mut *change)
            .await?;
    }
    Ok(())
}

async fn write_learnt(change: &mut SqliteConnection, keys: &StoreKeys, learnt: &Learnt) -> Result<(), LedgerError> {
    let Some(key) = keys.get(&learnt.store) else { return Ok(()) };
    let insert = "INSERT INTO learnt (store, ordinal, seq, units, document, code, sku) VALUES (?, ?, ?, ?, ?, ?, ?)";
    sqlx::query(insert)
        .bind(key)
        .bind(learnt.at.0.0)
        .bind(number(learnt.at.1))
        .bind(learnt.units.as_thousandths())
        .bind(learnt.document.0.as_slice())
        .bind(learnt.code.as_str())
        .bind(learnt.sku.as_str())
        .execute(&mut *change)
        .await?;
    let resolved = "DELETE FROM suspense WHERE store = ? AND code = ? AND (ordinal, seq) < (?, ?)";
    let resolved = sqlx::query(resolved).bind(key).bind(learnt.code.as_str()).bind(learnt.at.0.0);
    resolved.bind(number(learnt.at.1)).execute(change).await?;
    Ok(())
}

async fn write_transit(change: &mut SqliteConnection, facts: &StockFacts, held: &StockHeld) -> Result<(), LedgerError> {
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
    let upsert = format!(
        "INSERT INTO transfers (reference, final, sent, received, first_at, last_at) VALUES (?, ?, ?, ?, {NOW}, {NOW}) \
         ON CONFLICT (reference) DO UPDATE SET final = max(final, excluded.final), sent = max(sent, excluded.sent), \
         received = max(received, excluded.received), last_at = excluded.last_at"
    );
    for (reference, (last, sent, received)) in &heads {
        let upsert = sqlx::query(AssertSqlSafe(upsert.as_str())).bind(*reference).bind(*last);
        upsert.bind(*sent).bind(*received).execute(&mut *change).await?;
    }
    for ((reference, sku), quantity) in &transit {
        let upsert = "INSERT INTO transit (reference, sku, quantity) VALUES (?, ?, ?) \
                      ON CONFLICT (reference, sku) DO UPDATE SET quantity = quantity + excluded.quantity";
        sqlx::query(upsert).bind(reference).bind(sku.as_str()).bind(quantity).execute(&mut *change).await?;
    }
    for reference in heads.keys() {
        count_open(change, reference).await?;
    }
    Ok(())
}

/// Counts the items of a transfer of which something is in transit.
pub(super) async fn count_open(change: &mut SqliteConnection, reference: &str) -> Result<(), LedgerError> {
    let count = "UPDATE transfers SET open = (SELECT count(*) FROM transit x WHERE x.reference = transfers.reference \
                 AND x.quantity <> x.closed) WHERE reference = ?";
    sqlx::query(count).bind(reference).execute(change).await?;
    Ok(())
}

async fn write_lines(change: &mut SqliteConnection, keys: &StoreKeys, facts: &StockFacts) -> Result<(), LedgerError> {
    for line in &facts.lines {
        let Some(key) = keys.get(&line.store) else { continue };
        let insert = "INSERT INTO transfer_lines (store, ordinal, seq, quantity, sent, in_base, document, reference, sku, code, counterpart) \
                      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let (sku, in_base) = match &line.given {
            Given::Sku(sku) => (Some(sku.as_str()), false),
            Given::Packs(_) => (None, false),
            Given::Base(_) => (None, true),
        };
        sqlx::query(insert)
            .bind(key)
            .bind(line.at.0.0)
            .bind(number(line.at.1))
            .bind(line.quantity.as_thousandths())
            .bind(line.side.is_out())
            .bind(in_base)
            .bind(line.document.0.as_slice())
            .bind(&line.reference)
            .bind(sku)
            .bind(line.given.unknown().map(Code::as_str))
            .bind(line.counterpart.as_ref().map(tidemark_model::Label::as_str))
            .execute(&mut *change)
            .await?;
    }
    Ok(())
}
