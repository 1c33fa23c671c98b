//! Deciding what is queued, in view of each other, into one batch.

use std::collections::BTreeMap;

use rocksdb::WriteBatch;
use tidemark_model::digest::{movement_digest, stock_digest};
use tidemark_model::document::Body;
use tidemark_model::opening::replay;
use tidemark_model::{
    BlockIndex, Change, Draft, Label, Movement, Odometer, Outcome, Position, Seq, Stamp, Status, decide,
};
use tidemark_wire::encode_movement;

use crate::books::{StoredBooks, put_change};
use crate::layout::instructions::{self, CountList, InstructionDone};
use crate::layout::progress::{OwnBlock, Progress, chained};
use crate::layout::{Family, lanes, meta, outbox};
use crate::limits;
use crate::odometer::{Running, Stamps};
use crate::state::State;
use crate::store::{Batch, ReadError, Store};
use crate::submit::{Committed, Submission, Told};

/// A batch that is decided and not yet written.
pub(super) struct Prepared {
    pub(super) writes: WriteBatch,
    pub(super) answers: Vec<Committed>,
    pub(super) progress: Progress,
    pub(super) block: (BlockIndex, OwnBlock),
    pub(super) stamps: Stamps,
    pub(super) movements: usize,
    pub(super) bytes: usize,
    pub(super) duplicates: usize,
}

/// Decides submissions, each with the odometer at its arrival, from the front
/// until a limit is reached; the answers tell how many.
pub(super) fn prepare<'s>(
    store: &Store,
    state: &State,
    (running, stamps): (&Running, Stamps),
    submissions: impl Iterator<Item = (&'s Submission, Odometer)>,
) -> Result<Prepared, ReadError> {
    let books = StoredBooks::new(store, &state.catalogue);
    let mut draft = Draft::over(&books);
    let mut preparing = Preparing::new(store, state, stamps);
    for (submission, arrived) in submissions.take(limits::BATCH_DOCUMENTS) {
        preparing.take(&mut draft, running, (submission, arrived))?;
        // What is committed after a mark has to have happened after it by the
        // clock too, by which later marks are told.
        if preparing.is_full() || matches!(submission.document.body, Body::Count(_)) {
            break;
        }
    }
    preparing.finish(draft.into_changes())
}

pub(super) struct Preparing<'a> {
    store: &'a Store,
    state: &'a State,
    pub(super) batch: Batch<'a>,
    instructions: BTreeMap<Label, InstructionDone>,
    pub(super) prepared: Prepared,
}

impl<'a> Preparing<'a> {
    pub(super) fn new(store: &'a Store, state: &'a State, stamps: Stamps) -> Self {
        let prepared = Prepared {
            writes: WriteBatch::default(),
            answers: Vec::new(),
            progress: state.progress,
            block: state.block,
            stamps,
            movements: 0,
            bytes: 0,
            duplicates: 0,
        };
        Self { store, state, batch: store.batch(), instructions: BTreeMap::new(), prepared }
    }

    /// Where and when the next document is decided.
    pub(super) fn stamp(&mut self, running: &Running, arrived: Odometer, marks: bool) -> Stamp {
        let (now, wall) = running.read();
        let odometer = self.prepared.stamps.next(now, marks);
        let next = Position { epoch: self.state.identity.epoch, seq: self.prepared.progress.tail.saturating_add(1) };
        let boot = running.boot();
        // What waited while the epoch was born arrived before it.
        let arrived = if arrived > odometer { boot } else { arrived };
        Stamp { next, odometer, arrived, boot, wall }
    }

    const fn is_full(&self) -> bool {
        self.prepared.movements >= limits::BATCH_MOVEMENTS || self.prepared.bytes >= limits::BATCH_BYTES
    }

    fn take(
        &mut self,
        draft: &mut Draft<'_, StoredBooks<'_>>,
        running: &Running,
        (submission, arrived): (&Submission, Odometer),
    ) -> Result<(), ReadError> {
        if let Some(done) = self.done(submission.instruction.as_ref())? {
            return self.answer_done(running, done);
        }
        let document = &submission.document;
        let stamp = self.stamp(running, arrived, matches!(document.body, Body::Count(_)));
        let odometer = stamp.odometer;
        let outcome = match &submission.replay {
            Some(again) => replay(draft, again, &stamp)?,
            None => decide(draft, document, &stamp)?,
        };
        self.prepared.progress.odometer = odometer;
        let told = self.put_movements(outcome.first, &outcome.movements)?;
        if outcome.status == Status::Duplicate {
            self.prepared.duplicates += 1;
        }
        if let Some(lane) = &submission.lane {
            self.batch.put(Family::Lanes, lanes::key(&lane.lane), &lane.state)?;
        }
        if let Some(id) = &submission.instruction {
            let done = InstructionDone { first: outcome.first, lines: outcome.lines };
            self.batch.put_value(Family::Meta, &instructions::key(id), &done)?;
            self.instructions.insert(id.clone(), done);
            if let Some(skus) = &submission.count_list {
                let list = CountList { asked: odometer, skus: skus.clone() };
                self.batch.put_value(Family::Meta, &instructions::list_key(id), &list)?;
            }
        }
        let Outcome { status, first, lines, warnings, movements: _ } = outcome;
        self.prepared.answers.push(Committed { status, first, lines, warnings, movements: told, odometer });
        Ok(())
    }

    fn done(&self, instruction: Option<&Label>) -> Result<Option<InstructionDone>, ReadError> {
        let Some(id) = instruction else { return Ok(None) };
        match self.instructions.get(id) {
            Some(done) => Ok(Some(*done)),
            None => self.store.value(Family::Meta, &instructions::key(id)),
        }
    }

    fn answer_done(&mut self, running: &Running, done: InstructionDone) -> Result<(), ReadError> {
        self.prepared.duplicates += 1;
        self.prepared.answers.push(Committed {
            status: Status::Duplicate,
            first: done.first,
            lines: done.lines,
            warnings: Vec::new(),
            movements: Vec::new(),
            odometer: running.now(),
        });
        Ok(())
    }

    pub(super) fn put_movements(&mut self, first: Position, movements: &[Movement]) -> Result<Vec<Told>, ReadError> {
        let mut told = Vec::with_capacity(movements.len());
        for (movement, seq) in movements.iter().zip(first.seq..) {
            let position = Position { epoch: first.epoch, seq };
            let bytes = encode_movement(movement);
            let digest = movement_digest(&self.state.identity.store, position, &bytes);
            let stock = movement.sku.as_ref().map_or(0, |sku| stock_digest(sku, movement.effect));
            self.batch.put(Family::Outbox, &outbox::key(position), &outbox::value(position, digest, &bytes))?;
            self.add_to_block(seq, digest, stock)?;
            self.prepared.progress.tail = seq;
            self.prepared.progress.chain = chained(self.prepared.progress.chain, digest);
            self.prepared.movements += 1;
            self.prepared.bytes += bytes.len();
            told.push(Told::of(seq, movement));
        }
        Ok(told)
    }

    fn add_to_block(&mut self, seq: Seq, digest: u64, stock: u64) -> Result<(), ReadError> {
        let of_seq = BlockIndex::of(seq);
        if of_seq != self.prepared.block.0 {
            self.put_block()?;
            self.prepared.block = (of_seq, OwnBlock::default());
        }
        self.prepared.block.1.add(digest, stock);
        Ok(())
    }

    fn put_block(&mut self) -> Result<(), ReadError> {
        let (block, sums) = self.prepared.block;
        let key = meta::block_key(meta::OWN_BLOCK, self.state.identity.epoch, block);
        self.batch.put_value(Family::Meta, &key, &sums)
    }

    /// Adds the changes of the books and how far the journal is.
    pub(super) fn finish(mut self, changes: impl Iterator<Item = Change>) -> Result<Prepared, ReadError> {
        for change in changes {
            put_change(&mut self.batch, &change)?;
        }
        if self.prepared.movements > 0 {
            self.put_block()?;
            self.batch.put_value(Family::Meta, &meta::PROGRESS, &self.prepared.progress)?;
        }
        self.prepared.writes = self.batch.writes;
        Ok(self.prepared)
    }
}
