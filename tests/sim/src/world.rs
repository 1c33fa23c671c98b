//! The world: a queue of events in virtual time, and everybody in it.

mod aside;
mod at_box;
mod at_centre;
mod at_shop;
mod beside;
mod epochs;
mod errands;
mod event;
mod forks;
mod on_line;
mod swaps;
mod trouble;

use std::collections::BTreeMap;

use tidemark_ledger::apply::Content;
use tidemark_model::{BoxId, Epoch, StoreId};
use tidemark_sync::Millis;
use tidemark_sync::message::Instruction;
use tidemark_wire::decode_movement;

use crate::centre::Centre;
use crate::chance::Chance;
use crate::check::{Promise, Violation};
use crate::disk::Disk;
use crate::line::Line;
use crate::mutant::Mutant;
use crate::people::{Paper, first_books};
use crate::rates::{Fault, Rates};
use crate::shelf::Shelf;
use crate::shop::{BoxNo, Fate, Shop};
use crate::trace::Trace;

pub(crate) use event::Event;
pub(crate) use on_line::Watch;

/// How long a healed world may take to come to rest.
const HEAL_MS: u64 = 15 * 60_000;

/// Everybody and everything.
#[derive(Debug)]
pub struct World {
    pub(crate) rates: Rates,
    pub(crate) mutant: Option<Mutant>,
    pub(crate) now: u64,
    /// Boxed, as many are moved whenever one is put between them.
    queue: BTreeMap<(u64, u64), Box<Event>>,
    events: u64,
    pub(crate) trace: Trace,
    pub(crate) broken: Vec<Violation>,
    /// Things no longer break.
    healed: bool,
    lives: u32,
    pub(crate) shop: Shop,
    pub(crate) line: Line,
    pub(crate) centre: Centre,
    pub(crate) papers: Vec<Paper>,
    pub(crate) shelf: Shelf,
    /// When somebody last took a mark.
    marked_at: u64,
    /// What is going on: how many of each fault.
    pub(crate) going_on: BTreeMap<Fault, u32>,
    /// How far the box's wall clock is off.
    wall_off: i64,
    /// Articles the box is still to be told of.
    untold: Vec<usize>,
    /// Articles that boxes were told of since they were born.
    told: Vec<usize>,
    /// Until then nothing new keeps box and centre apart.
    calm_until: u64,
    /// An older state of the database.
    backup: Option<(u64, crate::centre::Database)>,
    /// Levels that are on their way to the cache.
    levels: u32,
    /// How often a journal was set aside.
    damages: u32,
    /// An older state of a box's disk.
    image: Option<(BoxNo, Disk)>,
    /// What head office wanted done, by id.
    instructions: BTreeMap<String, Instruction>,
    pub(crate) people: Chance,
    pub(crate) weather: Chance,
    pub(crate) machine: Chance,
}

impl World {
    /// A fresh shop beside a fresh centre.
    #[must_use]
    pub fn new(seed: u64, rates: Rates, mutant: Option<Mutant>, traced: bool) -> Self {
        #[expect(clippy::expect_used, reason = "a constant that is a store's id")]
        let store = StoreId::new("S0001").expect("a store's id");
        let mut machine = Chance::of(seed, 2);
        let untold: Vec<usize> = if rates.mean(Fault::UnknownCodes).is_some() { vec![6, 7] } else { Vec::new() };
        let books = first_books(untold.is_empty());
        let disk = Disk::blank(store.clone(), Epoch(machine.bits()), books);
        let appliers = if rates.mean(Fault::SecondApplier).is_some() { 2 } else { 1 };
        let line = Line::whole(machine.between(2, 120), 1_000_000);
        let mut world = Self {
            rates,
            mutant,
            now: 0,
            queue: BTreeMap::new(),
            events: 0,
            trace: if traced { Trace::kept() } else { Trace::default() },
            broken: Vec::new(),
            healed: false,
            lives: 0,
            shop: Shop::with(BoxId([7; 16]), disk),
            line,
            centre: Centre::new(store, appliers),
            papers: Vec::new(),
            shelf: Shelf::full(),
            marked_at: u64::MAX,
            going_on: BTreeMap::new(),
            wall_off: 0,
            untold,
            told: Vec::new(),
            calm_until: 0,
            backup: None,
            levels: 0,
            damages: 0,
            image: None,
            instructions: BTreeMap::new(),
            people: Chance::of(seed, 3),
            weather: Chance::of(seed, 4),
            machine,
        };
        world.begin();
        world
    }

    fn begin(&mut self) {
        self.start_box();
        let run = self.centre.run;
        self.schedule(100, Event::Poll(run));
        self.schedule(50, Event::Make);
        for fault in self.rates.faults().collect::<Vec<_>>() {
            self.schedule_fault(fault);
        }
        self.settle();
    }

    /// Runs through trouble and healing, and answers what was broken.
    pub fn run(&mut self) -> &[Violation] {
        let trouble = self.rates.trouble_ms;
        self.run_until(trouble, |_| false);
        self.heal();
        if !self.run_until(HEAL_MS, Self::is_at_rest) {
            self.violate_rest("it does not come to rest");
            return &self.broken;
        }
        self.check_shelf(false);
        if !self.broken.is_empty() {
            return &self.broken;
        }
        self.last_round();
        if !self.run_until(HEAL_MS, Self::is_at_rest) {
            self.violate_rest("it does not come to rest again");
            return &self.broken;
        }
        self.check_all();
        &self.broken
    }

    /// What happened, if it was traced.
    #[must_use]
    pub fn into_trace(self) -> Vec<String> {
        self.trace.into_lines()
    }

    /// Movements committed, for a report.
    #[must_use]
    pub fn committed(&self) -> u64 {
        self.shop.all().map(|one| one.disk.tail()).sum()
    }

    pub(crate) fn violate(&mut self, promise: Promise, what: String) {
        self.trace.note(self.now, || format!("BROKEN {promise:?} {what}"));
        // One wrong thing makes many; the first say which.
        if self.broken.len() < 20 {
            self.broken.push(Violation { promise, at_ms: self.now, what });
        }
    }

    pub(crate) fn schedule(&mut self, millis: u64, event: Event) {
        self.events += 1;
        self.queue.insert((self.now.saturating_add(millis), self.events), Box::new(event));
    }

    /// Runs until `done` or for that long; whether it is done.
    fn run_until(&mut self, millis: u64, done: impl Fn(&Self) -> bool) -> bool {
        let until = self.now.saturating_add(millis);
        while self.broken.is_empty() && self.step(until) {
            if done(self) {
                return true;
            }
        }
        if self.broken.is_empty() {
            self.now = self.now.max(until);
        }
        done(self)
    }

    /// Takes the next event or timeout that is due by `until`.
    fn step(&mut self, until: u64) -> bool {
        let event_at = self.queue.first_key_value().map(|((at, _), _)| *at);
        let boxes = self.shop.agents();
        let box_at = boxes.filter_map(|agent| agent.uplink.poll_timeout()).map(|(at, _)| at.0).min();
        let served = self.centre.served.values();
        let centre_at = served.filter_map(|served| served.receiver.poll_timeout()).map(|(at, _)| at.0).min();
        let Some(at) = [event_at, box_at, centre_at].into_iter().flatten().min().filter(|at| *at <= until) else {
            return false;
        };
        self.now = self.now.max(at);
        if event_at == Some(at) {
            if let Some((_, event)) = self.queue.pop_first() {
                self.happen(*event);
            }
        } else {
            let now = Millis(self.now);
            for agent in self.shop.all_mut().filter_map(|one| one.agent.as_mut()) {
                agent.uplink.handle_timeout(now);
            }
            for served in self.centre.served.values_mut() {
                served.receiver.handle_timeout(now);
            }
        }
        self.settle();
        true
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Make => self.make_paper(),
            Event::HandIn(paper) => self.hand_in(paper),
            Event::AtBox(paper) => self.at_box(paper),
            Event::Answered(paper, by, answer) => self.answered(paper, by, answer),
            Event::Count(items, paper) => self.count(&items, paper),
            Event::Write(life) => self.write(life),
            Event::Synced(life) => self.synced(life),
            Event::SessionSynced(life, session) => self.session_synced(life, session),
            Event::Keep(life) => self.keep_house(life),
            Event::Connected(key) => self.connected(key),
            Event::ToCentre(key, message) => self.arrives_up(key, message),
            Event::ToBox(key, message) => self.arrives_down(key, message),
            Event::HungUp(key) => self.hung_up(key),
            Event::Ended(key) => self.ended(key),
            Event::LookUp(key, hello, again) => self.look_up(key, &hello, again),
            Event::Produce(key, produce, payload) => self.produce(key, produce, &payload),
            Event::OpenEpoch(key, produce, hello) => self.open_epoch(key, produce, &hello),
            Event::Apply(run, applier) => self.apply(run, applier),
            Event::Commit(run, applier) => self.commit(run, applier),
            Event::Level(sku, level) => self.cache_level(sku, level),
            Event::Poll(run) => self.poll(run),
            Event::StartCentre => self.start_centre(),
            Event::Tell => self.tell_catalogue(),
            Event::TookOpening(epoch, taken) => self.opening_is_taken(epoch, taken),
            Event::NameTrimmed(key) => self.name_trimmed(key),
            Event::FetchOpening(life, told) => self.fetch_opening(life, told),
            Event::GiveOpening(life) => self.give_opening(life),
            Event::TakeOpening(life, told, given) => self.take_opening(life, told, given),
            Event::CarryOut(life, instruction) => self.carry_out(life, instruction),
            Event::ChangeCase => self.change_case(),
            Event::PlugIn(no) => self.plug_in(no),
            Event::EndSalvage(life) => self.end_salvage(life),
            Event::Restore => self.restore_disk(),
            Event::Unplug => self.unplug(),
            Event::MoveLine => self.move_line(),
            Event::Fork(life) => self.fork(life),
            Event::PutBack => self.put_back(),
            Event::Begin(fault) => self.begin_fault(fault),
            Event::End(fault) => self.end_fault(fault),
        }
    }

    /// Whether a fault is going on.
    pub(crate) fn is_on(&self, fault: Fault) -> bool {
        self.going_on.get(&fault).is_some_and(|count| *count > 0)
    }

    /// Whether a single thing meets a fault.
    pub(crate) fn meets(&mut self, fault: Fault) -> bool {
        let share = if self.healed { 0 } else { self.rates.share(fault) };
        share > 0 && self.weather.permille(share)
    }

    /// Whether all is answered and all is handled.
    fn is_at_rest(&self) -> bool {
        let answered = self.papers.iter().all(|paper| paper.answer.is_some());
        let present = &self.shop.present;
        let Some(agent) = present.agent.as_ref().filter(|_| answered) else { return false };
        let (status, database) = (agent.uplink.status(), &self.centre.database);
        let open = status.pending == 0 && status.link == tidemark_sync::LinkState::Open;
        let alone = self.shop.others.iter().all(|one| one.fate == Fate::Gone);
        let stands = database.epoch(present.disk.epoch).is_some_and(|state| state.taken.is_settled() && !state.closed);
        let nothing_waits = database.instructions.is_empty() && database.forks.is_empty() && self.levels == 0;
        agent.is_idle()
            && self.untold.is_empty()
            && (open && alone && stands && nothing_waits)
            && present.disk.aside.is_none()
            && present.disk.books.all_suspense().all(|(_, suspense)| suspense.rows.is_empty())
            && database.handled(present.disk.epoch) == present.disk.tail()
    }

    /// What waits for ever: behind a line that can't be understood, or at all.
    fn violate_rest(&mut self, what: &str) {
        let why = self.unrest();
        let (stream, next) = self.centre.database.position();
        let waiting = (stream == self.centre.log.id).then(|| self.centre.records(next, 64));
        let is_bad = waiting.into_iter().flatten().any(|record| is_bad_line(&record.content));
        self.violate(if is_bad { Promise::P5 } else { Promise::P4 }, format!("{what}: {why}"));
    }

    fn unrest(&self) -> String {
        let open = self.papers.iter().filter(|paper| paper.answer.is_none()).count();
        let (present, database) = (&self.shop.present, &self.centre.database);
        let status = present.agent.as_ref().map(|agent| agent.uplink.status());
        let (tail, handled) = (present.disk.tail(), database.handled(present.disk.epoch));
        let stands = database.epoch(present.disk.epoch);
        let others: Vec<_> = self.shop.others.iter().map(|one| (one.no, one.fate)).collect();
        let (wanted, forks) = (database.instructions.len(), &database.forks);
        format!(
            "{open} papers unanswered, {handled} of {tail} handled, {status:?}, {stands:?}, {others:?}, \
             {wanted} instructions open, {forks:?}"
        )
    }
}

/// Whether it is a movement that was parked where it was committed.
fn is_bad_line(content: &Content) -> bool {
    match content {
        Content::Movement(_, bytes) => decode_movement(bytes).is_ok_and(|movement| movement.parked.is_some()),
        Content::Unread(..) | Content::Control(_) => false,
    }
}
