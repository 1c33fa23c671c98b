//! Who may come in: everybody on this machine, elsewhere a till with its
//! token.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use tidemark_daemon::conditions::registry;
use tidemark_daemon::listen::Peer;
use tidemark_daemon::problem::Problem;
use tidemark_daemon::token::{TokenHash, bearer};
use tidemark_model::Source;

use super::Door;

/// Who came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Guest {
    /// A process of this machine: may submit for any source.
    Local,
    /// A till: may submit for itself.
    Till(Source),
}

impl Guest {
    /// Whether it may submit documents of a source.
    pub(super) fn may_submit(&self, source: &Source) -> bool {
        match self {
            Self::Local => true,
            Self::Till(till) => till == source,
        }
    }
}

/// Lets a request in, or answers 401.
pub(super) async fn admit(State(door): State<Door>, mut request: Request, next: Next) -> Result<Response, Problem> {
    let guest = match request.extensions().get::<Peer>() {
        Some(peer) if peer.is_loopback() => Guest::Local,
        Some(_) | None => {
            let shown = bearer(request.headers()).map(TokenHash::of);
            let till = shown.and_then(|shown| till_of(&door, &shown));
            let Some(till) = till else { return Err(refuse(&door)) };
            Guest::Till(till)
        }
    };
    request.extensions_mut().insert(guest);
    Ok(next.run(request).await)
}

fn till_of(door: &Door, shown: &TokenHash) -> Option<Source> {
    let tills = door.journal.tills().ok()?;
    tills.into_iter().find(|till| TokenHash(till.token).matches(shown)).map(|till| till.name)
}

fn refuse(door: &Door) -> Problem {
    let detail = "a request came with a token that is not known here, or without one";
    door.conditions.raise(registry::TOKEN_REFUSED, detail, door.clock.millis());
    door.events.refused_requests.inc();
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "token",
        "No right",
        "off this machine every request carries the token of a till",
        "send `Authorization: Bearer <token>`; `tidemark-edge till add NAME` makes one",
    )
}
