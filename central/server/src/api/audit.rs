//! The audit: who changed what, when and why.

use axum::Json;
use axum::extract::{Query, State};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tidemark_daemon::problem::{self, Problem};
use tidemark_ledger::{AuditFilter, AuditRow};

use super::paging::{PageQuery, paged};
use super::{Door, ledger_problem, time_text};

/// Which changes are asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    who: Option<String>,
    action: Option<String>,
    store: Option<String>,
    subject: Option<String>,
    from: Option<String>,
    until: Option<String>,
}

pub(super) async fn list(
    State(door): State<Door>,
    Query(page): Query<PageQuery>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, Problem> {
    let size = page.size()?;
    let below = page.number()?;
    let Wanted { who, action, store, subject, from, until } = wanted;
    let (from, until) = (moment("from", from)?, moment("until", until)?);
    let filter = AuditFilter { who, action, store, subject, from, until, below };
    let rows = door.parts.ledger.audit(&filter, size).await.map_err(|error| ledger_problem(&error))?;
    let full = u32::try_from(rows.len()).is_ok_and(|found| found == size);
    let next = rows.last().filter(|_| full).map(|row| row.number.to_string());
    Ok(paged(json!({ "audit": rows.iter().map(row_json).collect::<Vec<_>>() }), next))
}

/// A moment of a filter, in milliseconds since 1970.
pub(super) fn moment(name: &str, given: Option<String>) -> Result<Option<i64>, Problem> {
    let Some(given) = given else { return Ok(None) };
    let read = given.parse::<Timestamp>().map(Timestamp::as_millisecond);
    read.map(Some).map_err(|_no_moment| {
        let detail = format!("`{name}` is no moment such as 2026-11-27T22:00:00Z");
        Problem::of(&problem::FILTER, detail)
    })
}

fn row_json(row: &AuditRow) -> Value {
    let entry = &row.entry;
    // What was done is kept as JSON; a text that was cut stays a text.
    let detail = serde_json::from_str::<Value>(&entry.detail).unwrap_or_else(|_cut| json!(entry.detail));
    json!({
        "number": row.number,
        "at": time_text(row.at),
        "who": entry.who,
        "role": entry.role,
        "action": entry.action,
        "store": entry.store,
        "subject": entry.subject,
        "reason": entry.reason,
        "detail": detail,
    })
}
