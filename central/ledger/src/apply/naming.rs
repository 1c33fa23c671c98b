//! What a parked movement names, by which letters are grouped: its code, its
//! item, or what stands in what was given.

use serde_json::Value;
use tidemark_model::Movement;
use tidemark_model::limits::ITEM_BYTES;

/// The code of a parked movement; empty if it names none that can be told.
pub(super) fn code_of(movement: &Movement) -> String {
    let known = movement.code.as_ref().map(|code| code.as_str());
    let known = known.or_else(|| movement.sku.as_ref().map(|sku| sku.as_str()));
    known.map_or_else(|| of_raw(movement.parked.as_ref().map_or("", |parked| parked.raw.as_str())), str::to_owned)
}

fn of_raw(raw: &str) -> String {
    let member = serde_json::from_str::<Value>(raw).ok().and_then(|object| object.get("item").cloned());
    let given = match member {
        Some(Value::String(text)) => text,
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => {
            raw.split_once(" × ").map(|(_, item)| item.to_owned()).unwrap_or_default()
        }
    };
    let clean: String = given.trim().chars().filter(|one| !one.is_control()).collect();
    clean.get(..clean.floor_char_boundary(ITEM_BYTES)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::of_raw;

    #[test]
    fn a_code_is_found_in_what_was_given() {
        for (raw, code) in [
            (r#"{"item":"4006381333931","quantity":"many"}"#, "4006381333931"),
            (r#"{"item":4711,"quantity":2}"#, "4711"),
            (r#"{"item":null}"#, ""),
            ("3 × 4006381333931", "4006381333931"),
            ("void of till:1 7", ""),
            ("", ""),
        ] {
            assert_eq!(of_raw(raw), code, "{raw}");
        }
        assert_eq!(of_raw(&format!("1 × {}", "ä".repeat(100))).len(), 48);
    }
}
