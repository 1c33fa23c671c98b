//! Receipts as a till makes them, and the till's own sums to check the
//! centre's books against.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tidemark_model::Sku;

use crate::chance::Chance;
use crate::range::Article;

/// A till that sells from a range.
#[derive(Clone, Debug)]
pub struct Till {
    source: String,
    life: String,
    business_day: String,
    number: u64,
    chance: Chance,
    lines: u64,
}

/// One receipt, complete: the till has it before it tells anyone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Who submits it.
    pub source: String,
    /// Its id by the recipe `<till life>-<business day>-<till>-<number>`.
    pub id: String,
    /// The trading day.
    pub business_day: String,
    /// Its running number.
    pub number: u64,
    /// What was sold: code as scanned, SKU, pieces.
    pub lines: Vec<SoldLine>,
}

/// One line of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoldLine {
    /// The code as scanned.
    pub code: String,
    /// The item it is.
    pub sku: Sku,
    /// How many pieces.
    pub pieces: i64,
}

impl Till {
    /// A till of a store. The life is new at each re-install.
    #[must_use]
    pub fn new(till: &str, life: u64, seed: u64) -> Self {
        Self {
            source: format!("till:{till}"),
            life: format!("{:04x}", life & 0xffff),
            business_day: "2026-11-24".to_owned(),
            number: 0,
            chance: Chance::of(seed),
            lines: 3,
        }
    }

    /// The same till with so many lines a receipt.
    #[must_use]
    pub const fn with_lines(mut self, lines: u64) -> Self {
        self.lines = lines;
        self
    }

    /// The next receipt.
    pub fn ring_up(&mut self, range: &[Article]) -> Receipt {
        self.number += 1;
        let day = self.business_day.replace('-', "");
        let till = self.source.trim_start_matches("till:");
        let lines = (0..self.lines).filter_map(|_| self.chance.pick(range)).collect();
        Receipt {
            source: self.source.clone(),
            id: format!("{}-{day}-{till}-{}", self.life, self.number),
            business_day: self.business_day.clone(),
            number: self.number,
            lines,
        }
    }
}

impl Chance {
    fn pick(&mut self, range: &[Article]) -> Option<SoldLine> {
        let count = u64::try_from(range.len()).ok()?;
        let article = range.get(usize::try_from(self.below(count)).ok()?)?;
        let pieces = if self.happens(150) { 2 } else { 1 };
        Some(SoldLine { code: article.gtin.to_string(), sku: article.sku.clone(), pieces })
    }
}

impl Receipt {
    /// As a `CloudEvent` for the box.
    #[must_use]
    pub fn event(&self) -> Value {
        let lines: Vec<Value> =
            self.lines.iter().map(|line| json!({"item": line.code, "quantity": line.pieces})).collect();
        json!({
            "specversion": "1.0",
            "type": "tidemark.sale",
            "source": self.source,
            "id": self.id,
            "datacontenttype": "application/json",
            "data": {"lines": lines, "business_day": self.business_day, "sequence": self.number},
        })
    }
}

/// What the submitters know they sold: the reference for the books.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    effects: BTreeMap<(String, Sku), i64>,
    movements: u64,
}

impl Sums {
    /// Notes a receipt of a store.
    pub fn sold(&mut self, store: &str, receipt: &Receipt) {
        for line in &receipt.lines {
            self.add(store, &line.sku, -line.pieces);
        }
    }

    /// Notes one movement of so many pieces.
    pub fn add(&mut self, store: &str, sku: &Sku, pieces: i64) {
        *self.effects.entry((store.to_owned(), sku.clone())).or_default() += pieces * 1_000;
        self.movements += 1;
    }

    /// Takes in what another submitter knows.
    pub fn merge(&mut self, other: &Self) {
        for (key, effect) in &other.effects {
            *self.effects.entry(key.clone()).or_default() += effect;
        }
        self.movements += other.movements;
    }

    /// Effects in thousandths, by store and SKU.
    pub fn effects(&self) -> impl Iterator<Item = (&str, &Sku, i64)> {
        self.effects.iter().map(|((store, sku), effect)| (store.as_str(), sku, *effect))
    }

    /// How many movements were noted.
    #[must_use]
    pub const fn movements(&self) -> u64 {
        self.movements
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::range::articles;

    #[test]
    fn ids_follow_the_recipe_and_never_repeat() {
        let range = articles(100);
        let mut till = Till::new("3", 0xbeef, 1);
        let (first, second) = (till.ring_up(&range), till.ring_up(&range));
        assert_eq!(first.id, "beef-20261124-3-1");
        assert_eq!(second.id, "beef-20261124-3-2");
        assert_eq!(first.lines.len(), 3);
    }

    #[test]
    fn sums_are_what_was_sold() {
        let range = articles(1);
        let mut till = Till::new("3", 1, 1);
        let receipt = till.ring_up(&range);
        let mut sums = Sums::default();
        sums.sold("S1", &receipt);
        let pieces: i64 = receipt.lines.iter().map(|line| line.pieces).sum();
        assert_eq!(sums.effects().map(|(_, _, effect)| effect).sum::<i64>(), -1_000 * pieces);
        assert_eq!(sums.movements(), 3);
    }
}
