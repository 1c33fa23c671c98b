//! Who may come in: everybody on this machine, elsewhere a till with its
//! token, and whoever can read the box's own files.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tidemark_daemon::listen::Peer;
use tidemark_daemon::problem::{self, Problem};
use tidemark_daemon::token::{TokenHash, bearer};
use tidemark_journal::ReadError;
use tidemark_model::Source;

use super::Door;
use super::health::read_problem;
use crate::intake::is_own;

/// Who came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Guest {
    /// A process of this machine: may submit for any till.
    Local,
    /// A till: may submit for itself.
    Till(Source),
}

impl Guest {
    /// Whether it may submit documents of a source.
    pub(super) fn may_submit(&self, source: &Source) -> bool {
        match self {
            Self::Local => !is_own(source),
            Self::Till(till) => till == source,
        }
    }

    /// Who it is, for people.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Local => "a program on this box",
            Self::Till(till) => till.as_str(),
        }
    }
}

/// Lets a request in, or answers 401.
pub(super) async fn admit(State(door): State<Door>, mut request: Request, next: Next) -> Result<Response, Problem> {
    let guest = match request.extensions().get::<Peer>() {
        Some(peer) if peer.is_loopback() => Guest::Local,
        Some(_) | None => {
            let shown = bearer(request.headers()).map(TokenHash::of);
            let known = shown.map_or(Ok(None), |shown| guest_of(&door, &shown));
            // A till that can't be looked up is no stranger: it comes again.
            known.map_err(|error| read_problem(&error))?.ok_or_else(|| refuse(&door))?
        }
    };
    request.extensions_mut().insert(guest);
    Ok(next.run(request).await)
}

fn guest_of(door: &Door, shown: &TokenHash) -> Result<Option<Guest>, ReadError> {
    if door.control.matches(shown) {
        return Ok(Some(Guest::Local));
    }
    let tills = door.journal.tills()?;
    let known = tills.into_iter().find(|till| TokenHash(till.token).matches(shown));
    Ok(known.map(|till| Guest::Till(till.name)))
}

fn refuse(door: &Door) -> Problem {
    door.troubles.stranger();
    door.events.refused_requests.of("token").inc();
    Problem::of(&problem::TOKEN, "off this machine every request carries the token of a till")
}
