//! What goes over the line, and the rules of the protocol kept beside both
//! ends, to catch them out.

use std::collections::BTreeMap;

use tidemark_model::{Epoch, Seq, StreamPlace};
use tidemark_sync::message::{Batch, Session, ToBox, ToCentre};
use tidemark_sync::testing::{Way, bytes_down, bytes_up};
use tidemark_sync::{ReceiverInput, UplinkInput};

use crate::check::Promise;
use crate::mutant::Mutant;
use crate::shop::{Life, StreamKey};
use crate::trace::short;

use super::{Event, World};

/// How often a position may go up in a world that is healed.
const REPEATS: u32 = 8;

/// What the box may count on, kept beside it.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// Received and not given up since.
    received: BTreeMap<Seq, StreamPlace>,
    credit: u64,
    last_session: Option<Session>,
    /// How often each position went up since all is healed.
    sent: BTreeMap<(Epoch, Seq), u32>,
}

impl Watch {
    /// Nothing was heard yet.
    pub(crate) const fn new() -> Self {
        Self { received: BTreeMap::new(), credit: 0, last_session: None, sent: BTreeMap::new() }
    }
}

impl World {
    pub(super) fn dial(&mut self, key: StreamKey) {
        let reached = self.has_line(key.0) && self.centre.up;
        let Some(agent) = self.shop.agent_mut(key.0) else { return };
        if reached {
            agent.dialled.insert(key.1);
            let trip = self.line.wire.delay_ms * 2 + 1;
            self.schedule(trip, Event::Connected(key));
        } else if self.machine.permille(500) {
            let cause = "no route".to_owned();
            self.tell(key.0, UplinkInput::Disconnected { attempt: key.1, cause });
        }
    }

    pub(super) fn connected(&mut self, key: StreamKey) {
        let (whole, up, now) = (self.has_line(key.0), self.centre.up, self.now);
        let Some(agent) = self.shop.agent_mut(key.0) else { return };
        if agent.dialled.remove(&key.1) && whole && up {
            agent.connection = Some(key.1);
            (agent.broken_up, agent.broken_down) = (false, false);
            self.line.wire.drain(now);
            self.centre.accept(key, now);
            self.tell(key.0, UplinkInput::Connected { attempt: key.1 });
        }
    }

    pub(super) fn hang_up(&mut self, key: StreamKey) {
        let Some(agent) = self.shop.agent_mut(key.0) else { return };
        agent.dialled.remove(&key.1);
        if agent.connection == Some(key.1) {
            agent.connection = None;
            let broken = agent.broken_up || !self.is_plugged(key.0);
            self.line_ends_up(key, broken);
        }
    }

    /// The box's end of a connection is closed; the centre hears it after all
    /// that was said before, if anything arrives.
    pub(super) fn line_ends_up(&mut self, key: StreamKey, broken: bool) {
        if let Some(at) = self.line.arrival(Way::Up, 0, self.now).filter(|_| !broken) {
            self.schedule(at - self.now, Event::HungUp(key));
        }
    }

    pub(super) fn send_up(&mut self, life: Life, message: ToCentre) {
        self.watch_box_speak(life, &message);
        let plugged = self.is_plugged(life);
        let arrival = self.line.arrival(Way::Up, bytes_up(&message), self.now).filter(|_| plugged);
        let Some(agent) = self.shop.agent_mut(life) else { return };
        let Some(attempt) = agent.connection else { return };
        let key = StreamKey(life, attempt);
        self.trace.note(self.now, || format!("{} > {}", life.0, brief(&message)));
        match arrival.filter(|_| !agent.broken_up) {
            Some(at) => self.schedule(at - self.now, Event::ToCentre(key, message)),
            None => agent.broken_up = true,
        }
    }

    pub(super) fn send_down(&mut self, key: StreamKey, message: ToBox) {
        let plugged = self.is_plugged(key.0);
        let arrival = self.line.arrival(Way::Down, bytes_down(&message), self.now).filter(|_| plugged);
        let Some(agent) = self.shop.agent_mut(key.0).filter(|agent| agent.connection == Some(key.1)) else { return };
        match arrival {
            Some(at) if !agent.broken_down => {
                self.trace.note(self.now, || format!("{} < {}", key.0.0, short(&message)));
                self.schedule(at - self.now, Event::ToBox(key, message));
            }
            Some(_) => {}
            None => agent.broken_down = true,
        }
    }

    /// The centre's end of a connection is closed.
    pub(super) fn line_ends_down(&mut self, key: StreamKey) {
        let broken = !self.is_plugged(key.0) || self.shop.agent(key.0).is_some_and(|agent| agent.broken_down);
        if let Some(at) = self.line.arrival(Way::Down, 0, self.now).filter(|_| !broken) {
            self.schedule(at - self.now, Event::Ended(key));
        }
    }

    pub(super) fn arrives_up(&mut self, key: StreamKey, message: ToCentre) {
        self.tell_receiver(key, ReceiverInput::Message(message));
    }

    pub(super) fn hung_up(&mut self, key: StreamKey) {
        self.tell_receiver(key, ReceiverInput::Disconnected);
    }

    pub(super) fn arrives_down(&mut self, key: StreamKey, message: ToBox) {
        if self.shop.agent(key.0).is_none_or(|agent| agent.connection != Some(key.1)) {
            return;
        }
        self.watch_box_hear(key.0, &message);
        let message = self.bend(key.0, message);
        self.tell(key.0, UplinkInput::Message { attempt: key.1, message });
        if self.mutant == Some(Mutant::NoCredit) {
            let message = ToBox::Credit(tidemark_sync::message::Credit { bytes: 1 << 20 });
            self.tell(key.0, UplinkInput::Message { attempt: key.1, message });
        }
    }

    /// What a mistake makes of a message.
    fn bend(&self, life: Life, mut message: ToBox) -> ToBox {
        let Some(one) = self.shop.of(life) else { return message };
        let suspect = one.agent.as_ref().is_some_and(|agent| agent.suspect);
        let (told, whole, suspect) = match &mut message {
            ToBox::Welcome(welcome) => (&mut welcome.blocks, true, welcome.suspect),
            ToBox::Handled(handled) => (&mut handled.blocks, false, suspect),
            ToBox::Received(_)
            | ToBox::AppliedThrough(_)
            | ToBox::Credit(_)
            | ToBox::Slow(_)
            | ToBox::Refused(_)
            | ToBox::CatalogueVersion(_)
            | ToBox::Instruction(_)
            | ToBox::OpeningReady(_) => return message,
        };
        if self.mutant == Some(Mutant::TrustSession) && !suspect {
            let tail = one.disk.tail();
            for (index, block) in told.iter_mut() {
                let all = std::mem::take(&mut block.bitmap);
                for seq in all.seqs(*index).filter(|seq| *seq <= tail) {
                    block.bitmap.insert(seq);
                }
            }
        }
        if self.mutant == Some(Mutant::UnionHandled) {
            for (index, known) in one.disk.known_handled() {
                if whole {
                    told.entry(*index).or_insert(*known);
                }
                if let Some(told) = told.get_mut(index).filter(|told| told.bitmap.count() < known.bitmap.count()) {
                    *told = *known;
                }
            }
        }
        message
    }

    pub(super) fn ended(&mut self, key: StreamKey) {
        let Some(agent) = self.shop.agent_mut(key.0) else { return };
        if agent.connection == Some(key.1) {
            agent.connection = None;
            let cause = "the centre ended the stream".to_owned();
            self.tell(key.0, UplinkInput::Disconnected { attempt: key.1, cause });
        }
    }

    fn watch_box_hear(&mut self, life: Life, message: &ToBox) {
        let Some(watch) = self.shop.of_mut(life).map(|one| &mut one.watch) else { return };
        match message {
            ToBox::Welcome(_) => watch.credit = 0,
            ToBox::Credit(credit) => watch.credit += credit.bytes,
            ToBox::Received(received) => {
                let stream = received.place.stream;
                watch.received.retain(|_, place| place.stream == stream);
                watch.received.extend(received.seqs.iter().map(|seq| (seq, received.place)));
            }
            ToBox::AppliedThrough(applied) => watch.received.retain(|_, place| !applied.gives_up(place)),
            ToBox::Handled(_)
            | ToBox::Slow(_)
            | ToBox::Refused(_)
            | ToBox::CatalogueVersion(_)
            | ToBox::Instruction(_)
            | ToBox::OpeningReady(_) => {}
        }
    }

    /// In a world that is healed nothing goes up again and again.
    fn watch_repeats(&mut self, life: Life, batch: &Batch) {
        let Some(one) = self.shop.of_mut(life).filter(|_| self.healed) else { return };
        let mut worst = None;
        for record in &batch.records {
            let times = one.watch.sent.entry((batch.epoch, record.seq)).or_default();
            *times += 1;
            worst = worst.max((*times > REPEATS).then_some(record.seq));
        }
        if let Some(seq) = worst {
            self.violate(Promise::P4, format!("position {seq} is sent again and again"));
        }
    }

    fn watch_box_speak(&mut self, life: Life, message: &ToCentre) {
        let Some(one) = self.shop.of_mut(life) else { return };
        match message {
            ToCentre::Hello(hello) => {
                let last = one.watch.last_session.replace(hello.session);
                if last.is_some_and(|last| last >= hello.session) || one.disk.session != hello.session {
                    self.violate(Promise::P2, format!("session {:?} after {last:?}", hello.session));
                }
            }
            ToCentre::Batch(batch) => {
                let credit = one.watch.credit;
                if !batch.live {
                    one.watch.credit = credit.saturating_sub(batch.payload());
                }
                if !batch.live && credit == 0 {
                    self.violate(Promise::P6, "backlog is sent without credit".to_owned());
                }
                self.watch_repeats(life, batch);
            }
            ToCentre::Unreadable(_) | ToCentre::Heartbeat(_) | ToCentre::OpeningTaken(_) | ToCentre::Goodbye(_) => {}
        }
    }
}

/// A batch without its bytes.
fn brief(message: &ToCentre) -> String {
    match message {
        ToCentre::Batch(batch) => {
            let seqs = batch.seqs();
            let (first, last) = (seqs.first().unwrap_or(0), seqs.last().unwrap_or(0));
            format!("Batch live={} {first}..={last} ({}) {} bytes", batch.live, seqs.count(), batch.payload())
        }
        ToCentre::Hello(_)
        | ToCentre::Unreadable(_)
        | ToCentre::Heartbeat(_)
        | ToCentre::OpeningTaken(_)
        | ToCentre::Goodbye(_) => short(message),
    }
}
