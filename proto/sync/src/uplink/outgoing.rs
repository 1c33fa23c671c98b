//! What is to be sent: committed − handled − in flight − received.

use std::collections::BTreeMap;

use tidemark_model::{Bitmap, BlockIndex, Epoch, Seq, SeqSet, StreamPlace};

use crate::message::{AppliedThrough, Blocks};

/// Which seqs of a block the stream holds, none of them later than `place`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceivedBlock {
    /// The seqs.
    pub bitmap: Bitmap,
    /// The highest place of any of them.
    pub place: StreamPlace,
}

/// Received blocks of one epoch, by index.
pub type ReceivedBlocks = BTreeMap<BlockIndex, ReceivedBlock>;

/// The positions of one epoch and where each stands. `waiting` follows from
/// the rest and is made anew, block by block, whenever the rest changes.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    epoch: Epoch,
    tail: Seq,
    trimmed_below: Seq,
    handled: Blocks,
    received: ReceivedBlocks,
    out: SeqSet,
    waiting: SeqSet,
}

impl Outgoing {
    pub(crate) fn new(epoch: Epoch, tail: Seq, trimmed_below: Seq, handled: Blocks, received: ReceivedBlocks) -> Self {
        let (out, waiting) = (SeqSet::new(), SeqSet::new());
        let mut outgoing = Self { epoch, tail, trimmed_below: trimmed_below.max(1), handled, received, out, waiting };
        outgoing.refresh_all();
        outgoing
    }

    pub(crate) const fn epoch(&self) -> Epoch {
        self.epoch
    }

    pub(crate) const fn tail(&self) -> Seq {
        self.tail
    }

    pub(crate) const fn trimmed_below(&self) -> Seq {
        self.trimmed_below
    }

    /// How many positions the journal still holds.
    pub(crate) fn untrimmed(&self) -> u64 {
        self.tail.saturating_add(1).saturating_sub(self.trimmed_below)
    }

    /// What waits to be sent.
    pub(crate) const fn waiting(&self) -> &SeqSet {
        &self.waiting
    }

    /// What is being read or in flight.
    pub(crate) const fn out(&self) -> &SeqSet {
        &self.out
    }

    /// The journal committed up to `tail`. What is new was never handled: a
    /// centre that says otherwise is caught by [`Self::beyond_tail`].
    pub(crate) fn commit(&mut self, tail: Seq) {
        if tail > self.tail {
            self.waiting.insert(self.tail.saturating_add(1).max(self.trimmed_below)..=tail);
            self.tail = tail;
        }
    }

    /// The journal forgot everything below.
    pub(crate) fn trim(&mut self, below: Seq) {
        if below <= self.trimmed_below {
            return;
        }
        self.trimmed_below = below;
        let block = BlockIndex::of(below);
        self.handled = self.handled.split_off(&block);
        self.received = self.received.split_off(&block);
        self.waiting.remove(0..=below.saturating_sub(1));
    }

    /// How many untrimmed positions are handled.
    pub(crate) fn handled_count(&self) -> u64 {
        let first = BlockIndex::of(self.trimmed_below);
        let whole: u64 = self.handled.values().map(|block| u64::from(block.bitmap.count())).sum();
        let trimmed = self.handled.get(&first).map_or(0, |block| {
            block.bitmap.seqs(first).take_while(|seq| *seq < self.trimmed_below).map(|_| 1_u64).sum()
        });
        whole.saturating_sub(trimmed)
    }

    /// The lowest position that is not handled; none if all are.
    pub(crate) fn oldest_unhandled(&self) -> Option<Seq> {
        let mut seq = self.trimmed_below;
        while seq <= self.tail {
            let index = BlockIndex::of(seq);
            let Some(block) = self.handled.get(&index) else { return Some(seq) };
            match block.bitmap.first_missing(index, seq) {
                Some(missing) => return Some(missing).filter(|missing| *missing <= self.tail),
                None => seq = index.last().saturating_add(1),
            }
        }
        None
    }

    /// A handled position beyond the tail, which this journal cannot have
    /// sent.
    pub(crate) fn beyond_tail(&self, blocks: &Blocks) -> Option<Seq> {
        blocks
            .range(BlockIndex::of(self.tail.max(1))..)
            .find_map(|(index, block)| block.bitmap.seqs(*index).find(|seq| *seq > self.tail))
    }

    /// The centre says anew what is handled: all it said before is void.
    pub(crate) fn replace_handled(&mut self, blocks: Blocks) {
        self.handled = blocks;
        self.handled = self.handled.split_off(&BlockIndex::of(self.trimmed_below));
        self.refresh_all();
    }

    /// The centre says of these blocks what is handled, each whole.
    pub(crate) fn handle(&mut self, blocks: &Blocks) {
        for (index, block) in blocks {
            if index.last() < self.trimmed_below {
                continue;
            }
            if block.bitmap == Bitmap::EMPTY {
                self.handled.remove(index);
            } else {
                self.handled.insert(*index, *block);
            }
            self.refresh(*index);
        }
    }

    /// The stream holds `seqs`, the last at `place`; answers the blocks whose
    /// memory changed, to be remembered.
    pub(crate) fn receive(&mut self, seqs: &SeqSet, place: StreamPlace) -> ReceivedBlocks {
        self.out.remove_all(seqs);
        let mut changed = ReceivedBlocks::new();
        for seq in seqs.iter().filter(|seq| (self.trimmed_below..=self.tail).contains(seq)) {
            let index = BlockIndex::of(seq);
            let block = self.received.entry(index).or_insert(ReceivedBlock { bitmap: Bitmap::EMPTY, place });
            if (block.place.stream, block.place.partition) != (place.stream, place.partition) {
                // Another life of the log: what the old one held is gone.
                *block = ReceivedBlock { bitmap: Bitmap::EMPTY, place };
            }
            block.bitmap.insert(seq);
            block.place.offset = block.place.offset.max(place.offset);
            changed.insert(index, *block);
        }
        for index in changed.keys() {
            self.refresh(*index);
        }
        changed
    }

    /// Received positions that the applier's word gives up wait again unless
    /// they are handled; answers the blocks whose memory changed. Handled ones
    /// keep their place: a ledger that goes back will meet them again.
    pub(crate) fn give_up(&mut self, applied: &AppliedThrough) -> ReceivedBlocks {
        let mut changed = ReceivedBlocks::new();
        for (index, block) in &mut self.received {
            if !applied.gives_up(&block.place) {
                continue;
            }
            let handled = self.handled.get(index).map_or(Bitmap::EMPTY, |block| block.bitmap);
            let lost = block.bitmap.without(&handled);
            if lost != Bitmap::EMPTY {
                block.bitmap = block.bitmap.without(&lost);
                changed.insert(*index, *block);
            }
        }
        for index in changed.keys() {
            self.refresh(*index);
        }
        changed
    }

    /// These are taken to be read and sent.
    pub(crate) fn take(&mut self, seqs: &SeqSet) {
        self.waiting.remove_all(seqs);
        self.out.insert_all(seqs);
    }

    /// These were taken and not sent, or sent and never acknowledged.
    pub(crate) fn give_back(&mut self, seqs: &SeqSet) {
        self.out.remove_all(seqs);
        let blocks: std::collections::BTreeSet<BlockIndex> = seqs
            .ranges()
            .flat_map(|range| BlockIndex::of(*range.start()).0..=BlockIndex::of(*range.end()).0)
            .map(BlockIndex)
            .collect();
        blocks.into_iter().for_each(|index| self.refresh(index));
    }

    fn refresh_all(&mut self) {
        self.waiting = SeqSet::new();
        if self.tail >= self.trimmed_below {
            self.waiting.insert(self.trimmed_below..=self.tail);
        }
        let known: Vec<BlockIndex> = self.handled.keys().chain(self.received.keys()).copied().collect();
        known.into_iter().for_each(|index| self.refresh(index));
        let out = self.out.clone();
        self.waiting.remove_all(&out);
    }

    /// Makes `waiting` anew for one block.
    fn refresh(&mut self, index: BlockIndex) {
        let range = index.first().max(self.trimmed_below)..=index.last().min(self.tail);
        self.waiting.remove(index.first()..=index.last());
        if range.is_empty() {
            return;
        }
        let handled = self.handled.get(&index).map_or(Bitmap::EMPTY, |block| block.bitmap);
        let received = self.received.get(&index).map_or(Bitmap::EMPTY, |block| block.bitmap);
        let done = handled.union(&received);
        let mut from = None;
        for seq in range.clone() {
            match (done.has(seq), from) {
                (false, None) => from = Some(seq),
                (true, Some(first)) => {
                    self.waiting.insert(first..=seq.saturating_sub(1));
                    from = None;
                }
                (true, None) | (false, Some(_)) => {}
            }
        }
        if let Some(first) = from {
            self.waiting.insert(first..=*range.end());
        }
        let out: Vec<_> =
            self.out.ranges().filter(|out| out.start() <= range.end() && out.end() >= range.start()).collect();
        out.into_iter().for_each(|out| self.waiting.remove(out));
    }
}

/// The highest `count` of a set that are at least `floor`.
pub(crate) fn newest(set: &SeqSet, count: u64, floor: Seq) -> SeqSet {
    let mut left = count;
    let mut taken = SeqSet::new();
    for range in set.ranges().rev() {
        if left == 0 || *range.end() < floor {
            break;
        }
        let first = (*range.start()).max(floor).max(range.end().saturating_sub(left.saturating_sub(1)));
        taken.insert(first..=*range.end());
        left = left.saturating_sub(range.end().saturating_sub(first).saturating_add(1));
    }
    taken
}

#[cfg(test)]
mod tests;
