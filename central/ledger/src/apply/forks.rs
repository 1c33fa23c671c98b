//! Positions that came again with other bytes: a disk was restored from an
//! image, or copied. Each content is parked once as `FORKED`; the box that
//! finds out draws a new epoch and submits what the centre does not hold, and
//! with that movement the letter closes.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use tidemark_model::books::DocumentEntry;
use tidemark_model::digest::movement_digest;
use tidemark_model::opening::Opening;
use tidemark_model::resolving::BOX_SOURCE;
use tidemark_model::{Books, EpochOrdinal, Kind, Movement, ParkReason, Position, Seq, StoreId};
use tidemark_wire::decode_movement;

use super::facts::LANE_PREFIX;
use super::{Again, DeadLetter, Deciding, Plan};

/// A forked letter that nobody has closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenFork {
    /// The letter's number.
    pub number: i64,
    /// Where it stands.
    pub position: Position,
    /// Its epoch's ordinal.
    pub ordinal: EpochOrdinal,
    /// Whose document it is of, and which.
    pub document: (String, String),
}

/// What the ledger holds at a position that came again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeldThere {
    /// The digest of the movement applied or parked there; none if this very
    /// batch brought it.
    pub digest: Option<u64>,
    /// The digests of contents that are parked as forked.
    pub forks: BTreeSet<u64>,
}

impl Plan {
    /// Parks what came again with other bytes than are held, once per
    /// content; `held` is in the order of [`Plan::again`].
    pub fn park_forks(&mut self, held: Vec<HeldThere>) {
        if self.again.is_empty() {
            return;
        }
        let brought = self.brought();
        let again = std::mem::take(&mut self.again);
        let mut parked: BTreeSet<(StoreId, Position, u64)> = BTreeSet::new();
        for (again, held) in again.iter().zip(held) {
            let digest = movement_digest(&again.store, again.position, &again.bytes);
            let there = held.digest.or_else(|| brought.get(&(again.store.clone(), again.position)).copied());
            let is_other = there.is_some_and(|there| there != digest) && !held.forks.contains(&digest);
            if is_other && parked.insert((again.store.clone(), again.position, digest)) {
                self.dead_letters.push(letter(again));
                let of = (again.store.clone(), again.position.epoch);
                self.counts.entry(of).or_default().forks += 1;
            }
        }
        self.again = again;
    }

    /// The digests of what this batch itself brings.
    fn brought(&self) -> BTreeMap<(StoreId, Position), u64> {
        let rows = self.rows.iter().map(|row| (&row.store, row.position, &row.bytes));
        let letters = self.dead_letters.iter().map(|letter| (&letter.store, letter.position, &letter.bytes));
        let digest = |(store, position, bytes): (&StoreId, Position, &Bytes)| {
            ((store.clone(), position), movement_digest(store, position, bytes))
        };
        rows.chain(letters).map(digest).collect()
    }
}

fn letter(again: &Again) -> DeadLetter {
    let document = decode_movement(&again.bytes).map_or_else(
        |_undecodable| (String::new(), String::new()),
        |movement| (movement.document.source.to_string(), movement.document.id.to_string()),
    );
    DeadLetter {
        store: again.store.clone(),
        position: again.position,
        reason: ParkReason::Forked,
        detail: "the same position came before with other bytes: a restored or copied disk".to_owned(),
        raw: String::new(),
        code: String::new(),
        settled: false,
        document,
        bytes: again.bytes.clone(),
    }
}

impl Deciding<'_> {
    /// Closes the forked letters that a movement of a later epoch replays: of
    /// the same document, or what a lane's became.
    pub(super) fn replays(&mut self, store: &StoreId, at: (Position, EpochOrdinal), movement: &Movement) {
        self.let_forks_be_parked(store, at.1);
        let Some(open) = self.known.forks.get(store) else { return };
        let (source, id) = (movement.document.source.as_str(), movement.document.id.as_str());
        for fork in open.iter().filter(|fork| fork.ordinal < at.1 && fork.document.0 == source) {
            if (fork.document.1 == id || lane_id(at.0, fork.position.seq) == id)
                && self.plan.replayed.insert(fork.number)
            {
                let of = (store.clone(), fork.position.epoch);
                self.plan.counts.entry(of).or_default().forks -= 1;
            }
        }
    }
}

impl Deciding<'_> {
    /// Closes the forked letters of what older epochs restated: nobody submits
    /// that again, a box restates for itself when it takes its own opening.
    pub(super) fn restates(&mut self, store: &StoreId, ordinal: EpochOrdinal) {
        self.let_forks_be_parked(store, ordinal);
        let Some(open) = self.known.forks.get(store) else { return };
        let of_opening = |fork: &&OpenFork| fork.document.1.starts_with(&format!("opening-{}-", fork.position.epoch));
        for fork in
            open.iter().filter(|fork| fork.ordinal < ordinal && fork.document.0 == BOX_SOURCE).filter(of_opening)
        {
            if self.plan.replayed.insert(fork.number) {
                let of = (store.clone(), fork.position.epoch);
                self.plan.counts.entry(of).or_default().forks -= 1;
            }
        }
    }
}

impl Deciding<'_> {
    /// What came again of an older epoch may be parked as forked when this
    /// batch is written: a letter has to be there before what closes it.
    fn let_forks_be_parked(&mut self, store: &StoreId, ordinal: EpochOrdinal) {
        if self.plan.again.iter().any(|again| again.store == *store && again.ordinal < ordinal) {
            self.plan.cut.get_or_insert(self.at);
        }
    }
}

/// The forked letters, by number, that nobody submits again once the next
/// epoch's opening is made: it holds the very line, as a later life of the disk
/// committed the document at another place; or the box decides it anew.
#[must_use]
pub fn standing(opening: &Opening, forks: &[(i64, Bytes)]) -> Vec<i64> {
    let stands = |bytes: &Bytes| {
        let Ok(movement) = decode_movement(bytes) else { return false };
        let of = &movement.document;
        // Two lives of a disk give the same ids to what their lanes scan.
        if of.source.as_str().starts_with(LANE_PREFIX) {
            return false;
        }
        // What a code was learnt to be a box finds out for itself, of what
        // waits for it in its own books.
        if of.source.as_str() == BOX_SOURCE && movement.kind == Kind::Resolve {
            return true;
        }
        let Ok(record) = opening.books().document(of.key());
        let has_line = |entry: &DocumentEntry| {
            entry.content == of.content && of.ordinal <= entry.count && !entry.missing.contains(&of.ordinal)
        };
        record.is_some_and(|record| record.entries.iter().any(has_line))
    };
    forks.iter().filter(|(_, bytes)| stands(bytes)).map(|(number, _)| *number).collect()
}

/// The id under which a box submits a lane's movement again in a new epoch.
fn lane_id(at: Position, seq: Seq) -> String {
    format!("{}-fork-{seq}", at.epoch)
}

#[cfg(test)]
mod tests;
