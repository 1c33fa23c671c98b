//! Stores with the proof of their books.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use serde_json::{Value, json};
use tidemark_daemon::problem::Problem;
use tidemark_ledger::StoreRow;
use tidemark_model::StoreId;

use super::paging::{PageQuery, paged};
use super::{Door, ledger_problem, losses};
use crate::fleet::{Moment, Row};

/// How long the stream may take to say where it ends.
const STREAM_ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// The row of a store, its gaps counted if anything is on its way.
pub(super) async fn row_of(door: &Door, books: &StoreRow) -> Result<Row, Problem> {
    let row = door.fleet.row(books, Moment::now(door.clock));
    if !row.has_pending() {
        return Ok(row);
    }
    let gaps = door.parts.ledger.gaps(&books.store).await.map_err(|error| ledger_problem(&error))?;
    Ok(row.with_gaps(gaps))
}

pub(super) async fn list(State(door): State<Door>, Query(query): Query<PageQuery>) -> Result<Json<Value>, Problem> {
    let size = usize::try_from(query.size()?).unwrap_or(usize::MAX);
    let books = door.parts.ledger.stores().await.map_err(|error| ledger_problem(&error))?;
    let after = query.page_token.unwrap_or_default();
    let mut rows = Vec::new();
    let mut next = None;
    for books in books.iter().filter(|books| books.store.as_str() > after.as_str()) {
        if rows.len() == size {
            next = rows.last().map(|row: &Row| row.store().to_owned());
            break;
        }
        rows.push(row_of(&door, books).await?);
    }
    Ok(paged(json!({ "stores": rows }), next))
}

pub(super) async fn show(State(door): State<Door>, Path(store): Path<String>) -> Result<Json<Row>, Problem> {
    let books = books(&door, &store).await?;
    let losses = if books.lost > 0 { losses::of_store(&door, &books.store).await? } else { Vec::new() };
    let stream = way_of(&door, &books.store).await?;
    let machine = door.fleet.machine(&books);
    Ok(Json(row_of(&door, &books).await?.with_details(losses, machine, stream)))
}

/// The row of a store in the books.
pub(super) async fn books(door: &Door, store: &str) -> Result<StoreRow, Problem> {
    let there = StoreId::new(store).map_err(|_no_store| no_store(store))?;
    let books = door.parts.ledger.store(&there).await.map_err(|error| ledger_problem(&error))?;
    books.ok_or_else(|| no_store(store))
}

/// How far the centre is with the partition of a store: a stream that is away
/// is told as such, the books are there without it.
async fn way_of(door: &Door, store: &StoreId) -> Result<Value, Problem> {
    let partition = door.parts.stream.partition_of(store);
    let positions = door.parts.ledger.positions().await.map_err(|error| ledger_problem(&error))?;
    let applied = positions.iter().find(|row| row.partition == partition).map_or(0, |row| row.next);
    let end = tokio::time::timeout(STREAM_ANSWERS_WITHIN, door.parts.stream.end(partition)).await;
    let waiting = end.ok().and_then(Result::ok).map(|end| end.saturating_sub(applied));
    Ok(json!({ "partition": partition, "waiting": waiting }))
}

/// There is no such store.
pub(super) fn no_store(store: &str) -> Problem {
    Problem::not_found(format!("there is no store {store}"))
}

/// The store of a path, if there is one.
pub(super) async fn known(door: &Door, store: &str) -> Result<StoreId, Problem> {
    let store = StoreId::new(store).map_err(|_no_store| no_store(store))?;
    let there = door.parts.ledger.has_store(&store).await.map_err(|error| ledger_problem(&error))?;
    if there { Ok(store) } else { Err(no_store(store.as_str())) }
}
