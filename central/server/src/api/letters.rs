//! Dead letters: what was parked and why, one by one or by what they have in
//! common.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};
use tidemark_daemon::problem::{self, Problem};
use tidemark_ledger::{DeadLetterRow, LetterFilter, LetterGroup, LetterState};

use super::audit::moment;
use super::paging::{PageQuery, bad_token, paged};
use super::stores::known;
use super::{Door, ledger_problem, time_text};

/// Which letters are asked for, and how they are told.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    code: Option<String>,
    state: Option<String>,
    from: Option<String>,
    until: Option<String>,
    group: Option<String>,
}

pub(super) async fn list(
    State(door): State<Door>,
    Query(query): Query<PageQuery>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, Problem> {
    let size = query.size()?;
    let from = query.number()?;
    let store = match &query.store {
        Some(store) => Some(known(&door, store).await?),
        None => None,
    };
    let faulty = |detail: &str| Problem::of(&problem::FILTER, detail);
    let of_word =
        |word: &String| LetterState::of_word(word).ok_or_else(|| faulty("`state` is open, waiting or closed"));
    let state = wanted.state.as_ref().map(of_word).transpose()?;
    let filter = LetterFilter {
        store,
        reason: query.reason.clone(),
        code: wanted.code,
        state,
        from: moment("from", wanted.from)?,
        until: moment("until", wanted.until)?,
        below: None,
    };
    match wanted.group.as_deref() {
        None => listed(&door, LetterFilter { below: from, ..filter }, size).await,
        Some("reason") => grouped(&door, &filter, false, (from, size)).await,
        Some("reason,code" | "code") => grouped(&door, &filter, true, (from, size)).await,
        Some(_) => Err(faulty("`group` is reason, or reason,code")),
    }
}

async fn listed(door: &Door, filter: LetterFilter, size: u32) -> Result<Json<Value>, Problem> {
    let letters = door.parts.ledger.dead_letters(&filter, size).await;
    let letters = letters.map_err(|error| ledger_problem(&error))?;
    let groups = door.parts.ledger.dead_letter_groups().await.map_err(|error| ledger_problem(&error))?;
    let groups: Vec<Value> = groups.iter().map(|(reason, count)| json!({"reason": reason, "count": count})).collect();
    let full = u32::try_from(letters.len()).is_ok_and(|found| found == size);
    let next = letters.last().filter(|_| full).map(|letter| letter.number.to_string());
    let rows: Vec<Value> = letters.iter().map(letter_json).collect();
    Ok(paged(json!({ "dead_letters": rows, "groups": groups }), next))
}

/// Letters that are alike, most first; the token is a place in that list.
async fn grouped(
    door: &Door,
    filter: &LetterFilter,
    by_code: bool,
    (from, size): (Option<i64>, u32),
) -> Result<Json<Value>, Problem> {
    let from = u32::try_from(from.unwrap_or(0)).map_err(|_not_ours| bad_token())?;
    let groups = door.parts.ledger.letter_groups(filter, by_code, (from, size)).await;
    let groups = groups.map_err(|error| ledger_problem(&error))?;
    let full = u32::try_from(groups.len()).is_ok_and(|found| found == size);
    let next = full.then(|| from.saturating_add(size).to_string());
    Ok(paged(json!({ "dead_letters": [], "groups": groups.iter().map(group_json).collect::<Vec<_>>() }), next))
}

fn group_json(group: &LetterGroup) -> Value {
    json!({
        "reason": group.reason,
        "code": group.code,
        "count": group.count,
        "waiting": group.waiting,
        "shops": group.shops,
        "stores": group.stores,
        "since": time_text(group.since),
        "until": time_text(group.until),
    })
}

pub(super) async fn show(State(door): State<Door>, Path(number): Path<String>) -> Result<Json<Value>, Problem> {
    let none = || Problem::not_found(format!("there is no dead letter {number}"));
    let wanted = number.parse::<i64>().map_err(|_no_number| none())?;
    let found = door.parts.ledger.letters_by_number(&[wanted]).await.map_err(|error| ledger_problem(&error))?;
    found.first().map(|(letter, _)| Json(letter_json(letter))).ok_or_else(none)
}

/// A dead letter as the API and the topic tell it.
pub(crate) fn letter_json(letter: &DeadLetterRow) -> Value {
    let state = match (letter.closed_at, letter.job) {
        (Some(_), _) => "closed",
        (None, Some(_)) => "waiting",
        (None, None) => "open",
    };
    json!({
        "number": letter.number,
        "store": letter.store.as_str(),
        "epoch": letter.epoch.to_string(),
        "seq": letter.seq,
        "reason": letter.reason,
        "code": letter.code,
        "detail": letter.detail,
        "raw": letter.raw,
        "source": letter.source,
        "id": letter.id,
        "parked_at": time_text(letter.parked_at),
        "closed_at": letter.closed_at.map(time_text),
        "state": state,
        "job": letter.job,
        "settled": letter.settled,
        "failure": letter.failure,
    })
}
