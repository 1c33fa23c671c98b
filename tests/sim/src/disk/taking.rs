//! What an epoch begins with: taking an opening, and beginning a new epoch
//! after a fork.

use tidemark_model::opening::{Opening, Replays, Retelling, Taking, differing, replay};
use tidemark_model::{Books, Draft, Epoch, EpochOrdinal, Item, Lookup, MemoryBooks, Odometer, Position, Seq, Stamp};
use tidemark_sync::message::OpeningTaken;

use super::{Disk, Writing};
use crate::people::ITEMS;

/// An opening that can be fetched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ToldOpening {
    pub(crate) ordinal: EpochOrdinal,
    /// All that is in it was committed before this reading, if that is known.
    pub(crate) older_until: Option<Odometer>,
}

/// What a box takes over with its opening.
#[derive(Debug)]
pub(super) struct TakenOver {
    taken: OpeningTaken,
    books: MemoryBooks,
    given: Opening,
}

impl Disk {
    /// The journal of a new box of the same shop.
    pub(crate) fn successor(&self, epoch: Epoch) -> Self {
        Self::blank(self.store.clone(), epoch, self.catalogue.clone())
    }

    /// Tells all that was committed again over the opening.
    pub(crate) fn tell_anew(&self, told: ToldOpening, given: Opening, stamp: (Odometer, Odometer)) -> Writing {
        let ToldOpening { ordinal, older_until } = told;
        let first = self.kept.first().map(|kept| kept.movement.committed);
        let taken = if self.forked {
            // The other life of the disk may be in use until it hears of this one.
            Taking::Beside
        } else {
            Taking::after(first, stamp.1, older_until)
        };
        let mut retelling = Retelling::over(given.clone(), self.epoch, taken).until(older_until);
        self.items().into_iter().for_each(|item| retelling.learn(item));
        for (seq, kept) in (1..).zip(&self.kept) {
            retelling.take(seq, kept.movement.clone());
        }
        let stamp = self.stamp(self.tail() + 1, stamp);
        let taken = retelling.into_taken(&stamp);
        let mut books = self.catalogue.clone();
        books.commit(taken.books.into_changes());
        let movements = (stamp.next.seq..).zip(taken.movements);
        let kept = movements.map(|(seq, movement)| self.encoded(movement, seq)).collect();
        let opening = TakenOver { taken: OpeningTaken { ordinal, seq: taken.seq }, books, given };
        let (decided, changes, odometer) = (Vec::new(), Vec::new(), stamp.odometer);
        Writing { decided, changes, kept, odometer, opening: Some(Box::new(opening)) }
    }

    pub(super) fn take_over(&mut self, opening: TakenOver) {
        (self.taken, self.given, self.books) = (Some(opening.taken), Some(opening.given), opening.books);
    }

    fn stamp(&self, seq: Seq, (odometer, boot): (Odometer, Odometer)) -> Stamp {
        let next = Position { epoch: self.epoch, seq };
        Stamp { next, odometer, arrived: odometer, boot, wall: tidemark_model::WallTime(0) }
    }

    /// What the shop was taught of its items.
    pub(crate) fn items(&self) -> Vec<Item> {
        let item = |name: &&str| {
            let Ok(lookup) = self.catalogue.lookup(name);
            match lookup {
                Lookup::Sku(item) => Some(item),
                Lookup::Code { .. } | Lookup::Unknown => None,
            }
        };
        ITEMS.iter().chain(&["bag", "hamper"]).filter_map(item).collect()
    }

    /// The disk in a new epoch, after another life of it was found out: with
    /// the documents of which the centre does not hold every movement.
    pub(crate) fn forked(&self, epoch: Epoch, centre: &[(Seq, u64)]) -> Self {
        let mut next = self.successor(epoch);
        (next.session, next.forked) = (self.session, true);
        let own = || (1..).zip(&self.kept).filter(|(seq, _)| *seq >= self.trimmed_below);
        let differing = differing(own().map(|(seq, kept)| (seq, kept.digest)), centre);
        let mut replays = Replays::of(self.epoch, differing, epoch);
        let mut all: Vec<_> = own().flat_map(|(seq, kept)| replays.take(seq, kept.movement.clone())).collect();
        all.extend(replays.rest());
        for one in &all {
            // Each on its own millisecond, as a mark stands.
            let odometer = Odometer(next.odometer.0 + 1);
            let stamp = next.stamp(next.tail() + 1, (odometer, Odometer::BIRTH));
            let mut draft = Draft::over(&next.books);
            let Ok(outcome) = replay(&mut draft, one, &stamp);
            let changes: Vec<_> = draft.into_changes().collect();
            next.books.commit(changes);
            let movements = (stamp.next.seq..).zip(outcome.movements);
            let kept: Vec<_> = movements.map(|(seq, movement)| next.encoded(movement, seq)).collect();
            next.kept.extend(kept);
            next.odometer = odometer;
        }
        next
    }
}
