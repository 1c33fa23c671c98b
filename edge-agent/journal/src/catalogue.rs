//! The catalogue as its loader sees it, and what it newly explains.

use tidemark_model::books::Suspense;
use tidemark_model::document::Body;
use tidemark_model::{Code, Document, DocumentId, Epoch, Lookup, Quantity, Sku, Source, WallTime};

use crate::books::lookup;
use crate::layout::catalogue::CatalogueHead;
use crate::layout::{Family, decode, suspense};
use crate::store::{ReadError, Scan, Store};

/// The source under which the box submits what it does of its own accord.
pub const BOX_SOURCE: &str = "box";

/// Which catalogue is in use and which is loading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogueState {
    /// The version in use; 0 without one.
    pub version: u64,
    /// Its items.
    pub items: u64,
    /// The version that is loading.
    pub loading: Option<LoadingState>,
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
        Self { version: head.version, items: head.items, loading }
    }
}

/// A code in suspense that the catalogue knows now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NowKnown {
    /// The code as it was given.
    pub code: Code,
    /// Its item.
    pub sku: Sku,
    /// Base units in one scan of it.
    pub units_per_scan: Quantity,
    /// The `resolve` that commits it. Its id says which rows, which item and
    /// which units it is for, so that it counts once.
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
        let Some(newest) = suspended.rows.iter().map(|row| row.seq).max() else { return Ok(Scan::On) };
        let code = suspense::read_key(key)?;
        let (sku, units_per_scan) = match lookup(store, head, code.as_str())? {
            Lookup::Unknown => return Ok(Scan::On),
            // What was given as a SKU before the SKU was known.
            Lookup::Sku(item) => (item.sku, Quantity::ONE),
            Lookup::Code { item, units_per_scan } => (item.sku, units_per_scan),
        };
        let meaning = blake3::hash(format!("{sku}\u{0}{units_per_scan}\u{0}{code}").as_bytes());
        let meaning: String = meaning.to_hex().chars().take(16).collect();
        let id = format!("resolve-{epoch}-{newest}-{meaning}");
        let document = resolve(&id, &code, &sku, units_per_scan, wall);
        known.extend(document.map(|document| NowKnown { code, sku, units_per_scan, document }));
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

fn resolve(id: &str, code: &Code, sku: &Sku, units_per_scan: Quantity, wall: WallTime) -> Option<Document> {
    let identity = (Source::new(BOX_SOURCE).ok()?, DocumentId::new(id).ok()?);
    Some(Document::plain(identity, wall, Body::Resolve { code: code.clone(), sku: sku.clone(), units_per_scan }))
}
