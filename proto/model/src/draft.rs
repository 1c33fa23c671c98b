//! Changes that are decided but not yet on disk, laid over the books: what
//! the next decision of the same batch sees.

use std::collections::BTreeMap;

use crate::books::{Books, Change, CountState, DocumentRecord, ItemEffect, SequenceState, Stock, Suspense};
use crate::catalogue::Lookup;
use crate::key::DocumentKey;
use crate::position::{Odometer, Seq};
use crate::text::{Code, Reference, Sku, Source};

/// The books with undecided changes over them.
#[derive(Debug)]
pub struct Draft<'a, B> {
    base: &'a B,
    stock: BTreeMap<Sku, Stock>,
    effects: BTreeMap<Sku, BTreeMap<(Odometer, Seq, u32), ItemEffect>>,
    documents: BTreeMap<DocumentKey, DocumentRecord>,
    suspense: BTreeMap<Code, Suspense>,
    counts: BTreeMap<Reference, CountState>,
    sequences: BTreeMap<Source, SequenceState>,
}

impl<'a, B: Books> Draft<'a, B> {
    /// A draft without changes.
    #[must_use]
    pub const fn over(base: &'a B) -> Self {
        Self {
            base,
            stock: BTreeMap::new(),
            effects: BTreeMap::new(),
            documents: BTreeMap::new(),
            suspense: BTreeMap::new(),
            counts: BTreeMap::new(),
            sequences: BTreeMap::new(),
        }
    }

    /// Lays a change over the books.
    pub fn apply(&mut self, change: Change) {
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

    /// All changes, each key once with its last value.
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
}

impl<B: Books> Books for Draft<'_, B> {
    type Error = B::Error;

    fn document(&self, key: DocumentKey) -> Result<Option<DocumentRecord>, Self::Error> {
        self.documents.get(&key).map_or_else(|| self.base.document(key), |record| Ok(Some(record.clone())))
    }

    fn stock(&self, sku: &Sku) -> Result<Option<Stock>, Self::Error> {
        self.stock.get(sku).map_or_else(|| self.base.stock(sku), |stock| Ok(Some(*stock)))
    }

    fn stocked(&self) -> Result<Vec<Sku>, Self::Error> {
        let mut skus = self.base.stocked()?;
        skus.extend(self.stock.keys().cloned());
        skus.sort_unstable();
        skus.dedup();
        Ok(skus)
    }

    fn effects_after(&self, sku: &Sku, after: Odometer) -> Result<Vec<ItemEffect>, Self::Error> {
        let mut effects = self.base.effects_after(sku, after)?;
        if let Some(drafted) = self.effects.get(sku) {
            let later = drafted.values().filter(|effect| effect.happened > after);
            effects.extend(later.copied());
            effects.sort_unstable_by_key(|effect| (effect.happened, effect.seq, effect.part));
        }
        Ok(effects)
    }

    fn suspense(&self, code: &Code) -> Result<Option<Suspense>, Self::Error> {
        self.suspense.get(code).map_or_else(|| self.base.suspense(code), |found| Ok(Some(found.clone())))
    }

    fn count(&self, reference: &Reference) -> Result<Option<CountState>, Self::Error> {
        self.counts.get(reference).map_or_else(|| self.base.count(reference), |found| Ok(Some(found.clone())))
    }

    fn sequence(&self, source: &Source) -> Result<Option<SequenceState>, Self::Error> {
        self.sequences.get(source).map_or_else(|| self.base.sequence(source), |found| Ok(Some(found.clone())))
    }

    fn lookup(&self, item: &str) -> Result<Lookup, Self::Error> {
        self.base.lookup(item)
    }

    fn catalogue_version(&self) -> u64 {
        self.base.catalogue_version()
    }
}
