//! Who may come in: everybody on this machine, elsewhere a caller with a
//! token whose role may do it.

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use tidemark_daemon::listen::Peer;
use tidemark_daemon::problem::{self, Problem};
use tidemark_daemon::token::{TokenHash, bearer};

use super::{Door, ledger_problem};

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
        let reads = request.method() == Method::GET || request.uri().path() == "/v1/inventory:batchGet";
        if reads { Self::Viewer } else { Self::Operator }
    }
}

/// Lets a request in, or answers 401 or 403.
pub(super) async fn admit(State(door): State<Door>, request: Request, next: Next) -> Result<Response, Problem> {
    if door.parts.ledger.is_replica() && Role::needed(&request) > Role::Viewer {
        let detail = "this process reads a copy of the centre's database";
        return Err(Problem::of(&problem::READ_ONLY, detail));
    }
    if request.extensions().get::<Peer>().is_some_and(Peer::is_loopback) {
        return Ok(next.run(request).await);
    }
    let shown = bearer(request.headers()).map(TokenHash::of);
    let Some(shown) = shown else { return Err(unauthorized(&door)) };
    let tokens = door.parts.ledger.tokens().await.map_err(|error| ledger_problem(&error))?;
    let known = tokens.iter().find(|token| TokenHash(token.hash).matches(&shown));
    let Some(role) = known.and_then(|token| token.role.parse::<Role>().ok()) else {
        return Err(unauthorized(&door));
    };
    let needed = Role::needed(&request);
    if role < needed {
        door.events.unauthorized.inc();
        let detail = format!("this token has the role {}, {} is needed", role.word(), needed.word());
        return Err(Problem::of(&problem::FORBIDDEN, detail).with_remedy("use a token of that role"));
    }
    if let (Some(pace), Some(token)) = (&door.pace, known) {
        pace.admit(&token.name, door.clock.millis()).map_err(|wait_ms| too_fast(&door, &token.name, wait_ms))?;
    }
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

fn unauthorized(door: &Door) -> Problem {
    door.events.unauthorized.inc();
    Problem::of(&problem::UNAUTHORIZED, "off this machine every request carries a token")
}
