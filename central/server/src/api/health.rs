//! Health and metrics.

use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use tidemark_ledger::LedgerError;

use super::Door;
use crate::fleet::{Moment, Row};

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

pub(super) async fn metrics(State(door): State<Door>, headers: HeaderMap) -> Response {
    let readings = &door.events.readings;
    readings.read_conditions(&door.conditions);
    // A ledger that is away is told by its condition; what was read stays.
    if let Err(error) = read(&door).await {
        tracing::debug!(%error, "metrics without the ledger");
    }
    door.metrics.answer(&headers)
}

async fn read(door: &Door) -> Result<(), LedgerError> {
    let (readings, ledger) = (&door.events.readings, &door.parts.ledger);
    let books = ledger.stores().await?;
    let now = Moment::now(door.clock);
    let rows: Vec<Row> = books.iter().map(|books| door.fleet.row(books, now)).collect();
    readings.read_stores(&books, &rows);
    readings.read_letters(&ledger.dead_letter_groups().await?);
    readings.read_transfers(ledger.open_transfers().await?);
    readings.read_positions(&ledger.positions().await?);
    Ok(())
}
