//! Status, metrics and the two health pages.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use tidemark_daemon::problem::{self, Problem};
use tidemark_journal::{Health, ReadError};

use super::Door;
use crate::status::Status;

pub(super) async fn lives() -> &'static str {
    "lives\n"
}

pub(super) async fn ready(State(door): State<Door>) -> (StatusCode, String) {
    match &*door.journal.watch_health().borrow() {
        Health::Writable => (StatusCode::OK, "ready\n".to_owned()),
        Health::NotWritable { cause, .. } => (StatusCode::SERVICE_UNAVAILABLE, format!("not saved: {cause}\n")),
        Health::Damaged { cause } => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("not saved, the journal is damaged: {cause}\n"))
        }
        Health::Closed => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned()),
    }
}

pub(super) async fn status(State(door): State<Door>) -> Result<Json<Status>, Problem> {
    gather(door).await.map(Json)
}

pub(super) async fn metrics(State(door): State<Door>, headers: HeaderMap) -> Result<Response, Problem> {
    let (page, readings) = (door.metrics.clone(), door.events.readings.clone());
    readings.read_journal(&door.journal.counts());
    let views = door.reporter.views();
    let uplink = views.uplink.borrow().clone();
    readings.read_uplink(uplink.waiting, uplink.in_flight_bytes);
    for (port, health) in &views.desk.borrow().health {
        readings.read_scanner(port, health);
    }
    readings.read_status(&gather(door).await?);
    Ok(page.answer(&headers))
}

/// How the box is; reads the journal on a thread for blocking work.
pub(super) async fn gather(door: Door) -> Result<Status, Problem> {
    let gathered = tokio::task::spawn_blocking(move || door.reporter.status()).await;
    gathered.map_err(|_ended| read_problem(&ReadError::Layout("the reader ended".to_owned())))
}

/// The books can't be read.
pub(super) fn read_problem(error: &ReadError) -> Problem {
    tracing::error!(%error, "the journal can't be read");
    Problem::of(&problem::JOURNAL_UNREADABLE, error.to_string())
}
