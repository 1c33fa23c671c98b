//! Pairing over HTTP: a person on the box opens it, a terminal shows the
//! code and gets its token.

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Uri, header};
use axum::response::{Html, Redirect};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};
use tidemark_daemon::problem::{self, Problem};
use tidemark_daemon::token::{RandomError, TokenHash, generate};
use tidemark_model::Source;

use super::Door;
use super::documents::not_saved;
use super::joining::is_same_origin;
use super::pages::language_of;
use super::tills::{local, till_name};
use crate::guest::Guest;
use crate::page;
use crate::pairing::{Claim, HOLDS_MS, PairingCode};

/// Bytes of a terminal's request.
const CLAIM_BYTES: usize = 1_024;

/// A terminal that is to be let in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPairing {
    name: String,
}

/// In which language.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    language: Option<String>,
}

/// What a terminal shows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    code: String,
}

/// Opens a pairing for a program of this machine.
pub(super) async fn open(
    State(door): State<Door>,
    Extension(guest): Extension<Guest>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    local(&guest)?;
    // A page in a browser of this machine can't send this type unasked.
    if headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind != "application/json") {
        return Err(Problem::content_type("application/json"));
    }
    let unreadable = |error: serde_json::Error| {
        Problem::of(&problem::TILL_UNREADABLE, error.to_string()).with_remedy("send {\"name\": \"till:3\"}")
    };
    let asked: NewPairing = serde_json::from_slice(&body).map_err(unreadable)?;
    let (till, code) = begin(&door, &asked.name)?;
    Ok(Json(json!({ "till": till.as_str(), "code": code.to_string(), "seconds": HOLDS_MS / 1_000 })))
}

/// Where a person names the terminal. A page of its own: the box's page asks
/// for itself again while somebody types.
pub(super) async fn form(
    State(door): State<Door>,
    Extension(guest): Extension<Guest>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Html<String>, Problem> {
    local(&guest)?;
    let tag = asked.ok().and_then(|Query(asked)| asked.language);
    Ok(Html(page::pairing_form(door.journal.identity().store.as_str(), language_of(&door, tag.as_deref()))))
}

/// The same from the box's page.
pub(super) async fn open_by_page(
    State(door): State<Door>,
    Extension(guest): Extension<Guest>,
    headers: HeaderMap,
    body: String,
) -> Result<Redirect, Problem> {
    local(&guest)?;
    if !is_own_page(&headers) {
        return Err(Problem::of(&problem::FORBIDDEN, "the form came from another page than the box's own"));
    }
    let unreadable = || Problem::of(&problem::TILL_UNREADABLE, "the form names no till");
    // A form is written as a query is.
    let form: Uri = format!("/?{body}").parse().map_err(|_no_form| unreadable())?;
    let Query(asked) = Query::<NewPairing>::try_from_uri(&form).map_err(|_no_form| unreadable())?;
    begin(&door, &asked.name)?;
    Ok(Redirect::to("/"))
}

fn begin(door: &Door, name: &str) -> Result<(Source, PairingCode), Problem> {
    let till = till_name(name).map_err(|why| Problem::of(&problem::TILL_UNREADABLE, why))?;
    let code = PairingCode::draw().map_err(|error| no_bits(&error))?;
    door.pairing.open(till.clone(), code, door.clock.millis());
    tracing::info!(%till, "a pairing is open");
    Ok((till, code))
}

/// A terminal shows the code; anybody on the line may try.
pub(super) async fn claim(State(door): State<Door>, body: Bytes) -> Result<Json<Value>, Problem> {
    let shown = (body.len() <= CLAIM_BYTES).then(|| serde_json::from_slice::<Shown>(&body).ok()).flatten();
    let shown = shown.ok_or_else(|| {
        Problem::of(&problem::BROKEN_JSON, "a pairing is claimed by a code").with_remedy("send {\"code\": \"123456\"}")
    })?;
    match door.pairing.claim(PairingCode::read(&shown.code), door.clock.millis()) {
        Claim::Paired(till) => {
            let token = paired(&door, &till).await?;
            Ok(Json(json!({ "till": till.as_str(), "token": token })))
        }
        Claim::Wrong(left) => {
            door.troubles.stranger();
            Err(Problem::of(&problem::PAIRING, format!("the code is wrong; it may be tried {left} times more")))
        }
        Claim::Closed => Err(Problem::of(&problem::PAIRING, "no pairing is open on the box")),
    }
}

/// Lets a terminal in: its token, which is on disk as a hash.
pub(super) async fn paired(door: &Door, till: &Source) -> Result<String, Problem> {
    let token = generate().map_err(|error| no_bits(&error))?;
    let kept = door.journal.add_till(till.clone(), TokenHash::of(&token).0).await;
    kept.map_err(|error| {
        door.reception.not_saved(&error);
        not_saved(&error)
    })?;
    tracing::info!(%till, "a terminal was paired");
    Ok(token)
}

fn no_bits(error: &RandomError) -> Problem {
    Problem::of(&problem::RANDOM, error.to_string())
}

/// Whether a form came from the page of this box, called by its address: a
/// page of somebody else, open in the same browser, is not asked for.
pub(super) fn is_own_page(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    is_same_origin(headers, &Uri::default()) && host.is_some_and(is_address)
}

/// A name could be anybody's.
fn is_address(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_boxes_own_page_may_open_a_pairing() {
        let headers = |host: &'static str, origin: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            headers
        };
        assert!(is_own_page(&headers("127.0.0.1:8380", Some("http://127.0.0.1:8380"))));
        assert!(is_own_page(&headers("localhost:8380", None)));
        assert!(is_own_page(&headers("[::1]:8380", Some("http://[::1]:8380"))));
        assert!(!is_own_page(&headers("127.0.0.1:8380", Some("https://evil.example"))));
        assert!(!is_own_page(&headers("evil.example:8380", Some("http://evil.example:8380"))), "a name led here");
        assert!(!is_own_page(&HeaderMap::new()));
    }
}
