//! What a person wants to be done to letters, parsed once.

use serde_json::{Value, json};
use tidemark_model::{Quantity, Sku};
use tidemark_sync::message::InstructionLine;

use crate::api::{AskedLine, number, read_lines, read_quantity, read_sku};

/// What is to be done to letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// What was given means this item.
    Map {
        /// The item.
        sku: Sku,
        /// Base units in one of what was given.
        units_per_scan: Quantity,
        /// How many it was, if not as given.
        quantity: Option<Quantity>,
    },
    /// On-hand changes by these.
    Correct(Vec<InstructionLine>),
    /// The document counts after all.
    Count,
    /// Nothing is done.
    Discard,
    /// The centre applies what it had parked.
    Apply,
}

impl Action {
    /// Reads what was asked for.
    pub(crate) fn read(
        word: &str,
        sku: Option<&str>,
        (units, quantity): (Option<&Value>, Option<&Value>),
        lines: &[AskedLine],
    ) -> Result<Self, String> {
        let of_map = sku.is_some() || units.is_some() || quantity.is_some();
        if word != "map" && of_map {
            return Err("`sku`, `units_per_scan` and `quantity` belong to the action map".to_owned());
        }
        if word != "correct" && !lines.is_empty() {
            return Err("`lines` belongs to the action correct".to_owned());
        }
        Ok(match word {
            "map" => {
                let Some(sku) = sku else { return Err("`sku` says what it means".to_owned()) };
                let units = units.map(|units| read_quantity("units_per_scan", units)).transpose()?;
                if units.is_some_and(|units| units <= Quantity::ZERO) {
                    return Err("`units_per_scan` is above 0".to_owned());
                }
                Self::Map {
                    sku: read_sku("sku", sku)?,
                    units_per_scan: units.unwrap_or(Quantity::ONE),
                    quantity: quantity.map(|quantity| read_quantity("quantity", quantity)).transpose()?,
                }
            }
            "correct" => Self::Correct(read_lines(lines)?),
            "count" => Self::Count,
            "discard" => Self::Discard,
            "apply" => Self::Apply,
            other => return Err(format!("`{other}` is no action: map, correct, count, discard or apply")),
        })
    }

    /// As it is told.
    pub(crate) fn shown(&self) -> Value {
        match self {
            Self::Map { sku, units_per_scan, quantity } => json!({
                "action": "map",
                "sku": sku.as_str(),
                "units_per_scan": number(*units_per_scan),
                "quantity": quantity.map(number),
            }),
            Self::Correct(lines) => {
                let line = |line: &InstructionLine| json!({ "sku": line.sku.as_str(), "by": number(line.quantity) });
                json!({ "action": "correct", "lines": lines.iter().map(line).collect::<Vec<_>>() })
            }
            Self::Count => json!({ "action": "count" }),
            Self::Discard => json!({ "action": "discard" }),
            Self::Apply => json!({ "action": "apply" }),
        }
    }
}
