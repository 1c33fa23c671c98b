//! The proof of the books: what the submitters know against what the centre
//! holds, to the thousandth.

use std::time::Duration;

use serde_json::{Value, json};
use tidemark_model::Sku;
use tokio::time::Instant;

use crate::process::{Daemon, ProcessError, client, get_json, post};
use crate::receipts::Sums;

/// Pairs asked for at once.
const PAIRS_AT_ONCE: usize = 1_000;
/// Between two looks at books that do not balance yet.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What the centre says of all shops together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Told or seen.
    pub committed: u64,
    /// In the ledger.
    pub applied: u64,
    /// In the dead letters.
    pub parked: u64,
    /// On their way.
    pub pending: u64,
    /// Named as never to come.
    pub lost: u64,
    /// Shops whose digests differ or are not known.
    pub without_match: u64,
    /// Shops.
    pub stores: u64,
}

impl Totals {
    /// Whether all has arrived and every digest matches.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        self.pending == 0 && self.lost == 0 && self.without_match == 0 && self.committed == self.applied + self.parked
    }
}

/// One item whose balance is not what the submitters know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The shop.
    pub store: String,
    /// The item.
    pub sku: Sku,
    /// What the submitters know, in thousandths.
    pub expected: i64,
    /// What the centre holds; none if it knows nothing.
    pub found: Option<i64>,
}

/// The centre as the checker asks it.
#[derive(Clone, Debug)]
pub struct Books {
    client: reqwest::Client,
    base: String,
}

impl Books {
    /// Of a centre that runs, whose certificate is believed.
    #[must_use]
    pub fn of(centre: &Daemon) -> Self {
        Self { client: centre.recipe().client(), base: centre.url("") }
    }

    /// Of the centre at this address.
    #[must_use]
    pub fn at(base: &str) -> Self {
        Self { client: client(), base: base.to_owned() }
    }

    /// The proof of one shop, as the API tells it.
    pub async fn store(&self, store: &str) -> Result<Value, ProcessError> {
        get_json(&self.client, &format!("{}/v1/stores/{store}", self.base)).await
    }

    /// An item in all shops, as the ledger holds it.
    pub async fn everywhere(&self, sku: &str) -> Result<Value, ProcessError> {
        get_json(&self.client, &format!("{}/v1/items/{sku}", self.base)).await
    }

    /// All shops together.
    pub async fn totals(&self) -> Result<Totals, ProcessError> {
        let fleet = get_json(&self.client, &format!("{}/v1/fleet", self.base)).await?;
        let mut totals = Totals::default();
        for store in fleet.get("stores").and_then(Value::as_array).into_iter().flatten() {
            let number = |name: &str| store.get(name).and_then(Value::as_u64).unwrap_or(0);
            totals.committed += number("committed");
            totals.applied += number("applied");
            totals.parked += number("parked");
            totals.pending += number("pending");
            totals.lost += number("lost");
            totals.stores += 1;
            let digest = store.get("digest").and_then(Value::as_str);
            totals.without_match += u64::from(digest != Some("match") && number("committed") > 0);
        }
        Ok(totals)
    }

    /// Looks until the books are settled with at least so many committed, or
    /// the time is over; what was seen last.
    pub async fn settle(&self, committed: u64, within: Duration) -> Result<Totals, ProcessError> {
        let deadline = Instant::now() + within;
        loop {
            let totals = self.totals().await;
            match totals {
                Ok(totals) if totals.is_settled() && totals.committed >= committed => return Ok(totals),
                answer if Instant::now() > deadline => return answer,
                Ok(_) | Err(_) => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }

    /// Every item whose sum of effects is not `opening` plus what the
    /// submitters know.
    pub async fn differences(&self, sums: &Sums, opening: i64) -> Result<Vec<Difference>, ProcessError> {
        let mut differences = Vec::new();
        let expected: Vec<_> = sums.effects().collect();
        for chunk in expected.chunks(PAIRS_AT_ONCE) {
            let items: Vec<Value> =
                chunk.iter().map(|(store, sku, _)| json!({"store": store, "sku": sku.as_str()})).collect();
            let body = json!({"items": items}).to_string().into_bytes();
            let url = format!("{}/v1/inventory:batchGet", self.base);
            let (status, answer) = post(&self.client, &url, "application/json", body).await?;
            let levels = answer.get("items").and_then(Value::as_array);
            let Some(levels) = levels.filter(|levels| status == 200 && levels.len() == chunk.len()) else {
                return Err(ProcessError::Answer { url, detail: format!("{status}: {answer}") });
            };
            for ((store, sku, effect), level) in chunk.iter().zip(levels) {
                let found = level.get("effect_sum").and_then(thousandths);
                let expected = effect + opening;
                if found != Some(expected) {
                    differences.push(Difference { store: (*store).to_owned(), sku: (*sku).clone(), expected, found });
                }
            }
        }
        Ok(differences)
    }
}

/// A JSON quantity in thousandths, exactly.
#[must_use]
pub fn thousandths(value: &Value) -> Option<i64> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits = format!("{fraction:0<3}");
    if digits.len() != 3 {
        return None;
    }
    let magnitude = whole.trim_start_matches('-').parse::<i64>().ok()?.checked_mul(1_000)?;
    let thousandths = magnitude.checked_add(digits.parse::<i64>().ok()?)?;
    Some(if whole.starts_with('-') { -thousandths } else { thousandths })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_quantities_are_read_exactly() {
        for (text, expected) in [("2", 2_000), ("-0.5", -500), ("1.25", 1_250), ("-3", -3_000), ("0.385", 385)] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(thousandths(&value), Some(expected), "{text}");
        }
        assert_eq!(thousandths(&Value::Null), None);
    }

    #[test]
    fn books_are_settled_only_when_nothing_waits_and_all_match() {
        let settled = Totals { committed: 10, applied: 8, parked: 2, stores: 1, ..Totals::default() };
        assert!(settled.is_settled());
        assert!(!Totals { applied: 7, ..settled }.is_settled());
        assert!(!Totals { pending: 1, ..settled }.is_settled());
        assert!(!Totals { without_match: 1, ..settled }.is_settled());
        assert!(!Totals { lost: 1, ..settled }.is_settled());
    }
}
