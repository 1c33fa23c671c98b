//! What changes leave, key by key: what books in memory hold, and what a
//! draft lays over its books.

use std::collections::BTreeMap;

use crate::books::{Change, CountState, DocumentRecord, ItemEffect, SequenceState, Stock, Suspense};
use crate::key::DocumentKey;
use crate::position::{Odometer, Seq};
use crate::text::{Code, Reference, Sku, Source};

/// The last value of every key that was changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) stock: BTreeMap<Sku, Stock>,
    pub(crate) effects: BTreeMap<Sku, BTreeMap<(Odometer, Seq, u32), ItemEffect>>,
    pub(crate) documents: BTreeMap<DocumentKey, DocumentRecord>,
    pub(crate) suspense: BTreeMap<Code, Suspense>,
    pub(crate) counts: BTreeMap<Reference, CountState>,
    pub(crate) sequences: BTreeMap<Source, SequenceState>,
}

impl Kept {
    /// Nothing.
    pub(crate) const fn nothing() -> Self {
        Self {
            stock: BTreeMap::new(),
            effects: BTreeMap::new(),
            documents: BTreeMap::new(),
            suspense: BTreeMap::new(),
            counts: BTreeMap::new(),
            sequences: BTreeMap::new(),
        }
    }

    /// Keeps a change in place of what was kept under its key.
    pub(crate) fn put(&mut self, change: Change) {
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

    /// The effects on an item that happened after a reading, in their order.
    pub(crate) fn effects_after(&self, sku: &Sku, after: Odometer) -> impl Iterator<Item = ItemEffect> {
        let after = (after, Seq::MAX, u32::MAX);
        let effects = self.effects.get(sku).into_iter().flat_map(move |effects| effects.range(after..));
        effects.filter(move |(key, _)| **key > after).map(|(_, effect)| *effect)
    }

    /// All of it, each key once.
    pub(crate) fn into_changes(self) -> impl Iterator<Item = Change> {
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
}
