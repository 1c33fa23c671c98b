//! Signing in and out.

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Extension, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use tidemark_daemon::listen::Peer;
use tidemark_daemon::problem::{self, Problem};
use tidemark_daemon::token::TokenHash;
use tidemark_ledger::{AuditEntry, SessionRow};
use tokio::sync::OwnedSemaphorePermit;

use super::entry::{is_own_page, may_change};
use super::{Caller, Door, ledger_problem};
use crate::sign_in::{Asked, BadPassword, DirectoryError, Session, SignInError, Wait, checked, cookie, set_cookie};

/// Bytes of one request's body.
const BODY_BYTES: usize = 16 * 1024;
/// What a browser keeps while it is at the directory.
const ASKED: &str = "tidemark_directory";
/// For so many seconds.
const ASKED_S: u32 = 600;

pub(super) fn sign_in_problem(error: SignInError) -> Problem {
    match error {
        SignInError::Ledger(error) => ledger_problem(&error),
        SignInError::Random(detail) => Problem::of(&problem::RANDOM, detail),
    }
}

/// The session that a request shows, if it goes on.
pub(super) async fn shown(door: &Door, headers: &HeaderMap) -> Result<Option<(Session, SessionRow)>, Problem> {
    let session = door.sign_in.shown(&door.parts.ledger, headers).await.map_err(sign_in_problem)?;
    let Some(session) = session else { return Ok(None) };
    let row = door.parts.ledger.session(session.hash()).await.map_err(|error| ledger_problem(&error))?;
    Ok(row.map(|row| (session, row)))
}

/// Who is signed in, and how one can.
pub(super) async fn show(
    State(door): State<Door>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    let is_local = peer.is_some_and(|Extension(peer)| peer.is_loopback());
    let directory = door.sign_in.directory.is_some();
    let Some((session, row)) = shown(&door, &headers).await? else {
        let role = is_local.then_some("admin");
        return Ok(Json(json!({"user": null, "role": role, "csrf": null, "directory": directory})));
    };
    let csrf = door.sign_in.csrf(&door.parts.ledger, session).await.map_err(sign_in_problem)?;
    Ok(Json(json!({"user": row.name, "role": row.role, "csrf": csrf, "directory": directory})))
}

async fn body<T: for<'de> Deserialize<'de>>(door: &Door, headers: &HeaderMap, body: Body) -> Result<T, Problem> {
    may_change(door)?;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
        return Err(Problem::content_type("application/json"));
    }
    if !is_own_page(headers) {
        return Err(Problem::of(&problem::CSRF, "the request comes from a page elsewhere"));
    }
    let body = to_bytes(body, BODY_BYTES).await.map_err(|_cut_or_too_large| Problem::too_large(BODY_BYTES))?;
    // What was wrong is not told in its own words: it may hold a password.
    serde_json::from_slice(&body).map_err(|_broken| Problem::of(&problem::BROKEN_JSON, "the body can't be read"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    user: String,
    password: String,
}

/// Signs a local user in.
pub(super) async fn begin(
    State(door): State<Door>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let Given { user, password } = body(&door, &headers, request).await?;
    let peer = peer.map(|Extension(peer)| peer);
    let from = peer.as_ref().map(|peer| peer.address.ip());
    let place = door.sign_in.place_in_row().map_err(|wait| row_full(&wait))?;
    door.sign_in.guard.begin(user.as_str(), from, door.clock.millis()).map_err(|wait| too_fast(&door, wait))?;
    let row = door.parts.ledger.user(&user).await.map_err(|error| ledger_problem(&error))?;
    let open = row.as_ref().filter(|row| !row.disabled);
    let kept = open.and_then(|row| row.password.clone());
    let right = door.sign_in.is_password(place, kept, password).await;
    let Some(row) = open.filter(|_| right) else {
        door.events.unauthorized.inc();
        let name = row.map_or_else(|| "nobody".to_owned(), |row| row.name);
        note(&door, &AuditEntry::of(&name, "", "session.refused").with(from_text(from))).await?;
        return Err(Problem::of(&problem::SIGN_IN, "the name or the password is wrong, or the user may not sign in"));
    };
    door.sign_in.guard.right(user.as_str(), from);
    signed_in(&door, &row.name, &row.role, None, peer.as_ref()).await
}

fn from_text(from: Option<std::net::IpAddr>) -> Value {
    json!({ "from": from.map(|from| from.to_string()) })
}

async fn note(door: &Door, entry: &AuditEntry) -> Result<(), Problem> {
    door.parts.ledger.note(entry).await.map_err(|error| ledger_problem(&error))
}

/// Begins a session and gives its cookie.
async fn signed_in(
    door: &Door,
    name: &str,
    role: &str,
    own_role: Option<&str>,
    peer: Option<&Peer>,
) -> Result<Response, Problem> {
    let from = from_text(peer.map(|peer| peer.address.ip()));
    let ledger = door.parts.ledger.by(&AuditEntry::of(name, role, "session.begin").with(from));
    let value = door.sign_in.begin(&ledger, name, own_role).await.map_err(sign_in_problem)?;
    let mut response = Json(json!({ "user": name, "role": role })).into_response();
    add_cookie(&mut response, &set_cookie(&value, peer.is_some_and(|peer| peer.tls)));
    Ok(response)
}

fn add_cookie(response: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

fn too_fast(door: &Door, Wait(seconds): Wait) -> Problem {
    door.events.unauthorized.inc();
    Problem::of(&problem::SIGN_IN_WAIT, format!("too many tries were wrong; wait {seconds} s")).after(seconds)
}

fn row_full(Wait(seconds): &Wait) -> Problem {
    Problem::of(&problem::SIGN_IN_WAIT, "too many sign in at once; nothing was looked at").after(*seconds)
}

/// Signs out.
pub(super) async fn end(
    State(door): State<Door>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    may_change(&door)?;
    if let Some((session, row)) = shown(&door, &headers).await? {
        let meant = door.sign_in.is_meant(&door.parts.ledger, session, &headers).await.map_err(sign_in_problem)?;
        if !meant {
            return Err(Problem::of(&problem::CSRF, "the request does not carry the word of its session"));
        }
        let ledger = door.parts.ledger.by(&AuditEntry::of(&row.name, &row.role, "session.end"));
        ledger.end_session(session.hash()).await.map_err(|error| ledger_problem(&error))?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    add_cookie(&mut response, &set_cookie("", peer.is_some_and(|Extension(peer)| peer.tls)));
    Ok(response)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ByLink {
    link: String,
    password: String,
}

/// Sets a password by a link, once.
pub(super) async fn link(
    State(door): State<Door>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    request: Body,
) -> Result<Json<Value>, Problem> {
    let ByLink { link, password } = body(&door, &headers, request).await?;
    let from = peer.map(|Extension(peer)| peer.address.ip());
    let place = door.sign_in.place_in_row().map_err(|wait| row_full(&wait))?;
    door.sign_in.guard.begin(None, from, door.clock.millis()).map_err(|wait| too_fast(&door, wait))?;
    // What no password can be is told whatever the link is.
    let refused = |bad: BadPassword| Problem::of(&problem::BAD_PASSWORD, bad.to_string());
    checked("", &password).map_err(refused)?;
    let hash = TokenHash::of(&link).0;
    let over = || Problem::of(&problem::LINK_OVER, "the link was used, is too old, or is none");
    let name = door.parts.ledger.link(hash).await.map_err(|error| ledger_problem(&error))?.ok_or_else(over)?;
    door.sign_in.guard.right(None, from);
    checked(&name, &password).map_err(refused)?;
    let hashed = door.sign_in.hashed(place, password).await.map_err(sign_in_problem)?;
    let by = AuditEntry::of(&name, "", "user.password").about(&name).because("by a link");
    let used = door.parts.ledger.by(&by).use_link(hash, &hashed).await.map_err(|error| ledger_problem(&error))?;
    used.map(|name| Json(json!({ "user": name }))).ok_or_else(over)
}

fn directory_problem(error: &DirectoryError) -> Problem {
    let detail = error.to_string();
    match error {
        DirectoryError::NoRole { .. } => Problem::of(&problem::FORBIDDEN, detail)
            .with_remedy("ask whoever looks after the directory for a role of Tidemark"),
        DirectoryError::Away { .. } | DirectoryError::Answer(_) | DirectoryError::Settings(_) => {
            tracing::warn!(%error, "nobody can sign in by the directory");
            Problem::of(&problem::DIRECTORY, detail)
        }
    }
}

fn ended(_ended: tokio::task::JoinError) -> Problem {
    Problem::of(&problem::STOPPING, "the centre is stopping")
}

/// Sends a browser to the directory.
pub(super) async fn to_directory(
    State(door): State<Door>,
    peer: Option<Extension<Peer>>,
) -> Result<Response, Response> {
    let is_tls = peer.is_some_and(|Extension(peer)| peer.tls);
    let sent = async {
        let directory = door.sign_in.directory.clone();
        let directory = directory.ok_or_else(|| Problem::not_found("no directory is configured"))?;
        may_change(&door)?;
        let asked = Asked::new().map_err(sign_in_problem)?;
        let kept = door.sign_in.sealed(&door.parts.ledger, &asked.text()).await.map_err(sign_in_problem)?;
        let place = place(&door)?;
        let way = tokio::task::spawn_blocking(move || (directory.way(&asked), place).0).await.map_err(ended)?;
        let mut response = see(&way.map_err(|error| directory_problem(&error))?)?;
        let secure = if is_tls { "; Secure" } else { "" };
        let cookie = format!("{ASKED}={kept}; Path=/v1/session; HttpOnly; SameSite=Lax; Max-Age={ASKED_S}{secure}");
        add_cookie(&mut response, &cookie);
        Ok(response)
    };
    sent.await.map_err(|problem: Problem| back(&problem))
}

fn place(door: &Door) -> Result<OwnedSemaphorePermit, Problem> {
    let busy = || Problem::of(&problem::DIRECTORY, "too many sign in by the directory at once; try again");
    door.sign_in.place_to_ask().ok_or_else(busy)
}

fn see(to: &str) -> Result<Response, Problem> {
    let value = HeaderValue::from_str(to);
    let value = value.map_err(|_bad| Problem::of(&problem::DIRECTORY, "the directory's address can't be used"))?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, value)]).into_response())
}

/// A browser that can't be signed in is told so on the page.
fn back(problem: &Problem) -> Response {
    let to = HeaderValue::from_str(&format!("/sign-in?problem={}", problem.code()));
    let to = to.unwrap_or_else(|_never| HeaderValue::from_static("/sign-in"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}

/// What the directory sends back.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
}

/// Takes a browser back from the directory.
pub(super) async fn from_directory(
    State(door): State<Door>,
    peer: Option<Extension<Peer>>,
    Query(answer): Query<Answer>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let peer = peer.map(|Extension(peer)| peer);
    let taken = take(&door, peer.as_ref(), answer, &headers);
    let mut response = taken.await.map_err(|problem| back(&problem))?;
    let secure = if peer.is_some_and(|peer| peer.tls) { "; Secure" } else { "" };
    add_cookie(&mut response, &format!("{ASKED}=; Path=/v1/session; HttpOnly; SameSite=Lax; Max-Age=0{secure}"));
    Ok(response)
}

async fn take(door: &Door, peer: Option<&Peer>, answer: Answer, headers: &HeaderMap) -> Result<Response, Problem> {
    let directory = door.sign_in.directory.clone();
    let directory = directory.ok_or_else(|| Problem::not_found("no directory is configured"))?;
    let kept = cookie(headers, ASKED).unwrap_or("");
    let kept = door.sign_in.opened(&door.parts.ledger, kept).await.map_err(sign_in_problem)?;
    let asked = kept.and_then(Asked::read).filter(|asked| answer.state.as_deref() == Some(&asked.state));
    let other = || Problem::of(&problem::CSRF, "the directory's answer belongs to no sign-in of this browser");
    let asked = asked.ok_or_else(other)?;
    let refused = answer.error.unwrap_or_else(|| "no code".to_owned());
    let refused = || Problem::of(&problem::SIGN_IN, format!("the directory refused: {refused}"));
    let code = answer.code.ok_or_else(refused)?;
    let now_s = door.clock.wall().0 / 1_000;
    let place = place(door)?;
    let person = tokio::task::spawn_blocking(move || (directory.person(&asked, &code, now_s), place).0);
    let person = person.await.map_err(ended)?;
    let person = person.map_err(|error| directory_problem(&error))?;
    let caller = Caller { name: person.name, role: person.role };
    let began = signed_in(door, &caller.name, caller.role.word(), Some(caller.role.word()), peer).await?;
    let mut response = see("/")?;
    for cookie in began.headers().get_all(header::SET_COOKIE) {
        response.headers_mut().append(header::SET_COOKIE, cookie.clone());
    }
    Ok(response)
}
