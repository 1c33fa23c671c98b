//! Loading a catalogue into the half that is not in use, page by page, and
//! switching to it by one key; or changing the half in use, in one batch.

use tidemark_model::{Item, Sku};
use tidemark_sync::message::{CatalogueChange, CataloguePage};

use super::Owner;
use crate::catalogue::CatalogueState;
use crate::layout::Family;
use crate::layout::catalogue::{CatalogueHead, CodeMeaning, Half, Loading, code_key, item_key};
use crate::layout::meta;
use crate::store::{Batch, Durability, ReadError, Store};
use crate::submit::NotSaved;

impl Owner {
    /// Empties the other half for a version, unless that one is loading
    /// already: then it goes on where it was.
    pub(super) fn begin_catalogue(&mut self, version: u64) -> Result<CatalogueState, NotSaved> {
        let head = &self.state.catalogue;
        if head.loading.as_ref().is_some_and(|loading| loading.version == version) {
            return Ok(CatalogueState::of(head));
        }
        self.has_room_for_a_catalogue()?;
        let loading = Some(Loading { version, items: 0, after: None });
        let next = CatalogueHead { loading, ..head.clone() };
        self.change(Durability::Later, |_, batch| {
            empty(batch, next.half.other())?;
            batch.put_value(Family::Meta, &meta::CATALOGUE, &next)
        })?;
        self.state.catalogue = next;
        Ok(CatalogueState::of(&self.state.catalogue))
    }

    /// A page, of whichever sort.
    pub(super) fn take_catalogue(&mut self, page: &CataloguePage) -> Result<CatalogueState, NotSaved> {
        match &page.change {
            Some(change) => self.change_catalogue(page, change),
            None => self.load_catalogue(page),
        }
    }

    /// A page of the version that is loading; the last one switches. Of any
    /// other version, or a page that is in already, nothing is taken.
    fn load_catalogue(&mut self, page: &CataloguePage) -> Result<CatalogueState, NotSaved> {
        let head = self.state.catalogue.clone();
        let Some(loading) = head.loading.clone().filter(|loading| loading.version == page.version) else {
            return Ok(CatalogueState::of(&head));
        };
        let first = page.entries.first().map(|entry| &entry.item.sku);
        if first.is_some_and(|first| loading.after.as_ref().is_some_and(|after| first <= after)) {
            return Ok(CatalogueState::of(&head));
        }
        let next = after_page(&head, loading, page);
        // Pages may be loaded again, the switch is a fact.
        let durability = if page.last { Durability::Synced } else { Durability::Later };
        self.change(durability, |_, batch| {
            put_entries(batch, head.half.other(), page)?;
            batch.put_value(Family::Meta, &meta::CATALOGUE, &next)
        })?;
        self.state.catalogue = next;
        if page.last {
            self.change(Durability::Later, |_, batch| empty(batch, head.half))?;
        }
        Ok(CatalogueState::of(&self.state.catalogue))
    }

    /// Changes the half in use, in one batch with its version. What was
    /// loading is given up: it is older.
    fn change_catalogue(&mut self, page: &CataloguePage, change: &CatalogueChange) -> Result<CatalogueState, NotSaved> {
        let head = self.state.catalogue.clone();
        if head.version != change.since || head.version == 0 {
            return Ok(CatalogueState::of(&head));
        }
        let items = self.shared.shelf.read(|store| Ok::<_, NotSaved>(items_after(store, &head, page, change)?))?;
        let assortment = page.assortment.clone();
        let next = CatalogueHead { version: page.version, items, loading: None, assortment, half: head.half };
        self.change(Durability::Synced, |_, batch| {
            for sku in &change.gone_items {
                batch.delete(Family::Catalogue, &item_key(next.half, sku.as_str()))?;
            }
            for code in &change.gone_codes {
                batch.delete(Family::Catalogue, &code_key(next.half, code.as_str()))?;
            }
            put_entries(batch, next.half, page)?;
            batch.put_value(Family::Meta, &meta::CATALOGUE, &next)
        })?;
        self.state.catalogue = next;
        Ok(CatalogueState::of(&self.state.catalogue))
    }
}

/// How many items there are after a change.
fn items_after(
    store: &Store,
    head: &CatalogueHead,
    page: &CataloguePage,
    change: &CatalogueChange,
) -> Result<u64, ReadError> {
    let held = |sku: &Sku| {
        Ok::<_, ReadError>(store.value::<Item>(Family::Catalogue, &item_key(head.half, sku.as_str()))?.is_some())
    };
    let mut items = head.items;
    for entry in &page.entries {
        items = items.saturating_add(u64::from(!held(&entry.item.sku)?));
    }
    for sku in &change.gone_items {
        items = items.saturating_sub(u64::from(held(sku)?));
    }
    Ok(items)
}

fn after_page(head: &CatalogueHead, loading: Loading, page: &CataloguePage) -> CatalogueHead {
    let items = loading.items.saturating_add(u64::try_from(page.entries.len()).unwrap_or(u64::MAX));
    if page.last {
        let assortment = page.assortment.clone();
        return CatalogueHead { half: head.half.other(), version: page.version, items, loading: None, assortment };
    }
    let after = page.entries.last().map(|entry| entry.item.sku.clone()).or(loading.after);
    CatalogueHead { loading: Some(Loading { version: page.version, items, after }), ..head.clone() }
}

fn put_entries(batch: &mut Batch<'_>, half: Half, page: &CataloguePage) -> Result<(), ReadError> {
    for entry in &page.entries {
        let sku = &entry.item.sku;
        batch.put_value(Family::Catalogue, &item_key(half, sku.as_str()), &entry.item)?;
        for code in &entry.codes {
            let meaning = CodeMeaning { sku: sku.clone(), units_per_scan: code.units_per_scan };
            batch.put_value(Family::Catalogue, &code_key(half, code.code.as_str()), &meaning)?;
        }
    }
    Ok(())
}

fn empty(batch: &mut Batch<'_>, half: Half) -> Result<(), ReadError> {
    let (from, below) = half.bounds();
    batch.delete_range(Family::Catalogue, &from, &below)
}
