//! What a box is sent, as a stream that ends with the handler's last word.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tidemark_sync::message::{Refusal, ToBox};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::Stream;
use tonic::Status;

use super::streams::LastWord;
use crate::convert::to_box;
use crate::schema::sync::v1 as proto;
use crate::status::refused;

/// How far a stream is.
#[derive(Debug)]
enum Stage {
    /// Messages come.
    Open,
    /// The box was told a refusal; the status is left.
    Refused(Refusal),
    /// Nothing more.
    Over,
}

/// What a box is sent. It holds the handler's task, to know how it ended.
#[derive(Debug)]
pub(super) struct Outgoing {
    queued: mpsc::Receiver<ToBox>,
    handler: JoinHandle<()>,
    last_word: LastWord,
    stage: Stage,
}

impl Outgoing {
    pub(super) const fn new(queued: mpsc::Receiver<ToBox>, handler: JoinHandle<()>, last_word: LastWord) -> Self {
        Self { queued, handler, last_word, stage: Stage::Open }
    }
}

impl Stream for Outgoing {
    type Item = Result<proto::ToBox, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Over => Poll::Ready(None),
            Stage::Refused(refusal) => Poll::Ready(Some(Err(refused(&refusal)))),
            Stage::Open => {
                self.stage = Stage::Open;
                if let Some(message) = ready!(self.queued.poll_recv(cx)) {
                    return Poll::Ready(Some(Ok(to_box(&message))));
                }
                let ended = ready!(Pin::new(&mut self.handler).poll(cx));
                self.stage = Stage::Over;
                if ended.is_err() {
                    return Poll::Ready(Some(Err(Status::internal("the centre failed over this stream"))));
                }
                let Some(refusal) = self.last_word.get().cloned() else { return Poll::Ready(None) };
                let told = to_box(&ToBox::Refused(refusal.clone()));
                self.stage = Stage::Refused(refusal);
                Poll::Ready(Some(Ok(told)))
            }
        }
    }
}
