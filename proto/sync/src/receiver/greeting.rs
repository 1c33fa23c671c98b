//! From `Hello` to `Welcome`.

use tidemark_model::{BlockIndex, EpochOrdinal, SeqSet};

use crate::limits;
use crate::message::{Blocks, Handled, Hello, Refusal, RefusalCode, ToBox, Welcome};
use crate::time::Millis;

use super::checks::check_hello;
use super::input::{Found, Lookup, Standing};
use super::output::{Closing, Output, Wants};
use super::progress::Progress;
use super::{Produce, Receiver, Stage, Until};

impl Receiver {
    pub(super) fn greet(&mut self, hello: Hello, now: Millis) -> Result<(), Refusal> {
        check_hello(&hello, self.config.identity.as_ref())?;
        self.hello = Some(hello.clone());
        self.hello_at = now;
        self.stage = Stage::Looking;
        self.outputs.push_back(Output::LookUp { hello, again: false });
        Ok(())
    }

    pub(super) fn look_again(&mut self, now: Millis) {
        if self.hello_at.after(limits::HELD_MS) <= now {
            return self.slow(limits::DOWN_RETRY_MS, Closing::Slowed);
        }
        let Stage::Held { until, .. } = self.stage else { return };
        if let (Until::Applied { offset }, Some(progress)) = (until, &self.progress)
            && progress.offset() < offset
        {
            // Word of the applier comes by `Polled`; no need to look.
            self.hold(until, now);
            return;
        }
        let Some(hello) = self.hello.clone() else { return };
        self.stage = Stage::Looking;
        self.outputs.push_back(Output::LookUp { hello, again: true });
    }

    fn hold(&mut self, until: Until, now: Millis) {
        self.stage = Stage::Held { look_at: now.after(limits::RELOOK_MS), until };
    }

    pub(super) fn looked_up(&mut self, lookup: Lookup, now: Millis) {
        let Some(hello) = self.hello.clone().filter(|_| self.stage == Stage::Looking) else { return };
        match lookup {
            Lookup::Found(found) => self.found(&hello, *found, now),
            Lookup::UnknownStore => {
                self.refuse(Refusal::new(RefusalCode::UnknownStore, format!("there is no store {}", hello.store)));
            }
            Lookup::ClosedStore => {
                self.refuse(Refusal::new(RefusalCode::ClosedStore, format!("store {} is closed", hello.store)));
            }
            Lookup::Unavailable => self.slow(limits::DOWN_RETRY_MS, Closing::Slowed),
            Lookup::NotNow { retry_after_ms } => self.slow(retry_after_ms, Closing::Slowed),
        }
    }

    fn found(&mut self, hello: &Hello, found: Found, now: Millis) {
        let suspect = *self.suspect.get_or_insert(found.last_session.is_some_and(|last| hello.session <= last));
        let rival = found.rival.filter(|rival| rival.box_id != hello.box_id && rival.heard_ms < limits::OFFLINE_MS);
        // Only a newcomer is held off: the store's own box is not, though one
        // that was taken out of it is plugged in again and heard.
        if let Some(rival) = rival
            && found.standing == Standing::Unknown
        {
            let seconds = rival.heard_ms / 1_000;
            let detail = format!("box {} of store {} was heard {seconds} s ago", rival.box_id, hello.store);
            return self.refuse(Refusal::new(RefusalCode::SecondBox, detail));
        }
        self.progress = Some(Progress::new(found.reached, self.hello_at));
        if knows_more(hello, &found) {
            let above = hello.generation.max(found.generation);
            self.outputs.push_back(Output::RaiseGeneration { above });
            return self.hold(Until::Decided, now);
        }
        let (ordinal, closed) = match found.standing {
            Standing::Unknown => return self.open_epoch(hello, &found, now),
            Standing::Open(ordinal) => (ordinal, false),
            Standing::Closed(ordinal) => (ordinal, true),
        };
        if suspect {
            // What another life of this disk sent must be in the blocks by
            // which the box will find out.
            let Some(end) = self.suspect_end.or(found.reached.end) else { return self.hold(Until::Decided, now) };
            self.suspect_end = Some(end);
            if found.reached.offset < end {
                return self.hold(Until::Applied { offset: end }, now);
            }
        }
        self.welcome(hello, found, (ordinal, closed), suspect);
    }

    /// Makes the control record, once; the ordinal is looked for again until
    /// the applier gave it. An earlier epoch of this box that never came here
    /// is opened before, so that this one closes it.
    fn open_epoch(&mut self, hello: &Hello, found: &Found, now: Millis) {
        let unknown = hello.earlier.iter().map(|earlier| earlier.epoch).find(|epoch| !found.epochs.contains(epoch));
        let epoch = unknown.unwrap_or(hello.epoch);
        if self.opening.insert(epoch) {
            let produce = self.name_produce(Produce { epoch: None, seqs: SeqSet::new(), bytes: 0 });
            let opening = hello.opening.filter(|_| epoch == hello.epoch);
            let hello = Hello { epoch, opening, ..hello.clone() };
            self.outputs.push_back(Output::OpenEpoch { produce, hello });
        }
        self.hold(Until::Decided, now);
    }

    fn welcome(&mut self, hello: &Hello, found: Found, (ordinal, closed): (EpochOrdinal, bool), suspect: bool) {
        let pending = hello.tail.saturating_add(1).saturating_sub(hello.trimmed_below);
        let backlog = pending > handled(hello, &found.blocks) || !hello.earlier.is_empty();
        self.stage = Stage::Open;
        self.generation = found.generation;
        self.epochs = found.epochs;
        self.epochs.insert(hello.epoch);
        self.outputs.push_back(Output::Opened { epoch: hello.epoch, ordinal, closed });
        self.send(ToBox::Welcome(Welcome {
            generation: found.generation,
            suspect,
            closed,
            ordinal,
            blocks: found.blocks,
            limits: self.config.limits,
            server_time: found.server_time,
        }));
        for earlier in &hello.earlier {
            // One that is not known here waits until a person looks at it.
            if self.epochs.contains(&earlier.epoch) {
                let blocks = found.earlier.get(&earlier.epoch).cloned().unwrap_or_default();
                let generation = found.generation;
                self.send(ToBox::Handled(Handled { generation, epoch: earlier.epoch, blocks }));
            }
        }
        self.tell_progress();
        self.wants = Wants { backlog, outstanding: 0 };
        self.outputs.push_back(Output::Wants(self.wants));
    }
}

/// Whether the box knows of a later history, or of more handled in this one:
/// then the ledger went back.
fn knows_more(hello: &Hello, found: &Found) -> bool {
    hello.generation > found.generation
        || (hello.generation == found.generation && hello.handled > handled(hello, &found.blocks))
}

/// How many of the positions that the box still holds are handled.
fn handled(hello: &Hello, blocks: &Blocks) -> u64 {
    let first = BlockIndex::of(hello.trimmed_below);
    let above = blocks.range(first..).map(|(_, block)| u64::from(block.bitmap.count())).sum::<u64>();
    let trimmed = blocks.get(&first).map_or(0, |block| {
        block.bitmap.seqs(first).take_while(|seq| *seq < hello.trimmed_below).fold(0_u64, |count, _| count + 1)
    });
    above.saturating_sub(trimmed)
}
