//! A box: its queue, its writer, and the shell around its uplink.

use tidemark_model::document::Body;
use tidemark_model::{BlockIndex, Document};
use tidemark_sync::message::{Blocks, Session};
use tidemark_sync::{BoxFacts, Millis, Trouble, UplinkInput, UplinkOutput};

use crate::check::Promise;
use crate::disk::{Decided, GRACE_MS, Waiting, Writing};
use crate::mutant::Mutant;
use crate::people::{Answer, Asked, PaperId, count_began};
use crate::rates::Fault;
use crate::shop::{Agent, BoxNo, Fate, Life, StreamKey};

use super::{Event, World};

/// Between two looks whether something may be trimmed.
const KEEP_MS: u64 = 5_000;
/// Documents in one batch, at most.
const BATCH: usize = 32;

impl World {
    /// The box that has the shop is switched on.
    pub(super) fn start_box(&mut self) {
        self.start_numbered(self.shop.present.no);
    }

    pub(super) fn start_numbered(&mut self, no: BoxNo) {
        if self.shop.numbered(no).is_none_or(|one| one.agent.is_some()) {
            return;
        }
        self.lives += 1;
        let life = Life(self.lives);
        let (seed, now) = (self.machine.bits(), self.now);
        if let Some(one) = self.shop.numbered_mut(no) {
            one.start(life, seed, now);
        }
        self.trace.note(now, || format!("box {} starts, life {}", no.0, life.0));
        if self.shop.of(life).is_some_and(|one| one.disk.aside.as_ref().is_some_and(|aside| !aside.ready)) {
            let takes = self.weather.between(10, 30_000);
            self.schedule(takes, Event::EndSalvage(life));
        }
        self.check_answered(no);
        self.schedule(KEEP_MS, Event::Keep(life));
    }

    /// The box that has the shop dies: power, kill, a crash.
    pub(super) fn kill_box(&mut self) {
        self.kill_numbered(self.shop.present.no);
    }

    pub(super) fn kill_numbered(&mut self, no: BoxNo) {
        let Some(agent) = self.shop.numbered_mut(no).and_then(|one| one.agent.take()) else { return };
        self.trace.note(self.now, || format!("box {} dies", no.0));
        self.connection_is_gone(&agent);
        if let Some(writing) = agent.writing
            && self.weather.permille(500)
        {
            // It reached the disk, and nobody was told.
            self.saved(no, writing);
        }
    }

    pub(super) fn tell(&mut self, life: Life, input: UplinkInput) {
        let now = Millis(self.now);
        if let Some(agent) = self.shop.agent_mut(life) {
            agent.uplink.handle_input(input, now);
        }
    }

    /// A paper arrives; without a box there is no answer.
    pub(super) fn at_box(&mut self, paper: PaperId) {
        let Some(document) = self.document(paper) else { return };
        let of = self.papers.get(paper).and_then(|paper| paper.of).and_then(|no| self.shop.numbered(no));
        let of = of.filter(|one| one.fate == Fate::InUse);
        let to = of.unwrap_or(&self.shop.present).agent.as_ref();
        if let Some(life) = to.map(|agent| agent.life) {
            self.ask(life, Asked::Paper(paper), document);
        }
    }

    pub(super) fn ask(&mut self, life: Life, asked: Asked, document: Document) {
        let now = self.now;
        let Some(agent) = self.shop.agent_mut(life) else { return };
        let arrived = agent.odometer(now);
        agent.queue.push_back(Waiting { asked, document, arrived });
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
        if self.shop.agent(life).is_none_or(|agent| agent.writing.is_some() || agent.queue.is_empty()) {
            return;
        }
        let Some(one) = self.shop.of_mut(life) else { return };
        let no = one.no;
        let Some(agent) = &mut one.agent else { return };
        // As the journal's writer: a mark ends its batch.
        let mark = agent.queue.iter().position(|waiting| matches!(waiting.document.body, Body::Count(_)));
        let count = mark.map_or(agent.queue.len(), |mark| mark + 1).min(BATCH);
        let asked: Vec<Waiting> = agent.queue.drain(..count).collect();
        let (odometer, boot) = (agent.odometer(now), agent.boot());
        let writing = one.disk.decide(asked.into_iter(), (odometer, boot, &mut agent.least));
        if self.mutant == Some(Mutant::AckBeforeSync) {
            self.answer(no, &writing.decided.clone());
        }
        self.begin_sync(life, writing);
    }

    /// A batch goes to the disk.
    pub(super) fn begin_sync(&mut self, life: Life, writing: Writing) {
        let slow = self.meets(Fault::SlowDisk);
        let takes = if slow { self.machine.between(100, 4_000) } else { self.machine.between(1, 12) };
        if let Some(agent) = self.shop.agent_mut(life) {
            agent.writing = Some(writing);
        }
        self.schedule(takes, Event::Synced(life));
    }

    /// The sync is over, well or not.
    pub(super) fn synced(&mut self, life: Life) {
        let Some(one) = self.shop.of_mut(life) else { return };
        let no = one.no;
        let Some(writing) = one.agent.as_mut().and_then(|agent| agent.writing.take()) else { return };
        let full = self.is_on(Fault::FullDisk);
        if full || self.meets(Fault::FailingSync) {
            self.not_saved(no, writing, full);
        } else {
            let decided = self.saved(no, writing);
            self.answer(no, &decided);
            self.go_on_with_instructions(life, &decided, false);
        }
        if let Some(tail) = self.shop.of(life).map(|one| one.disk.tail()) {
            self.tell(life, UplinkInput::Committed { tail });
        }
        self.say_opening_taken(life);
        self.schedule(0, Event::Write(life));
    }

    /// NOT SAVED; yet it may have reached the disk.
    fn not_saved(&mut self, no: BoxNo, writing: Writing, full: bool) {
        self.trace.note(self.now, || format!("not saved: {} documents", writing.decided.len()));
        for decided in &writing.decided {
            if let Asked::Paper(paper) = decided.asked {
                self.schedule(1, Event::Answered(paper, no, None));
            }
        }
        if self.mutant == Some(Mutant::MemoryWhenDiskFails) {
            self.answer(no, &writing.decided.clone());
        }
        let life = self.shop.numbered(no).and_then(|one| one.agent.as_ref()).map(|agent| agent.life);
        if let Some(life) = life {
            self.go_on_with_instructions(life, &writing.decided.clone(), true);
        }
        if !full && self.weather.permille(500) {
            self.saved(no, writing);
        }
    }

    /// The batch is on disk: now it has happened.
    pub(super) fn saved(&mut self, no: BoxNo, writing: Writing) -> Vec<Decided> {
        let Some(one) = self.shop.numbered_mut(no) else { return Vec::new() };
        let before = one.disk.tail();
        let decided = one.disk.commit(writing);
        for decided in &decided {
            let Asked::Paper(paper) = decided.asked else { continue };
            let Some(paper_of) = self.papers.get_mut(paper).filter(|paper| paper.happened_at.is_none()) else {
                continue;
            };
            paper_of.happened_at = Some(self.now);
            self.goods_move(paper);
        }
        self.hear_saved(no, before + 1);
        if self.mutant == Some(Mutant::ForgetWaitingVoid)
            && let Some(one) = self.shop.numbered_mut(no)
        {
            one.disk.forget_waiting_voids();
        }
        decided
    }

    /// What a box says of its certainty with the movements from a seq on.
    pub(super) fn hear_saved(&mut self, no: BoxNo, from: u64) {
        let Some(one) = self.shop.numbered(no) else { return };
        // Only the box that has the shop says that an item is counted.
        let has_shop = no == self.shop.present.no;
        let (disk, shelf, papers, now) = (&one.disk, &mut self.shelf, &self.papers, self.now);
        for movement in (from..=disk.tail()).filter_map(|seq| disk.at(seq)).map(|kept| &kept.movement) {
            shelf.hear(movement, has_shop, (count_began(papers, movement), now));
        }
        for seq in from..=disk.tail() {
            let line = || disk.at(seq).map_or_else(String::new, |kept| format!("box {} saved {seq}: {kept}", no.0));
            self.trace.note(self.now, line);
        }
    }

    /// Now the answers, over the shop's own net.
    fn answer(&mut self, no: BoxNo, decided: &[Decided]) {
        for Decided { asked, first, lines, .. } in decided {
            let Asked::Paper(paper) = asked else { continue };
            if !self.meets(Fault::ShopNet) {
                let answer = Answer { epoch: first.epoch, first: first.seq, lines: *lines };
                self.schedule(1, Event::Answered(*paper, no, Some(answer)));
            }
        }
    }

    pub(super) fn session_synced(&mut self, life: Life, session: Session) {
        if let Some(one) = self.shop.of_mut(life) {
            one.disk.session = session;
            self.tell(life, UplinkInput::SessionSynced(session));
        }
    }

    /// Trims what has been handled for long enough.
    pub(super) fn keep_house(&mut self, life: Life) {
        let (wall, mutant, now) = (self.wall(), self.mutant, self.now);
        let may_lose = self.may_lose_trimmed();
        let Some(one) = self.shop.of_mut(life) else { return };
        let Some(agent) = &one.agent else { return };
        let (odometer, may) = (agent.odometer(now), agent.uplink.may_trim());
        if mutant == Some(Mutant::ExpireByClock) {
            one.disk.forget_documents_before(wall);
        }
        let trimmed = match mutant {
            Some(Mutant::TrimOnReceived) => {
                let below = one.disk.received_through() + 1;
                one.disk.trim_below(below, 1)
            }
            Some(Mutant::TrimWithoutGrace) if may => one.disk.trim(odometer, 0),
            Some(_) | None if may => one.disk.trim(odometer, GRACE_MS),
            Some(_) | None => None,
        };
        if let Some(below) = trimmed.filter(|_| may_lose) {
            one.disk.whole_from = below;
        }
        self.schedule(KEEP_MS, Event::Keep(life));
        if let Some(below) = trimmed {
            self.trace.note(now, || format!("trimmed below {below}"));
            self.tell(life, UplinkInput::Trimmed { below });
        }
        self.leave_if_done(life);
    }

    /// Performs what an uplink wants.
    pub(super) fn perform_box(&mut self, life: Life, output: UplinkOutput) {
        let now = self.now;
        match output {
            UplinkOutput::Connect { attempt } => self.dial(StreamKey(life, attempt)),
            UplinkOutput::Abandon { attempt } | UplinkOutput::Disconnect { attempt, .. } => {
                self.hang_up(StreamKey(life, attempt));
            }
            UplinkOutput::SyncSession(session) => {
                let takes = self.machine.between(1, 10);
                self.schedule(takes, Event::SessionSynced(life, session));
            }
            UplinkOutput::Send(message) => self.send_up(life, message),
            UplinkOutput::Read { read, epoch, seqs, max_bytes } => {
                let Some(one) = self.shop.of(life) else { return };
                let (records, unreadable) = one.disk.read_of(epoch, &seqs, max_bytes);
                self.tell(life, UplinkInput::Records { read, records, unreadable, unreadable_digest: None });
            }
            UplinkOutput::RememberReceived { epoch, blocks } => {
                if let Some(one) = self.shop.of_mut(life) {
                    one.disk.remember(epoch, blocks);
                }
            }
            UplinkOutput::EarlierHandled { epoch, .. } => {
                if let Some(one) = self.shop.of_mut(life) {
                    one.disk.let_go_of(epoch);
                    let facts = one.disk.earlier_facts();
                    self.tell(life, UplinkInput::Earlier(facts));
                }
            }
            UplinkOutput::Welcomed(welcome) => {
                let Some(one) = self.shop.of_mut(life) else { return };
                let odometer = one.odometer(now);
                let differs = one.disk.welcome(welcome.generation, &welcome.blocks, odometer);
                if let Some(agent) = &mut one.agent {
                    agent.suspect = welcome.suspect;
                }
                self.mind(life, differs, &welcome.blocks);
                self.resolve(life);
            }
            UplinkOutput::Handled(handled) => {
                let Some(one) = self.shop.of_mut(life) else { return };
                let odometer = one.odometer(now);
                let differs = one.disk.handled(&handled.blocks, odometer);
                self.mind(life, differs, &handled.blocks);
            }
            UplinkOutput::TakeFacts { .. } => {
                let Some(one) = self.shop.of(life) else { return };
                let (odometer, open_block) = (one.odometer(now), one.disk.open_block());
                self.tell(life, UplinkInput::Facts(BoxFacts { odometer, open_block, ..BoxFacts::default() }));
            }
            UplinkOutput::Instruction(instruction) => self.instructed(life, instruction),
            UplinkOutput::OpeningReady(ready) => self.told_of_opening(life, &ready),
            // Nobody changes the catalogue but by the shop's own event.
            UplinkOutput::CatalogueVersion(_) => {}
            UplinkOutput::Raise(trouble) => {
                self.trace.note(now, || format!("trouble: {trouble}"));
                if let Trouble::Forked { .. } = trouble {
                    self.found_out(life);
                }
            }
            UplinkOutput::Clear(kind) => self.trace.note(now, || format!("no more {kind:?}")),
        }
    }

    /// The centre's sums differ from the box's own: where no disk was copied
    /// or restored that must never be.
    fn mind(&mut self, life: Life, differs: Option<BlockIndex>, told: &Blocks) {
        let Some(block) = differs else { return };
        let agent = self.shop.agent(life);
        if self.mutant == Some(Mutant::TrustSession) && agent.is_some_and(|agent| !agent.suspect) {
            return;
        }
        if !self.is_forkable() {
            let told = told.get(&block).map(|block| block.bitmap.count());
            // What was let go too early and named lost is no sum of anything.
            let promise = if self.is_lost_without_need() { Promise::P7 } else { Promise::P4 };
            self.violate(promise, format!("digests of {block:?} differ, {told:?} positions told"));
        }
        self.tell(life, UplinkInput::Differs { block });
    }

    /// Whether the agent still runs that had this connection.
    pub(super) fn connection_is_gone(&mut self, agent: &Agent) {
        if let Some(attempt) = agent.connection {
            let key = StreamKey(agent.life, attempt);
            self.line_ends_up(key, agent.broken_up);
        }
    }
}
