//! The box: its queue, its writer, and the shell around its uplink.

use tidemark_model::document::{Body, Timing};
use tidemark_model::movement::Labels;
use tidemark_model::{Books, Code, Document, DocumentId, Lookup, Odometer, Quantity, Source};
use tidemark_sync::message::{Blocks, Session};
use tidemark_sync::{BoxFacts, Millis, UplinkInput, UplinkOutput};

use crate::check::Promise;
use crate::disk::{Decided, GRACE_MS, Waiting, Writing};
use crate::mutant::Mutant;
use crate::people::{Answer, Asked, PaperId};
use crate::rates::Fault;
use crate::shop::{Agent, Life};

use super::{Event, World};

/// Between two looks whether something may be trimmed.
const KEEP_MS: u64 = 5_000;
/// Documents in one batch, at most.
const BATCH: usize = 32;

impl World {
    pub(super) fn start_box(&mut self) {
        if self.shop.agent.is_some() {
            return;
        }
        self.lives += 1;
        let life = Life(self.lives);
        let seed = self.machine.bits();
        self.shop.start(life, seed, self.now);
        self.trace.note(self.now, || format!("box starts, life {}", life.0));
        self.check_answered();
        self.schedule(KEEP_MS, Event::Keep(life));
    }

    /// The box dies: power, kill, a crash.
    pub(super) fn kill_box(&mut self) {
        let Some(agent) = self.shop.agent.take() else { return };
        self.trace.note(self.now, || "box dies".to_owned());
        self.connection_is_gone(&agent);
        if let Some(writing) = agent.writing
            && self.weather.permille(500)
        {
            // It reached the disk, and nobody was told.
            self.saved(writing);
        }
    }

    pub(super) fn tell(&mut self, input: UplinkInput) {
        let now = Millis(self.now);
        if let Some(agent) = &mut self.shop.agent {
            agent.uplink.handle_input(input, now);
        }
    }

    /// A paper arrives; without a box there is no answer.
    pub(super) fn at_box(&mut self, paper: PaperId) {
        let Some(document) = self.document(paper) else { return };
        self.ask(Asked::Paper(paper), document);
    }

    fn ask(&mut self, asked: Asked, document: Document) {
        let Some(agent) = &mut self.shop.agent else { return };
        let arrived = agent.odometer(self.now);
        agent.queue.push_back(Waiting { asked, document, arrived });
        let life = agent.life;
        if agent.writing.is_none() {
            self.schedule(0, Event::Write(life));
        }
    }

    /// The writer decides what is queued and writes it.
    pub(super) fn write(&mut self, life: Life) {
        let now = self.now;
        if self.marked_at == now {
            return self.schedule(1, Event::Write(life));
        }
        let slow = self.meets(Fault::SlowDisk);
        let takes = if slow { self.machine.between(100, 4_000) } else { self.machine.between(1, 12) };
        let Some(agent) = self.shop.agent.as_mut().filter(|agent| agent.life == life) else { return };
        if agent.writing.is_some() || agent.queue.is_empty() {
            return;
        }
        // As the journal's writer: a mark ends its batch.
        let mark = agent.queue.iter().position(|waiting| matches!(waiting.document.body, Body::Count(_)));
        let count = mark.map_or(agent.queue.len(), |mark| mark + 1).min(BATCH);
        let asked: Vec<Waiting> = agent.queue.drain(..count).collect();
        let (odometer, boot) = (agent.odometer(now), agent.boot());
        let writing = self.shop.disk.decide(asked.into_iter(), (odometer, boot, &mut agent.least));
        if self.mutant == Some(Mutant::AckBeforeSync) {
            self.answer(&writing.decided.clone());
        }
        if let Some(agent) = &mut self.shop.agent {
            agent.writing = Some(writing);
        }
        self.schedule(takes, Event::Synced(life));
    }

    /// The sync is over, well or not.
    pub(super) fn synced(&mut self, life: Life) {
        let Some(agent) = self.shop.agent.as_mut().filter(|agent| agent.life == life) else { return };
        let Some(writing) = agent.writing.take() else { return };
        let full = self.is_on(Fault::FullDisk);
        if full || self.meets(Fault::FailingSync) {
            self.not_saved(writing, full);
        } else {
            let decided = self.saved(writing);
            self.answer(&decided);
        }
        self.tell_tail();
        self.schedule(0, Event::Write(life));
    }

    fn tell_tail(&mut self) {
        let tail = self.shop.disk.tail();
        self.tell(UplinkInput::Committed { tail });
    }

    /// NOT SAVED; yet it may have reached the disk.
    fn not_saved(&mut self, writing: Writing, full: bool) {
        self.trace.note(self.now, || format!("not saved: {} documents", writing.decided.len()));
        for decided in &writing.decided {
            if let Asked::Paper(paper) = decided.asked {
                self.schedule(1, Event::Answered(paper, None));
            }
        }
        if self.mutant == Some(Mutant::MemoryWhenDiskFails) {
            self.answer(&writing.decided.clone());
        }
        if !full && self.weather.permille(500) {
            self.saved(writing);
        }
    }

    /// The batch is on disk: now it has happened.
    fn saved(&mut self, writing: Writing) -> Vec<Decided> {
        let before = self.shop.disk.tail();
        let decided = self.shop.disk.commit(writing);
        for decided in &decided {
            let Asked::Paper(paper) = decided.asked else { continue };
            let Some(paper_of) = self.papers.get_mut(paper).filter(|paper| paper.happened_at.is_none()) else {
                continue;
            };
            paper_of.happened_at = Some(self.now);
            self.goods_move(paper);
        }
        let (disk, shelf) = (&self.shop.disk, &mut self.shelf);
        (before + 1..=disk.tail()).filter_map(|seq| disk.at(seq)).for_each(|kept| shelf.hear(&kept.movement));
        for seq in before + 1..=disk.tail() {
            self.trace.note(self.now, || disk.at(seq).map_or_else(String::new, |kept| format!("saved {seq}: {kept}")));
        }
        if self.mutant == Some(Mutant::ForgetWaitingVoid) {
            self.shop.disk.forget_waiting_voids();
        }
        decided
    }

    /// Now the answers, over the shop's own net.
    fn answer(&mut self, decided: &[Decided]) {
        let epoch = self.shop.disk.epoch.0;
        for Decided { asked, first, lines, .. } in decided {
            let Asked::Paper(paper) = asked else { continue };
            if !self.meets(Fault::ShopNet) {
                let answer = Answer { epoch, first: *first, lines: *lines };
                self.schedule(1, Event::Answered(*paper, Some(answer)));
            }
        }
    }

    pub(super) fn session_synced(&mut self, life: Life, session: Session) {
        if self.shop.is_running(life) {
            self.shop.disk.session = session;
            self.tell(UplinkInput::SessionSynced(session));
        }
    }

    /// Trims what has been handled for long enough.
    pub(super) fn keep_house(&mut self, life: Life) {
        let Some(agent) = self.shop.agent.as_ref().filter(|agent| agent.life == life) else { return };
        let (odometer, may) = (agent.odometer(self.now), agent.uplink.may_trim());
        self.schedule(KEEP_MS, Event::Keep(life));
        if self.mutant == Some(Mutant::ExpireByClock) {
            let wall = self.wall();
            self.shop.disk.forget_documents_before(wall);
        }
        let trimmed = match self.mutant {
            Some(Mutant::TrimOnReceived) => {
                let below = self.shop.disk.received_through() + 1;
                self.shop.disk.trim_below(below, 1)
            }
            Some(Mutant::TrimWithoutGrace) if may => self.shop.disk.trim(odometer, 0),
            Some(_) | None if may => self.shop.disk.trim(odometer, GRACE_MS),
            Some(_) | None => None,
        };
        if let Some(below) = trimmed {
            self.trace.note(self.now, || format!("trimmed below {below}"));
            self.tell(UplinkInput::Trimmed { below });
        }
    }

    /// The box is told what a code means; what stands under it is resolved.
    /// What is being written was decided without it, so it waits.
    pub(super) fn tell_catalogue(&mut self) {
        if self.shop.agent.as_ref().is_some_and(|agent| agent.writing.is_some()) {
            return self.schedule(2, Event::Tell);
        }
        while let Some(article) = self.untold.pop() {
            if let Some(article) = crate::people::ARTICLES.get(article) {
                crate::people::learn(&mut self.shop.disk.books, article);
            }
        }
        self.resolve();
    }

    /// Codes in suspense that the box knows now.
    pub(super) fn resolve(&mut self) {
        for document in self.resolutions() {
            self.ask(Asked::Errand, document);
        }
    }

    fn resolutions(&self) -> Vec<Document> {
        let books = &self.shop.disk.books;
        let mut documents = Vec::new();
        for (code, suspense) in books.all_suspense() {
            let Some(newest) = suspense.rows.iter().map(|row| row.seq).max() else { continue };
            let Ok(lookup) = books.lookup(code.as_str());
            let (sku, units) = match lookup {
                Lookup::Unknown => continue,
                Lookup::Sku(item) => (item.sku, Quantity::ONE),
                Lookup::Code { item, units_per_scan } => (item.sku, units_per_scan),
            };
            let id = format!("resolve-{}-{newest}-{sku}", self.shop.disk.epoch);
            documents.extend(resolution(&id, code, sku, units, self.wall()));
        }
        documents
    }

    /// Performs what the uplink wants.
    pub(super) fn perform_box(&mut self, output: UplinkOutput) {
        match output {
            UplinkOutput::Connect { attempt } => self.dial(attempt),
            UplinkOutput::Abandon { attempt } | UplinkOutput::Disconnect { attempt, .. } => self.hang_up(attempt),
            UplinkOutput::SyncSession(session) => {
                let takes = self.machine.between(1, 10);
                if let Some(life) = self.shop.agent.as_ref().map(|agent| agent.life) {
                    self.schedule(takes, Event::SessionSynced(life, session));
                }
            }
            UplinkOutput::Send(message) => self.send_up(message),
            UplinkOutput::Read { read, seqs, max_bytes, .. } => {
                let records = self.shop.disk.read(&seqs, max_bytes);
                let unreadable = tidemark_model::SeqSet::new();
                self.tell(UplinkInput::Records { read, records, unreadable, unreadable_digest: None });
            }
            UplinkOutput::RememberReceived { blocks, .. } => self.shop.disk.remember(blocks),
            UplinkOutput::Welcomed(welcome) => {
                let now = self.odometer();
                let differs = self.shop.disk.welcome(welcome.generation, &welcome.blocks, now);
                self.mind(differs, &welcome.blocks);
                self.resolve();
            }
            UplinkOutput::Handled(handled) => {
                let now = self.odometer();
                let differs = self.shop.disk.handled(&handled.blocks, now);
                self.mind(differs, &handled.blocks);
            }
            UplinkOutput::TakeFacts { .. } => {
                let (odometer, open_block) = (self.odometer(), self.shop.disk.open_block());
                self.tell(UplinkInput::Facts(BoxFacts { odometer, open_block, ..BoxFacts::default() }));
            }
            // A disk of this world is never set aside.
            UplinkOutput::EarlierHandled { .. }
            | UplinkOutput::CatalogueVersion(_)
            | UplinkOutput::Instruction(_)
            | UplinkOutput::OpeningReady(_) => {}
            UplinkOutput::Raise(trouble) => self.trace.note(self.now, || format!("trouble: {trouble}")),
            UplinkOutput::Clear(kind) => self.trace.note(self.now, || format!("no more {kind:?}")),
        }
    }

    fn odometer(&self) -> Odometer {
        self.shop.agent.as_ref().map_or(self.shop.disk.odometer, |agent| agent.odometer(self.now))
    }

    /// The centre's sums differ from the box's own: with one box and one disk
    /// that must never be.
    fn mind(&mut self, differs: Option<tidemark_model::BlockIndex>, told: &Blocks) {
        if let Some(block) = differs {
            let told = told.get(&block).map(|block| block.bitmap.count());
            self.violate(Promise::P4, format!("digests of {block:?} differ, {told:?} positions told"));
            self.tell(UplinkInput::Differs { block });
        }
    }

    /// Whether the agent still runs that had this connection.
    pub(super) fn connection_is_gone(&mut self, agent: &Agent) {
        if let Some(attempt) = agent.connection {
            let key = crate::shop::StreamKey(agent.life, attempt);
            self.line_ends_up(key, agent.broken_up);
        }
    }
}

fn resolution(
    id: &str,
    code: &Code,
    sku: tidemark_model::Sku,
    units_per_scan: Quantity,
    wall: tidemark_model::WallTime,
) -> Option<Document> {
    Some(Document {
        source: Source::new("box").ok()?,
        id: DocumentId::new(id).ok()?,
        wall,
        labels: Labels::default(),
        business_day_given: false,
        timing: Timing::Live,
        sequence: None,
        body: Body::Resolve { code: code.clone(), sku, units_per_scan },
    })
}
