//! What a box does beside its papers: codes that are learnt, its opening, and
//! what head office wants done.

use tidemark_ledger::apply::CENTRE_SOURCE;
use tidemark_model::document::Body;
use tidemark_model::opening::{Opening, late_documents};
use tidemark_model::resolving::Learnt;
use tidemark_model::{Books, Document, DocumentId, DocumentKey, Label, Lookup, Quantity, Source, WallTime};
use tidemark_sync::UplinkInput;
use tidemark_sync::message::{Instruction, InstructionBody, LateMovements, OpeningReady};
use tidemark_wire::decode_movement;

use crate::disk::{Decided, ToldOpening};
use crate::mutant::Mutant;
use crate::people::{ARTICLES, Asked};
use crate::shop::{Doing, Life};

use super::{Event, World};

/// After something of an errand failed it is tried again.
const AGAIN_MS: u64 = 700;

impl World {
    /// The boxes are told what a code means; what stands under it is resolved.
    /// What is being written was decided without it, so it waits.
    pub(super) fn tell_catalogue(&mut self) {
        if self.shop.agents().any(|agent| agent.writing.is_some()) {
            return self.schedule(2, Event::Tell);
        }
        while let Some(article) = self.untold.pop() {
            self.told.push(article);
            if let Some(article) = ARTICLES.get(article) {
                self.shop.all_mut().for_each(|one| one.disk.learn(article));
            }
        }
        for life in self.shop.lives() {
            self.resolve(life);
        }
    }

    /// The box that has the shop is told once more what it may have forgotten.
    pub(super) fn tell_again(&mut self) {
        for article in self.told.iter().filter_map(|article| ARTICLES.get(*article)) {
            self.shop.present.disk.learn(article);
        }
    }

    /// Codes in suspense that a box knows now.
    pub(super) fn resolve(&mut self, life: Life) {
        for document in self.resolutions(life) {
            self.ask(life, Asked::Errand, document);
        }
    }

    fn resolutions(&self, life: Life) -> Vec<Document> {
        let mut documents = Vec::new();
        let Some(disk) = self.shop.of(life).map(|one| &one.disk) else { return documents };
        for (code, suspense) in disk.books.all_suspense() {
            let Ok(lookup) = disk.books.lookup(code.as_str());
            let (sku, units_per_scan) = match lookup {
                Lookup::Unknown => continue,
                Lookup::Sku(item) => (item.sku, Quantity::ONE),
                Lookup::Code { item, units_per_scan } => (item.sku, units_per_scan),
            };
            let learnt = Learnt { code: code.clone(), sku, units_per_scan };
            documents.extend(learnt.resolve(suspense, disk.epoch, self.wall()));
        }
        documents
    }

    /// There is an opening that a box can fetch.
    pub(super) fn told_of_opening(&mut self, life: Life, ready: &OpeningReady) {
        let Some(agent) = self.shop.agent(life) else { return };
        let told = if self.mutant == Some(Mutant::TrustTurn) { Some(u64::MAX) } else { ready.older_ms };
        let older_until = told.map(|older_ms| agent.odometer(self.now).back(older_ms));
        self.schedule(5, Event::FetchOpening(life, ToldOpening { ordinal: ready.ordinal, older_until }));
    }

    /// A box fetches its opening and takes it; whatever is in the way, it
    /// tries again.
    pub(super) fn fetch_opening(&mut self, life: Life, told: ToldOpening) {
        let Some(one) = self.shop.of(life).filter(|one| one.disk.taken.is_none()) else { return };
        let reached = self.has_line(life) && self.centre.up && self.centre.database_up;
        let given = self.centre.database.opening(one.disk.epoch).filter(|_| reached);
        let Some(given) = given else { return self.schedule(AGAIN_MS, Event::FetchOpening(life, told)) };
        self.schedule(2, Event::TakeOpening(life, told, Box::new(given)));
    }

    /// A box gives the opening it took back, for the centre may lack it.
    pub(super) fn give_opening(&mut self, life: Life) {
        let Some(one) = self.shop.of(life) else { return };
        let Some(given) = one.disk.given.clone() else { return };
        let reached = self.has_line(life) && self.centre.up && self.centre.database_up;
        if !reached {
            return self.schedule(AGAIN_MS, Event::GiveOpening(life));
        }
        let epoch = one.disk.epoch;
        self.centre.database.keep_opening(epoch, given);
    }

    /// The writer takes the opening when it has nothing under way.
    pub(super) fn take_opening(&mut self, life: Life, told: ToldOpening, given: Box<Opening>) {
        let now = self.now;
        let Some(one) = self.shop.of_mut(life).filter(|one| one.disk.taken.is_none()) else { return };
        let Some(agent) = &mut one.agent else { return };
        if agent.writing.is_some() || self.marked_at == now {
            return self.schedule(1, Event::TakeOpening(life, told, given));
        }
        let stamp = (agent.odometer(now).max(agent.least), agent.boot());
        let given = if self.mutant == Some(Mutant::OpenAtZero) { Opening::empty() } else { *given };
        let writing = one.disk.tell_anew(told, given, stamp);
        self.trace.note(now, || format!("life {} takes opening {}", life.0, told.ordinal.0));
        self.begin_sync(life, writing);
        // If it is not saved, it is fetched once more.
        self.schedule(5_000, Event::FetchOpening(life, told));
    }

    /// Once the opening is on disk, the centre hears of it.
    pub(super) fn say_opening_taken(&mut self, life: Life) {
        let Some(one) = self.shop.of_mut(life) else { return };
        let (taken, Some(agent)) = (one.disk.taken, &mut one.agent) else { return };
        if let Some(taken) = taken.filter(|_| !agent.has_told_opening) {
            agent.has_told_opening = true;
            self.tell(life, UplinkInput::OpeningTaken(taken));
            self.resolve(life);
        }
    }

    /// Head office wants something done: here only that what came late is
    /// committed once more.
    pub(super) fn instructed(&mut self, life: Life, instruction: Instruction) {
        let Some(one) = self.shop.of_mut(life) else { return };
        let id = instruction.id.to_string();
        let Some(agent) = one.agent.as_mut().filter(|_| !is_done(&one.disk.books, &id)) else { return };
        if agent.doing.contains_key(&id) {
            return;
        }
        agent.doing.insert(id, Doing::default());
        self.carry_out(life, instruction);
    }

    pub(super) fn carry_out(&mut self, life: Life, instruction: Instruction) {
        let (Some(one), InstructionBody::Late(late)) = (self.shop.of(life), &instruction.body) else { return };
        let Some(opening) = one.disk.taken else {
            return self.schedule(AGAIN_MS, Event::CarryOut(life, instruction));
        };
        let between = opening.ordinal.0 > late.ordinal.0 + 1;
        let documents = late_documents(late.epoch, between, movements_of(late));
        let id = instruction.id.to_string();
        self.trace.note(self.now, || format!("life {} carries out {id}: {} documents", life.0, documents.len()));
        let waiting = u32::try_from(documents.len()).unwrap_or(u32::MAX);
        self.do_instruction(life, &id, Doing { waiting, failed: false, concluded: false });
        self.instructions.insert(id.clone(), instruction);
        for document in documents {
            self.ask(life, Asked::Instruction(id.clone()), document);
        }
        if waiting == 0 {
            self.conclude(life, &id);
        }
    }

    fn do_instruction(&mut self, life: Life, id: &str, doing: Doing) {
        if let Some(agent) = self.shop.agent_mut(life) {
            agent.doing.insert(id.to_owned(), doing);
        }
    }

    /// Documents of instructions are on disk, or not.
    pub(super) fn go_on_with_instructions(&mut self, life: Life, decided: &[Decided], failed: bool) {
        for Decided { asked, .. } in decided {
            let Asked::Instruction(id) = asked else { continue };
            let doing = self.shop.agent(life).and_then(|agent| agent.doing.get(id)).copied();
            let Some(mut doing) = doing else { continue };
            doing.waiting = doing.waiting.saturating_sub(1);
            doing.failed |= failed;
            self.do_instruction(life, id, doing);
            if doing.waiting > 0 {
                continue;
            }
            match self.instructions.get(id).filter(|_| doing.failed).cloned() {
                Some(instruction) => self.schedule(AGAIN_MS, Event::CarryOut(life, instruction)),
                None if doing.concluded => {}
                None => self.conclude(life, id),
            }
        }
    }

    /// All of an instruction is done: its result is a document of its own.
    fn conclude(&mut self, life: Life, id: &str) {
        self.do_instruction(life, id, Doing { waiting: 1, failed: false, concluded: true });
        if let Some(document) = result_of(id, self.wall()) {
            self.ask(life, Asked::Instruction(id.to_owned()), document);
        }
        self.resolve(life);
    }
}

fn movements_of(late: &LateMovements) -> Vec<(u64, tidemark_model::Movement)> {
    let movement = |(seq, bytes): &(u64, bytes::Bytes)| Some((*seq, decode_movement(bytes).ok()?));
    late.movements.iter().filter_map(movement).collect()
}

/// Whether the result of an instruction is in the books.
fn is_done(books: &tidemark_model::MemoryBooks, id: &str) -> bool {
    let (Ok(source), Ok(id)) = (Source::new(CENTRE_SOURCE), DocumentId::new(id)) else { return false };
    let Ok(record) = books.document(DocumentKey::of(&source, &id));
    record.is_some_and(|record| !record.entries.is_empty())
}

fn result_of(id: &str, wall: WallTime) -> Option<Document> {
    let identity = (Source::new(CENTRE_SOURCE).ok()?, DocumentId::new(id).ok()?);
    let body = Body::InstructionResult { instruction: Label::new(id).ok()?, refused: false };
    Some(Document::plain(identity, wall, body))
}
