//! One epoch told again over what it began with: document by document, in
//! their order, as if the opening had been held from the start.

use std::collections::{BTreeMap, BTreeSet};

use crate::books::{Books, Change, CountState, DocumentEntry, Reversal, Stock, Suspense};
use crate::catalogue::Item;
use crate::draft::Draft;
use crate::kind::Basis;
use crate::memory::MemoryBooks;
use crate::movement::{About, Movement};
use crate::outcome::Status;
use crate::position::{Epoch, Odometer, Position, Seq};
use crate::quantity::Quantity;
use crate::rules::decide_task;
use crate::text::{Code, Reference, Sku};

use super::Opening;
use super::committed::Committed;
use super::gather::{Gathered, Gatherer};
use super::groundless::groundless;
use super::restating::is_of_opening;
use super::shift;
use super::to_count::{note_beside, note_to_count};

/// An epoch told again over its opening.
#[derive(Clone, Debug)]
pub struct Retelling {
    epoch: Epoch,
    pub(super) taken: Taking,
    gatherer: Gatherer,
    pub(super) books: MemoryBooks,
    /// Σ effect by item, over the opening's.
    pub(super) sums: BTreeMap<Sku, Quantity>,
    /// The seq of the last movement by item, in this epoch.
    pub(super) lasts: BTreeMap<Sku, Seq>,
    /// The seq of the last movement.
    pub(super) tail: Seq,
    /// The latest reading.
    pub(super) end: Odometer,
    /// A document was committed twice by a journal that held it: two lives of
    /// its disk spoke in this epoch.
    doubled: bool,
    /// The odometer went back: two lives of a disk spoke, and a reading of one
    /// says nothing of the other's.
    went_back: bool,
    /// What stands where the opening was taken was compared.
    compared: bool,
    /// What voids and learnt codes did to items on the word of movements that
    /// never came: these, once they come, are decided as if it had not been.
    groundless: BTreeMap<Sku, Quantity>,
    /// Items that are to be counted again and of which nobody was told so.
    pub(super) to_count: BTreeSet<Sku>,
    /// All of the opening was committed before this reading, if that is known.
    pub(super) older_until: Option<Odometer>,
}

/// When an epoch's box took the opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taking {
    /// There was nothing before it.
    First,
    /// With this seq as that of its last restatement: what stands above it
    /// was decided over the opening.
    At(Seq),
    /// The same, but not all up to that seq came: of what was decided over
    /// empty books and its restatements one may be there without the other.
    Unsettled(Seq),
    /// Never, or not yet: all of it was decided over empty books.
    Never,
    /// The same, and another box may have been in use with what is before it
    /// until it ended: nothing says what of the two happened first.
    Beside,
}

impl Taking {
    /// Whether what the telling shows beyond the movements was told to nobody,
    /// or may not have come.
    const fn says_less(self) -> bool {
        match self {
            Self::First | Self::At(_) => false,
            Self::Unsettled(_) | Self::Never | Self::Beside => true,
        }
    }

    /// Whether what was decided over empty books may have happened before what
    /// is in the opening.
    pub(super) const fn is_beside(self) -> bool {
        match self {
            Self::First | Self::At(_) | Self::Never => false,
            Self::Unsettled(_) | Self::Beside => true,
        }
    }
}

/// An item of which Σ effect is another than on-hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) sku: Sku,
    pub(super) sum: Quantity,
    pub(super) on_hand: Quantity,
}

impl Retelling {
    /// Nothing of the epoch is told yet.
    #[must_use]
    pub fn over(opening: Opening, epoch: Epoch, taken: Taking) -> Self {
        let Opening { books, sums: other } = opening;
        let to_count = other.keys().filter(|_| taken.says_less()).cloned().collect();
        let mut sums: BTreeMap<Sku, Quantity> =
            books.all_stock().map(|(sku, stock)| (sku.clone(), stock.on_hand)).collect();
        sums.extend(other);
        let (gatherer, end) = (Gatherer::default(), Odometer::BIRTH);
        let (lasts, groundless) = (BTreeMap::new(), BTreeMap::new());
        Self {
            epoch,
            taken,
            gatherer,
            books,
            sums,
            lasts,
            tail: 0,
            end,
            doubled: false,
            went_back: false,
            compared: false,
            groundless,
            to_count,
            older_until: None,
        }
    }

    /// The box that tells knows up to when anything in the opening was
    /// committed.
    #[must_use]
    pub const fn until(mut self, older_until: Option<Odometer>) -> Self {
        self.older_until = older_until;
        self
    }

    /// Tells what an item is that a code was learnt to be (or a part of it, if
    /// it is a kit). One that was not told is plain stock.
    pub fn learn(&mut self, item: Item) {
        self.books.learn_item(item);
    }

    /// What a code was learnt to be by this movement, if it tells that.
    #[must_use]
    pub fn learnt(movement: &Movement) -> Option<Sku> {
        match &movement.about {
            Some(About::Resolution(learnt)) => Some(learnt.sku.clone()),
            Some(About::Document { .. } | About::Position(_) | About::Instruction(_)) | None => None,
        }
    }

    /// The epoch.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Takes the next movement, as the ledger applied it. A movement that came
    /// when its epoch was closed already is not taken: it is offered to the
    /// box that holds the next one.
    pub fn take(&mut self, seq: Seq, movement: Movement) {
        self.pass(seq);
        if let (Some(sku), Some(_)) = (&movement.sku, movement.on_hand_after) {
            let sum = self.sums.entry(sku.clone()).or_default();
            *sum = sum.checked_add(movement.effect).unwrap_or(*sum);
            // A box restates what its own movements come to: if it is another
            // sum that it came to, some before it are of another life.
            let restates = is_of_opening(&movement, self.epoch);
            self.doubled |= restates && movement.on_hand_after != Some(*sum);
        }
        self.take_parked(seq, movement);
    }

    /// Takes the next movement, which the centre parked: it is held, and has
    /// no effect yet.
    pub fn take_parked(&mut self, seq: Seq, movement: Movement) {
        self.pass(seq);
        self.tail = self.tail.max(seq);
        self.went_back |= movement.committed < self.end;
        self.end = self.end.max(movement.committed);
        if let (Some(sku), Some(_)) = (&movement.sku, movement.on_hand_after) {
            let last = self.lasts.insert(sku.clone(), seq);
            // Another life of the disk moved it, of which this one knew nothing.
            if last.is_some_and(|last| movement.previous < last) {
                self.doubled = true;
                self.to_count.insert(sku.clone());
            }
        }
        let position = Position { epoch: self.epoch, seq };
        for gathered in self.gatherer.take(position, movement) {
            self.tell(&gathered);
        }
    }

    /// The document that was not seen to its end is told too.
    pub(super) fn finish(&mut self) {
        if let Some(gathered) = self.gatherer.rest() {
            self.tell(&gathered);
        }
        if matches!(self.taken, Taking::At(_)) {
            self.compare();
        }
        if self.taken.is_beside() {
            self.doubt_sheets();
            self.doubt_rows();
        }
    }

    /// Where the opening was taken lies before this seq, perhaps.
    fn pass(&mut self, seq: Seq) {
        if matches!(self.taken, Taking::At(taken) if taken < seq) {
            self.compare();
        }
    }

    /// Where a box takes its opening, on-hand is what its movements come to and
    /// Σ effect, as it restates the difference. If it is not, its restatements
    /// are not there: at their places stands what another life of its disk
    /// wrote.
    fn compare(&mut self) {
        if std::mem::replace(&mut self.compared, true) {
            return;
        }
        if let Some(gathered) = self.gatherer.rest() {
            self.tell(&gathered);
        }
        self.doubled |= !self.differences().is_empty();
    }

    fn tell(&mut self, gathered: &Gathered) {
        let closes_epoch = gathered.movements.values().any(|movement| is_of_opening(movement, self.epoch));
        if closes_epoch {
            return self.hold(gathered);
        }
        let settled = match self.taken {
            Taking::First => true,
            Taking::At(seq) | Taking::Unsettled(seq) => gathered.first.seq > seq,
            Taking::Never | Taking::Beside => false,
        };
        let Some(committed) = Committed::of(gathered, settled) else { return };
        let mut draft = Draft::over(&self.books);
        let Ok(outcome) = decide_task(&mut draft, committed.task());
        self.doubled |= settled && outcome.status == Status::Duplicate;
        let changes: Vec<Change> = draft.into_changes().collect();
        self.books.commit(changes);
        if self.taken.says_less() {
            note_to_count(&mut self.to_count, gathered, &outcome);
        }
        if !settled {
            if self.taken.is_beside() {
                note_beside(&mut self.to_count, &self.books, &outcome);
            }
            return;
        }
        self.trust_basis(gathered);
        for (sku, effect) in groundless(gathered, &outcome) {
            let sum = self.groundless.entry(sku).or_default();
            *sum = sum.checked_add(effect).unwrap_or(*sum);
        }
    }

    /// Restatements of the opening change no books but that they are held. It is
    /// taken once: where two lives of a disk took it, each restated.
    fn hold(&mut self, gathered: &Gathered) {
        let Some((_, one)) = gathered.movements.first_key_value() else { return };
        let key = one.document.key();
        let Ok(record) = self.books.document(key);
        let mut record = record.unwrap_or_default();
        let (content, count) = (one.document.content, one.document.count);
        let entry =
            DocumentEntry { content, first: gathered.first, count, missing: Vec::new(), reversal: Reversal::Nothing };
        if !record.entries.contains(&entry) {
            self.doubled |= !record.entries.is_empty();
            record.entries.push(entry);
        }
        self.books.commit([Change::Document(key, record)]);
    }

    /// That an item was counted is known even if the count never came.
    fn trust_basis(&mut self, gathered: &Gathered) {
        let counted = gathered.movements.values().filter(|movement| movement.basis == Basis::Counted);
        for sku in counted.filter_map(|movement| movement.sku.as_ref()) {
            let Ok(stock) = self.books.stock(sku);
            if let Some(stock) = stock.filter(|stock| stock.basis == Basis::None) {
                let stock = Stock { basis: Basis::Counted, ..stock };
                self.books.commit([Change::Stock(sku.clone(), stock)]);
            }
        }
    }

    /// What the next epoch begins with, at the centre. On-hand is the
    /// ledger's Σ effect, which the box alone decides. Only of an epoch that
    /// never took its opening it is what the retelling comes to, and what had
    /// no ground is left out of it; the next one will restate the difference.
    #[must_use]
    pub fn into_opening(mut self) -> Opening {
        self.finish();
        let is_ledgers = match self.taken {
            Taking::First | Taking::At(_) => !self.doubled,
            Taking::Never | Taking::Beside | Taking::Unsettled(_) => false,
        };
        let mut sums = if is_ledgers {
            self.stand_on_sums();
            self.without_groundless()
        } else {
            self.differences().into_iter().map(|difference| (difference.sku, difference.sum)).collect()
        };
        if self.doubled || self.went_back {
            self.doubt_sheets();
        }
        // Each is restated, by nothing if it does not differ.
        for sku in std::mem::take(&mut self.to_count) {
            let sum = self.sums.get(&sku).copied().unwrap_or_default();
            sums.entry(sku).or_insert(sum);
        }
        Opening { books: shift::to_next_epoch(self.books, self.end), sums }
    }

    /// Whether something happened before or after what is on a sheet can't be
    /// told by readings of two lives of a disk: a count that closes over it
    /// says so.
    fn doubt_sheets(&mut self) {
        let doubted = |(reference, state): (&Reference, &CountState)| {
            let mut state = state.clone();
            let items = state.sheets.iter_mut().flat_map(|sheet| sheet.items.values_mut());
            items.for_each(|item| item.unsure = true);
            Change::Count(reference.clone(), state)
        };
        let changes: Vec<Change> = self.books.all_counts().map(doubted).collect();
        self.books.commit(changes);
    }

    /// The same of what waits under a code that nobody knew yet.
    fn doubt_rows(&mut self) {
        let doubted = |(code, suspense): (&Code, &Suspense)| {
            let mut suspense = suspense.clone();
            let own = suspense.rows.iter_mut().filter(|row| row.happened >= Odometer::BIRTH);
            own.for_each(|row| row.unsure = true);
            Change::Suspense(code.clone(), suspense)
        };
        let changes: Vec<Change> = self.books.all_suspense().map(doubted).collect();
        self.books.commit(changes);
    }

    /// Makes each item's on-hand Σ effect.
    pub(super) fn stand_on_sums(&mut self) {
        let changes: Vec<Change> = self
            .items()
            .into_iter()
            .map(|(sku, stock, on_hand)| Change::Stock(sku, Stock { on_hand, ..stock }))
            .collect();
        self.books.commit(changes);
    }

    /// Takes what had no ground out of on-hand; Σ effect where it is another
    /// then.
    fn without_groundless(&mut self) -> BTreeMap<Sku, Quantity> {
        let mut sums = BTreeMap::new();
        for (sku, effect) in std::mem::take(&mut self.groundless) {
            let Ok(stock) = self.books.stock(&sku);
            let (sum, stock) = (self.sums.get(&sku).copied().unwrap_or_default(), stock.unwrap_or(Stock::FRESH));
            let without = sum.checked_sub(effect).filter(|on_hand| *on_hand != sum);
            if let Some(on_hand) = without {
                self.books.commit([Change::Stock(sku.clone(), Stock { on_hand, ..stock })]);
                sums.insert(sku, sum);
            }
        }
        sums
    }

    /// The items of which Σ effect is another than on-hand.
    pub(super) fn differences(&self) -> Vec<Difference> {
        let differs = |(sku, stock, sum): (Sku, Stock, Quantity)| {
            (sum != stock.on_hand).then_some(Difference { sku, sum, on_hand: stock.on_hand })
        };
        self.items().into_iter().filter_map(differs).collect()
    }

    /// Every item with its stock and Σ effect.
    fn items(&self) -> Vec<(Sku, Stock, Quantity)> {
        let skus: BTreeSet<&Sku> = self.books.all_stock().map(|(sku, _)| sku).chain(self.sums.keys()).collect();
        let item = |sku: &Sku| {
            let Ok(stock) = self.books.stock(sku);
            (sku.clone(), stock.unwrap_or(Stock::FRESH), self.sums.get(sku).copied().unwrap_or_default())
        };
        skus.into_iter().map(item).collect()
    }
}
