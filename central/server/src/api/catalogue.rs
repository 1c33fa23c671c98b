//! What the catalogue says of an item.

use axum::Json;
use axum::extract::{Path, Query, State};
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Value, json};
use tidemark_daemon::local_time;
use tidemark_daemon::problem::Problem;
use tidemark_ledger::{CatalogueItem, StoreRow};
use tidemark_model::catalogue::KitPart;
use tidemark_model::{ItemUnit, Label, code_spelling};
use tidemark_sync::message::CatalogueCode;

use super::stores::books;
use super::{Door, ledger_problem, number};

#[derive(Deserialize)]
pub(super) struct ItemQuery {
    store: Option<String>,
}

/// `GET /v1/catalogue/{item}`, by SKU or code; with a store also the price in
/// effect there and whether it lists the item.
pub(super) async fn show(
    State(door): State<Door>,
    Path(item): Path<String>,
    Query(query): Query<ItemQuery>,
) -> Result<Json<Value>, Problem> {
    let found = door.parts.ledger.catalogue_item(&item, code_spelling(&item).as_ref()).await;
    let found = found.map_err(|error| ledger_problem(&error))?;
    let found = found.ok_or_else(|| Problem::not_found(format!("{item} is not in the catalogue")))?;
    let mut answer = told(&found);
    if let Some(store) = query.store {
        let row = books(&door, &store).await?;
        if let Some(members) = answer.as_object_mut() {
            members.extend(in_store(&door, &found, &row));
        }
    }
    Ok(Json(answer))
}

fn told(CatalogueItem { item, codes }: &CatalogueItem) -> Value {
    let code =
        |code: &CatalogueCode| json!({ "code": code.code.as_str(), "units_per_scan": number(code.units_per_scan) });
    let part = |part: &KitPart| json!({ "sku": part.sku.as_str(), "quantity": number(part.quantity) });
    json!({
        "sku": item.sku.as_str(),
        "name": item.name,
        "unit": match item.unit { ItemUnit::Each => "each", ItemUnit::Measure => "measure" },
        "tracked": item.tracked,
        "prices": item.prices.iter().map(local_time::price_json).collect::<Vec<_>>(),
        "codes": codes.iter().map(code).collect::<Vec<_>>(),
        "parts": item.parts.iter().map(part).collect::<Vec<_>>(),
        "assortments": item.assortments.iter().map(Label::as_str).collect::<Vec<_>>(),
    })
}

fn in_store(door: &Door, CatalogueItem { item, .. }: &CatalogueItem, row: &StoreRow) -> [(String, Value); 3] {
    let zone = TimeZone::get(&row.time_zone).unwrap_or(TimeZone::UTC);
    let price = item.price(|from| local_time::has_come(from, &zone, door.clock.wall().0));
    let assortment = Label::new(&row.assortment).ok();
    [
        ("store".to_owned(), json!(row.store.as_str())),
        ("listed".to_owned(), json!(item.is_listed(assortment.as_ref()))),
        ("price".to_owned(), json!(price.map(local_time::price_json))),
    ]
}
