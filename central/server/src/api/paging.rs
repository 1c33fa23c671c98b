//! Pages of lists: a size, and a token that says where the next begins.

use serde::Deserialize;
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
    /// How many rows a page has.
    pub(super) fn size(&self) -> Result<u32, Problem> {
        problem::page_size(self.page_size.as_deref(), USUAL_SIZE)
    }
}

/// A token that is not one of ours.
pub(super) fn bad_token() -> Problem {
    Problem::of(&problem::PAGE_TOKEN, "`page_token` is not the one of a page before")
}
