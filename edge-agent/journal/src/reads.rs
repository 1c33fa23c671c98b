//! Reads for the API and the page.

use tidemark_model::books::{SequenceState, Stock};
use tidemark_model::{
    DocumentId, DocumentKey, Kind, Label, Lookup, Odometer, Placed, Position, Seq, Sku, Source, WallTime,
};

use crate::layout::identity::Identity;
use crate::layout::instructions::{self, CountList};
use crate::layout::tills::{self, KeptTill};
use crate::layout::{Family, decode, documents, meta, sequences, stock};
use crate::limits::RECENT_MOVEMENTS;
use crate::records;
use crate::store::{ReadError, Scan, Store};

/// An item with its stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemView {
    /// What it means: a SKU, a code of one, or nothing known.
    pub lookup: Lookup,
    /// Its stock, if anything ever touched it.
    pub stock: Option<Stock>,
}

/// One document for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentView {
    /// Who submitted it.
    pub source: Source,
    /// Its id.
    pub id: DocumentId,
    /// What its first movement is.
    pub kind: Kind,
    /// Its first position.
    pub first: Position,
    /// How many movements it has.
    pub lines: u32,
    /// How many of them are parked.
    pub parked: u32,
    /// When it was committed.
    pub committed: Odometer,
    /// Its wall time, a label.
    pub wall: WallTime,
}

/// A till that may submit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Till {
    /// Its source.
    pub name: Source,
    /// Hash of its token.
    pub token: [u8; 32],
    /// When it was added.
    pub added: Odometer,
}

pub(crate) fn stock_of(store: &Store, sku: &Sku) -> Result<Option<Stock>, ReadError> {
    store.value(Family::Stock, stock::key(sku))
}

pub(crate) fn all_stock(store: &Store) -> Result<Vec<(Sku, Stock)>, ReadError> {
    let mut all = Vec::new();
    store.scan(Family::Stock, &[], None, |key, value| {
        all.push((stock::read_key(key)?, decode(value)?));
        Ok(Scan::On)
    })?;
    Ok(all)
}

pub(crate) fn recent_movements(store: &Store, of: &Identity, tail: Seq, most: usize) -> Result<Vec<Placed>, ReadError> {
    let mut found = Vec::new();
    if most == 0 {
        return Ok(found);
    }
    records::newest(store, (&of.store, of.epoch), tail, |placed| {
        found.push(placed);
        if found.len() < most { Scan::On } else { Scan::Enough }
    })?;
    Ok(found)
}

pub(crate) fn recent_documents(
    store: &Store,
    of: &Identity,
    tail: Seq,
    most: usize,
) -> Result<Vec<DocumentView>, ReadError> {
    let mut found: Vec<DocumentView> = Vec::new();
    let mut looked = 0;
    let mut current = None;
    records::newest(store, (&of.store, of.epoch), tail, |placed| {
        looked += 1;
        let (position, movement) = (placed.position, placed.movement);
        let ordinal = movement.document.ordinal;
        let identity = (movement.document.key(), movement.document.content, ordinal);
        let continues = current == Some((identity.0, identity.1, ordinal.saturating_add(1)));
        if !continues {
            if found.len() == most || looked > RECENT_MOVEMENTS {
                return Scan::Enough;
            }
            found.push(DocumentView {
                source: movement.document.source,
                id: movement.document.id,
                kind: movement.kind,
                first: position,
                lines: movement.document.count,
                parked: 0,
                committed: movement.committed,
                wall: movement.wall,
            });
        }
        current = Some(identity);
        if let Some(view) = found.last_mut() {
            view.first = position;
            view.kind = movement.kind;
            view.parked += u32::from(movement.parked.is_some());
        }
        Scan::On
    })?;
    Ok(found)
}

pub(crate) fn tills(store: &Store) -> Result<Vec<Till>, ReadError> {
    let mut all = Vec::new();
    store.scan_prefix(Family::Meta, &[meta::TILL], |key, value| {
        let kept: KeptTill = decode(value)?;
        all.push(Till { name: tills::read_key(key)?, token: kept.token, added: kept.added });
        Ok(Scan::On)
    })?;
    Ok(all)
}

pub(crate) fn sequences(store: &Store) -> Result<Vec<(Source, SequenceState)>, ReadError> {
    let mut all = Vec::new();
    store.scan_prefix(Family::Meta, &[meta::SEQUENCE], |key, value| {
        all.push((sequences::read_key(key)?, decode(value)?));
        Ok(Scan::On)
    })?;
    Ok(all)
}

/// Items that are still to be counted: those without a closed count since they
/// were asked for.
pub(crate) fn count_lists(store: &Store) -> Result<Vec<(Label, Vec<Sku>)>, ReadError> {
    let mut all: Vec<(Label, CountList)> = Vec::new();
    store.scan_prefix(Family::Meta, &[meta::COUNT_LIST], |key, value| {
        all.push((instructions::read_list_key(key)?, decode(value)?));
        Ok(Scan::On)
    })?;
    let mut left = Vec::new();
    for (instruction, CountList { asked, skus }) in all {
        let mut waiting = Vec::new();
        for sku in skus {
            let held: Option<Stock> = store.value(Family::Stock, stock::key(&sku))?;
            if held.and_then(|held| held.closed).is_none_or(|closed| closed.first <= asked) {
                waiting.push(sku);
            }
        }
        if !waiting.is_empty() {
            left.push((instruction, waiting));
        }
    }
    Ok(left)
}

/// Documents kept under an identity, without their lines.
pub(crate) fn holds_document(store: &Store, key: DocumentKey) -> Result<bool, ReadError> {
    Ok(store.get(Family::Documents, &documents::key(key))?.is_some())
}
