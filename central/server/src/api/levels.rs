//! Stock: one level, one item everywhere, many pairs, and how it came about.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use tidemark_cache::Key;
use tidemark_daemon::problem::{self, Problem};
use tidemark_ledger::{LatestMovement, LevelRow};
use tidemark_model::{Basis, Epoch, EpochOrdinal, Movement, Quantity, Seq, Sku, StoreId};
use tidemark_sync::Millis;

use super::paging::{PageQuery, bad_token, paged};
use super::stores::known;
use super::{Door, ledger_problem, number, time_text};
use crate::loader::LoadError;

/// Pairs of one request.
const PAIRS: usize = 1_000;
/// Bytes of one request's body.
const BODY_BYTES: usize = 1024 * 1024;

pub(super) async fn show(
    State(door): State<Door>,
    Path((store, sku)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let level = match (StoreId::new(&store), Sku::new(&sku)) {
        (Ok(store), Ok(sku)) => level(&door, &store, &sku).await?,
        (Err(_), _) | (Ok(_), Err(_)) => None,
    };
    let Some(level) = level else {
        let store = known(&door, &store).await?;
        return Err(Problem::not_found(format!("nothing is known of {sku} in {store}")));
    };
    let etag = etag_of([&level]);
    Ok(with_etag(&headers, &etag, || level_json(&door, &level)))
}

/// A level, from the cache or the ledger.
async fn level(door: &Door, store: &StoreId, sku: &Sku) -> Result<Option<LevelRow>, Problem> {
    let mut found = levels(door, vec![(store.clone(), sku.clone())]).await?;
    Ok(found.pop().flatten())
}

/// Levels in the order of the keys, from the cache or the ledger.
async fn levels(door: &Door, keys: Vec<Key>) -> Result<Vec<Option<LevelRow>>, Problem> {
    let held = door.parts.cache.get(&keys).await;
    let missing: Vec<Key> =
        keys.iter().zip(&held).filter(|(_, held)| held.is_none()).map(|(key, _)| key.clone()).collect();
    door.events.cache_hits.inc_by(u64::try_from(keys.len().saturating_sub(missing.len())).unwrap_or(0));
    if missing.is_empty() {
        return Ok(held);
    }
    door.events.cache_misses.inc_by(u64::try_from(missing.len()).unwrap_or(0));
    let found = door.loader.load(missing).await.map_err(|error| load_problem(&error))?;
    let found: BTreeMap<Key, LevelRow> =
        found.into_iter().map(|level| ((level.store.clone(), level.sku.clone()), level)).collect();
    Ok(keys.into_iter().zip(held).map(|(key, held)| held.or_else(|| found.get(&key).cloned())).collect())
}

fn load_problem(error: &LoadError) -> Problem {
    match error {
        LoadError::Ledger(error) => ledger_problem(error),
        LoadError::Stopping => Problem::of(&problem::STOPPING, error.to_string()),
    }
}

pub(super) fn level_json(door: &Door, level: &LevelRow) -> Value {
    let now = Millis(door.clock.millis());
    let (seen_at, silent) = door.fleet.freshness(&level.store, now);
    let stale = silent || level.older || door.region.is_behind(now);
    let fresh_at = door.region.fresh_at(door.clock.wall().0);
    let counted = level.basis == Basis::Counted;
    let shown = |quantity: Quantity| if counted { number(quantity) } else { Value::Null };
    json!({
        "store": level.store.as_str(),
        "sku": level.sku.as_str(),
        "on_hand": shown(level.on_hand),
        "basis": level.basis.word(),
        "effect_sum": number(level.effect_sum),
        "available": level.available().map(number),
        "reserved": number(level.reserved),
        "safety_stock": number(level.safety),
        "as_of": time_text(level.changed_at),
        "store_seen_at": seen_at.map(time_text),
        "fresh_at": fresh_at.map(time_text),
        "stale": stale,
        "version": [level.version.0.0, level.version.1],
    })
}

/// The version of an answer: those of its levels.
fn etag_of<'l>(levels: impl IntoIterator<Item = &'l LevelRow>) -> String {
    let (mut generation, mut counters, mut count) = (0, 0_u64, 0_u64);
    for level in levels {
        generation = level.version.0.0.max(generation);
        counters = counters.wrapping_add(level.version.1);
        count += 1;
    }
    format!("\"{generation}-{counters}-{count}\"")
}

fn with_etag(headers: &HeaderMap, etag: &str, body: impl FnOnce() -> Value) -> Response {
    let asked = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let unchanged = asked.is_some_and(|asked| asked.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag));
    let mut response = if unchanged { StatusCode::NOT_MODIFIED.into_response() } else { Json(body()).into_response() };
    if let Ok(value) = HeaderValue::from_str(etag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}

pub(super) async fn everywhere(
    State(door): State<Door>,
    Path(sku): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let unknown = || Problem::not_found(format!("there is no item {sku}"));
    let key = Sku::new(&sku).map_err(|_no_sku| unknown())?;
    let levels = door.parts.ledger.levels_of_item(&key).await.map_err(|error| ledger_problem(&error))?;
    if levels.is_empty() && !door.parts.ledger.has_item(&key).await.map_err(|error| ledger_problem(&error))? {
        return Err(unknown());
    }
    let add = |sum: Quantity, more: Quantity| sum.checked_add(more).unwrap_or(sum);
    let counted = levels.iter().filter(|level| level.basis == Basis::Counted);
    let on_hand = counted.fold(Quantity::ZERO, |sum, level| add(sum, level.on_hand));
    let effects = levels.iter().fold(Quantity::ZERO, |sum, level| add(sum, level.effect_sum));
    let without = levels.iter().filter(|level| level.basis == Basis::None).count();
    Ok(with_etag(&headers, &etag_of(&levels), || {
        let stores: Vec<Value> = levels.iter().map(|level| level_json(&door, level)).collect();
        let total = json!({
            "on_hand": number(on_hand), "effect_sum": number(effects), "stores_without_basis": without,
        });
        json!({ "sku": sku, "total": total, "stores": stores })
    }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchRequest {
    items: Vec<Pair>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    store: String,
    sku: String,
}

pub(super) async fn batch(State(door): State<Door>, headers: HeaderMap, body: Body) -> Result<Json<Value>, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
        return Err(Problem::content_type("application/json"));
    }
    let body = to_bytes(body, BODY_BYTES).await.map_err(|_cut_or_too_large| Problem::too_large(BODY_BYTES))?;
    let request: BatchRequest = serde_json::from_slice(&body).map_err(|error| {
        let remedy = "send {\"items\":[{\"store\":…,\"sku\":…}]}";
        Problem::of(&problem::BROKEN_JSON, error.to_string()).with_remedy(remedy)
    })?;
    if request.items.len() > PAIRS {
        let detail = format!("{} pairs were asked for, at most {PAIRS} are answered at once", request.items.len());
        return Err(Problem::of(&problem::TOO_MANY, detail).with_remedy("ask in several requests"));
    }
    let keys: Vec<Option<Key>> =
        request.items.iter().map(|pair| StoreId::new(&pair.store).ok().zip(Sku::new(&pair.sku).ok())).collect();
    let mut found = levels(&door, keys.iter().flatten().cloned().collect()).await?.into_iter();
    let items: Vec<Value> = keys
        .iter()
        .map(|key| {
            let level = key.as_ref().and_then(|_| found.next().flatten());
            level.map_or(Value::Null, |level| level_json(&door, &level))
        })
        .collect();
    Ok(Json(json!({ "items": items })))
}

pub(super) async fn movements(
    State(door): State<Door>,
    Path((store, sku)): Path<(String, String)>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Value>, Problem> {
    let store = known(&door, &store).await?;
    let nothing = || Problem::not_found(format!("nothing is known of {sku} in {store}"));
    let key = Sku::new(&sku).map_err(|_no_sku| nothing())?;
    let from = query.page_token.as_deref().map(place_of).transpose()?;
    let size = usize::try_from(query.size()?).unwrap_or(usize::MAX);
    let history = door.parts.ledger.history(&store, &key, from, size).await.map_err(|error| ledger_problem(&error))?;
    let rows: Vec<Value> = history.movements.iter().map(|(epoch, seq, m)| movement_json(*epoch, *seq, m)).collect();
    Ok(paged(json!({ "movements": rows, "gaps": history.gaps }), history.next.map(token_of)))
}

/// `GET /v1/stores/{store}/movements`: of all items, newest first.
pub(super) async fn latest(
    State(door): State<Door>,
    Path(store): Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Value>, Problem> {
    let store = known(&door, &store).await?;
    let below = query.page_token.as_deref().map(place_of).transpose()?;
    let page = door.parts.ledger.latest(&store, below, query.size()?).await.map_err(|error| ledger_problem(&error))?;
    let row = |LatestMovement { epoch, seq, movement, .. }: &LatestMovement| {
        let mut shown = movement_json(*epoch, *seq, movement);
        if let Some(members) = shown.as_object_mut() {
            members.insert("sku".to_owned(), json!(movement.sku.as_ref().map(Sku::as_str)));
        }
        shown
    };
    Ok(paged(json!({ "movements": page.movements.iter().map(row).collect::<Vec<_>>() }), page.next.map(token_of)))
}

fn token_of((ordinal, seq): (EpochOrdinal, Seq)) -> String {
    format!("{}-{seq}", ordinal.0)
}

fn place_of(token: &str) -> Result<(EpochOrdinal, Seq), Problem> {
    let parts = token.split_once('-').and_then(|(ordinal, seq)| Some((ordinal.parse().ok()?, seq.parse().ok()?)));
    parts.map(|(ordinal, seq)| (EpochOrdinal(ordinal), seq)).ok_or_else(bad_token)
}

fn movement_json(epoch: Epoch, seq: Seq, movement: &Movement) -> Value {
    let marks: Vec<&str> = movement.marks.words().collect();
    let mut shown = json!({
        "epoch": epoch.to_string(),
        "seq": seq,
        "kind": movement.kind.word(),
        "quantity": number(movement.quantity),
        "effect": number(movement.effect),
        "on_hand_after": movement.on_hand_after.map(number),
        "marks": marks,
        "source": movement.document.source.as_str(),
        "id": movement.document.id.as_str(),
        "time": time_text(movement.wall.0),
    });
    let labels = [
        ("reason", movement.reason.as_ref().map(|label| label.as_str())),
        ("code", movement.code.as_ref().map(|code| code.as_str())),
        ("business_day", movement.labels.business_day.as_ref().map(|label| label.as_str())),
        ("till", movement.labels.till.as_ref().map(|label| label.as_str())),
        ("operator", movement.labels.operator.as_ref().map(|label| label.as_str())),
        ("note", movement.labels.note.as_ref().map(|note| note.as_str())),
    ];
    if let Some(members) = shown.as_object_mut() {
        for (name, text) in labels {
            if let Some(text) = text {
                members.insert(name.to_owned(), json!(text));
            }
        }
    }
    shown
}
