//! Dead letters: what was parked, and why.

use axum::Json;
use axum::extract::{Query, State};
use serde_json::{Value, json};
use tidemark_daemon::problem::Problem;
use tidemark_ledger::DeadLetterRow;

use super::paging::{PageQuery, bad_token};
use super::stores::known;
use super::{Door, ledger_problem, time_text};

pub(super) async fn list(State(door): State<Door>, Query(query): Query<PageQuery>) -> Result<Json<Value>, Problem> {
    let size = query.size()?;
    let below =
        query.page_token.as_ref().map(|token| token.parse::<i64>().map_err(|_not_ours| bad_token())).transpose()?;
    let store = match &query.store {
        Some(store) => Some(known(&door, store).await?),
        None => None,
    };
    let reason = query.reason.as_deref();
    let letters = door.parts.ledger.dead_letters(store.as_ref(), reason, below, size).await;
    let letters = letters.map_err(|error| ledger_problem(&error))?;
    let groups = door.parts.ledger.dead_letter_groups().await.map_err(|error| ledger_problem(&error))?;
    let groups: Vec<Value> = groups.iter().map(|(reason, count)| json!({"reason": reason, "count": count})).collect();
    let full = u32::try_from(letters.len()).is_ok_and(|found| found == size);
    let next = letters.last().filter(|_| full).map(|letter| letter.number.to_string());
    let rows: Vec<Value> = letters.iter().map(letter_json).collect();
    let mut answer = json!({ "dead_letters": rows, "groups": groups });
    if let (Some(next), Some(members)) = (next, answer.as_object_mut()) {
        members.insert("next_page_token".to_owned(), json!(next));
    }
    Ok(Json(answer))
}

/// A dead letter as the API and the topic tell it.
pub(crate) fn letter_json(letter: &DeadLetterRow) -> Value {
    json!({
        "store": letter.store.as_str(),
        "epoch": letter.epoch.to_string(),
        "seq": letter.seq,
        "reason": letter.reason,
        "detail": letter.detail,
        "raw": letter.raw,
        "source": letter.source,
        "id": letter.id,
        "parked_at": time_text(letter.parked_at),
        "closed_at": letter.closed_at.map(time_text),
    })
}
