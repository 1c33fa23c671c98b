//! `/join`: a handheld whose browser can't send a token in a header is let in
//! by a cookie, which it gets for the six digits that the box shows. The
//! cookie opens the pages under `/h` and nothing else.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Form, Query, State};
use axum::http::header::{COOKIE, HOST, ORIGIN, SET_COOKIE};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Uri};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use tidemark_daemon::problem::{self, Problem};

use super::Door;
use super::pages::language_of;
use super::pairing::paired;
use crate::page;
use crate::pairing::{Claim, PairingCode};
use crate::words::Word;

/// The cookie's name. Browsers take one of this name only over TLS and for
/// this very host.
const NAME: &str = "__Secure-tidemark";
/// How long a handheld stays let in, in seconds: a year, or until it is
/// removed.
const HOLDS: u32 = 31_536_000;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    language: Option<String>,
}

/// What was typed.
#[derive(Debug, Deserialize)]
pub(super) struct Shown {
    #[serde(default)]
    language: Option<String>,
    code: String,
}

/// Asks for the code.
pub(super) async fn form(State(door): State<Door>, asked: Result<Query<Asked>, QueryRejection>) -> Html<String> {
    let tag = asked.ok().and_then(|Query(asked)| asked.language);
    let store = door.journal.identity().store.as_str();
    Html(page::join_form(store, language_of(&door, tag.as_deref()), None))
}

/// A handheld shows the code; anybody on the line may try.
pub(super) async fn join(
    State(door): State<Door>,
    headers: HeaderMap,
    uri: Uri,
    Form(shown): Form<Shown>,
) -> Result<Response, Problem> {
    if !is_same_origin(&headers, &uri) {
        return Err(Problem::of(&problem::FORBIDDEN, "the form came from another page than the box's own"));
    }
    let language = language_of(&door, shown.language.as_deref());
    match door.pairing.claim(PairingCode::read(&shown.code), door.clock.millis()) {
        Claim::Paired(till) => {
            let token = paired(&door, &till).await?;
            let cookie = format!("{NAME}={token}; Path=/h; Max-Age={HOLDS}; HttpOnly; Secure; SameSite=Strict");
            let set: [(HeaderName, String); 1] = [(SET_COOKIE, cookie)];
            Ok((set, Redirect::to(&format!("/h?language={}", language.tag()))).into_response())
        }
        Claim::Wrong(_) | Claim::Closed => {
            door.troubles.stranger();
            let store = door.journal.identity().store.as_str();
            Ok(Html(page::join_form(store, language, Some(Word::CodeWrong))).into_response())
        }
    }
}

/// Whether a path is one that the cookie opens.
pub(super) fn is_for_handhelds(path: &str) -> bool {
    path == "/h" || path.starts_with("/h/")
}

/// The token in the cookie.
pub(super) fn token_in(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == NAME).map(|(_, token)| token)
}

/// Whether a form came from a page of the address it was sent to. HTTP/2 says
/// the address in the call itself.
pub(super) fn is_same_origin(headers: &HeaderMap, uri: &Uri) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(host) = text(HOST).or_else(|| uri.authority().map(Authority::as_str)) else { return false };
    text(ORIGIN).is_none_or(|origin| origin.split_once("://").is_some_and(|(_, of)| of == host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_opens_the_pages_of_handhelds_alone() {
        assert!(is_for_handhelds("/h") && is_for_handhelds("/h/goods-in"));
        for other in ["/", "/hello", "/v1/events", "/documents/undo"] {
            assert!(!is_for_handhelds(other), "{other}");
        }
    }

    #[test]
    fn a_form_of_another_page_is_told_by_its_origin() {
        let mut headers = HeaderMap::new();
        let (plain, http2) = (Uri::from_static("/h/x"), Uri::from_static("https://10.0.0.5:8380/h/x"));
        assert!(!is_same_origin(&headers, &plain) && is_same_origin(&headers, &http2));
        headers.insert(ORIGIN, "https://10.0.0.5:8380".parse().unwrap());
        assert!(is_same_origin(&headers, &http2));
        headers.insert(ORIGIN, "https://evil.example".parse().unwrap());
        assert!(!is_same_origin(&headers, &http2));
        headers.insert(HOST, "evil.example".parse().unwrap());
        assert!(is_same_origin(&headers, &plain), "a cookie of this host is not sent to another name");
    }

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let mut headers = HeaderMap::new();
        assert_eq!(token_in(&headers), None);
        headers.append(COOKIE, "a=1; other=2".parse().unwrap());
        assert_eq!(token_in(&headers), None);
        headers.append(COOKIE, "b=3; __Secure-tidemark=tm_x; c=4".parse().unwrap());
        assert_eq!(token_in(&headers), Some("tm_x"));
    }
}
