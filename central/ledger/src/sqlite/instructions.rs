//! Instructions and tokens.

use bytes::Bytes;
use sqlx::Row as _;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;
use tidemark_model::StoreId;

use super::{SqliteLedger, kept, unsigned};
use crate::error::LedgerError;
use crate::rows::{InstructionRow, TokenRow, on_stream};

const INSTRUCTION: &str = "SELECT i.id, s.store AS name, i.kind, i.lines, length(i.body) AS size, i.body, i.state \
                           FROM instructions i JOIN stores s ON s.key = i.store ";
/// Of what is done, and of what is fetched by itself, a list needs no body.
const LISTED: &str = "SELECT i.id, s.store AS name, i.kind, i.lines, length(i.body) AS size, \
                      CASE WHEN i.state = 'waiting' AND length(i.body) <= ?1 THEN i.body ELSE x'' END AS body, i.state \
                      FROM instructions i JOIN stores s ON s.key = i.store ";

fn instruction_of(row: &SqliteRow) -> Result<InstructionRow, LedgerError> {
    Ok(InstructionRow {
        id: row.try_get("id")?,
        store: StoreId::new(row.try_get("name")?).map_err(kept)?,
        kind: row.try_get("kind")?,
        lines: row.try_get("lines")?,
        size: unsigned(row.try_get("size")?),
        body: Bytes::from(row.try_get::<Vec<u8>, _>("body")?),
        state: row.try_get("state")?,
    })
}

impl SqliteLedger {
    /// Keeps instructions, all or none; their stores must be there.
    pub async fn add_instructions(&self, instructions: &[InstructionRow], now_ms: i64) -> Result<(), LedgerError> {
        let mut change = self.change().await?;
        add(&mut change, instructions, now_ms).await?;
        Ok(change.commit().await?)
    }

    /// What a store's box has not answered yet, in order.
    pub async fn waiting_instructions(&self, store: &StoreId) -> Result<Vec<InstructionRow>, LedgerError> {
        let query = const_format(&[LISTED, "WHERE s.store = ?2 AND i.state = 'waiting' ORDER BY i.number"]);
        let rows = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(on_stream())
            .bind(store.as_str())
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(instruction_of).collect()
    }

    /// One instruction.
    pub async fn instruction(&self, id: &str) -> Result<Option<InstructionRow>, LedgerError> {
        let query = const_format(&[INSTRUCTION, "WHERE i.id = ?"]);
        let row = sqlx::query(sqlx::AssertSqlSafe(query)).bind(id).fetch_optional(&self.read).await?;
        row.as_ref().map(instruction_of).transpose()
    }

    /// Instructions, newest first.
    pub async fn instructions(&self, most: u32) -> Result<Vec<InstructionRow>, LedgerError> {
        let query = const_format(&[LISTED, "ORDER BY i.number DESC LIMIT ?2"]);
        let rows = sqlx::query(sqlx::AssertSqlSafe(query)).bind(on_stream()).bind(most).fetch_all(&self.read).await?;
        rows.iter().map(instruction_of).collect()
    }

    /// Keeps a caller's token by its hash.
    pub async fn add_token(&self, token: &TokenRow, now_ms: i64) -> Result<(), LedgerError> {
        let insert = "INSERT INTO tokens (name, hash, role, created_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
        let insert = sqlx::query(insert).bind(&token.name).bind(token.hash.as_slice()).bind(&token.role).bind(now_ms);
        if insert.execute(&self.write).await?.rows_affected() == 0 {
            return Err(LedgerError::Exists(token.name.clone()));
        }
        Ok(())
    }

    /// Forgets a token; true if it was there.
    pub async fn remove_token(&self, name: &str) -> Result<bool, LedgerError> {
        let gone = sqlx::query("DELETE FROM tokens WHERE name = ?").bind(name).execute(&self.write).await?;
        Ok(gone.rows_affected() == 1)
    }

    /// All tokens, by name.
    pub async fn tokens(&self) -> Result<Vec<TokenRow>, LedgerError> {
        let rows = sqlx::query("SELECT name, hash, role FROM tokens ORDER BY name").fetch_all(&self.read).await?;
        let read = |row: &SqliteRow| {
            let hash: Vec<u8> = row.try_get("hash")?;
            let hash = hash.try_into().map_err(|_other_length| kept("a token's hash has 32 bytes"))?;
            Ok(TokenRow { name: row.try_get("name")?, hash, role: row.try_get("role")? })
        };
        rows.iter().map(read).collect()
    }
}

/// Adds instructions in a transaction; their stores must be there.
pub(super) async fn add(
    change: &mut SqliteConnection,
    instructions: &[InstructionRow],
    now_ms: i64,
) -> Result<(), LedgerError> {
    for row in instructions {
        let insert = "INSERT INTO instructions (id, store, kind, lines, body, created_at) \
                      SELECT ?, key, ?, ?, ?, ? FROM stores WHERE store = ?";
        let done = sqlx::query(insert)
            .bind(&row.id)
            .bind(&row.kind)
            .bind(row.lines)
            .bind(row.body.to_vec())
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

/// Joins parts of a statement, all of them constants of this file.
fn const_format(parts: &[&'static str]) -> String {
    parts.concat()
}
