//! The centre's end: a gRPC service over one handler that speaks plain types,
//! as an axum router that can stand on a port with others.
//!
//! The handler runs one task a stream. It ends when the box is gone, when it
//! decides so, or when a frame does not decode: then the box is told
//! `Refused{MALFORMED}` and the stream ends with INVALID_ARGUMENT.

mod adapter;
mod outgoing;
mod streams;

pub use adapter::router;
pub use streams::{FrameFault, Inbound, InboundError, Outbound, OutboundClosed};

use std::sync::Arc;

use tidemark_sync::message::{
    CataloguePage, DigestPage, FetchCatalogue, FetchDigests, FetchInstruction, FetchOpening, InstructionPage,
    OpeningPage, OpeningSent, Refusal, SendOpening, Slow,
};

/// Who is at the other end: whatever the listener and the layers before put
/// into the request's extensions.
#[derive(Clone, Debug, Default)]
pub struct Peer(pub http::Extensions);

/// Why a call is not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Not so.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Not now.
    #[error("come again in {} ms", .0.retry_after_ms)]
    Slow(Slow),
    /// The centre is in trouble; the text is for the log of the box.
    #[error("{0}")]
    Trouble(String),
}

/// What the centre does with what boxes say.
pub trait Exchange: Send + Sync + 'static {
    /// Serves one stream until it ends. A task of its own: it has to end when
    /// `inbound` does or `outbound` is closed.
    fn exchange(
        self: Arc<Self>,
        peer: Peer,
        inbound: Inbound,
        outbound: Outbound,
    ) -> impl Future<Output = ()> + Send + 'static;

    /// Counts a frame or request that could not be read or was passed over.
    fn fault(&self, peer: &Peer, fault: &FrameFault);

    /// One page of the catalogue.
    fn fetch_catalogue(
        &self,
        peer: &Peer,
        request: FetchCatalogue,
    ) -> impl Future<Output = Result<CataloguePage, Failure>> + Send;

    /// A part of the body of an instruction.
    fn fetch_instruction(
        &self,
        peer: &Peer,
        request: FetchInstruction,
    ) -> impl Future<Output = Result<InstructionPage, Failure>> + Send;

    /// One page of the opening of the box's epoch.
    fn fetch_opening(
        &self,
        peer: &Peer,
        request: FetchOpening,
    ) -> impl Future<Output = Result<OpeningPage, Failure>> + Send;

    /// Takes one page of an opening that the centre lacks.
    fn send_opening(
        &self,
        peer: &Peer,
        request: SendOpening,
    ) -> impl Future<Output = Result<OpeningSent, Failure>> + Send;

    /// The digests of one block's records.
    fn fetch_digests(
        &self,
        peer: &Peer,
        request: FetchDigests,
    ) -> impl Future<Output = Result<DigestPage, Failure>> + Send;
}
