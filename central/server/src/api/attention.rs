//! What somebody has to look at: lists of a shop's items, codes that nobody
//! knows, and days that are not whole.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};
use tidemark_daemon::problem::{self, Problem};
use tidemark_ledger::{
    AuditEntry, CodeDecision, Decided, Deciding, StockList, StoreRow, SuspenseCode, SuspenseStore, TillDayRow,
};
use tidemark_model::{Quantity, Sku, code_spelling};

use super::levels::level_json;
use super::paging::{PageQuery, bad_token, paged};
use super::stores::{books, known};
use super::{Caller, Door, given, ledger_problem, number, time_text};

const SHAPE: &str = "{\"code\":…,\"sku\":…,\"units_per_scan\":…,\"author\":…,\"reason\":…}";

pub(super) async fn negative(
    State(door): State<Door>,
    Path(store): Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Value>, Problem> {
    listed(&door, &store, &query, StockList::Negative).await
}

pub(super) async fn uncounted(
    State(door): State<Door>,
    Path(store): Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Value>, Problem> {
    listed(&door, &store, &query, StockList::Uncounted).await
}

pub(super) async fn recounts(
    State(door): State<Door>,
    Path(store): Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Value>, Problem> {
    listed(&door, &store, &query, StockList::Recounts).await
}

async fn listed(door: &Door, store: &str, query: &PageQuery, list: StockList) -> Result<Json<Value>, Problem> {
    let store = known(door, store).await?;
    let after = query.page_token.as_deref().map(|token| Sku::new(token).map_err(|_no_sku| bad_token())).transpose()?;
    let page = door.parts.ledger.stock_list(&store, list, after.as_ref(), query.size()?).await;
    let page = page.map_err(|error| ledger_problem(&error))?;
    let items: Vec<Value> = page
        .items
        .iter()
        .map(|(level, since)| {
            let mut shown = level_json(door, level);
            if let (Some(since), Some(members)) = (since, shown.as_object_mut()) {
                members.insert("since".to_owned(), json!(time_text(*since)));
            }
            shown
        })
        .collect();
    Ok(paged(json!({ "items": items }), page.next))
}

#[derive(Debug, Deserialize)]
pub(super) struct SuspenseQuery {
    #[serde(flatten)]
    page: PageQuery,
    ignored: Option<String>,
}

pub(super) async fn suspense(
    State(door): State<Door>,
    Query(query): Query<SuspenseQuery>,
) -> Result<Json<Value>, Problem> {
    let size = query.page.size()?;
    let ignored = match query.ignored.as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Problem::of(&problem::FILTER, "`ignored` is true or false")),
    };
    let after = query.page.page_token.as_deref().unwrap_or("");
    let codes = door.parts.ledger.suspense(after, ignored, size).await.map_err(|error| ledger_problem(&error))?;
    let full = u32::try_from(codes.len()).is_ok_and(|found| found == size);
    let next = codes.last().filter(|_| full).map(|row| row.code.clone());
    Ok(paged(json!({ "codes": codes.iter().map(code_json).collect::<Vec<_>>() }), next))
}

fn code_json(row: &SuspenseCode) -> Value {
    let sum = |of: fn(&SuspenseStore) -> Quantity| {
        let add = |sum: Quantity, more: Quantity| sum.checked_add(more).unwrap_or(sum);
        number(row.stores.iter().map(of).fold(Quantity::ZERO, add))
    };
    let store = |SuspenseStore { store, lines, packs, base, first_seen, last_seen }: &SuspenseStore| {
        json!({
            "store": store.as_str(), "lines": lines, "packs": number(*packs), "base_units": number(*base),
            "first_seen": time_text(*first_seen), "last_seen": time_text(*last_seen),
        })
    };
    json!({
        "code": row.code,
        "decision": row.decision,
        "lines": row.stores.iter().map(|store| store.lines).sum::<u64>(),
        "packs": sum(|store| store.packs),
        "base_units": sum(|store| store.base),
        "first_seen": row.stores.iter().map(|store| store.first_seen).min().map(time_text),
        "last_seen": row.stores.iter().map(|store| store.last_seen).max().map(time_text),
        "stores": row.stores.iter().map(store).collect::<Vec<_>>(),
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DecideRequest {
    code: String,
    author: String,
    reason: String,
    sku: Option<String>,
    units_per_scan: Option<Value>,
}

/// `POST /v1/suspense:map`: the code becomes part of the catalogue.
pub(super) async fn map(
    State(door): State<Door>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let request: DecideRequest = given::json(&headers, body, SHAPE).await?;
    let sku = sku_of(&request)?.ok_or_else(|| given::unreadable("`sku` is missing", SHAPE))?;
    let units = request.units_per_scan.as_ref().map(|units| given::quantity(units, SHAPE)).transpose()?;
    let units = units.unwrap_or(Quantity::ONE);
    if units <= Quantity::ZERO || Quantity::parse_line(&units.to_string()).is_err() {
        return Err(given::unreadable("`units_per_scan` is more than 0 and at most a million", SHAPE));
    }
    decide(&door, &caller, &request, CodeDecision::Map { sku, units }).await
}

/// `POST /v1/suspense:untracked`: no stock is kept of what the code names.
pub(super) async fn untracked(
    State(door): State<Door>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let request: DecideRequest = given::json(&headers, body, SHAPE).await?;
    only_to_map("units_per_scan", request.units_per_scan.is_none())?;
    let own = || Sku::new(&format!("~{}", request.code)).map_err(|error| given::unreadable(error.to_string(), SHAPE));
    let sku = match sku_of(&request)? {
        Some(sku) => sku,
        None => own()?,
    };
    decide(&door, &caller, &request, CodeDecision::Untracked { sku }).await
}

/// `POST /v1/suspense:ignore`: the code is no longer listed.
pub(super) async fn ignore(
    State(door): State<Door>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let request: DecideRequest = given::json(&headers, body, SHAPE).await?;
    only_to_map("units_per_scan", request.units_per_scan.is_none())?;
    only_to_map("sku", request.sku.is_none())?;
    decide(&door, &caller, &request, CodeDecision::Ignore).await
}

/// What would be of no effect is refused.
fn only_to_map(member: &str, is_missing: bool) -> Result<(), Problem> {
    if is_missing { Ok(()) } else { Err(given::unreadable(format!("`{member}` has no meaning here"), SHAPE)) }
}

fn sku_of(request: &DecideRequest) -> Result<Option<Sku>, Problem> {
    let bad = |error: &dyn std::fmt::Display| given::unreadable(format!("`sku`: {error}"), SHAPE);
    request.sku.as_deref().map(|sku| Sku::new(sku).map_err(|error| bad(&error))).transpose()
}

/// A decision as it is noted.
fn noted(caller: &Caller, deciding: &Deciding) -> AuditEntry {
    let action = match deciding.decision {
        CodeDecision::Map { .. } => "suspense.map",
        CodeDecision::Untracked { .. } => "suspense.untracked",
        CodeDecision::Ignore => "suspense.ignore",
    };
    let item = deciding.decision.item();
    let (sku, units) = (item.map(|(sku, _)| sku.as_str()), item.map(|(_, units)| number(units)));
    let what = json!({ "author": deciding.author, "sku": sku, "units_per_scan": units });
    caller.does(action).about(deciding.code.as_str()).because(&deciding.reason).with(what)
}

async fn decide(
    door: &Door,
    caller: &Caller,
    request: &DecideRequest,
    decision: CodeDecision,
) -> Result<Json<Value>, Problem> {
    // As the boxes keep it: a GTIN has one spelling.
    let code = code_spelling(&request.code)
        .ok_or_else(|| given::unreadable("`code` has 1 to 48 bytes and no control characters", SHAPE))?;
    let (author, reason) = (given::author(&request.author, SHAPE)?, given::reason(&request.reason, SHAPE)?);
    let deciding = Deciding { code, decision, author, reason };
    let code = deciding.code.as_str();
    let by = noted(caller, &deciding);
    match door.parts.ledger.by(&by).decide_code(&deciding).await.map_err(|error| ledger_problem(&error))? {
        Decided::Done(version) => {
            let (author, decision) = (&deciding.author, deciding.decision.word());
            tracing::info!(code, decision, author, why = deciding.reason, "a code was decided");
            if let Some(version) = version {
                door.desk.tell_catalogue(version);
            }
            Ok(Json(json!({ "code": code, "decision": decision, "catalogue_version": version })))
        }
        Decided::NoSuchItem => {
            Err(Problem::not_found("the catalogue has no such item").with_remedy("import the item first"))
        }
        Decided::Taken(other) => {
            Err(Problem::of(&problem::CODE_TAKEN, format!("{code} is, or belongs to, the item {other}")))
        }
        Decided::Tracked => {
            let detail = "stock is kept of the item that was named; name one of which none is kept, or none at all";
            Err(Problem::of(&problem::CODE_TAKEN, detail))
        }
    }
}

/// A store's business day, if anything is known of it.
async fn day_json(door: &Door, books: &StoreRow, day: &str) -> Result<Option<Value>, Problem> {
    let tills = door.parts.ledger.till_days(&books.store, day).await.map_err(|error| ledger_problem(&error))?;
    if tills.is_empty() {
        return Ok(None);
    }
    let said = |till: &TillDayRow| till.open(books.pending).map(|words| format!("{}: {words}", till.source));
    let open: Vec<String> = tills.iter().filter_map(said).collect();
    let shown = |till: &TillDayRow| {
        json!({
            "till": till.source, "documents": till.documents, "closed": till.closed,
            "told_documents": till.told_documents, "told_units": till.told_units.map(number),
        })
    };
    let complete = open.is_empty() && tills.iter().any(|till| till.traded);
    Ok(Some(json!({
        "store": books.store.as_str(), "business_day": day, "complete": complete, "pending": books.pending,
        "open": open, "tills": tills.iter().map(shown).collect::<Vec<_>>(),
    })))
}

/// `GET /v1/stores/{store}/days/{business_day}`.
pub(super) async fn day(
    State(door): State<Door>,
    Path((store, day)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let books = books(&door, &store).await?;
    let shown = day_json(&door, &books, &day).await?;
    shown.map(Json).ok_or_else(|| Problem::not_found(format!("nothing is known of the day {day} in {store}")))
}

/// `GET /v1/stores/{store}/days`: latest first.
pub(super) async fn days(
    State(door): State<Door>,
    Path(store): Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Value>, Problem> {
    let (books, size) = (books(&door, &store).await?, query.size()?);
    let found = door.parts.ledger.days(&books.store, query.page_token.as_deref(), size).await;
    let found = found.map_err(|error| ledger_problem(&error))?;
    let mut shown = Vec::new();
    for day in &found {
        shown.extend(day_json(&door, &books, day).await?);
    }
    let next = found.last().filter(|_| found.len() == usize::try_from(size).unwrap_or(usize::MAX));
    Ok(paged(json!({ "days": shown }), next))
}
