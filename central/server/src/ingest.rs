//! Ingest: what boxes say, checked and put into the stream. No dedup and no
//! state beyond a stream's own.

mod conversation;
mod handing;
mod looking;
mod opening_said;
mod trimmed;

use std::sync::Arc;

use tidemark_daemon::clock::Clock;
use tidemark_daemon::conditions::{Active, registry};
use tidemark_daemon::listen::Peer as Caller;
use tidemark_daemon::retry::{Disposition, Policy, retry};
use tidemark_ledger::{CatalogueDifference, InstructionRow, Ledger};
use tidemark_model::{Epoch, EpochOrdinal, Label, SeqSet, StoreId};
use tidemark_stream::{Event, EventRecord, Stream, StreamError};
use tidemark_sync::message::{
    CatalogueChange, CatalogueEntry, CataloguePage, DigestPage, FetchCatalogue, FetchDigests, FetchInstruction,
    FetchOpening, Instruction, InstructionBody, InstructionPage, OpeningPage, OpeningReady, OpeningSent, OpeningTaken,
    Refusal, RefusalCode, SendOpening,
};
use tidemark_wire::server::{Exchange, Failure, FrameFault, Inbound, Outbound, Peer};
use tidemark_wire::{Control, EpochTook, decode_instruction_body, encode_control};
use tokio_util::sync::CancellationToken;

use crate::desk::Desk;
use crate::events::Events;
use crate::fleet::Fleet;
use crate::openings::{OpeningError, Openings};
use conversation::Conversation;

pub(crate) use handing::Messenger;

/// Items of one page of the catalogue.
const ITEMS_A_PAGE: u32 = 1_000;
/// Bytes of one page of an instruction's body.
const BODY_BYTES_A_PAGE: usize = 256 * 1024;
/// How long a refused append is told of if nobody appends to that partition
/// any more.
const REFUSED_SHOWN_MS: u64 = 60_000;

/// The centre's end of the protocol; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Ingest {
    pub(crate) ledger: Ledger,
    pub(crate) stream: Stream,
    pub(crate) desk: Desk,
    pub(crate) fleet: Fleet,
    pub(crate) events: Events,
    pub(crate) conditions: Active,
    pub(crate) clock: Clock,
    /// Whether a store that nobody knows is made at its first `Hello`.
    pub(crate) makes_stores: bool,
    pub(crate) stop: CancellationToken,
}

impl Ingest {
    /// A box names positions that its disk does not give back. The condition
    /// is made from the ledger, once it holds them.
    fn unreadable(&self, store: &StoreId, epoch: Epoch, seqs: &SeqSet) {
        self.events.unreadable.inc_by(seqs.count());
        let ranges: Vec<_> = seqs.ranges().collect();
        tracing::error!(%store, %epoch, ?ranges, "a box can't read movements that it committed: they are lost");
    }
}

impl Ingest {
    /// Raises the condition of a stream that did not take what was appended,
    /// or clears it.
    fn note_append(&self, partition: u32, error: Option<&StreamError>) {
        let subject = format!("append to partition {partition}");
        match error {
            None => drop(self.conditions.clear_about(registry::STREAM_UNREACHABLE, &subject)),
            Some(error) => {
                let (detail, now) = (format!("{subject}: {error}"), self.clock.millis());
                self.conditions.raise_for(registry::STREAM_UNREACHABLE, &subject, detail, now, REFUSED_SHOWN_MS);
            }
        }
    }

    fn openings(&self) -> Openings {
        Openings { ledger: self.ledger.clone() }
    }

    /// The opening of an epoch, made if it is not there; tried until it is.
    async fn opening_ready(&self, store: &StoreId, ordinal: EpochOrdinal) -> Result<OpeningReady, OpeningError> {
        let judge = |error: &OpeningError| {
            tracing::warn!(%store, %error, "the opening of a box is not made");
            match error {
                OpeningError::Ledger(_) | OpeningError::NotYet => Disposition::Retry,
                OpeningError::Kept(_) | OpeningError::NoEpoch | OpeningError::Cursor | OpeningError::Stopping => {
                    Disposition::Stop
                }
            }
        };
        retry(Policy::SERVICE, || async { self.openings().ready(store, ordinal).await }, judge).await
    }

    /// Puts it into the stream that a box has taken its opening; tried until
    /// the stream has it or whoever asked is gone.
    async fn took_opening(&self, store: StoreId, epoch: Epoch, opening: OpeningTaken) {
        let control = Control::OpeningTaken(EpochTook { store: store.clone(), epoch, opening });
        let partition = self.stream.partition_of(&store);
        let record = [EventRecord { store, event: Event::Control(encode_control(&control).into()) }];
        let append = || async {
            let appended = self.stream.append(partition, &record).await;
            self.note_append(partition, appended.as_ref().err());
            appended
        };
        if let Err(error) = until_kept(append, epoch).await {
            tracing::warn!(%error, %epoch, "that a box has taken its opening is not kept; it says so with its next Hello");
        }
    }
}

/// Appends until it is kept; a stream that is closed is of a process that ends.
async fn until_kept<T, F>(append: impl FnMut() -> F, epoch: Epoch) -> Result<T, StreamError>
where
    F: Future<Output = Result<T, StreamError>>,
{
    let judge = |error: &StreamError| {
        tracing::warn!(%error, %epoch, "that a box has taken its opening is not kept yet");
        if matches!(error, StreamError::Closed) { Disposition::Stop } else { Disposition::Retry }
    };
    retry(Policy::SERVICE, append, judge).await
}

/// Who speaks: on loopback anybody for any store, elsewhere the store of the
/// certificate.
enum Who {
    Local,
    Shop(StoreId),
    Stranger,
}

fn who(peer: &Peer) -> Who {
    match peer.0.get::<Caller>() {
        Some(caller) => match caller.shop() {
            Some(shop) => Who::Shop(shop.store),
            None if caller.is_loopback() => Who::Local,
            None => Who::Stranger,
        },
        None => Who::Stranger,
    }
}

/// Refuses a call for another store than the caller's.
/// What changed, as the one page of it.
fn change_page(since: u64, told: CatalogueDifference, assortment: Option<Label>) -> CataloguePage {
    let CatalogueDifference { version, items, gone_items, gone_codes } = told;
    let entries = items.into_iter().map(|entry| CatalogueEntry { item: entry.item, codes: entry.codes }).collect();
    let change = Some(CatalogueChange { since, gone_items, gone_codes });
    CataloguePage { version, entries, last: true, change, assortment }
}

fn check(peer: &Peer, store: &StoreId) -> Result<(), Failure> {
    match who(peer) {
        Who::Local => Ok(()),
        Who::Shop(own) if own == *store => Ok(()),
        Who::Shop(own) => {
            let detail = format!("the certificate is the one of {own}, not of {store}");
            Err(Refusal::new(RefusalCode::WrongStore, detail).into())
        }
        Who::Stranger => Err(stranger().into()),
    }
}

fn stranger() -> Refusal {
    Refusal::new(RefusalCode::WrongStore, "off this machine a box shows the certificate of its store")
}

fn trouble(error: impl std::fmt::Display) -> Failure {
    Failure::Trouble(error.to_string())
}

impl Exchange for Ingest {
    async fn exchange(self: Arc<Self>, peer: Peer, inbound: Inbound, outbound: Outbound) {
        let identity = match who(&peer) {
            Who::Local => None,
            Who::Shop(store) => Some(store),
            Who::Stranger => {
                let refusal = stranger();
                self.events.streams_refused.of(refusal.code.as_str()).inc();
                outbound.refuse(refusal);
                return;
            }
        };
        Conversation::new(self, identity, outbound).run(inbound).await;
    }

    fn fault(&self, _peer: &Peer, fault: &FrameFault) {
        self.events.frames_unreadable.inc();
        tracing::warn!(?fault, "a frame of a box could not be read");
    }

    async fn fetch_catalogue(&self, peer: &Peer, request: FetchCatalogue) -> Result<CataloguePage, Failure> {
        check(peer, &request.store)?;
        if request.since > 0
            && let Some(told) = self.ledger.catalogue_since(request.since, ITEMS_A_PAGE).await.map_err(trouble)?
        {
            let assortment = self.ledger.assortment(&request.store).await.map_err(trouble)?;
            return Ok(change_page(request.since, told, assortment));
        }
        let version = self.ledger.catalogue_version().await.map_err(trouble)?;
        // Asked after the version: it never comes with a newer one than itself.
        let assortment = self.ledger.assortment(&request.store).await.map_err(trouble)?;
        let after = request.after.as_ref().filter(|_| version == request.version);
        let items = self.ledger.catalogue_page(after, ITEMS_A_PAGE).await.map_err(trouble)?;
        let last = u32::try_from(items.len()).is_ok_and(|found| found < ITEMS_A_PAGE);
        let entries = items.into_iter().map(|entry| CatalogueEntry { item: entry.item, codes: entry.codes }).collect();
        Ok(CataloguePage { version, entries, last, change: None, assortment })
    }

    async fn fetch_instruction(&self, peer: &Peer, request: FetchInstruction) -> Result<InstructionPage, Failure> {
        check(peer, &request.store)?;
        let found = self.ledger.instruction(request.id.as_str()).await.map_err(trouble)?;
        let row = found.filter(|row| row.store == request.store);
        let row = row.ok_or_else(|| Failure::Trouble(format!("there is no instruction {}", request.id)))?;
        let total = u64::try_from(row.body.len()).unwrap_or(u64::MAX);
        let from = usize::try_from(request.from).unwrap_or(usize::MAX).min(row.body.len());
        let to = from.saturating_add(BODY_BYTES_A_PAGE).min(row.body.len());
        Ok(InstructionPage { id: request.id, from: request.from, total, bytes: row.body.slice(from..to) })
    }

    async fn fetch_opening(&self, peer: &Peer, request: FetchOpening) -> Result<OpeningPage, Failure> {
        check(peer, &request.store)?;
        let page = self.openings().page(&request.store, request.ordinal, &request.cursor).await;
        page.map_err(trouble)
    }

    async fn send_opening(&self, peer: &Peer, request: SendOpening) -> Result<OpeningSent, Failure> {
        check(peer, &request.store)?;
        self.openings().keep(request).await.map_err(trouble)
    }

    async fn fetch_digests(&self, peer: &Peer, request: FetchDigests) -> Result<DigestPage, Failure> {
        check(peer, &request.store)?;
        let FetchDigests { store, epoch, block } = request;
        let digests = self.ledger.digests(&store, epoch, block).await.map_err(trouble)?;
        Ok(DigestPage { block, digests })
    }
}

/// An instruction as it goes over the stream: a large body is fetched by
/// itself. None if the row can't be read.
fn instruction_of(row: &InstructionRow) -> Option<Instruction> {
    let id = Label::new(&row.id).ok()?;
    let on_stream = u64::try_from(tidemark_sync::limits::INSTRUCTION_BYTES).unwrap_or(u64::MAX);
    let body = if row.size > on_stream {
        InstructionBody::Fetch { bytes: row.size }
    } else {
        decode_instruction_body(&row.body).ok()?
    };
    // Labels: what does not fit is left out, and the instruction stands.
    let author = Label::new(&row.author).ok();
    let reason = tidemark_model::Note::new(&row.reason).ok();
    Some(Instruction { id, body, author, reason })
}

#[cfg(test)]
mod tests;
