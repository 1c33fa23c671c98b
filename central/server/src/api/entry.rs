//! Who may come in: everybody on this machine, elsewhere a caller with a
//! token, or with the cookie of a session, whose role may do it.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use tidemark_daemon::listen::Peer;
use tidemark_daemon::problem::{self, Problem};
use tidemark_daemon::token::{TokenHash, bearer};

use super::{Caller, Door, ledger_problem, session};

/// What a token may do; each role may do what the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Read.
    Viewer,
    /// Read, import, instruct.
    Operator,
    /// All.
    Admin,
}

impl std::str::FromStr for Role {
    type Err = String;
    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "viewer" => Ok(Self::Viewer),
            "operator" => Ok(Self::Operator),
            "admin" => Ok(Self::Admin),
            other => Err(format!("`{other}` is no role; use viewer, operator or admin")),
        }
    }
}

impl Role {
    /// As it is kept.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The least role a request needs.
    fn needed(request: &Request) -> Self {
        match request.uri().path() {
            "/v1/inventory:batchGet" => Self::Viewer,
            "/v1/audit" => Self::Operator,
            "/v1/sessions" | "/v1/sessions:end" => Self::Admin,
            _path if request.method() == Method::GET => Self::Viewer,
            _path => Self::Operator,
        }
    }
}

/// Lets a request in, or answers 401 or 403. A credential that is shown is
/// judged wherever it comes from.
pub(super) async fn admit(State(door): State<Door>, mut request: Request, next: Next) -> Result<Response, Problem> {
    if is_change(&request) {
        may_change(&door)?;
    }
    let is_local = request.extensions().get::<Peer>().is_some_and(Peer::is_loopback);
    let shown = bearer(request.headers()).map(TokenHash::of);
    let is_token = shown.is_some();
    if !is_token && request.headers().contains_key(header::AUTHORIZATION) {
        return Err(unauthorized(&door));
    }
    let caller = match shown {
        Some(shown) => of_token(&door, &shown).await?,
        None => {
            let (headers, changes) = (request.headers().clone(), is_change(&request));
            of_browser(&door, &headers, changes, is_local).await?
        }
    };
    let needed = Role::needed(&request);
    if caller.role < needed {
        door.events.unauthorized.inc();
        let detail = format!("this caller has the role {}, {} is needed", caller.role.word(), needed.word());
        return Err(Problem::of(&problem::FORBIDDEN, detail)
            .with_remedy("use a token of that role, or sign in as somebody who has it"));
    }
    if let Some(pace) = door.pace.as_ref().filter(|_| is_token) {
        pace.admit(&caller.name, door.clock.millis()).map_err(|wait_ms| too_fast(&door, &caller.name, wait_ms))?;
    }
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

/// A region's copy of the database only reads.
pub(super) fn may_change(door: &Door) -> Result<(), Problem> {
    if door.parts.ledger.is_replica() {
        return Err(Problem::of(&problem::READ_ONLY, "this process reads a copy of the centre's database"));
    }
    Ok(())
}

fn too_fast(door: &Door, name: &str, wait_ms: u64) -> Problem {
    door.events.too_fast.inc();
    let seconds = u32::try_from(wait_ms.div_ceil(1_000)).unwrap_or(u32::MAX);
    let detail = format!("the token {name} asks more often than it may");
    Problem::of(&problem::TOO_FAST, detail)
        .with_remedy("wait as Retry-After says; ask for many pairs by /v1/inventory:batchGet, or follow /v1/changes")
        .after(seconds)
}

/// Whether a request may change something.
fn is_change(request: &Request) -> bool {
    let reads = [Method::GET, Method::HEAD].contains(request.method());
    !reads && request.uri().path() != "/v1/inventory:batchGet"
}

/// Whether a request comes from a page of the centre, or from no page at all.
/// Browsers say so.
pub(super) fn is_own_page(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    let same = |(origin, host): (&str, &str)| origin.split_once("://").is_some_and(|(_, of)| of == host);
    text("origin").zip(text("host")).is_none_or(same)
}

/// Whether a request calls the centre by a name that only this machine has. A
/// name of elsewhere may have been led here, with the page it came from.
fn names_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get("host") else { return true };
    let Ok(host) = host.to_str() else { return false };
    let is_address = |text: &str| text.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok();
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name);
    // An address of six may stand without brackets.
    name == "localhost" || name.ends_with(".localhost") || is_address(name) || is_address(host)
}

/// Whoever shows no token: a session, or somebody on this machine.
async fn of_browser(door: &Door, headers: &HeaderMap, changes: bool, is_local: bool) -> Result<Caller, Problem> {
    // It may be a browser, and led by another page.
    if changes && !is_own_page(headers) {
        return Err(Problem::of(&problem::CSRF, "the request comes from a page elsewhere"));
    }
    if let Some((shown, row)) = session::shown(door, headers).await? {
        if changes {
            let meant = door.sign_in.is_meant(&door.parts.ledger, shown, headers).await;
            if !meant.map_err(session::sign_in_problem)? {
                return Err(Problem::of(&problem::CSRF, "the request does not carry the word of its session"));
            }
        }
        let role = row.role.parse().map_err(|_no_role| unauthorized(door))?;
        return Ok(Caller { name: row.name, role });
    }
    if !is_local {
        return Err(unauthorized(door));
    }
    if changes && !names_this_machine(headers) {
        let detail = "a change without a credential has to call the centre by localhost or an address";
        return Err(Problem::of(&problem::CSRF, detail));
    }
    Ok(Caller::local())
}

async fn of_token(door: &Door, shown: &TokenHash) -> Result<Caller, Problem> {
    let tokens = door.parts.ledger.tokens().await.map_err(|error| ledger_problem(&error))?;
    let known = tokens.iter().find(|token| TokenHash(token.hash).matches(shown));
    let caller = known.and_then(|token| Some(Caller { name: token.name.clone(), role: token.role.parse().ok()? }));
    caller.ok_or_else(|| unauthorized(door))
}

fn unauthorized(door: &Door) -> Problem {
    door.events.unauthorized.inc();
    Problem::of(
        &problem::UNAUTHORIZED,
        "off this machine every request carries a token that is known, or the cookie of a session that goes on",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_pages_of_the_centre_may_change_something() {
        for own in [
            headers(&[]),
            headers(&[("sec-fetch-site", "same-origin"), ("origin", "https://hq.example")]),
            headers(&[("origin", "https://hq.example:8400"), ("host", "hq.example:8400")]),
        ] {
            assert!(is_own_page(&own), "{own:?}");
        }
        for other in [
            headers(&[("sec-fetch-site", "cross-site"), ("host", "hq.example")]),
            headers(&[("sec-fetch-site", "same-site")]),
            headers(&[("origin", "https://evil.example"), ("host", "hq.example")]),
            headers(&[("origin", "null"), ("host", "hq.example")]),
        ] {
            assert!(!is_own_page(&other), "{other:?}");
        }
    }

    #[test]
    fn a_name_of_elsewhere_that_leads_here_is_not_this_machine() {
        for here in ["localhost", "localhost:8400", "127.0.0.1:8400", "[::1]:8400", "::1", "hq.localhost:8400"] {
            assert!(names_this_machine(&headers(&[("host", here)])), "{here}");
        }
        for elsewhere in ["evil.example:8400", "localhost.evil.example", "127.0.0.1.evil.example", ""] {
            assert!(!names_this_machine(&headers(&[("host", elsewhere)])), "{elsewhere}");
        }
    }
}
