//! `GET /v1/movements?after=&page_size=`: movements as they were committed,
//! for whoever follows the box.

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};
use tidemark_daemon::problem::{Problem, page_size};
use tidemark_journal::{Journal, ReadError};
use tidemark_model::{Placed, Position, Seq};

use super::Door;
use super::health::read_problem;
use crate::reporter::shown;

/// Movements of a page unless asked otherwise.
const PAGE: u32 = 100;
/// The newest ones, if nobody says after which.
const NEWEST: u64 = 10;

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    after: Option<Seq>,
    page_size: Option<String>,
}

/// Movements after a seq, ascending; the newest without one.
pub(super) async fn list(State(door): State<Door>, Query(asked): Query<Asked>) -> Result<Json<Value>, Problem> {
    let (journal, size) = (door.journal.clone(), page_size(asked.page_size.as_deref(), PAGE)?);
    let read = tokio::task::spawn_blocking(move || page(&journal, asked.after, size.into())).await;
    let gone = |_ended| read_problem(&ReadError::Layout("the reader ended".to_owned()));
    read.map_err(gone)?.map(Json).map_err(|error| read_problem(&error))
}

fn page(journal: &Journal, after: Option<Seq>, size: u64) -> Result<Value, ReadError> {
    let identity = journal.identity();
    let now = *journal.watch_tail().borrow();
    let after = after.unwrap_or(now.seq.saturating_sub(NEWEST));
    let first = after.saturating_add(1).max(now.trimmed_below);
    let last = now.seq.min(first.saturating_add(size - 1));
    let mut movements = Vec::new();
    for seq in first..=last {
        let position = Position { epoch: identity.epoch, seq };
        if let Some(movement) = journal.movement(position)? {
            movements.push(shown(&Placed { store: identity.store.clone(), position, movement }));
        }
    }
    let last = last.max(after.min(now.seq));
    Ok(json!({ "epoch": identity.epoch.to_string(), "tail": now.seq, "last": last, "movements": movements }))
}
