//! One connection: a task that sends what the uplink says and reports what
//! the centre says.

use std::time::Duration;

use tidemark_sync::Attempt;
use tidemark_sync::message::{
    CataloguePage, DigestPage, FetchCatalogue, FetchDigests, FetchInstruction, FetchOpening, InstructionPage,
    OpeningPage, OpeningSent, SendOpening, ToCentre,
};
use tidemark_wire::client::{Calls, Dialer, Inbound, LinkError, Outbound, Pieces};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::Report;

/// Messages that wait to be sent.
const QUEUE: usize = 64;
/// How long a message may wait for room in the queue: a line that takes
/// nothing for so long is dead.
const ROOM_WITHIN: Duration = Duration::from_secs(5);
/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// The handle on an open connection.
#[derive(Debug)]
pub(super) struct Conversation {
    words: mpsc::Sender<ToCentre>,
    calls: Calls,
    tasks: JoinSet<()>,
}

/// Makes the calls beside the stream.
#[derive(Clone, Debug)]
pub(super) struct Caller(Calls);

impl Caller {
    pub(super) async fn fetch_catalogue(
        &mut self,
        request: &FetchCatalogue,
        pieces: &mut Pieces,
    ) -> Result<Option<CataloguePage>, LinkError> {
        self.0.fetch_catalogue_on(request, pieces).await
    }

    pub(super) async fn fetch_opening(&mut self, request: &FetchOpening) -> Result<OpeningPage, LinkError> {
        self.0.fetch_opening(request).await
    }

    pub(super) async fn send_opening(&mut self, request: &SendOpening) -> Result<OpeningSent, LinkError> {
        self.0.send_opening(request).await
    }

    pub(super) async fn fetch_instruction(&mut self, request: &FetchInstruction) -> Result<InstructionPage, LinkError> {
        self.0.fetch_instruction(request).await
    }

    pub(super) async fn fetch_digests(&mut self, request: &FetchDigests) -> Result<DigestPage, LinkError> {
        self.0.fetch_digests(request).await
    }
}

/// Opens a connection and reports it, or why there is none.
pub(super) async fn open(dialer: Dialer, attempt: Attempt, report: mpsc::Sender<Report>) {
    let outcome = match dialer.dial().await {
        Ok(link) => {
            let (words, queue) = mpsc::channel(QUEUE);
            let mut tasks = JoinSet::new();
            tasks.spawn(speak(link.outbound, queue, attempt, report.clone()));
            tasks.spawn(listen(link.inbound, attempt, report.clone()));
            Report::Connected { attempt, conversation: Conversation { words, calls: link.calls, tasks } }
        }
        Err(error) => lost(attempt, error),
    };
    // The uplink's task is gone only when the agent stops.
    drop(report.send(outcome).await);
}

/// What the end of a connection means to the uplink.
fn lost(attempt: Attempt, error: LinkError) -> Report {
    match error.last_word() {
        Ok(message) => Report::Heard { attempt, message },
        Err(cause) => Report::Lost { attempt, cause },
    }
}

async fn speak(
    mut outbound: Outbound,
    mut queue: mpsc::Receiver<ToCentre>,
    attempt: Attempt,
    report: mpsc::Sender<Report>,
) {
    while let Some(message) = queue.recv().await {
        if let Err(error) = outbound.send(message).await {
            // First of all, who waits for room in the queue is let go.
            drop(queue);
            drop(report.send(lost(attempt, error)).await);
            return;
        }
    }
}

async fn listen(mut inbound: Inbound, attempt: Attempt, report: mpsc::Sender<Report>) {
    loop {
        let heard = match inbound.recv().await {
            Ok(Some(message)) => Report::Heard { attempt, message },
            Ok(None) => Report::Lost { attempt, cause: "the centre ended the stream".to_owned() },
            Err(error) => lost(attempt, error),
        };
        let over = matches!(heard, Report::Lost { .. });
        if report.send(heard).await.is_err() || over {
            return;
        }
    }
}

impl Conversation {
    /// Queues a message; the cause if the connection is gone.
    pub(super) async fn send(&self, message: ToCentre) -> Result<(), String> {
        match tokio::time::timeout(ROOM_WITHIN, self.words.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_gone)) => Err("the connection was lost".to_owned()),
            Err(_elapsed) => Err(format!("the line took nothing for {ROOM_WITHIN:?}")),
        }
    }

    pub(super) fn caller(&self) -> Caller {
        Caller(self.calls.clone())
    }

    /// Says what is queued, then waits for the centre to end the stream too:
    /// it does so when it has heard all. A line that is gone does not answer.
    pub(super) async fn close(self) {
        let Self { words, calls, mut tasks } = self;
        drop(words);
        let heard = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(FAREWELL, heard).await.is_err() {
            tracing::debug!("the centre did not hear the farewell");
        }
        drop(calls);
    }
}
