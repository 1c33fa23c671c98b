//! Boxes that are swapped: an empty journal for the same store, tills that
//! hand in again what they have, and the old box that is plugged in once more.

use tidemark_model::{BoxId, Epoch};

use crate::mutant::Mutant;
use crate::people::PaperId;
use crate::rates::Fault;
use crate::shop::{BOXES, BoxNo, Fate, Life, ShopBox};

use super::{Event, World};

/// Between two looks whether an old box can be plugged in.
const LOOK_MS: u64 = 2_000;

impl World {
    /// Whether disks of this world may lose what was answered.
    pub(crate) fn loses_disks(&self) -> bool {
        self.is_forkable()
            || [Fault::BoxSwap, Fault::DiskDamaged, Fault::BoxBeside]
                .iter()
                .any(|fault| self.rates.mean(*fault).is_some())
    }

    /// Whether the centre knows the epoch of the box that has the shop, as the
    /// store's present one.
    pub(super) fn is_known(&self) -> bool {
        let epoch = self.centre.database.epoch(self.shop.present.disk.epoch);
        epoch.is_some_and(|state| !state.closed)
    }

    /// Another box is put in the place of the present one. Two boxes that head
    /// office never heard of are for a person.
    pub(super) fn swap_box(&mut self) {
        let alone = self.shop.others.iter().all(|one| one.fate != Fate::InUse);
        if !self.is_known() || !alone || self.shop.numbers >= BOXES {
            return;
        }
        self.kill_box();
        if self.weather.permille(500) {
            // It was stopped as one should, and said goodbye.
            self.centre.last_heard = None;
        }
        let no = self.shop.number();
        let old = &self.shop.present.disk;
        let epoch = Epoch(self.machine.bits());
        let epoch = if self.mutant == Some(Mutant::ReuseEpoch) { old.epoch } else { epoch };
        let id = BoxId([u8::try_from(no.0).unwrap_or(0); 16]);
        let next = ShopBox::new(no, id, old.successor(epoch));
        let mut old = std::mem::replace(&mut self.shop.present, next);
        let returns = self.weather.permille(500);
        old.fate = if returns { Fate::Returns } else { Fate::Gone };
        self.trace.note(self.now, || format!("box {} for box {}, which returns: {returns}", no.0, old.no.0));
        if returns {
            let later = self.weather.around(25_000);
            self.schedule(later, Event::PlugIn(old.no));
        }
        self.shop.others.push(old);
        self.say_ages();
        if !returns || self.people.permille(600) {
            self.hand_in_again();
        }
        self.start_unless_off();
    }

    pub(super) fn start_unless_off(&mut self) {
        if self.healed || !self.is_on(Fault::BoxCrash) && !self.is_on(Fault::BoxOff) {
            self.start_box();
        }
    }

    /// Tills say of what happened how long ago that was.
    pub(super) fn say_ages(&mut self) {
        for paper in self.papers.iter_mut().filter(|paper| paper.happened_at.is_some()) {
            paper.deferred = true;
        }
    }

    /// Tills hand in once more what they were answered, soon or later.
    pub(super) fn hand_in_again(&mut self) {
        // What was on its way from the old disk does not arrive any more: who
        // waits for it hands in again all the same.
        self.drop_answers();
        let within = *self.people.of_slice(&[3_000, 20_000, 60_000]).unwrap_or(&20_000);
        let answered = |(_, paper): &(PaperId, &crate::people::Paper)| paper.answer.is_some();
        let answered: Vec<PaperId> = self.papers.iter().enumerate().filter(answered).map(|(id, _)| id).collect();
        for id in answered {
            if let Some(paper) = self.papers.get_mut(id) {
                paper.answer = None;
            }
            let wait = self.people.between(1, within);
            self.schedule(wait, Event::HandIn(id));
        }
    }

    /// The box that a paper is handed to.
    pub(super) fn box_for(&self, paper: PaperId) -> BoxNo {
        let second = self.shop.others.iter().find(|one| one.fate == Fate::InUse);
        second.filter(|_| paper % 2 == 1).map_or(self.shop.present.no, |second| second.no)
    }

    /// An old box is plugged in, once another has taken over from it.
    pub(super) fn plug_in(&mut self, no: BoxNo) {
        let Some(one) = self.shop.numbered_mut(no).filter(|one| one.fate == Fate::Returns) else { return };
        let epoch = one.disk.epoch;
        let is_old = self.centre.database.epoch(epoch).is_some_and(|state| state.closed);
        if !is_old || !self.is_known() {
            return self.schedule(LOOK_MS, Event::PlugIn(no));
        }
        one_leaves(&mut self.shop.others, no);
        self.trace.note(self.now, || format!("box {} is plugged in once more", no.0));
        self.start_numbered(no);
    }

    /// A box that stays only until all it has is handled is unplugged then.
    pub(super) fn leave_if_done(&mut self, life: Life) {
        let Some(one) = self.shop.of(life).filter(|one| one.fate == Fate::Leaves) else { return };
        let (no, Some(agent)) = (one.no, &one.agent) else { return };
        let status = agent.uplink.status();
        let handled = self.centre.database.handled(one.disk.epoch);
        let is_done = agent.is_idle() && status.pending == 0 && status.link == tidemark_sync::LinkState::Open;
        if is_done && handled >= one.disk.tail() {
            self.kill_numbered(no);
            if let Some(one) = self.shop.numbered_mut(no) {
                one.fate = Fate::Gone;
            }
        }
    }
}

fn one_leaves(others: &mut [ShopBox], no: BoxNo) {
    for one in others.iter_mut().filter(|one| one.no == no) {
        one.fate = Fate::Leaves;
    }
}
