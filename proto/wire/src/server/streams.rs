//! The two halves of a box's stream, as the handler holds them.

use std::fmt;
use std::sync::{Arc, OnceLock};

use tidemark_sync::message::{Refusal, RefusalCode, ToBox, ToCentre};
use tokio::sync::mpsc;
use tonic::{Code, Status, Streaming};

use crate::convert::ToCentreCoder;
use crate::schema::sync::v1 as proto;
use crate::status::with_sources;

/// A frame or request that could not be read or was passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrameFault {
    /// It does not decode or has a value out of bounds; why.
    Undecodable(String),
    /// It is larger than a message may be.
    TooLarge(String),
    /// Only a newer release knows it; it was passed over.
    Unknown,
}

/// Why nothing more comes from a box.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InboundError {
    /// What it said can't be read: the box is told so when the handler ends.
    #[error(transparent)]
    Refused(Refusal),
    /// The connection was lost.
    #[error("the connection to the box was lost: {0}")]
    Lost(String),
}

/// The refusal that ends a stream, told after everything else.
pub(super) type LastWord = Arc<OnceLock<Refusal>>;

/// Counts faults on the handler's side.
pub(super) type OnFault = Box<dyn Fn(&FrameFault) + Send + Sync>;

/// From a box.
pub struct Inbound {
    stream: Streaming<proto::ToCentre>,
    coder: ToCentreCoder,
    last_word: LastWord,
    on_fault: OnFault,
}

impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbound").field("last_word", &self.last_word).finish_non_exhaustive()
    }
}

impl Inbound {
    pub(super) fn new(stream: Streaming<proto::ToCentre>, last_word: LastWord, on_fault: OnFault) -> Self {
        Self { stream, coder: ToCentreCoder::default(), last_word, on_fault }
    }

    /// The next message; none if the box ended the stream. Messages that only
    /// a newer release knows are passed over and counted. Cancelled, it has
    /// taken nothing.
    pub async fn recv(&mut self) -> Result<Option<ToCentre>, InboundError> {
        loop {
            let message = match self.stream.message().await {
                Ok(Some(message)) => message,
                Ok(None) => return Ok(None),
                Err(status) => return Err(self.failed(&status)),
            };
            match self.coder.decode(message) {
                Ok(Some(message)) => return Ok(Some(message)),
                Ok(None) => (self.on_fault)(&FrameFault::Unknown),
                Err(error) => return Err(self.refuse(FrameFault::Undecodable(error.to_string()))),
            }
        }
    }

    /// The library tells a lost connection from what can't be read only by
    /// the code, and by whether an error of the transport lies below.
    fn failed(&self, status: &Status) -> InboundError {
        let of_transport = std::error::Error::source(status).is_some();
        match status.code() {
            Code::Internal | Code::InvalidArgument | Code::Unimplemented if !of_transport => {
                self.refuse(FrameFault::Undecodable(status.message().to_owned()))
            }
            Code::OutOfRange | Code::ResourceExhausted if !of_transport => {
                self.refuse(FrameFault::TooLarge(status.message().to_owned()))
            }
            Code::Ok
            | Code::Cancelled
            | Code::Unknown
            | Code::InvalidArgument
            | Code::DeadlineExceeded
            | Code::NotFound
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::ResourceExhausted
            | Code::FailedPrecondition
            | Code::Aborted
            | Code::OutOfRange
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
            | Code::Unauthenticated => InboundError::Lost(with_sources(status)),
        }
    }

    fn refuse(&self, fault: FrameFault) -> InboundError {
        let refusal = refusal_of(&fault);
        (self.on_fault)(&fault);
        // A second fault finds the first one told: one is enough.
        let first = self.last_word.get_or_init(|| refusal);
        InboundError::Refused(first.clone())
    }
}

/// What a box is told about a fault.
pub(super) fn refusal_of(fault: &FrameFault) -> Refusal {
    match fault {
        FrameFault::Undecodable(cause) => Refusal::new(RefusalCode::Malformed, cause.clone()),
        FrameFault::TooLarge(cause) => Refusal::new(RefusalCode::TooLarge, cause.clone()),
        FrameFault::Unknown => Refusal::new(RefusalCode::Protocol, "a message of a newer release"),
    }
}

/// The box is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the box is gone")]
pub struct OutboundClosed;

/// To a box.
#[derive(Clone, Debug)]
pub struct Outbound {
    queue: mpsc::Sender<ToBox>,
    last_word: LastWord,
}

impl Outbound {
    pub(super) const fn new(queue: mpsc::Sender<ToBox>, last_word: LastWord) -> Self {
        Self { queue, last_word }
    }

    /// Queues a message; waits while the queue is full, which is when the
    /// line takes no more. Cancelled, it has sent nothing.
    pub async fn send(&self, message: ToBox) -> Result<(), OutboundClosed> {
        self.queue.send(message).await.map_err(|_gone| OutboundClosed)
    }

    /// Ends the stream with a refusal, after all that is queued and when the
    /// handler has ended. A refusal said before stands.
    pub fn refuse(&self, refusal: Refusal) {
        // The first refusal is the cause; what follows from it is not told.
        self.last_word.get_or_init(|| refusal);
    }

    /// Resolves when the box is gone.
    pub async fn closed(&self) {
        self.queue.closed().await;
    }
}
