//! What changed, as others are told of it.

use jiff::Timestamp;
use serde_json::{Value, json};
use tidemark_ledger::{DeadLetterRow, LevelRow};
use tidemark_model::{Basis, Generation, Quantity, Sku, StoreId};
use tidemark_stream::{Announcement, Subject};

use crate::api::{letter_json, number, time_text};

/// A level as `inventory-levels` tells it.
pub(crate) fn announced_level(level: &LevelRow) -> Announcement {
    let told = json!({
        "store": level.store.as_str(),
        "sku": level.sku.as_str(),
        "on_hand": (level.basis == Basis::Counted).then(|| number(level.on_hand)),
        "available": level.available().map(number),
        "reserved": number(level.reserved),
        "safety_stock": number(level.safety),
        "effect_sum": number(level.effect_sum),
        "basis": level.basis.word(),
        "stale": level.older,
        "as_of": time_text(level.changed_at),
        "version": [level.version.0.0, level.version.1],
    });
    let key = format!("{}/{}", level.store, level.sku);
    Announcement { subject: Subject::Level, key, json: told.to_string().into_bytes() }
}

/// What was parked, as `inventory-dead-letters` tells it.
pub(crate) fn announced_letter(letter: &DeadLetterRow) -> Announcement {
    let key = format!("{}/{}/{}", letter.store, letter.epoch, letter.seq);
    Announcement { subject: Subject::DeadLetter, key, json: letter_json(letter).to_string().into_bytes() }
}

/// The level of an announcement; none if it is none of ours. What an item
/// without a basis has on hand is not told, and not shown either.
pub(crate) fn level_of_announcement(json: &[u8]) -> Option<LevelRow> {
    let told: Value = serde_json::from_slice(json).ok()?;
    let text = |name: &str| told.get(name)?.as_str();
    let quantity = |name: &str| match told.get(name)? {
        Value::Number(number) => quantity_of(&number.to_string()),
        Value::Null => Some(Quantity::ZERO),
        Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let [generation, counter] = told.get("version")?.as_array()?.as_slice() else { return None };
    Some(LevelRow {
        store: StoreId::new(text("store")?).ok()?,
        sku: Sku::new(text("sku")?).ok()?,
        effect_sum: quantity("effect_sum")?,
        on_hand: quantity("on_hand")?,
        basis: [Basis::None, Basis::Counted].into_iter().find(|basis| Some(basis.word()) == text("basis"))?,
        older: told.get("stale")?.as_bool()?,
        reserved: quantity("reserved")?,
        safety: quantity("safety_stock")?,
        version: (Generation(generation.as_u64()?), counter.as_u64()?),
        changed_at: text("as_of")?.parse::<Timestamp>().ok()?.as_millisecond(),
    })
}

/// A quantity as it is told: at most three decimals.
fn quantity_of(text: &str) -> Option<Quantity> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let padded = format!("{decimals:0<3}");
    let thousandths = if padded.len() == 3 { format!("{whole}{padded}").parse().ok()? } else { return None };
    Some(Quantity::thousandths(thousandths))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_read_as_it_was_announced() {
        let level = LevelRow {
            store: StoreId::new("S1").unwrap(),
            sku: Sku::new("apple").unwrap(),
            effect_sum: Quantity::thousandths(-1_250),
            on_hand: Quantity::thousandths(98_500),
            basis: Basis::Counted,
            older: true,
            reserved: Quantity::thousandths(2_000),
            safety: Quantity::thousandths(500),
            version: (Generation(3), u64::MAX),
            changed_at: 1_700_000_000_123,
        };
        let again = |level: &LevelRow| level_of_announcement(&announced_level(level).json);
        assert_eq!(again(&level), Some(level.clone()));
        let without = LevelRow { basis: Basis::None, on_hand: Quantity::ZERO, ..level };
        assert_eq!(again(&without), Some(without));
        for other in ["", "{}", "[1]", "{\"store\":\"S1\",\"sku\":\"a\",\"version\":[1]}"] {
            assert_eq!(level_of_announcement(other.as_bytes()), None, "{other}");
        }
    }

    /// The examples of a message in the documentation.
    fn examples(message: &str) -> Vec<Value> {
        let text = include_str!("../../../../docs/asyncapi.yaml");
        let of_it = text.split(&format!("\n    {message}:\n")).nth(1).unwrap();
        let lines = of_it.lines().take_while(|line| line.is_empty() || line.starts_with("      "));
        let payloads = lines.filter_map(|line| line.trim().strip_prefix("payload: "));
        payloads.filter(|line| line.starts_with("{\"")).map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn the_documentation_shows_levels_and_letters_as_they_are_sent() {
        let levels = examples("level");
        assert_eq!(levels.len(), 2);
        for shown in levels {
            let read = level_of_announcement(shown.to_string().as_bytes()).unwrap();
            let sent: Value = serde_json::from_slice(&announced_level(&read).json).unwrap();
            assert_eq!(sent, shown);
        }
        let [shown] = examples("deadLetter").try_into().unwrap();
        let text = |name: &str| shown[name].as_str().unwrap().to_owned();
        let letter = DeadLetterRow {
            number: 7,
            store: StoreId::new("S0001").unwrap(),
            epoch: tidemark_model::Epoch(0xab),
            seq: 42,
            reason: text("reason"),
            detail: text("detail"),
            raw: text("raw"),
            source: text("source"),
            id: text("id"),
            parked_at: text("parked_at").parse::<Timestamp>().unwrap().as_millisecond(),
            closed_at: None,
            code: text("code"),
            job: shown["job"].as_i64(),
            settled: None,
            failure: None,
        };
        let sent: Value = serde_json::from_slice(&announced_letter(&letter).json).unwrap();
        assert_eq!(sent, shown);
    }
}
