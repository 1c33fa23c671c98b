//! Goods between shops: what is on its way since when, and differences that
//! head office closes.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};
use tidemark_daemon::problem::{self, Problem};
use tidemark_ledger::apply::Side;
use tidemark_ledger::{
    Closed, Closing, DifferenceRow, TransferQuery, TransferRow, TransferShown, TransferState, TransferStore,
    TransitItem,
};
use tidemark_model::{Quantity, Sku, StoreId};

use super::paging::{PageQuery, bad_token, paged};
use super::stores::known;
use super::{Caller, Door, given, ledger_problem, number, time_text};

const SHAPE: &str = "{\"author\":…,\"reason\":…,\"items\":[{\"sku\":…,\"in_transit\":…}]}";

#[derive(Debug, Deserialize)]
pub(super) struct ListQuery {
    #[serde(flatten)]
    page: PageQuery,
    state: Option<String>,
    older_than_days: Option<String>,
}

pub(super) async fn list(State(door): State<Door>, Query(query): Query<ListQuery>) -> Result<Json<Value>, Problem> {
    let size = query.page.size()?;
    let store = match &query.page.store {
        Some(store) => Some(known(&door, store).await?),
        None => None,
    };
    let asked = TransferQuery {
        store,
        state: query.state.as_deref().map(state_of).transpose()?,
        older_ms: query.older_than_days.as_deref().map(days_of).transpose()?.unwrap_or(0),
        after: query.page.page_token.as_deref().map(place_of).transpose()?,
        most: size,
    };
    let rows = door.parts.ledger.transfers(&asked).await.map_err(|error| ledger_problem(&error))?;
    let full = u32::try_from(rows.len()).is_ok_and(|found| found == size);
    let next = rows.last().filter(|_| full).map(|row| format!("{}-{}", row.first_at, row.reference));
    Ok(paged(json!({ "transfers": rows.iter().map(row_json).collect::<Vec<_>>() }), next))
}

fn state_of(word: &str) -> Result<TransferState, Problem> {
    TransferState::of_word(word).ok_or_else(|| {
        let known = TransferState::ALL.map(TransferState::word).join(", ");
        Problem::of(&problem::FILTER, format!("`state` is one of {known}"))
    })
}

fn days_of(text: &str) -> Result<i64, Problem> {
    let days = text.parse::<u16>();
    days.map(|days| i64::from(days) * 24 * 3_600_000)
        .map_err(|_no_number| Problem::of(&problem::FILTER, "`older_than_days` is a number of days up to 65535"))
}

fn place_of(token: &str) -> Result<(i64, String), Problem> {
    let place = token.split_once('-').and_then(|(at, reference)| Some((at.parse().ok()?, reference.to_owned())));
    place.ok_or_else(bad_token)
}

const fn side_word(side: Side) -> &'static str {
    match side {
        Side::Out => "out",
        Side::In => "in",
    }
}

fn row_json(row: &TransferRow) -> Value {
    let store = |TransferStore { store, side, counterpart }: &TransferStore| json!({ "store": store.as_str(), "side": side_word(*side), "counterpart": counterpart });
    json!({
        "reference": row.reference,
        "state": row.state.word(),
        "open_items": row.open,
        "first_at": time_text(row.first_at),
        "last_at": time_text(row.last_at),
        "age_seconds": row.age_ms / 1_000,
        "final": row.last,
        "stores": row.stores.iter().map(store).collect::<Vec<_>>(),
    })
}

fn no_transfer(reference: &str) -> Problem {
    Problem::not_found(format!("nobody has told of a transfer {reference}"))
}

pub(super) async fn show(State(door): State<Door>, Path(reference): Path<String>) -> Result<Json<Value>, Problem> {
    let shown = door.parts.ledger.transfer(&reference).await.map_err(|error| ledger_problem(&error))?;
    shown.map(|shown| Json(shown_json(&shown))).ok_or_else(|| no_transfer(&reference))
}

fn shown_json(shown: &TransferShown) -> Value {
    let item = |TransitItem { sku, sent, received, closed, in_transit }: &TransitItem| {
        json!({
            "sku": sku.as_str(), "sent": number(*sent), "received": number(*received), "closed": number(*closed),
            "in_transit": number(*in_transit),
        })
    };
    let unknown = |(store, side, code, quantity): &(StoreId, Side, String, Quantity)| json!({ "store": store.as_str(), "side": side_word(*side), "code": code, "quantity": number(*quantity) });
    let difference = |DifferenceRow { sku, quantity, author, reason, closed_at }: &DifferenceRow| {
        json!({
            "sku": sku.as_str(), "quantity": number(*quantity), "author": author, "reason": reason,
            "closed_at": time_text(*closed_at),
        })
    };
    let mut told = row_json(&shown.row);
    if let Some(members) = told.as_object_mut() {
        members.insert("items".to_owned(), shown.items.iter().map(item).collect());
        members.insert("unknown".to_owned(), shown.unknown.iter().map(unknown).collect());
        members.insert("differences".to_owned(), shown.differences.iter().map(difference).collect());
    }
    told
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CloseRequest {
    author: String,
    reason: String,
    /// What the person saw in transit.
    items: Vec<SeenItem>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeenItem {
    sku: String,
    in_transit: Value,
}

/// `POST /v1/transfers/{reference}:close`.
pub(super) async fn close(
    State(door): State<Door>,
    Path(path): Path<String>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let Some((reference, "close")) = given::thing_and_verb(&path) else {
        return Err(given::no_such_verb(&path, ":close"));
    };
    let request: CloseRequest = given::json(&headers, body, SHAPE).await?;
    let seen = |item: &SeenItem| {
        let sku = Sku::new(&item.sku).map_err(|error| given::unreadable(error.to_string(), SHAPE))?;
        Ok((sku, given::quantity(&item.in_transit, SHAPE)?))
    };
    let closing = Closing {
        author: given::author(&request.author, SHAPE)?,
        reason: given::reason(&request.reason, SHAPE)?,
        seen: request.items.iter().map(seen).collect::<Result<_, Problem>>()?,
    };
    let item = |(sku, quantity): &(Sku, Quantity)| json!({ "sku": sku.as_str(), "in_transit": number(*quantity) });
    let what = json!({ "author": closing.author, "items": closing.seen.iter().map(item).collect::<Vec<_>>() });
    let by = caller.does("transfers.close").about(reference).because(&closing.reason).with(what);
    let closed = door.parts.ledger.by(&by).close_transfer(reference, &closing).await;
    match closed.map_err(|error| ledger_problem(&error))? {
        Closed::Done => {
            let Closing { author, reason, .. } = &closing;
            tracing::info!(reference, author, why = reason, "a difference of a transfer was closed");
            show(State(door), Path(reference.to_owned())).await
        }
        Closed::Unknown => Err(no_transfer(reference)),
        Closed::Settled => {
            Err(Problem::of(&problem::TRANSFER_SETTLED, format!("nothing of {reference} is in transit")))
        }
        Closed::InTransit => Err(Problem::of(&problem::TRANSFER_NOT_DUE, format!("{reference} is on its way"))),
        Closed::Others(open) => {
            let detail = format!("{} items of {reference} are in transit, not those that were given", open.len());
            let told = open.iter().map(item).collect();
            Err(Problem::of(&problem::TRANSFER_CHANGED, detail).with_errors(told))
        }
    }
}
