//! The shells of both ends: what becomes of each output.

use crate::message::ToCentre;
use crate::testing::line::{Way, bytes_down, bytes_up};
use crate::testing::model_centre::ModelCentre;
use crate::time::Millis;
use crate::{Attempt, ReceiverInput, ReceiverOutput, Uplink, UplinkInput, UplinkOutput};

use super::{Event, Pair};

impl Pair {
    /// Performs all outputs of both ends.
    pub(super) fn settle(&mut self) {
        while let Some(output) = self.shop.uplink.as_mut().and_then(Uplink::poll_output) {
            self.perform_box(output);
        }
        let attempts: Vec<Attempt> = self.centre.served.keys().copied().collect();
        for attempt in attempts {
            while let Some(output) = self.centre.served.get_mut(&attempt).and_then(|s| s.receiver.poll_output()) {
                self.perform_centre(attempt, output);
            }
        }
    }

    fn perform_box(&mut self, output: UplinkOutput) {
        let now = Millis(self.now);
        match output {
            UplinkOutput::Connect { attempt } => {
                self.dialled += 1;
                let trip = self.line.delay_ms * 2 + 1;
                if self.line.whole && self.centre.up {
                    self.attempts.insert(attempt);
                    self.schedule(trip, Event::Connected(attempt));
                } else if self.random.below(2) == 0 {
                    let cause = "no route".to_owned();
                    self.shop.tell(UplinkInput::Disconnected { attempt, cause }, now);
                }
            }
            UplinkOutput::Abandon { attempt } | UplinkOutput::Disconnect { attempt, .. } => self.hang_up(attempt),
            UplinkOutput::SyncSession(session) => self.schedule(3, Event::SessionSynced(session)),
            UplinkOutput::Send(message) => self.send_up(message),
            UplinkOutput::Read { read, epoch, seqs, max_bytes } => {
                let (records, unreadable) = self.shop.read(epoch, &seqs, max_bytes);
                let input = UplinkInput::Records { read, records, unreadable, unreadable_digest: None };
                self.shop.tell(input, now);
            }
            UplinkOutput::RememberReceived { epoch, blocks } => match self.shop.earlier.get_mut(&epoch) {
                Some(earlier) => earlier.received.extend(blocks),
                None => self.shop.received.extend(blocks),
            },
            UplinkOutput::EarlierHandled { epoch, through } => {
                let kept = self.shop.earlier.get(&epoch);
                if kept.is_some_and(|kept| kept.ready && kept.tail() <= through) {
                    self.shop.earlier.remove(&epoch);
                    let facts = self.shop.earlier_facts();
                    self.shop.tell(UplinkInput::Earlier(facts), now);
                }
            }
            UplinkOutput::Welcomed(welcome) => {
                self.shop.generation = self.shop.generation.max(welcome.generation);
                self.shop.handled.clear();
                self.take_handled(&welcome.blocks);
            }
            UplinkOutput::Handled(handled) => self.take_handled(&handled.blocks),
            UplinkOutput::TakeFacts { .. } => {
                let facts = self.shop.facts(now);
                self.shop.tell(UplinkInput::Facts(facts), now);
            }
            UplinkOutput::CatalogueVersion(_) | UplinkOutput::Instruction(_) | UplinkOutput::OpeningReady(_) => {
                self.trace.push(format!("{} {output:?}", self.now));
            }
            UplinkOutput::Raise(trouble) => {
                self.troubles.retain(|other| other.kind() != trouble.kind());
                self.troubles.push(trouble);
            }
            UplinkOutput::Clear(kind) => self.troubles.retain(|other| other.kind() != kind),
        }
    }

    fn take_handled(&mut self, blocks: &crate::message::Blocks) {
        let now = Millis(self.now);
        match self.shop.take_handled(blocks) {
            Some(block) => self.shop.tell(UplinkInput::Differs { block }, now),
            None => self.shop.trim(self.options.keep, now),
        }
    }

    fn hang_up(&mut self, attempt: Attempt) {
        self.attempts.remove(&attempt);
        if self.connection == Some(attempt) {
            self.connection = None;
            self.events.retain(|_, event| !matches!(event, Event::ToBox(..)));
            if self.line.whole {
                // After all that was sent before.
                let at = self.line.arrival(Way::Up, 0, self.now);
                self.schedule(at - self.now, Event::HungUp(attempt));
            }
        }
    }

    fn send_up(&mut self, message: ToCentre) {
        self.watch_centre(&message);
        let Some(attempt) = self.connection.filter(|_| self.line.whole) else { return };
        self.trace.push(format!("{} > {}", self.now, brief(&message)));
        if let ToCentre::Batch(batch) = &message {
            let own = batch.records.iter().filter(|_| batch.epoch == self.shop.epoch);
            own.for_each(|record| *self.sent.entry(record.seq).or_default() += 1);
        }
        let at = self.line.arrival(Way::Up, bytes_up(&message), self.now);
        self.schedule(at - self.now, Event::ToCentre(attempt, message));
    }

    fn perform_centre(&mut self, attempt: Attempt, output: ReceiverOutput) {
        match output {
            ReceiverOutput::LookUp { hello, again } => self.schedule(4, Event::LookUp(attempt, hello, again)),
            ReceiverOutput::RaiseGeneration { above } => {
                let generation = &mut self.centre.ledger.generation;
                if *generation <= above {
                    generation.0 = above.0 + 1;
                }
            }
            ReceiverOutput::OpenEpoch { produce, hello } => {
                self.schedule(5, Event::OpenEpoch(attempt, produce, hello.epoch));
            }
            ReceiverOutput::Produce { produce, payload } => self.schedule(5, Event::Produce(attempt, produce, payload)),
            ReceiverOutput::Send(message) => {
                if self.connection == Some(attempt) && self.line.whole {
                    self.trace.push(format!("{} < {message:?}", self.now));
                    let at = self.line.arrival(Way::Down, bytes_down(&message), self.now);
                    self.schedule(at - self.now, Event::ToBox(attempt, message));
                }
            }
            ReceiverOutput::Wants(wants) => {
                self.centre.office.wants(ModelCentre::peer(attempt), 0, wants);
                self.centre.grant(Millis(self.now));
            }
            ReceiverOutput::Opened { .. } => {
                // A later stream of the same box takes over.
                let older: Vec<Attempt> = self.centre.served.range(..attempt).map(|(older, _)| *older).collect();
                older.into_iter().for_each(|older| self.tell_receiver(older, ReceiverInput::Superseded));
            }
            ReceiverOutput::Heard(_) | ReceiverOutput::OpeningTaken(_) => {}
            ReceiverOutput::Close(closing) => {
                self.trace.push(format!("{} closed {closing:?}", self.now));
                self.centre.office.left(ModelCentre::peer(attempt));
                self.centre.served.remove(&attempt);
                if self.connection == Some(attempt) && self.line.whole {
                    let at = self.line.arrival(Way::Down, 0, self.now);
                    self.schedule(at - self.now, Event::Ended(attempt));
                }
            }
        }
    }
}

/// A batch without its bytes.
fn brief(message: &ToCentre) -> String {
    match message {
        ToCentre::Batch(batch) => format!("Batch live={} {:?} {}", batch.live, batch.seqs(), batch.payload()),
        ToCentre::Hello(_)
        | ToCentre::Unreadable(_)
        | ToCentre::Heartbeat(_)
        | ToCentre::OpeningTaken(_)
        | ToCentre::Goodbye(_) => format!("{message:?}"),
    }
}
