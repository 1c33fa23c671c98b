//! The catalogue as its loader sees it, and what it newly explains.

use tidemark_model::books::Suspense;
use tidemark_model::resolving::Learnt;
use tidemark_model::{Code, Document, Epoch, Label, Lookup, Quantity, Sku, WallTime};

use crate::books::lookup;
use crate::layout::catalogue::CatalogueHead;
use crate::layout::{Family, decode, suspense};
use crate::store::{ReadError, Scan, Store};

/// Which catalogue is in use and which is loading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogueState {
    /// The version in use; 0 without one.
    pub version: u64,
    /// Its items.
    pub items: u64,
    /// The version that is loading.
    pub loading: Option<LoadingState>,
    /// The shop's assortment; none if it has all items.
    pub assortment: Option<Label>,
}

/// How far a version is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadingState {
    /// Which version.
    pub version: u64,
    /// Items loaded.
    pub items: u64,
    /// The last SKU of the last page that is in: the next page begins after
    /// it.
    pub after: Option<Sku>,
}

impl CatalogueState {
    pub(crate) fn of(head: &CatalogueHead) -> Self {
        let loading = head.loading.as_ref().map(|loading| LoadingState {
            version: loading.version,
            items: loading.items,
            after: loading.after.clone(),
        });
        Self { version: head.version, items: head.items, loading, assortment: head.assortment.clone() }
    }
}

/// A code in suspense that the catalogue knows now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NowKnown {
    /// What it means.
    pub learnt: Learnt,
    /// The `resolve` that commits it.
    pub document: Document,
}

pub(crate) fn unresolved_now_known(
    store: &Store,
    head: &CatalogueHead,
    epoch: Epoch,
    wall: WallTime,
) -> Result<Vec<NowKnown>, ReadError> {
    let mut known = Vec::new();
    store.scan(Family::Suspense, &[], None, |key, value| {
        let suspended: Suspense = decode(value)?;
        let code = suspense::read_key(key)?;
        let (sku, units_per_scan) = match lookup(store, head, code.as_str())? {
            Lookup::Unknown => return Ok(Scan::On),
            // What was given as a SKU before the SKU was known.
            Lookup::Sku(item) => (item.sku, Quantity::ONE),
            Lookup::Code { item, units_per_scan } => (item.sku, units_per_scan),
        };
        let learnt = Learnt { code, sku, units_per_scan };
        let document = learnt.resolve(&suspended, epoch, wall);
        known.extend(document.map(|document| NowKnown { learnt, document }));
        Ok(Scan::On)
    })?;
    Ok(known)
}

/// How many codes have rows in suspense, and the first of them.
pub(crate) fn suspended(store: &Store, most: usize) -> Result<(usize, Vec<Code>), ReadError> {
    let (mut count, mut first) = (0, Vec::new());
    store.scan(Family::Suspense, &[], None, |key, value| {
        let suspended: Suspense = decode(value)?;
        if !suspended.rows.is_empty() {
            count += 1;
            if first.len() < most {
                first.push(suspense::read_key(key)?);
            }
        }
        Ok(Scan::On)
    })?;
    Ok((count, first))
}
