//! What the centre does to a box in a day: it reads, says what it holds, and
//! what it holds may go.

use tidemark_journal::{HandledWord, Journal};
use tidemark_model::{BlockIndex, EpochOrdinal, Generation, SeqSet};
use tidemark_sync::ReceivedBlocks;
use tidemark_sync::message::Blocks;
use tidemark_wire::decode_movement;

use super::{Workload, broken};
use crate::answers::{Mark, Sent};
use crate::tools::Trouble;

impl Workload<'_> {
    /// Reads what is new, and says what is handled: all of it or a part.
    pub(super) fn uplink(&mut self, journal: &Journal) -> Result<(), Trouble> {
        self.read_on(journal)?;
        let sent = self.answers.sent.last().map_or(0, |(_, sent)| sent.seq);
        // Never less than it said before: it did not go back.
        let through = (sent - self.draws.below(sent / 4 + 1)).max(self.answers.asked_most(Mark::Handled));
        let facts = journal.uplink_facts().map_err(|error| Trouble::Workload(error.to_string()))?;
        let mut blocks = Blocks::new();
        for index in (BlockIndex::of(facts.trimmed_below).0..=BlockIndex::of(through.max(1)).0).map(BlockIndex) {
            let mut bitmap = tidemark_model::Bitmap::EMPTY;
            for seq in index.first()..=index.last().min(through) {
                bitmap.insert(seq);
            }
            let sums =
                journal.block_sums_under(index, &bitmap).map_err(|error| Trouble::Workload(error.to_string()))?;
            blocks.insert(index, sums.ok_or_else(|| broken("a block of the box can't be summed"))?);
        }
        let word = HandledWord {
            generation: Generation(1),
            epoch: journal.identity().epoch,
            blocks,
            welcome: Some(EpochOrdinal(1)),
        };
        let stream = self.runtime.block_on(journal.remember_received(journal.identity().epoch, ReceivedBlocks::new()));
        stream.map_err(|error| Trouble::Workload(error.to_string()))?;
        self.answers.ask(Mark::Handled, through, self.recording.reached());
        let verdict = self.runtime.block_on(journal.handled(word));
        let verdict = verdict.map_err(|error| Trouble::Workload(error.to_string()))?;
        if !verdict.forked.is_empty() || !verdict.unproven.is_empty() || verdict.through < through {
            return Err(broken("the box does not agree with what the centre read from it"));
        }
        self.unsettled.push((Mark::Handled, through));
        Ok(())
    }

    fn read_on(&mut self, journal: &Journal) -> Result<(), Trouble> {
        let next = self.answers.sent.last().map_or(1, |(_, sent)| sent.seq + 1);
        let asked: SeqSet = std::iter::once(next..=journal.tail().max(next)).collect();
        let read = journal.read_records(journal.identity().epoch, &asked, u64::MAX);
        let read = read.map_err(|error| Trouble::Workload(error.to_string()))?;
        let at = self.recording.reached();
        for record in read.records {
            let movement = decode_movement(&record.bytes).map_err(|error| Trouble::Workload(error.to_string()))?;
            let sent = Sent {
                seq: record.seq,
                digest: record.digest.unwrap_or(0),
                sku: movement.sku.map(|sku| sku.to_string()),
                effect: movement.effect.as_thousandths(),
            };
            self.answers.sent.push((at, sent));
        }
        Ok(())
    }

    /// What is handled goes, in whole blocks.
    pub(super) fn trim(&mut self, journal: &Journal) -> Result<(), Trouble> {
        let facts = journal.uplink_facts().map_err(|error| Trouble::Workload(error.to_string()))?;
        // Taken once; taken again nothing is written.
        if facts.opening.is_none() {
            self.mark(Mark::Opening, 1, journal.take_opening(EpochOrdinal(1), None, Vec::new()))?;
        }
        let from = self.recording.reached();
        let below = self.runtime.block_on(journal.trim()).map_err(|error| Trouble::Workload(error.to_string()))?;
        self.answers.ask(Mark::TrimmedBelow, below, from);
        if below > facts.trimmed_below {
            let at = self.recording.reached();
            self.answers.settle(Mark::TrimmedBelow, below, at);
            self.settle_later(at);
        }
        Ok(())
    }
}
