//! Openings: what a store's epoch begins with, made from what the ledger holds
//! of the older ones, kept in pages, and given to the box.
//!
//! The opening of an epoch is made once, when its box is welcomed, and never
//! changed: what comes later of the older epochs is late and changes no
//! balance either. One that a box gives back, because this ledger lacks it, is
//! kept and given in the same way.

pub(crate) mod forks;
pub(crate) mod tills;

use bytes::Bytes;
use tidemark_ledger::apply::{Taken, standing};
use tidemark_ledger::{EpochRow, Ledger, LedgerError, OpeningKept, ToldRow};
use tidemark_model::books::Reversal;
use tidemark_model::opening::{Opening, Retelling, Taking};
use tidemark_model::{Change, EpochOrdinal, Item, StoreId};
use tidemark_sync::message::{OpeningPage, OpeningPart, OpeningReady, OpeningSent, SendOpening};
use tidemark_wire::{DecodeError, decode_movement, decode_opening_page, encode_opening_page};

/// Movements that are told at once.
const TOLD: u32 = 2_000;
/// Items of one page of the catalogue.
const ITEMS: u32 = 1_000;
/// Bytes of one page, about.
const PAGE_BYTES: usize = 256 * 1024;

/// Why an opening is not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpeningError {
    /// The ledger does not answer.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A page that is kept can't be read.
    #[error("a page of the opening that is kept can't be read: {0}")]
    Kept(#[from] DecodeError),
    /// The store has no such epoch.
    #[error("the store has no such epoch")]
    NoEpoch,
    /// It is not made yet.
    #[error("the opening is not there yet")]
    NotYet,
    /// A cursor that was never given.
    #[error("the cursor is not the one of a page before")]
    Cursor,
    /// The centre is stopping.
    #[error("the centre is stopping")]
    Stopping,
}

/// Makes openings and gives them; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Openings {
    pub(crate) ledger: Ledger,
}

impl Openings {
    /// The opening of an epoch, made now if it is not there.
    pub(crate) async fn ready(&self, store: &StoreId, ordinal: EpochOrdinal) -> Result<OpeningReady, OpeningError> {
        let mut kept = self.ledger.opening(store, ordinal).await?;
        if !kept.complete {
            let pages = self.make(store, ordinal).await?;
            kept = self.ledger.keep_opening(store, ordinal, 0, &pages).await?;
        }
        if !kept.complete {
            // A box gives it back at this moment.
            return Err(OpeningError::NotYet);
        }
        let older_ms = self.ledger.older_ms(store, ordinal).await?;
        Ok(OpeningReady { ordinal, bytes: kept.bytes, older_ms })
    }

    /// One page of an opening, from a cursor on.
    pub(crate) async fn page(
        &self,
        store: &StoreId,
        ordinal: EpochOrdinal,
        cursor: &Bytes,
    ) -> Result<OpeningPage, OpeningError> {
        if !self.ledger.opening(store, ordinal).await?.complete {
            return Err(OpeningError::NotYet);
        }
        let page = if cursor.is_empty() { 0 } else { page_of(cursor).ok_or(OpeningError::Cursor)? };
        let bytes = self.ledger.opening_page(store, ordinal, page).await?.ok_or(OpeningError::Cursor)?;
        Ok(decode_opening_page(&bytes)?)
    }

    /// Keeps a page that a box gives back; which page is wanted next.
    pub(crate) async fn keep(&self, sent: SendOpening) -> Result<OpeningSent, OpeningError> {
        let SendOpening { store, epoch, page, parts, last, .. } = sent;
        let epochs = self.ledger.epochs(&store).await?;
        // The ordinal is the one this ledger gave the epoch: another history
        // may have counted otherwise.
        let row = epochs.iter().find(|row| row.epoch == epoch).ok_or(OpeningError::NoEpoch)?;
        let bytes = encode_opening_page(&paged(parts, page, last)).into();
        let OpeningKept { pages, .. } = self.ledger.keep_opening(&store, row.ordinal, page, &[(bytes, last)]).await?;
        Ok(OpeningSent { next_page: pages })
    }

    /// The pages of an opening, with whether each is the last.
    async fn make(&self, store: &StoreId, ordinal: EpochOrdinal) -> Result<Vec<(Bytes, bool)>, OpeningError> {
        let epochs = self.ledger.epochs(store).await?;
        let older: Vec<EpochRow> = epochs.into_iter().filter(|row| row.ordinal < ordinal).collect();
        let (mut opening, from) = self.newest_kept(store, &older).await?;
        let items = self.catalogue().await?;
        for epoch in older.into_iter().filter(|row| row.ordinal >= from) {
            opening = self.retold(store, epoch, opening, &items).await?;
        }
        self.close_standing(&opening, &self.ledger.open_forks(store, ordinal).await?).await?;
        let mut parts = parts_of(opening);
        let tills = self.ledger.tills_before(store, ordinal).await?;
        parts.extend(tills.map(|body| tills::told(&body)).unwrap_or_default().into_iter().map(OpeningPart::Till));
        Ok(pages_of(parts))
    }

    /// The newest of the older epochs' openings that is kept, and the ordinal
    /// of its epoch; else nothing, and the first.
    async fn newest_kept(&self, store: &StoreId, older: &[EpochRow]) -> Result<(Opening, EpochOrdinal), OpeningError> {
        for row in older.iter().rev() {
            let kept = self.ledger.opening(store, row.ordinal).await?;
            if !kept.complete {
                continue;
            }
            return Ok((self.read(store, row.ordinal, kept.pages).await?, row.ordinal));
        }
        Ok((Opening::empty(), EpochOrdinal(0)))
    }

    /// Closes the forked letters that stand in an opening.
    async fn close_standing(&self, opening: &Opening, forks: &[(i64, Bytes)]) -> Result<(), LedgerError> {
        for letter in standing(opening, forks) {
            tracing::info!(letter, "a forked letter stands in the opening: it closes");
            self.ledger.close_fork(letter).await?;
        }
        Ok(())
    }

    /// An opening that is kept in so many pages.
    async fn read(&self, store: &StoreId, ordinal: EpochOrdinal, pages: u32) -> Result<Opening, OpeningError> {
        let mut opening = Opening::empty();
        for page in 0..pages {
            let bytes = self.ledger.opening_page(store, ordinal, page).await?.ok_or(OpeningError::NotYet)?;
            decode_opening_page(&bytes)?.parts.into_iter().for_each(|part| put(&mut opening, part));
        }
        Ok(opening)
    }

    /// An epoch told again over what it began with: what the next one begins
    /// with.
    async fn retold(
        &self,
        store: &StoreId,
        epoch: EpochRow,
        opening: Opening,
        items: &[Item],
    ) -> Result<Opening, OpeningError> {
        let taking = match epoch.taken {
            Taken::First => Taking::First,
            // Nothing here says why it began.
            Taken::Not => Taking::Beside,
            Taken::At(seq) => Taking::Unsettled(seq),
            Taken::Settled(seq) => Taking::At(seq),
        };
        let mut retelling = Retelling::over(opening, epoch.epoch, taking);
        items.iter().for_each(|item| retelling.learn(item.clone()));
        let mut above = 0;
        loop {
            let rows = self.ledger.told(store, epoch, above, TOLD).await?;
            let Some(last) = rows.last() else { break };
            above = last.seq;
            let telling = tokio::task::spawn_blocking(move || tell(retelling, rows));
            retelling = telling.await.map_err(|_ended| OpeningError::Stopping)?;
        }
        let ending = tokio::task::spawn_blocking(move || retelling.into_opening());
        ending.await.map_err(|_ended| OpeningError::Stopping)
    }

    async fn catalogue(&self) -> Result<Vec<Item>, OpeningError> {
        let mut items: Vec<Item> = Vec::new();
        loop {
            let after = items.last().map(|item| item.sku.clone());
            let page = self.ledger.catalogue_page(after.as_ref(), ITEMS).await?;
            if page.is_empty() {
                return Ok(items);
            }
            items.extend(page.into_iter().map(|entry| entry.item));
        }
    }
}

/// Tells what the ledger applied, and what it only holds.
fn tell(mut retelling: Retelling, rows: Vec<ToldRow>) -> Retelling {
    for ToldRow { seq, bytes, parked } in rows {
        // One that nobody can decode is held and has no part in any books.
        let Ok(movement) = decode_movement(&bytes) else { continue };
        if parked && movement.parked.is_none() {
            retelling.take_parked(seq, movement);
        } else {
            retelling.take(seq, movement);
        }
    }
    retelling
}

/// What the box needs first: stock, counts and what waits; then documents, the
/// newest first.
fn parts_of(opening: Opening) -> Vec<OpeningPart> {
    let sums = opening.sums().map(|(sku, sum)| OpeningPart::Sum(sku.clone(), sum)).collect::<Vec<_>>();
    let (mut first, mut documents) = (Vec::new(), Vec::new());
    for piece in opening.into_pieces() {
        match piece {
            Change::Stock(sku, stock) => first.push(OpeningPart::Stock(sku, stock)),
            Change::Effect(sku, effect) => first.push(OpeningPart::Effect(sku, effect)),
            Change::Suspense(code, suspense) => first.push(OpeningPart::Suspense(code, suspense)),
            Change::Count(reference, count) => first.push(OpeningPart::Count(reference, count)),
            Change::Document(key, record) => documents.push((key, record)),
            // Running numbers belong to the box that counts them.
            Change::Sequence(..) => {}
        }
    }
    let age = |entry: &tidemark_model::books::DocumentEntry| match &entry.reversal {
        Reversal::Lines { committed, .. } => committed.0,
        Reversal::Done | Reversal::Count | Reversal::Nothing => 0,
    };
    documents.sort_by_key(|(_, record)| std::cmp::Reverse(record.entries.iter().map(age).max()));
    first.extend(sums);
    first.extend(documents.into_iter().map(|(key, record)| OpeningPart::Document(key, record)));
    first
}

/// Puts a part into an opening. A till is no part of the books.
fn put(opening: &mut Opening, part: OpeningPart) {
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

/// Pages of about the same size, at least one.
fn pages_of(parts: Vec<OpeningPart>) -> Vec<(Bytes, bool)> {
    let (mut chunks, mut chunk, mut bytes) = (Vec::new(), Vec::new(), 0);
    for part in parts {
        let single = OpeningPage { parts: vec![part], enough: false, cursor: None };
        bytes += encode_opening_page(&single).len();
        chunk.extend(single.parts);
        if bytes >= PAGE_BYTES {
            chunks.push(std::mem::take(&mut chunk));
            bytes = 0;
        }
    }
    if !chunk.is_empty() || chunks.is_empty() {
        chunks.push(chunk);
    }
    let last = chunks.len().saturating_sub(1);
    let page = |(number, parts): (usize, Vec<OpeningPart>)| {
        let page = paged(parts, u32::try_from(number).unwrap_or(u32::MAX), number == last);
        (encode_opening_page(&page).into(), number == last)
    };
    chunks.into_iter().enumerate().map(page).collect()
}

fn paged(parts: Vec<OpeningPart>, page: u32, last: bool) -> OpeningPage {
    let cursor = (!last).then(|| Bytes::copy_from_slice(&page.saturating_add(1).to_be_bytes()));
    OpeningPage { parts, enough: last, cursor }
}

fn page_of(cursor: &Bytes) -> Option<u32> {
    Some(u32::from_be_bytes(cursor.as_ref().try_into().ok()?))
}
