//! A box that is put beside the present one while that stays in use: first
//! without a line, then with the line of the other.

use tidemark_model::{BoxId, Epoch};

use crate::shop::{BOXES, Fate, Life, ShopBox};

use super::{Event, World};

/// Between two looks whether the newcomer has the shop.
const LOOK_MS: u64 = 2_000;

impl World {
    /// Whether the cable of the line is in a box. One that is off may have said
    /// its last word.
    pub(super) fn is_plugged(&self, life: Life) -> bool {
        self.shop.of(life).is_none_or(|one| one.plugged)
    }

    /// Whether a box reaches the centre's side of the line.
    pub(super) fn has_line(&self, life: Life) -> bool {
        self.line.is_whole() && self.is_plugged(life)
    }

    /// Another box is put beside the present one, without a line, and half of
    /// the tills speak to it.
    pub(super) fn put_beside(&mut self) {
        let alone = self.shop.others.iter().all(|one| one.fate == Fate::Gone);
        if !self.is_known() || !alone || self.shop.numbers >= BOXES {
            return;
        }
        let no = self.shop.number();
        let disk = self.shop.present.disk.successor(Epoch(self.machine.bits()));
        let id = BoxId([u8::try_from(no.0).unwrap_or(0); 16]);
        let plugged = false;
        self.shop.others.push(ShopBox { plugged, ..ShopBox::new(no, id, disk) });
        self.trace.note(self.now, || format!("box {} beside the present one", no.0));
        self.say_ages();
        self.start_numbered(no);
        let later = self.weather.around(20_000);
        self.schedule(later, Event::MoveLine);
    }

    /// The newcomer is given the line of the present box, and both stay in use.
    pub(super) fn move_line(&mut self) {
        let Some(no) = self.shop.others.iter().find(|one| one.fate == Fate::InUse && !one.plugged).map(|one| one.no)
        else {
            return;
        };
        self.shop.present.plugged = false;
        if let Some(one) = self.shop.numbered_mut(no) {
            one.plugged = true;
        }
        self.trace.note(self.now, || format!("box {} gets the line", no.0));
        if self.weather.permille(700) {
            // A person says who has the shop.
            self.centre.last_heard = None;
        }
        let later = self.weather.around(50_000);
        self.schedule(later, Event::Unplug);
    }

    /// Whether a newcomer still waits for the shop while the one before it is
    /// in use.
    fn is_newcomer_waiting(&self) -> bool {
        let newcomer = self.shop.others.iter().find(|one| one.fate == Fate::InUse && one.id != self.shop.present.id);
        newcomer.is_some_and(|one| self.centre.database.epoch(one.disk.epoch).is_none())
    }

    /// Whether a newcomer has to wait for the shop a little longer; in a world
    /// that is healed it is given the line, and somebody decides for it.
    pub(super) fn waits_for_newcomer(&mut self) -> bool {
        if !self.is_newcomer_waiting() {
            return false;
        }
        if self.healed {
            self.move_line();
            self.centre.last_heard = None;
        }
        self.schedule(LOOK_MS, Event::Unplug);
        true
    }
}
