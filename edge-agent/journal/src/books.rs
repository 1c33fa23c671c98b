//! The books of a shop as they stand on disk, and changes on their way there.

use tidemark_model::books::{
    Books, Change, CountState, DocumentRecord, ItemEffect, Reversal, SequenceState, Stock, Suspense,
};
use tidemark_model::{Code, DocumentKey, Lookup, Odometer, Reference, Sku, Source, code_spelling};

use crate::layout::catalogue::{self, CatalogueHead, CodeMeaning};
use crate::layout::documents::Lines;
use crate::layout::effects::Effect;
use crate::layout::{Family, counts, documents, effects, sequences, stock, suspense};
use crate::store::{Batch, ReadError, Scan, Store};

/// The books on disk, with one version of the catalogue.
#[derive(Debug)]
pub(crate) struct StoredBooks<'a> {
    store: &'a Store,
    catalogue: &'a CatalogueHead,
}

impl<'a> StoredBooks<'a> {
    pub(crate) const fn new(store: &'a Store, catalogue: &'a CatalogueHead) -> Self {
        Self { store, catalogue }
    }
}

impl Books for StoredBooks<'_> {
    type Error = ReadError;

    fn document(&self, key: DocumentKey) -> Result<Option<DocumentRecord>, ReadError> {
        let record = self.store.value::<DocumentRecord>(Family::Documents, &documents::key(key))?;
        let Some(mut record) = record else { return Ok(None) };
        for (number, entry) in record.entries.iter_mut().enumerate() {
            let Reversal::Lines { lines, .. } = &mut entry.reversal else { continue };
            // Lines that are gone are older than any void may reach.
            let kept = self.store.value::<Lines>(Family::Documents, &documents::lines_key(key, number))?;
            *lines = kept.map_or_else(Vec::new, |kept| kept.lines);
        }
        Ok(Some(record))
    }

    fn stock(&self, sku: &Sku) -> Result<Option<Stock>, ReadError> {
        self.store.value(Family::Stock, stock::key(sku))
    }

    fn stocked(&self) -> Result<Vec<Sku>, ReadError> {
        let mut skus = Vec::new();
        self.store.scan(Family::Stock, &[], None, |key, _value| {
            skus.push(stock::read_key(key)?);
            Ok(Scan::On)
        })?;
        Ok(skus)
    }

    fn effects_after(&self, sku: &Sku, after: Odometer) -> Result<Vec<ItemEffect>, ReadError> {
        let Some(from) = after.0.checked_add(1) else { return Ok(Vec::new()) };
        let mut effects = Vec::new();
        let from = effects::key(sku, Odometer(from), 0, 0);
        let mut below = effects::prefix(sku);
        below.extend_from_slice(&[u8::MAX; 21]);
        self.store.scan(Family::ItemEffects, &from, Some(&below), |key, value| {
            effects.push(effects::read(key, value)?);
            Ok(Scan::On)
        })?;
        Ok(effects)
    }

    fn suspense(&self, code: &Code) -> Result<Option<Suspense>, ReadError> {
        self.store.value(Family::Suspense, suspense::key(code))
    }

    fn count(&self, reference: &Reference) -> Result<Option<CountState>, ReadError> {
        self.store.value(Family::Counts, counts::key(reference))
    }

    fn sequence(&self, source: &Source) -> Result<Option<SequenceState>, ReadError> {
        self.store.value(Family::Meta, &sequences::key(source))
    }

    fn lookup(&self, item: &str) -> Result<Lookup, ReadError> {
        lookup(self.store, self.catalogue, item)
    }

    fn catalogue_version(&self) -> u64 {
        self.catalogue.version
    }
}

/// What an item as given means: a SKU first, then a code.
pub(crate) fn lookup(store: &Store, head: &CatalogueHead, item: &str) -> Result<Lookup, ReadError> {
    if head.version == 0 {
        return Ok(Lookup::Unknown);
    }
    if let Some(item) = store.value(Family::Catalogue, &catalogue::item_key(head.half, item))? {
        return Ok(Lookup::Sku(item));
    }
    let Some(code) = code_spelling(item) else { return Ok(Lookup::Unknown) };
    let key = catalogue::code_key(head.half, code.as_str());
    let Some(meaning) = store.value::<CodeMeaning>(Family::Catalogue, &key)? else { return Ok(Lookup::Unknown) };
    let key = catalogue::item_key(head.half, meaning.sku.as_str());
    let item = store.value(Family::Catalogue, &key)?;
    Ok(item.map_or(Lookup::Unknown, |item| Lookup::Code { item, units_per_scan: meaning.units_per_scan }))
}

/// Puts a change of the books into a batch.
pub(crate) fn put_change(batch: &mut Batch<'_>, change: &Change) -> Result<(), ReadError> {
    match change {
        Change::Stock(sku, stock) => batch.put_value(Family::Stock, stock::key(sku), stock),
        Change::Effect(sku, effect) => {
            let key = effects::key(sku, effect.happened, effect.seq, effect.part);
            let ItemEffect { effect, trade, unsure, .. } = *effect;
            batch.put_value(Family::ItemEffects, &key, &Effect { effect, trade, unsure })
        }
        Change::Document(key, record) => put_document(batch, *key, record),
        Change::Suspense(code, suspense) => batch.put_value(Family::Suspense, suspense::key(code), suspense),
        Change::Count(reference, count) => batch.put_value(Family::Counts, counts::key(reference), count),
        Change::Sequence(source, state) => batch.put_value(Family::Meta, &sequences::key(source), state),
    }
}

fn put_document(batch: &mut Batch<'_>, key: DocumentKey, record: &DocumentRecord) -> Result<(), ReadError> {
    batch.put_value(Family::Documents, &documents::key(key), record)?;
    for (number, entry) in record.entries.iter().enumerate() {
        let lines_key = documents::lines_key(key, number);
        match &entry.reversal {
            Reversal::Lines { committed, lines } if !lines.is_empty() => {
                let lines = Lines { committed: *committed, lines: lines.clone() };
                batch.put_value(Family::Documents, &lines_key, &lines)?;
            }
            // Voided: its lines are of no more use.
            Reversal::Done => batch.delete(Family::Documents, &lines_key)?,
            Reversal::Lines { .. } | Reversal::Count | Reversal::Nothing => {}
        }
    }
    Ok(())
}
