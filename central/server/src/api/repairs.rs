//! `POST /v1/dead-letters:repair`: letters are mapped, corrected, let count,
//! discarded or applied; and the jobs that do it.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tidemark_daemon::problem::{self, Problem};
use tidemark_ledger::{JobRow, LetterFilter, LetterState, Repair, Repaired};

use super::instruct::{AskedLine, check_sums, id_of, other_content};
use super::paging::{PageQuery, paged};
use super::{Caller, Door, given, ledger_problem, time_text};
use crate::repair::{Action, Letter, Plan};

const SHAPE: &str = "{\"letters\":[…],\"action\":…,\"reason\":…} and what the action needs";
/// Letters of one repair.
const LETTERS: usize = 1_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// Its identity, by which it may be asked for again.
    id: Option<String>,
    /// The letters, by number.
    #[serde(default)]
    letters: Vec<i64>,
    /// Or all open letters that are alike.
    group: Option<Group>,
    action: String,
    /// What a code means.
    sku: Option<String>,
    /// Base units in one of what was given.
    units_per_scan: Option<Value>,
    /// How many it was, if that can't be read.
    quantity: Option<Value>,
    /// Of a correction.
    #[serde(default)]
    lines: Vec<AskedLine>,
    author: Option<String>,
    reason: String,
    /// Only looked at.
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    reason: String,
    code: Option<String>,
    store: Option<String>,
}

/// Begins a repair: all of it, or nothing.
pub(super) async fn repair(
    State(door): State<Door>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let asked: Asked = given::json(&headers, body, SHAPE).await?;
    let (author, reason) =
        (given::author_at_box(asked.author.as_deref(), &caller.name)?, given::reason_at_box(&asked.reason)?);
    let id = id_of(asked.id.as_deref())?;
    let action = Action::read(
        &asked.action,
        asked.sku.as_deref(),
        (asked.units_per_scan.as_ref(), asked.quantity.as_ref()),
        &asked.lines,
    )
    .map_err(|why| invalid(vec![json!({ "why": why })]))?;
    let (numbers, left) = numbers(&door, &asked).await?;
    // The same asked for again is answered with its job: its letters are taken.
    let what = json!({ "action": action.shown(), "letters": numbers }).to_string();
    if let Some(job) = again(&door, &id, &what, asked.dry_run, asked.group.is_some()).await? {
        // What stood in its group then has a job: all that are open are left.
        let left = left.saturating_add(if asked.group.is_some() { numbers.len() } else { 0 });
        return Ok((StatusCode::OK, Json(json!({ "job": job, "preview": [], "left": left, "dry_run": false }))));
    }
    let letters = read(&door, &numbers).await?;
    let plan = Plan::of(&action, &letters, &id).map_err(invalid)?;
    for (store, lines) in plan.sums() {
        check_sums(&door, &store, &lines).await?;
    }
    let preview = plan.preview();
    if asked.dry_run {
        return Ok((StatusCode::OK, Json(json!({ "job": null, "preview": preview, "left": left, "dry_run": true }))));
    }
    let stores: BTreeSet<&str> = letters.iter().map(|letter| letter.row.store.as_str()).collect();
    let store = if let [one] = *stores.iter().copied().collect::<Vec<_>>() { one } else { "" };
    let by = caller
        .does("letters.repair")
        .at(store)
        .about(&id)
        .because(&reason)
        .with(json!({ "author": author, "action": action.shown(), "letters": numbers }));
    let instructions = plan.instructions(&author, &reason);
    let repair = Repair { id: id.clone(), author: author.clone(), reason, what, claims: plan.claims(), instructions };
    let begun = door.parts.ledger.by(&by).repair(&repair, door.clock.wall().0).await;
    let job = match begun.map_err(|error| ledger_problem(&error))? {
        Repaired::Begun(job) | Repaired::Again(job) => job,
        Repaired::OtherContent => return Err(other_content(&id)),
        Repaired::Taken(letter) => return Err(taken(&door, &[letter]).await?),
    };
    tracing::info!(job, id, author, letters = numbers.len(), "dead letters are repaired");
    Ok((
        StatusCode::ACCEPTED,
        Json(json!({ "job": shown_job(&door, job).await?, "preview": preview, "left": left, "dry_run": false })),
    ))
}

fn invalid(errors: Vec<Value>) -> Problem {
    Problem::of(&problem::REPAIR_INVALID, format!("{} faults; nothing is repaired", errors.len())).with_errors(errors)
}

/// The job of a repair that was begun under this id before.
async fn again(door: &Door, id: &str, what: &str, dry_run: bool, is_group: bool) -> Result<Option<Value>, Problem> {
    let before = door.parts.ledger.job_of_id(id).await.map_err(|error| ledger_problem(&error))?;
    let Some(job) = before.filter(|_| !dry_run) else { return Ok(None) };
    // What stood in a group then is not open any more.
    if job.what != what && !is_group {
        return Err(other_content(id));
    }
    Ok(Some(job_json(&job)))
}

/// The letters that are meant, each once, and how many of their group are left
/// for another repair.
async fn numbers(door: &Door, asked: &Asked) -> Result<(Vec<i64>, usize), Problem> {
    let mut left = 0;
    let numbers: BTreeSet<i64> = match &asked.group {
        None => asked.letters.iter().copied().collect(),
        Some(_) if !asked.letters.is_empty() => {
            return Err(given::unreadable("give `letters` or `group`, not both", SHAPE));
        }
        Some(Group { reason, code, store }) => {
            let store = match store {
                Some(store) => Some(super::stores::known(door, store).await?),
                None => None,
            };
            let (reason, code, state) = (Some(reason.clone()), code.clone(), Some(LetterState::Open));
            let filter = LetterFilter { store, reason, code, state, ..LetterFilter::default() };
            let most = u32::try_from(LETTERS).unwrap_or(u32::MAX);
            let rows = door.parts.ledger.dead_letters(&filter, most).await.map_err(|error| ledger_problem(&error))?;
            if rows.len() == LETTERS {
                left = open_of(door, &filter).await?.saturating_sub(LETTERS);
            }
            rows.iter().map(|row| row.number).collect()
        }
    };
    if numbers.len() > LETTERS {
        return Err(Problem::of(&problem::TOO_MANY, format!("one repair takes at most {LETTERS} letters")));
    }
    if numbers.is_empty() && asked.group.is_none() {
        return Err(given::unreadable("`letters` names the letters, or `group` those that are alike", SHAPE));
    }
    Ok((numbers.into_iter().collect(), left))
}

/// How many letters of one reason nobody has.
async fn open_of(door: &Door, filter: &LetterFilter) -> Result<usize, Problem> {
    let groups =
        door.parts.ledger.letter_groups(filter, false, (0, 1)).await.map_err(|error| ledger_problem(&error))?;
    let open = groups.first().map_or(0, |group| group.count.saturating_sub(group.waiting));
    Ok(usize::try_from(open).unwrap_or(usize::MAX))
}

/// The letters with these numbers, if all are there and nobody has one.
async fn read(door: &Door, numbers: &[i64]) -> Result<Vec<Letter>, Problem> {
    if numbers.is_empty() {
        return Err(Problem::not_found("no open letter is of this group"));
    }
    let found = door.parts.ledger.letters_by_number(numbers).await.map_err(|error| ledger_problem(&error))?;
    let there: BTreeSet<i64> = found.iter().map(|(row, _)| row.number).collect();
    if let Some(unknown) = numbers.iter().find(|number| !there.contains(number)) {
        return Err(Problem::not_found(format!("there is no dead letter {unknown}")));
    }
    let had: Vec<i64> = found
        .iter()
        .filter(|(row, _)| row.job.is_some() || row.closed_at.is_some())
        .map(|(row, _)| row.number)
        .collect();
    if had.is_empty() {
        return Ok(found.into_iter().map(|(row, bytes)| Letter { row, bytes }).collect());
    }
    Err(taken(door, &had).await?)
}

/// Who has letters already.
async fn taken(door: &Door, letters: &[i64]) -> Result<Problem, Problem> {
    let rows = door.parts.ledger.letters_by_number(letters).await.map_err(|error| ledger_problem(&error))?;
    let (mut errors, mut jobs) = (Vec::new(), BTreeMap::new());
    for (row, _) in &rows {
        if let Some(number) = row.job
            && let Some(job) = door.parts.ledger.job(number).await.map_err(|error| ledger_problem(&error))?
        {
            jobs.insert(number, job);
        }
        let job = row.job.and_then(|number| jobs.get(&number));
        errors.push(json!({
            "letter": row.number,
            "closed_at": row.closed_at.map(time_text),
            "job": row.job,
            "author": job.map(|job| job.author.as_str()),
            "since": job.map(|job| time_text(job.created_at)),
        }));
    }
    let detail = format!("{} letters are being repaired or settled already; nothing is done", errors.len());
    Ok(Problem::of(&problem::LETTER_TAKEN, detail).with_errors(errors))
}

async fn shown_job(door: &Door, number: i64) -> Result<Value, Problem> {
    let job = door.parts.ledger.job(number).await.map_err(|error| ledger_problem(&error))?;
    job.as_ref().map(job_json).ok_or_else(|| Problem::not_found(format!("there is no job {number}")))
}

/// A job as callers see it.
fn job_json(job: &JobRow) -> Value {
    let what = serde_json::from_str::<Value>(&job.what).unwrap_or(Value::Null);
    json!({
        "job": job.number,
        "id": job.id,
        "kind": job.kind,
        "created_at": time_text(job.created_at),
        "author": job.author,
        "reason": job.reason,
        "action": what.get("action"),
        "total": job.total,
        "done": job.done,
        "failed": job.failed,
        "waiting": job.total.saturating_sub(job.done).saturating_sub(job.failed),
    })
}

pub(super) async fn jobs(State(door): State<Door>, Query(page): Query<PageQuery>) -> Result<Json<Value>, Problem> {
    let size = page.size()?;
    let below = page.number()?;
    let rows = door.parts.ledger.jobs(below, size).await.map_err(|error| ledger_problem(&error))?;
    let full = u32::try_from(rows.len()).is_ok_and(|found| found == size);
    let next = rows.last().filter(|_| full).map(|row| row.number.to_string());
    Ok(paged(json!({ "jobs": rows.iter().map(job_json).collect::<Vec<_>>() }), next))
}

pub(super) async fn job(State(door): State<Door>, Path(number): Path<String>) -> Result<Json<Value>, Problem> {
    let none = |_no_number| Problem::not_found(format!("there is no job {number}"));
    Ok(Json(shown_job(&door, number.parse().map_err(none)?).await?))
}
