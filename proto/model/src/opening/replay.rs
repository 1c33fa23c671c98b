//! After a fork: what of an epoch the centre does not hold byte for byte, and
//! the documents of it, to be committed once more in a new epoch.
//!
//! A disk that was restored or cloned wrote positions that another life of it
//! wrote too. The centre holds one of the two; the box draws a new epoch and
//! replays what is its own. A document of which the centre holds a part is
//! replayed whole: what is held of it has effect 0, by its ordinals.
//!
//! What is replayed happened before the birth of the new epoch, and readings
//! of the old one say nothing there: its age is as great as can be.

use std::collections::BTreeMap;

use crate::books::Books;
use crate::document::{Body, CountBody, Document, Line, Timing};
use crate::draft::Draft;
use crate::key::{ContentDigest, DocumentKey};
use crate::movement::Movement;
use crate::outcome::{Outcome, Stamp};
use crate::position::{Epoch, Position, Seq};
use crate::rules::{AsCommitted, Task, decide_task};
use crate::seqs::SeqSet;
use crate::text::{DocumentId, Source};

use super::committed::Committed;
use super::gather::{Gathered, Gatherer};
use super::restating::is_of_opening;

/// What sources of a box's own lanes begin with: nobody but the box knows the
/// ids, and another life of the disk may have given the same.
const LANE: &str = "lane:";
/// An age that reaches behind every birth.
const AS_OLD_AS_CAN_BE: u64 = u64::MAX;

/// The seqs of a box's own records, of some blocks, that the centre does not
/// hold with this digest. Both in ascending order.
#[must_use]
pub fn differing(own: impl IntoIterator<Item = (Seq, u64)>, centre: &[(Seq, u64)]) -> SeqSet {
    let held: BTreeMap<Seq, u64> = centre.iter().copied().collect();
    own.into_iter().filter(|(seq, digest)| held.get(seq) != Some(digest)).map(|(seq, _)| seq).collect()
}

/// A document that is committed once more, with items and units as they were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    document: Document,
    content: ContentDigest,
    how: AsCommitted,
}

impl Replay {
    /// Its identity from now on.
    #[must_use]
    pub fn key(&self) -> DocumentKey {
        DocumentKey::of(&self.document.source, &self.document.id)
    }

    /// The document, but for what only its first commit knew.
    #[must_use]
    pub const fn document(&self) -> &Document {
        &self.document
    }
}

/// Decides a replayed document, as [`decide`](crate::decide) does any other.
pub fn replay<B: Books>(draft: &mut Draft<'_, B>, replay: &Replay, stamp: &Stamp) -> Result<Outcome, B::Error> {
    let Replay { document, content, how } = replay;
    decide_task(draft, Task { document, content: *content, stamp, committed: Some(how) })
}

/// Makes replays of an old epoch's movements, which come in their order.
#[derive(Clone, Debug)]
pub struct Replays {
    old: Epoch,
    new: Epoch,
    /// What the centre does not hold byte for byte.
    differing: SeqSet,
    gatherer: Gatherer,
    /// The ids that lanes' documents have from now on.
    renamed: BTreeMap<(Source, DocumentId), DocumentId>,
}

impl Replays {
    /// Of these seqs of the old epoch.
    #[must_use]
    pub fn of(old: Epoch, differing: SeqSet, new: Epoch) -> Self {
        Self { old, new, differing, gatherer: Gatherer::default(), renamed: BTreeMap::new() }
    }

    /// Takes the next movement the box has of the old epoch, whether the
    /// centre holds it or not.
    pub fn take(&mut self, seq: Seq, movement: Movement) -> Vec<Replay> {
        let gathered = self.gatherer.take(Position { epoch: self.old, seq }, movement);
        gathered.filter_map(|gathered| self.replay_of(&gathered)).collect()
    }

    /// The last document, once all movements were taken.
    pub fn rest(&mut self) -> Option<Replay> {
        let gathered = self.gatherer.rest()?;
        self.replay_of(&gathered)
    }

    fn replay_of(&mut self, gathered: &Gathered) -> Option<Replay> {
        let seq = |ordinal: u32| gathered.first.seq.saturating_add(u64::from(ordinal.saturating_sub(1)));
        let differs = gathered.movements.keys().any(|ordinal| self.differing.has(seq(*ordinal)));
        let restates = gathered.movements.values().any(|movement| is_of_opening(movement, self.old));
        // What the old epoch differed from its opening by is no document of
        // anyone; the new one restates for itself.
        if !differs || restates {
            return None;
        }
        let Committed { mut document, content, mut how, .. } = Committed::of(gathered, false)?;
        how.place = None;
        date(&mut document);
        self.rename(&mut document, gathered.first.seq);
        Some(Replay { document, content, how })
    }

    /// A lane's document gets an id that no other life of the disk gave, and
    /// a void of it follows.
    fn rename(&mut self, document: &mut Document, seq: Seq) {
        if document.source.as_str().starts_with(LANE)
            && let Ok(id) = DocumentId::new(&format!("{}-fork-{seq}", self.new))
        {
            let old = std::mem::replace(&mut document.id, id.clone());
            self.renamed.insert((document.source.clone(), old), id);
        }
        if let Body::Void { source, id } = &mut document.body
            && let Some(renamed) = self.renamed.get(&(source.clone(), id.clone()))
        {
            *id = renamed.clone();
        }
    }
}

/// Tells that it happened before the epoch's birth.
fn date(document: &mut Document) {
    document.timing = match (document.timing, &document.body) {
        (Timing::Live, Body::Trade { .. }) => Timing::Deferred { age_ms: Some(AS_OLD_AS_CAN_BE) },
        (Timing::Live | Timing::At(_), _) => Timing::Live,
        (ageless @ Timing::Deferred { .. }, _) => ageless,
    };
    let (Body::Trade { lines, .. } | Body::Count(CountBody { lines, .. })) = &mut document.body else {
        return;
    };
    for line in lines {
        if let Line::Taken(taken) = line {
            taken.age_ms = taken.age_ms.map(|_| AS_OLD_AS_CAN_BE);
        }
    }
}
