//! What goes over the line, and the rules of the protocol kept beside both
//! ends, to catch them out.

use std::collections::BTreeMap;

use tidemark_model::{Seq, StreamPlace};
use tidemark_sync::message::{Batch, Session, ToBox, ToCentre};
use tidemark_sync::testing::{Way, bytes_down, bytes_up};
use tidemark_sync::{Attempt, ReceiverInput, UplinkInput};

use crate::check::Promise;
use crate::mutant::Mutant;
use crate::shop::StreamKey;
use crate::trace::short;

use super::{Event, World};

/// How often a position may go up in a world that is healed.
const REPEATS: u32 = 8;

/// What the box may count on, kept beside it.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Received and not given up since.
    received: BTreeMap<Seq, StreamPlace>,
    credit: u64,
    last_session: Option<Session>,
    /// How often each position went up since all is healed.
    sent: BTreeMap<Seq, u32>,
}

impl World {
    pub(super) fn dial(&mut self, attempt: Attempt) {
        let Some(agent) = &mut self.shop.agent else { return };
        let key = StreamKey(agent.life, attempt);
        if self.line.is_whole() && self.centre.up {
            agent.dialled.insert(attempt);
            let trip = self.line.wire.delay_ms * 2 + 1;
            self.schedule(trip, Event::Connected(key));
        } else if self.machine.permille(500) {
            let cause = "no route".to_owned();
            self.tell(UplinkInput::Disconnected { attempt, cause });
        }
    }

    pub(super) fn connected(&mut self, key: StreamKey) {
        let (whole, up, now) = (self.line.is_whole(), self.centre.up, self.now);
        let Some(agent) = self.shop.agent.as_mut().filter(|agent| agent.life == key.0) else { return };
        if agent.dialled.remove(&key.1) && whole && up {
            agent.connection = Some(key.1);
            (agent.broken_up, agent.broken_down) = (false, false);
            self.line.wire.drain(now);
            self.centre.accept(key, now);
            self.tell(UplinkInput::Connected { attempt: key.1 });
        }
    }

    pub(super) fn hang_up(&mut self, attempt: Attempt) {
        let Some(agent) = &mut self.shop.agent else { return };
        agent.dialled.remove(&attempt);
        if agent.connection == Some(attempt) {
            agent.connection = None;
            let (key, broken) = (StreamKey(agent.life, attempt), agent.broken_up);
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

    pub(super) fn send_up(&mut self, message: ToCentre) {
        self.watch_box_speak(&message);
        let arrival = self.line.arrival(Way::Up, bytes_up(&message), self.now);
        let Some(agent) = &mut self.shop.agent else { return };
        let Some(attempt) = agent.connection else { return };
        let key = StreamKey(agent.life, attempt);
        self.trace.note(self.now, || format!("> {}", brief(&message)));
        match arrival.filter(|_| !agent.broken_up) {
            Some(at) => self.schedule(at - self.now, Event::ToCentre(key, message)),
            None => agent.broken_up = true,
        }
    }

    pub(super) fn send_down(&mut self, key: StreamKey, message: ToBox) {
        let arrival = self.line.arrival(Way::Down, bytes_down(&message), self.now);
        let Some(at) = arrival else { return self.break_down(key) };
        let Some(agent) = self.shop.agent.as_ref().filter(|agent| agent.life == key.0) else { return };
        if agent.connection == Some(key.1) && !agent.broken_down {
            self.trace.note(self.now, || format!("< {}", short(&message)));
            self.schedule(at - self.now, Event::ToBox(key, message));
        }
    }

    fn break_down(&mut self, key: StreamKey) {
        let agent = self.shop.agent.as_mut().filter(|agent| agent.life == key.0);
        if let Some(agent) = agent.filter(|agent| agent.connection == Some(key.1)) {
            agent.broken_down = true;
        }
    }

    /// The centre's end of a connection is closed.
    pub(super) fn line_ends_down(&mut self, key: StreamKey) {
        let broken = self.shop.agent.as_ref().is_some_and(|agent| agent.broken_down);
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
        let Some(agent) = self.shop.agent.as_ref().filter(|agent| agent.life == key.0) else { return };
        if agent.connection != Some(key.1) {
            return;
        }
        self.watch_box_hear(&message);
        let message = self.bend(message);
        self.tell(UplinkInput::Message { attempt: key.1, message });
        if self.mutant == Some(Mutant::NoCredit) {
            let message = ToBox::Credit(tidemark_sync::message::Credit { bytes: 1 << 20 });
            self.tell(UplinkInput::Message { attempt: key.1, message });
        }
    }

    /// What a mistake makes of a message.
    fn bend(&self, mut message: ToBox) -> ToBox {
        let (told, whole) = match (self.mutant, &mut message) {
            (Some(Mutant::UnionHandled), ToBox::Welcome(welcome)) => (&mut welcome.blocks, true),
            (Some(Mutant::UnionHandled), ToBox::Handled(handled)) => (&mut handled.blocks, false),
            _as_it_is => return message,
        };
        for (index, known) in self.shop.disk.known_handled() {
            if whole {
                told.entry(*index).or_insert(*known);
            }
            if let Some(told) = told.get_mut(index).filter(|told| told.bitmap.count() < known.bitmap.count()) {
                *told = *known;
            }
        }
        message
    }

    pub(super) fn ended(&mut self, key: StreamKey) {
        let Some(agent) = self.shop.agent.as_mut().filter(|agent| agent.life == key.0) else { return };
        if agent.connection == Some(key.1) {
            agent.connection = None;
            let cause = "the centre ended the stream".to_owned();
            self.tell(UplinkInput::Disconnected { attempt: key.1, cause });
        }
    }

    fn watch_box_hear(&mut self, message: &ToBox) {
        let watch = &mut self.watch;
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
    fn watch_repeats(&mut self, batch: &Batch) {
        if !self.healed {
            return;
        }
        let mut worst = None;
        for record in &batch.records {
            let times = self.watch.sent.entry(record.seq).or_default();
            *times += 1;
            worst = worst.max((*times > REPEATS).then_some(record.seq));
        }
        if let Some(seq) = worst {
            self.violate(Promise::P4, format!("position {seq} is sent again and again"));
        }
    }

    fn watch_box_speak(&mut self, message: &ToCentre) {
        match message {
            ToCentre::Hello(hello) => {
                let last = self.watch.last_session.replace(hello.session);
                if last.is_some_and(|last| last >= hello.session) || self.shop.disk.session != hello.session {
                    self.violate(Promise::P2, format!("session {:?} after {last:?}", hello.session));
                }
            }
            ToCentre::Batch(batch) => {
                self.watch_repeats(batch);
                if !batch.live {
                    if self.watch.credit == 0 {
                        self.violate(Promise::P6, "backlog is sent without credit".to_owned());
                    }
                    self.watch.credit = self.watch.credit.saturating_sub(batch.payload());
                }
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
