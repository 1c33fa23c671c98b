//! The rules of the protocol, kept beside both ends to catch them out.

use crate::message::{AppliedThrough, ToBox, ToCentre};

use super::Pair;

impl Pair {
    /// What the box may count on is kept beside it, to catch it out.
    pub(super) fn watch_box(&mut self, message: &ToBox) {
        match message {
            ToBox::Welcome(_) => self.credit = 0,
            ToBox::Credit(credit) => self.credit += credit.bytes,
            ToBox::Received(received) => {
                let stream = received.place.stream;
                self.received.retain(|_, place| place.stream == stream);
                let placed = received.seqs.iter().map(|seq| ((received.epoch, seq), received.place));
                self.received.extend(placed);
            }
            ToBox::AppliedThrough(applied) => self.forget_received(applied),
            ToBox::Handled(_)
            | ToBox::Slow(_)
            | ToBox::Refused(_)
            | ToBox::CatalogueVersion(_)
            | ToBox::Instruction(_)
            | ToBox::OpeningReady(_) => {}
        }
    }

    fn forget_received(&mut self, applied: &AppliedThrough) {
        self.received.retain(|_, place| !applied.gives_up(place));
    }

    pub(super) fn watch_centre(&mut self, message: &ToCentre) {
        match message {
            ToCentre::Hello(hello) => {
                // A new journal counts its sessions anew.
                self.sessions.retain(|_| self.shop.session.0 > 1);
                if self.sessions.last().is_some_and(|last| *last >= hello.session) {
                    self.broken.push(format!("session {:?} after {:?}", hello.session, self.sessions.last()));
                }
                if self.shop.session != hello.session {
                    self.broken.push(format!("{:?} was said before it was synced", hello.session));
                }
                self.sessions.push(hello.session);
            }
            ToCentre::Batch(batch) => {
                for record in &batch.records {
                    if self.received.contains_key(&(batch.epoch, record.seq)) {
                        self.broken
                            .push(format!("{} position {} was received and is sent again", self.now, record.seq));
                    }
                }
                if !batch.live {
                    if self.credit == 0 {
                        self.broken.push(format!("{} backlog without credit", self.now));
                    }
                    self.credit = self.credit.saturating_sub(batch.payload());
                }
            }
            ToCentre::Unreadable(_) | ToCentre::Heartbeat(_) | ToCentre::OpeningTaken(_) | ToCentre::Goodbye(_) => {}
        }
    }
}
