//! `/sheet`: the command codes of this store, for printing.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Html;
use serde::Deserialize;
use tidemark_daemon::problem::{self, Problem};

use super::Door;
use crate::sheet::{Wanted, codes, render};
use crate::words::Language;

/// What is wanted beside what every sheet has; lists by comma.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Asked {
    language: Option<String>,
    zones: Option<String>,
    stores: Option<String>,
    people: Option<String>,
    references: Option<String>,
}

pub(super) async fn show(
    State(door): State<Door>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Html<String>, Problem> {
    let unreadable = |detail: String| Problem::of(&problem::SHEET_UNREADABLE, detail);
    let Query(asked) = asked.map_err(|error| unreadable(error.body_text()))?;
    let language = match &asked.language {
        None => door.language,
        Some(tag) => Language::of(tag).ok_or_else(|| unreadable(format!("`{tag}` is no language of this box")))?,
    };
    let wanted = Wanted {
        zones: asked.zones.as_deref().map_or_else(|| door.zones.to_vec(), list),
        stores: asked.stores.as_deref().map(list).unwrap_or_default(),
        people: asked.people.as_deref().map(list).unwrap_or_default(),
        references: asked.references.as_deref().map(list).unwrap_or_default(),
    };
    let store = &door.journal.identity().store;
    let page = codes(store, language, &wanted).and_then(|codes| render(store, language, &codes));
    Ok(Html(page.map_err(|error| unreadable(error.to_string()))?))
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(ToOwned::to_owned).collect()
}
