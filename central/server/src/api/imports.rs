//! Imports of head office: stores, the catalogue, opening stock.

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};
use tidemark_daemon::conditions::registry;
use tidemark_daemon::problem::{self, Problem};
use tidemark_ledger::{InstructionRow, LedgerError};
use tidemark_sync::message::{InstructionBody, InstructionLine};
use tidemark_wire::encode_instruction_body;

use super::instruct::{id_of, shown};
use super::{Caller, Door, ledger_problem};
use crate::import::{Faults, read_catalogue, read_catalogue_json, read_opening_stock, read_stores};

/// Bytes of one file.
const FILE_BYTES: usize = 64 * 1024 * 1024;

/// Whether a body is said to be of a kind.
fn is_of_kind(headers: &HeaderMap, wanted: &str) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(wanted))
}

async fn csv(headers: &HeaderMap, body: Body) -> Result<axum::body::Bytes, Problem> {
    if !is_of_kind(headers, "text/csv") {
        return Err(Problem::content_type("text/csv"));
    }
    to_bytes(body, FILE_BYTES).await.map_err(|_cut_or_too_large| Problem::too_large(FILE_BYTES))
}

/// How long a refused import is told of if no good one follows it.
const REFUSED_SHOWN_MS: u64 = 24 * 3_600_000;

/// Says that a file was refused, until one of its kind is taken.
fn refused(door: &Door, kind: &str, faults: &Faults) -> Problem {
    let detail = format!("{kind}: {} faults", faults.count());
    door.conditions.raise_for(registry::IMPORT_REFUSED, kind, detail, door.clock.millis(), REFUSED_SHOWN_MS);
    faulty(faults)
}

fn taken(door: &Door, kind: &str) {
    door.conditions.clear_about(registry::IMPORT_REFUSED, kind);
}

fn faulty(faults: &Faults) -> Problem {
    let errors: Vec<Value> = faults.told.iter().map(|fault| json!(fault)).collect();
    let detail = format!("the file has {} faults and was not taken", faults.count());
    Problem::of(&problem::FAULTY_FILE, detail).with_errors(errors)
}

pub(super) async fn stores(
    State(door): State<Door>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let file = csv(&headers, body).await?;
    let stores = read_stores(&file).map_err(|faults| refused(&door, "stores", &faults))?;
    let number = stores.len();
    let by = caller.does("stores.import").with(json!({ "stores": number }));
    let listed = door.parts.ledger.by(&by).put_stores(stores).await.map_err(|error| ledger_problem(&error))?;
    taken(&door, "stores");
    if let Some(version) = listed {
        door.desk.tell_catalogue(version);
    }
    tracing::info!(stores = number, "stores were imported");
    Ok(Json(json!({ "stores": number })))
}

pub(super) async fn catalogue(
    State(door): State<Door>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let is_json = is_of_kind(&headers, "application/json");
    if !is_json && !is_of_kind(&headers, "text/csv") {
        return Err(Problem::content_type("text/csv or application/json"));
    }
    let file = to_bytes(body, FILE_BYTES).await.map_err(|_cut_or_too_large| Problem::too_large(FILE_BYTES))?;
    let read = move || if is_json { read_catalogue_json(&file) } else { read_catalogue(&file) };
    let read = tokio::task::spawn_blocking(read).await;
    let catalogue = read.map_err(|_ended| Problem::of(&problem::STOPPING, "the centre is stopping"))?;
    let catalogue = catalogue.map_err(|faults| refused(&door, "catalogue", &faults))?;
    let codes: Vec<_> =
        catalogue.codes.iter().map(|row| (row.code.clone(), row.sku.clone(), row.units_per_scan)).collect();
    let by = caller.does("catalogue.import").with(json!({ "items": catalogue.items.len(), "codes": codes.len() }));
    let version = door.parts.ledger.by(&by).replace_catalogue(&catalogue.items, &codes).await;
    let version = version.map_err(|error| ledger_problem(&error))?;
    taken(&door, "catalogue");
    tracing::info!(version, items = catalogue.items.len(), "a catalogue was imported");
    door.desk.tell_catalogue(version);
    Ok(Json(json!({ "version": version, "items": catalogue.items.len(), "codes": codes.len() })))
}

pub(super) async fn stock(
    State(door): State<Door>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let file = csv(&headers, body).await?;
    let stock = read_opening_stock(&file).map_err(|faults| refused(&door, "stock", &faults))?;
    let mut rows = Vec::with_capacity(stock.len());
    for (store, shelf) in stock {
        let lines: Vec<InstructionLine> =
            shelf.into_iter().map(|(sku, quantity)| InstructionLine { sku, quantity }).collect();
        let count = lines.len();
        let body = encode_instruction_body(&InstructionBody::OpenStock { lines });
        let row = InstructionRow::new(id_of(None)?, store, "open_stock", count, body);
        rows.push(row.by(&caller.name, "opening stock"));
    }
    let told: Vec<Value> = rows.iter().map(shown).collect();
    let by = caller.does("stock.open").with(json!({ "instructions": told }));
    door.parts.ledger.by(&by).add_instructions(&rows, door.clock.wall().0).await.map_err(|error| match &error {
        LedgerError::UnknownStore(store) => {
            let faults = Faults::one(1, Some("store"), format!("there is no store {store}"));
            refused(&door, "stock", &faults)
        }
        LedgerError::Unavailable(_)
        | LedgerError::Data(_)
        | LedgerError::Newer { .. }
        | LedgerError::Kept(_)
        | LedgerError::Setting { .. }
        | LedgerError::Exists(_)
        | LedgerError::Twice(_) => ledger_problem(&error),
    })?;
    taken(&door, "stock");
    Ok((StatusCode::ACCEPTED, Json(json!({ "instructions": rows.iter().map(shown).collect::<Vec<_>>() }))))
}
