//! `POST /v1/events` and the list of documents.

use axum::extract::{Query, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};
use tidemark_daemon::problem::{self, Problem};
use tidemark_journal::{Committed, DocumentView, NotSaved, ReadError, Submission};
use tidemark_model::{Document, Seq, Source, Status, Warning};

use super::Door;
use super::body::Whole;
use super::entry::Guest;
use super::health::read_problem;
use crate::intake::{self, Answer, Content, Intake, Place, Refusal, Remark, Submitted};
use crate::reporter::time_text;

/// Documents of a page unless asked otherwise, and at most.
const PAGE: usize = 200;
const LARGEST_PAGE: usize = 1_000;
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
    let place = Place { time_zone: door.time_zone.clone(), wall: door.clock.wall() };
    let read = if body.len() > READ_AT_ONCE {
        let reading = tokio::task::spawn_blocking(move || intake::read(content, &body, &place));
        reading.await.map_err(|_ended| read_problem(&ReadError::Layout("the reader ended".to_owned())))?
    } else {
        intake::read(content, &body, &place)
    };
    let (slots, documents) = sort(read.map_err(|refusal| refused(&refusal))?, guest);
    let saved = door.journal.submit_all(documents.into_iter().map(Submission::of).collect()).await;
    answer(door, slots, saved)
}

/// An event's place in the answer.
enum Slot {
    Answered(Option<Source>, Answer),
    Submitted { source: Source, id: String, remarks: Vec<Remark> },
}

fn sort(read: Vec<Intake>, guest: &Guest) -> (Vec<Slot>, Vec<Document>) {
    let mut documents = Vec::with_capacity(read.len());
    let slots = read
        .into_iter()
        .map(|intake| match intake {
            Intake::Answered(answer) => Slot::Answered(None, answer),
            Intake::Submit(Submitted { document, remarks }) => {
                let (source, id) = (document.source.clone(), document.id.to_string());
                if !guest.may_submit(&source) {
                    let detail = format!("{} may not submit documents of {source}; use its own token", guest.name());
                    return Slot::Answered(Some(source), Answer::rejected(id, "no_right", detail));
                }
                documents.push(document);
                Slot::Submitted { source, id, remarks }
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
            Slot::Answered(source, answer) => {
                note_unkept(door, source.as_ref(), &answer);
                answers.push(answer);
            }
            Slot::Submitted { source, id, remarks } => {
                let committed =
                    saved.next().unwrap_or(Err(NotSaved::Stopped)).map_err(|error| not_saved(door, &error))?;
                door.troubles.taken(&source, &id, &committed);
                door.roll.note(&source, committed.odometer);
                let answer = Answer::of(id, &committed, remarks);
                count_kept(door, &committed, &answer);
                answers.push(answer);
            }
        }
    }
    Ok(answers)
}

fn note_unkept(door: &Door, source: Option<&Source>, answer: &Answer) {
    match answer.rejection() {
        Some((code, detail)) => {
            door.events.rejected.of(code).inc();
            door.troubles.refused(source.map_or("a document", |source| source.as_str()), detail);
        }
        None => drop(door.events.ignored.inc()),
    }
}

fn count_kept(door: &Door, committed: &Committed, answer: &Answer) {
    match committed.status {
        Status::Accepted => door.events.accepted.inc(),
        Status::Duplicate => door.events.duplicates.inc(),
    };
    for code in answer.warning_codes() {
        door.events.warnings.of(code).inc();
    }
    for warning in &committed.warnings {
        if let Warning::Parked { reason, .. } = warning {
            door.events.parked.of(reason.word()).inc();
        }
    }
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

pub(super) fn not_saved(door: &Door, error: &NotSaved) -> Problem {
    door.events.not_saved.inc();
    tracing::error!(%error, "documents are not saved");
    door.troubles.unsaved(error);
    Problem::of(&problem::NOT_SAVED, error.to_string())
}

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    page_size: Option<usize>,
    page_token: Option<String>,
}

/// Documents, newest first, page by page.
pub(super) async fn list(State(door): State<Door>, Query(asked): Query<Asked>) -> Result<Json<Value>, Problem> {
    let size = asked.page_size.unwrap_or(PAGE).clamp(1, LARGEST_PAGE);
    let unknown = |_error| Problem::of(&problem::PAGE_TOKEN, "this page_token is none of ours");
    let below = asked.page_token.as_deref().map_or(Ok(Seq::MAX), str::parse).map_err(unknown)?;
    let journal = door.journal.clone();
    let read = tokio::task::spawn_blocking(move || journal.documents_below(below, size)).await;
    let gone = |_ended| read_problem(&ReadError::Layout("the reader ended".to_owned()));
    let documents = read.map_err(gone)?.map_err(|error| read_problem(&error))?;
    // A page may be cut short by long documents: only the first one ends it.
    let next = documents.last().filter(|last| last.first.seq > 1);
    let next = next.map(|last| last.first.seq.to_string());
    let rows: Vec<Value> = documents.iter().map(row).collect();
    Ok(Json(json!({ "documents": rows, "next_page_token": next })))
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
