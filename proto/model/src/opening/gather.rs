//! Movements gathered into the documents they belong to.

use std::collections::BTreeMap;

use crate::movement::Movement;
use crate::position::{Position, Seq};

/// What is known of one committed document.
#[derive(Clone, Debug)]
pub(super) struct Gathered {
    /// The position its first movement has or had.
    pub(super) first: Position,
    /// Its movements by ordinal; some may never have come.
    pub(super) movements: BTreeMap<u32, Movement>,
}

impl Gathered {
    fn begin(position: Position, movement: Movement) -> Self {
        let ordinal = movement.document.ordinal;
        let seq = position.seq.saturating_sub(u64::from(ordinal.saturating_sub(1))).max(1);
        Self { first: Position { seq, ..position }, movements: BTreeMap::from([(ordinal, movement)]) }
    }

    /// Whether a movement is a later one of the same document.
    fn goes_on(&self, movement: &Movement) -> bool {
        self.movements.last_key_value().is_some_and(|(last, held)| {
            let (of, next) = (&held.document, &movement.document);
            (&of.source, &of.id, of.content, of.count) == (&next.source, &next.id, next.content, next.count)
                && *last < next.ordinal
        })
    }

    fn is_whole(&self) -> bool {
        self.movements.last_key_value().is_some_and(|(last, held)| *last >= held.document.count)
    }

    /// Whether every movement of it came.
    pub(super) fn is_all_there(&self) -> bool {
        u32::try_from(self.movements.len()).is_ok_and(|came| came >= self.count())
    }

    /// The seq its last movement has or had.
    pub(super) fn last(&self) -> Seq {
        self.first.seq.saturating_add(u64::from(self.count().saturating_sub(1)))
    }

    /// How many movements the document has.
    pub(super) fn count(&self) -> u32 {
        self.movements.first_key_value().map_or(1, |(_, movement)| movement.document.count)
    }
}

/// Gathers movements that come in the order of their seqs.
#[derive(Clone, Debug, Default)]
pub(super) struct Gatherer {
    open: Option<Gathered>,
}

impl Gatherer {
    /// Takes a movement; gives the documents that no later one belongs to.
    pub(super) fn take(&mut self, position: Position, movement: Movement) -> impl Iterator<Item = Gathered> + use<> {
        let mut done = None;
        match &mut self.open {
            Some(open) if open.goes_on(&movement) => {
                open.movements.insert(movement.document.ordinal, movement);
            }
            Some(_) | None => done = self.open.replace(Gathered::begin(position, movement)),
        }
        let whole = self.open.take_if(|open| open.is_whole());
        done.into_iter().chain(whole)
    }

    /// The document that was not seen to its end.
    pub(super) fn rest(&mut self) -> Option<Gathered> {
        self.open.take()
    }
}
