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
    /// Price in minor units and currency, if known.
    pub price: Option<Price>,
    /// What a kit is made of; empty for an item of its own.
    pub parts: Vec<KitPart>,
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
}

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
