//! The fleet: one row a shop, and live.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, KeepAliveStream, Sse};
use serde_json::{Value, json};
use tidemark_daemon::problem::Problem;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::stores::row_of;
use super::{Door, ledger_problem};
use crate::fleet::Row;

/// How often the live page gets what changed.
const EVERY: Duration = Duration::from_secs(1);
/// Events that wait for a slow page.
const QUEUE: usize = 4;

async fn rows(door: &Door) -> Result<Vec<Row>, Problem> {
    let books = door.parts.ledger.stores().await.map_err(|error| ledger_problem(&error))?;
    let mut rows = Vec::with_capacity(books.len());
    for books in &books {
        rows.push(row_of(door, books).await?);
    }
    Ok(rows)
}

pub(super) async fn show(State(door): State<Door>) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({ "stores": rows(&door).await? })))
}

/// A snapshot, then the rows that changed, once a second.
pub(super) async fn stream(
    State(door): State<Door>,
) -> Sse<KeepAliveStream<ReceiverStream<Result<Event, Infallible>>>> {
    let (events, queue) = mpsc::channel(QUEUE);
    // Ends when the page is gone or the centre stops.
    tokio::spawn(async move {
        let mut told: BTreeMap<String, Row> = BTreeMap::new();
        let mut first = true;
        while !door.stop.is_cancelled() && !events.is_closed() {
            if let Ok(rows) = rows(&door).await {
                let changed: Vec<Row> = rows.into_iter().filter(|row| told.get(row.store()) != Some(row)).collect();
                told.extend(changed.iter().map(|row| (row.store().to_owned(), row.clone())));
                let name = if first { "snapshot" } else { "patch" };
                let event = Event::default().event(name).data(json!({ "stores": changed }).to_string());
                if (first || !changed.is_empty()) && events.send(Ok(event)).await.is_err() {
                    return;
                }
                first = false;
            }
            tokio::select! {
                () = door.stop.cancelled() => return,
                () = events.closed() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    });
    Sse::new(ReceiverStream::new(queue)).keep_alive(KeepAlive::default())
}
