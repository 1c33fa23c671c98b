//! What an open stream brings, and what is answered.

use std::collections::BTreeMap;

use tidemark_model::{Epoch, Generation, StreamPlace};

use crate::limits;
use crate::message::{Batch, Blocks, Handled, Heartbeat, Received, Refusal, RefusalCode, ToBox, Unreadable};
use crate::time::Millis;

use super::checks::{check_batch, check_unreadable};
use super::input::{ProduceId, Reached};
use super::output::{Closing, Output, Payload};
use super::{Produce, Receiver, Stage, Until};

impl Receiver {
    pub(super) fn take_batch(&mut self, batch: Batch, now: Millis) -> Result<(), Refusal> {
        check_batch(&batch, &self.epochs, &self.config.limits)?;
        let bytes = batch.payload();
        self.check_room(bytes)?;
        let seqs = batch.seqs();
        if batch.live {
            if !self.keeps_rate(seqs.count(), now) {
                self.slow(limits::DOWN_RETRY_MS, Closing::Slowed);
                return Ok(());
            }
        } else {
            // The last record of a batch may take more than was left.
            if bytes > self.wants.outstanding.saturating_add(u64::from(limits::RECORD_BYTES)) {
                let detail = format!("{bytes} bytes of backlog with credit for {}", self.wants.outstanding);
                return Err(Refusal::new(RefusalCode::TooLarge, detail));
            }
            self.wants.outstanding = self.wants.outstanding.saturating_sub(bytes);
            self.wants.backlog = true;
            self.outputs.push_back(Output::Wants(self.wants));
        }
        let produce = self.name_produce(Produce { epoch: Some(batch.epoch), seqs, bytes });
        self.outputs.push_back(Output::Produce { produce, payload: Payload::Records(batch) });
        Ok(())
    }

    pub(super) fn take_unreadable(&mut self, lost: Unreadable) -> Result<(), Refusal> {
        check_unreadable(&lost, &self.epochs)?;
        self.check_room(0)?;
        let produce = self.name_produce(Produce { epoch: Some(lost.epoch), seqs: lost.seqs.clone(), bytes: 0 });
        self.outputs.push_back(Output::Produce { produce, payload: Payload::Unreadable(lost) });
        Ok(())
    }

    fn check_room(&self, bytes: u64) -> Result<(), Refusal> {
        // One batch more than the window: a box may always send one.
        let most = self.config.limits.in_flight_bytes.saturating_add(u64::from(limits::BATCH_BYTES));
        if self.producing_bytes.saturating_add(bytes) > most || self.produces.len() >= limits::OPEN_PRODUCES {
            let detail = format!("{} bytes in flight, at most {most} are taken", self.producing_bytes);
            return Err(Refusal::new(RefusalCode::TooLarge, detail));
        }
        Ok(())
    }

    fn keeps_rate(&mut self, movements: u64, now: Millis) -> bool {
        let rate = u64::from(self.config.limits.live_per_second);
        let paid = now.since(self.live_at).saturating_mul(rate);
        self.live_at = self.live_at.max(now);
        self.live_ahead = self.live_ahead.saturating_sub(paid).saturating_add(movements.saturating_mul(1_000));
        self.live_ahead <= limits::LIVE_AHEAD.saturating_mul(1_000)
    }

    pub(super) fn take_heartbeat(&mut self, heartbeat: Heartbeat) {
        if let Some(word) = self.progress.as_mut().map(super::progress::Progress::answer) {
            self.send(ToBox::AppliedThrough(word));
        }
        if self.stage == Stage::Open {
            self.wants.backlog = heartbeat.backlog > 0;
            self.outputs.push_back(Output::Heard(heartbeat));
            self.outputs.push_back(Output::Wants(self.wants));
        }
    }

    pub(super) fn produced(&mut self, id: ProduceId, place: StreamPlace, now: Millis) {
        let Some(produce) = self.produces.remove(&id) else { return };
        self.producing_bytes = self.producing_bytes.saturating_sub(produce.bytes);
        // A control record has no position to acknowledge.
        let Some(epoch) = produce.epoch else { return };
        if let Some(progress) = &mut self.progress {
            progress.received(place, now);
        }
        self.send(ToBox::Received(Received { epoch, seqs: produce.seqs, place }));
    }

    pub(super) fn not_produced(&mut self, id: ProduceId, cause: String) {
        if self.produces.remove(&id).is_some() {
            self.slow(limits::DOWN_RETRY_MS, Closing::NotProduced { cause });
        }
    }

    pub(super) fn polled(
        &mut self,
        generation: Generation,
        reached: Reached,
        blocks: BTreeMap<Epoch, Blocks>,
        now: Millis,
    ) {
        if let Some(progress) = &mut self.progress {
            progress.polled(reached);
        }
        match self.stage {
            Stage::Open => self.tell_handled(generation, blocks),
            Stage::Held { until: Until::Applied { offset }, .. } if reached.offset >= offset => {
                self.look_again(now);
            }
            // The next look reads the blocks anew.
            Stage::Fresh | Stage::Looking | Stage::Held { .. } | Stage::Over => {}
        }
    }

    fn tell_handled(&mut self, generation: Generation, blocks: BTreeMap<Epoch, Blocks>) {
        if generation != self.generation {
            let Some(epoch) = self.hello.as_ref().map(|hello| hello.epoch) else { return };
            self.send(ToBox::Handled(Handled { generation, epoch, blocks: Blocks::new() }));
            return self.close(Closing::OtherGeneration);
        }
        for (epoch, blocks) in blocks {
            if !blocks.is_empty() {
                self.send(ToBox::Handled(Handled { generation, epoch, blocks }));
            }
        }
        self.tell_progress();
    }

    pub(super) fn tell_progress(&mut self) {
        if let Some(word) = self.progress.as_mut().and_then(super::progress::Progress::news) {
            self.send(ToBox::AppliedThrough(word));
        }
    }
}
