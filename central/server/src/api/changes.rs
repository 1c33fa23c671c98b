//! `GET /v1/changes`: the levels that change, by long-poll, or by SSE if the
//! caller accepts `text/event-stream`.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tidemark_daemon::problem::{self, Problem};
use tidemark_ledger::LedgerError;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::levels::level_json;
use super::{Door, ledger_problem};
use crate::changes::{Cursor, Page};

/// How long a long-poll waits unless it is told, and at most, in seconds.
const USUAL_WAIT_S: u64 = 25;
const LONGEST_WAIT_S: u64 = 60;
/// Events that wait for a slow reader.
const QUEUE: usize = 4;
/// After a ledger that did not answer.
const AGAIN: Duration = Duration::from_secs(1);

#[derive(Debug, Default, Deserialize)]
pub(super) struct ChangesQuery {
    cursor: Option<String>,
    wait: Option<String>,
}

impl ChangesQuery {
    fn wait(&self) -> Result<Duration, Problem> {
        let Some(given) = &self.wait else { return Ok(Duration::from_secs(USUAL_WAIT_S)) };
        let seconds = given.parse::<u64>().ok().filter(|seconds| *seconds <= LONGEST_WAIT_S);
        seconds.map(Duration::from_secs).ok_or_else(|| {
            let detail = format!("`wait` is a number of seconds from 0 to {LONGEST_WAIT_S}");
            Problem::of(&problem::CURSOR, detail).with_remedy("leave it out, or give such a number")
        })
    }
}

pub(super) async fn show(
    State(door): State<Door>,
    Query(query): Query<ChangesQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wait = query.wait()?;
    // Who was cut off goes on where it was.
    let resumed = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let cursor = cursor_of(&door, resumed.or(query.cursor.as_deref())).await?;
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("");
    if accepts.to_ascii_lowercase().contains("text/event-stream") {
        return Ok(stream(door, cursor));
    }
    let page = poll(&door, cursor, wait).await.map_err(|error| ledger_problem(&error))?;
    Ok(Json(page_json(&door, &page)).into_response())
}

async fn cursor_of(door: &Door, given: Option<&str>) -> Result<Cursor, Problem> {
    match given {
        None | Some("") => door.changes.beginning().await.map_err(|error| ledger_problem(&error)),
        Some("now") => door.changes.now().await.map_err(|error| ledger_problem(&error)),
        Some(given) => given.parse().map_err(|_no_cursor| {
            Problem::of(&problem::CURSOR, "`cursor` is none of an answer of /v1/changes, and not `now`")
        }),
    }
}

/// The next page that is worth an answer, or a silent one after the wait.
async fn poll(door: &Door, cursor: Cursor, wait: Duration) -> Result<std::sync::Arc<Page>, LedgerError> {
    let until = tokio::time::Instant::now() + wait;
    let mut seen = door.changes.watch();
    loop {
        seen.borrow_and_update();
        let page = door.changes.after(&cursor).await?;
        if !page.is_silent() || door.stop.is_cancelled() {
            return Ok(page);
        }
        tokio::select! {
            () = tokio::time::sleep_until(until) => return Ok(page),
            () = door.stop.cancelled() => return Ok(page),
            woken = seen.changed() => if woken.is_err() { return Ok(page) },
        }
    }
}

fn page_json(door: &Door, page: &Page) -> Value {
    let changes: Vec<Value> = page.levels.iter().map(|level| level_json(door, level)).collect();
    let mut told = Map::new();
    told.insert("changes".to_owned(), json!(changes));
    told.insert("cursor".to_owned(), json!(page.cursor.to_string()));
    told.insert("more".to_owned(), json!(page.more));
    if let Some(why) = page.restart {
        told.insert("restart".to_owned(), json!(why.word()));
    }
    Value::Object(told)
}

/// Follows until the caller is gone or the centre stops.
fn stream(door: Door, mut cursor: Cursor) -> Response {
    let (events, queue) = mpsc::channel::<Result<Event, Infallible>>(QUEUE);
    tokio::spawn(async move {
        let mut seen = door.changes.watch();
        while !door.stop.is_cancelled() {
            seen.borrow_and_update();
            let again = match door.changes.after(&cursor).await {
                Ok(page) => {
                    let silent = page.is_silent();
                    cursor = page.cursor.clone();
                    let name = if page.restart.is_some() { "restart" } else { "changes" };
                    let told = page_json(&door, &page).to_string();
                    let event = Event::default().event(name).id(cursor.to_string()).data(told);
                    if !silent && events.send(Ok(event)).await.is_err() {
                        return;
                    }
                    !silent
                }
                Err(error) => {
                    tracing::debug!(%error, "a follower waits for the ledger");
                    tokio::select! {
                        () = events.closed() => return,
                        () = tokio::time::sleep(AGAIN) => true,
                    }
                }
            };
            if again {
                continue;
            }
            tokio::select! {
                () = door.stop.cancelled() => return,
                () = events.closed() => return,
                woken = seen.changed() => if woken.is_err() { return },
            }
        }
    });
    Sse::new(ReceiverStream::new(queue)).keep_alive(KeepAlive::default()).into_response()
}
