//! Health and metrics.

use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use tidemark_daemon::metrics::MetricsPage;

use super::Door;

pub(super) async fn lives() -> &'static str {
    "lives\n"
}

/// How long a part may take to answer.
const ANSWER: Duration = Duration::from_secs(2);

#[derive(Debug, Deserialize)]
pub(super) struct ReadyQuery {
    verbose: Option<String>,
}

pub(super) async fn ready(State(door): State<Door>, Query(query): Query<ReadyQuery>) -> (StatusCode, String) {
    let [ledger, stream] = door.parts.ask(ANSWER).await;
    let parts = [("ledger", &ledger), ("stream", &stream)];
    let well = parts.iter().all(|(_, part)| part.is_ok());
    let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    if query.verbose.is_none() {
        return (status, if well { "ready\n" } else { "not ready\n" }.to_owned());
    }
    let line = |(name, part): &(&str, &Result<(), String>)| match part {
        Ok(()) => format!("{name}: ok\n"),
        Err(error) => format!("{name}: {error}\n"),
    };
    let conditions = door.conditions.list();
    let told = conditions.iter().map(|raised| format!("{}: {}\n", raised.code, raised.detail));
    (status, parts.iter().map(line).chain(told).collect())
}

pub(super) async fn metrics(State(door): State<Door>) -> MetricsPage {
    door.metrics.clone()
}
