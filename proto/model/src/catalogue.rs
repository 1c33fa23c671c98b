//! What the box knows of items and codes.

use crate::quantity::Quantity;
use crate::text::{Label, Sku};

/// An item of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its key.
    pub sku: Sku,
    /// What people call it.
    pub name: String,
    /// How it is counted.
    pub unit: ItemUnit,
    /// Whether stock is kept for it; departments, bags and services are not.
    pub tracked: bool,
    /// Its prices in the order in which they take effect.
    pub prices: Vec<Price>,
    /// What a kit is made of; empty for an item of its own.
    pub parts: Vec<KitPart>,
    /// The assortments it belongs to; empty if every shop has it.
    pub assortments: Vec<Label>,
}

impl Item {
    /// An item of which stock is kept, and nothing else is told.
    #[must_use]
    pub const fn new(sku: Sku, name: String, unit: ItemUnit) -> Self {
        Self { sku, name, unit, tracked: true, prices: Vec::new(), parts: Vec::new(), assortments: Vec::new() }
    }

    /// The price that always was, if there is one.
    #[must_use]
    pub fn always(&self) -> Option<&Price> {
        self.prices.iter().find(|price| price.from.is_none())
    }

    /// The prices that take effect at a moment, with it.
    pub fn coming(&self) -> impl Iterator<Item = (&Price, LocalTime)> {
        self.prices.iter().filter_map(|price| Some((price, price.from?)))
    }

    /// The price in effect, if one is, by which moments have come.
    #[must_use]
    pub fn price(&self, has_come: impl Fn(LocalTime) -> bool) -> Option<&Price> {
        self.prices.iter().rev().find(|price| price.from.is_none_or(&has_come))
    }

    /// Whether shops of an assortment have it; those without one have all.
    #[must_use]
    pub fn is_listed(&self, assortment: Option<&Label>) -> bool {
        self.assortments.is_empty() || assortment.is_none_or(|own| self.assortments.contains(own))
    }
}

/// One part of a kit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KitPart {
    /// The part.
    pub sku: Sku,
    /// How much of it one kit holds, in base units.
    pub quantity: Quantity,
}

/// How an item is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemUnit {
    /// By the piece: fractions are taken but flagged.
    Each,
    /// By weight, volume or length.
    Measure,
}

/// A price as the catalogue tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// In minor units of the currency.
    pub minor: i64,
    /// ISO 4217 code.
    pub currency: Label,
    /// When it takes effect; none if it always was.
    pub from: Option<LocalTime>,
}

/// A moment on the clock of whatever shop reads it: seconds since the first of
/// January 1970, 00:00, of that clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocalTime(pub i64);

/// What an item as given means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// It is a SKU: the quantity counts base units.
    Sku(Item),
    /// It is a code: the quantity counts packs.
    Code {
        /// The item.
        item: Item,
        /// Base units in one scan of the code.
        units_per_scan: Quantity,
    },
    /// Nobody has told us yet.
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(text: &str) -> Label {
        Label::new(text).unwrap()
    }

    fn item(prices: &[(i64, Option<i64>)], assortments: &[&str]) -> Item {
        let price = |(minor, from): &(i64, Option<i64>)| Price {
            minor: *minor,
            currency: label("EUR"),
            from: from.map(LocalTime),
        };
        Item {
            sku: Sku::new("1").unwrap(),
            name: "Pen".to_owned(),
            unit: ItemUnit::Each,
            tracked: true,
            prices: prices.iter().map(price).collect(),
            parts: Vec::new(),
            assortments: assortments.iter().map(|text| label(text)).collect(),
        }
    }

    #[test]
    fn the_price_in_effect_is_the_last_one_whose_moment_has_come() {
        let item = item(&[(199, None), (229, Some(100)), (249, Some(200))], &[]);
        let at = |now: i64| item.price(|from| from.0 <= now).map(|price| price.minor);
        assert_eq!([at(99), at(100), at(199), at(200)], [Some(199), Some(229), Some(229), Some(249)]);
        let coming = self::item(&[(229, Some(100))], &[]);
        assert_eq!(coming.price(|_| false), None);
    }

    #[test]
    fn an_item_is_listed_where_its_assortments_say() {
        let (all, some) = (item(&[], &[]), item(&[], &["CITY", "HYPER"]));
        let (city, rural) = (label("CITY"), label("RURAL"));
        assert_eq!([all.is_listed(Some(&rural)), all.is_listed(None)], [true, true]);
        assert_eq!(
            [some.is_listed(Some(&city)), some.is_listed(Some(&rural)), some.is_listed(None)],
            [true, false, true]
        );
    }
}
