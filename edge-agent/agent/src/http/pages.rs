//! The box's pages: how it is, the last documents, taking one back.

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Form, Query, State};
use axum::http::HeaderMap;
use axum::response::Html;
use serde::Deserialize;
use tidemark_daemon::problem::{self, Problem};
use tidemark_journal::Submission;
use tidemark_model::document::Body;
use tidemark_model::movement::Labels;
use tidemark_model::resolving::BOX_SOURCE;
use tidemark_model::{Document, DocumentId, DocumentKey, Seq, Source, Status, Warning};

use super::Door;
use super::documents::{below_seq, not_saved};
use super::health::{gather, read_problem};
use super::pairing::is_own_page;
use crate::guest::Guest;
use crate::page::{self, Pairs, Undo};
use crate::pin::Tried;
use crate::trading_day;
use crate::words::{Language, Word};

/// Documents of a page.
const DOCUMENTS: usize = 200;

/// What a page is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    language: Option<String>,
    before: Option<Seq>,
    source: String,
    id: String,
}

/// A form that takes a document back.
#[derive(Deserialize)]
pub(super) struct TakeBack {
    language: Option<String>,
    source: String,
    id: String,
    pin: String,
}

type Wanted = Result<Query<Asked>, QueryRejection>;

fn asked(wanted: Wanted) -> Result<Asked, Problem> {
    let Query(asked) = wanted.map_err(|error| Problem::of(&problem::MALFORMED, error.body_text()))?;
    Ok(asked)
}

pub(super) fn language_of(door: &Door, tag: Option<&str>) -> Language {
    tag.and_then(Language::of).unwrap_or(door.language)
}

/// How the box is.
pub(super) async fn status(
    State(door): State<Door>,
    Extension(guest): Extension<Guest>,
    headers: HeaderMap,
    wanted: Wanted,
) -> Result<Html<String>, Problem> {
    let language = language_of(&door, asked(wanted)?.language.as_deref());
    // A code is for whoever stands before the box.
    let is_here = guest == Guest::Local && is_own_page(&headers);
    let now = door.clock.millis();
    let pairs = is_here.then(|| Pairs::of(door.pairing.now(now), now));
    Ok(Html(page::render(&gather(door).await?, language, pairs.as_ref())))
}

/// What scanners sent last.
pub(super) async fn scan_test(State(door): State<Door>, wanted: Wanted) -> Result<Html<String>, Problem> {
    let language = language_of(&door, asked(wanted)?.language.as_deref());
    let reads = door.reporter.views().desk.borrow().reads.clone();
    Ok(Html(page::scan_test(door.journal.identity().store.as_str(), language, &reads)))
}

/// The last documents.
pub(super) async fn documents(State(door): State<Door>, wanted: Wanted) -> Result<Html<String>, Problem> {
    let Asked { language, before, .. } = asked(wanted)?;
    let language = language_of(&door, language.as_deref());
    let views = below_seq(&door, before.unwrap_or(Seq::MAX), DOCUMENTS).await?;
    let older = views.last().map(|last| last.first.seq).filter(|first| *first > 1);
    let store = door.journal.identity().store.as_str();
    Ok(Html(page::documents(store, language, &views, older, door.pin.is_set())))
}

/// Asks for the PIN.
pub(super) async fn ask(State(door): State<Door>, wanted: Wanted) -> Result<Html<String>, Problem> {
    let Asked { language, source, id, .. } = asked(wanted)?;
    let language = language_of(&door, language.as_deref());
    let undo = Undo { source: &source, id: &id };
    Ok(Html(page::undo_form(door.journal.identity().store.as_str(), language, undo, None)))
}

/// Takes a document back, by a void of the box's own.
pub(super) async fn take_back(
    State(door): State<Door>,
    Extension(guest): Extension<Guest>,
    headers: HeaderMap,
    Form(form): Form<TakeBack>,
) -> Result<Html<String>, Problem> {
    if guest != Guest::Local {
        return Err(Problem::of(&problem::FORBIDDEN, "documents are taken back on the box's own page"));
    }
    if !is_own_page(&headers) {
        return Err(Problem::of(&problem::FORBIDDEN, "the form came from another page than the box's own"));
    }
    let language = language_of(&door, form.language.as_deref());
    let store = door.journal.identity().store.clone();
    let undo = Undo { source: &form.source, id: &form.id };
    let (pin, now, guard) = (form.pin.clone(), door.clock.millis(), door.pin.clone());
    let tried = tokio::task::spawn_blocking(move || guard.check(&pin, now)).await.unwrap_or(Tried::Wait);
    let wrong = match tried {
        Tried::Right => None,
        Tried::Wrong => Some(Word::PinWrong),
        Tried::Wait => Some(Word::PinWait),
        Tried::None => Some(Word::NoPin),
    };
    if wrong.is_some() {
        tracing::warn!(?tried, "a document was not taken back on the page");
        return Ok(Html(page::undo_form(store.as_str(), language, undo, wrong)));
    }
    let nowhere = || Problem::not_found(format!("there is no document {} {}", form.source, form.id));
    let (document, about) = void_of(&door, &form.source, &form.id).ok_or_else(nowhere)?;
    if !door.journal.holds_document(about).map_err(|error| read_problem(&error))? {
        return Err(nowhere());
    }
    let (source, id) = (document.source.clone(), document.id.to_string());
    let saved = door.journal.submit(Submission::of(document)).await.map_err(|error| {
        door.reception.not_saved(&error);
        not_saved(&error)
    })?;
    door.troubles.taken(&source, &id, &saved);
    let aside = saved.warnings.iter().any(|warning| matches!(warning, Warning::Parked { .. }));
    let told = match (saved.status, aside) {
        (Status::Accepted | Status::Duplicate, false) => Word::UndoDone,
        (Status::Accepted | Status::Duplicate, true) => Word::UndoHeld,
    };
    Ok(Html(page::undo_told(store.as_str(), language, undo, told)))
}

/// The one void of a document that the page makes, and what it is about:
/// asked again, it is the same.
fn void_of(door: &Door, source: &str, id: &str) -> Option<(Document, DocumentKey)> {
    let (source, id) = (Source::new(source).ok()?, DocumentId::new(id).ok()?);
    let about = DocumentKey::of(&source, &id);
    let hex: String = about.0.iter().map(|byte| format!("{byte:02x}")).collect();
    let wall = door.clock.wall();
    let identity = (Source::new(BOX_SOURCE).ok()?, DocumentId::new(&format!("undo-{hex}")).ok()?);
    let labels = Labels { business_day: trading_day::of(wall, &door.reception.parts().time_zone), ..Labels::default() };
    let document = Document { labels, ..Document::plain(identity, wall, Body::Void { source, id }) };
    Some((document, about))
}
