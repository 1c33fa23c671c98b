//! One connection of a simulated shop: tasks that send what the uplink says
//! and report what the centre says.

use tidemark_model::{Label, StoreId};
use tidemark_sync::Attempt;
use tidemark_sync::message::{
    CatalogueChange, CatalogueEntry, FetchCatalogue, FetchInstruction, Instruction, ToBox, ToCentre,
};
use tidemark_wire::client::{Calls, Dialer, Inbound, LinkError, Outbound};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Messages that wait to be sent; more than the uplink ever has in flight.
const QUEUE: usize = 4_096;

/// What happened beside the shop's task.
#[derive(Debug)]
pub(super) enum Report {
    /// A connection stands.
    Connected { attempt: Attempt, talk: Talk },
    /// A connection could not be made or was lost.
    Lost { attempt: Attempt, cause: String },
    /// The centre spoke.
    Heard { attempt: Attempt, message: ToBox },
    /// The catalogue came.
    Catalogue { version: u64, entries: Vec<CatalogueEntry>, change: Option<CatalogueChange> },
    /// An instruction came whole.
    Instructed(Instruction),
    /// Something that was fetched did not come; the centre tells it again.
    NotFetched(String),
}

/// The handle on an open connection. Dropped, it is gone.
#[derive(Debug)]
pub(super) struct Talk {
    words: mpsc::Sender<ToCentre>,
    /// The calls beside the stream.
    pub(super) calls: Calls,
    _tasks: JoinSet<()>,
}

impl Talk {
    /// Queues a message; false if the connection is gone or takes nothing.
    pub(super) fn send(&self, message: ToCentre) -> bool {
        self.words.try_send(message).is_ok()
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
            Report::Connected { attempt, talk: Talk { words, calls: link.calls, _tasks: tasks } }
        }
        Err(error) => ended(attempt, error),
    };
    tell(&report, outcome).await;
}

/// The shop is gone only when the fleet stops; then nobody needs the report.
async fn tell(report: &mpsc::Sender<Report>, what: Report) -> bool {
    report.send(what).await.is_ok()
}

/// What the end of a connection means to the uplink.
fn ended(attempt: Attempt, error: LinkError) -> Report {
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
            tell(&report, ended(attempt, error)).await;
            return;
        }
    }
}

async fn listen(mut inbound: Inbound, attempt: Attempt, report: mpsc::Sender<Report>) {
    loop {
        let (heard, over) = match inbound.recv().await {
            Ok(Some(message)) => (Report::Heard { attempt, message }, false),
            Ok(None) => (Report::Lost { attempt, cause: "the centre ended the stream".to_owned() }, true),
            Err(error) => (ended(attempt, error), true),
        };
        if !tell(&report, heard).await || over {
            return;
        }
    }
}

/// Fetches the catalogue: what changed since the version in use, or all of it.
pub(super) async fn fetch_catalogue(
    mut calls: Calls,
    store: StoreId,
    (version, since): (u64, u64),
    report: mpsc::Sender<Report>,
) {
    let (mut version, mut after, mut entries) = (version, None, Vec::new());
    let fetched = loop {
        let request = FetchCatalogue { store: store.clone(), version, after: after.clone(), since };
        match calls.fetch_catalogue(&request).await {
            Ok(page) if page.change.is_some() => {
                break Report::Catalogue { version: page.version, entries: page.entries, change: page.change };
            }
            Ok(page) if page.version != version => {
                (version, after) = (page.version, None);
                entries.clear();
            }
            Ok(page) => {
                after = page.entries.last().map(|entry| entry.item.sku.clone());
                entries.extend(page.entries);
                if page.last || after.is_none() {
                    break Report::Catalogue { version, entries, change: None };
                }
            }
            Err(error) => break Report::NotFetched(error.to_string()),
        }
    };
    tell(&report, fetched).await;
}

/// Fetches the body of an instruction that is too large for the stream.
pub(super) async fn fetch_instruction(mut calls: Calls, store: StoreId, id: Label, report: mpsc::Sender<Report>) {
    let mut bytes = Vec::new();
    let fetched = loop {
        let from = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let request = FetchInstruction { store: store.clone(), id: id.clone(), from };
        match calls.fetch_instruction(&request).await {
            Ok(page) => {
                bytes.extend_from_slice(&page.bytes);
                if u64::try_from(bytes.len()).unwrap_or(u64::MAX) >= page.total {
                    break match tidemark_wire::decode_instruction_body(&bytes) {
                        Ok(body) => Report::Instructed(Instruction::of(id, body)),
                        Err(error) => Report::NotFetched(error.to_string()),
                    };
                }
                if page.bytes.is_empty() {
                    break Report::NotFetched("a page of the instruction is empty".to_owned());
                }
            }
            Err(error) => break Report::NotFetched(error.to_string()),
        }
    };
    tell(&report, fetched).await;
}
