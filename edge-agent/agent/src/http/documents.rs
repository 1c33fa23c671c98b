//! `POST /v1/events` and the list of documents.

use axum::extract::{Query, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};
use tidemark_daemon::problem::{self, Problem};
use tidemark_journal::{DocumentView, NotSaved, ReadError};
use tidemark_model::Seq;

use super::Door;
use super::body::Whole;
use super::health::read_problem;
use crate::guest::Guest;
use crate::intake::{self, Answer, Content, Refusal};
use crate::reporter::time_text;

/// Documents of a page unless asked otherwise.
const PAGE: u32 = 200;
/// A larger body is read on a thread for blocking work.
const READ_AT_ONCE: usize = 64 * 1024;

/// Takes documents; answers after the sync they stand behind.
pub(super) async fn submit(
    State(door): State<Door>,
    Extension(guest): Extension<Guest>,
    request: Request,
) -> Result<Response, Problem> {
    let began = door.clock.elapsed();
    let answered = take(&door, &guest, request).await;
    door.events.answered.note(door.clock.elapsed().saturating_sub(began));
    match answered {
        Ok(answers) => {
            let json = intake::answers_json(&answers);
            Ok(([(header::CONTENT_TYPE, "application/json")], json).into_response())
        }
        Err(problem) => {
            door.events.refused_requests.of(problem.code()).inc();
            // NOT SAVED is no fault of who submits.
            if problem.status() < 500 {
                door.troubles.refused(guest.name(), problem.code());
            }
            Err(problem)
        }
    }
}

async fn take(door: &Door, guest: &Guest, request: Request) -> Result<Vec<Answer>, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let content = Content::of(kind)
        .ok_or_else(|| Problem::content_type("application/cloudevents+json or application/cloudevents-batch+json"))?;
    // The room is held until the answer: what was read of a body lives as long.
    let Whole { bytes: body, room: _room } = door.bodies.read(request).await?;
    let place = door.reception.place();
    let read = if body.len() > READ_AT_ONCE {
        let reading = tokio::task::spawn_blocking(move || intake::read(content, &body, &place));
        reading.await.map_err(|_ended| read_problem(&ReadError::Layout("the reader ended".to_owned())))?
    } else {
        intake::read(content, &body, &place)
    };
    let read = read.map_err(|refusal| refused(&refusal))?;
    door.reception.receive(guest, read).await.map_err(|error| not_saved(&error))
}

fn refused(refusal: &Refusal) -> Problem {
    let (kind, remedy) = match refusal {
        Refusal::Broken(_) => {
            (&problem::BROKEN_JSON, "send one CloudEvent, or an array of them as a batch, in JSON and UTF-8")
        }
        Refusal::TooMany(_) => (&problem::TOO_MANY, "send at most 1,000 events at once"),
    };
    Problem::of(kind, refusal.to_string()).with_remedy(remedy)
}

/// What who submits is told of documents that are not saved.
pub(super) fn not_saved(error: &NotSaved) -> Problem {
    Problem::of(&problem::NOT_SAVED, error.to_string())
}

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    page_size: Option<String>,
    page_token: Option<String>,
}

/// Documents, newest first, page by page.
pub(super) async fn list(State(door): State<Door>, Query(asked): Query<Asked>) -> Result<Json<Value>, Problem> {
    let size = usize::try_from(problem::page_size(asked.page_size.as_deref(), PAGE)?).unwrap_or(usize::MAX);
    let unknown = |_error| Problem::of(&problem::PAGE_TOKEN, "this page_token is none of ours");
    let below = asked.page_token.as_deref().map_or(Ok(Seq::MAX), str::parse).map_err(unknown)?;
    let documents = below_seq(&door, below, size).await?;
    // A page may be cut short by long documents: only the first one ends it.
    let next = documents.last().filter(|last| last.first.seq > 1);
    let next = next.map(|last| last.first.seq.to_string());
    let rows: Vec<Value> = documents.iter().map(row).collect();
    Ok(Json(json!({ "documents": rows, "next_page_token": next })))
}

/// The newest documents that begin below a seq, newest first; reads on a
/// thread for blocking work.
pub(super) async fn below_seq(door: &Door, below: Seq, most: usize) -> Result<Vec<DocumentView>, Problem> {
    let journal = door.journal.clone();
    let read = tokio::task::spawn_blocking(move || journal.documents_below(below, most)).await;
    let gone = |_ended| read_problem(&ReadError::Layout("the reader ended".to_owned()));
    read.map_err(gone)?.map_err(|error| read_problem(&error))
}

fn row(document: &DocumentView) -> Value {
    json!({
        "source": document.source.as_str(),
        "id": document.id.as_str(),
        "kind": document.kind.word(),
        "epoch": document.first.epoch.to_string(),
        "first_seq": document.first.seq,
        "lines": document.lines,
        "parked": document.parked,
        "time": time_text(document.wall),
    })
}
