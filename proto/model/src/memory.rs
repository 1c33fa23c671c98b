//! The books in memory, for simulated shops and tests.

use std::collections::BTreeMap;
use std::convert::Infallible;

use crate::books::{Books, Change, CountState, DocumentRecord, ItemEffect, SequenceState, Stock, Suspense};
use crate::catalogue::{Item, Lookup};
use crate::gtin::code_spelling;
use crate::kept::Kept;
use crate::key::DocumentKey;
use crate::position::Odometer;
use crate::quantity::Quantity;
use crate::text::{Code, Reference, Sku, Source};

/// The books of one shop, held in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryBooks {
    kept: Kept,
    items: BTreeMap<Sku, Item>,
    codes: BTreeMap<Code, (Sku, Quantity)>,
    version: u64,
}

impl MemoryBooks {
    /// Books of a shop that has done nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes changes part of the books.
    pub fn commit(&mut self, changes: impl IntoIterator<Item = Change>) {
        changes.into_iter().for_each(|change| self.kept.put(change));
    }

    /// Teaches the shop an item.
    pub fn learn_item(&mut self, item: Item) {
        self.items.insert(item.sku.clone(), item);
        self.version += 1;
    }

    /// Teaches the shop a code of an item.
    pub fn learn_code(&mut self, code: Code, sku: Sku, units_per_scan: Quantity) {
        self.codes.insert(code, (sku, units_per_scan));
        self.version += 1;
    }

    /// All that the books hold, each key once. What the shop was taught is no
    /// part of it.
    pub fn into_changes(self) -> impl Iterator<Item = Change> {
        self.kept.into_changes()
    }

    /// Every count of several zones.
    pub fn all_counts(&self) -> impl Iterator<Item = (&Reference, &CountState)> {
        self.kept.counts.iter()
    }

    /// What is held under every document's identity.
    pub fn all_documents(&self) -> impl Iterator<Item = (&DocumentKey, &DocumentRecord)> {
        self.kept.documents.iter()
    }

    /// Every item's stock.
    pub fn all_stock(&self) -> impl Iterator<Item = (&Sku, &Stock)> {
        self.kept.stock.iter()
    }

    /// Every code with suspense.
    pub fn all_suspense(&self) -> impl Iterator<Item = (&Code, &Suspense)> {
        self.kept.suspense.iter()
    }
}

impl Books for MemoryBooks {
    type Error = Infallible;

    fn document(&self, key: DocumentKey) -> Result<Option<DocumentRecord>, Infallible> {
        Ok(self.kept.documents.get(&key).cloned())
    }

    fn stock(&self, sku: &Sku) -> Result<Option<Stock>, Infallible> {
        Ok(self.kept.stock.get(sku).copied())
    }

    fn stocked(&self) -> Result<Vec<Sku>, Infallible> {
        Ok(self.kept.stock.keys().cloned().collect())
    }

    fn effects_after(&self, sku: &Sku, after: Odometer) -> Result<Vec<ItemEffect>, Infallible> {
        Ok(self.kept.effects_after(sku, after).collect())
    }

    fn suspense(&self, code: &Code) -> Result<Option<Suspense>, Infallible> {
        Ok(self.kept.suspense.get(code).cloned())
    }

    fn count(&self, reference: &Reference) -> Result<Option<CountState>, Infallible> {
        Ok(self.kept.counts.get(reference).cloned())
    }

    fn sequence(&self, source: &Source) -> Result<Option<SequenceState>, Infallible> {
        Ok(self.kept.sequences.get(source).cloned())
    }

    fn lookup(&self, item: &str) -> Result<Lookup, Infallible> {
        if let Some(item) = self.items.get(item) {
            return Ok(Lookup::Sku(item.clone()));
        }
        let found = code_spelling(item).and_then(|code| self.codes.get(&code));
        Ok(match found.and_then(|(sku, units)| self.items.get(sku).map(|item| (item, units))) {
            Some((item, units)) => Lookup::Code { item: item.clone(), units_per_scan: *units },
            None => Lookup::Unknown,
        })
    }

    fn catalogue_version(&self) -> u64 {
        self.version
    }
}
