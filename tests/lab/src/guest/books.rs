//! What was scanned and counts, against the movements of the box.

use std::collections::BTreeMap;

use serde_json::Value;

use super::edge::Edge;
use crate::Trouble;

/// Movements of one page.
const PAGE: u64 = 500;

/// Codes that were scanned on a lane and are saved: how often.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Books(BTreeMap<(String, String), u64>);

impl Books {
    /// One more movement of an item on a lane.
    pub(crate) fn note(&mut self, lane: &str, sku: &str) {
        *self.0.entry((lane.to_owned(), sku.to_owned())).or_default() += 1;
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u64 {
        self.0.values().sum()
    }

    /// Those of the box.
    pub(crate) fn of(edge: &Edge) -> Result<Self, Trouble> {
        let mut books = Self::default();
        let mut after = 0;
        loop {
            let page = edge.get(&format!("/v1/movements?after={after}&page_size={PAGE}"))?;
            books.add(&page)?;
            let last = page.get("last").and_then(Value::as_u64).ok_or("a page without an end")?;
            if last <= after || Some(last) == page.get("tail").and_then(Value::as_u64) {
                return Ok(books);
            }
            after = last;
        }
    }

    fn add(&mut self, page: &Value) -> Result<(), Trouble> {
        for movement in page.get("movements").and_then(Value::as_array).ok_or("a page without movements")? {
            let text = |name: &str| movement.get(name).and_then(Value::as_str);
            let is_one = text("quantity") == Some("1") && text("kind") == Some("receipt");
            let is_plain = movement.get("parked").and_then(Value::as_bool) == Some(false);
            let (Some(item), Some(source), true) = (text("item"), text("source"), is_one && is_plain) else {
                return Err(format!("a movement that nobody scanned: {movement}").into());
            };
            self.note(source.trim_start_matches("lane:"), item);
        }
        Ok(())
    }

    /// What differs between what was scanned and what the box has.
    pub(crate) fn compare(&self, found: &Self) -> Result<u64, String> {
        let keys = self.0.keys().chain(found.0.keys());
        let of = |books: &Self, key| books.0.get(key).copied().unwrap_or(0);
        let wrong = keys.into_iter().find(|key| of(self, key) != of(found, key));
        wrong.map_or(Ok(self.len()), |key| {
            let (lane, item) = key;
            Err(format!("{item} on {lane}: scanned {}, saved {}", of(self, key), of(found, key)))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn movement(item: &str) -> Value {
        json!({ "item": item, "source": "lane:ftdi-1", "kind": "receipt", "quantity": "1", "parked": false })
    }

    #[test]
    fn what_is_missing_doubled_or_on_another_lane_is_found() {
        let mut scanned = Books::default();
        scanned.note("ftdi-1", "A00001");
        scanned.note("ftdi-1", "A00002");
        let found = |items: &[&str]| {
            let mut books = Books::default();
            let movements: Vec<Value> = items.iter().map(|item| movement(item)).collect();
            books.add(&json!({ "movements": movements })).unwrap();
            scanned.compare(&books)
        };
        assert_eq!(found(&["A00002", "A00001"]), Ok(2));
        assert!(found(&["A00001"]).is_err_and(|why| why == "A00002 on ftdi-1: scanned 1, saved 0"));
        assert!(found(&["A00001", "A00002", "A00002"]).is_err());
        assert!(found(&["A00001", "A00002", "A00003"]).is_err());
        let mut elsewhere = Books::default();
        elsewhere.note("ftdi-2", "A00001");
        elsewhere.note("ftdi-1", "A00002");
        assert!(scanned.compare(&elsewhere).is_err());
    }

    #[test]
    fn a_movement_of_another_kind_is_no_scan() {
        let mut parked = movement("A00001");
        parked["parked"] = json!(true);
        let mut two = movement("A00001");
        two["quantity"] = json!("2");
        for strange in [parked, two, json!({})] {
            assert!(Books::default().add(&json!({ "movements": [strange] })).is_err());
        }
    }
}
