//! Who may come in: everybody on this machine, elsewhere a till with its
//! token, a handheld with its cookie, and whoever can read the box's own files.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use tidemark_daemon::listen::Peer;
use tidemark_daemon::problem::{self, Problem};
use tidemark_daemon::token::{TokenHash, bearer};
use tidemark_journal::{Journal, ReadError};
use tidemark_model::Source;

use super::Door;
use super::health::read_problem;
use super::joining::{is_for_handhelds, token_in};
use crate::control::ControlHash;
use crate::guest::Guest;

/// Lets a request in, or answers 401.
pub(super) async fn admit(State(door): State<Door>, mut request: Request, next: Next) -> Result<Response, Problem> {
    let guest = match request.extensions().get::<Peer>() {
        Some(peer) if peer.is_loopback() => Guest::Local,
        Some(_) | None => {
            let is_handheld = is_for_handhelds(request.uri().path());
            let cookie = token_in(request.headers()).filter(|_| is_handheld);
            let token = bearer(request.headers()).or(cookie);
            let known = token.map_or(Ok(None), |token| guest_of(&door.journal, door.control, &TokenHash::of(token)));
            // A till that can't be looked up is no stranger: it comes again.
            match known.map_err(|error| read_problem(&error))? {
                Some(guest) => guest,
                None if is_handheld => return Ok(Redirect::to("/join").into_response()),
                None => return Err(refuse(&door)),
            }
        }
    };
    if let Guest::Till(till) = &guest {
        door.pace.admit(till, door.clock.millis()).map_err(|wait_ms| too_fast(&door, till, wait_ms))?;
    }
    request.extensions_mut().insert(guest);
    Ok(next.run(request).await)
}

/// Who has a token, if anybody.
pub(crate) fn guest_of(journal: &Journal, control: ControlHash, shown: &TokenHash) -> Result<Option<Guest>, ReadError> {
    if control.matches(shown) {
        return Ok(Some(Guest::Local));
    }
    let tills = journal.tills()?;
    let known = tills.into_iter().find(|till| TokenHash(till.token).matches(shown));
    Ok(known.map(|till| Guest::Till(till.name)))
}

fn too_fast(door: &Door, till: &Source, wait_ms: u64) -> Problem {
    door.events.refused_requests.of("too_fast").inc();
    let seconds = u32::try_from(wait_ms.div_ceil(1_000)).unwrap_or(u32::MAX);
    Problem::of(&problem::TOO_FAST, format!("{till} asks more than 50 times a second")).after(seconds)
}

fn refuse(door: &Door) -> Problem {
    door.troubles.stranger();
    door.events.refused_requests.of("token").inc();
    Problem::of(&problem::TOKEN, "off this machine every request carries the token of a till")
}
