//! Who may come in: everybody on this machine, elsewhere a caller with a
//! token whose role may do it.

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use tidemark_daemon::listen::Peer;
use tidemark_daemon::problem::{self, Problem};
use tidemark_daemon::token::{TokenHash, bearer};

use super::{Caller, Door, ledger_problem};

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
            _path if request.method() == Method::GET => Self::Viewer,
            _path => Self::Operator,
        }
    }
}

/// Lets a request in, or answers 401 or 403. A credential that is shown is
/// judged wherever it comes from.
pub(super) async fn admit(State(door): State<Door>, mut request: Request, next: Next) -> Result<Response, Problem> {
    if door.parts.ledger.is_replica() && is_change(&request) {
        let detail = "this process reads a copy of the centre's database";
        return Err(Problem::of(&problem::READ_ONLY, detail));
    }
    let shown = bearer(request.headers()).map(TokenHash::of);
    let is_local = request.extensions().get::<Peer>().is_some_and(Peer::is_loopback);
    let is_token = shown.is_some();
    let caller = caller(&door, shown, is_local).await?;
    let needed = Role::needed(&request);
    if caller.role < needed {
        door.events.unauthorized.inc();
        let detail = format!("this token has the role {}, {} is needed", caller.role.word(), needed.word());
        return Err(Problem::of(&problem::FORBIDDEN, detail).with_remedy("use a token of that role"));
    }
    if let Some(pace) = door.pace.as_ref().filter(|_| is_token) {
        pace.admit(&caller.name, door.clock.millis()).map_err(|wait_ms| too_fast(&door, &caller.name, wait_ms))?;
    }
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
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

async fn caller(door: &Door, shown: Option<TokenHash>, is_local: bool) -> Result<Caller, Problem> {
    let Some(shown) = shown else {
        return if is_local { Ok(Caller::local()) } else { Err(unauthorized(door)) };
    };
    let tokens = door.parts.ledger.tokens().await.map_err(|error| ledger_problem(&error))?;
    let known = tokens.iter().find(|token| TokenHash(token.hash).matches(&shown));
    let caller = known.and_then(|token| Some(Caller { name: token.name.clone(), role: token.role.parse().ok()? }));
    caller.ok_or_else(|| unauthorized(door))
}

fn unauthorized(door: &Door) -> Problem {
    door.events.unauthorized.inc();
    Problem::of(&problem::UNAUTHORIZED, "off this machine every request carries a token that is known")
}
