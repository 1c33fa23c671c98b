//! The books in memory, for simulated shops and tests.

use std::collections::BTreeMap;
use std::convert::Infallible;

use crate::books::{Books, Change, CountState, DocumentRecord, ItemEffect, SequenceState, Stock, Suspense};
use crate::catalogue::{Item, Lookup};
use crate::gtin::code_spelling;
use crate::key::DocumentKey;
use crate::position::{Odometer, Seq};
use crate::quantity::Quantity;
use crate::text::{Code, Reference, Sku, Source};

/// The books of one shop, held in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryBooks {
    stock: BTreeMap<Sku, Stock>,
    effects: BTreeMap<Sku, BTreeMap<(Odometer, Seq, u32), ItemEffect>>,
    documents: BTreeMap<DocumentKey, DocumentRecord>,
    suspense: BTreeMap<Code, Suspense>,
    counts: BTreeMap<Reference, CountState>,
    sequences: BTreeMap<Source, SequenceState>,
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
        for change in changes {
            match change {
                Change::Stock(sku, stock) => drop(self.stock.insert(sku, stock)),
                Change::Effect(sku, effect) => {
                    let key = (effect.happened, effect.seq, effect.part);
                    self.effects.entry(sku).or_default().insert(key, effect);
                }
                Change::Document(key, record) => drop(self.documents.insert(key, record)),
                Change::Suspense(code, suspense) => drop(self.suspense.insert(code, suspense)),
                Change::Count(reference, count) => drop(self.counts.insert(reference, count)),
                Change::Sequence(source, state) => drop(self.sequences.insert(source, state)),
            }
        }
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
        let stock = self.stock.into_iter().map(|(sku, stock)| Change::Stock(sku, stock));
        let effects = self
            .effects
            .into_iter()
            .flat_map(|(sku, effects)| effects.into_values().map(move |effect| Change::Effect(sku.clone(), effect)));
        let documents = self.documents.into_iter().map(|(key, record)| Change::Document(key, record));
        let suspense = self.suspense.into_iter().map(|(code, suspense)| Change::Suspense(code, suspense));
        let counts = self.counts.into_iter().map(|(reference, count)| Change::Count(reference, count));
        let sequences = self.sequences.into_iter().map(|(source, state)| Change::Sequence(source, state));
        stock.chain(effects).chain(documents).chain(suspense).chain(counts).chain(sequences)
    }

    /// Every count of several zones.
    pub fn all_counts(&self) -> impl Iterator<Item = (&Reference, &CountState)> {
        self.counts.iter()
    }

    /// What is held under every document's identity.
    pub fn all_documents(&self) -> impl Iterator<Item = (&DocumentKey, &DocumentRecord)> {
        self.documents.iter()
    }

    /// Every item's stock.
    pub fn all_stock(&self) -> impl Iterator<Item = (&Sku, &Stock)> {
        self.stock.iter()
    }

    /// Every code with suspense.
    pub fn all_suspense(&self) -> impl Iterator<Item = (&Code, &Suspense)> {
        self.suspense.iter()
    }
}

impl Books for MemoryBooks {
    type Error = Infallible;

    fn document(&self, key: DocumentKey) -> Result<Option<DocumentRecord>, Infallible> {
        Ok(self.documents.get(&key).cloned())
    }

    fn stock(&self, sku: &Sku) -> Result<Option<Stock>, Infallible> {
        Ok(self.stock.get(sku).copied())
    }

    fn stocked(&self) -> Result<Vec<Sku>, Infallible> {
        Ok(self.stock.keys().cloned().collect())
    }

    fn effects_after(&self, sku: &Sku, after: Odometer) -> Result<Vec<ItemEffect>, Infallible> {
        let after = (after, Seq::MAX, u32::MAX);
        Ok(self.effects.get(sku).map_or_else(Vec::new, |effects| {
            effects.range(after..).filter(|(key, _)| **key > after).map(|(_, effect)| *effect).collect()
        }))
    }

    fn suspense(&self, code: &Code) -> Result<Option<Suspense>, Infallible> {
        Ok(self.suspense.get(code).cloned())
    }

    fn count(&self, reference: &Reference) -> Result<Option<CountState>, Infallible> {
        Ok(self.counts.get(reference).cloned())
    }

    fn sequence(&self, source: &Source) -> Result<Option<SequenceState>, Infallible> {
        Ok(self.sequences.get(source).cloned())
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
