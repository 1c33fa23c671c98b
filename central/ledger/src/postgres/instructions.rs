//! Instructions and tokens.

use bytes::Bytes;
use sqlx::PgConnection;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use tidemark_model::StoreId;

use super::{PostgresLedger, plain};
use crate::error::LedgerError;
use crate::rows::{InstructionRow, TokenRow, on_stream};
use crate::sqlite::{kept, unsigned};

fn instruction_of(row: &PgRow) -> Result<InstructionRow, LedgerError> {
    Ok(InstructionRow {
        id: row.try_get("id")?,
        store: StoreId::new(row.try_get("name")?).map_err(kept)?,
        kind: row.try_get("kind")?,
        lines: u32::try_from(row.try_get::<i64, _>("lines")?).map_err(kept)?,
        size: unsigned(row.try_get("size")?),
        body: Bytes::from(row.try_get::<Vec<u8>, _>("body")?),
        state: row.try_get("state")?,
    })
}

/// Adds instructions in a transaction; their stores must be there.
pub(super) async fn add(
    change: &mut PgConnection,
    instructions: &[InstructionRow],
    now_ms: i64,
) -> Result<(), LedgerError> {
    for row in instructions {
        let insert = "INSERT INTO instructions (id, store, kind, lines, body, created_at) \
                      SELECT $1, key, $2, $3, $4, $5 FROM stores WHERE store = $6";
        let done = sqlx::query(insert)
            .bind(plain(&row.id))
            .bind(plain(&row.kind))
            .bind(i64::from(row.lines))
            .bind(row.body.as_ref())
            .bind(now_ms)
            .bind(row.store.as_str())
            .execute(&mut *change)
            .await?;
        if done.rows_affected() == 0 {
            return Err(LedgerError::UnknownStore(row.store.to_string()));
        }
    }
    Ok(())
}

impl PostgresLedger {
    /// Keeps instructions, all or none; their stores must be there.
    pub async fn add_instructions(&self, instructions: &[InstructionRow], now_ms: i64) -> Result<(), LedgerError> {
        let mut change = self.write.begin().await?;
        add(&mut change, instructions, now_ms).await?;
        Ok(change.commit().await?)
    }

    /// What a store's box has not answered yet, in order.
    pub async fn waiting_instructions(&self, store: &StoreId) -> Result<Vec<InstructionRow>, LedgerError> {
        let select = "SELECT i.id, s.store AS name, i.kind, i.lines, octet_length(i.body)::int8 AS size, \
                      CASE WHEN i.state = 'waiting' AND octet_length(i.body) <= $1 THEN i.body ELSE '' END AS body, i.state \
                      FROM instructions i JOIN stores s ON s.key = i.store WHERE s.store = $2 AND i.state = 'waiting' ORDER BY i.number";
        let rows = sqlx::query(select).bind(on_stream()).bind(store.as_str()).fetch_all(&self.read).await?;
        rows.iter().map(instruction_of).collect()
    }

    /// One instruction.
    pub async fn instruction(&self, id: &str) -> Result<Option<InstructionRow>, LedgerError> {
        let select = "SELECT i.id, s.store AS name, i.kind, i.lines, octet_length(i.body)::int8 AS size, i.body, i.state \
                      FROM instructions i JOIN stores s ON s.key = i.store WHERE i.id = $1";
        let row = sqlx::query(select).bind(plain(id)).fetch_optional(&self.read).await?;
        row.as_ref().map(instruction_of).transpose()
    }

    /// Instructions, newest first.
    pub async fn instructions(&self, most: u32) -> Result<Vec<InstructionRow>, LedgerError> {
        let select = "SELECT i.id, s.store AS name, i.kind, i.lines, octet_length(i.body)::int8 AS size, \
                      CASE WHEN i.state = 'waiting' AND octet_length(i.body) <= $1 THEN i.body ELSE '' END AS body, i.state \
                      FROM instructions i JOIN stores s ON s.key = i.store ORDER BY i.number DESC LIMIT $2";
        let rows = sqlx::query(select).bind(on_stream()).bind(i64::from(most)).fetch_all(&self.read).await?;
        rows.iter().map(instruction_of).collect()
    }

    /// Keeps a caller's token by its hash.
    pub async fn add_token(&self, token: &TokenRow, now_ms: i64) -> Result<(), LedgerError> {
        let insert = "INSERT INTO tokens (name, hash, role, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
        let (name, role) = (plain(&token.name), plain(&token.role));
        let insert = sqlx::query(insert).bind(name).bind(token.hash.as_slice()).bind(role).bind(now_ms);
        if insert.execute(&self.write).await?.rows_affected() == 0 {
            return Err(LedgerError::Exists(token.name.clone()));
        }
        Ok(())
    }

    /// Forgets a token; true if it was there.
    pub async fn remove_token(&self, name: &str) -> Result<bool, LedgerError> {
        let gone = sqlx::query("DELETE FROM tokens WHERE name = $1").bind(plain(name)).execute(&self.write).await?;
        Ok(gone.rows_affected() == 1)
    }

    /// All tokens, by name.
    pub async fn tokens(&self) -> Result<Vec<TokenRow>, LedgerError> {
        let rows = sqlx::query("SELECT name, hash, role FROM tokens ORDER BY name").fetch_all(&self.read).await?;
        let read = |row: &PgRow| {
            let hash: &[u8] = row.try_get("hash")?;
            let hash = hash.try_into().map_err(|_length| kept("a token's hash has 32 bytes"))?;
            Ok(TokenRow { name: row.try_get("name")?, hash, role: row.try_get("role")? })
        };
        rows.iter().map(read).collect()
    }
}
