//! The centre: the shell around its receivers, the stream, the appliers.

use std::ops::Bound;

use tidemark_ledger::apply::{ApplyRecord, Plan, decide};
use tidemark_model::{Quantity, Sku};
use tidemark_sync::message::Hello;
use tidemark_sync::{Millis, Payload, ProduceId, ReceiverInput, ReceiverOutput};

use crate::centre::{CachedLevel, Centre};
use crate::check::Promise;
use crate::mutant::Mutant;
use crate::people::ARTICLES;
use crate::rates::Fault;
use crate::shop::StreamKey;
use crate::trace::short;

use super::{Event, World};

/// Between two looks for forked letters that stand in an opening.
const FORKS_MS: u64 = 5_000;

impl World {
    pub(super) fn tell_receiver(&mut self, key: StreamKey, input: ReceiverInput) {
        let now = Millis(self.now);
        if let Some(served) = self.centre.served.get_mut(&key) {
            served.receiver.handle_input(input, now);
        }
    }

    /// Performs all outputs of both ends.
    pub(super) fn settle(&mut self) {
        loop {
            for at in 0..self.shop.count() {
                let Some(life) = self.shop.life_at(at) else { continue };
                while let Some(output) = self.shop.agent_mut(life).and_then(|agent| agent.uplink.poll_output()) {
                    self.perform_box(life, output);
                }
            }
            let mut idle = true;
            let mut next = self.centre.served.first_key_value().map(|(key, _)| *key);
            while let Some(key) = next {
                while let Some(output) = self.centre.served.get_mut(&key).and_then(|s| s.receiver.poll_output()) {
                    idle = false;
                    self.perform_centre(key, output);
                }
                let later = (Bound::Excluded(key), Bound::Unbounded);
                next = self.centre.served.range(later).next().map(|(key, _)| *key);
            }
            if idle {
                return;
            }
        }
    }

    fn perform_centre(&mut self, key: StreamKey, output: ReceiverOutput) {
        match output {
            ReceiverOutput::LookUp { hello, again } => {
                let takes = self.machine.between(1, 20);
                self.schedule(takes, Event::LookUp(key, hello, again));
            }
            ReceiverOutput::RaiseGeneration { above } => {
                let generation = &mut self.centre.database.generation;
                if self.centre.database_up && *generation <= above {
                    generation.0 = above.0 + 1;
                }
            }
            ReceiverOutput::OpenEpoch { produce, hello } => {
                let takes = self.machine.between(1, 20);
                self.schedule(takes, Event::OpenEpoch(key, produce, hello));
            }
            ReceiverOutput::Produce { produce, payload } => {
                let takes = self.machine.between(1, 20);
                self.schedule(takes, Event::Produce(key, produce, payload));
            }
            ReceiverOutput::Send(message) => self.send_down(key, message),
            ReceiverOutput::Wants(wants) => {
                self.centre.office.wants(Centre::peer(key), 0, wants);
                self.grant();
            }
            ReceiverOutput::Opened { epoch, ordinal, closed } => self.opened(key, (epoch, ordinal), closed),
            ReceiverOutput::Heard(heartbeat) => self.heard(key, &heartbeat),
            ReceiverOutput::OpeningTaken(taken) => {
                if let Some(served) = self.centre.served.get_mut(&key) {
                    served.opening = Some(taken);
                }
                if let Some(epoch) = self.spoke(key).map(|(_, epoch)| epoch) {
                    self.took_opening(epoch, taken);
                }
            }
            ReceiverOutput::Close(closing) => {
                self.trace.note(self.now, || format!("centre closes {}: {closing:?}", key.0.0));
                self.centre.office.left(Centre::peer(key));
                self.centre.served.remove(&key);
                self.line_ends_down(key);
            }
        }
    }

    fn grant(&mut self) {
        for grant in self.centre.office.grants(Millis(self.now)) {
            self.tell_receiver(Centre::key(grant.peer), ReceiverInput::Granted { bytes: grant.bytes });
        }
    }

    pub(super) fn look_up(&mut self, key: StreamKey, hello: &Hello, again: bool) {
        if self.centre.served.contains_key(&key) {
            if let Some(opening) = hello.opening {
                // Said again until the ledger knows.
                self.took_opening(hello.epoch, opening);
            }
            let lookup = self.centre.look_up(key, hello, again, self.now);
            self.tell_receiver(key, ReceiverInput::LookedUp(lookup));
        }
    }

    /// Whether the stream takes what is produced now, and says so.
    pub(super) fn takes(&mut self) -> (bool, bool) {
        if !self.meets(Fault::FailingStream) {
            return (true, true);
        }
        // It may well have taken it, and the answer was lost.
        (self.weather.permille(500), false)
    }

    pub(super) fn produce(&mut self, key: StreamKey, produce: ProduceId, payload: &Payload) {
        if !self.centre.up {
            return;
        }
        let (takes, says) = self.takes();
        let store = self.shop.present.disk.store.clone();
        let twice = takes && self.meets(Fault::StreamDoubles);
        let mut place = takes.then(|| self.centre.log.produce(&store, payload));
        if twice {
            place = Some(self.centre.log.produce(&store, payload));
        }
        self.wake_appliers();
        self.tell_receiver(key, produced(produce, place.filter(|_| says)));
    }

    pub(super) fn open_epoch(&mut self, key: StreamKey, produce: ProduceId, hello: &Hello) {
        if !self.centre.up {
            return;
        }
        let (takes, says) = self.takes();
        let place = takes.then(|| self.centre.log.open_epoch(hello));
        self.wake_appliers();
        self.tell_receiver(key, produced(produce, place.filter(|_| says)));
    }

    pub(super) fn wake_appliers(&mut self) {
        if !self.centre.up {
            return;
        }
        for applier in 0..self.centre.appliers.len() {
            let takes = self.machine.between(1, 40);
            let run = self.centre.run;
            if let Some(state) = self.centre.appliers.get_mut(applier).filter(|state| !state.awake) {
                state.awake = true;
                self.schedule(takes, Event::Apply(run, applier));
            }
        }
    }

    /// An applier reads on and decides.
    pub(super) fn apply(&mut self, run: u32, applier: usize) {
        if run != self.centre.run || !self.centre.up {
            return;
        }
        if !self.centre.database_up {
            return self.schedule(500, Event::Apply(run, applier));
        }
        let stream = self.centre.log.id;
        let Some(state) = self.centre.appliers.get_mut(applier) else { return };
        let at = match state.at {
            Some(at) if at.stream == stream => at,
            Some(_) | None => {
                let anew = self.mutant != Some(Mutant::OffsetWithoutStream);
                self.centre.database.look(stream, anew)
            }
        };
        // Only a log of the same birth was cut back; an offset alone can't tell.
        let is_same = self.mutant != Some(Mutant::OffsetWithoutStream);
        if at.next > self.centre.log.end() && is_same {
            return self.go_back(run, applier);
        }
        let most = self.machine.between(1, 64);
        let next = self.centre.log.end().min(at.next + most);
        if next <= at.next {
            if let Some(state) = self.centre.appliers.get_mut(applier) {
                (state.at, state.awake) = (Some(at), false);
            }
            return;
        }
        let records = self.centre.records(at.next, usize::try_from(next - at.next).unwrap_or(0));
        let (plan, next) = self.plan(&records, next);
        let sleeps = self.meets(Fault::SleepingApplier);
        let takes = if sleeps { self.weather.between(500, 20_000) } else { self.machine.between(1, 30) };
        if let Some(state) = self.centre.appliers.get_mut(applier) {
            state.stuck |= self.mutant == Some(Mutant::StopAtBadLine) && !plan.dead_letters.is_empty();
            if state.stuck {
                return;
            }
            (state.at, state.decided) = (Some(at), Some((at, plan, next)));
        }
        self.schedule(takes, Event::Commit(run, applier));
    }

    /// The log was cut back: the applier goes on from its end.
    fn go_back(&mut self, run: u32, applier: usize) {
        let end = self.centre.log.end();
        self.centre.database.rewind(end);
        self.trace.note(self.now, || format!("applier {applier} goes back to {end}"));
        if let Some(state) = self.centre.appliers.get_mut(applier) {
            state.at = None;
        }
        self.schedule(0, Event::Apply(run, applier));
    }

    /// What becomes of some records; cut where an epoch ends between them.
    fn plan(&self, records: &[ApplyRecord], next: u64) -> (Plan, u64) {
        let mut known = self.centre.database.known(records);
        if self.mutant == Some(Mutant::NoDedup) {
            known.blocks.clear();
        }
        let plan = decide(records, &known);
        let Some((first, second)) = plan.cut.map(|at| records.split_at(at)) else { return (plan, next) };
        let next = second.first().map_or(next, |begin| begin.offset);
        (decide(first, &known), next)
    }

    /// An applier commits what it decided, however long ago.
    pub(super) fn commit(&mut self, run: u32, applier: usize) {
        if run != self.centre.run || !self.centre.up {
            return;
        }
        if !self.centre.database_up {
            return self.schedule(500, Event::Commit(run, applier));
        }
        let compare = self.mutant != Some(Mutant::CommitWithoutCas);
        let Some(state) = self.centre.appliers.get_mut(applier) else { return };
        let Some((at, mut plan, next)) = state.decided.take() else { return };
        let changed = self.centre.database.commit(at, &mut plan, (next, compare), self.now);
        self.trace.note(self.now, || {
            let what = if changed.is_some() { "applies" } else { "finds another position and lets go of" };
            format!("applier {applier} {what} {}..{next}", at.next)
        });
        // Whatever it remembered is worth nothing now.
        state.at = None;
        if let Some(double) = self.centre.database.doubles.first().map(|double| double.seq) {
            self.violate(Promise::P2, format!("position {double} was applied twice"));
        }
        if let Some((_, epoch, _)) = plan.opened.last().filter(|_| changed.is_some()) {
            self.has_store(*epoch);
        }
        if self.mutant == Some(Mutant::CentreResolves) {
            self.resolve_at_centre(&plan);
        }
        self.instruct();
        for sku in changed.unwrap_or_default() {
            self.publish(sku);
        }
        self.schedule(0, Event::Apply(run, applier));
    }

    fn publish(&mut self, sku: Sku) {
        if let Some(level) = self.centre.database.level(&sku) {
            let takes = self.machine.between(1, 400);
            self.levels += 1;
            self.schedule(takes, Event::Level(sku, level));
        }
    }

    /// The mistake of a centre that knows better than the box.
    fn resolve_at_centre(&mut self, plan: &Plan) {
        for row in &plan.rows {
            let Ok(movement) = tidemark_wire::decode_movement(&row.bytes) else { continue };
            let Some(code) = movement.code.filter(|_| movement.sku.is_none()) else { continue };
            let article = ARTICLES.iter().find(|article| article.given == code.as_str());
            if let Some([(of, units)]) = article.map(|article| article.parts)
                && let Ok(sku) = Sku::new(of)
            {
                let amount = movement.quantity.scale(Quantity::thousandths(*units)).unwrap_or_default();
                self.centre.database.meddle(&sku, -amount.as_thousandths());
            }
        }
    }

    pub(super) fn cache_level(&mut self, sku: Sku, level: CachedLevel) {
        self.levels -= 1;
        let if_newer = self.mutant != Some(Mutant::OlderLevelWins);
        self.centre.cache.set(sku, level, self.now, if_newer);
    }

    pub(super) fn poll(&mut self, run: u32) {
        if run != self.centre.run || !self.centre.up {
            return;
        }
        for (key, input) in self.centre.poll(self.now) {
            if let ReceiverInput::Polled { blocks, .. } = &input
                && !blocks.is_empty()
            {
                self.trace.note(self.now, || format!("centre saw {}", short(blocks.keys())));
            }
            self.tell_receiver(key, input);
        }
        if self.centre.database_up && self.now % FORKS_MS < 100 {
            self.centre.database.close_forks();
        }
        self.grant();
        self.schedule(100, Event::Poll(run));
    }

    pub(super) fn kill_centre(&mut self) {
        if !self.centre.up {
            return;
        }
        self.trace.note(self.now, || "centre dies".to_owned());
        let keys: Vec<StreamKey> = self.centre.served.keys().copied().collect();
        self.produce_some_on_the_way();
        self.centre.die();
        keys.into_iter().for_each(|key| self.line_ends_down(key));
    }

    /// What was on its way to the stream when the process died may have
    /// arrived.
    fn produce_some_on_the_way(&mut self) {
        let store = self.shop.present.disk.store.clone();
        for payload in self.take_produces() {
            if self.weather.permille(500) {
                self.centre.log.produce(&store, &payload);
            }
        }
    }

    pub(super) fn start_centre(&mut self) {
        if self.centre.up {
            return;
        }
        self.centre.up = true;
        let run = self.centre.run;
        self.trace.note(self.now, || "centre starts".to_owned());
        self.schedule(100, Event::Poll(run));
        self.wake_appliers();
    }
}

fn produced(produce: ProduceId, place: Option<tidemark_model::StreamPlace>) -> ReceiverInput {
    match place {
        Some(place) => ReceiverInput::Produced { produce, place },
        None => ReceiverInput::NotProduced { produce, cause: "the broker is down".to_owned() },
    }
}
