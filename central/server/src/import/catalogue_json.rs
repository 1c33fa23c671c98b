//! The catalogue as JSON: `{"items": [{"sku", "name", "unit", "tracked",
//! "price": {"minor", "currency"}, "coming_prices": [{"minor", "currency",
//! "from"}], "codes": [{"code", "units_per_scan"}], "parts": [{"sku",
//! "quantity"}], "assortments": ["CITY"]}]}`. Each item becomes the rows that a CSV
//! would have for it, so that both are checked alike; the line of a fault is
//! the item's number.

use serde_json::{Map, Value};

use super::faults::Faults;

/// One item as rows of a CSV, each with the texts of its columns.
pub(super) type Cells = Vec<(&'static str, String)>;

const ITEM: [&str; 9] = ["sku", "name", "unit", "tracked", "price", "coming_prices", "codes", "parts", "assortments"];
const PRICE: [&str; 2] = ["minor", "currency"];
const COMING: [&str; 3] = ["minor", "currency", "from"];
const CODE: [&str; 2] = ["code", "units_per_scan"];
const PART: [&str; 2] = ["sku", "quantity"];

/// The rows of a catalogue in JSON, each with its item's number; what is not
/// of that shape is a fault.
pub(super) fn rows(bytes: &[u8]) -> Result<Vec<(u64, Cells)>, Faults> {
    let read: Value = serde_json::from_slice(bytes).map_err(|error| {
        Faults::one(u64::try_from(error.line()).unwrap_or(1), None, format!("it is no JSON: {error}"))
    })?;
    let Some(items) = read.get("items").and_then(Value::as_array) else {
        return Err(Faults::one(1, Some("items"), "the member `items` is no list".to_owned()));
    };
    let (mut rows, mut faults) = (Vec::with_capacity(items.len()), Faults::default());
    for (item, number) in items.iter().zip(1_u64..) {
        match rows_of(item) {
            Ok(of_item) => rows.extend(of_item.into_iter().map(|cells| (number, cells))),
            Err((column, detail)) => faults.add(number, column, detail),
        }
    }
    if faults.is_empty() { Ok(rows) } else { Err(faults) }
}

type Fault = (Option<&'static str>, String);

fn rows_of(item: &Value) -> Result<Vec<Cells>, Fault> {
    let item = members(item, &ITEM, None)?;
    let mut common = Cells::new();
    for name in ["sku", "name", "unit", "tracked"] {
        common.push((name, text(item, name, None)?));
    }
    let mut always = Cells::new();
    if let Some(price) = item.get("price").filter(|price| !price.is_null()) {
        always = price_cells(members(price, &PRICE, Some("price_minor"))?)?;
    }
    let mut labels = Vec::new();
    for label in list(item, "assortments")? {
        let label = label.as_str().filter(|label| !label.contains(';'));
        labels.push(label.ok_or((Some("assortments"), "an assortment is a text without semicolon".to_owned()))?);
    }
    common.push(("assortments", labels.join(";")));
    let mut parts = Vec::new();
    for part in list(item, "parts")? {
        let part = members(part, &PART, Some("parts"))?;
        let sku = text(part, "sku", Some("parts"))?;
        if sku.contains(';') {
            return Err((Some("parts"), "the SKU of a part has no semicolon".to_owned()));
        }
        parts.push(format!("{sku}*{}", text(part, "quantity", Some("parts"))?));
    }
    common.push(("parts", parts.join(";")));
    let mut rows = Vec::new();
    for price in list(item, "coming_prices")? {
        let price = members(price, &COMING, Some("price_from"))?;
        let from = text(price, "from", Some("price_from"))?;
        if from.is_empty() {
            return Err((Some("price_from"), "a coming price says `from` when on".to_owned()));
        }
        rows.push([common.as_slice(), &price_cells(price)?, &[("price_from", from)]].concat());
    }
    common.extend(always);
    let before_codes = rows.len();
    for code in list(item, "codes")? {
        let code = members(code, &CODE, Some("barcode"))?;
        let barcode = ("barcode", text(code, "code", Some("barcode"))?);
        let units = ("units_per_scan", text(code, "units_per_scan", Some("units_per_scan"))?);
        rows.push([common.as_slice(), &[barcode, units]].concat());
    }
    if rows.len() == before_codes {
        rows.push(common);
    }
    Ok(rows)
}

fn price_cells(price: &Map<String, Value>) -> Result<Cells, Fault> {
    let minor = ("price_minor", text(price, "minor", Some("price_minor"))?);
    Ok(vec![minor, ("currency", text(price, "currency", Some("currency"))?)])
}

fn members<'v>(
    value: &'v Value,
    known: &[&str],
    column: Option<&'static str>,
) -> Result<&'v Map<String, Value>, Fault> {
    let members = value.as_object().ok_or_else(|| (column, "it is no object".to_owned()))?;
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => {
            let shown: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
            Err((column, format!("the member {shown:?} is not known; known are {}", known.join(", "))))
        }
        None => Ok(members),
    }
}

fn list<'v>(item: &'v Map<String, Value>, name: &'static str) -> Result<&'v [Value], Fault> {
    match item.get(name) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(list)) => Ok(list),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            Err((Some(name), format!("`{name}` is a list")))
        }
    }
}

fn text(of: &Map<String, Value>, name: &str, column: Option<&'static str>) -> Result<String, Fault> {
    match of.get(name) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.trim().to_owned()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(Value::Bool(is)) => Ok(is.to_string()),
        Some(Value::Array(_) | Value::Object(_)) => Err((column, format!("`{name}` is a text or a number"))),
    }
}
