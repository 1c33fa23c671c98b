//! Safety stock: how much of an item is kept back in a shop, a region, or
//! everywhere.

use axum::Json;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};
use tidemark_daemon::problem::{self, Problem};
use tidemark_ledger::{LedgerError, SafetyRule};
use tidemark_model::{Quantity, Sku, StoreId};

use super::paging::{PageQuery, bad_token, paged};
use super::stores::no_store;
use super::{Caller, Door, given, ledger_problem, number};

const SHAPE: &str = "{\"rules\":[{\"store\":…,\"region\":…,\"sku\":…,\"quantity\":…}]}";
/// Rules of one request.
const RULES: usize = 1_000;
/// Bytes of a region's name.
const REGION: usize = 64;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SetRequest {
    rules: Vec<GivenRule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenRule {
    store: Option<String>,
    region: Option<String>,
    sku: Option<String>,
    /// null takes the rule away.
    quantity: Value,
}

/// A rule, and whether it stays.
fn rule_of(given: &GivenRule) -> Result<(SafetyRule, bool), Problem> {
    let bad = |name: &str, error: &dyn std::fmt::Display| given::unreadable(format!("`{name}`: {error}"), SHAPE);
    let store = given.store.as_deref().map(|store| StoreId::new(store).map_err(|_no_store| no_store(store)));
    let sku = given.sku.as_deref().map(Sku::new).transpose().map_err(|error| bad("sku", &error))?;
    let fits = |region: &&str| !region.is_empty() && region.len() <= REGION && !region.chars().any(char::is_control);
    let region = match given.region.as_deref() {
        Some(region) => Some(Some(region).filter(fits).ok_or_else(|| bad("region", &"1 to 64 bytes"))?.to_owned()),
        None => None,
    };
    if store.is_some() && region.is_some() {
        return Err(given::unreadable("a rule is of a store or of a region, not of both", SHAPE));
    }
    let (quantity, keep) = match &given.quantity {
        Value::Null => (Quantity::ZERO, false),
        told @ (Value::Number(_) | Value::String(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
            (given::quantity(told, SHAPE)?, true)
        }
    };
    if quantity < Quantity::ZERO || Quantity::parse_line(&quantity.to_string()).is_err() {
        return Err(given::unreadable("a safety stock is from 0 to a million", SHAPE));
    }
    Ok((SafetyRule { store: store.transpose()?, region, sku, quantity }, keep))
}

/// `POST /v1/safety-stock:set`: all rules or none.
pub(super) async fn set(
    State(door): State<Door>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let request: SetRequest = given::json(&headers, body, SHAPE).await?;
    if request.rules.len() > RULES {
        let detail = format!("{} rules were given, at most {RULES} are taken at once", request.rules.len());
        return Err(Problem::of(&problem::TOO_MANY, detail));
    }
    let rules = request.rules.iter().map(rule_of).collect::<Result<Vec<_>, Problem>>()?;
    let told: Vec<Value> = rules.iter().map(|(rule, stays)| shown(rule, *stays)).collect();
    let by = caller.does("safety_stock.set").with(json!({ "rules": told }));
    door.parts.ledger.by(&by).set_safety(&rules).await.map_err(|error| match &error {
        LedgerError::UnknownStore(store) => no_store(store),
        LedgerError::Unavailable(_)
        | LedgerError::Data(_)
        | LedgerError::Newer { .. }
        | LedgerError::Kept(_)
        | LedgerError::Setting { .. }
        | LedgerError::Exists(_)
        | LedgerError::Twice(_) => ledger_problem(&error),
    })?;
    tracing::info!(rules = rules.len(), "safety stock was set");
    Ok(Json(json!({ "rules": rules.len() })))
}

/// A rule as callers see it; null is the quantity of one that does not stay.
fn shown(rule: &SafetyRule, stays: bool) -> Value {
    let SafetyRule { store, region, sku, quantity } = rule;
    json!({
        "store": store.as_ref().map(StoreId::as_str), "region": region, "sku": sku.as_ref().map(Sku::as_str),
        "quantity": stays.then(|| number(*quantity)),
    })
}

/// `GET /v1/safety-stock`.
pub(super) async fn list(State(door): State<Door>, Query(query): Query<PageQuery>) -> Result<Json<Value>, Problem> {
    let size = query.size()?;
    let after = query.page_token.as_deref().map(place_of).transpose()?;
    let rules = door.parts.ledger.safety_rules(after.as_ref(), size).await.map_err(|error| ledger_problem(&error))?;
    let full = u32::try_from(rules.len()).is_ok_and(|found| found == size);
    let next = rules.last().filter(|_| full).map(|rule| {
        let text = |part: Option<&str>| part.unwrap_or("").to_owned();
        let SafetyRule { store, region, sku, .. } = rule;
        json!([text(sku.as_ref().map(Sku::as_str)), text(store.as_ref().map(StoreId::as_str)), text(region.as_deref())])
    });
    Ok(paged(json!({ "rules": rules.iter().map(|rule| shown(rule, true)).collect::<Vec<_>>() }), next))
}

/// The rule a page ended with: item, store and region.
fn place_of(token: &str) -> Result<SafetyRule, Problem> {
    let [sku, store, region] = serde_json::from_str::<[String; 3]>(token).map_err(|_not_ours| bad_token())?;
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Ok(SafetyRule {
        store: some(&store).map(|store| StoreId::new(&store)).transpose().map_err(|_no_store| bad_token())?,
        region: some(&region),
        sku: some(&sku).map(|sku| Sku::new(&sku)).transpose().map_err(|_no_sku| bad_token())?,
        quantity: Quantity::ZERO,
    })
}
