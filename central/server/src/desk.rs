//! The desk: who is connected, who is given credit, who is let in next.
//!
//! One lock for all of it, held for a few map operations at a time and never
//! across an await: streams come and go in their own tasks, the poller speaks
//! to all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tidemark_model::{BoxId, Epoch, StoreId};
use tidemark_sync::message::Instruction;
use tidemark_sync::{Admission, CreditOffice, Gate, Grant, Millis, Peer, ReceiverInput as Input, Rival, Wants};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Boxes let in in a second after a restart.
const ADMITTED_A_SECOND: u64 = 100;

/// The desk; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Desk(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    next: u64,
    streams: BTreeMap<Peer, Seat>,
    office: CreditOffice,
    gate: Gate,
}

/// One stream of a box.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    /// Its store.
    pub(crate) store: StoreId,
    /// The store's partition.
    pub(crate) partition: u32,
    /// Its box.
    pub(crate) box_id: BoxId,
    /// To its task.
    pub(crate) inputs: mpsc::Sender<Input>,
    /// Ends it, if it can't keep up.
    pub(crate) cut: CancellationToken,
    /// Its epoch.
    pub(crate) epoch: Epoch,
    /// Whether it was welcomed.
    pub(crate) welcomed: Welcomed,
    /// When it was last heard.
    pub(crate) heard: Millis,
}

/// Whether a stream was welcomed, and to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Welcomed {
    /// It is looked up or held.
    NotYet,
    /// To the present epoch of its store.
    ToPresent,
    /// To an epoch that is closed.
    ToClosed,
}

impl Seat {
    fn is_open(&self) -> bool {
        match self.welcomed {
            Welcomed::NotYet => false,
            Welcomed::ToPresent | Welcomed::ToClosed => true,
        }
    }
}

impl Default for Desk {
    fn default() -> Self {
        let (office, gate) = (CreditOffice::new(), Gate::new(ADMITTED_A_SECOND));
        Self(Arc::new(Mutex::new(State { next: 0, streams: BTreeMap::new(), office, gate })))
    }
}

impl Desk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a box may come in.
    pub(crate) fn admit(&self, store: &StoreId, now: Millis) -> Admission {
        self.state().gate.admit(store, now)
    }

    /// A stream that said `Hello` takes a seat: from now on the poller speaks
    /// to it.
    pub(crate) fn sit_down(&self, seat: Seat) -> Peer {
        let mut state = self.state();
        state.next += 1;
        let peer = Peer(state.next);
        state.streams.insert(peer, seat);
        peer
    }

    /// A stream was heard.
    pub(crate) fn heard(&self, peer: Peer, now: Millis) {
        if let Some(seat) = self.state().streams.get_mut(&peer) {
            seat.heard = now;
        }
    }

    /// A stream was welcomed; older streams of the same box are superseded.
    /// If its epoch is the store's present one, other boxes' streams are too:
    /// they come again and hear how their own epoch stands.
    pub(crate) fn welcome(&self, peer: Peer, closed: bool) {
        let mut state = self.state();
        let Some(seat) = state.streams.get_mut(&peer) else { return };
        seat.welcomed = if closed { Welcomed::ToClosed } else { Welcomed::ToPresent };
        let (store, box_id) = (seat.store.clone(), seat.box_id);
        let older = state.streams.iter().filter(|(other, seat)| **other != peer && seat.store == store);
        for (_, seat) in older.filter(|(_, seat)| seat.box_id == box_id || (seat.is_open() && !closed)) {
            give(seat, Input::Superseded);
        }
    }

    /// The epochs of the boxes that are here and sell in their store's
    /// present one, as far as known here.
    pub(crate) fn current_epochs(&self) -> BTreeSet<(StoreId, Epoch)> {
        let state = self.state();
        let current = state.streams.values().filter(|seat| seat.welcomed == Welcomed::ToPresent);
        current.map(|seat| (seat.store.clone(), seat.epoch)).collect()
    }

    /// Boxes of epochs that are closed come again and hear it.
    pub(crate) fn supersede(&self, closed: &BTreeSet<(StoreId, Epoch)>) {
        let state = self.state();
        let is_closed = |seat: &&Seat| closed.contains(&(seat.store.clone(), seat.epoch));
        for seat in state.streams.values().filter(|seat| seat.welcomed == Welcomed::ToPresent).filter(is_closed) {
            give(seat, Input::Superseded);
        }
    }

    /// Another box's open stream of the store.
    pub(crate) fn rival(&self, store: &StoreId, box_id: BoxId, now: Millis) -> Option<Rival> {
        let state = self.state();
        let rivals =
            state.streams.values().filter(|seat| seat.is_open() && seat.store == *store && seat.box_id != box_id);
        let newest = rivals.max_by_key(|seat| seat.heard)?;
        Some(Rival { box_id: newest.box_id, heard_ms: now.since(newest.heard) })
    }

    /// A stream ended; how many are left.
    pub(crate) fn leave(&self, peer: Peer, now: Millis) -> usize {
        let mut state = self.state();
        state.streams.remove(&peer);
        state.office.left(peer);
        hand_out(&mut state, now);
        state.streams.len()
    }

    /// What a stream needs.
    pub(crate) fn wants(&self, peer: Peer, partition: u32, wants: Wants, now: Millis) {
        let mut state = self.state();
        state.office.wants(peer, partition, wants);
        hand_out(&mut state, now);
    }

    /// How far the applier of a partition is.
    pub(crate) fn reached(&self, partition: u32, offset: u64, end: Option<u64>, now: Millis) {
        let mut state = self.state();
        state.office.reached(partition, offset, end, now);
        hand_out(&mut state, now);
    }

    /// The partitions somebody sits at.
    pub(crate) fn partitions(&self) -> BTreeSet<u32> {
        self.state().streams.values().map(|seat| seat.partition).collect()
    }

    /// All seats.
    pub(crate) fn seats(&self) -> Vec<Seat> {
        self.state().streams.values().cloned().collect()
    }

    /// Tells every box the catalogue's version.
    pub(crate) fn tell_catalogue(&self, version: u64) {
        for seat in self.seats() {
            give(&seat, Input::CatalogueVersion(version));
        }
    }

    /// Gives the box that has a store an instruction, if it is here; else it
    /// gets it with its next welcome. One of a closed epoch gets none: what
    /// it did would come late.
    pub(crate) fn instruct(&self, store: &StoreId, instruction: &Instruction) {
        for seat in self.seats().iter().filter(|seat| seat.welcomed == Welcomed::ToPresent && seat.store == *store) {
            give(seat, Input::Instruct(instruction.clone()));
        }
    }
}

/// Gives a stream an input; one that does not keep up is cut, and its box
/// comes again and is told everything anew.
pub(crate) fn give(seat: &Seat, input: Input) {
    if seat.inputs.try_send(input).is_err() {
        tracing::debug!(store = %seat.store, "a stream that does not keep up is cut");
        seat.cut.cancel();
    }
}

fn hand_out(state: &mut State, now: Millis) {
    for Grant { peer, bytes } in state.office.grants(now) {
        if let Some(seat) = state.streams.get(&peer) {
            give(seat, Input::Granted { bytes });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seat(desk: &Desk, number: u8) -> (Peer, mpsc::Receiver<Input>) {
        let (inputs, given) = mpsc::channel(4);
        let store = StoreId::new("S0001").unwrap();
        let (cut, heard, welcomed) = (CancellationToken::new(), Millis(0), Welcomed::NotYet);
        let epoch = Epoch(number.into());
        let seat = Seat { store, partition: 0, box_id: BoxId([number; 16]), inputs, cut, epoch, welcomed, heard };
        (desk.sit_down(seat), given)
    }

    #[test]
    fn a_box_whose_epoch_was_closed_by_another_box_has_to_come_again() {
        let desk = Desk::default();
        let ((old, mut to_old), (new, mut to_new)) = (seat(&desk, 1), seat(&desk, 2));
        desk.welcome(old, false);
        assert!(to_new.try_recv().is_err(), "who is not welcomed yet is left alone");
        desk.welcome(new, false);
        assert!(matches!(to_old.try_recv(), Ok(Input::Superseded)));
    }

    #[test]
    fn only_the_box_that_has_the_store_is_instructed() {
        let desk = Desk::default();
        let ((new, mut to_new), (old, mut to_old)) = (seat(&desk, 1), seat(&desk, 2));
        desk.welcome(new, false);
        desk.welcome(old, true);
        let body = tidemark_sync::message::InstructionBody::OpenStock { lines: Vec::new() };
        let instruction = Instruction::of(tidemark_model::Label::new("i").unwrap(), body);
        desk.instruct(&StoreId::new("S0001").unwrap(), &instruction);
        assert!(matches!(to_new.try_recv(), Ok(Input::Instruct(_))));
        assert!(to_old.try_recv().is_err());
    }

    #[test]
    fn a_box_of_a_closed_epoch_supersedes_no_other_box() {
        let desk = Desk::default();
        let ((new, mut to_new), (old, _)) = (seat(&desk, 1), seat(&desk, 2));
        desk.welcome(new, false);
        desk.welcome(old, true);
        assert!(to_new.try_recv().is_err());
    }
    #[test]
    fn of_the_boxes_here_those_of_a_closed_epoch_are_called_back() {
        let desk = Desk::default();
        let ((selling, mut to_selling), (_, mut to_new)) = (seat(&desk, 1), seat(&desk, 2));
        desk.welcome(selling, false);
        let store = || StoreId::new("S0001").unwrap();
        assert_eq!(desk.current_epochs(), [(store(), Epoch(1))].into(), "who is not welcomed yet will hear it anyway");
        desk.supersede(&[(store(), Epoch(2))].into());
        assert!(to_selling.try_recv().is_err() && to_new.try_recv().is_err());
        desk.supersede(&[(store(), Epoch(1))].into());
        assert!(matches!(to_selling.try_recv(), Ok(Input::Superseded)));
        desk.welcome(selling, true);
        desk.supersede(&[(store(), Epoch(1))].into());
        assert!(to_selling.try_recv().is_err(), "once it was told it sells on");
    }
}
