//! A journal that is damaged and set aside while the box goes on in a new one.

use tidemark_model::Epoch;
use tidemark_sync::UplinkInput;

use crate::shop::{BOXES, Fate, Life};

use super::{Watch, World};

impl World {
    /// The journal of the box can't be opened: it begins anew at once, and
    /// takes over what can be read. Nobody hands in again what was answered.
    pub(super) fn damage_disk(&mut self) {
        let present = &self.shop.present;
        let is_alone = self.shop.others.iter().all(|one| one.fate == Fate::Gone);
        let may = self.is_known() && is_alone && present.disk.aside.is_none() && self.damages < BOXES;
        if !may {
            return;
        }
        self.kill_box();
        self.damages += 1;
        let disk = self.shop.present.disk.set_aside(Epoch(self.machine.bits()));
        let (no, old) = (self.shop.present.no, self.shop.present.disk.tail());
        self.trace.note(self.now, || format!("the journal of box {} is set aside at {old}", no.0));
        (self.shop.present.disk, self.shop.present.watch) = (disk, Watch::new());
        self.say_ages();
        self.start_unless_off();
    }

    /// What could be read was taken over.
    pub(super) fn end_salvage(&mut self, life: Life) {
        let Some(one) = self.shop.of_mut(life) else { return };
        one.disk.end_salvage();
        let facts = one.disk.earlier_facts();
        self.tell(life, UplinkInput::Earlier(facts));
    }
}
