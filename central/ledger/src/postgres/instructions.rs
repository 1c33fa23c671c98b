//! Instructions and tokens.

use bytes::Bytes;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Postgres, QueryBuilder, Row as _};
use tidemark_model::{Epoch, Position, StoreId};

use super::{PostgresLedger, audit, plain};
use crate::apply::Answer;
use crate::error::LedgerError;
use crate::instructions::{Instructed, InstructionFilter, InstructionRow, InstructionTimes, on_stream};
use crate::rows::TokenRow;
use crate::sqlite::{kept, number, unsigned};

/// Taken by whoever asks boxes for something.
const ASKING_LOCK: i64 = 0x7469_6465_6173_6b73;

const COLUMNS: &str = "SELECT i.number, i.id, s.store AS name, i.kind, i.lines, octet_length(i.body)::int8 AS size, i.state, i.author, \
                       i.reason, i.job, i.created_at, i.taken_at, i.done_at, i.answer, i.epoch, i.seq, ";
const FROM: &str = "AS body FROM instructions i JOIN stores s ON s.key = i.store ";
/// Of what is done, and of what is fetched by itself, a list needs no body.
const LISTED: &str = "CASE WHEN i.state = 'waiting' AND octet_length(i.body) <= $1 THEN i.body ELSE ''::bytea END ";

fn instruction_of(row: &PgRow) -> Result<InstructionRow, LedgerError> {
    let seq: Option<i64> = row.try_get("seq")?;
    let epoch: Option<i64> = row.try_get("epoch")?;
    let times = InstructionTimes {
        created: row.try_get("created_at")?,
        taken: row.try_get("taken_at")?,
        done: row.try_get("done_at")?,
    };
    Ok(InstructionRow {
        number: row.try_get("number")?,
        id: row.try_get("id")?,
        store: StoreId::new(row.try_get("name")?).map_err(kept)?,
        kind: row.try_get("kind")?,
        lines: u32::try_from(row.try_get::<i64, _>("lines")?).map_err(kept)?,
        size: unsigned(row.try_get("size")?),
        body: Bytes::from(row.try_get::<Vec<u8>, _>("body")?),
        state: row.try_get("state")?,
        author: row.try_get("author")?,
        reason: row.try_get("reason")?,
        job: row.try_get("job")?,
        times,
        answer: row.try_get("answer")?,
        position: epoch
            .zip(seq)
            .map(|(epoch, seq)| Position { epoch: Epoch(epoch.cast_unsigned()), seq: unsigned(seq) }),
    })
}

/// An answer of a box, as the applier has it.
pub(super) struct Told<'t> {
    pub(super) store: i64,
    pub(super) id: &'t str,
    pub(super) answer: &'t Answer,
    pub(super) now_ms: i64,
    /// Generation, partition, step.
    pub(super) stamp: (i64, i64, i64),
}

/// An instruction is answered, by a box of its own store only; how many
/// letters that settles, or frees because it failed.
pub(super) async fn answer(change: &mut PgConnection, told: &Told<'_>) -> Result<u64, LedgerError> {
    let Told { store, id, answer: Answer { failed, words, position }, now_ms, stamp } = told;
    let settle = "UPDATE dead_letters SET closed_at = $1, settled = (SELECT kind FROM instructions WHERE id = $2), part = $3, \
                  step = $4 WHERE instruction = $2 AND store = $5 AND closed_at IS NULL";
    let free = "UPDATE dead_letters SET closed_at = NULL, settled = NULL, job = NULL, failure = $6, part = $3, step = $4 \
                WHERE $1::int8 > 0 AND instruction = $2 AND store = $5 AND job IS NOT NULL";
    let letters = sqlx::query(if *failed { free } else { settle }).bind(now_ms).bind(id).bind(stamp.1).bind(stamp.2);
    let letters = letters.bind(store);
    let letters = if *failed { letters.bind(plain(words)) } else { letters };
    let letters = letters.execute(&mut *change).await?.rows_affected();
    let done = "UPDATE instructions SET state = $1::text, answer = $2, done_at = $3, epoch = $4, seq = $5 \
                WHERE id = $6 AND store = $7 AND (state = 'waiting' OR state = 'done' AND $1::text = 'failed')";
    let state = if *failed { "failed" } else { "done" };
    let done = sqlx::query(done).bind(state).bind(plain(words)).bind(now_ms).bind(position.epoch.0.cast_signed());
    done.bind(number(position.seq)).bind(id).bind(store).execute(&mut *change).await?;
    Ok(letters)
}

impl PostgresLedger {
    /// Keeps instructions, all or none; their stores must be there.
    pub async fn add_instructions(&self, instructions: &[InstructionRow], now_ms: i64) -> Result<(), LedgerError> {
        let mut change = self.write.begin().await?;
        add(&mut change, instructions, now_ms).await?;
        audit::note(&mut change, self.by.as_deref()).await?;
        Ok(change.commit().await?)
    }

    /// Keeps instructions of head office, all or none; asked for again, under
    /// the same ids and with the same bodies, nothing happens.
    pub async fn instruct(&self, instructions: &[InstructionRow], now_ms: i64) -> Result<Instructed, LedgerError> {
        let mut change = self.write.begin().await?;
        // Whoever asks for the same at the same time waits.
        sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(ASKING_LOCK).execute(&mut *change).await?;
        let mut held = 0;
        for row in instructions {
            let select = "SELECT s.store AS name, i.kind, i.body FROM instructions i JOIN stores s ON s.key = i.store \
                          WHERE i.id = $1";
            let Some(found) = sqlx::query(select).bind(plain(&row.id)).fetch_optional(&mut *change).await? else {
                continue;
            };
            let (name, kind): (String, String) = (found.try_get("name")?, found.try_get("kind")?);
            let body: Vec<u8> = found.try_get("body")?;
            if name != row.store.as_str() || kind != row.kind || body != row.body {
                return Ok(Instructed::OtherContent);
            }
            held += 1;
        }
        if held == instructions.len() {
            return Ok(Instructed::Again);
        }
        if held > 0 {
            return Ok(Instructed::OtherContent);
        }
        add(&mut change, instructions, now_ms).await?;
        audit::note(&mut change, self.by.as_deref()).await?;
        change.commit().await?;
        Ok(Instructed::Kept)
    }

    /// What a store's box has not answered yet, in order.
    pub async fn waiting_instructions(&self, store: &StoreId) -> Result<Vec<InstructionRow>, LedgerError> {
        let query = [COLUMNS, LISTED, FROM, "WHERE s.store = $2 AND i.state = 'waiting' ORDER BY i.number"].concat();
        let rows = sqlx::query(AssertSqlSafe(query)).bind(on_stream()).bind(store.as_str());
        rows.fetch_all(&self.read).await?.iter().map(instruction_of).collect()
    }

    /// What was asked of these stores' boxes and not handed to them yet, in
    /// order.
    pub async fn untold_instructions(&self, stores: &[String], most: u32) -> Result<Vec<InstructionRow>, LedgerError> {
        let which = "WHERE i.state = 'waiting' AND i.taken_at IS NULL \
                     AND i.store IN (SELECT key FROM stores WHERE store = ANY($2)) \
                     ORDER BY i.number LIMIT $3";
        let query = [COLUMNS, LISTED, FROM, which].concat();
        let rows = sqlx::query(AssertSqlSafe(query)).bind(on_stream()).bind(stores).bind(i64::from(most));
        rows.fetch_all(&self.read).await?.iter().map(instruction_of).collect()
    }

    /// Instructions were handed to the box of a store; or, with no moment, all
    /// that it did not answer are not any more.
    pub async fn hand_over(&self, store: &StoreId, ids: &[String], at: Option<i64>) -> Result<(), LedgerError> {
        let update = "UPDATE instructions SET taken_at = $1::int8 WHERE state = 'waiting' \
                      AND store = (SELECT key FROM stores WHERE store = $2) \
                      AND ($1::int8 IS NULL AND taken_at IS NOT NULL OR id = ANY($3))";
        sqlx::query(update).bind(at).bind(store.as_str()).bind(ids).execute(&self.write).await?;
        Ok(())
    }

    /// One instruction.
    pub async fn instruction(&self, id: &str) -> Result<Option<InstructionRow>, LedgerError> {
        let query = [COLUMNS, "i.body ", FROM, "WHERE i.id = $1"].concat();
        let row = sqlx::query(AssertSqlSafe(query)).bind(plain(id)).fetch_optional(&self.read).await?;
        row.as_ref().map(instruction_of).transpose()
    }

    /// Instructions, newest first.
    pub async fn instructions(
        &self,
        filter: &InstructionFilter,
        most: u32,
    ) -> Result<Vec<InstructionRow>, LedgerError> {
        let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
        query.push("''::bytea ").push(FROM).push("WHERE i.number < ").push_bind(filter.below.unwrap_or(i64::MAX));
        if let Some(store) = &filter.store {
            query.push(" AND s.store = ").push_bind(store.as_str());
        }
        for (column, wanted) in [("i.kind", &filter.kind), ("i.author", &filter.author)] {
            if let Some(wanted) = wanted {
                query.push(format!(" AND {column} = ")).push_bind(plain(wanted));
            }
        }
        if let Some(job) = filter.job {
            query.push(" AND i.job = ").push_bind(job);
        }
        match filter.state.as_deref() {
            None => {}
            Some("waiting") => {
                query.push(" AND i.state = 'waiting' AND i.taken_at IS NULL");
            }
            Some("taken") => {
                query.push(" AND i.state = 'waiting' AND i.taken_at IS NOT NULL");
            }
            Some(state) => {
                query.push(" AND i.state = ").push_bind(plain(state));
            }
        }
        query.push(" ORDER BY i.number DESC LIMIT ").push_bind(i64::from(most));
        query.build().fetch_all(&self.read).await?.iter().map(instruction_of).collect()
    }

    /// Keeps a caller's token by its hash.
    pub async fn add_token(&self, token: &TokenRow, now_ms: i64) -> Result<(), LedgerError> {
        let mut change = self.write.begin().await?;
        let insert = "INSERT INTO tokens (name, hash, role, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
        let (name, role) = (plain(&token.name), plain(&token.role));
        let insert = sqlx::query(insert).bind(name).bind(token.hash.as_slice()).bind(role).bind(now_ms);
        if insert.execute(&mut *change).await?.rows_affected() == 0 {
            return Err(LedgerError::Exists(token.name.clone()));
        }
        audit::note(&mut change, self.by.as_deref()).await?;
        Ok(change.commit().await?)
    }

    /// Forgets a token; true if it was there.
    pub async fn remove_token(&self, name: &str) -> Result<bool, LedgerError> {
        let mut change = self.write.begin().await?;
        let gone = sqlx::query("DELETE FROM tokens WHERE name = $1")
            .bind(plain(name))
            .execute(&mut *change)
            .await?
            .rows_affected()
            == 1;
        if gone {
            audit::note(&mut change, self.by.as_deref()).await?;
        }
        change.commit().await?;
        Ok(gone)
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

/// Adds instructions in a transaction; their stores must be there.
pub(super) async fn add(
    change: &mut PgConnection,
    instructions: &[InstructionRow],
    now_ms: i64,
) -> Result<(), LedgerError> {
    for row in instructions {
        let insert = "INSERT INTO instructions (id, store, kind, lines, body, created_at, author, reason, job) \
                      SELECT $1, key, $2, $3, $4, $5, $6, $7, $8 FROM stores WHERE store = $9";
        let insert = sqlx::query(insert)
            .bind(plain(&row.id))
            .bind(plain(&row.kind))
            .bind(i64::from(row.lines))
            .bind(row.body.as_ref());
        let insert = insert
            .bind(now_ms)
            .bind(plain(&row.author))
            .bind(plain(&row.reason))
            .bind(row.job)
            .bind(row.store.as_str());
        if insert.execute(&mut *change).await?.rows_affected() == 0 {
            return Err(LedgerError::UnknownStore(row.store.to_string()));
        }
    }
    Ok(())
}
