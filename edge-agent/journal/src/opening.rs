//! What the epoch began with: telling the box's own movements again over it,
//! and giving it back to a centre that lost it.

use tidemark_model::books::Reversal;
use tidemark_model::opening::{Opening, Retelling, Taking};
use tidemark_model::{Change, DocumentKey, Epoch, Lookup, Odometer, Position, Seq, Sku};
use tidemark_sync::message::OpeningPart;

use crate::books::lookup;
use crate::layout::catalogue::CatalogueHead;
use crate::layout::documents::Lines;
use crate::layout::effects;
use crate::layout::opening::{self as layout, Sum};
use crate::layout::{Family, LayoutError, counts, decode, meta, stock, suspense};
use crate::store::{ReadError, Scan, Store};

/// The box's own movements told again over what its epoch began with.
#[derive(Debug)]
pub(crate) struct Telling {
    /// As it was given, to be kept.
    pub(crate) opening: Opening,
    pub(crate) retelling: Retelling,
    /// Up to here they are told.
    pub(crate) through: Seq,
}

impl Telling {
    /// Nothing is told yet. All of the opening was committed before
    /// `older_until`, if that is known; the present boot began at `boot`.
    pub(crate) fn begin(
        store: &Store,
        opening: Opening,
        epoch: Epoch,
        (boot, older_until): (Odometer, Option<Odometer>),
    ) -> Result<Self, ReadError> {
        let taken = if has_any(store, meta::FORKED)? {
            // The other life of the disk may be in use until it hears of this one.
            Taking::Beside
        } else {
            Taking::after(first_commit(store, epoch)?, boot, older_until)
        };
        let mut retelling = Retelling::over(opening.clone(), epoch, taken).until(older_until);
        let head = store.value(Family::Meta, &meta::CATALOGUE)?.unwrap_or_default();
        let learnt: Vec<Sku> = opening.learnt().cloned().collect();
        for sku in learnt {
            learn(store, &head, &mut retelling, &sku)?;
        }
        Ok(Self { opening, retelling, through: 0 })
    }

    /// Tells what was committed up to `tail`. A movement that can't be read is
    /// lost: it has no part in the telling either.
    pub(crate) fn catch_up(&mut self, store: &Store, tail: Seq) -> Result<(), ReadError> {
        let head: CatalogueHead = store.value(Family::Meta, &meta::CATALOGUE)?.unwrap_or_default();
        let epoch = self.retelling.epoch();
        while self.through < tail {
            let seq = self.through + 1;
            if let Some(movement) = crate::records::movement(store, Position { epoch, seq })? {
                if let Some(learnt) = Retelling::learnt(&movement) {
                    learn(store, &head, &mut self.retelling, &learnt)?;
                }
                self.retelling.take(seq, movement);
            }
            self.through = seq;
        }
        Ok(())
    }
}

/// Whether anything of a kind is kept.
fn has_any(store: &Store, kind: u8) -> Result<bool, ReadError> {
    let mut any = false;
    store.scan_prefix(Family::Meta, &[kind], |_, _| {
        any = true;
        Ok(Scan::Enough)
    })?;
    Ok(any)
}

/// When the first movement was committed; none if there is none. If it can't be
/// read, as early as can be.
fn first_commit(store: &Store, epoch: Epoch) -> Result<Option<Odometer>, ReadError> {
    let mut first = None;
    store.scan_prefix(Family::Outbox, &epoch.0.to_be_bytes(), |_, _| {
        first = Some(Odometer::BIRTH);
        Ok(Scan::Enough)
    })?;
    let movement = crate::records::movement(store, Position { epoch, seq: 1 })?;
    Ok(movement.map(|movement| movement.committed).or(first))
}

/// Tells what an item is that a code was learnt to be, and its parts.
fn learn(store: &Store, head: &CatalogueHead, retelling: &mut Retelling, sku: &Sku) -> Result<(), ReadError> {
    let Lookup::Sku(item) = lookup(store, head, sku.as_str())? else { return Ok(()) };
    for part in &item.parts {
        if let Lookup::Sku(part) = lookup(store, head, part.sku.as_str())? {
            retelling.learn(part);
        }
    }
    retelling.learn(item);
    Ok(())
}

/// The pieces of the opening from a key on, at most so many, and the key after
/// them; none if that was all.
pub(crate) fn pieces(
    store: &Store,
    from: &[u8],
    most: usize,
) -> Result<(Vec<OpeningPart>, Option<Vec<u8>>), ReadError> {
    let mut parts: Vec<OpeningPart> = Vec::new();
    let mut next = None;
    let from = if from.is_empty() { vec![layout::STOCK] } else { from.to_vec() };
    store.scan(Family::Opening, &from, None, |key, value| {
        let Some((kind, rest)) = key.split_first() else { return Ok(Scan::On) };
        if let Some((document, number)) = lines_of(*kind, rest) {
            add_lines(parts.last_mut(), document, number, decode(value)?);
            return Ok(Scan::On);
        }
        if parts.len() >= most {
            next = Some(key.to_vec());
            return Ok(Scan::Enough);
        }
        parts.extend(piece(*kind, rest, value)?);
        Ok(Scan::On)
    })?;
    Ok((parts, next))
}

/// The document and the place of the content whose lines stand under a key.
fn lines_of(kind: u8, key: &[u8]) -> Option<(DocumentKey, usize)> {
    let (document, rest) = key.split_first_chunk::<16>().filter(|_| kind == layout::DOCUMENT)?;
    match rest {
        [1, number] => Some((DocumentKey(*document), usize::from(*number))),
        _record => None,
    }
}

fn add_lines(last: Option<&mut OpeningPart>, document: DocumentKey, number: usize, kept: Lines) {
    let Some(OpeningPart::Document(key, record)) = last else { return };
    let entry = record.entries.get_mut(number).filter(|_| *key == document);
    if let Some(Reversal::Lines { lines, .. }) = entry.map(|entry| &mut entry.reversal) {
        *lines = kept.lines;
    }
}

fn piece(kind: u8, key: &[u8], value: &[u8]) -> Result<Option<OpeningPart>, ReadError> {
    Ok(Some(match kind {
        layout::STOCK => OpeningPart::Stock(stock::read_key(key)?, decode(value)?),
        layout::DOCUMENT => {
            let key = key.first_chunk().ok_or(LayoutError::Short { what: "opening" })?;
            OpeningPart::Document(DocumentKey(*key), decode(value)?)
        }
        layout::SUSPENSE => OpeningPart::Suspense(suspense::read_key(key)?, decode(value)?),
        layout::COUNT => OpeningPart::Count(counts::read_key(key)?, decode(value)?),
        layout::EFFECT => OpeningPart::Effect(effects::read_key(key)?.0, effects::read(key, value)?),
        layout::SUM => OpeningPart::Sum(stock::read_key(key)?, decode::<Sum>(value)?.0),
        // Of a newer release; its centre has it.
        _newer => return Ok(None),
    }))
}

/// Puts a part into an opening. A till is no part of the books.
pub(crate) fn put_part(opening: &mut Opening, part: OpeningPart) {
    match part {
        OpeningPart::Stock(sku, stock) => opening.put(Change::Stock(sku, stock)),
        OpeningPart::Document(key, record) => opening.put(Change::Document(key, record)),
        OpeningPart::Suspense(code, suspense) => opening.put(Change::Suspense(code, suspense)),
        OpeningPart::Count(reference, count) => opening.put(Change::Count(reference, count)),
        OpeningPart::Effect(sku, effect) => opening.put(Change::Effect(sku, effect)),
        OpeningPart::Sum(sku, sum) => opening.put_sum(sku, sum),
        OpeningPart::Till(_) => {}
    }
}
