//! Lost positions: shown by name, signed by a person.

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use serde::Deserialize;
use serde_json::{Value, json};
use tidemark_daemon::problem::{self, Problem};
use tidemark_ledger::{LossRow, Signature, Signed};
use tidemark_model::StoreId;

use super::stores::known;
use super::{Caller, Door, ledger_problem, time_text};

/// Ranges that are shown of one store.
const SHOWN: u32 = 1_000;
/// Bytes of one request's body.
const BODY_BYTES: usize = 64 * 1024;
/// Characters of an author and of a reason.
const AUTHOR: usize = 128;
const REASON: usize = 1_024;

/// A store's lost ranges, unsigned ones first.
pub(super) async fn of_store(door: &Door, store: &StoreId) -> Result<Vec<Value>, Problem> {
    let losses = door.parts.ledger.losses(store, SHOWN).await.map_err(|error| ledger_problem(&error))?;
    Ok(losses.iter().map(loss_json).collect())
}

fn loss_json(loss: &LossRow) -> Value {
    let signed = loss.signed.as_ref().map(|signature| {
        let Signature { author, reason, signed_at } = signature;
        json!({ "author": author, "reason": reason, "at": time_text(*signed_at) })
    });
    json!({
        "epoch": loss.epoch.to_string(),
        "first": loss.first,
        "last": loss.last,
        "cause": loss.cause.word(),
        "named_at": time_text(loss.named_at),
        "signed": signed,
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignRequest {
    author: String,
    reason: String,
    /// How many unsigned positions the person saw.
    positions: Option<u64>,
}

/// Signs all losses of a store that nobody signed yet.
pub(super) async fn sign(
    State(door): State<Door>,
    Path(store): Path<String>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let store = known(&door, &store).await?;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
        return Err(Problem::content_type("application/json"));
    }
    let body = to_bytes(body, BODY_BYTES).await.map_err(|_cut_or_too_large| Problem::too_large(BODY_BYTES))?;
    let request: SignRequest = serde_json::from_slice(&body).map_err(|error| unreadable(error.to_string()))?;
    let (author, reason) = (text("author", &request.author, AUTHOR)?, text("reason", &request.reason, REASON)?);
    let signature = Signature { author, reason, signed_at: door.clock.wall().0 };
    let what = json!({ "author": signature.author, "positions": request.positions });
    let by = caller.does("losses.sign").at(store.as_str()).because(&signature.reason).with(what);
    let signed = door.parts.ledger.by(&by).sign_losses(&store, request.positions, &signature).await;
    match signed.map_err(|error| ledger_problem(&error))? {
        Signed::Done { positions } => {
            let Signature { author, reason, .. } = &signature;
            tracing::info!(%store, positions, author, reason, "losses were signed");
            Ok(Json(json!({ "store": store.as_str(), "positions": positions })))
        }
        Signed::Others { positions } => {
            let detail =
                format!("{positions} positions of {store} wait for a signature, not the number that was given");
            Err(Problem::of(&problem::LOSSES_CHANGED, detail))
        }
    }
}

fn unreadable(detail: String) -> Problem {
    Problem::of(&problem::BROKEN_JSON, detail).with_remedy("send {\"author\":…,\"reason\":…,\"positions\":…}")
}

/// A text a person answers for: neither empty nor endless.
fn text(name: &str, given: &str, most: usize) -> Result<String, Problem> {
    let given = given.trim();
    let length = given.chars().count();
    if length == 0 || length > most || given.chars().any(char::is_control) {
        return Err(unreadable(format!("`{name}` has 1 to {most} characters and no control characters")));
    }
    Ok(given.to_owned())
}
