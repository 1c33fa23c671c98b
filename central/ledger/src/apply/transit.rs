//! What a batch says of goods between stores, and of codes that nobody knew:
//! facts, each kept by its position, so that what they come to does not depend
//! on the order in which they arrive.
//!
//! - A transfer's line adds to the transit of its reference if goods went out,
//!   and takes from it if they came in; either side may be first.
//! - A void takes all of its document's lines out again.
//! - A line under an unknown code comes to nothing until its box has resolved
//!   the code; then to what the first resolve behind it says.

use std::collections::{BTreeMap, BTreeSet};

use tidemark_model::document::TradeKind;
use tidemark_model::movement::About;
use tidemark_model::{
    Code, Disposition, DocumentKey, EpochOrdinal, Kind, Label, Marks, Movement, Quantity, Reference, Seq, Sku, StoreId,
};

use super::facts::{Places, TillDay, TillDayOf};

/// Where a fact stands in its store.
pub type Place = (EpochOrdinal, Seq);

/// Which way goods went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Out of the store.
    Out,
    /// Into the store.
    In,
}

impl Side {
    /// Whether goods went out.
    #[must_use]
    pub const fn is_out(self) -> bool {
        match self {
            Self::Out => true,
            Self::In => false,
        }
    }
}

/// What a line names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// An item: the quantity is in base units.
    Sku(Sku),
    /// A code that nobody knew: the quantity is in packs.
    Packs(Code),
    /// A code that nobody knew, with a quantity in base units.
    Base(Code),
}

impl Given {
    /// The code, if nobody knew it.
    #[must_use]
    pub const fn unknown(&self) -> Option<&Code> {
        match self {
            Self::Sku(_) => None,
            Self::Packs(code) | Self::Base(code) => Some(code),
        }
    }
}

/// One line of a transfer, as a store told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferLine {
    /// The store that told it.
    pub store: StoreId,
    /// Where it stands there.
    pub at: Place,
    /// Its document.
    pub document: DocumentKey,
    /// The transfer; see [`reference_of`].
    pub reference: String,
    /// Which way the goods went.
    pub side: Side,
    /// What went.
    pub given: Given,
    /// How much.
    pub quantity: Quantity,
    /// Whether its document is the last of its side.
    pub last: bool,
    /// The other store, as the label says.
    pub counterpart: Option<Label>,
}

/// A line under a code that nobody knew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownLine {
    /// The store.
    pub store: StoreId,
    /// Where it stands.
    pub at: Place,
    /// Its document.
    pub document: DocumentKey,
    /// The code.
    pub code: Code,
    /// How much, signed as its effect would be.
    pub amount: Quantity,
    /// Whether the amount is in base units, not in packs.
    pub in_base: bool,
}

/// What a box resolved a code to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learnt {
    /// The box's store.
    pub store: StoreId,
    /// The code.
    pub code: Code,
    /// Where the resolve stands: what stands before it is resolved by it.
    pub at: Place,
    /// Its document; that of a kit has several.
    pub document: DocumentKey,
    /// The item.
    pub sku: Sku,
    /// Base units in one pack; 0 if no stock is kept of it.
    pub units: Quantity,
}

/// A sale that fulfils what was reserved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fulfilling {
    /// The store.
    pub store: StoreId,
    /// The reservation, or its order, as the sale told it.
    pub told: Reference,
    /// What was sold.
    pub sku: Sku,
}

/// A store's document.
pub type DocumentOf = (StoreId, DocumentKey);

/// What a batch says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StockFacts {
    /// Lines of transfers.
    pub lines: Vec<TransferLine>,
    /// Documents that are voided.
    pub voided: BTreeSet<DocumentOf>,
    /// Codes that were resolved.
    pub learnt: Vec<Learnt>,
    /// Lines under unknown codes.
    pub unknown: Vec<UnknownLine>,
    /// Sales that fulfil reservations.
    pub fulfilled: BTreeSet<Fulfilling>,
    /// Items that were counted, and those that should be counted again.
    pub counted: Places,
    /// The latter.
    pub recounts: Places,
    /// What comes of tills' days.
    pub days: BTreeMap<TillDayOf, TillDay>,
}

/// What the ledger holds of the same.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StockHeld {
    /// Lines of transfers whose document is voided now, or whose code is
    /// learnt now.
    pub lines: Vec<TransferLine>,
    /// Those documents of all these lines that were voided before.
    pub voided: BTreeSet<DocumentOf>,
    /// What was learnt before of the codes of all these lines.
    pub learnt: Vec<Learnt>,
}

/// What is in transit, by reference and item, in thousandths.
pub type Transit = BTreeMap<(String, Sku), i64>;

/// The key by which the two sides of a transfer find each other. One without
/// a reference stands alone, under a name nobody else has.
#[must_use]
pub fn reference_of(store: &StoreId, movement: &Movement) -> String {
    match &movement.labels.reference {
        Some(reference) => reference.as_str().to_owned(),
        None => {
            let DocumentKey(key) = movement.document.key();
            let short: String = key.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            format!("~{store}~{short}")
        }
    }
}

/// All that decides what lines come to.
struct Meaning<'f> {
    voided: BTreeSet<&'f DocumentOf>,
    learnt: BTreeMap<(&'f StoreId, &'f Code), Vec<&'f Learnt>>,
}

impl<'f> Meaning<'f> {
    fn of(voided: impl Iterator<Item = &'f DocumentOf>, learnt: impl Iterator<Item = &'f Learnt>) -> Self {
        let mut by_code: BTreeMap<_, Vec<&Learnt>> = BTreeMap::new();
        for learnt in learnt {
            by_code.entry((&learnt.store, &learnt.code)).or_default().push(learnt);
        }
        Self { voided: voided.collect(), learnt: by_code }
    }

    fn is_voided(&self, store: &StoreId, document: DocumentKey) -> bool {
        self.voided.contains(&(store.clone(), document))
    }

    /// What the resolve says that took a line at this place out of suspense.
    fn shares(&self, store: &StoreId, code: &Code, at: Place) -> BTreeMap<&'f Sku, Quantity> {
        let mut shares = BTreeMap::new();
        let Some(all) = self.learnt.get(&(store, code)) else { return shares };
        let behind = || all.iter().filter(|learnt| learnt.at > at);
        let Some(first) = behind().min_by_key(|learnt| learnt.at) else { return shares };
        for learnt in behind().filter(|learnt| learnt.document == first.document) {
            let units = shares.entry(&learnt.sku).or_insert(learnt.units);
            *units = learnt.units.max(*units);
        }
        shares
    }

    /// What a line comes to: more in transit, or less.
    fn amounts(&self, line: &TransferLine) -> Vec<(Sku, i64)> {
        if self.is_voided(&line.store, line.document) {
            return Vec::new();
        }
        let signed = |quantity: Quantity| match line.side {
            Side::Out => quantity.as_thousandths(),
            Side::In => quantity.as_thousandths().saturating_neg(),
        };
        match &line.given {
            Given::Sku(sku) => vec![(sku.clone(), signed(line.quantity))],
            Given::Packs(code) => {
                // The box parks what it can't tell in base units.
                let scaled =
                    |(sku, units): (&Sku, Quantity)| Some((sku.clone(), signed(line.quantity.scale(units).ok()?)));
                self.shares(&line.store, code, line.at).into_iter().filter_map(scaled).collect()
            }
            Given::Base(code) => {
                let shares = self.shares(&line.store, code, line.at).into_iter();
                let kept = shares.filter(|(_, units)| *units != Quantity::ZERO);
                kept.map(|(sku, _)| (sku.clone(), signed(line.quantity))).collect()
            }
        }
    }
}

impl StockFacts {
    /// Notes what a movement says of an epoch that is open.
    pub(super) fn note(&mut self, store: &StoreId, at: Place, movement: &Movement) {
        self.note_day(store, at, movement);
        if movement.parked.is_some() {
            return;
        }
        self.note_count(store, at, movement);
        match (movement.kind, &movement.about) {
            (Kind::Void, Some(About::Document { source, id })) => {
                self.voided.insert((store.clone(), DocumentKey::of(source, id)));
            }
            (Kind::Resolve, Some(About::Resolution(resolution))) => {
                if let (Some(code), Some(sku)) = (&movement.code, &movement.sku) {
                    let plain =
                        if *sku == resolution.sku { resolution.units_per_scan } else { movement.units_per_scan };
                    let units = if movement.marks.has(Marks::UNTRACKED) { Quantity::ZERO } else { plain };
                    let (store, code, sku) = (store.clone(), code.clone(), sku.clone());
                    self.learnt.push(Learnt { store, code, at, document: movement.document.key(), sku, units });
                }
            }
            _ => self.note_line(store, at, movement),
        }
    }

    fn note_line(&mut self, store: &StoreId, at: Place, movement: &Movement) {
        let Some(kind) = TradeKind::of(movement.kind) else { return };
        let without = [Marks::VOIDED, Marks::HELD, Marks::UNTRACKED];
        if without.into_iter().any(|mark| movement.marks.has(mark)) || movement.quantity == Quantity::ZERO {
            return;
        }
        let in_base = movement.marks.has(Marks::BASE);
        if let (None, Some(code)) = (&movement.sku, &movement.code) {
            let (document, code) = (movement.document.key(), code.clone());
            if let Some(amount) = signed(kind, movement) {
                self.unknown.push(UnknownLine { store: store.clone(), at, document, code, amount, in_base });
            }
        }
        if let (TradeKind::Sale, Some(told), Some(sku)) = (kind, &movement.labels.fulfils, &movement.sku) {
            let (store, told, sku) = (store.clone(), told.clone(), sku.clone());
            self.fulfilled.insert(Fulfilling { store, told, sku });
        }
        let side = match kind {
            TradeKind::TransferOut => Side::Out,
            TradeKind::TransferIn => Side::In,
            TradeKind::Sale | TradeKind::Return | TradeKind::Receipt | TradeKind::Adjustment => return,
        };
        let (given, quantity) = match (&movement.sku, &movement.code) {
            (Some(sku), _) => match movement.quantity.scale(movement.units_per_scan) {
                Ok(quantity) => (Given::Sku(sku.clone()), quantity),
                // The box decided nothing over it either.
                Err(_) => return,
            },
            (None, Some(code)) if in_base => (Given::Base(code.clone()), movement.quantity),
            (None, Some(code)) => (Given::Packs(code.clone()), movement.quantity),
            (None, None) => return,
        };
        self.lines.push(TransferLine {
            store: store.clone(),
            at,
            document: movement.document.key(),
            reference: reference_of(store, movement),
            side,
            given,
            quantity,
            last: movement.marks.has(Marks::FINAL),
            counterpart: movement.labels.counterpart.clone(),
        });
    }

    /// Whether there is nothing to be looked up or written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.voided.is_empty() && self.learnt.is_empty() && self.unknown.is_empty()
    }

    /// How transit changes, where `held` is known before.
    #[must_use]
    pub fn transit(&self, held: &StockHeld) -> Transit {
        let before = Meaning::of(held.voided.iter(), held.learnt.iter());
        let after = self.meaning(held);
        let mut transit = Transit::new();
        let mut add = |line: &TransferLine, (sku, amount): (Sku, i64)| {
            let sum = transit.entry((line.reference.clone(), sku)).or_default();
            *sum = sum.saturating_add(amount);
        };
        for line in &self.lines {
            after.amounts(line).into_iter().for_each(|amount| add(line, amount));
        }
        for line in &held.lines {
            after.amounts(line).into_iter().for_each(|amount| add(line, amount));
            before.amounts(line).into_iter().for_each(|(sku, amount)| add(line, (sku, amount.saturating_neg())));
        }
        transit.retain(|_, sum| *sum != 0);
        transit
    }

    /// The lines under unknown codes that stay so, with `held` known before.
    pub fn suspense<'f>(&'f self, held: &'f StockHeld) -> impl Iterator<Item = &'f UnknownLine> {
        let meaning = self.meaning(held);
        self.unknown.iter().filter(move |line| {
            !meaning.is_voided(&line.store, line.document)
                && meaning.shares(&line.store, &line.code, line.at).is_empty()
        })
    }

    fn meaning<'f>(&'f self, held: &'f StockHeld) -> Meaning<'f> {
        Meaning::of(held.voided.iter().chain(&self.voided), held.learnt.iter().chain(&self.learnt))
    }
}

/// What the lines of one transfer come to, each with its item.
#[must_use]
pub fn amounts(held: &StockHeld) -> Vec<(&TransferLine, Vec<(Sku, i64)>)> {
    let meaning = Meaning::of(held.voided.iter(), held.learnt.iter());
    held.lines.iter().map(|line| (line, meaning.amounts(line))).collect()
}

/// What a line would change if its code were known; nothing if it goes to
/// waste.
fn signed(kind: TradeKind, movement: &Movement) -> Option<Quantity> {
    match (kind, movement.disposition) {
        (TradeKind::Return, Some(Disposition::Waste)) => None,
        (TradeKind::Sale | TradeKind::TransferOut, _) => movement.quantity.checked_neg(),
        (TradeKind::Return, Some(Disposition::Shelf) | None)
        | (TradeKind::Receipt | TradeKind::TransferIn | TradeKind::Adjustment, _) => Some(movement.quantity),
    }
}
