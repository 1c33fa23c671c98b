//! A document as its movements tell it: what is needed to decide it again,
//! with items and units as they were committed.

use crate::document::{
    Body, CountBody, CountReason, Document, LateBody, Line, ParkedLine, SheetUse, SkuChange, TakenLine, Timing,
    TradeKind, Unit,
};
use crate::key::ContentDigest;
use crate::kind::{Kind, Marks, ParkReason};
use crate::movement::{About, Labels, Movement};
use crate::outcome::Stamp;
use crate::quantity::Quantity;
use crate::rules::{AsCommitted, Place, Task};
use crate::text::Sku;

use super::gather::Gathered;

/// A committed document.
#[derive(Clone, Debug)]
pub(super) struct Committed {
    pub(super) document: Document,
    pub(super) content: ContentDigest,
    pub(super) stamp: Stamp,
    pub(super) how: AsCommitted,
}

impl Committed {
    /// What the movements say of their document; none if there are none.
    /// `settled`: it was decided over the books it is told over.
    pub(super) fn of(gathered: &Gathered, settled: bool) -> Option<Self> {
        let (_, one) = gathered.movements.first_key_value()?;
        let how = AsCommitted {
            place: Some(Place { count: one.document.count, last: gathered.last() }),
            absent: absent_of(gathered, one),
            voided: settled && one.marks.has(Marks::VOIDED),
        };
        let identity = (one.document.source.clone(), one.document.id.clone());
        let plain = Document::plain(identity, one.wall, body_of(gathered, one));
        let document = Document { labels: labels_of(one), timing: timing_of(one), ..plain };
        // Ages are told from the commit, and reach back to any reading but
        // where they did not when it was committed.
        let unsure = gathered.movements.values().filter(|movement| is_unsure(movement));
        let boot = unsure.map(|movement| movement.happened).filter(|at| *at < one.committed).max();
        let (odometer, arrived, boot) = (one.committed, one.committed, boot.unwrap_or_default());
        let stamp = Stamp { next: gathered.first, odometer, arrived, boot, wall: one.wall };
        Some(Self { document, content: one.document.content, stamp, how })
    }

    pub(super) const fn task(&self) -> Task<'_> {
        Task { document: &self.document, content: self.content, stamp: &self.stamp, committed: Some(&self.how) }
    }
}

/// Those of its movements that never came and may come yet. What a learnt code
/// does follows from the rows that wait under it, and all of these leave the
/// suspense with it: no part of it is missing.
fn absent_of(gathered: &Gathered, one: &Movement) -> Vec<u32> {
    if one.kind == Kind::Resolve {
        return Vec::new();
    }
    (1..=one.document.count).filter(|ordinal| !gathered.movements.contains_key(ordinal)).collect()
}

/// When it happened. Lines of trade and counts say it each for itself.
fn timing_of(one: &Movement) -> Timing {
    let is_count = matches!(one.kind, Kind::Count | Kind::Tally);
    match TradeKind::of(one.kind) {
        _ if one.marks.has(Marks::LATE) => Timing::Live,
        Some(_) if is_live(one) => Timing::Live,
        Some(_) => Timing::Deferred { age_ms: None },
        None if is_count => Timing::Deferred { age_ms: None },
        None if one.happened == one.committed => Timing::Live,
        None => Timing::At(one.happened),
    }
}

/// Whether its reading could not be told exactly, on a sheet or of its own.
fn is_unsure(movement: &Movement) -> bool {
    movement.kind == Kind::Tally && movement.marks.has(Marks::UNORDERED) || movement.marks.has(Marks::UNSURE)
}

/// A sheet that came too late belongs to no count.
fn is_too_late(one: &Movement) -> bool {
    one.parked.as_ref().is_some_and(|parked| parked.reason == ParkReason::CountClosed)
}

fn labels_of(one: &Movement) -> Labels {
    let reference = one.labels.reference.clone().filter(|_| !is_too_late(one));
    Labels { reference, ..one.labels.clone() }
}

/// Whether it is of a document that is never judged by time.
fn is_live(movement: &Movement) -> bool {
    movement.happened == movement.committed && !movement.marks.has(Marks::DEFERRED)
}

fn body_of(gathered: &Gathered, one: &Movement) -> Body {
    if one.marks.has(Marks::LATE) {
        let (document, movements) = (&one.document, gathered.movements.clone());
        let (content, count) = (document.content, document.count);
        return Body::Late(LateBody { content, count, movements, between: false });
    }
    if let Some(kind) = TradeKind::of(one.kind) {
        let lines = (1..=one.document.count).map(|ordinal| line_of(gathered.movements.get(&ordinal)));
        return Body::Trade { kind, last: one.marks.has(Marks::FINAL), lines: lines.collect() };
    }
    let changes = || {
        let change = |movement: &Movement| Some(SkuChange { sku: movement.sku.clone()?, change: movement.quantity });
        gathered.movements.values().filter_map(change).collect::<Vec<_>>()
    };
    match (one.kind, &one.about) {
        (Kind::Count | Kind::Tally, _) => Body::Count(count_of(gathered, one)),
        (Kind::Void, Some(About::Document { source, id })) => Body::Void { source: source.clone(), id: id.clone() },
        (Kind::Correction, Some(about)) => Body::Correction { about: about.clone(), lines: changes() },
        (Kind::Restatement, Some(about)) => Body::Restatement { about: about.clone(), lines: changes() },
        (Kind::Resolve, Some(About::Resolution(learnt))) => match &one.code {
            Some(code) => {
                let (sku, units_per_scan) = (learnt.sku.clone(), learnt.units_per_scan);
                Body::Resolve { code: code.clone(), sku, units_per_scan }
            }
            None => nothing(),
        },
        _without_effect => nothing(),
    }
}

/// A document that changes no books but that it is held.
fn nothing() -> Body {
    Body::Unreadable(no_line())
}

fn no_line() -> ParkedLine {
    ParkedLine { reason: ParkReason::PartialLine, detail: String::new(), raw: String::new() }
}

/// A line of trade: what moves one SKU, or what a code was given by.
fn line_of(movement: Option<&Movement>) -> Line {
    movement.and_then(taken).map_or_else(|| Line::Parked(no_line()), Line::Taken)
}

fn taken(movement: &Movement) -> Option<TakenLine> {
    // What did not fit then may fit over other books.
    if is_unfit(movement) || movement.marks.has(Marks::UNTRACKED) {
        return None;
    }
    let aged = !is_live(movement) && !movement.marks.has(Marks::AGELESS);
    let plain = match (&movement.sku, &movement.code) {
        (Some(sku), _) => TakenLine { unit: Unit::Sku, ..TakenLine::plain(sku.clone(), in_base(movement)?) },
        (None, Some(code)) => {
            let unit = if movement.marks.has(Marks::BASE) { Unit::Base } else { Unit::AsGiven };
            TakenLine { unit, ..TakenLine::plain(Sku::new(code.as_str()).ok()?, movement.quantity) }
        }
        (None, None) => return None,
    };
    Some(TakenLine {
        kind: TradeKind::of(movement.kind),
        disposition: movement.disposition,
        age_ms: age_told(movement).filter(|_| aged),
        ..plain
    })
}

/// Whether a movement was parked for what it says: what was parked for what
/// the books said may take effect over others.
fn is_unfit(movement: &Movement) -> bool {
    let of_books = [ParkReason::Overflow, ParkReason::IdReused, ParkReason::PartialLine];
    movement.parked.as_ref().is_some_and(|parked| !of_books.contains(&parked.reason))
}

/// What was given, in base units.
fn in_base(movement: &Movement) -> Option<Quantity> {
    movement.quantity.scale(movement.units_per_scan).ok()
}

/// How long before its commit it happened.
const fn age(movement: &Movement) -> u64 {
    movement.committed.0.saturating_sub(movement.happened.0)
}

/// The age of a line as it is told again. One that reached behind the boot is
/// not kept: it is as old as can be.
fn age_told(movement: &Movement) -> Option<u64> {
    match age(movement) {
        0 if is_unsure(movement) => None,
        _ if is_unsure(movement) => Some(u64::MAX),
        age => Some(age),
    }
}

const fn sheet_use(one: &Movement) -> SheetUse {
    if one.marks.has(Marks::ANEW) {
        SheetUse::Anew
    } else if one.marks.has(Marks::ADDS) {
        SheetUse::Adds
    } else {
        SheetUse::Whole
    }
}

/// A count: its lines, or without a name what it made of each item.
fn count_of(gathered: &Gathered, one: &Movement) -> CountBody {
    let is_named = one.labels.reference.is_some();
    let line = |movement: &Movement| {
        let is_made = movement.kind == Kind::Count && movement.sku.is_some() && !movement.marks.has(Marks::UNTRACKED);
        let is_line = movement.sku.is_some() || movement.code.is_some() || is_unfit(movement);
        // What a full count, or a named one, makes of its items follows.
        if !is_line || is_made && (is_named || movement.marks.has(Marks::UNSEEN)) {
            return None;
        }
        let counted = taken(movement).filter(|_| movement.sku.is_some());
        let age_ms = age_told(movement);
        let line = counted.map(|taken| TakenLine { kind: None, age_ms, ..taken });
        Some(line.map_or_else(|| Line::Parked(no_line()), Line::Taken))
    };
    CountBody {
        reason: CountReason::Count,
        full: one.marks.has(Marks::FULL) && !is_too_late(one),
        last: one.marks.has(Marks::FINAL),
        sells: one.marks.has(Marks::SELLS),
        sheet: sheet_use(one),
        lines: gathered.movements.values().filter_map(line).collect(),
    }
}
