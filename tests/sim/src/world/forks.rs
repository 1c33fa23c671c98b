//! Disks that are set back to an image, or copied while both run on; and how a
//! box begins anew once it knows.

use tidemark_model::Epoch;

use crate::mutant::Mutant;
use crate::rates::Fault;
use crate::shop::{BoxNo, Fate, Life, ShopBox};

use super::{Event, Watch, World};

/// Between two tries to ask the centre what it holds.
const ASK_MS: u64 = 900;

impl World {
    /// Whether disks of this world are copied or restored.
    pub(crate) fn is_forkable(&self) -> bool {
        self.rates.mean(Fault::DiskRestored).is_some() || self.rates.mean(Fault::DiskCloned).is_some()
    }

    /// An image of the disk is made, and soon put back.
    pub(super) fn image_disk(&mut self) {
        let present = &self.shop.present;
        self.image = Some((present.no, present.disk.clone()));
        let soon = self.weather.around(12_000);
        self.schedule(soon, Event::Restore);
    }

    /// The image is put back. What was answered since stands on the tills.
    pub(super) fn restore_disk(&mut self) {
        let present = &self.shop.present;
        let image = self.image.take().filter(|(no, disk)| *no == present.no && disk.epoch == present.disk.epoch);
        let Some((no, disk)) = image.filter(|_| !self.healed) else { return };
        self.kill_box();
        let (from, to) = (self.shop.present.disk.tail(), disk.tail());
        self.trace.note(self.now, || format!("box {} is set back from {from} to {to}", no.0));
        for paper in &mut self.papers {
            paper.answers.remove(&(no, disk.epoch));
        }
        (self.shop.present.disk, self.shop.present.watch) = (disk, Watch::new());
        self.tell_again();
        self.say_ages();
        self.hand_in_again();
        self.start_unless_off();
    }

    /// The disk is copied, and both boxes are used.
    pub(super) fn clone_disk(&mut self) {
        let alone = self.shop.others.iter().all(|one| matches!(one.fate, Fate::Gone | Fate::Returns));
        if !alone || self.shop.numbers >= 3 || !self.is_known() {
            return;
        }
        let no = self.shop.number();
        let present = &self.shop.present;
        let (id, disk) = (present.id, present.disk.clone());
        self.shop.others.push(ShopBox::new(no, id, disk));
        self.trace.note(self.now, || format!("box {} is a copy", no.0));
        self.start_numbered(no);
        let later = self.weather.around(50_000);
        self.schedule(later, Event::Unplug);
    }

    /// Of two boxes in use only the one that has the shop stays.
    pub(super) fn unplug(&mut self) {
        if self.waits_for_newcomer() {
            return;
        }
        self.shop.all_mut().for_each(|one| one.plugged = true);
        for one in &mut self.shop.others {
            if one.fate == Fate::InUse {
                one.fate = Fate::Leaves;
            }
        }
        self.say_ages();
        let leaving: Vec<_> =
            self.shop.others.iter().filter(|one| one.fate == Fate::Leaves).map(|one| one.no).collect();
        leaving.into_iter().for_each(|no| self.start_numbered(no));
    }

    /// A box found out that another life of its disk spoke for it.
    pub(super) fn found_out(&mut self, life: Life) {
        if self.mutant != Some(Mutant::ReuseEpoch) {
            self.schedule(10, Event::Fork(life));
        }
    }

    /// It asks the centre what it holds, and begins a new epoch with the rest.
    pub(super) fn fork(&mut self, life: Life) {
        let Some(one) = self.shop.of(life) else { return };
        let (no, old) = (one.no, one.disk.epoch);
        if one.agent.as_ref().is_none_or(|agent| agent.writing.is_some()) {
            return self.schedule(2, Event::Fork(life));
        }
        if !(self.has_line(life) && self.centre.up && self.centre.database_up) {
            return self.schedule(ASK_MS, Event::Fork(life));
        }
        let centre = self.centre.database.digests(old);
        let disk = one.disk.forked(Epoch(self.machine.bits()), &centre);
        self.kill_numbered(no);
        self.trace.note(self.now, || format!("box {} begins anew with {} movements", no.0, disk.tail()));
        if no != self.shop.present.no {
            self.take_over(no);
        }
        (self.shop.present.disk, self.shop.present.watch) = (disk, Watch::new());
        self.hear_saved(no, 1);
        self.say_ages();
        self.start_box();
    }

    /// Of two boxes that both began anew the one has the shop whose epoch came
    /// last at the centre.
    pub(super) fn has_store(&mut self, epoch: Epoch) {
        let plugged = |one: &&ShopBox| one.disk.epoch == epoch && matches!(one.fate, Fate::InUse | Fate::Leaves);
        if let Some(no) = self.shop.others.iter().find(plugged).map(|one| one.no) {
            self.take_over(no);
            self.say_ages();
        }
    }

    /// The box that forked has the shop from now on; what becomes of it
    /// becomes of the other.
    fn take_over(&mut self, no: BoxNo) {
        let old = self.shop.present.no;
        self.shop.hand_over_to(no);
        let fate = std::mem::replace(&mut self.shop.present.fate, Fate::InUse);
        if let Some(other) = self.shop.numbered_mut(old) {
            other.fate = fate;
        }
        if fate == Fate::Leaves {
            self.start_numbered(old);
        }
    }
}
