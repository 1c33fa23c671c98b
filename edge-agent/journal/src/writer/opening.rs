//! Taking the opening: books, keys, restatements and the opening itself in
//! one batch.

use tidemark_model::books::Reversal;
use tidemark_model::opening::Opening;
use tidemark_model::{Change, EpochOrdinal};
use tidemark_sync::message::OpeningTaken;

use super::Owner;
use super::prepare::{Prepared, Preparing};
use crate::layout::documents::Lines;
use crate::layout::effects::Effect;
use crate::layout::opening::{self, OpeningHead, Sum};
use crate::layout::salvage::KeptEpoch;
use crate::layout::{Family, decode, documents, meta};
use crate::odometer::{Running, Stamps};
use crate::opening::Telling;
use crate::state::State;
use crate::store::{Batch, ReadError, Scan, Store};
use crate::submit::NotSaved;

/// After every key of books: no text begins so.
const BEYOND: [u8; 1] = [u8::MAX];

impl Owner {
    /// Takes the opening with what was committed since it was told. Taken
    /// once, it stays as it is.
    pub(super) fn take_opening(&mut self, ordinal: EpochOrdinal, telling: Telling) -> Result<OpeningTaken, NotSaved> {
        if let Some(taken) = self.state.opening {
            return Ok(OpeningTaken { ordinal: taken.ordinal, seq: taken.seq });
        }
        self.ensure_open()?;
        // What explains a mark of a forked epoch is let go with it.
        self.mark_present_epoch()?;
        let clock = (&self.shared.running, self.inner.stamps);
        let prepared = self.shared.shelf.read(|store| prepare(store, &self.state, clock, (ordinal, telling)));
        let (prepared, head) = prepared?;
        self.write_prepared(prepared);
        if let Some(closed) = &self.inner.closed {
            return Err(NotSaved::Write { cause: closed.cause.clone() });
        }
        self.state.opening = Some(head);
        Ok(OpeningTaken { ordinal: head.ordinal, seq: head.seq })
    }
}

fn prepare(
    store: &Store,
    state: &State,
    (running, stamps): (&Running, Stamps),
    (ordinal, mut telling): (EpochOrdinal, Telling),
) -> Result<(Prepared, OpeningHead), ReadError> {
    telling.catch_up(store, state.progress.tail)?;
    let Telling { opening, retelling, .. } = telling;
    let mut preparing = Preparing::new(store, state, stamps);
    let stamp = preparing.stamp(running, running.now(), false);
    let taken = retelling.into_taken(&stamp);
    preparing.put_movements(stamp.next, &taken.movements)?;
    preparing.prepared.progress.odometer = stamp.odometer;
    let head = OpeningHead { ordinal, seq: taken.seq, taken: stamp.odometer };
    for family in [Family::Stock, Family::ItemEffects, Family::Suspense, Family::Counts] {
        preparing.batch.delete_range(family, &[], &BEYOND)?;
    }
    keep(&mut preparing.batch, opening, &head)?;
    forget_forks(store, &mut preparing.batch)?;
    Ok((preparing.finish(taken.books.into_changes())?, head))
}

/// That the epoch began beside another life of the disk is told by now, in what
/// is restated. What is not replayed yet stays.
fn forget_forks(store: &Store, batch: &mut Batch<'_>) -> Result<(), ReadError> {
    store.scan_prefix(Family::Meta, &[meta::FORKED], |key, value| {
        if decode::<KeptEpoch>(value)?.is_let_go() {
            batch.delete(Family::Meta, key)?;
        }
        Ok(Scan::On)
    })
}

/// Keeps the opening as it was given.
fn keep(batch: &mut Batch<'_>, given: Opening, head: &OpeningHead) -> Result<(), ReadError> {
    batch.delete_range(Family::Opening, &[], &BEYOND)?;
    batch.put_value(Family::Opening, &opening::HEAD, head)?;
    for (sku, sum) in given.sums() {
        batch.put_value(Family::Opening, &opening::sum_key(sku), &Sum(sum))?;
    }
    given.into_pieces().try_for_each(|piece| keep_piece(batch, &piece))
}

fn keep_piece(batch: &mut Batch<'_>, piece: &Change) -> Result<(), ReadError> {
    let Some(key) = opening::key(piece) else { return Ok(()) };
    match piece {
        Change::Stock(_, stock) => batch.put_value(Family::Opening, &key, stock),
        Change::Effect(_, effect) => {
            let effect = Effect { effect: effect.effect, trade: effect.trade, unsure: effect.unsure };
            batch.put_value(Family::Opening, &key, &effect)
        }
        Change::Document(of, record) => {
            batch.put_value(Family::Opening, &key, record)?;
            for (number, entry) in record.entries.iter().enumerate() {
                let Reversal::Lines { committed, lines } = &entry.reversal else { continue };
                let key = opening::part_key(opening::DOCUMENT, &documents::lines_key(*of, number));
                let lines = Lines { committed: *committed, lines: lines.clone() };
                batch.put_value(Family::Opening, &key, &lines)?;
            }
            Ok(())
        }
        Change::Suspense(_, suspense) => batch.put_value(Family::Opening, &key, suspense),
        Change::Count(_, count) => batch.put_value(Family::Opening, &key, count),
        // A source's numbers are followed within one journal.
        Change::Sequence(..) => Ok(()),
    }
}
