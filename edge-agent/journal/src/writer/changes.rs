//! Writes that are no documents: sessions, lanes, tills, what was received.

use std::sync::atomic::Ordering;

use tidemark_model::{Bitmap, BlockIndex, Epoch, EpochOrdinal, Label, SeqSet, Source, StreamPlace};
use tidemark_sync::message::{OpeningTaken, Session};

use super::Owner;
use crate::layout::handled::ReceivedBlock;
use crate::layout::meta::{self, Number};
use crate::layout::opening::{self, OpeningHead};
use crate::layout::tills::{self, KeptTill};
use crate::layout::{Family, lanes};
use crate::state::State;
use crate::store::{Batch, Durability, ReadError, Store};
use crate::submit::{LaneState, NotSaved};

impl Owner {
    /// Builds and writes one change; the state follows only if it worked.
    pub(super) fn change(
        &mut self,
        durability: Durability,
        build: impl FnOnce(&Store, &State, &mut Batch<'_>) -> Result<(), ReadError>,
    ) -> Result<(), NotSaved> {
        self.ensure_open()?;
        let state = &self.state;
        let written = self.shared.shelf.read(|store| {
            let mut batch = store.batch();
            build(store, state, &mut batch)?;
            let writes = batch.writes;
            Ok::<_, NotSaved>(store.write(writes, durability))
        })?;
        if let Err(cause) = written {
            self.fail(&cause, Vec::new());
            return Err(NotSaved::Write { cause: cause.to_string() });
        }
        if durability == Durability::Synced {
            self.shared.counters.syncs.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    pub(super) fn save_lane(&mut self, lane: &LaneState) -> Result<(), NotSaved> {
        self.change(Durability::Synced, |_, _, batch| batch.put(Family::Lanes, lanes::key(&lane.lane), &lane.state))
    }

    pub(super) fn forget_lane(&mut self, lane: &Label) -> Result<(), NotSaved> {
        self.change(Durability::Synced, |_, _, batch| batch.delete(Family::Lanes, lanes::key(lane)))
    }

    pub(super) fn next_session(&mut self) -> Result<Session, NotSaved> {
        let next = Session(self.state.session).next();
        let number = Number(next.0);
        self.change(Durability::Synced, |_, _, batch| batch.put_value(Family::Meta, &meta::SESSION, &number))?;
        self.state.session = next.0;
        Ok(next)
    }

    pub(super) fn add_till(&mut self, till: &Source, token: [u8; 32]) -> Result<(), NotSaved> {
        let kept = KeptTill { token, added: self.shared.running.now() };
        self.change(Durability::Synced, |_, _, batch| batch.put_value(Family::Meta, &tills::key(till), &kept))
    }

    /// True if there was one of that name.
    pub(super) fn remove_till(&mut self, till: &Source) -> Result<bool, NotSaved> {
        self.ensure_open()?;
        let key = tills::key(till);
        let known = self.shared.shelf.read(|store| store.get(Family::Meta, &key))?.is_some();
        self.change(Durability::Synced, |_, _, batch| batch.delete(Family::Meta, &key))?;
        Ok(known)
    }

    /// The centre knows of no earlier epoch: there is nothing to be taken
    /// over, and everything committed so far stands.
    pub(super) fn take_empty_opening(&mut self, ordinal: EpochOrdinal) -> Result<OpeningTaken, NotSaved> {
        if let Some(taken) = self.state.opening {
            return Ok(OpeningTaken { ordinal: taken.ordinal, seq: taken.seq });
        }
        let head = OpeningHead { ordinal, seq: self.state.progress.tail, taken: self.shared.running.now() };
        self.change(Durability::Synced, |_, _, batch| batch.put_value(Family::Opening, &opening::HEAD, &head))?;
        self.state.opening = Some(head);
        Ok(OpeningTaken { ordinal, seq: head.seq })
    }

    /// Not synced: what is forgotten is sent again, and dropped there.
    pub(super) fn received(&mut self, epoch: Epoch, seqs: &SeqSet, place: StreamPlace) -> Result<(), NotSaved> {
        self.change(Durability::Later, |store, _, batch| {
            for (block, bitmap) in by_block(seqs) {
                let key = meta::block_key(meta::RECEIVED_BLOCK, epoch, block);
                let held = store.value::<ReceivedBlock>(Family::Meta, &key)?;
                let merged = merge(held, ReceivedBlock { bitmap, place });
                batch.put_value(Family::Meta, &key, &merged)?;
            }
            Ok(())
        })
    }
}

/// Together they are as late as the later; of another stream only the new
/// word counts.
fn merge(held: Option<ReceivedBlock>, new: ReceivedBlock) -> ReceivedBlock {
    let same_log =
        |held: &ReceivedBlock| (held.place.stream, held.place.partition) == (new.place.stream, new.place.partition);
    match held.filter(same_log) {
        None => new,
        Some(held) => ReceivedBlock { bitmap: held.bitmap.union(&new.bitmap), place: held.place.max(new.place) },
    }
}

fn by_block(seqs: &SeqSet) -> Vec<(BlockIndex, Bitmap)> {
    let mut blocks: Vec<(BlockIndex, Bitmap)> = Vec::new();
    for seq in seqs.iter() {
        let block = BlockIndex::of(seq);
        match blocks.last_mut() {
            Some((last, bitmap)) if *last == block => {
                bitmap.insert(seq);
            }
            Some(_) | None => {
                let mut bitmap = Bitmap::EMPTY;
                bitmap.insert(seq);
                blocks.push((block, bitmap));
            }
        }
    }
    blocks
}
