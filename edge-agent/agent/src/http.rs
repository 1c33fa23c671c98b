//! The box's door: HTTP for tills, handhelds and people.

mod body;
mod docs;
mod documents;
mod entry;
mod handhelds;
mod health;
mod items;
mod joining;
mod movements;
mod pages;
mod pairing;
mod scans;
mod sheets;
mod tills;

pub(crate) use body::Bodies;
pub(crate) use entry::guest_of;
pub(crate) use tills::till_name;

use std::sync::Arc;

use axum::Router;
use axum::http::Uri;
use axum::middleware;
use axum::routing::{delete, get, post};
use tidemark_daemon::clock::Clock;
use tidemark_daemon::metrics::MetricsPage;
use tidemark_daemon::problem::{self, Problem};
use tidemark_journal::Journal;
use tokio::sync::watch;

use crate::control::ControlHash;
use crate::desk::{DeskView, Hands};
use crate::events::Events;
use crate::pace::Pace;
use crate::pairing::Pairing;
use crate::pin::PinGuard;
use crate::reception::Reception;
use crate::reporter::Reporter;
use crate::troubles::Troubles;
use crate::uplink::UplinkView;
use crate::words::Language;

/// What the handlers work with. Each route and layer clones it for each
/// request: it is one pointer.
pub(crate) type Door = Arc<Behind>;

/// What is behind the door.
#[derive(Debug)]
pub(crate) struct Behind {
    pub(crate) journal: Journal,
    pub(crate) events: Events,
    pub(crate) metrics: MetricsPage,
    pub(crate) reporter: Arc<Reporter>,
    pub(crate) clock: Clock,
    pub(crate) troubles: Troubles,
    pub(crate) reception: Reception,
    pub(crate) control: ControlHash,
    pub(crate) bodies: Bodies,
    pub(crate) hands: Hands,
    pub(crate) pin: Arc<PinGuard>,
    pub(crate) language: Language,
    /// Zones on the printed sheet.
    pub(crate) zones: Arc<[String]>,
    pub(crate) pairing: Pairing,
    pub(crate) pace: Pace,
}

/// What the page and `/v1/status` read beside the journal.
#[derive(Clone, Debug)]
pub(crate) struct Views {
    pub(crate) desk: watch::Receiver<DeskView>,
    pub(crate) uplink: watch::Receiver<UplinkView>,
}

/// All routes.
pub(crate) fn router(door: Door) -> Router {
    let guarded = Router::new()
        .route("/", get(pages::status))
        .route("/documents", get(pages::documents))
        .route("/documents/undo", get(pages::ask).post(pages::take_back))
        .route("/h", get(handhelds::choose))
        .route("/h/{lane}", get(handhelds::show).post(handhelds::take))
        .route("/scan-test", get(pages::scan_test))
        .route("/sheet", get(sheets::show))
        .route("/v1/events", post(documents::submit))
        .route("/v1/documents", get(documents::list))
        .route("/v1/items/{item}", get(items::show))
        .route("/v1/movements", get(movements::list))
        .route("/v1/scans", get(scans::follow))
        .route("/v1/scans/{id}/feedback", post(scans::feedback))
        .route("/v1/status", get(health::status))
        .route("/v1/tills", get(tills::list).post(tills::add))
        .route("/v1/tills/{name}", delete(tills::remove))
        .route("/v1/pairings", post(pairing::open))
        .route("/pair", get(pairing::form).post(pairing::open_by_page))
        .route("/metrics", get(health::metrics))
        .route("/docs", get(docs::page))
        .route("/docs/openapi.json", get(docs::openapi))
        .layer(middleware::from_fn_with_state(door.clone(), entry::admit));
    Router::new()
        .route("/livez", get(health::lives))
        .route("/readyz", get(health::ready))
        .route("/v1/pairings/claim", post(pairing::claim))
        .route("/join", get(joining::form).post(joining::join))
        .merge(guarded)
        .fallback(nowhere)
        .method_not_allowed_fallback(other_method)
        .layer(middleware::map_response(problem::in_our_words))
        .with_state(door)
}

async fn nowhere(uri: Uri) -> Problem {
    Problem::not_found(format!("there is no page {}", uri.path()))
}

async fn other_method(uri: Uri) -> Problem {
    let detail = format!("{} does not take this method", uri.path());
    Problem::of(&problem::METHOD_NOT_ALLOWED, detail)
}
