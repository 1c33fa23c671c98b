//! One stream to the centre.

use tidemark_sync::message::{Refusal, Slow, ToBox, ToCentre};
use tokio::sync::mpsc;
use tonic::{Status, Streaming};

use super::calls::Calls;
use super::traffic::Traffic;
use crate::convert::{ToCentreCoder, to_box_of};
use crate::error::{DecodeError, EncodeError};
use crate::schema::sync::v1 as proto;
use crate::status::{Said, said};

/// Why a link, or a call on it, failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// No connection came about.
    #[error("the centre is not reached: {0}")]
    NoRoute(String),
    /// The connection was lost.
    #[error("the connection to the centre was lost: {0}")]
    Lost(String),
    /// The stream was closed from here or by the centre.
    #[error("the stream to the centre is closed")]
    Closed,
    /// The centre refused.
    #[error(transparent)]
    Refused(Refusal),
    /// The centre asks to come later.
    #[error("the centre asks to come again in {} ms", .0.retry_after_ms)]
    Slow(Slow),
    /// The centre said what this release can't read.
    #[error("what the centre said can't be read: {0}; update the box if the centre is newer")]
    Unreadable(#[from] DecodeError),
    /// What was to be sent can't be.
    #[error("a message can't be sent: {0}")]
    Unsendable(#[from] EncodeError),
}

impl LinkError {
    /// What the end of a link means: a word of the centre, or else the cause
    /// for which the line was lost.
    pub fn last_word(self) -> Result<ToBox, String> {
        match self {
            Self::Refused(refusal) => Ok(ToBox::Refused(refusal)),
            Self::Slow(slow) => Ok(ToBox::Slow(slow)),
            lost @ (Self::NoRoute(_) | Self::Lost(_) | Self::Closed | Self::Unreadable(_) | Self::Unsendable(_)) => {
                Err(lost.to_string())
            }
        }
    }
}

impl From<Status> for LinkError {
    fn from(status: Status) -> Self {
        match said(&status) {
            Said::Refused(refusal) => Self::Refused(refusal),
            Said::Slow(slow) => Self::Slow(slow),
            Said::Trouble(cause) => Self::Lost(cause),
        }
    }
}

/// One stream to the centre and the calls beside it. Its halves can be used
/// by different tasks.
#[derive(Debug)]
pub struct Link {
    /// To the centre.
    pub outbound: Outbound,
    /// From the centre.
    pub inbound: Inbound,
    /// The calls beside the stream.
    pub calls: Calls,
    /// Bytes of the connection.
    pub traffic: Traffic,
}

impl Link {
    pub(super) fn new(
        queue: mpsc::Sender<proto::ToCentre>,
        stream: Streaming<proto::ToBox>,
        calls: Calls,
        traffic: Traffic,
    ) -> Self {
        let outbound = Outbound { queue, coder: ToCentreCoder::default() };
        Self { outbound, inbound: Inbound { stream, unknown: 0 }, calls, traffic }
    }

    /// See [`Outbound::send`].
    pub async fn send(&mut self, message: ToCentre) -> Result<(), LinkError> {
        self.outbound.send(message).await
    }

    /// See [`Inbound::recv`].
    pub async fn recv(&mut self) -> Result<Option<ToBox>, LinkError> {
        self.inbound.recv().await
    }

    /// Ends the stream after what is queued, and waits for the centre to end
    /// it too. Wrap it in a time limit: a line that is gone does not answer.
    pub async fn close(self) {
        let Self { outbound, mut inbound, .. } = self;
        drop(outbound);
        while let Ok(Some(_)) = inbound.recv().await {}
    }
}

/// To the centre.
#[derive(Debug)]
pub struct Outbound {
    queue: mpsc::Sender<proto::ToCentre>,
    coder: ToCentreCoder,
}

impl Outbound {
    /// Queues a message; waits while the queue is full, which is when the
    /// line takes no more. Cancelled, it has sent nothing.
    pub async fn send(&mut self, message: ToCentre) -> Result<(), LinkError> {
        let place = self.queue.reserve().await.map_err(|_closed| LinkError::Closed)?;
        place.send(self.coder.encode(message)?);
        Ok(())
    }
}

/// From the centre.
#[derive(Debug)]
pub struct Inbound {
    stream: Streaming<proto::ToBox>,
    unknown: u64,
}

impl Inbound {
    /// The next message; none if the centre ended the stream. Messages that
    /// only a newer release knows are passed over and counted. Cancelled, it
    /// has taken nothing.
    pub async fn recv(&mut self) -> Result<Option<ToBox>, LinkError> {
        while let Some(message) = self.stream.message().await? {
            match to_box_of(message)? {
                Some(message) => return Ok(Some(message)),
                None => self.unknown = self.unknown.saturating_add(1),
            }
        }
        Ok(None)
    }

    /// Messages that were passed over.
    #[must_use]
    pub const fn unknown(&self) -> u64 {
        self.unknown
    }
}
