//! A shop's task: performs what its uplink wants, sells, and takes orders.

use std::collections::BTreeMap;
use std::future::pending;
use std::time::Duration;

use tidemark_model::{BoxId, Generation, Odometer, TextError};
use tidemark_sync::message::{Blocks, DeviceFacts, InstructionBody, OpenBlock, Session, ToBox};
use tidemark_sync::{
    Attempt, BoxFacts, Facts, LinkState, Millis, ReceivedBlocks, Uplink, UplinkConfig, UplinkInput as Input,
    UplinkOutput as Output,
};
use tidemark_wire::client::Dialer;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval};

use super::talk::{self, Report, Talk};
use super::{Record, Shop};

/// Reports that wait for the shop.
const REPORTS: usize = 256;
/// How often the shop shows how it stands.
const SHOW_EVERY: Duration = Duration::from_millis(200);

/// What a shop is told to do.
#[derive(Debug)]
pub enum Order {
    /// Open the doors, or close them.
    Sell(bool),
    /// Ring up one receipt with a line that nobody can understand.
    Poison,
    /// Tell what it knows of its own trade.
    Tell(oneshot::Sender<Record>),
}

/// How a shop stands.
#[derive(Clone, Debug, Default)]
pub struct ShopView {
    /// Whether head office is reached.
    pub reached: bool,
    /// The last committed seq.
    pub tail: u64,
    /// Positions that the centre has not handled.
    pub pending: u64,
    /// Lines of opening stock that head office asked for.
    pub opened_lines: u64,
    /// The catalogue in use; 0 if none came.
    pub catalogue: u64,
    /// What troubles the shop.
    pub trouble: Option<String>,
}

struct Task {
    shop: Shop,
    uplink: Uplink,
    dialer: Dialer,
    started: Instant,
    talks: BTreeMap<Attempt, Talk>,
    work: JoinSet<()>,
    report: mpsc::Sender<Report>,
    reports: mpsc::Receiver<Report>,
    selling: Option<Interval>,
    view: watch::Sender<ShopView>,
}

/// Runs a shop until nobody gives orders any more.
pub async fn run(shop: Shop, dialer: Dialer, mut orders: mpsc::Receiver<Order>, view: watch::Sender<ShopView>) {
    let (report, reports) = mpsc::channel(REPORTS);
    let uplink = uplink_of(&shop);
    let (started, talks, work) = (Instant::now(), BTreeMap::new(), JoinSet::new());
    let mut task = Task { shop, uplink, dialer, started, talks, work, report, reports, selling: None, view };
    let mut show = tokio::time::interval(SHOW_EVERY);
    task.commit();
    loop {
        task.perform_all();
        let due = task.uplink.poll_timeout().map(|(at, _why)| at.0.saturating_sub(task.now().0));
        let done = tokio::select! {
            order = orders.recv() => match order {
                Some(order) => task.obey(order),
                None => break,
            },
            Some(report) = task.reports.recv() => task.take(report),
            () = next(task.selling.as_mut()) => task.sell(),
            () = wait(due) => {
                task.uplink.handle_timeout(task.now());
                Ok(())
            }
            _ = show.tick() => {
                task.show();
                Ok(())
            }
            Some(_) = task.work.join_next() => Ok(()),
        };
        if let Err(error) = done {
            task.view.send_modify(|view| view.trouble = Some(error.to_string()));
        }
    }
}

/// An uplink over a journal that never met a centre.
fn uplink_of(shop: &Shop) -> Uplink {
    let epoch = shop.journal().epoch();
    let seed = epoch.0.to_be_bytes();
    let mut box_id = [0; 16];
    box_id.iter_mut().zip(seed.iter().chain(&seed)).for_each(|(to, from)| *to = *from);
    let config = UplinkConfig {
        store: shop.journal().store().clone(),
        box_id: BoxId(box_id),
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
        metered: false,
        seed: epoch.0,
    };
    let facts = Facts {
        epoch,
        session: Session(0),
        tail: shop.journal().tail(),
        trimmed_below: 1,
        generation: Generation(0),
        handled: Blocks::new(),
        received: ReceivedBlocks::new(),
        opening: None,
        earlier: Vec::new(),
    };
    Uplink::new(config, facts, Millis(0))
}

impl Task {
    fn millis(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn now(&self) -> Millis {
        Millis(self.millis())
    }

    fn odometer(&self) -> Odometer {
        Odometer(self.millis())
    }

    fn tell(&mut self, input: Input) {
        let now = self.now();
        self.uplink.handle_input(input, now);
    }

    fn commit(&mut self) {
        let tail = self.shop.journal().tail();
        self.tell(Input::Committed { tail });
    }

    fn sell(&mut self) -> Result<(), TextError> {
        self.shop.sell(self.odometer())?;
        self.commit();
        Ok(())
    }

    fn obey(&mut self, order: Order) -> Result<(), TextError> {
        match order {
            Order::Sell(true) => self.selling = Some(tokio::time::interval(self.shop.trade.every)),
            Order::Sell(false) => self.selling = None,
            Order::Poison => {
                self.shop.poison(self.odometer())?;
                self.commit();
            }
            // Who asked and is gone needs no answer.
            Order::Tell(answer) => answer.send(self.shop.record().clone()).unwrap_or(()),
        }
        Ok(())
    }

    fn take(&mut self, report: Report) -> Result<(), TextError> {
        match report {
            Report::Connected { attempt, talk } => {
                self.talks.insert(attempt, talk);
                self.tell(Input::Connected { attempt });
            }
            Report::Lost { attempt, cause } => {
                drop(self.talks.remove(&attempt));
                self.tell(Input::Disconnected { attempt, cause });
            }
            Report::Heard { attempt, message } => self.hear(attempt, message),
            // A change of another version than the one in use says nothing.
            Report::Catalogue { change: Some(change), .. } if change.since != self.view.borrow().catalogue => {}
            Report::Catalogue { version, entries, .. } => {
                self.shop.learn(entries);
                self.view.send_modify(|view| view.catalogue = version);
            }
            Report::Instructed(instruction) => {
                self.shop.instruct(instruction, self.odometer())?;
                self.commit();
            }
            Report::NotFetched(cause) => self.view.send_modify(|view| view.trouble = Some(cause)),
        }
        Ok(())
    }

    fn hear(&mut self, attempt: Attempt, message: ToBox) {
        self.tell(Input::Message { attempt, message });
    }

    fn perform_all(&mut self) {
        while let Some(output) = self.uplink.poll_output() {
            self.perform(output);
        }
    }

    fn perform(&mut self, output: Output) {
        match output {
            Output::Connect { attempt } => {
                self.work.spawn(talk::open(self.dialer.clone(), attempt, self.report.clone()));
            }
            Output::Abandon { attempt } | Output::Disconnect { attempt, .. } => drop(self.talks.remove(&attempt)),
            Output::SyncSession(session) => self.tell(Input::SessionSynced(session)),
            Output::Send(message) => {
                let Some((attempt, talk)) = self.talks.iter().next_back() else { return };
                if !talk.send(message) {
                    let (attempt, cause) = (*attempt, "the connection takes nothing any more".to_owned());
                    drop(self.talks.remove(&attempt));
                    self.tell(Input::Disconnected { attempt, cause });
                }
            }
            Output::Read { read, seqs, max_bytes, .. } => {
                let records = self.shop.journal().read(&seqs, max_bytes);
                let (unreadable, unreadable_digest) = (tidemark_model::SeqSet::new(), None);
                self.tell(Input::Records { read, records, unreadable, unreadable_digest });
            }
            // The memory of a simulated shop is its uplink's, and its disk is
            // never damaged.
            Output::RememberReceived { .. } | Output::EarlierHandled { .. } | Output::OpeningReady(_) => {}
            Output::Welcomed(welcome) => self.compare(&welcome.blocks),
            Output::Handled(handled) if handled.epoch == self.shop.journal().epoch() => self.compare(&handled.blocks),
            // Blocks of a life that this shop never had.
            Output::Handled(_) => {}
            Output::TakeFacts { oldest } => {
                let facts = self.facts(oldest);
                self.tell(Input::Facts(facts));
            }
            Output::CatalogueVersion(version) => {
                if let Some((_, talk)) =
                    self.talks.iter().next_back().filter(|_| self.view.borrow().catalogue != version)
                {
                    let (calls, store) = (talk.calls.clone(), self.shop.journal().store().clone());
                    let since = self.view.borrow().catalogue;
                    self.work.spawn(talk::fetch_catalogue(calls, store, (version, since), self.report.clone()));
                }
            }
            Output::Instruction(instruction) => self.instruct(instruction),
            Output::Raise(trouble) => self.view.send_modify(|view| view.trouble = Some(trouble.to_string())),
            Output::Clear(_) => self.view.send_modify(|view| view.trouble = None),
        }
    }

    fn instruct(&mut self, instruction: tidemark_sync::message::Instruction) {
        let Some((_, talk)) = self.talks.iter().next_back() else { return };
        if matches!(instruction.body, InstructionBody::Fetch { .. }) {
            let (calls, store) = (talk.calls.clone(), self.shop.journal().store().clone());
            self.work.spawn(talk::fetch_instruction(calls, store, instruction.id, self.report.clone()));
        } else if let Err(error) = self.take(Report::Instructed(instruction)) {
            self.view.send_modify(|view| view.trouble = Some(error.to_string()));
        }
    }

    fn compare(&mut self, blocks: &Blocks) {
        if let Some(block) = self.shop.journal().first_that_differs(blocks) {
            self.tell(Input::Differs { block });
        }
    }

    fn facts(&self, oldest: Option<u64>) -> BoxFacts {
        let journal = self.shop.journal();
        let age = oldest.and_then(|seq| journal.record(seq)).map(|kept| self.millis().saturating_sub(kept.committed.0));
        let open_block = journal.open_block().map(|(index, block)| OpenBlock {
            index,
            count: block.bitmap.count(),
            digest: block.digest,
            stock: block.stock,
        });
        let agent_version = env!("CARGO_PKG_VERSION").to_owned();
        BoxFacts {
            open_block,
            oldest_age_ms: age,
            odometer: self.odometer(),
            catalogue: self.view.borrow().catalogue,
            device: DeviceFacts { system: "simulated".to_owned(), agent_version, ..DeviceFacts::default() },
            ..BoxFacts::default()
        }
    }

    fn show(&mut self) {
        let status = self.uplink.status();
        let was_pending = self.view.borrow().pending > 0;
        let (tail, opened_lines) = (self.shop.journal().tail(), self.shop.opened_lines());
        self.view.send_modify(|view| {
            view.reached = status.link == LinkState::Open;
            view.tail = tail;
            view.pending = status.pending;
            view.opened_lines = opened_lines;
        });
        if was_pending && status.pending == 0 {
            // Head office sees at once that nothing is on its way any more.
            self.tell(Input::ConditionsChanged);
        }
    }
}

/// The next receipt; never while the doors are closed.
async fn next(selling: Option<&mut Interval>) {
    match selling {
        Some(interval) => drop(interval.tick().await),
        None => pending().await,
    }
}

async fn wait(millis: Option<u64>) {
    match millis {
        Some(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
        None => pending().await,
    }
}
