//! One document being decided: the only place that makes movements and
//! changes stock.

use crate::books::{
    Books, Change, ClosedCount, DocumentEntry, DocumentRecord, ItemEffect, LineEffect, Reversal, Stock, Suspended,
    SuspenseRow, Target,
};
use crate::content::content_digest;
use crate::document::{Body, Document, ParkedLine, Timing};
use crate::draft::Draft;
use crate::key::{ContentDigest, DocumentKey};
use crate::kind::{Basis, Disposition, Kind, Marks, ParkReason};
use crate::limits::CONTENTS_PER_IDENTITY;
use crate::movement::{About, DocumentRef, LineLabels, Movement, Parked};
use crate::outcome::{Outcome, Stamp, Status, Warning};
use crate::position::{Odometer, Position, Seq};
use crate::quantity::Quantity;
use crate::text::{Code, Label, Sku};

use super::identity;

/// A document being decided.
pub(super) struct Deciding<'d, 'a, B> {
    pub(super) draft: &'d mut Draft<'a, B>,
    pub(super) document: &'d Document,
    pub(super) stamp: &'d Stamp,
    /// The identity was used with other content: all effects 0, parked.
    reused: bool,
    /// A void came before it: all effects 0.
    voided: bool,
    /// The line being decided, from 1; 0 for the document as a whole.
    pub(super) line: u32,
    content: ContentDigest,
    movements: Vec<Movement>,
    reversible: Vec<LineEffect>,
    warnings: Vec<Warning>,
}

/// One movement to be: what the rules say of it, before stock is touched.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) sku: Option<Sku>,
    pub(super) code: Option<Code>,
    pub(super) quantity: Quantity,
    pub(super) units_per_scan: Quantity,
    pub(super) reason: Option<Label>,
    pub(super) disposition: Option<Disposition>,
    pub(super) line: LineLabels,
    pub(super) about: Option<About>,
    pub(super) happened: Option<Odometer>,
    pub(super) marks: Marks,
    pub(super) parked: Option<Parked>,
    pub(super) wish: Wish,
}

/// What a movement is to change.
#[derive(Clone)]
pub(super) enum Wish {
    /// Nothing.
    Nothing,
    /// The SKU's on-hand by `now`; `stands` is what stands in the item's
    /// history, by when it happened.
    Effect { now: Quantity, stands: Vec<(Odometer, Quantity)>, trade: bool },
    /// The SKU's on-hand becomes this, as counted.
    Becomes { on_hand: Quantity, closed: ClosedCount },
    /// The code's suspense by so much.
    Suspense { amount: Suspended, trade: bool },
}

impl Entry {
    /// A movement of a kind that changes nothing.
    pub(super) const fn of(kind: Kind) -> Self {
        Self {
            kind,
            sku: None,
            code: None,
            quantity: Quantity::ZERO,
            units_per_scan: Quantity::ONE,
            reason: None,
            disposition: None,
            line: LineLabels { lot: None, expiry: None, serial: None },
            about: None,
            happened: None,
            marks: Marks::NONE,
            parked: None,
            wish: Wish::Nothing,
        }
    }
}

/// What a movement did, after stock was touched.
struct Done {
    effect: Quantity,
    on_hand_after: Option<Quantity>,
    basis: Basis,
    previous: Seq,
    parked: Option<Parked>,
    target: Target,
    trade: bool,
}

impl Done {
    const NOTHING: Self = Self {
        effect: Quantity::ZERO,
        on_hand_after: None,
        basis: Basis::None,
        previous: 0,
        parked: None,
        target: Target::Nothing,
        trade: false,
    };
}

impl<'d, 'a, B: Books> Deciding<'d, 'a, B> {
    pub(super) fn new(
        draft: &'d mut Draft<'a, B>,
        document: &'d Document,
        stamp: &'d Stamp,
        reused: bool,
        voided: bool,
    ) -> Self {
        let content = content_digest(document);
        let warnings = if voided { vec![Warning::VoidedBefore] } else { Vec::new() };
        Self {
            draft,
            document,
            stamp,
            reused,
            voided,
            line: 0,
            content,
            movements: Vec::new(),
            reversible: Vec::new(),
            warnings,
        }
    }

    /// Whether the identity was used with other content: whatever changes
    /// books beside the stock asks first.
    pub(super) const fn is_reused(&self) -> bool {
        self.reused
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
        let Some(number) = self.document.sequence.filter(|_| !self.reused) else { return Ok(()) };
        let mut state = self.draft.sequence(&self.document.source)?.unwrap_or_default();
        self.warnings.extend(identity::follow_sequence(&mut state, number, self.document.timing));
        self.draft.apply(Change::Sequence(self.document.source.clone(), state));
        Ok(())
    }

    /// The position the next movement takes.
    fn next(&self) -> Position {
        let done = u64::try_from(self.movements.len()).unwrap_or(u64::MAX);
        Position { epoch: self.stamp.next.epoch, seq: self.stamp.next.seq.saturating_add(done) }
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
    pub(super) fn record(&mut self, entry: Entry) -> Result<(), B::Error> {
        let at = self.next();
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
        });
        Ok(())
    }

    fn document_ref(&self) -> DocumentRef {
        DocumentRef {
            source: self.document.source.clone(),
            id: self.document.id.clone(),
            content: self.content,
            ordinal: u32::try_from(self.movements.len() + 1).unwrap_or(u32::MAX),
            count: 0,
        }
    }

    fn document_marks(&self) -> Marks {
        let last = match &self.document.body {
            Body::Trade { last, .. } => *last,
            Body::Count(count) => count.last,
            Body::Void { .. }
            | Body::DayClose { .. }
            | Body::Correction { .. }
            | Body::Resolve { .. }
            | Body::Restatement { .. }
            | Body::InstructionResult { .. }
            | Body::Unreadable(_) => false,
        };
        let derived = self.document.labels.business_day.is_some() && !self.document.business_day_given;
        Marks::NONE
            .with_if(self.voided, Marks::VOIDED)
            .with_if(last, Marks::FINAL)
            .with_if(derived, Marks::DAY_DERIVED)
            .with_if(matches!(self.document.timing, Timing::Deferred { .. }), Marks::DEFERRED)
    }

    fn carry_out(&mut self, entry: &Entry, seq: Seq, happened: Odometer) -> Result<Done, B::Error> {
        if self.reused {
            let detail = "the id was used before with other content; head office says whether this counts";
            let parked = Parked { reason: ParkReason::IdReused, detail: detail.to_owned(), raw: String::new() };
            return Ok(Done { parked: Some(parked), ..Done::NOTHING });
        }
        if entry.parked.is_some() {
            return Ok(Done::NOTHING);
        }
        match (&entry.wish, &entry.sku, &entry.code) {
            (Wish::Suspense { amount, trade }, None, Some(code)) => {
                self.suspend(code, SuspenseRow { happened, seq, amount: *amount, trade: *trade })
            }
            (wish, Some(sku), _) => self.touch(sku, wish, seq),
            (Wish::Nothing | Wish::Effect { .. } | Wish::Becomes { .. } | Wish::Suspense { .. }, None, _) => {
                Ok(Done::NOTHING)
            }
        }
    }

    fn suspend(&mut self, code: &Code, row: SuspenseRow) -> Result<Done, B::Error> {
        if self.voided {
            return Ok(Done::NOTHING);
        }
        let mut suspense = self.draft.suspense(code)?.unwrap_or_default();
        suspense.rows.push(row);
        self.draft.apply(Change::Suspense(code.clone(), suspense));
        let target = Target::Suspense { code: code.clone(), amount: row.amount };
        Ok(Done { target, trade: row.trade, ..Done::NOTHING })
    }

    /// Changes an item's stock by a wish; what does not fit is parked.
    fn touch(&mut self, sku: &Sku, wish: &Wish, seq: Seq) -> Result<Done, B::Error> {
        let mut stock = self.stock(sku)?;
        let previous = stock.last;
        let before = stock.on_hand;
        let after = match wish {
            Wish::Nothing | Wish::Suspense { .. } => Some(before),
            Wish::Effect { .. } if self.voided => Some(before),
            Wish::Effect { now, .. } => before.checked_add(*now),
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

    /// Writes what a wish leaves in the item's history.
    fn stand(&mut self, sku: &Sku, wish: &Wish, seq: Seq) -> (Target, bool) {
        let Wish::Effect { stands, trade, .. } = wish else { return (Target::Nothing, false) };
        if self.voided {
            return (Target::Nothing, false);
        }
        for (part, (happened, effect)) in (0..).zip(stands) {
            let entry = ItemEffect { happened: *happened, seq, part, effect: *effect, trade: *trade };
            self.draft.apply(Change::Effect(sku.clone(), entry));
        }
        // Several stand only in a resolve, which no void reverses.
        let total = stands.iter().try_fold(Quantity::ZERO, |sum, (_, effect)| sum.checked_add(*effect));
        (total.map_or(Target::Nothing, |effect| Target::Item { sku: sku.clone(), effect }), *trade)
    }

    /// Closes the document: its identity is held from now on.
    pub(super) fn finish(mut self, mut record: DocumentRecord) -> Result<Outcome, B::Error> {
        if self.movements.is_empty() {
            // A document without effect still takes a position: it is held,
            // sent and handled like any other.
            self.line = 0;
            self.record(Entry::of(kind_of(&self.document.body)))?;
        }
        let lines = u32::try_from(self.movements.len()).unwrap_or(u32::MAX);
        self.movements.iter_mut().for_each(|movement| movement.document.count = lines);
        let reversal = self.reversal();
        if record.entries.len() < CONTENTS_PER_IDENTITY {
            let content = self.content;
            record.entries.push(DocumentEntry { content, first: self.stamp.next, count: lines, reversal });
        }
        let key = DocumentKey::of(&self.document.source, &self.document.id);
        self.draft.apply(Change::Document(key, record));
        Ok(Outcome {
            status: Status::Accepted,
            first: self.stamp.next,
            lines,
            warnings: self.warnings,
            movements: self.movements,
        })
    }

    fn reversal(&mut self) -> Reversal {
        if self.reused {
            return Reversal::Nothing;
        }
        match &self.document.body {
            Body::Trade { .. } if self.voided => Reversal::Done,
            Body::Trade { .. } => {
                Reversal::Lines { committed: self.stamp.odometer, lines: std::mem::take(&mut self.reversible) }
            }
            Body::Count(_) => Reversal::Count,
            Body::Void { .. }
            | Body::DayClose { .. }
            | Body::Correction { .. }
            | Body::Resolve { .. }
            | Body::Restatement { .. }
            | Body::InstructionResult { .. }
            | Body::Unreadable(_) => Reversal::Nothing,
        }
    }
}

fn overflow() -> Done {
    let parked = Parked {
        reason: ParkReason::Overflow,
        detail: "on-hand would leave the range of 64 bits; look for a mistyped quantity".to_owned(),
        raw: String::new(),
    };
    Done { parked: Some(parked), ..Done::NOTHING }
}

fn kind_of(body: &Body) -> Kind {
    match body {
        Body::Trade { kind, .. } => kind.kind(),
        Body::Count(_) => Kind::Count,
        Body::Void { .. } => Kind::Void,
        Body::DayClose { .. } => Kind::DayClose,
        Body::Correction { .. } => Kind::Correction,
        Body::Resolve { .. } => Kind::Resolve,
        Body::Restatement { .. } => Kind::Restatement,
        Body::InstructionResult { .. } => Kind::InstructionResult,
        Body::Unreadable(_) => Kind::Unknown,
    }
}
