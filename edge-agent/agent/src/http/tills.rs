//! `/v1/tills`: the tills that may submit from another machine. For programs
//! of this machine alone; the token itself never comes here.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};
use tidemark_daemon::problem::{self, Problem};
use tidemark_journal::NotSaved;
use tidemark_model::Source;

use super::Door;
use super::documents::not_saved;
use super::health::read_problem;
use crate::guest::Guest;
use crate::intake::is_own;

/// A till to be let in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewTill {
    name: String,
    /// BLAKE3 of the token, 64 hexadecimal digits.
    token_hash: String,
}

/// The tills, without their tokens.
pub(super) async fn list(State(door): State<Door>, Extension(guest): Extension<Guest>) -> Result<Json<Value>, Problem> {
    local(&guest)?;
    let tills = door.journal.tills().map_err(|error| read_problem(&error))?;
    let rows: Vec<Value> =
        tills.iter().map(|till| json!({ "name": till.name.as_str(), "added_ms": till.added.0 })).collect();
    Ok(Json(json!({ "tills": rows })))
}

/// Lets a till in; of a known one the token changes.
pub(super) async fn add(
    State(door): State<Door>,
    Extension(guest): Extension<Guest>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    local(&guest)?;
    // A page in a browser of this machine can't send this type unasked.
    if headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind != "application/json") {
        return Err(Problem::content_type("application/json"));
    }
    let unreadable = |detail: String| Problem::of(&problem::TILL_UNREADABLE, detail);
    let till: NewTill = serde_json::from_slice(&body).map_err(|error| unreadable(error.to_string()))?;
    let name = till_name(&till.name).map_err(&unreadable)?;
    let hash = hash_of(&till.token_hash)
        .ok_or_else(|| unreadable("`token_hash` is no BLAKE3 hash of 64 hexadecimal digits".to_owned()))?;
    door.journal.add_till(name, hash).await.map_err(|error| unsaved(&door, &error))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a till in no more.
pub(super) async fn remove(
    State(door): State<Door>,
    Extension(guest): Extension<Guest>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    local(&guest)?;
    let nobody = || Problem::not_found(format!("there is no till {name}"));
    let till = Source::new(&name).map_err(|_no_name| nobody())?;
    let known = door.journal.remove_till(till).await;
    match known.map_err(|error| unsaved(&door, &error))? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(nobody()),
    }
}

fn unsaved(door: &Door, error: &NotSaved) -> Problem {
    door.reception.not_saved(error);
    not_saved(error)
}

pub(super) fn local(guest: &Guest) -> Result<(), Problem> {
    match guest {
        Guest::Local => Ok(()),
        Guest::Till(till) => {
            let detail = format!("{till} may submit documents, not let others in");
            Err(Problem::of(&problem::FORBIDDEN, detail).with_remedy("use `tidemark-edge till` on the box itself"))
        }
    }
}

/// A till's name: a source that is not the box's own.
pub(crate) fn till_name(name: &str) -> Result<Source, String> {
    let source = Source::new(name).map_err(|error| error.to_string())?;
    if is_own(&source) {
        return Err(format!("`{name}` is a source of the box itself; name the till otherwise, such as till:3"));
    }
    Ok(source)
}

fn hash_of(hexadecimal: &str) -> Option<[u8; 32]> {
    Some(*blake3::Hash::from_hex(hexadecimal).ok()?.as_bytes())
}
