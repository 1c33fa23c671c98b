//! The centre's door: the read API, imports, the fleet, health.

mod assets;
mod attention;
mod audit;
mod caller;
mod catalogue;
mod changes;
mod cors;
mod docs;
mod entry;
mod fleet_pages;
mod given;
mod health;
mod imports;
mod instruct;
mod letters;
mod levels;
mod losses;
mod paging;
mod people;
mod repairs;
mod reservations;
mod safety;
mod session;
mod stores;
#[cfg(test)]
mod tests;
mod timed;
mod transfers;

pub(crate) use caller::Caller;
pub(crate) use entry::Role;
pub(crate) use given::{line_quantity as read_quantity, sku as read_sku};
pub(crate) use instruct::{AskedLine, lines_of as read_lines};
pub(crate) use letters::letter_json;

use std::sync::Arc;

use axum::Router;
use axum::http::Uri;
use axum::middleware;
use axum::routing::{get, post};
use jiff::Timestamp;
use tidemark_daemon::clock::Clock;
use tidemark_daemon::conditions::Active;
use tidemark_daemon::metrics::MetricsPage;
use tidemark_daemon::pace::Pace;
use tidemark_daemon::problem::{self, Problem};
use tidemark_ledger::LedgerError;
use tidemark_model::Quantity;
use tokio_util::sync::CancellationToken;

use crate::changes::Changes;
use crate::desk::Desk;
use crate::events::Events;
use crate::fleet::{Board, Fleet};
use crate::loader::Loader;
use crate::parts::Parts;
use crate::region::Region;
use crate::sign_in::SignIn;

/// What the handlers work with. Each route and layer clones it for each
/// request: it is one pointer.
pub(crate) type Door = Arc<Behind>;

/// What is behind the door.
#[derive(Debug)]
pub(crate) struct Behind {
    pub(crate) parts: Parts,
    pub(crate) desk: Desk,
    pub(crate) fleet: Fleet,
    pub(crate) board: Board,
    pub(crate) events: Events,
    pub(crate) metrics: MetricsPage,
    pub(crate) conditions: Active,
    pub(crate) clock: Clock,
    pub(crate) stop: CancellationToken,
    pub(crate) sign_in: SignIn,
    pub(crate) changes: Changes,
    /// Whoever asks for levels that the cache does not hold.
    pub(crate) loader: Loader,
    /// How far this region is behind.
    pub(crate) region: Region,
    /// How fast a token may ask; none if that is not limited.
    pub(crate) pace: Option<Pace<String>>,
    /// Origins whose pages may read.
    pub(crate) origins: Arc<[String]>,
}

/// All routes but the boxes' own.
pub(crate) fn router(door: Door) -> Router {
    let guarded = Router::new()
        .route("/docs/openapi.json", get(docs::openapi))
        .route("/docs", get(docs::page))
        .route("/v1/stores", get(stores::list))
        .route("/v1/stores:import", post(imports::stores))
        .route("/v1/stores/{store}", get(stores::show))
        .route("/v1/stores/{store}/losses:sign", post(losses::sign))
        .route("/v1/stores/{store}/items/{sku}", get(levels::show))
        .route("/v1/stores/{store}/items/{sku}/movements", get(levels::movements))
        .route("/v1/items/{sku}", get(levels::everywhere))
        .route("/v1/inventory:batchGet", post(levels::batch))
        .route("/v1/dead-letters", get(letters::list))
        .route("/v1/dead-letters/{number}", get(letters::show))
        .route("/v1/dead-letters:repair", post(repairs::repair))
        .route("/v1/jobs", get(repairs::jobs))
        .route("/v1/jobs/{number}", get(repairs::job))
        .route("/v1/catalogue:import", post(imports::catalogue))
        .route("/v1/catalogue/{item}", get(catalogue::show))
        .route("/v1/stock:open", post(imports::stock))
        .route("/v1/transfers", get(transfers::list))
        // `POST …/{reference}:close`; a route can't end behind a parameter.
        .route("/v1/transfers/{reference}", get(transfers::show).post(transfers::close))
        .route("/v1/reservations", get(reservations::list).post(reservations::reserve))
        // `POST …/{id}:confirm` and `:release`.
        .route("/v1/reservations/{id}", get(reservations::show).post(reservations::change))
        .route("/v1/safety-stock", get(safety::list))
        .route("/v1/safety-stock:set", post(safety::set))
        .route("/v1/stores/{store}/negative-stock", get(attention::negative))
        .route("/v1/stores/{store}/uncounted", get(attention::uncounted))
        .route("/v1/stores/{store}/recounts", get(attention::recounts))
        .route("/v1/stores/{store}/movements", get(levels::latest))
        .route("/v1/stores/{store}/days", get(attention::days))
        .route("/v1/stores/{store}/days/{business_day}", get(attention::day))
        .route("/v1/suspense", get(attention::suspense))
        .route("/v1/suspense:map", post(attention::map))
        .route("/v1/suspense:untracked", post(attention::untracked))
        .route("/v1/suspense:ignore", post(attention::ignore))
        .route("/v1/conditions", get(fleet_pages::conditions))
        .route("/v1/changes", get(changes::show))
        .route("/v1/instructions", get(instruct::list).post(instruct::ask))
        .route("/v1/instructions/{id}", get(instruct::show))
        .route("/v1/audit", get(audit::list))
        .route("/v1/sessions", get(people::sessions))
        .route("/v1/sessions:end", post(people::end_sessions))
        .route("/v1/fleet", get(fleet_pages::show))
        .route("/v1/fleet/stream", get(fleet_pages::stream))
        .route("/metrics", get(health::metrics))
        .layer(middleware::from_fn_with_state(door.clone(), entry::admit))
        .layer(middleware::from_fn_with_state(door.clone(), timed::note));
    Router::new()
        .route("/livez", get(health::lives))
        .route("/readyz", get(health::ready))
        .route("/", get(assets::page))
        .route("/assets/{file}", get(assets::file))
        .merge(assets::pages())
        .route("/v1/session", get(session::show).post(session::begin).delete(session::end))
        .route("/v1/session:link", post(session::link))
        .route("/v1/session/directory", get(session::to_directory))
        .route("/v1/session/callback", get(session::from_directory))
        .merge(guarded)
        .fallback(nowhere)
        .method_not_allowed_fallback(other_method)
        .layer(middleware::map_response(problem::in_our_words))
        // Around all of it: a browser's question comes by a method that no
        // route has.
        .layer(middleware::from_fn_with_state(door.clone(), cors::permit))
        .with_state(door)
}

/// The routes of a process that answers no callers.
pub(crate) fn health_router(door: Door) -> Router {
    let guarded = Router::new()
        .route("/metrics", get(health::metrics))
        .layer(middleware::from_fn_with_state(door.clone(), entry::admit));
    Router::new()
        .route("/livez", get(health::lives))
        .route("/readyz", get(health::ready))
        .merge(guarded)
        .fallback(nowhere)
        .with_state(door)
}

async fn nowhere(uri: Uri) -> Problem {
    Problem::not_found(format!("there is no page {}", uri.path()))
}

async fn other_method(uri: Uri) -> Problem {
    let detail = format!("{} does not take this method", uri.path());
    let problem = Problem::of(&problem::METHOD_NOT_ALLOWED, detail);
    // A thing shares its route with what is done to it.
    let is_thing = ["/v1/reservations/", "/v1/transfers/"].iter().any(|list| uri.path().starts_with(list));
    match given::thing_and_verb(uri.path()) {
        Some(_verb) => problem.allowing("POST"),
        None if is_thing => problem.allowing("GET, HEAD"),
        None => problem,
    }
}

/// The ledger did not answer.
fn ledger_problem(error: &LedgerError) -> Problem {
    if let LedgerError::Twice(_) = error {
        return Problem::of(&problem::FAULTY_FILE, error.to_string());
    }
    tracing::error!(%error, "the ledger did not answer");
    Problem::of(&problem::LEDGER, error.to_string())
}

/// A quantity as an exact JSON number.
pub(crate) fn number(quantity: Quantity) -> serde_json::Value {
    quantity.to_string().parse().map_or(serde_json::Value::Null, serde_json::Value::Number)
}

/// Milliseconds since 1970 as RFC 3339; a label beyond the calendar as it is.
pub(crate) fn time_text(millis: i64) -> String {
    Timestamp::from_millisecond(millis).map_or_else(|_beyond| millis.to_string(), |time| time.to_string())
}
