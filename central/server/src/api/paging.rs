//! Pages of lists: a size, and a token that says where the next begins.

use axum::Json;
use serde::Deserialize;
use serde_json::{Value, json};
use tidemark_daemon::problem::{self, Problem};

const USUAL_SIZE: u32 = 100;

/// The query of a list.
#[derive(Debug, Default, Deserialize)]
pub(super) struct PageQuery {
    page_size: Option<String>,
    pub(super) page_token: Option<String>,
    pub(super) store: Option<String>,
    pub(super) reason: Option<String>,
}

impl PageQuery {
    /// The row behind which the page begins, where rows are numbered.
    pub(super) fn number(&self) -> Result<Option<i64>, Problem> {
        self.page_token.as_deref().map(|token| token.parse().map_err(|_not_ours| bad_token())).transpose()
    }

    /// How many rows a page has.
    pub(super) fn size(&self) -> Result<u32, Problem> {
        problem::page_size(self.page_size.as_deref(), USUAL_SIZE)
    }
}

/// A page, with where the next one begins, if there is one.
pub(super) fn paged(mut answer: Value, next: Option<impl ToString>) -> Json<Value> {
    if let (Some(next), Some(members)) = (next, answer.as_object_mut()) {
        members.insert("next_page_token".to_owned(), json!(next.to_string()));
    }
    Json(answer)
}

/// A token that is not one of ours.
pub(super) fn bad_token() -> Problem {
    Problem::of(&problem::PAGE_TOKEN, "`page_token` is not the one of a page before")
}
