//! The centre's shell, as far as it deals with epochs: who has the store, what
//! an epoch begins with, what came late.

use tidemark_ledger::apply::missing_below;
use tidemark_model::{BoxId, Epoch, EpochOrdinal, Label};
use tidemark_sync::message::{Heartbeat, Instruction, OpeningReady, OpeningTaken, Unreadable};
use tidemark_sync::{Payload, ReceiverInput};
use tidemark_wire::decode_instruction_body;

use crate::centre::Served;
use crate::shop::StreamKey;

use super::{Event, World};

impl World {
    /// Who said `Hello` on a stream.
    pub(super) fn spoke(&self, key: StreamKey) -> Option<(BoxId, Epoch)> {
        self.centre.served.get(&key).and_then(|served| served.spoke)
    }

    /// A stream is open: later than all others of the same box, which it takes
    /// over from.
    pub(super) fn opened(&mut self, key: StreamKey, (epoch, ordinal): (Epoch, EpochOrdinal), closed: bool) {
        let Some((box_id, _)) = self.spoke(key) else { return };
        let is_older = |(other, served): &(&StreamKey, &Served)| {
            let same = served.spoke.is_some_and(|(other, _)| other == box_id);
            let before = if other.0 == key.0 { **other < key } else { served.receiver.is_open() };
            same && before && **other != key
        };
        let older: Vec<StreamKey> = self.centre.served.iter().filter(is_older).map(|(other, _)| *other).collect();
        older.into_iter().for_each(|older| self.tell_receiver(older, ReceiverInput::Superseded));
        self.centre.last_heard = Some((box_id, self.now));
        if closed {
            return;
        }
        self.schedule(1, Event::NameTrimmed(key));
        let given = self.shop.of(key.0).and_then(|one| one.disk.given.as_ref());
        if given.is_some() {
            self.schedule(5, Event::GiveOpening(key.0));
        } else if ordinal.0 > 1 && self.centre.database_up {
            let items = self.shop.present.disk.items();
            self.centre.database.make_opening(epoch, &items);
            let older_ms = self.centre.database.older_ms(ordinal, self.now);
            self.tell_receiver(key, ReceiverInput::OpeningReady(OpeningReady { ordinal, bytes: 0, older_ms }));
        }
        self.instruct();
    }

    pub(super) fn heard(&mut self, key: StreamKey, heartbeat: &Heartbeat) {
        let Some((box_id, epoch)) = self.spoke(key) else { return };
        self.centre.last_heard = Some((box_id, self.now));
        if !self.centre.database_up {
            return;
        }
        self.centre.database.hear_tail(epoch, heartbeat.tail);
        let state = self.centre.database.epoch(epoch);
        // It may let go more before it hears that the ledger was set back, and
        // a log that was cut back may have lost what was named.
        if state.is_some_and(|state| !state.closed)
            && let Some(served) = self.centre.served.get_mut(&key)
        {
            served.trimmed_below = heartbeat.trimmed_below.max(served.trimmed_below);
            self.schedule(1, Event::NameTrimmed(key));
        }
        // The same of its opening.
        let opening = self.centre.served.get(&key).and_then(|served| served.opening);
        if let Some(opening) = opening.filter(|opening| state.is_some_and(|of| of.taken.seq() != Some(opening.seq))) {
            self.took_opening(epoch, opening);
        }
    }

    /// The box that has the store is told what head office wants, once on each
    /// stream.
    pub(super) fn instruct(&mut self) {
        if self.centre.database.instructions.is_empty() {
            return;
        }
        let database = &self.centre.database;
        let has_store = |served: &Served| {
            let state = served.spoke.and_then(|(_, epoch)| database.epoch(epoch));
            served.receiver.is_open() && state.is_some_and(|state| !state.closed)
        };
        let holders = self.centre.served.iter().filter(|(_, served)| has_store(served));
        let holders: Vec<StreamKey> = holders.map(|(key, _)| *key).collect();
        let mut told = Vec::new();
        for row in &database.instructions {
            let (Ok(id), Ok(body)) = (Label::new(&row.id), decode_instruction_body(&row.body)) else { continue };
            told.extend(holders.iter().map(|key| (*key, Instruction::of(id.clone(), body.clone()))));
        }
        for (key, instruction) in told {
            let served = self.centre.served.get_mut(&key);
            if served.is_some_and(|served| served.given.insert(instruction.id.to_string())) {
                self.tell_receiver(key, ReceiverInput::Instruct(instruction));
            }
        }
    }

    /// What a box let go and the ledger lacks is named lost, behind all that
    /// the stream still holds of it.
    pub(super) fn name_trimmed(&mut self, key: StreamKey) {
        let Some(served) = self.centre.served.get(&key) else { return };
        let Some((_, epoch)) = served.spoke.filter(|_| served.trimmed_below > 1) else { return };
        let missing = missing_below(served.trimmed_below, &self.centre.database.blocks_of(epoch));
        if missing.is_empty() {
            return;
        }
        let (takes, says) = if self.centre.database_up { self.takes() } else { (false, false) };
        if takes {
            self.trace.note(self.now, || format!("named lost: {missing:?}"));
            let store = self.shop.present.disk.store.clone();
            let lost = Unreadable { epoch, seqs: missing, digest: None };
            self.centre.log.produce(&store, &Payload::Unreadable(lost));
            self.wake_appliers();
        }
        if !says {
            self.schedule(300, Event::NameTrimmed(key));
        }
    }

    /// That a box has taken its opening is put into the stream, without an
    /// answer.
    pub(super) fn took_opening(&mut self, epoch: Epoch, taken: OpeningTaken) {
        let wait = self.machine.between(1, 20);
        self.schedule(wait, Event::TookOpening(epoch, taken));
    }

    /// Until the stream takes it; a centre that dies hears it again with the
    /// next `Hello`.
    pub(super) fn opening_is_taken(&mut self, epoch: Epoch, taken: OpeningTaken) {
        if !self.centre.up {
            return;
        }
        let (takes, says) = self.takes();
        if takes {
            let store = self.shop.present.disk.store.clone();
            self.centre.log.took_opening(&store, epoch, taken);
            self.wake_appliers();
        }
        if !says {
            self.schedule(300, Event::TookOpening(epoch, taken));
        }
    }
}
