//! `GET /v1/items/{sku or code}`.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};
use tidemark_daemon::local_time;
use tidemark_daemon::problem::Problem;
use tidemark_model::books::Stock;
use tidemark_model::{Basis, Item, ItemUnit, Label, Lookup, Quantity};

use super::Door;
use super::health::read_problem;

/// An item with its stock in this shop.
pub(super) async fn show(State(door): State<Door>, Path(item): Path<String>) -> Result<Json<Value>, Problem> {
    let view = door.journal.item(&item).map_err(|error| read_problem(&error))?;
    let mut answer = match &view.lookup {
        Lookup::Sku(found) => known(&door, found, Quantity::ONE)?,
        Lookup::Code { item: found, units_per_scan } => known(&door, found, *units_per_scan)?,
        Lookup::Unknown if view.stock.is_some() => json!({ "sku": item, "known": false }),
        Lookup::Unknown => return Err(Problem::not_found(format!("{item} is not on file here"))),
    };
    if let Some(members) = answer.as_object_mut() {
        let stock = view.stock.unwrap_or(Stock::FRESH);
        let counted = stock.basis == Basis::Counted;
        members.insert("on_hand".to_owned(), if counted { number(stock.on_hand) } else { Value::Null });
        members.insert("effect_sum".to_owned(), number(stock.on_hand));
        members.insert("basis".to_owned(), json!(stock.basis.word()));
    }
    Ok(Json(answer))
}

fn known(door: &Door, item: &Item, units_per_scan: Quantity) -> Result<Value, Problem> {
    let assortment = door.journal.catalogue().map_err(|error| read_problem(&error))?.assortment;
    let (wall, zone) = (door.clock.wall().0, &door.reception.parts().time_zone);
    let has_come = |from| local_time::has_come(from, zone, wall);
    let coming = item.coming().filter(|(_, from)| !has_come(*from)).map(|(price, _)| price);
    Ok(json!({
        "sku": item.sku.as_str(),
        "known": true,
        "name": item.name,
        "unit": match item.unit { ItemUnit::Each => "each", ItemUnit::Measure => "measure" },
        "tracked": item.tracked,
        "units_per_scan": number(units_per_scan),
        "price": item.price(has_come).map(local_time::price_json),
        "coming_prices": coming.map(local_time::price_json).collect::<Vec<_>>(),
        "assortments": item.assortments.iter().map(Label::as_str).collect::<Vec<_>>(),
        "listed": item.is_listed(assortment.as_ref()),
    }))
}

/// A quantity as an exact JSON number.
fn number(quantity: Quantity) -> Value {
    quantity.to_string().parse().map_or(Value::Null, Value::Number)
}
