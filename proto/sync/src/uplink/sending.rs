//! What to send next: live first, then backlog on credit; and heartbeats.

use tidemark_model::SeqSet;

use crate::limits;
use crate::message::{Batch, Heartbeat, Record, ToCentre, Unreadable};
use crate::time::Millis;

use super::input::{BoxFacts, ReadId};
use super::outgoing::newest;
use super::output::Output;
use super::reading::Read;
use super::window::Share;
use super::{Link, Talk, Uplink, Wake};

impl Uplink {
    /// Asks for the records that may be sent now.
    pub(super) fn choose_reads(&mut self, now: Millis) {
        let floor = self.freshness.floor(now);
        let record_bytes = self.record_bytes.max(1);
        let Link::Talking(talk) = &mut self.link else { return };
        let Some((stream, _)) = talk.welcome else { return };
        if talk.read_after.is_some_and(|at| at > now) {
            return;
        }
        talk.read_after = None;
        for live in [true, false] {
            if talk.reading.has(live) {
                continue;
            }
            let beside_backlog = talk.purse.credit() > 0;
            let share = if live { Share::Live { beside_backlog } } else { Share::Backlog };
            let Some(room) = talk.window.room(share, talk.reading.reserved()) else { continue };
            let max_bytes = room.min(u64::from(stream.batch_bytes.min(limits::BATCH_BYTES))).max(1);
            let most = u64::from(stream.batch_movements.min(limits::BATCH_MOVEMENTS));
            let count = (max_bytes / record_bytes).clamp(1, most.max(1));
            // A little more than fits by the average: the shell stops at the
            // bytes.
            let more = count.saturating_mul(2).min(most.max(1));
            let own = if live {
                let count = count.min(talk.purse.allowed(now)).min(limits::LIVE_MOVEMENTS);
                newest(self.outgoing.waiting(), count, floor)
            } else if talk.purse.credit() > 0 {
                self.outgoing.waiting().lowest(more)
            } else {
                continue;
            };
            self.outgoing.take(&own);
            let (epoch, seqs) = match (own.is_empty(), live) {
                (false, _) => (self.outgoing.epoch(), own),
                (true, true) => continue,
                (true, false) => match self.earlier.take(more) {
                    Some(earlier) => earlier,
                    None => continue,
                },
            };
            let max_bytes = if live { max_bytes } else { max_bytes.min(talk.purse.credit()) };
            self.last_read = self.last_read.saturating_add(1);
            let read = ReadId(self.last_read);
            talk.reading.begin(Read { id: read, live, epoch, seqs: seqs.clone(), max_bytes });
            self.outputs.push_back(Output::Read { read, epoch, seqs, max_bytes });
        }
        // What live may not take, for its age or its number, needs credit.
        let old = self.outgoing.waiting().first().is_some_and(|seq| seq < floor);
        let beyond = !self.outgoing.waiting().is_empty() && talk.purse.allowed(now) == 0;
        talk.beat.backlog(old || beyond || self.earlier.waiting() > 0, now);
    }

    /// The records are there.
    pub(super) fn send_records(
        &mut self,
        read: ReadId,
        records: Vec<Record>,
        unreadable: SeqSet,
        digest: Option<u64>,
        now: Millis,
    ) {
        // An answer to a stream that is gone: its positions wait again
        // already, and the bytes are dropped.
        let Link::Talking(talk) = &mut self.link else { return };
        let Some(asked) = talk.reading.end(read) else { return };
        let mut batch = Batch { epoch: asked.epoch, live: asked.live, records };
        batch.records.retain(|record| asked.seqs.has(record.seq));
        if batch.records.is_empty() && unreadable.is_empty() {
            // The journal could not read just now.
            talk.read_after = Some(now.after(limits::READ_AGAIN_MS));
        }
        let mut rest = asked.seqs;
        let (seqs, payload) = (batch.seqs(), batch.payload());
        rest.remove_all(&seqs);
        rest.remove_all(&unreadable);
        let movements = seqs.count();
        if let Some(average) = payload.checked_div(movements) {
            self.record_bytes = self.record_bytes.saturating_mul(7).saturating_add(average) / 8;
            talk.window.launch(asked.epoch, seqs, payload, asked.live, now);
            if asked.live {
                talk.purse.spend(movements);
            } else {
                talk.purse.pay(payload);
            }
        }
        let epoch = batch.epoch;
        if movements > 0 {
            self.say(ToCentre::Batch(batch), now);
        }
        if !unreadable.is_empty() {
            if let Link::Talking(talk) = &mut self.link {
                talk.window.launch(epoch, unreadable.clone(), 0, asked.live, now);
            }
            self.say(ToCentre::Unreadable(Unreadable { epoch, seqs: unreadable, digest }), now);
        }
        if epoch == self.outgoing.epoch() {
            self.outgoing.give_back(&rest);
        } else {
            self.earlier.give_back(epoch, &rest);
        }
    }

    /// Asks for the facts of a heartbeat that is due.
    pub(super) fn ask_for_facts(&mut self, now: Millis) {
        let oldest = self.outgoing.oldest_unhandled();
        let Link::Talking(talk) = &mut self.link else { return };
        if talk.beat.due().is_some_and(|due| due <= now) {
            talk.beat.ask();
            self.outputs.push_back(Output::TakeFacts { oldest });
        }
    }

    /// The facts are there.
    pub(super) fn send_heartbeat(&mut self, facts: BoxFacts, now: Millis) {
        let Link::Talking(talk) = &mut self.link else { return };
        if !talk.beat.beat(now) {
            return;
        }
        let heartbeat = Heartbeat {
            tail: self.outgoing.tail(),
            trimmed_below: self.outgoing.trimmed_below(),
            open_block: facts.open_block,
            backlog: self.outgoing.waiting().count().saturating_add(self.earlier.waiting()),
            oldest_age_ms: facts.oldest_age_ms,
            odometer: facts.odometer,
            catalogue: facts.catalogue,
            conditions: facts.conditions,
            device: facts.device,
            tills: facts.tills,
        };
        self.say(ToCentre::Heartbeat(heartbeat), now);
    }

    pub(super) fn next_of(&self, talk: &Talk) -> Option<(Millis, Wake)> {
        let waits = talk.welcome.is_some() && !self.outgoing.waiting().is_empty();
        let overdue = talk.overdue().map(|at| (at, Wake::AnswerOverdue));
        let beat = talk.beat.due().map(|at| (at, Wake::Heartbeat));
        let again = talk.read_after.map(|at| (at, Wake::ReadAgain));
        // While the journal can't read, more allowance changes nothing: what
        // is due would be due again at once.
        let reads = waits && talk.read_after.is_none();
        let young = self.outgoing.waiting().last().is_some_and(|seq| seq > self.freshness.old());
        let allowance = talk.purse.next_allowed().filter(|_| reads && young).map(|at| (at, Wake::Allowance));
        let aging = self.freshness.next_change().filter(|_| waits).map(|at| (at, Wake::Aging));
        [overdue, beat, again, allowance, aging].into_iter().flatten().min()
    }
}
