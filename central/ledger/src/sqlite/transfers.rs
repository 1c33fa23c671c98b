//! Transfers: asked for by head office, and closed.

use sqlx::{AssertSqlSafe, Row as _, SqliteConnection};
use tidemark_model::StoreId;

use super::transit::{LINE, NOW, count_open, learnt_of, line_of};
use super::{SqliteLedger, audit, kept, unsigned};
use crate::apply::{Side, StockHeld};
use crate::columns::document_of;
use crate::columns::stock::{difference_of, transfer_of, transit_of};
use crate::error::LedgerError;
use crate::transfers::{
    Closed, Closing, TRANSIT_MILLIS, TransferQuery, TransferRow, TransferShown, TransferState, TransferStore, items_of,
    may_close, unknown_of,
};

/// Lines of one transfer that are read to tell it.
const LINES: i64 = 50_000;

/// A transfer with its age and whether it is due.
fn columns() -> String {
    format!(
        "SELECT t.reference, t.open, t.first_at, t.last_at, t.final, max({NOW} - t.first_at, 0) AS age, \
         ((t.final AND t.sent AND t.received) OR {NOW} - t.first_at >= {TRANSIT_MILLIS}) AS due FROM transfers t "
    )
}

impl SqliteLedger {
    /// How many transfers are in transit, and how many wait as a difference.
    pub async fn open_transfers(&self) -> Result<(u64, u64), LedgerError> {
        let select = format!(
            "SELECT count(*) FILTER (WHERE NOT t.due) AS in_transit, count(*) FILTER (WHERE t.due) AS due \
             FROM ({} WHERE t.open > 0) AS t",
            columns()
        );
        let row = sqlx::query(AssertSqlSafe(select)).fetch_one(&self.read).await?;
        Ok((unsigned(row.try_get("in_transit")?), unsigned(row.try_get("due")?)))
    }

    /// Transfers, oldest first.
    pub async fn transfers(&self, query: &TransferQuery) -> Result<Vec<TransferRow>, LedgerError> {
        let select = format!(
            "SELECT * FROM ({}) AS t WHERE t.age >= ?1 AND (?2 IS NULL OR (t.first_at, t.reference) > (?2, ?3)) \
             AND (?4 IS NULL OR EXISTS (SELECT 1 FROM transfer_lines l WHERE l.reference = t.reference \
             AND l.store = (SELECT key FROM stores WHERE store = ?4))) AND {} \
             ORDER BY t.first_at, t.reference LIMIT ?5",
            columns(),
            match query.state {
                None => "true",
                Some(TransferState::InTransit) => "t.open > 0 AND NOT t.due",
                Some(TransferState::Difference) => "t.open > 0 AND t.due",
                Some(TransferState::Settled) => "t.open = 0",
            }
        );
        let (at, reference) = query.after.clone().unzip();
        let rows = sqlx::query(AssertSqlSafe(select))
            .bind(query.older_ms)
            .bind(at)
            .bind(reference.unwrap_or_default())
            .bind(query.store.as_ref().map(StoreId::as_str))
            .bind(i64::from(query.most))
            .fetch_all(&self.read)
            .await?;
        let mut transfers = rows.iter().map(transfer_of).collect::<Result<Vec<_>, _>>()?;
        self.tell_stores(&mut transfers).await?;
        Ok(transfers)
    }

    async fn tell_stores(&self, transfers: &mut [TransferRow]) -> Result<(), LedgerError> {
        let select = "SELECT DISTINCT s.store AS name, l.sent, l.counterpart FROM transfer_lines l \
                      JOIN stores s ON s.key = l.store WHERE l.reference = ?";
        for transfer in transfers {
            for row in &sqlx::query(select).bind(&transfer.reference).fetch_all(&self.read).await? {
                transfer.stores.push(TransferStore {
                    store: StoreId::new(row.try_get("name")?).map_err(kept)?,
                    side: if row.try_get("sent")? { Side::Out } else { Side::In },
                    counterpart: row.try_get("counterpart")?,
                });
            }
            transfer.stores.sort();
        }
        Ok(())
    }

    /// One transfer with its items.
    pub async fn transfer(&self, reference: &str) -> Result<Option<TransferShown>, LedgerError> {
        let select = format!("{} WHERE t.reference = ?1", columns());
        let row = sqlx::query(AssertSqlSafe(select)).bind(reference).fetch_optional(&self.read).await?;
        let Some(row) = row else { return Ok(None) };
        let mut row = [transfer_of(&row)?];
        self.tell_stores(&mut row).await?;
        let [row] = row;
        let held = self.lines_of(reference).await?;
        let kept = "SELECT sku, quantity, closed FROM transit WHERE reference = ?1 ORDER BY sku";
        let kept = sqlx::query(kept).bind(reference).fetch_all(&self.read).await?;
        let kept = kept.iter().map(transit_of).collect::<Result<Vec<_>, _>>()?;
        let select =
            "SELECT sku, quantity, author, reason, closed_at FROM differences WHERE reference = ?1 ORDER BY number";
        let mut differences = Vec::new();
        for row in &sqlx::query(select).bind(reference).fetch_all(&self.read).await? {
            differences.push(difference_of(row)?);
        }
        let (items, unknown) = (items_of(kept, &held), unknown_of(&held));
        Ok(Some(TransferShown { row, items, unknown, differences }))
    }

    async fn lines_of(&self, reference: &str) -> Result<StockHeld, LedgerError> {
        let mut held = StockHeld::default();
        let select = format!(
            "SELECT {LINE}, s.store AS name, v.document IS NOT NULL AS void FROM transfer_lines l \
             JOIN stores s ON s.key = l.store LEFT JOIN voided v ON v.store = l.store AND v.document = l.document \
             WHERE l.reference = ?1 ORDER BY l.store, l.ordinal, l.seq LIMIT ?2"
        );
        for row in &sqlx::query(AssertSqlSafe(select)).bind(reference).bind(LINES).fetch_all(&self.read).await? {
            let store = StoreId::new(row.try_get("name")?).map_err(kept)?;
            if row.try_get("void")? {
                held.voided.insert((store.clone(), document_of(row)?));
            }
            held.lines.push(line_of(row, &store)?);
        }
        let select = "SELECT n.ordinal, n.seq, n.units, n.document, n.code, n.sku, s.store AS name FROM learnt n \
                      JOIN stores s ON s.key = n.store WHERE (n.store, n.code) IN \
                      (SELECT store, code FROM transfer_lines WHERE reference = ?1 AND sku IS NULL)";
        for row in &sqlx::query(select).bind(reference).fetch_all(&self.read).await? {
            held.learnt.push(learnt_of(row, &StoreId::new(row.try_get("name")?).map_err(kept)?)?);
        }
        Ok(held)
    }

    /// Closes what is in transit of a transfer as a difference, if it is due
    /// and is what the person saw.
    pub async fn close_transfer(&self, reference: &str, closing: &Closing) -> Result<Closed, LedgerError> {
        let mut change = self.change().await?;
        let select = format!("{} WHERE t.reference = ?1", columns());
        let row = sqlx::query(AssertSqlSafe(select)).bind(reference).fetch_optional(&mut *change).await?;
        let Some(row) = row else { return Ok(Closed::Unknown) };
        let kept = "SELECT sku, quantity, closed FROM transit WHERE reference = ?1 ORDER BY sku";
        let kept = sqlx::query(kept).bind(reference).fetch_all(&mut *change).await?;
        let kept = kept.iter().map(transit_of).collect::<Result<Vec<_>, _>>()?;
        match may_close(transfer_of(&row)?.state, &kept, closing) {
            Closed::Done => {}
            refused @ (Closed::Unknown | Closed::Settled | Closed::InTransit | Closed::Others(_)) => {
                return Ok(refused);
            }
        }
        close(&mut change, reference, closing).await?;
        count_open(&mut change, reference).await?;
        audit::note(&mut change, self.by.as_deref()).await?;
        change.commit().await?;
        Ok(Closed::Done)
    }
}

async fn close(change: &mut SqliteConnection, reference: &str, closing: &Closing) -> Result<(), LedgerError> {
    let insert = format!(
        "INSERT INTO differences (reference, sku, quantity, author, reason, closed_at) \
         SELECT reference, sku, quantity - closed, ?2, ?3, {NOW} FROM transit \
         WHERE reference = ?1 AND quantity <> closed ORDER BY sku"
    );
    let insert = sqlx::query(AssertSqlSafe(insert)).bind(reference).bind(&closing.author);
    insert.bind(&closing.reason).execute(&mut *change).await?;
    let update = "UPDATE transit SET closed = quantity WHERE reference = ?1 AND quantity <> closed";
    sqlx::query(update).bind(reference).execute(change).await?;
    Ok(())
}

#[cfg(test)]
impl SqliteLedger {
    /// Makes all transfers older.
    pub(crate) async fn age_transfers(&self, millis: i64) -> Result<(), LedgerError> {
        sqlx::query("UPDATE transfers SET first_at = first_at - ?").bind(millis).execute(&self.write).await?;
        Ok(())
    }
}
