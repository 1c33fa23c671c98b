//! What appliers try, noted before they do: who finds a note at its start
//! follows one that died.

use sqlx::Row as _;

use super::{SqliteLedger, number, unsigned};
use crate::error::LedgerError;
use crate::rows::TryRow;

impl SqliteLedger {
    /// An applier of the partition begins; what one that did not end left.
    pub async fn begin_tries(&self, partition: u32) -> Result<Option<TryRow>, LedgerError> {
        let insert = "INSERT INTO tries (part, first, records, deaths) VALUES (?, 0, 0, 0) ON CONFLICT DO NOTHING";
        if sqlx::query(insert).bind(partition).execute(&self.write).await?.rows_affected() > 0 {
            return Ok(None);
        }
        let select = sqlx::query("SELECT first, records, deaths FROM tries WHERE part = ?").bind(partition);
        let Some(row) = select.fetch_optional(&self.write).await? else { return Ok(None) };
        let number = |name| Ok::<_, LedgerError>(unsigned(row.try_get(name)?));
        Ok(Some(TryRow { first: number("first")?, records: number("records")?, deaths: number("deaths")? }))
    }

    /// The applier of the partition tries this next.
    pub async fn note_try(&self, partition: u32, tried: TryRow) -> Result<(), LedgerError> {
        let upsert = "INSERT INTO tries (part, first, records, deaths) VALUES (?, ?, ?, ?) \
                      ON CONFLICT (part) DO UPDATE SET first = excluded.first, records = excluded.records, \
                      deaths = excluded.deaths";
        let TryRow { first, records, deaths } = tried;
        let upsert = sqlx::query(upsert).bind(partition).bind(number(first)).bind(number(records));
        upsert.bind(number(deaths)).execute(&self.write).await?;
        Ok(())
    }

    /// The applier of the partition ends in good order.
    pub async fn end_tries(&self, partition: u32) -> Result<(), LedgerError> {
        sqlx::query("DELETE FROM tries WHERE part = ?").bind(partition).execute(&self.write).await?;
        Ok(())
    }
}
