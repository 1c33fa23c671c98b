//! `/h`: pages for handhelds. One field that a wedge types into, and the
//! commands of the sheet as buttons; works without JavaScript.

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, Uri};
use axum::response::{Html, Redirect};
use serde::Deserialize;
use tidemark_daemon::problem::{self, Problem};

use super::Door;
use super::joining::is_same_origin;
use super::pages::language_of;
use super::pairing::is_own_page;
use crate::guest::Guest;
use crate::page::{self, Button};
use crate::sheet::{Wanted, codes};
use crate::words::Word;

/// A line is no longer than a code.
const LONGEST: usize = 512;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    language: Option<String>,
}

/// What was typed or scanned.
#[derive(Debug, Deserialize)]
pub(super) struct Line {
    #[serde(default)]
    language: Option<String>,
    code: String,
    page: u64,
}

type Wanting = Result<Query<Asked>, QueryRejection>;

fn tag_of(asked: Wanting) -> Option<String> {
    asked.ok().and_then(|Query(asked)| asked.language)
}

/// The lanes that a handheld may work on.
pub(super) async fn choose(State(door): State<Door>, asked: Wanting) -> Html<String> {
    let language = language_of(&door, tag_of(asked).as_deref());
    let lanes = door.reporter.views().desk.borrow().lanes.clone();
    let lanes: Vec<&str> = lanes.iter().filter(|lane| lane.takes).map(|lane| lane.name.as_str()).collect();
    Html(page::handhelds(door.journal.identity().store.as_str(), language, &lanes))
}

/// One lane's page.
pub(super) async fn show(
    State(door): State<Door>,
    Path(name): Path<String>,
    asked: Wanting,
) -> Result<Html<String>, Problem> {
    let language = language_of(&door, tag_of(asked).as_deref());
    let store = &door.journal.identity().store;
    let lane = door.reporter.views().desk.borrow().lanes.iter().find(|lane| lane.takes && lane.name == name).cloned();
    let lane = lane.ok_or_else(|| Problem::not_found(format!("no lane `{name}` takes scans of a handheld")))?;
    let wanted = Wanted { zones: door.zones.to_vec(), ..Wanted::default() };
    let unfit = |error: crate::sheet::SheetError| Problem::of(&problem::SHEET_UNREADABLE, error.to_string());
    let printed = codes(store, language, &wanted).map_err(unfit)?;
    let button = |one: &crate::sheet::Printed| Button {
        is_quantity: one.section == Word::Quantity,
        label: one.label.clone(),
        code: format!("]C0{}", one.text),
    };
    let buttons: Vec<Button> = printed.iter().map(button).collect();
    let mut bits = [0; 8];
    getrandom::fill(&mut bits).map_err(|error| Problem::of(&problem::RANDOM, error.to_string()))?;
    // 53 bits pass through any browser's numbers.
    let number = u64::from_be_bytes(bits) >> 11;
    Ok(Html(page::handheld(store.as_str(), language, &lane, &buttons, number)))
}

/// Takes a line, and shows the page anew: a page that is loaded again sends
/// nothing again.
pub(super) async fn take(
    State(door): State<Door>,
    Path(name): Path<String>,
    Extension(guest): Extension<Guest>,
    headers: HeaderMap,
    uri: Uri,
    Form(line): Form<Line>,
) -> Result<Redirect, Problem> {
    // A cookie comes by itself, whoever made the form.
    let is_ours = match guest {
        Guest::Local => is_own_page(&headers),
        Guest::Till(_) => is_same_origin(&headers, &uri),
    };
    if !is_ours {
        return Err(Problem::of(&problem::FORBIDDEN, "the form came from another page than the box's own"));
    }
    let Line { language, code, page } = line;
    if code.len() > LONGEST {
        return Err(Problem::of(&problem::TOO_LARGE, format!("a code has at most {LONGEST} bytes")));
    }
    if !code.trim().is_empty() {
        let taken = door.hands.keyboard.give(name.clone(), code, page).await;
        taken.ok_or_else(|| Problem::not_found(format!("no lane `{name}` takes scans of a handheld")))?;
    }
    let tag = language_of(&door, language.as_deref()).tag();
    Ok(Redirect::to(&format!("/h/{}?language={tag}", page::encoded(&name))))
}
