//! The uplink's shell: performs what [`tidemark_sync::Uplink`] wants and tells
//! it what came of it. Nothing is decided here.
//!
//! One task owns the state machine. Connections, reads and errands run beside
//! it and report through one bounded channel; the journal's word of handled
//! blocks goes through the keeper, one after the other.

mod conversation;
mod errands;
mod facts;
mod keeper;
mod line;

pub(crate) use line::{Line, LineError};

use std::collections::BTreeMap;
use std::future::pending;
use std::time::Duration;

use tidemark_daemon::clock::Clock;
use tidemark_daemon::conditions::{Active, Code, registry};
use tidemark_journal::{Journal, Records};
use tidemark_model::{Epoch, Seq, SeqSet};
use tidemark_sync::message::{Refusal, RefusalCode, Session, ToBox, ToCentre};
use tidemark_sync::{
    Attempt, LinkState, Millis, ReadId, Trouble, TroubleKind, Uplink, UplinkConfig, UplinkInput as Input,
    UplinkOutput as Output,
};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::desk::DeskView;
use crate::status::Centre;
use conversation::Conversation;
use errands::Errands;
use keeper::{Keep, Keeper};

/// Reports that wait for the uplink.
const REPORTS: usize = 256;
/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_secs(2);
/// How often the page hears how it stands.
const SHOW_EVERY: Duration = Duration::from_millis(500);

/// What the page shows of the centre.
#[derive(Clone, Debug)]
pub(crate) struct UplinkView {
    /// How it stands.
    pub(crate) centre: Centre,
}

/// What happened beside the uplink's task.
#[derive(Debug)]
enum Report {
    /// A connection stands.
    Connected { attempt: Attempt, conversation: Conversation },
    /// A connection could not be made or was lost.
    Lost { attempt: Attempt, cause: String },
    /// The centre spoke.
    Heard { attempt: Attempt, message: ToBox },
    /// The uplink is to be told.
    Tell(Input),
}

/// The uplink's task before it runs.
#[derive(Debug)]
pub(crate) struct UplinkTask {
    uplink: Uplink,
    journal: Journal,
    line: Line,
    metered: bool,
    conditions: Active,
    clock: Clock,
    desk: watch::Receiver<DeskView>,
    conversations: BTreeMap<Attempt, Conversation>,
    current: Option<Attempt>,
    work: JoinSet<()>,
    keeper: Keeper,
    errands: Errands,
    report: mpsc::Sender<Report>,
    reports: mpsc::Receiver<Report>,
    view: watch::Sender<UplinkView>,
    /// The newest movement when nothing was pending and head office was told.
    settled_at: Option<Seq>,
}

/// An uplink over the journal; none without a centre.
pub(crate) fn build(
    journal: Journal,
    line: Option<Line>,
    metered: bool,
    conditions: Active,
    clock: Clock,
    desk: watch::Receiver<DeskView>,
) -> (Option<UplinkTask>, watch::Receiver<UplinkView>) {
    let address = line.as_ref().map(|line| line.address().to_owned());
    let centre = Centre { reached: false, address, heard_seconds: None, closed: false };
    let (view, seen) = watch::channel(UplinkView { centre });
    let task = line.and_then(|line| {
        let (report, reports) = mpsc::channel(REPORTS);
        let identity = journal.identity();
        let config = UplinkConfig {
            store: identity.store.clone(),
            box_id: identity.box_id,
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            metered,
            seed: facts::seed(),
        };
        let facts = journal
            .uplink_facts()
            .inspect_err(|error| tracing::error!(%error, "the uplink can't read where it stands"))
            .ok()?;
        let uplink = Uplink::new(config, facts, Millis(clock.millis()));
        let keeper = Keeper::start(journal.clone(), report.clone());
        let errands = Errands::start(journal.clone(), conditions.clone(), clock);
        Some(UplinkTask {
            uplink,
            journal,
            line,
            metered,
            conditions,
            clock,
            desk,
            conversations: BTreeMap::new(),
            current: None,
            work: JoinSet::new(),
            keeper,
            errands,
            report,
            reports,
            view,
            settled_at: None,
        })
    });
    (task, seen)
}

impl UplinkTask {
    /// Speaks with the centre until it is asked to stop.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> Result<(), std::io::Error> {
        let mut tail = self.journal.watch_tail();
        let mut show = tokio::time::interval(SHOW_EVERY);
        loop {
            self.perform_all().await;
            let due = self.uplink.poll_timeout().map(|(at, _why)| at.0.saturating_sub(self.clock.millis()));
            tokio::select! {
                () = stop.cancelled() => break,
                Some(report) = self.reports.recv() => self.take(report),
                changed = tail.changed() => match changed {
                    Ok(()) => {
                        let now = *tail.borrow_and_update();
                        self.tell(Input::Committed { tail: now.seq });
                        self.tell(Input::Trimmed { below: now.trimmed_below });
                    }
                    Err(_closed) => break,
                },
                () = wait(due) => {
                    let now = self.now();
                    self.uplink.handle_timeout(now);
                }
                _ = show.tick() => {
                    self.tell_when_settled();
                    self.show();
                }
                Some(_) = self.work.join_next() => {}
            }
        }
        self.tell(Input::Stop { reason: "the agent stops".to_owned() });
        self.perform_all().await;
        let conversations = std::mem::take(&mut self.conversations);
        let farewell = async {
            for conversation in conversations.into_values() {
                conversation.close().await;
            }
        };
        if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
            tracing::debug!("the centre did not hear the farewell");
        }
        Ok(())
    }

    fn now(&self) -> Millis {
        Millis(self.clock.millis())
    }

    fn tell(&mut self, input: Input) {
        let now = self.now();
        self.uplink.handle_input(input, now);
    }

    fn take(&mut self, report: Report) {
        match report {
            Report::Connected { attempt, conversation } => {
                self.conversations.insert(attempt, conversation);
                self.tell(Input::Connected { attempt });
            }
            Report::Lost { attempt, cause } => {
                drop(self.conversations.remove(&attempt));
                self.tell(Input::Disconnected { attempt, cause });
            }
            Report::Heard { attempt, message } => self.tell(Input::Message { attempt, message }),
            Report::Tell(input) => self.tell(input),
        }
    }

    async fn perform_all(&mut self) {
        while let Some(output) = self.uplink.poll_output() {
            self.perform(output).await;
        }
    }

    async fn perform(&mut self, output: Output) {
        match output {
            Output::Connect { attempt } => {
                let (line, report) = (self.line.clone(), self.report.clone());
                self.work.spawn(conversation::open(line, attempt, report));
            }
            Output::Abandon { attempt } => drop(self.conversations.remove(&attempt)),
            Output::Disconnect { attempt, because } => {
                tracing::info!(?because, "leaving the centre");
                if let Some(conversation) = self.conversations.remove(&attempt) {
                    self.work.spawn(conversation.close());
                }
            }
            Output::SyncSession(session) => self.save_session(session),
            Output::Send(message) => self.send(message).await,
            Output::Read { read, epoch, seqs, max_bytes } => self.read(read, epoch, seqs, max_bytes),
            Output::RememberReceived { epoch, blocks } => self.keeper.keep(Keep::Received { epoch, blocks }).await,
            Output::Welcomed(welcome) => {
                tracing::info!(generation = welcome.generation.0, ordinal = welcome.ordinal.0, "the centre is reached");
                self.current = self.conversations.keys().next_back().copied();
                self.errands.meet(self.current.and_then(|attempt| Some(self.conversations.get(&attempt)?.caller())));
                self.keeper.keep(Keep::Welcomed(welcome)).await;
            }
            Output::Handled(handled) => self.keeper.keep(Keep::Handled(handled)).await,
            Output::TakeFacts { oldest } => self.gather_facts(oldest),
            Output::CatalogueVersion(version) => self.errands.catalogue(version),
            Output::Instruction(instruction) => self.errands.instruct(instruction),
            Output::OpeningReady(ready) => {
                tracing::info!(ordinal = ready.ordinal.0, "an opening is ready; this release goes on without it");
            }
            Output::Raise(trouble) => {
                self.conditions.raise(code_of(trouble.kind()), trouble.to_string(), self.clock.millis());
                if let Trouble::Refused(Refusal { code: RefusalCode::Malformed, detail }) = &trouble {
                    tracing::error!(detail, "the centre did not understand this box");
                }
            }
            Output::Clear(kind) => drop(self.conditions.clear(code_of(kind))),
        }
        self.show();
    }

    /// Puts the session's number on disk. Without it nothing is said; NOT
    /// SAVED tells the person, the next attempt tries again.
    fn save_session(&mut self, session: Session) {
        let (journal, report) = (self.journal.clone(), self.report.clone());
        self.work.spawn(async move {
            match journal.save_session(session).await {
                Ok(session) => tell(&report, Input::SessionSynced(session)).await,
                Err(error) => tracing::error!(%error, "the session number is not saved"),
            }
        });
    }

    fn read(&mut self, read: ReadId, epoch: Epoch, seqs: SeqSet, max_bytes: u64) {
        let (journal, report) = (self.journal.clone(), self.report.clone());
        self.work.spawn(async move {
            match tokio::task::spawn_blocking(move || journal.read_records(epoch, &seqs, max_bytes)).await {
                Ok(Ok(Records { records, unreadable, unreadable_digest })) => {
                    tell(&report, Input::Records { read, records, unreadable, unreadable_digest }).await;
                }
                Ok(Err(error)) => tracing::error!(%error, "movements can't be read"),
                Err(error) => tracing::error!(%error, "a reader ended"),
            }
        });
    }

    fn gather_facts(&mut self, oldest: Option<Seq>) {
        let (journal, report) = (self.journal.clone(), self.report.clone());
        let (desk, conditions, metered) = (self.desk.borrow().clone(), self.conditions.list(), self.metered);
        self.work.spawn(async move {
            let gather = move || facts::of_box(&journal, &desk, &conditions, oldest, metered);
            match tokio::task::spawn_blocking(gather).await {
                Ok(Ok(facts)) => tell(&report, Input::Facts(facts)).await,
                Ok(Err(error)) => tracing::error!(%error, "the facts of a heartbeat can't be read"),
                Err(error) => tracing::error!(%error, "a reader ended"),
            }
        });
    }

    async fn send(&mut self, message: ToCentre) {
        let Some((attempt, conversation)) = self.conversations.iter().next_back() else { return };
        if let Err(cause) = conversation.send(message).await {
            let attempt = *attempt;
            drop(self.conversations.remove(&attempt));
            self.tell(Input::Disconnected { attempt, cause });
        }
    }

    /// Lets head office see at once that nothing is on its way any more,
    /// instead of with the next heartbeat.
    fn tell_when_settled(&mut self) {
        let newest = Some(self.journal.watch_tail().borrow().seq);
        if self.uplink.status().pending == 0 && self.settled_at != newest {
            self.settled_at = newest;
            self.tell(Input::ConditionsChanged);
        }
    }

    fn show(&self) {
        let status = self.uplink.status();
        let now = self.now();
        self.view.send_modify(|view| {
            view.centre.reached = status.link == LinkState::Open;
            view.centre.closed = status.closed;
            view.centre.heard_seconds = status.heard.map(|heard| now.since(heard) / 1_000);
        });
    }
}

/// The condition of an uplink's trouble.
const fn code_of(kind: TroubleKind) -> Code {
    match kind {
        TroubleKind::NotReached => registry::CENTRE_UNREACHABLE,
        TroubleKind::Slowed => registry::BACKLOG_WAITS,
        TroubleKind::Refused => registry::CENTRE_REFUSES,
        TroubleKind::SecondBox => registry::TWO_BOXES,
        TroubleKind::Suspect => registry::DISK_SUSPECT,
        TroubleKind::Closed => registry::EPOCH_CLOSED,
        TroubleKind::Forked => registry::FORKED,
    }
}

/// Tells the uplink's task, which is gone only when the agent stops.
async fn tell(report: &mpsc::Sender<Report>, input: Input) {
    drop(report.send(Report::Tell(input)).await);
}

async fn wait(millis: Option<u64>) {
    match millis {
        Some(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
        None => pending().await,
    }
}
