//! What the centre says, and what follows from it.

use crate::message::{AppliedThrough, Handled, Received, Refusal, Slow, ToBox, ToCentre, Welcome};
use crate::time::Millis;

use super::output::{Leaving, Output, Trouble, TroubleKind};
use super::purse::Purse;
use super::search::{Attempt, BackOff};
use super::window::Window;
use super::{Link, Uplink};

impl Uplink {
    pub(super) fn hear(&mut self, attempt: Attempt, message: ToBox, now: Millis) {
        match &self.link {
            Link::Talking(talk) if talk.attempt == attempt => self.heed(message, now),
            Link::Syncing { attempt: present, .. } if *present == attempt => self.hear_early(message, now),
            Link::Searching(search) if search.has(attempt) => self.hear_early(message, now),
            // Of a connection that was let go.
            Link::Talking(_) | Link::Syncing { .. } | Link::Searching(_) | Link::Waiting { .. } | Link::Silent => {}
        }
    }

    /// Before `Hello` the centre can only turn a box away: by its certificate,
    /// or because too many come.
    fn hear_early(&mut self, message: ToBox, now: Millis) {
        match message {
            ToBox::Slow(slow) => self.slowed(slow, now),
            ToBox::Refused(refusal) => self.refused(refusal, now),
            // An answer to nobody's question.
            ToBox::Welcome(_)
            | ToBox::Received(_)
            | ToBox::Handled(_)
            | ToBox::AppliedThrough(_)
            | ToBox::Credit(_)
            | ToBox::CatalogueVersion(_)
            | ToBox::Instruction(_)
            | ToBox::OpeningReady(_) => {}
        }
    }

    fn heed(&mut self, message: ToBox, now: Millis) {
        let Link::Talking(talk) = &mut self.link else { return };
        talk.owed_since = None;
        self.heard = Some(now);
        let open = talk.welcome.is_some();
        match message {
            ToBox::Welcome(welcome) => self.welcomed(welcome, now),
            ToBox::Slow(slow) => self.slowed(slow, now),
            ToBox::Refused(refusal) => self.refused(refusal, now),
            ToBox::Received(received) if open => self.received(&received, now),
            ToBox::Handled(handled) if open => self.handled(handled, now),
            ToBox::AppliedThrough(applied) if open => self.applied(&applied),
            ToBox::Credit(credit) if open => {
                if let Link::Talking(talk) = &mut self.link {
                    talk.purse.grant(credit.bytes);
                }
            }
            ToBox::CatalogueVersion(version) => self.outputs.push_back(Output::CatalogueVersion(version)),
            ToBox::Instruction(instruction) => self.outputs.push_back(Output::Instruction(instruction)),
            ToBox::OpeningReady(ready) => self.outputs.push_back(Output::OpeningReady(ready)),
            // Before `Welcome` these say only that the centre is alive: what
            // it holds is not known yet.
            ToBox::Received(_) | ToBox::Handled(_) | ToBox::AppliedThrough(_) | ToBox::Credit(_) => {}
        }
    }

    fn welcomed(&mut self, welcome: Welcome, now: Millis) {
        if let Some(seq) = self.outgoing.beyond_tail(&welcome.blocks) {
            let tail = self.outgoing.tail();
            return self.fork(format!("position {seq} is handled, but the last one committed here is {tail}"));
        }
        let Link::Talking(talk) = &mut self.link else { return };
        talk.welcome = Some((welcome.limits, welcome.generation));
        talk.open_since = Some(now);
        talk.window = Window::new(&welcome.limits, now);
        talk.purse = Purse::new(welcome.limits.live_per_second, now);
        talk.beat.hasten(now);
        self.generation = self.generation.max(welcome.generation);
        self.ordinal = Some(welcome.ordinal);
        self.closed = welcome.closed;
        self.outgoing.replace_handled(welcome.blocks.clone());
        for kind in [TroubleKind::NotReached, TroubleKind::Slowed, TroubleKind::Refused, TroubleKind::SecondBox] {
            self.clear(kind);
        }
        self.set(welcome.suspect, Trouble::Suspect);
        self.set(welcome.closed, Trouble::Closed);
        self.outputs.push_back(Output::Welcomed(welcome));
        self.tell_opening(now);
    }

    /// Says that the opening was taken between `Hello` and `Welcome`.
    fn tell_opening(&mut self, now: Millis) {
        let Link::Talking(talk) = &self.link else { return };
        if let Some(taken) = self.opening.filter(|_| talk.opening != self.opening) {
            self.say(ToCentre::OpeningTaken(taken), now);
        }
    }

    fn set(&mut self, present: bool, trouble: Trouble) {
        if present {
            self.raise(trouble);
        } else {
            self.clear(trouble.kind());
        }
    }

    fn received(&mut self, received: &Received, now: Millis) {
        let Link::Talking(talk) = &mut self.link else { return };
        talk.window.land(received.epoch, &received.seqs, now);
        let blocks = if received.epoch == self.outgoing.epoch() {
            self.outgoing.receive(&received.seqs, received.place)
        } else {
            self.earlier.receive(received.epoch, &received.seqs, received.place)
        };
        if !blocks.is_empty() {
            self.outputs.push_back(Output::RememberReceived { epoch: received.epoch, blocks });
        }
    }

    fn handled(&mut self, handled: Handled, now: Millis) {
        let Link::Talking(talk) = &self.link else { return };
        if talk.welcome.is_none_or(|(_, generation)| generation != handled.generation) {
            let attempt = talk.attempt;
            self.leave(attempt, Leaving::OtherGeneration);
            return self.lost("head office speaks of another history of its books", now);
        }
        if handled.epoch != self.outgoing.epoch() {
            return self.earlier.handle(handled.epoch, &handled.blocks);
        }
        if let Some(seq) = self.outgoing.beyond_tail(&handled.blocks) {
            let tail = self.outgoing.tail();
            return self.fork(format!("position {seq} is handled, but the last one committed here is {tail}"));
        }
        self.outgoing.handle(&handled.blocks);
        self.outputs.push_back(Output::Handled(handled));
    }

    fn applied(&mut self, applied: &AppliedThrough) {
        let blocks = self.outgoing.give_up(applied);
        if !blocks.is_empty() {
            self.outputs.push_back(Output::RememberReceived { epoch: self.outgoing.epoch(), blocks });
        }
        let earlier = self.earlier.give_up(applied).into_iter();
        self.outputs.extend(earlier.map(|(epoch, blocks)| Output::RememberReceived { epoch, blocks }));
    }

    fn slowed(&mut self, slow: Slow, now: Millis) {
        self.turned_away(now);
        let wait = BackOff::after_slow(slow.retry_after_ms, &mut self.random);
        self.link = Link::Waiting { until: now.after(wait) };
        self.raise(Trouble::Slowed);
    }

    fn refused(&mut self, refusal: Refusal, now: Millis) {
        self.turned_away(now);
        let wait = self.back_off.after_refusal(&mut self.random);
        self.link = Link::Waiting { until: now.after(wait) };
        // The centre has one reason at a time; the last is the present one.
        let trouble = Trouble::Refused(refusal);
        let others = [TroubleKind::Refused, TroubleKind::SecondBox, TroubleKind::Slowed];
        for kind in others.into_iter().filter(|kind| *kind != trouble.kind()) {
            self.clear(kind);
        }
        self.raise(trouble);
    }
}
