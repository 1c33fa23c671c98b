//! Changes that are decided but not yet on disk, laid over the books: what
//! the next decision of the same batch sees.

use crate::books::{Books, Change, CountState, DocumentRecord, ItemEffect, SequenceState, Stock, Suspense};
use crate::catalogue::Lookup;
use crate::kept::Kept;
use crate::key::DocumentKey;
use crate::position::Odometer;
use crate::text::{Code, Reference, Sku, Source};

/// The books with undecided changes over them.
#[derive(Debug)]
pub struct Draft<'a, B> {
    base: &'a B,
    kept: Kept,
}

impl<'a, B: Books> Draft<'a, B> {
    /// A draft without changes.
    #[must_use]
    pub const fn over(base: &'a B) -> Self {
        Self { base, kept: Kept::nothing() }
    }

    /// Lays a change over the books.
    pub fn apply(&mut self, change: Change) {
        self.kept.put(change);
    }

    /// All changes, each key once with its last value.
    pub fn into_changes(self) -> impl Iterator<Item = Change> {
        self.kept.into_changes()
    }
}

impl<B: Books> Books for Draft<'_, B> {
    type Error = B::Error;

    fn document(&self, key: DocumentKey) -> Result<Option<DocumentRecord>, Self::Error> {
        self.kept.documents.get(&key).map_or_else(|| self.base.document(key), |record| Ok(Some(record.clone())))
    }

    fn stock(&self, sku: &Sku) -> Result<Option<Stock>, Self::Error> {
        self.kept.stock.get(sku).map_or_else(|| self.base.stock(sku), |stock| Ok(Some(*stock)))
    }

    fn stocked(&self) -> Result<Vec<Sku>, Self::Error> {
        let mut skus = self.base.stocked()?;
        skus.extend(self.kept.stock.keys().cloned());
        skus.sort_unstable();
        skus.dedup();
        Ok(skus)
    }

    fn effects_after(&self, sku: &Sku, after: Odometer) -> Result<Vec<ItemEffect>, Self::Error> {
        let mut effects = self.base.effects_after(sku, after)?;
        let committed = effects.len();
        effects.extend(self.kept.effects_after(sku, after));
        if effects.len() > committed {
            effects.sort_unstable_by_key(|effect| (effect.happened, effect.seq, effect.part));
        }
        Ok(effects)
    }

    fn suspense(&self, code: &Code) -> Result<Option<Suspense>, Self::Error> {
        self.kept.suspense.get(code).map_or_else(|| self.base.suspense(code), |found| Ok(Some(found.clone())))
    }

    fn count(&self, reference: &Reference) -> Result<Option<CountState>, Self::Error> {
        self.kept.counts.get(reference).map_or_else(|| self.base.count(reference), |found| Ok(Some(found.clone())))
    }

    fn sequence(&self, source: &Source) -> Result<Option<SequenceState>, Self::Error> {
        self.kept.sequences.get(source).map_or_else(|| self.base.sequence(source), |found| Ok(Some(found.clone())))
    }

    fn lookup(&self, item: &str) -> Result<Lookup, Self::Error> {
        self.base.lookup(item)
    }

    fn catalogue_version(&self) -> u64 {
        self.base.catalogue_version()
    }
}
