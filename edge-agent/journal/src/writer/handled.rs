//! The centre's word of what is handled: kept, and with it how far
//! everything is handled and proven, which is what may be trimmed.

use std::collections::BTreeMap;

use tidemark_model::{BlockIndex, Odometer, Seq};

use super::Owner;
use crate::handled::{HandledVerdict, ProvenWord};
use crate::layout::Family;
use crate::layout::handled::{GraceMarks, HandledHead};
use crate::layout::meta;
use crate::limits::GRACE_STEP_MS;
use crate::state::{Handled, State};
use crate::store::{Batch, Durability, ReadError};
use crate::submit::NotSaved;

impl Owner {
    /// Not synced: what is forgotten is told again with the next `Welcome`.
    pub(super) fn handled(&mut self, word: &ProvenWord) -> Result<HandledVerdict, NotSaved> {
        let (told, state) = (&word.told, &self.state);
        let of_present = told.epoch == state.identity.epoch;
        let of_present_history = told.welcome.is_some() || told.generation == state.handled.generation;
        if !of_present || !of_present_history {
            return Ok(word.verdict(&self.state.handled, false));
        }
        let now = self.shared.running.now();
        let next = follow(state, word, now);
        let noted = next.grace != state.handled.grace && is_step(&state.handled.grace, &next.grace);
        self.change(Durability::Later, |state, batch| put(batch, state, word, &next, noted))?;
        self.state.handled = next;
        Ok(word.verdict(&self.state.handled, true))
    }
}

/// What is handled after the word.
fn follow(state: &State, word: &ProvenWord, now: Odometer) -> Handled {
    let held = &state.handled;
    let mut next = match word.told.welcome {
        None => Handled { heard: now, ..held.clone() },
        Some(ordinal) => Handled {
            generation: word.told.generation,
            through: state.trimmed_below.saturating_sub(1),
            above: BTreeMap::new(),
            grace: held.grace.clone(),
            heard: now,
            ordinal: Some(ordinal),
        },
    };
    for (block, kept) in word.kept() {
        if block.last() > next.through {
            next.above.insert(block, kept);
        }
    }
    next.through = advanced(&next, state.progress.tail);
    let through = next.through;
    next.above.retain(|block, _| block.last() > through);
    // A centre that went back: what it forgot has no grace behind it.
    next.grace.0.retain(|(_, seq)| *seq <= through);
    note(&mut next.grace, now, through);
    next
}

/// How far everything is handled and proven.
fn advanced(handled: &Handled, tail: Seq) -> Seq {
    let mut through = handled.through;
    while through < tail {
        let seq = through + 1;
        match handled.above.get(&BlockIndex::of(seq)) {
            Some(above) if above.proven && above.told.bitmap.has(seq) => through = seq,
            Some(_) | None => break,
        }
    }
    through
}

/// Notes that all up to `through` is handled by now: a new mark at most once
/// a step, the newest moves on until the next is due.
fn note(grace: &mut GraceMarks, now: Odometer, through: Seq) {
    let marks = &mut grace.0;
    if through == 0 || marks.last().is_some_and(|(_, seq)| *seq >= through) {
        return;
    }
    let before = marks.len().checked_sub(2).and_then(|at| marks.get(at)).map(|(odometer, _)| *odometer);
    match (before, marks.last_mut()) {
        (Some(before), Some(last)) if last.0.0.saturating_sub(before.0) < GRACE_STEP_MS => *last = (now, through),
        (Some(_) | None, Some(_) | None) => marks.push((now, through)),
    }
}

/// Whether more than the newest mark has changed: the others must be on disk,
/// the newest is only earlier there.
fn is_step(before: &GraceMarks, after: &GraceMarks) -> bool {
    let settled = |marks: &GraceMarks| marks.0.split_last().map(|(_, settled)| settled.to_vec()).unwrap_or_default();
    before.0.len() != after.0.len() || settled(before) != settled(after)
}

/// Only what changed: a line that comes and goes brings many a `Welcome`.
fn put(batch: &mut Batch<'_>, state: &State, word: &ProvenWord, next: &Handled, noted: bool) -> Result<(), ReadError> {
    let epoch = state.identity.epoch;
    let key = |kind, block| meta::block_key(kind, epoch, block);
    let (held, above) = (&state.handled.above, &next.above);
    for (block, kept) in above.iter().filter(|(block, kept)| held.get(block) != Some(kept)) {
        batch.put_value(Family::Meta, &key(meta::HANDLED_BLOCK, *block), kept)?;
    }
    for block in held.keys().filter(|block| !above.contains_key(block)) {
        batch.delete(Family::Meta, &key(meta::HANDLED_BLOCK, *block))?;
    }
    let passed = held.keys().chain(word.told.blocks.keys()).filter(|block| block.last() <= next.through);
    for block in passed {
        batch.delete(Family::Meta, &key(meta::RECEIVED_BLOCK, *block))?;
    }
    if noted {
        batch.put_value(Family::Meta, &meta::GRACE, &next.grace)?;
    }
    let head = HandledHead { generation: next.generation, through: next.through, ordinal: next.ordinal };
    batch.put_value(Family::Meta, &meta::HANDLED, &head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_come_at_most_once_a_step_and_only_ever_claim_later() {
        let mut grace = GraceMarks::default();
        for minute in 0..600 {
            note(&mut grace, Odometer(minute * 60_000), minute + 1);
        }
        assert!(grace.0.len() <= 2 + 10, "about one an hour, not {}", grace.0.len());
        for (odometer, seq) in &grace.0 {
            assert!(odometer.0 >= (seq - 1) * 60_000, "seq {seq} was handled by {odometer:?} at the latest");
        }
        assert!(grace.0.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(grace.0.last(), Some(&(Odometer(599 * 60_000), 600)));
    }
}
