//! The box's door: HTTP for tills, handhelds and people.

mod body;
mod docs;
mod documents;
mod entry;
mod health;
mod items;
mod movements;
mod tills;

pub(crate) use body::Bodies;
pub(crate) use tills::till_name;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::Uri;
use axum::middleware;
use axum::response::Html;
use axum::routing::{delete, get, post};
use tidemark_daemon::clock::Clock;
use tidemark_daemon::metrics::MetricsPage;
use tidemark_daemon::problem::{self, Problem};
use tidemark_journal::Journal;
use tokio::sync::watch;

use crate::control::ControlHash;
use crate::desk::DeskView;
use crate::events::Events;
use crate::page;
use crate::reporter::Reporter;
use crate::roll::Roll;
use crate::troubles::Troubles;
use crate::uplink::UplinkView;

/// What the handlers work with; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    pub(crate) journal: Journal,
    pub(crate) events: Events,
    pub(crate) metrics: MetricsPage,
    pub(crate) reporter: Arc<Reporter>,
    pub(crate) time_zone: jiff::tz::TimeZone,
    pub(crate) clock: Clock,
    pub(crate) troubles: Troubles,
    pub(crate) roll: Roll,
    pub(crate) control: ControlHash,
    pub(crate) bodies: Bodies,
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
        .route("/", get(box_page))
        .route("/v1/events", post(documents::submit))
        .route("/v1/documents", get(documents::list))
        .route("/v1/items/{item}", get(items::show))
        .route("/v1/movements", get(movements::list))
        .route("/v1/status", get(health::status))
        .route("/v1/tills", get(tills::list).post(tills::add))
        .route("/v1/tills/{name}", delete(tills::remove))
        .route("/metrics", get(health::metrics))
        .route("/docs", get(docs::page))
        .route("/docs/openapi.json", get(docs::openapi))
        .layer(middleware::from_fn_with_state(door.clone(), entry::admit));
    Router::new()
        .route("/livez", get(health::lives))
        .route("/readyz", get(health::ready))
        .merge(guarded)
        .fallback(nowhere)
        .method_not_allowed_fallback(other_method)
        .with_state(door)
}

async fn box_page(State(door): State<Door>) -> Result<Html<String>, Problem> {
    Ok(Html(page::render(&health::gather(door).await?)))
}

async fn nowhere(uri: Uri) -> Problem {
    Problem::not_found(format!("there is no page {}", uri.path()))
}

async fn other_method(uri: Uri) -> Problem {
    let detail = format!("{} does not take this method", uri.path());
    Problem::of(&problem::METHOD_NOT_ALLOWED, detail)
}
