//! The uplink's shell: performs what [`tidemark_sync::Uplink`] wants and tells
//! it what came of it. Nothing is decided here.
//!
//! One task owns the state machine. Connections, reads and errands run beside
//! it and report through one bounded channel; the journal's word of handled
//! blocks goes through the keeper, one after the other.

mod books;
mod conversation;
mod dialling;
mod earlier;
mod errands;
mod facts;
mod keeper;
mod line;
mod news;
#[cfg(test)]
mod tests;

pub(crate) use line::{Line, LineError};

use std::collections::BTreeMap;
use std::future::pending;
use std::time::Duration;

use tidemark_daemon::clock::Clock;
use tidemark_daemon::conditions::{Active, Code, registry};
use tidemark_daemon::retry::{Disposition, Policy, retry};
use tidemark_journal::{Journal, NotSaved, ReadError, Records};
use tidemark_model::{Seq, WallTime};
use tidemark_sync::message::{Refusal, RefusalCode, Session, ToBox, ToCentre, Welcome};
use tidemark_sync::{
    Attempt, BoxFacts, Millis, Trouble, TroubleKind, Uplink, UplinkConfig, UplinkInput as Input, UplinkOutput as Output,
};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::desk::DeskView;
use crate::roll::Roll;
use crate::status::Centre;
use conversation::Conversation;
use dialling::Dialling;
use errands::Errands;
use keeper::{Keep, Keeper};

/// Reports that wait for the uplink.
const REPORTS: usize = 256;
/// How often the page hears how it stands, and head office of news.
const SHOW_EVERY: Duration = Duration::from_millis(500);

/// What the page shows of the centre.
#[derive(Clone, Debug)]
pub(crate) struct UplinkView {
    /// How it stands.
    pub(crate) centre: Centre,
    /// Movements that wait to be sent.
    pub(crate) waiting: u64,
    /// Payload bytes on their way.
    pub(crate) in_flight_bytes: u64,
}

/// What the uplink works with.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    /// What is sent.
    pub(crate) journal: Journal,
    /// Troubles.
    pub(crate) conditions: Active,
    /// The clocks.
    pub(crate) clock: Clock,
    /// Lanes and scanners.
    pub(crate) desk: watch::Receiver<DeskView>,
    /// Who has submitted.
    pub(crate) roll: Roll,
    /// Whether the line is paid by volume.
    pub(crate) metered: bool,
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
    /// The facts of a heartbeat; none if the books can't be read at present.
    Facts(Option<BoxFacts>),
    /// The stream is to begin anew, so that its welcome tells all.
    BeginAnew { cause: String },
    /// The uplink is to be told.
    Tell(Input),
}

/// The uplink's task before it runs.
#[derive(Debug)]
pub(crate) struct UplinkTask {
    uplink: Uplink,
    around: Surroundings,
    dialling: Dialling,
    conversations: BTreeMap<Attempt, Conversation>,
    current: Option<Attempt>,
    work: JoinSet<()>,
    /// Connections that are being left.
    leaving: JoinSet<()>,
    keeper: Keeper,
    errands: Errands,
    report: mpsc::Sender<Report>,
    reports: mpsc::Receiver<Report>,
    view: watch::Sender<UplinkView>,
    /// What the last heartbeat said of the books.
    facts: BoxFacts,
    /// The newest movement when nothing was pending and head office was told.
    settled_at: Option<Seq>,
    /// Head office's clock as it was told, and when.
    met: Option<(Millis, WallTime)>,
    /// The conditions head office was hastened for.
    told: Vec<(Code, String)>,
}

/// An uplink over the journal; none without a centre.
pub(crate) fn build(
    around: Surroundings,
    line: Option<Line>,
) -> Result<(Option<UplinkTask>, watch::Receiver<UplinkView>), ReadError> {
    let address = line.as_ref().map(|line| line.address().to_owned());
    let centre = Centre { reached: false, address, heard_seconds: None, closed: false };
    let (view, seen) = watch::channel(UplinkView { centre, waiting: 0, in_flight_bytes: 0 });
    let Some(line) = line else { return Ok((None, seen)) };
    let Surroundings { journal, conditions, clock, metered, .. } = &around;
    let (report, reports) = mpsc::channel(REPORTS);
    let identity = journal.identity();
    let config = UplinkConfig {
        store: identity.store.clone(),
        box_id: identity.box_id,
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
        metered: *metered,
        seed: facts::seed(),
    };
    let uplink = Uplink::new(config, journal.uplink_facts()?, Millis(clock.millis()));
    let task = UplinkTask {
        uplink,
        dialling: Dialling::over(line, identity.store.clone(), conditions.clone(), *clock),
        conversations: BTreeMap::new(),
        current: None,
        work: JoinSet::new(),
        leaving: JoinSet::new(),
        keeper: Keeper::start(journal.clone(), report.clone()),
        errands: Errands::start(journal.clone(), conditions.clone(), *clock, report.clone()),
        around,
        report,
        reports,
        view,
        facts: BoxFacts::default(),
        settled_at: None,
        met: None,
        told: Vec::new(),
    };
    Ok((Some(task), seen))
}

impl UplinkTask {
    /// Speaks with the centre until it is asked to stop.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> Result<(), std::io::Error> {
        let mut tail = self.around.journal.watch_tail();
        let mut salvage = self.around.journal.watch_salvage();
        let mut show = tokio::time::interval(SHOW_EVERY);
        loop {
            self.perform_all().await;
            let due = self.uplink.poll_timeout().map(|(at, _why)| at.0.saturating_sub(self.around.clock.millis()));
            tokio::select! {
                () = stop.cancelled() => break,
                Some(report) = self.reports.recv() => self.take(report),
                changed = tail.changed() => match changed {
                    Ok(()) => {
                        let now = *tail.borrow_and_update();
                        if self.around.journal.is_left() {
                            // Everything here speaks of the old epoch.
                            return Err(std::io::Error::other("the box goes on in a new epoch"));
                        }
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
                    self.tell_news();
                    self.show();
                }
                changed = salvage.changed() => match changed {
                    Ok(()) => {
                        salvage.mark_unchanged();
                        self.tell_earlier();
                    }
                    Err(_closed) => break,
                },
                Some(_) = self.work.join_next() => {}
                Some(_) = self.leaving.join_next() => {}
            }
        }
        self.tell(Input::Stop { reason: "the agent stops".to_owned() });
        self.perform_all().await;
        // Each waits for the farewell to be heard, but not for long.
        while self.leaving.join_next().await.is_some() {}
        Ok(())
    }

    fn now(&self) -> Millis {
        Millis(self.around.clock.millis())
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
            Report::Lost { attempt, cause } => self.lose(attempt, cause),
            Report::Heard { attempt, message } => self.tell(Input::Message { attempt, message }),
            Report::Facts(read) => {
                // Without news of the books head office hears at least how
                // the box is: NOT SAVED comes just then.
                self.facts = read.unwrap_or_else(|| std::mem::take(&mut self.facts));
                let conditions = facts::reports(&self.around.conditions.list());
                let odometer = self.around.journal.odometer();
                self.tell(Input::Facts(BoxFacts { conditions, odometer, ..self.facts.clone() }));
            }
            Report::BeginAnew { cause } => self.begin_anew(cause),
            Report::Tell(input) => self.tell(input),
        }
    }

    fn lose(&mut self, attempt: Attempt, cause: String) {
        drop(self.conversations.remove(&attempt));
        if self.current == Some(attempt) {
            self.current = None;
            self.errands.meet(None);
        }
        self.tell(Input::Disconnected { attempt, cause });
    }

    fn begin_anew(&mut self, cause: String) {
        if let Some(attempt) = self.current {
            tracing::info!(cause, "the stream begins anew");
            self.lose(attempt, cause);
        }
    }

    async fn perform_all(&mut self) {
        while let Some(output) = self.uplink.poll_output() {
            self.perform(output).await;
        }
    }

    async fn perform(&mut self, output: Output) {
        match output {
            Output::Connect { attempt } => self.connect(attempt),
            Output::Abandon { attempt } => drop(self.conversations.remove(&attempt)),
            Output::Disconnect { attempt, because } => {
                tracing::info!(?because, "leaving the centre");
                if let Some(conversation) = self.conversations.remove(&attempt) {
                    self.leaving.spawn(conversation.close());
                }
            }
            Output::SyncSession(session) => self.save_session(session),
            Output::Send(message) => self.send(message).await,
            Output::Read { read, epoch, seqs, max_bytes } => {
                let (around, report) = (self.around.clone(), self.report.clone());
                self.work.spawn(async move {
                    let found = books::records(&around, epoch, seqs, max_bytes).await;
                    let Records { records, unreadable, unreadable_digest, not_now: _ } = found;
                    tell(&report, Input::Records { read, records, unreadable, unreadable_digest }).await;
                });
            }
            Output::RememberReceived { epoch, blocks } => self.keeper.keep(Keep::Received { epoch, blocks }).await,
            Output::Welcomed(welcome) => self.welcomed(welcome).await,
            Output::Handled(handled) => self.keeper.keep(Keep::Handled(handled)).await,
            Output::EarlierHandled { epoch, through } => self.settle(epoch, through),
            Output::TakeFacts { oldest } => self.gather_facts(oldest),
            Output::CatalogueVersion(version) => self.errands.catalogue(version),
            Output::Instruction(instruction) => self.errands.instruct(instruction),
            Output::OpeningReady(ready) => {
                let detail = format!("this box is number {} of the shop", ready.ordinal.0);
                self.raise(registry::OPENING_WAITS, detail);
                self.errands.opening(self.around.journal.odometer(), ready);
            }
            Output::Raise(trouble) => {
                self.raise(code_of(trouble.kind()), trouble.to_string());
                if trouble.kind() == TroubleKind::Forked {
                    self.work.spawn(leave_epoch(self.around.journal.clone()));
                }
                if let Trouble::Refused(Refusal { code: RefusalCode::Malformed, detail }) = &trouble {
                    tracing::error!(detail, "the centre did not understand this box");
                }
            }
            Output::Clear(kind) => drop(self.around.conditions.clear(code_of(kind))),
        }
        self.show();
    }

    fn raise(&self, code: Code, detail: String) {
        self.around.conditions.raise(code, detail, self.around.clock.millis());
    }

    fn connect(&mut self, attempt: Attempt) {
        match self.dialling.dialer() {
            Ok(dialer) => drop(self.work.spawn(conversation::open(dialer, attempt, self.report.clone()))),
            Err(cause) => self.tell(Input::Disconnected { attempt, cause }),
        }
    }

    async fn welcomed(&mut self, welcome: Welcome) {
        tracing::info!(generation = welcome.generation.0, ordinal = welcome.ordinal.0, "the centre is reached");
        self.meet_clock(welcome.server_time);
        self.current = self.conversations.keys().next_back().copied();
        self.errands.meet(self.current.and_then(|attempt| Some(self.conversations.get(&attempt)?.caller())));
        self.errands.welcomed(&welcome);
        self.keeper.keep(Keep::Welcomed(welcome)).await;
    }

    /// Puts the session's number on disk. Without it nothing is said; NOT
    /// SAVED tells the person, the next attempt tries again.
    fn save_session(&mut self, session: Session) {
        let (journal, report) = (self.around.journal.clone(), self.report.clone());
        self.work.spawn(async move {
            match journal.save_session(session).await {
                Ok(session) => tell(&report, Input::SessionSynced(session)).await,
                Err(error) => tracing::error!(%error, "the session number is not saved"),
            }
        });
    }

    fn gather_facts(&mut self, oldest: Option<Seq>) {
        let Surroundings { journal, desk, roll, metered, .. } = self.around.clone();
        let (desk, report) = (desk.borrow().clone(), self.report.clone());
        self.work.spawn(async move {
            let facts = books::facts(journal, desk, roll, oldest, metered).await;
            // The uplink's task is gone only when the agent stops.
            drop(report.send(Report::Facts(facts)).await);
        });
    }

    async fn send(&mut self, message: ToCentre) {
        let Some((attempt, conversation)) = self.conversations.iter().next_back() else { return };
        if let Err(cause) = conversation.send(message).await {
            let attempt = *attempt;
            self.lose(attempt, cause);
        }
    }
}

/// Draws a new epoch as soon as the disk takes it: what it holds under the
/// present one is not what the centre holds. The new tail tells of it.
async fn leave_epoch(journal: Journal) {
    let judge = |error: &NotSaved| match error {
        NotSaved::Stopped => Disposition::Stop,
        NotSaved::Write { .. } | NotSaved::Read { .. } => Disposition::Retry,
    };
    match retry(Policy::SERVICE, || journal.fork(), judge).await {
        Ok(epoch) => tracing::warn!(%epoch, "another life of this disk was heard: the box goes on in a new epoch"),
        Err(error) => tracing::debug!(%error, "the agent stops"),
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
