//! The pair: a box, a line and a centre, moved by a virtual clock.

mod faults;
mod performing;
mod watching;

use std::collections::{BTreeMap, BTreeSet};

use tidemark_model::{Epoch, Seq, StoreId, StreamPlace};

use crate::message::{Hello, Refusal, Session, ToBox, ToCentre};
use crate::random::Random;
use crate::testing::line::Line;
use crate::testing::model_box::ModelBox;
use crate::testing::model_centre::{Door, ModelCentre};
use crate::time::Millis;
use crate::{Attempt, Payload, ProduceId, ReceiverInput, Trouble, UplinkInput};

/// How a pair begins.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Seed of all chance in it.
    pub seed: u64,
    /// One way, in milliseconds.
    pub delay_ms: u64,
    /// Bytes a second, each way.
    pub bytes_per_second: u64,
    /// Bytes of one movement.
    pub record_bytes: usize,
    /// Movements the journal keeps though they are handled.
    pub keep: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, delay_ms: 20, bytes_per_second: 10_000_000, record_bytes: 120, keep: 4_096 }
    }
}

#[derive(Debug)]
enum Event {
    Connected(Attempt),
    ToCentre(Attempt, ToCentre),
    ToBox(Attempt, ToBox),
    HungUp(Attempt),
    Ended(Attempt),
    LookUp(Attempt, Hello, bool),
    Produce(Attempt, ProduceId, Payload),
    OpenEpoch(Attempt, ProduceId, Epoch),
    SessionSynced(Session),
    Apply,
    Poll,
}

impl Event {
    /// Whether it is on the line.
    const fn is_under_way(&self) -> bool {
        matches!(self, Self::Connected(_) | Self::ToCentre(..) | Self::ToBox(..) | Self::HungUp(_) | Self::Ended(_))
    }
}

/// A box, a line and a centre.
#[derive(Debug)]
pub struct Pair {
    options: Options,
    now: u64,
    random: Random,
    events: BTreeMap<(u64, u64), Event>,
    event_count: u64,
    /// The box.
    pub shop: ModelBox,
    /// The centre.
    pub centre: ModelCentre,
    /// The line.
    pub line: Line,
    /// Attempts that are wanted and not yet connected.
    attempts: BTreeSet<Attempt>,
    connection: Option<Attempt>,
    /// What the box was told is in the stream and not given up since.
    received: BTreeMap<(Epoch, Seq), StreamPlace>,
    credit: u64,
    /// Everything that was said, for comparing runs.
    pub trace: Vec<String>,
    /// Rules of the protocol that were broken.
    pub broken: Vec<String>,
    /// Sessions of the `Hello`s, in order.
    pub sessions: Vec<Session>,
    /// Attempts to connect.
    pub dialled: u64,
    /// How often each position went onto the line.
    pub sent: BTreeMap<Seq, u32>,
    /// The troubles the box has, as last told.
    pub troubles: Vec<Trouble>,
}

impl Pair {
    /// A fresh box beside a fresh centre, both running.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let mut random = Random::seeded(options.seed);
        #[expect(clippy::expect_used, reason = "a constant that is a store's id")]
        let store = StoreId::new("S0001").expect("a store's id");
        let mut shop = ModelBox::new(store.clone(), Epoch(random.bits()), random.bits());
        shop.start(Millis(0));
        let mut pair = Self {
            options,
            now: 0,
            random,
            events: BTreeMap::new(),
            event_count: 0,
            shop,
            centre: ModelCentre::new(store),
            line: Line::new(options.delay_ms, options.bytes_per_second),
            attempts: BTreeSet::new(),
            connection: None,
            received: BTreeMap::new(),
            credit: 0,
            trace: Vec::new(),
            broken: Vec::new(),
            sessions: Vec::new(),
            dialled: 0,
            sent: BTreeMap::new(),
            troubles: Vec::new(),
        };
        pair.schedule(20, Event::Apply);
        pair.schedule(100, Event::Poll);
        pair.settle();
        pair
    }

    /// The virtual time.
    #[must_use]
    pub const fn now(&self) -> Millis {
        Millis(self.now)
    }

    /// The box commits.
    pub fn commit(&mut self, count: u64) {
        self.shop.commit(count, self.options.record_bytes, Millis(self.now));
        self.settle();
    }

    /// Runs for that long.
    pub fn run(&mut self, millis: u64) {
        let until = self.now.saturating_add(millis);
        while self.step(until) {}
        self.now = until;
    }

    /// Runs until `done` holds; the milliseconds it took, none if it did not
    /// hold within `most`.
    pub fn run_until(&mut self, most: u64, done: impl Fn(&Self) -> bool) -> Option<u64> {
        let (start, until) = (self.now, self.now.saturating_add(most));
        while !done(self) {
            if !self.step(until) {
                self.now = until;
                return done(self).then(|| until - start);
            }
        }
        Some(self.now - start)
    }

    /// Whether the database holds all that was committed.
    #[must_use]
    pub fn all_handled(&self) -> bool {
        let tail = self.shop.tail();
        let applied = self.centre.ledger.applied(self.shop.epoch).len();
        let lost = usize::try_from(self.shop.unreadable.count()).unwrap_or(usize::MAX);
        applied.saturating_add(lost) >= usize::try_from(tail).unwrap_or(usize::MAX)
            && self.shop.uplink.as_ref().is_some_and(|uplink| uplink.status().pending == 0)
    }

    /// The same of its present epoch alone.
    #[must_use]
    pub fn all_own_handled(&self) -> bool {
        let applied = self.centre.ledger.applied(self.shop.epoch).len();
        applied >= usize::try_from(self.shop.tail()).unwrap_or(usize::MAX)
    }

    /// Compares what the box committed with what the ledger holds, and hands
    /// out whatever is wrong.
    #[must_use]
    pub fn differences(&self) -> Vec<String> {
        let mut wrong = self.broken.clone();
        let applied = self.centre.ledger.applied(self.shop.epoch);
        for seq in (1..=self.shop.tail()).filter(|seq| !self.shop.unreadable.has(*seq)) {
            if applied.get(&seq).copied() != self.shop.digest(seq) {
                wrong.push(format!("position {seq} is {:?} at the centre", applied.get(&seq)));
            }
        }
        if let Some(seq) = applied.keys().find(|seq| **seq > self.shop.tail()) {
            wrong.push(format!("position {seq} was never committed"));
        }
        wrong
    }

    fn schedule(&mut self, millis: u64, event: Event) {
        self.event_count += 1;
        self.events.insert((self.now.saturating_add(millis), self.event_count), event);
    }

    /// Takes the next event or timeout that is due by `until`.
    fn step(&mut self, until: u64) -> bool {
        let event_at = self.events.first_key_value().map(|((at, _), _)| *at);
        let box_at = self.shop.uplink.as_ref().and_then(|uplink| uplink.poll_timeout()).map(|(at, _)| at.0);
        let served = self.centre.served.values();
        let centre_at = served.filter_map(|served| served.receiver.poll_timeout()).map(|(at, _)| at.0).min();
        let Some(at) = [event_at, box_at, centre_at].into_iter().flatten().min().filter(|at| *at <= until) else {
            return false;
        };
        self.now = self.now.max(at);
        let now = Millis(self.now);
        if event_at == Some(at) {
            if let Some((_, event)) = self.events.pop_first() {
                self.happen(event);
            }
        } else {
            if let Some(uplink) = &mut self.shop.uplink {
                uplink.handle_timeout(now);
            }
            for served in self.centre.served.values_mut() {
                served.receiver.handle_timeout(now);
            }
        }
        self.settle();
        true
    }

    fn happen(&mut self, event: Event) {
        let now = Millis(self.now);
        match event {
            Event::Connected(attempt) => {
                if self.attempts.remove(&attempt) && self.line.whole && self.centre.up {
                    self.meet(attempt, now);
                }
            }
            Event::ToCentre(attempt, message) => self.tell_receiver(attempt, ReceiverInput::Message(message)),
            Event::ToBox(attempt, message) => {
                self.watch_box(&message);
                self.shop.tell(UplinkInput::Message { attempt, message }, now);
            }
            Event::HungUp(attempt) => self.tell_receiver(attempt, ReceiverInput::Disconnected),
            Event::Ended(attempt) => {
                self.connection.take_if(|connection| *connection == attempt);
                let cause = "the centre ended the stream".to_owned();
                self.shop.tell(UplinkInput::Disconnected { attempt, cause }, now);
            }
            Event::LookUp(attempt, hello, again) => {
                let lookup = self.centre.look_up(attempt, &hello, again, now);
                self.tell_receiver(attempt, ReceiverInput::LookedUp(lookup));
            }
            Event::Produce(attempt, produce, payload) => {
                let place = self.centre.produce(&payload);
                self.tell_produced(attempt, produce, place);
            }
            Event::OpenEpoch(attempt, produce, epoch) => {
                let place = self.centre.open_epoch(epoch);
                self.tell_produced(attempt, produce, place);
            }
            Event::SessionSynced(session) => {
                self.shop.session = session;
                self.shop.tell(UplinkInput::SessionSynced(session), now);
            }
            Event::Apply => {
                self.centre.apply();
                self.schedule(20, Event::Apply);
            }
            Event::Poll => {
                self.centre.poll(now);
                self.centre.grant(now);
                self.schedule(100, Event::Poll);
            }
        }
    }

    /// An attempt has reached the centre.
    fn meet(&mut self, attempt: Attempt, now: Millis) {
        let refused = |code| ToBox::Refused(Refusal::new(code, "a stranger"));
        match self.centre.door {
            Door::Open => {
                self.connection = Some(attempt);
                self.centre.accept(attempt, now);
                self.shop.tell(UplinkInput::Connected { attempt }, now);
            }
            Door::RefusesStreams(code) => {
                self.connection = Some(attempt);
                self.shop.tell(UplinkInput::Connected { attempt }, now);
                // Before the session number is on disk.
                self.schedule(1, Event::ToBox(attempt, refused(code)));
                self.schedule(2, Event::Ended(attempt));
            }
            Door::RefusesCalls(code) => {
                self.shop.tell(UplinkInput::Message { attempt, message: refused(code) }, now);
            }
        }
    }

    fn tell_receiver(&mut self, attempt: Attempt, input: ReceiverInput) {
        if let Some(served) = self.centre.served.get_mut(&attempt) {
            served.receiver.handle_input(input, Millis(self.now));
        }
    }

    fn tell_produced(&mut self, attempt: Attempt, produce: ProduceId, place: Option<StreamPlace>) {
        let input = match place {
            Some(place) => ReceiverInput::Produced { produce, place },
            None => ReceiverInput::NotProduced { produce, cause: "the broker is down".to_owned() },
        };
        self.tell_receiver(attempt, input);
    }
}
