//! Dead letters: found by filter and group, claimed by a repair, told.

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Postgres, QueryBuilder, Row as _};
use tidemark_model::StoreId;

use super::{PostgresLedger, audit, instructions, plain};
use crate::columns::epoch_of;
use crate::error::LedgerError;
use crate::instructions::InstructionRow;
use crate::letters::{Claim, ClaimHow, JobRow, LetterFilter, LetterGroup, News, Repair, Repaired};
use crate::rows::DeadLetterRow;
use crate::sqlite::{kept, number, unsigned};

/// Taken by whoever repairs: two who repair one letter come one after the other.
const REPAIR_LOCK: i64 = 0x7469_6465_7265_7061;
/// How many shops of a group are named.
const SHOPS: usize = 20;

const LETTER: &str = "SELECT d.number, s.store AS name, d.epoch, d.seq, d.reason, d.detail, d.raw, d.source, d.id, d.parked_at, \
                      d.closed_at, d.code, d.job, d.settled, d.failure FROM dead_letters d JOIN stores s ON s.key = d.store ";
const JOB: &str = "SELECT j.number, j.id, j.kind, j.created_at, j.author, j.reason, j.what, j.total, j.at_once \
                   + (SELECT count(*) FROM instructions i WHERE i.job = j.number AND i.state = 'done') AS done, \
                   j.failed + (SELECT count(*) FROM instructions i WHERE i.job = j.number AND i.state = 'failed') AS failed \
                   FROM jobs j ";

/// A dead letter of a row.
fn letter_of(row: &PgRow) -> Result<DeadLetterRow, LedgerError> {
    Ok(DeadLetterRow {
        number: row.try_get("number")?,
        store: StoreId::new(row.try_get("name")?).map_err(kept)?,
        epoch: epoch_of(row)?,
        seq: unsigned(row.try_get("seq")?),
        reason: row.try_get("reason")?,
        detail: row.try_get("detail")?,
        raw: row.try_get("raw")?,
        source: row.try_get("source")?,
        id: row.try_get("id")?,
        parked_at: row.try_get("parked_at")?,
        closed_at: row.try_get("closed_at")?,
        code: row.try_get("code")?,
        job: row.try_get("job")?,
        settled: row.try_get("settled")?,
        failure: row.try_get("failure")?,
    })
}

/// Which letters are meant.
fn only(query: &mut QueryBuilder<Postgres>, filter: &LetterFilter) {
    query.push("WHERE d.number < ").push_bind(filter.below.unwrap_or(i64::MAX));
    if let Some(store) = &filter.store {
        query.push(" AND s.store = ").push_bind(store.as_str());
    }
    for (column, wanted) in [("d.reason", &filter.reason), ("d.code", &filter.code)] {
        if let Some(wanted) = wanted {
            query.push(format!(" AND {column} = ")).push_bind(plain(wanted));
        }
    }
    if let Some(from) = filter.from {
        query.push(" AND d.parked_at >= ").push_bind(from);
    }
    if let Some(until) = filter.until {
        query.push(" AND d.parked_at < ").push_bind(until);
    }
    if let Some(state) = filter.state {
        query.push(state.sql());
    }
}

impl PostgresLedger {
    /// Dead letters of a partition that were parked after a step.
    pub async fn dead_letters_after(&self, partition: u32, step: u64) -> Result<Vec<DeadLetterRow>, LedgerError> {
        let mut query = QueryBuilder::<Postgres>::new(LETTER);
        query.push("WHERE d.part = ").push_bind(i64::from(partition));
        query.push(" AND d.step > ").push_bind(number(step)).push(" ORDER BY d.number");
        query.build().fetch_all(&self.read).await?.iter().map(letter_of).collect()
    }

    /// Dead letters, newest first.
    pub async fn dead_letters(&self, filter: &LetterFilter, most: u32) -> Result<Vec<DeadLetterRow>, LedgerError> {
        let mut query = QueryBuilder::<Postgres>::new(LETTER);
        only(&mut query, filter);
        query.push(" ORDER BY d.number DESC LIMIT ").push_bind(i64::from(most));
        query.build().fetch_all(&self.read).await?.iter().map(letter_of).collect()
    }

    /// Dead letters by number, each with its bytes.
    pub async fn letters_by_number(&self, numbers: &[i64]) -> Result<Vec<(DeadLetterRow, Vec<u8>)>, LedgerError> {
        let mut query = QueryBuilder::<Postgres>::new(LETTER.replace("d.failure FROM", "d.failure, d.bytes FROM"));
        query.push("WHERE d.number IN (");
        let mut all = query.separated(", ");
        for number in numbers {
            all.push_bind(*number);
        }
        query.push(") ORDER BY d.number");
        let rows = query.build().fetch_all(&self.read).await?;
        rows.iter().map(|row| Ok((letter_of(row)?, row.try_get("bytes")?))).collect()
    }

    /// Letters that are alike, most first, from a place of that list on; those
    /// that are not closed unless a state is asked for.
    pub async fn letter_groups(
        &self,
        filter: &LetterFilter,
        by_code: bool,
        (from, most): (u32, u32),
    ) -> Result<Vec<LetterGroup>, LedgerError> {
        let code = if by_code { "d.code" } else { "NULL::text" };
        let mut query = QueryBuilder::<Postgres>::new(format!(
            "SELECT d.reason, {code} AS code, count(*) AS letters, count(d.job) AS waiting, \
             json_agg(DISTINCT s.store)::text AS stores, min(d.parked_at) AS since, max(d.parked_at) AS until \
             FROM dead_letters d JOIN stores s ON s.key = d.store "
        ));
        only(&mut query, filter);
        if filter.state.is_none() {
            query.push(" AND d.closed_at IS NULL");
        }
        query.push(if by_code { " GROUP BY d.reason, d.code" } else { " GROUP BY d.reason" });
        query.push(" ORDER BY letters DESC, d.reason, code LIMIT ").push_bind(i64::from(most));
        query.push(" OFFSET ").push_bind(i64::from(from));
        let read = |row: &PgRow| {
            let stores: String = row.try_get("stores")?;
            let mut stores: Vec<String> = serde_json::from_str(&stores).map_err(kept)?;
            stores.sort();
            Ok(LetterGroup {
                reason: row.try_get("reason")?,
                code: row.try_get("code")?,
                count: unsigned(row.try_get("letters")?),
                waiting: unsigned(row.try_get("waiting")?),
                shops: u64::try_from(stores.len()).unwrap_or(u64::MAX),
                stores: stores.into_iter().take(SHOPS).collect(),
                since: row.try_get("since")?,
                until: row.try_get("until")?,
            })
        };
        query.build().fetch_all(&self.read).await?.iter().map(read).collect()
    }

    /// How many dead letters of each reason are not closed, most first.
    pub async fn dead_letter_groups(&self) -> Result<Vec<(String, u64)>, LedgerError> {
        let select = "SELECT reason, count(*) AS letters FROM dead_letters WHERE closed_at IS NULL \
             GROUP BY reason ORDER BY letters DESC, reason";
        let rows = sqlx::query(select).fetch_all(&self.read).await?;
        rows.iter().map(|row| Ok((row.try_get("reason")?, unsigned(row.try_get("letters")?)))).collect()
    }

    /// Begins a repair: all of it, or nothing.
    pub async fn repair(&self, repair: &Repair, now_ms: i64) -> Result<Repaired, LedgerError> {
        let mut change = self.write.begin().await?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(REPAIR_LOCK).execute(&mut *change).await?;
        let before = sqlx::query("SELECT number, what FROM jobs WHERE id = $1").bind(plain(&repair.id));
        if let Some(row) = before.fetch_optional(&mut *change).await? {
            let (number, what): (i64, String) = (row.try_get("number")?, row.try_get("what")?);
            return Ok(if what == plain(&repair.what) { Repaired::Again(number) } else { Repaired::OtherContent });
        }
        let at_once = repair.claims.iter().filter(|claim| claim.how == ClaimHow::Discarded).count();
        let total = repair
            .instructions
            .len()
            .saturating_add(repair.claims.iter().filter(|claim| !matches!(claim.how, ClaimHow::Instructed(_))).count());
        let insert = "INSERT INTO jobs (id, kind, created_at, author, reason, what, total, at_once, failed) \
                      VALUES ($1, 'repair', $2, $3, $4, $5, $6, $7, 0) RETURNING number";
        let insert = sqlx::query(insert)
            .bind(plain(&repair.id))
            .bind(now_ms)
            .bind(plain(&repair.author))
            .bind(plain(&repair.reason));
        let insert = insert.bind(plain(&repair.what)).bind(whole(total)).bind(whole(at_once));
        let job: i64 = insert.fetch_one(&mut *change).await?.try_get("number")?;
        for claim in &repair.claims {
            if !take(&mut change, claim, (job, now_ms)).await? {
                return Ok(Repaired::Taken(claim.letter));
            }
        }
        let of_job = |row: &InstructionRow| InstructionRow { job: Some(job), ..row.clone() };
        let wanted: Vec<InstructionRow> = repair.instructions.iter().map(of_job).collect();
        instructions::add(&mut change, &wanted, now_ms).await?;
        audit::note(&mut change, self.by.as_deref()).await?;
        change.commit().await?;
        Ok(Repaired::Begun(job))
    }

    /// Jobs, newest first, below a number.
    pub async fn jobs(&self, below: Option<i64>, most: u32) -> Result<Vec<JobRow>, LedgerError> {
        let mut query = QueryBuilder::<Postgres>::new(JOB);
        query.push("WHERE j.number < ").push_bind(below.unwrap_or(i64::MAX));
        query.push(" ORDER BY j.number DESC LIMIT ").push_bind(i64::from(most));
        query.build().fetch_all(&self.read).await?.iter().map(job_of).collect()
    }

    /// One job.
    pub async fn job(&self, number: i64) -> Result<Option<JobRow>, LedgerError> {
        let mut query = QueryBuilder::<Postgres>::new(JOB);
        query.push("WHERE j.number = ").push_bind(number);
        query.build().fetch_optional(&self.read).await?.as_ref().map(job_of).transpose()
    }

    /// The job that was begun under an id.
    pub async fn job_of_id(&self, id: &str) -> Result<Option<JobRow>, LedgerError> {
        let mut query = QueryBuilder::<Postgres>::new(JOB);
        query.push("WHERE j.id = ").push_bind(plain(id));
        query.build().fetch_optional(&self.read).await?.as_ref().map(job_of).transpose()
    }

    /// Letters that repairs changed and the topic has not yet, in order.
    pub async fn letter_news(&self, most: u32) -> Result<Vec<News>, LedgerError> {
        let select = LETTER.replace(
            "FROM dead_letters d",
            ", n.number AS news, n.part AS told FROM news n JOIN dead_letters d ON d.number = n.letter",
        );
        let mut query = QueryBuilder::<Postgres>::new(select);
        query.push("ORDER BY n.number LIMIT ").push_bind(i64::from(most));
        let read = |row: &PgRow| {
            let partition = u32::try_from(row.try_get::<i64, _>("told")?).map_err(kept)?;
            Ok(News { number: row.try_get("news")?, partition, letter: letter_of(row)? })
        };
        query.build().fetch_all(&self.read).await?.iter().map(read).collect()
    }

    /// The topic has these.
    pub async fn forget_news(&self, told: &[News]) -> Result<(), LedgerError> {
        for news in told {
            sqlx::query("DELETE FROM news WHERE number = $1").bind(news.number).execute(&self.write).await?;
        }
        Ok(())
    }
}

/// Gives a letter to a job, if nobody has it and it is not settled.
async fn take(change: &mut PgConnection, claim: &Claim, (job, now_ms): (i64, i64)) -> Result<bool, LedgerError> {
    let (instruction, closed) = match &claim.how {
        ClaimHow::Instructed(id) => (Some(id.as_str()), None),
        ClaimHow::Discarded => (None, Some(now_ms)),
        ClaimHow::Applied => (None, None),
    };
    let update = "UPDATE dead_letters SET job = $1, instruction = $2, closed_at = $3::int8, \
                  settled = CASE WHEN $3::int8 IS NULL THEN NULL ELSE 'discarded' END, failure = NULL \
                  WHERE number = $4 AND closed_at IS NULL AND job IS NULL RETURNING store, epoch, part, reason";
    let update = sqlx::query(update).bind(job).bind(instruction).bind(closed).bind(claim.letter);
    let Some(row) = update.fetch_optional(&mut *change).await? else { return Ok(false) };
    let reason: String = row.try_get("reason")?;
    if closed.is_some() && reason == "forked" {
        let (store, epoch): (i64, i64) = (row.try_get("store")?, row.try_get("epoch")?);
        let fewer = "UPDATE epochs SET forks = forks - 1 WHERE store = $1 AND epoch = $2";
        sqlx::query(fewer).bind(store).bind(epoch).execute(&mut *change).await?;
    }
    let news = sqlx::query("INSERT INTO news (part, letter) VALUES ($1, $2)").bind(row.try_get::<i64, _>("part")?);
    news.bind(claim.letter).execute(change).await?;
    Ok(true)
}

fn job_of(row: &PgRow) -> Result<JobRow, LedgerError> {
    Ok(JobRow {
        number: row.try_get("number")?,
        id: row.try_get("id")?,
        kind: row.try_get("kind")?,
        created_at: row.try_get("created_at")?,
        author: row.try_get("author")?,
        reason: row.try_get("reason")?,
        what: row.try_get("what")?,
        total: unsigned(row.try_get("total")?),
        done: unsigned(row.try_get("done")?),
        failed: unsigned(row.try_get("failed")?),
    })
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
