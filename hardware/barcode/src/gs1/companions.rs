//! Which identifiers a code must or may not hold together.

use super::error::Companions;
use super::table::{Row, Span};
use super::{Ai, Element, Gs1Error};
use crate::limits::ELEMENTS;

/// An element, what the table says of it, and where it and its value stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed<'a> {
    pub(super) element: Element<'a>,
    pub(super) row: &'static Row,
    pub(super) at: usize,
    pub(super) value_at: usize,
}

/// The elements of one code.
#[derive(Debug)]
pub(super) struct Gathered<'a> {
    elements: [Option<Placed<'a>>; ELEMENTS],
    count: usize,
}

impl<'a> Gathered<'a> {
    pub(super) const fn new() -> Self {
        Self { elements: [None; ELEMENTS], count: 0 }
    }

    /// Takes one more; the same once more is nothing new.
    pub(super) fn add(&mut self, placed: Placed<'a>) -> Result<(), Gs1Error> {
        if let Some(known) = self.iter().find(|known| known.element.ai == placed.element.ai) {
            if known.element.value == placed.element.value {
                return Ok(());
            }
            return Err(Gs1Error::Repeated { ai: placed.element.ai, at: placed.at });
        }
        let place = self.elements.get_mut(self.count).ok_or(Gs1Error::TooMany { at: placed.at })?;
        *place = Some(placed);
        self.count += 1;
        Ok(())
    }

    /// Whether they may stand together, each with what it needs.
    pub(super) fn check(&self) -> Result<(), Gs1Error> {
        if self.count == 0 {
            return Err(Gs1Error::Empty);
        }
        self.iter().try_for_each(|placed| self.check_one(placed))
    }

    fn check_one(&self, placed: &Placed<'a>) -> Result<(), Gs1Error> {
        let (ai, at) = (placed.element.ai, placed.at);
        if let Some(needs) = placed.row.requires.iter().find(|any| !any.iter().any(|all| self.has_all(all))) {
            return Err(Gs1Error::Alone { ai, at, needs: Companions(needs) });
        }
        // A pattern may match the identifier itself: it does not rule itself out.
        let others = self.iter().map(|other| other.element.ai).filter(|other| *other != ai);
        let excluded = |other: &Ai| placed.row.excludes.iter().any(|span| span.holds(*other));
        match others.into_iter().find(excluded) {
            Some(other) => Err(Gs1Error::Excluded { ai, at, other }),
            None => Ok(()),
        }
    }

    /// The SSCC of a logistic unit mostly stands in a symbol of its own on the
    /// same label: it is taken to be there.
    fn has_all(&self, spans: &[Span]) -> bool {
        spans.iter().all(|span| span.holds(Ai::SSCC) || self.iter().any(|placed| span.holds(placed.element.ai)))
    }

    fn iter(&self) -> impl Iterator<Item = &Placed<'a>> {
        self.elements.iter().take(self.count).flatten()
    }
}
