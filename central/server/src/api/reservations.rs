//! Reservations: goods of a shop that are promised to a caller.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tidemark_daemon::problem::{self, Problem};
use tidemark_ledger::{
    Expiry, LevelRow, ReservationChanged, ReservationQuery, ReservationRequest, ReservationRow, ReservationState,
    ReservationStep, Reserved,
};
use tidemark_model::{Label, Quantity, Reference, Sku};

use super::paging::{PageQuery, paged};
use super::stores::known;
use super::{Caller, Door, given, ledger_problem, number, time_text};

const SHAPE: &str = "{\"request_id\":…,\"store\":…,\"sku\":…,\"quantity\":…,\"expires_in_seconds\":…}";
/// How long a hold lasts if nobody says so.
const USUAL_SECONDS: u32 = 900;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReserveRequest {
    request_id: String,
    store: String,
    sku: String,
    quantity: Value,
    expires_in_seconds: Option<u32>,
    expires: Option<String>,
    order: Option<String>,
}

/// `POST /v1/reservations`.
pub(super) async fn reserve(
    State(door): State<Door>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let request: ReserveRequest = given::json(&headers, body, SHAPE).await?;
    let asked = asked(&door, &request).await?;
    let (store, sku) = (&asked.store, &asked.sku);
    let what = json!({
        "request_id": asked.request.as_str(), "sku": sku.as_str(), "quantity": number(asked.quantity),
        "order": asked.order.as_ref().map(Reference::as_str),
    });
    let by = caller.does("reservations.make").at(store.as_str()).about(&asked.id).with(what);
    match door.parts.ledger.by(&by).reserve(&asked).await.map_err(|error| ledger_problem(&error))? {
        Reserved::Done(row, level) => {
            cache(&door, &level).await;
            Ok((StatusCode::CREATED, Json(row_json(&row))))
        }
        Reserved::Again(row) => Ok((StatusCode::OK, Json(row_json(&row)))),
        Reserved::OtherRequest(row) => {
            let detail =
                format!("the request {} reserved {} of {} in {}", row.request, row.quantity, row.sku, row.store);
            Err(Problem::of(&problem::REQUEST_REUSED, detail))
        }
        Reserved::Short(available) => {
            let detail = format!("{available} of {sku} are available in {store}, {} are asked for", asked.quantity);
            Err(Problem::of(&problem::NOT_AVAILABLE, detail)
                .with_errors(vec![json!({ "available": number(available) })]))
        }
        Reserved::NotCounted => {
            Err(Problem::of(&problem::NOT_COUNTED, format!("nobody has counted {sku} in {store} yet")))
        }
        Reserved::NoSuchItem => Err(Problem::not_found(format!("nothing is known of {sku} in {store}"))),
        Reserved::NoSuchEnd => Err(bad_end()),
    }
}

fn bad_end() -> Problem {
    given::unreadable("a reservation ends in the future, at most 90 days from now", SHAPE)
}

/// What a request asks for, each part checked.
async fn asked(door: &Door, request: &ReserveRequest) -> Result<ReservationRequest, Problem> {
    let bad = |name: &str, error: &dyn std::fmt::Display| given::unreadable(format!("`{name}`: {error}"), SHAPE);
    let quantity = given::quantity(&request.quantity, SHAPE)?;
    if quantity <= Quantity::ZERO || Quantity::parse_line(&quantity.to_string()).is_err() {
        return Err(given::unreadable("a quantity is more than 0 and at most a million", SHAPE));
    }
    let expiry = match (&request.expires, request.expires_in_seconds) {
        (Some(_), Some(_)) => return Err(given::unreadable("give `expires` or `expires_in_seconds`, not both", SHAPE)),
        (Some(moment), None) => {
            let moment: Timestamp = moment.parse().map_err(|error| bad("expires", &error))?;
            Expiry::At(moment.as_millisecond())
        }
        (None, seconds) => Expiry::In(i64::from(seconds.unwrap_or(USUAL_SECONDS)) * 1_000),
    };
    Ok(ReservationRequest {
        id: given::new_id("r")?,
        request: Label::new(&request.request_id).map_err(|error| bad("request_id", &error))?,
        sku: Sku::new(&request.sku).map_err(|error| bad("sku", &error))?,
        quantity,
        expiry,
        order: request.order.as_deref().map(Reference::new).transpose().map_err(|error| bad("order", &error))?,
        store: known(door, &request.store).await?,
    })
}

/// What changed is in the cache before the caller hears of it; what it does
/// not take, it forgets within a minute.
async fn cache(door: &Door, level: &LevelRow) {
    if let Err(error) = door.parts.cache.put(std::slice::from_ref(level)).await {
        tracing::debug!(%error, "a level that changed is not cached");
    }
}

fn row_json(row: &ReservationRow) -> Value {
    json!({
        "id": row.id,
        "request_id": row.request,
        "store": row.store.as_str(),
        "sku": row.sku.as_str(),
        "quantity": number(row.quantity),
        "state": row.state.word(),
        "order": row.order,
        "made_at": time_text(row.made_at),
        "changed_at": time_text(row.changed_at),
        "expires_at": row.expires_at.map(time_text),
    })
}

fn no_reservation(id: &str) -> Problem {
    Problem::not_found(format!("there is no reservation {id}"))
}

pub(super) async fn show(State(door): State<Door>, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    let row = door.parts.ledger.reservation(&id).await.map_err(|error| ledger_problem(&error))?;
    row.map(|row| Json(row_json(&row))).ok_or_else(|| no_reservation(&id))
}

#[derive(Debug, Deserialize)]
pub(super) struct ListQuery {
    #[serde(flatten)]
    page: PageQuery,
    state: Option<String>,
}

pub(super) async fn list(State(door): State<Door>, Query(query): Query<ListQuery>) -> Result<Json<Value>, Problem> {
    let size = query.page.size()?;
    let store = match &query.page.store {
        Some(store) => Some(known(&door, store).await?),
        None => None,
    };
    let state = |word: &str| {
        ReservationState::of_word(word).ok_or_else(|| {
            let known: Vec<&str> = ReservationState::ALL.iter().map(|state| state.word()).collect();
            Problem::of(&problem::FILTER, format!("`state` is one of {}", known.join(", ")))
        })
    };
    let asked = ReservationQuery {
        store,
        state: query.state.as_deref().map(state).transpose()?,
        below: query.page.number()?,
        most: size,
    };
    let rows = door.parts.ledger.reservations(&asked).await.map_err(|error| ledger_problem(&error))?;
    let full = u32::try_from(rows.len()).is_ok_and(|found| found == size);
    let next = rows.last().filter(|_| full).map(|(number, _)| number.to_string());
    Ok(paged(json!({ "reservations": rows.iter().map(|(_, row)| row_json(row)).collect::<Vec<_>>() }), next))
}

/// `POST /v1/reservations/{id}:confirm` and `:release`.
pub(super) async fn change(
    State(door): State<Door>,
    Path(path): Path<String>,
    caller: Caller,
) -> Result<Json<Value>, Problem> {
    let (id, step) = match given::thing_and_verb(&path) {
        Some((id, "confirm")) => (id, ReservationStep::Confirm),
        Some((id, "release")) => (id, ReservationStep::Release),
        Some(_) | None => return Err(given::no_such_verb(&path, ":confirm or :release")),
    };
    let by = caller.does(match step {
        ReservationStep::Confirm => "reservations.confirm",
        ReservationStep::Release => "reservations.release",
    });
    match door
        .parts
        .ledger
        .by(&by.about(id))
        .change_reservation(id, step)
        .await
        .map_err(|error| ledger_problem(&error))?
    {
        ReservationChanged::Done(row, level) => {
            if let Some(level) = level {
                cache(&door, &level).await;
            }
            Ok(Json(row_json(&row)))
        }
        ReservationChanged::Unknown => Err(no_reservation(id)),
        ReservationChanged::Over(row) => {
            let detail = format!("the reservation {id} is {}", row.state.word());
            Err(Problem::of(&problem::RESERVATION_OVER, detail).with_errors(vec![row_json(&row)]))
        }
    }
}
