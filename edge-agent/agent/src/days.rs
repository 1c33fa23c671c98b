//! Trading days as the box sees them: what came of each till, what the till
//! counted itself, and whether a day is complete.
//!
//! Counted from the movements themselves: at the start in the background over
//! what the journal holds, from then on with each document that is taken.
//! Nothing is kept on disk for it.

mod rebuild;
mod tally;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tidemark_model::books::SequenceState;
use tidemark_model::{Label, Quantity, Source};
use tokio::sync::watch;

use crate::troubles::missing_words;
pub(crate) use tally::{Piece, Slip};

/// Days that are remembered, and sources of one.
const DAYS: usize = 35;
const SOURCES: usize = 1_000;
/// Days that are shown.
const SHOWN: usize = 7;

/// The days; cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Days(watch::Sender<Book>);

#[derive(Debug, Default)]
struct Book {
    days: BTreeMap<Label, BTreeMap<Source, TillDay>>,
    /// The days up to this one were partly let go: their totals say nothing.
    partial: Option<Label>,
    /// Whether it is known on which day this box took the shop over.
    heeded: bool,
}

/// What came of one till on one day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct TillDay {
    documents: u64,
    /// Thousandths.
    units: i64,
    /// Whether anything was sold or returned: only then it has to be closed.
    traded: bool,
    /// The highest number of its own that came since the start.
    highest: Option<u64>,
    close: Option<Close>,
}

/// What a till counted itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Close {
    pub(crate) documents: Option<u64>,
    pub(crate) units: Option<Quantity>,
}

/// A day as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DayStatus {
    /// The day.
    pub(crate) business_day: String,
    /// Whether every till that traded has closed it and nothing is missing.
    pub(crate) complete: bool,
    /// What is missing for that, in words.
    pub(crate) open: Vec<String>,
    /// Tills that sent something for it.
    pub(crate) tills: Vec<TillStatus>,
}

/// A till's day as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TillStatus {
    /// The till.
    pub(crate) till: String,
    /// Documents that came.
    pub(crate) documents: u64,
    /// Units sold less units returned.
    pub(crate) units: String,
    /// Whether it closed the day.
    pub(crate) closed: bool,
}

impl Days {
    /// A document was taken for the first time.
    pub(crate) fn note<'p>(&self, slip: Slip, pieces: impl Iterator<Item = Piece<'p>>) {
        let units = tally::units(pieces);
        self.0.send_modify(|book| book.note(slip, units));
    }

    fn let_go(&self, through: Option<Label>) {
        if let Some(day) = through {
            self.0.send_modify(|book| book.partial = book.partial.take().max(Some(day)));
        }
    }

    /// The newest days, newest first.
    pub(crate) fn shown(&self, numbers: &[(Source, SequenceState)]) -> Vec<DayStatus> {
        let book = self.0.borrow();
        book.days.iter().rev().take(SHOWN).map(|(day, tills)| book.shown(day, tills, numbers)).collect()
    }

    /// What tills counted otherwise than it came, by till, the newest day
    /// last.
    pub(crate) fn differences(&self) -> BTreeMap<Source, String> {
        let book = self.0.borrow();
        let mut all: BTreeMap<Source, Vec<String>> = BTreeMap::new();
        for (day, tills) in &book.days {
            for (source, till) in tills.iter().filter(|_| book.is_whole(day)) {
                if let Some(words) = till.difference() {
                    all.entry(source.clone()).or_default().push(format!("{day}: {words}"));
                }
            }
        }
        all.into_iter().map(|(source, words)| (source, words.join("; "))).collect()
    }
}

impl Book {
    fn note(&mut self, slip: Slip, units: i64) {
        let Slip { source, day, sequence, close, trades } = slip;
        let tills = self.days.entry(day).or_default();
        if tills.len() < SOURCES || tills.contains_key(&source) {
            let till = tills.entry(source).or_default();
            till.highest = till.highest.max(sequence);
            match close {
                Some(close) => till.close = Some(close),
                None => {
                    till.documents = till.documents.saturating_add(1);
                    till.units = till.units.saturating_add(units);
                    till.traded |= trades;
                }
            }
        }
        while self.days.len() > DAYS {
            self.days.pop_first();
        }
    }

    /// Whether all that was ever taken of a day was counted here.
    fn is_whole(&self, day: &Label) -> bool {
        self.partial.as_ref().is_none_or(|partial| partial < day)
    }

    fn shown(&self, day: &Label, tills: &BTreeMap<Source, TillDay>, numbers: &[(Source, SequenceState)]) -> DayStatus {
        let mut open = Vec::new();
        for (source, till) in tills.iter().filter(|(_, till)| till.traded) {
            let state = numbers.iter().find(|(known, _)| known == source).map(|(_, state)| state);
            let missing = state.and_then(|state| missing_words(&up_to(state, till.highest)));
            let words = till.unclosed().or_else(|| till.difference().filter(|_| self.is_whole(day)));
            open.extend([words, missing].into_iter().flatten().map(|words| format!("{source}: {words}")));
        }
        if !self.is_whole(day) {
            open.push("a part of it was let go here; ask head office".to_owned());
        }
        let complete = open.is_empty() && tills.values().any(|till| till.traded);
        let tills = tills.iter().map(|(source, till)| till.shown(source)).collect();
        DayStatus { business_day: day.to_string(), complete, open, tills }
    }
}

/// Numbers as far as a day has them: what is missing behind its last one is
/// of a later day. Without a last one all count.
fn up_to(state: &SequenceState, highest: Option<u64>) -> SequenceState {
    let is_of_the_day = |gap: &&(u64, u64)| highest.is_none_or(|highest| gap.0 < highest);
    SequenceState { gaps: state.gaps.iter().filter(is_of_the_day).copied().collect(), ..state.clone() }
}

impl TillDay {
    fn unclosed(&self) -> Option<String> {
        self.close.is_none().then(|| "it has not closed the day".to_owned())
    }

    fn difference(&self) -> Option<String> {
        let close = self.close?;
        let (came, units) = (self.documents, Quantity::thousandths(self.units));
        let documents = close.documents.filter(|told| *told != came);
        let documents = documents.map(|told| format!("{came} documents came, the till counted {told}"));
        // A day close that says nothing of units is kept as one of none.
        let told = close.units.filter(|told| *told != Quantity::ZERO && *told != units);
        let units = told.map(|told| format!("{units} units came, the till counted {told}"));
        let words: Vec<String> = [documents, units].into_iter().flatten().collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    fn shown(&self, source: &Source) -> TillStatus {
        let units = Quantity::thousandths(self.units).to_string();
        TillStatus { till: source.to_string(), documents: self.documents, units, closed: self.close.is_some() }
    }
}

#[cfg(test)]
mod tests;
