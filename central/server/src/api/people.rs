//! Who is signed in, and ending it: what an administrator does about somebody
//! who left, or about a browser that was left open.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};
use tidemark_daemon::problem::Problem;
use tidemark_ledger::OpenSession;

use super::{Caller, Door, given, ledger_problem, time_text};

const SHAPE: &str = "{\"user\": NAME}";

pub(super) async fn sessions(State(door): State<Door>) -> Result<Json<Value>, Problem> {
    let open = door.parts.ledger.sessions().await.map_err(|error| ledger_problem(&error))?;
    Ok(Json(json!({ "sessions": open.iter().map(shown).collect::<Vec<_>>() })))
}

fn shown(session: &OpenSession) -> Value {
    let OpenSession { name, role, began_at, ends_at } = session;
    json!({ "user": name, "role": role, "began_at": time_text(*began_at), "ends_at": time_text(*ends_at) })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Whose {
    user: String,
}

/// Ends all sessions of a name; the next request of each is refused.
pub(super) async fn end_sessions(
    State(door): State<Door>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let Whose { user } = given::json(&headers, body, SHAPE).await?;
    let by = caller.does("session.end").about(&user);
    let ended = door.parts.ledger.by(&by).end_sessions_of(&user).await.map_err(|error| ledger_problem(&error))?;
    tracing::info!(ended, "sessions were ended");
    Ok(Json(json!({ "ended": ended })))
}
