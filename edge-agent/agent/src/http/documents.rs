//! `POST /v1/events` and the list of documents.

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};
use tidemark_daemon::problem::Problem;
use tidemark_journal::{Committed, NotSaved, ReadError, Submission};
use tidemark_model::limits::BODY_BYTES;
use tidemark_model::{Document, Status, Warning};

use super::Door;
use super::entry::Guest;
use super::health::read_problem;
use crate::intake::{self, Answer, Content, Intake, Place, Refusal, Remark, Submitted};
use crate::reporter::time_text;

/// How many documents the list shows.
const DOCUMENTS_SHOWN: usize = 200;

/// Takes documents; answers after the sync they stand behind.
pub(super) async fn submit(
    State(door): State<Door>,
    Extension(guest): Extension<Guest>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    match take(&door, &guest, &headers, body).await {
        Ok(answers) => {
            let json = intake::answers_json(&answers);
            Ok(([(header::CONTENT_TYPE, "application/json")], json).into_response())
        }
        Err(problem) => {
            door.events.refused_requests.inc();
            Err(problem)
        }
    }
}

async fn take(door: &Door, guest: &Guest, headers: &HeaderMap, body: Body) -> Result<Vec<Answer>, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let content = Content::of(kind)
        .ok_or_else(|| Problem::content_type("application/cloudevents+json or application/cloudevents-batch+json"))?;
    let body = to_bytes(body, BODY_BYTES).await.map_err(|_cut_or_too_large| Problem::too_large(BODY_BYTES))?;
    let place = Place { time_zone: door.time_zone.clone(), wall: door.clock.wall() };
    let read = intake::read(content, &body, &place).map_err(|refusal| refused(&refusal))?;
    let (slots, documents) = sort(read, guest);
    let saved = door.journal.submit_all(documents.into_iter().map(Submission::of).collect()).await;
    answer(door, slots, saved)
}

/// An event's place in the answer.
enum Slot {
    Answered(Answer),
    Submitted { id: String, remarks: Vec<Remark> },
}

fn sort(read: Vec<Intake>, guest: &Guest) -> (Vec<Slot>, Vec<Document>) {
    let mut documents = Vec::with_capacity(read.len());
    let slots = read
        .into_iter()
        .map(|intake| match intake {
            Intake::Answered(answer) => Slot::Answered(answer),
            Intake::Submit(Submitted { document, remarks }) => {
                let id = document.id.to_string();
                if !guest.may_submit(&document.source) {
                    let detail = format!("this token is not the one of {}", document.source);
                    return Slot::Answered(Answer::rejected(id, "no_right", detail));
                }
                documents.push(document);
                Slot::Submitted { id, remarks }
            }
        })
        .collect();
    (slots, documents)
}

/// One result an event, in order. If one was not saved, nothing is answered:
/// the till repeats all, and what was saved is a duplicate then.
fn answer(door: &Door, slots: Vec<Slot>, saved: Vec<Result<Committed, NotSaved>>) -> Result<Vec<Answer>, Problem> {
    let mut saved = saved.into_iter();
    let mut answers = Vec::with_capacity(slots.len());
    for slot in slots {
        match slot {
            Slot::Answered(answer) => {
                count_unkept(door, &answer);
                answers.push(answer);
            }
            Slot::Submitted { id, remarks } => {
                let committed =
                    saved.next().unwrap_or(Err(NotSaved::Stopped)).map_err(|error| not_saved(door, &error))?;
                count_kept(door, &committed);
                answers.push(Answer::of(id, &committed, remarks));
            }
        }
    }
    Ok(answers)
}

fn count_unkept(door: &Door, answer: &Answer) {
    if answer.is_rejected() {
        door.events.rejected.inc();
    } else {
        door.events.ignored.inc();
    }
}

fn count_kept(door: &Door, committed: &Committed) {
    match committed.status {
        Status::Accepted => door.events.accepted.inc(),
        Status::Duplicate => door.events.duplicates.inc(),
    };
    for warning in &committed.warnings {
        if matches!(warning, Warning::Parked { .. }) {
            door.events.parked.inc();
        } else if matches!(warning, Warning::UnknownItem { .. }) {
            door.events.unknown_codes.inc();
        }
    }
}

fn refused(refusal: &Refusal) -> Problem {
    let detail = refusal.to_string();
    match refusal {
        Refusal::Broken(_) => {
            let remedy = "send one CloudEvent, or an array of them as a batch, in JSON and UTF-8";
            Problem::new(StatusCode::BAD_REQUEST, "broken_json", "Not readable", detail, remedy)
        }
        Refusal::TooMany(_) => {
            let remedy = "send at most 1,000 events at once";
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_many", "Too many events", detail, remedy)
        }
    }
}

fn not_saved(door: &Door, error: &NotSaved) -> Problem {
    door.events.not_saved.inc();
    tracing::error!(%error, "documents are not saved");
    let remedy = "keep the receipt and send it again with the same id; look at the box's page";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_saved", "NOT SAVED", error.to_string(), remedy).retry_after(1)
}

/// The newest documents.
pub(super) async fn list(State(door): State<Door>) -> Result<Json<Value>, Problem> {
    let journal = door.journal.clone();
    let read = tokio::task::spawn_blocking(move || journal.recent_documents(DOCUMENTS_SHOWN)).await;
    let gone = |_ended| read_problem(&ReadError::Layout("the reader ended".to_owned()));
    let documents = read.map_err(gone)?.map_err(|error| read_problem(&error))?;
    let rows: Vec<Value> = documents
        .into_iter()
        .map(|document| {
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
        })
        .collect();
    Ok(Json(json!({ "documents": rows })))
}
