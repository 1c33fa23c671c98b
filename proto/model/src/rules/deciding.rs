//! One document being decided: the only place that makes movements and
//! changes stock.

mod finishing;

use crate::books::{Books, Change, DocumentEntry, ItemEffect, LineEffect, Reversal, Stock, SuspenseRow, Tally, Target};
use crate::document::{Body, Document, ParkedLine, SheetUse, Timing};
use crate::draft::Draft;
use crate::key::ContentDigest;
use crate::kind::{Basis, Kind, Marks, ParkReason};
use crate::movement::{DocumentRef, Movement, Parked};
use crate::outcome::{Stamp, Warning};
use crate::position::{Odometer, Position, Seq};
use crate::quantity::Quantity;
use crate::text::{Code, Reference, Sku};

use super::entry::{Done, Entry, Stand, Wish, overflow};
use super::identity;
use super::task::{AsCommitted, Place, Standing, Task};

/// Parts of a movement from here on belong to movements that a document had
/// not when it was committed.
const BEYOND: u32 = 1 << 20;

/// A document being decided.
pub(super) struct Deciding<'d, 'a, B> {
    pub(super) draft: &'d mut Draft<'a, B>,
    pub(super) document: &'d Document,
    pub(super) stamp: &'d Stamp,
    /// Why all of it is parked, with effect 0, if it is.
    parks: Option<ParkReason>,
    /// A void came before it: all effects 0.
    voided: bool,
    /// What is held of it in part: only what is missing takes effect.
    completes: Option<DocumentEntry>,
    /// How it was committed, if it is decided again.
    committed: Option<&'d AsCommitted>,
    /// The next part of what it had not when it was committed.
    beyond: u32,
    /// Movements it has before the first that is recorded.
    skipped: u32,
    /// Those that never came, by ordinal, ascending.
    absent: Vec<u32>,
    /// The line being decided, from 1; 0 for the document as a whole.
    pub(super) line: u32,
    content: ContentDigest,
    movements: Vec<Movement>,
    reversible: Vec<LineEffect>,
    warnings: Vec<Warning>,
}

impl<'d, 'a, B: Books> Deciding<'d, 'a, B> {
    pub(super) fn new(draft: &'d mut Draft<'a, B>, task: Task<'d>, standing: Standing) -> Self {
        let Standing { parks, voided, completes } = standing;
        let absent = match (&task.document.body, task.committed) {
            (Body::Late(late), _) => (1..=late.count).filter(|one| !late.movements.contains_key(one)).collect(),
            (_, committed) => committed.map(|committed| committed.absent.clone()).unwrap_or_default(),
        };
        let warnings = if voided { vec![Warning::VoidedBefore] } else { Vec::new() };
        Self {
            draft,
            document: task.document,
            stamp: task.stamp,
            parks,
            voided,
            completes,
            committed: task.committed,
            beyond: BEYOND,
            skipped: 0,
            absent,
            line: 0,
            content: task.content,
            movements: Vec::new(),
            reversible: Vec::new(),
            warnings,
        }
    }

    /// Whether all of it is parked, because its identity was used with other
    /// content or its parts can't be matched: whatever changes books beside
    /// the stock asks first.
    pub(super) const fn is_parked(&self) -> bool {
        self.parks.is_some()
    }

    /// Whether a void of it came before.
    pub(super) const fn is_voided(&self) -> bool {
        self.voided
    }

    /// Whether it is decided again, with items and units as committed.
    pub(super) const fn is_as_committed(&self) -> bool {
        self.committed.is_some()
    }

    /// Where it stands, if it was committed and stays there.
    fn place(&self) -> Option<Place> {
        self.committed.and_then(|committed| committed.place)
    }

    /// Those of its movements, by ordinal, that never came.
    pub(super) fn absent(&self) -> &[u32] {
        &self.absent
    }

    /// Whether it is a movement of which nothing is held: by ordinal.
    pub(super) fn is_wanted(&self, ordinal: u32) -> bool {
        self.completes.as_ref().is_none_or(|entry| entry.missing.contains(&ordinal))
    }

    /// Whether it is committed now, not told again.
    pub(super) fn is_committed_now(&self) -> bool {
        self.place().is_none()
    }

    /// Whether its movements are those of which some are held.
    pub(super) fn fits(&self, entry: &DocumentEntry) -> bool {
        let held = match &entry.reversal {
            Reversal::Lines { lines, .. } => lines.as_slice(),
            Reversal::Done | Reversal::Count | Reversal::Nothing => &[],
        };
        let alike = |(line, movement): (&LineEffect, &Movement)| match &line.target {
            Target::Item { sku, .. } => movement.sku.as_ref() == Some(sku),
            Target::Tally(tally) => movement.sku.as_ref() == Some(&tally.sku),
            Target::Suspense { code, .. } => movement.code.as_ref() == Some(code),
            Target::Nothing => true,
        };
        let skipped = usize::try_from(self.skipped).unwrap_or(usize::MAX);
        self.count() == entry.count && held.iter().skip(skipped).zip(&self.movements).all(alike)
    }

    /// How many movements the document has.
    fn count(&self) -> u32 {
        if let Body::Late(late) = &self.document.body {
            return late.count;
        }
        u32::try_from(self.movements.len().max(1)).unwrap_or(u32::MAX)
    }

    /// Seqs from where it stands to the next movement; told again, it stands
    /// where its first movement would.
    fn ahead(&self) -> u64 {
        let skipped = if self.place().is_some() { self.skipped } else { 0 };
        u64::try_from(self.movements.len()).unwrap_or(u64::MAX).saturating_add(skipped.into())
    }

    /// Records no movement before this ordinal.
    pub(super) fn begin_at(&mut self, ordinal: u32) {
        self.skipped = ordinal.saturating_sub(1);
    }

    /// The ordinal of the next movement.
    fn ordinal(&self) -> u32 {
        u32::try_from(self.movements.len()).unwrap_or(u32::MAX).saturating_add(self.skipped).saturating_add(1)
    }

    /// The position the document's first movement takes.
    pub(super) const fn first(&self) -> Position {
        self.stamp.next
    }

    pub(super) fn warn(&mut self, warning: Warning) {
        self.warnings.push(warning);
    }

    /// Follows the source's running number.
    pub(super) fn number(&mut self) -> Result<(), B::Error> {
        let Some(number) = self.document.sequence.filter(|_| self.parks.is_none()) else { return Ok(()) };
        let mut state = self.draft.sequence(&self.document.source)?.unwrap_or_default();
        self.warnings.extend(identity::follow_sequence(&mut state, number, self.document.timing));
        self.draft.apply(Change::Sequence(self.document.source.clone(), state));
        Ok(())
    }

    /// The position the next movement takes.
    fn next(&self) -> Position {
        let seq = self.stamp.next.seq.saturating_add(self.ahead());
        Position { epoch: self.stamp.next.epoch, seq: self.place().map_or(seq, |place| seq.min(place.last)) }
    }

    /// Whether an older epoch holds the next movement already.
    fn is_held(&self) -> bool {
        !self.is_wanted(self.ordinal())
    }

    /// An item's stock as this document sees it.
    pub(super) fn stock(&self, sku: &Sku) -> Result<Stock, B::Error> {
        Ok(self.draft.stock(sku)?.unwrap_or(Stock::FRESH))
    }

    /// Records a line that can't be understood.
    pub(super) fn park(&mut self, kind: Kind, line: ParkedLine) -> Result<(), B::Error> {
        self.record(Entry { parked: Some(line.into()), ..Entry::of(kind) })
    }

    /// Makes a movement of an entry and changes the books by its wish.
    pub(super) fn record(&mut self, mut entry: Entry) -> Result<(), B::Error> {
        let at = self.next();
        if self.is_held() {
            (entry.wish, entry.marks) = (Wish::Nothing, entry.marks.with(Marks::HELD));
        }
        let happened = entry.happened.unwrap_or(self.stamp.odometer);
        let done = self.carry_out(&entry, at.seq, happened)?;
        self.reversible.push(LineEffect { target: done.target.clone(), happened, trade: done.trade });
        let parked = entry.parked.or(done.parked);
        if let Some(parked) = &parked {
            let (line, reason) = (self.line, parked.reason);
            self.warnings.push(Warning::Parked { line, reason, detail: parked.detail.clone() });
        }
        let negative = done.on_hand_after.is_some_and(|after| after < Quantity::ZERO);
        if negative && done.effect < Quantity::ZERO {
            self.warnings.push(Warning::Negative { line: self.line });
        }
        let marks = entry.marks.with(self.document_marks()).with_if(negative, Marks::NEGATIVE);
        self.movements.push(Movement {
            kind: entry.kind,
            reason: entry.reason,
            disposition: entry.disposition,
            sku: entry.sku,
            code: entry.code,
            quantity: entry.quantity,
            units_per_scan: entry.units_per_scan,
            catalogue: self.draft.catalogue_version(),
            effect: done.effect,
            on_hand_after: done.on_hand_after,
            basis: done.basis,
            previous: done.previous,
            document: self.document_ref(),
            labels: self.document.labels.clone(),
            line: entry.line,
            about: entry.about,
            happened,
            committed: self.stamp.odometer,
            wall: self.document.wall,
            marks,
            parked,
            documents: entry.documents,
        });
        Ok(())
    }

    fn document_ref(&self) -> DocumentRef {
        DocumentRef {
            source: self.document.source.clone(),
            id: self.document.id.clone(),
            content: self.content,
            ordinal: self.ordinal(),
            count: 0,
        }
    }

    fn document_marks(&self) -> Marks {
        let of_body = match &self.document.body {
            Body::Trade { last, .. } => Marks::NONE.with_if(*last, Marks::FINAL),
            Body::Count(count) => Marks::NONE
                .with_if(count.last, Marks::FINAL)
                .with_if(count.full, Marks::FULL)
                .with_if(count.sells, Marks::SELLS)
                .with_if(count.sheet == SheetUse::Adds, Marks::ADDS)
                .with_if(count.sheet == SheetUse::Anew, Marks::ANEW),
            Body::Void { .. }
            | Body::DayClose { .. }
            | Body::Correction { .. }
            | Body::Resolve { .. }
            | Body::Restatement { .. }
            | Body::InstructionResult { .. }
            | Body::Unreadable(_) => Marks::NONE,
            Body::Late(_) => Marks::LATE,
        };
        let derived = self.document.labels.business_day.is_some() && !self.document.business_day_given;
        of_body
            .with_if(self.voided, Marks::VOIDED)
            .with_if(derived, Marks::DAY_DERIVED)
            .with_if(matches!(self.document.timing, Timing::Deferred { .. }), Marks::DEFERRED)
    }

    fn carry_out(&mut self, entry: &Entry, seq: Seq, happened: Odometer) -> Result<Done, B::Error> {
        if let Some(reason) = self.parks {
            let detail = if reason == ParkReason::PartialLine {
                "a part of this document is held already, and its parts can't be matched"
            } else {
                "the id was used before with other content; head office says whether this counts"
            };
            let parked = Parked { reason, detail: detail.to_owned(), raw: String::new() };
            return Ok(Done { parked: Some(parked), ..Done::NOTHING });
        }
        if entry.parked.is_some() {
            return Ok(Done::NOTHING);
        }
        match (&entry.wish, &entry.sku, &entry.code) {
            (Wish::Suspense { amount, trade, unsure }, None, Some(code)) => {
                let (amount, trade, unsure) = (*amount, *trade, *unsure);
                self.suspend(code, SuspenseRow { happened, seq, amount, trade, unsure })
            }
            (wish, Some(sku), _) => self.touch(sku, wish, seq),
            (
                Wish::Nothing
                | Wish::Tally { .. }
                | Wish::Effect { .. }
                | Wish::Counted { .. }
                | Wish::Becomes { .. }
                | Wish::Suspense { .. },
                None,
                _,
            ) => Ok(Done::NOTHING),
        }
    }

    fn suspend(&mut self, code: &Code, row: SuspenseRow) -> Result<Done, B::Error> {
        if self.voided {
            return Ok(Done::NOTHING);
        }
        let mut suspense = self.draft.suspense(code)?.unwrap_or_default();
        suspense.rows.push(row);
        self.draft.apply(Change::Suspense(code.clone(), suspense));
        let target = Target::Suspense { code: code.clone(), amount: row.amount, row: row.seq };
        Ok(Done { target, trade: row.trade, ..Done::NOTHING })
    }

    /// Changes an item's stock by a wish; what does not fit is parked.
    fn touch(&mut self, sku: &Sku, wish: &Wish, seq: Seq) -> Result<Done, B::Error> {
        let mut stock = self.stock(sku)?;
        let previous = stock.last;
        let before = stock.on_hand;
        let after = match wish {
            Wish::Nothing | Wish::Tally { .. } | Wish::Suspense { .. } => Some(before),
            Wish::Effect { .. } if self.voided => Some(before),
            Wish::Effect { now, .. } => before.checked_add(*now),
            Wish::Counted { now } => {
                stock.basis = Basis::Counted;
                before.checked_add(*now)
            }
            Wish::Becomes { on_hand, closed } => {
                stock.basis = Basis::Counted;
                stock.closed = Some(*closed);
                Some(*on_hand)
            }
        };
        let moved = after.and_then(|after| Some((after, after.checked_sub(before)?)));
        let Some((after, effect)) = moved else { return Ok(overflow()) };
        stock.on_hand = after;
        stock.last = seq;
        self.draft.apply(Change::Stock(sku.clone(), stock));
        let (target, trade) = self.stand(sku, wish, seq);
        Ok(Done { effect, on_hand_after: Some(after), basis: stock.basis, previous, parked: None, target, trade })
    }

    /// What a void of one scan of a count takes back.
    fn tally(&self, sku: &Sku, counted: Quantity, reference: &Reference) -> Target {
        let (sku, reference) = (sku.clone(), reference.clone());
        let (zone, counter) = (self.document.labels.zone.clone(), self.document.labels.counter.clone());
        Target::Tally(Box::new(Tally { sku, counted, reference, zone, counter }))
    }

    /// Writes what a wish leaves in the item's history.
    fn stand(&mut self, sku: &Sku, wish: &Wish, seq: Seq) -> (Target, bool) {
        if self.voided {
            return (Target::Nothing, false);
        }
        let (stands, trade) = match wish {
            Wish::Effect { stands, trade, .. } => (stands, trade),
            Wish::Tally { counted, reference } => return (self.tally(sku, *counted, reference), false),
            Wish::Nothing | Wish::Counted { .. } | Wish::Becomes { .. } | Wish::Suspense { .. } => {
                return (Target::Nothing, false);
            }
        };
        let is_beyond = self.place().is_some_and(|place| self.stamp.next.seq.saturating_add(self.ahead()) > place.last);
        let first = if is_beyond { self.beyond } else { 0 };
        if is_beyond {
            self.beyond = self.beyond.saturating_add(u32::try_from(stands.len()).unwrap_or(u32::MAX));
        }
        for (part, stand) in (first..).zip(stands) {
            let (Stand { happened, effect, unsure }, trade) = (*stand, *trade);
            let entry = ItemEffect { happened, seq, part, effect, trade, unsure };
            self.draft.apply(Change::Effect(sku.clone(), entry));
        }
        // Several stand only in a resolve, which no void reverses.
        let total = stands.iter().try_fold(Quantity::ZERO, |sum, stand| sum.checked_add(stand.effect));
        (total.map_or(Target::Nothing, |effect| Target::Item { sku: sku.clone(), effect }), *trade)
    }
}
