//! The walk over a row, the same in both directions: what can be guessed from
//! the rows before is not told.

use super::flow::{Broken, Column, Flow};
use super::row::{Document, Row};
use super::shape::{Ending, Shape};
use crate::protobuf::{unzigzag, zigzag};
use tidemark_model::document::TradeKind;
use tidemark_model::{Kind, Marks, Quantity};

/// What was last known of an item.
#[derive(Clone, Copy, Debug, Default)]
struct Item<'a> {
    sku: Shape<'a>,
    gtin: u64,
    units: Option<i64>,
    on_hand: Option<i64>,
    basis: u64,
    seq: u64,
}

/// What the rows before have told.
#[derive(Debug, Default)]
pub(super) struct Walk<'a> {
    last: Row<'a>,
    /// Items in the order in which they were new.
    items: Vec<Item<'a>>,
    /// The last document of each source, in the order in which they were new.
    sources: Vec<Document<'a>>,
    /// The last new GTIN without its check digit.
    gtin: u64,
}

impl<'a> Walk<'a> {
    /// Items so far: the place of the next new one.
    pub(super) fn items(&self) -> usize {
        self.items.len()
    }

    /// Walks over one row. A writer gives the row and the place of its item
    /// if it was there before; a reader gets the row.
    pub(super) fn step<F: Flow<'a>>(
        &mut self,
        flow: &mut F,
        seq: u64,
        row: &mut Row<'a>,
        known: Option<usize>,
    ) -> Result<(), Broken> {
        self.document(flow, row)?;
        flow.guessed(Column::Odd, self.last.kind, &mut row.kind)?;
        flow.guessed(Column::Odd, self.last.catalogue, &mut row.catalogue)?;
        self.times(flow, row)?;
        match self.item(flow, row, known)? {
            Some(at) => {
                let mut item = self.items.get(at).copied().ok_or(Broken)?;
                stock_of_known(flow, row, &item)?;
                item = Item { units: row.units, on_hand: row.on_hand, basis: row.basis, gtin: row.gtin, seq, ..item };
                *self.items.get_mut(at).ok_or(Broken)? = item;
            }
            None => self.stock_of_new(flow, seq, row)?,
        }
        let marks = self.last.marks & !u64::from(Marks::NEGATIVE.bits());
        let below = row.on_hand.is_some_and(|on_hand| on_hand < 0);
        let marks = marks | if below { u64::from(Marks::NEGATIVE.bits()) } else { 0 };
        flow.guessed(Column::Odd, marks, &mut row.marks)?;
        let mut rare = !row.rest.is_empty();
        flow.miss(&mut rare)?;
        if rare {
            flow.text(&mut row.rest)?;
        }
        self.last = *row;
        Ok(())
    }

    /// A document goes on until its count is full.
    fn document<F: Flow<'a>>(&mut self, flow: &mut F, row: &mut Row<'a>) -> Result<(), Broken> {
        let goes_on = self.last.ordinal < self.last.document.count;
        let mut surprise = (row.document == self.last.document) != goes_on;
        flow.miss(&mut surprise)?;
        let same = goes_on != surprise;
        if same {
            row.document = self.last.document;
        } else {
            self.new_document(flow, &mut row.document)?;
        }
        let next = if same { self.last.ordinal.wrapping_add(1) } else { 1 };
        flow.guessed(Column::Odd, next, &mut row.ordinal)
    }

    fn new_document<F: Flow<'a>>(&mut self, flow: &mut F, document: &mut Document<'a>) -> Result<(), Broken> {
        let known = self.sources.iter().position(|known| known.source == document.source);
        let mut place = known.map_or(0, |at| number(at) + 1);
        flow.number(Column::Source, &mut place)?;
        let before = match index(place)?.checked_sub(1) {
            Some(at) => self.sources.get(at).copied().ok_or(Broken)?,
            None => {
                flow.text(&mut document.source)?;
                Document { source: document.source, ..self.last.document }
            }
        };
        document.source = before.source;
        shape(flow, Column::Id, &before.id, &mut document.id)?;
        flow.random(&mut document.content)?;
        flow.number(Column::Count, &mut document.count)?;
        flow.guessed(Column::Odd, before.day, &mut document.day)?;
        let mut other_labels = document.rest != before.rest;
        flow.miss(&mut other_labels)?;
        if other_labels {
            flow.text(&mut document.rest)?;
        } else {
            document.rest = before.rest;
        }
        match index(place)?.checked_sub(1).and_then(|at| self.sources.get_mut(at)) {
            Some(known) => *known = *document,
            None => self.sources.push(*document),
        }
        Ok(())
    }

    /// Odometer since the row before; the wall clock runs along with it.
    fn times<F: Flow<'a>>(&self, flow: &mut F, row: &mut Row<'a>) -> Result<(), Broken> {
        let mut since = zigzag(row.committed.wrapping_sub(self.last.committed).cast_signed());
        flow.guessed(Column::Committed, 0, &mut since)?;
        row.committed = self.last.committed.wrapping_add(unzigzag(since).cast_unsigned());
        let expected = self.last.wall.wrapping_add(unzigzag(since));
        let mut off = zigzag(row.wall.wrapping_sub(expected));
        flow.guessed(Column::Wall, 0, &mut off)?;
        row.wall = expected.wrapping_add(unzigzag(off));
        Ok(())
    }

    /// Which item: none, a new one, or one of those before, whose place is
    /// given back.
    fn item<F: Flow<'a>>(
        &self,
        flow: &mut F,
        row: &mut Row<'a>,
        known: Option<usize>,
    ) -> Result<Option<usize>, Broken> {
        let back = known.and_then(|at| self.items.len().checked_sub(at)).map(|back| number(back) + 1);
        let mut place = back.unwrap_or(u64::from(row.sku.is_none()));
        flow.number(Column::Item, &mut place)?;
        let new = Shape::default();
        match place {
            0 => row.sku = Some(row.sku.unwrap_or(new)),
            1 => row.sku = None,
            back => {
                let at = self.items.len().checked_sub(index(back - 1)?).ok_or(Broken)?;
                row.sku = Some(self.items.get(at).ok_or(Broken)?.sku);
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    fn stock_of_new<F: Flow<'a>>(&mut self, flow: &mut F, seq: u64, row: &mut Row<'a>) -> Result<(), Broken> {
        if let Some(sku) = &mut row.sku {
            let before = self.items.last().map(|item| item.sku).unwrap_or_default();
            shape(flow, Column::Sku, &before, sku)?;
        }
        self.new_gtin(flow, &mut row.gtin)?;
        amounts(flow, row, None)?;
        optional(flow, Column::OnHand, row.sku.map(|_| 0), &mut row.on_hand)?;
        flow.guessed(Column::Odd, self.last.basis, &mut row.basis)?;
        let mut first = row.previous == 0;
        flow.miss(&mut first)?;
        let mut back = seq.wrapping_sub(row.previous);
        if first {
            row.previous = 0;
        } else {
            flow.number(Column::Previous, &mut back)?;
            row.previous = seq.wrapping_sub(back);
        }
        if let Some(sku) = row.sku {
            let Row { gtin, units, on_hand, basis, .. } = *row;
            self.items.push(Item { sku, gtin, units, on_hand, basis, seq });
        }
        Ok(())
    }

    /// A code's check digit is not told if it is right.
    fn new_gtin<F: Flow<'a>>(&mut self, flow: &mut F, gtin: &mut u64) -> Result<(), Broken> {
        let mut none = *gtin == 0;
        flow.miss(&mut none)?;
        if none {
            *gtin = 0;
            return Ok(());
        }
        let mut body = *gtin / 10;
        let mut wrong = checked(body) != *gtin;
        flow.miss(&mut wrong)?;
        if wrong {
            return flow.number(Column::Odd, gtin);
        }
        let mut apart = zigzag(body.wrapping_sub(self.gtin).cast_signed());
        flow.number(Column::Gtin, &mut apart)?;
        body = self.gtin.wrapping_add(unzigzag(apart).cast_unsigned());
        self.gtin = body;
        *gtin = checked(body);
        Ok(())
    }
}

/// The stock of an item goes on from its last row.
fn stock_of_known<'a, F: Flow<'a>>(flow: &mut F, row: &mut Row<'a>, item: &Item<'a>) -> Result<(), Broken> {
    flow.guessed(Column::Odd, item.gtin, &mut row.gtin)?;
    amounts(flow, row, item.units)?;
    let expected = item.on_hand.map(|before| before.wrapping_add(row.effect));
    optional(flow, Column::OnHand, expected, &mut row.on_hand)?;
    flow.guessed(Column::Odd, item.basis, &mut row.basis)?;
    flow.guessed(Column::Odd, item.seq, &mut row.previous)
}

/// How many, and what it does.
fn amounts<'a, F: Flow<'a>>(flow: &mut F, row: &mut Row<'a>, units: Option<i64>) -> Result<(), Broken> {
    amount(flow, Column::Quantity, Quantity::ONE.as_thousandths(), &mut row.quantity)?;
    optional(flow, Column::Odd, units, &mut row.units)?;
    let expected = usual_effect(row);
    amount(flow, Column::Odd, expected, &mut row.effect)
}

/// What a row of its kind does to stock if nothing is special about it.
fn usual_effect(row: &Row<'_>) -> i64 {
    let units = Quantity::thousandths(row.units.unwrap_or(Quantity::ONE.as_thousandths()));
    let Ok(base) = Quantity::thousandths(row.quantity).scale(units) else { return 0 };
    let base = base.as_thousandths();
    match u8::try_from(row.kind).ok().and_then(Kind::from_number).and_then(TradeKind::of) {
        Some(TradeKind::Sale | TradeKind::TransferOut) => base.wrapping_neg(),
        Some(TradeKind::Return | TradeKind::Receipt | TradeKind::TransferIn | TradeKind::Adjustment) => base,
        None => 0,
    }
}

/// A text that nearly always differs from the one before by its number only.
fn shape<'a, F: Flow<'a>>(
    flow: &mut F,
    column: Column,
    before: &Shape<'a>,
    shape: &mut Shape<'a>,
) -> Result<(), Broken> {
    let mut other = !shape.is_like(before);
    flow.miss(&mut other)?;
    if other {
        flow.text(&mut shape.head)?;
        let mut ending = shape.ending.code();
        flow.number(Column::Odd, &mut ending)?;
        shape.ending = Ending::of_code(ending).ok_or(Broken)?;
    } else {
        (shape.head, shape.ending) = (before.head, before.ending);
    }
    let expected = before.number.wrapping_add(1);
    let mut apart = zigzag(shape.number.wrapping_sub(expected).cast_signed());
    flow.number(column, &mut apart)?;
    shape.number = expected.wrapping_add(unzigzag(apart).cast_unsigned());
    Ok(())
}

/// Thousandths that are nearly always whole units.
fn amount<'a, F: Flow<'a>>(flow: &mut F, column: Column, guess: i64, value: &mut i64) -> Result<(), Broken> {
    let mut miss = *value != guess;
    flow.miss(&mut miss)?;
    if !miss {
        *value = guess;
        return Ok(());
    }
    told(flow, column, value)
}

fn told<'a, F: Flow<'a>>(flow: &mut F, column: Column, value: &mut i64) -> Result<(), Broken> {
    const UNIT: i64 = Quantity::ONE.as_thousandths();
    let mut fraction = *value % UNIT != 0;
    flow.miss(&mut fraction)?;
    let mut told = zigzag(if fraction { *value } else { *value / UNIT });
    flow.number(column, &mut told)?;
    *value = if fraction { unzigzag(told) } else { unzigzag(told).wrapping_mul(UNIT) };
    Ok(())
}

/// Thousandths that may be absent.
fn optional<'a, F: Flow<'a>>(
    flow: &mut F,
    column: Column,
    guess: Option<i64>,
    value: &mut Option<i64>,
) -> Result<(), Broken> {
    let mut surprise = value.is_some() != guess.is_some();
    flow.miss(&mut surprise)?;
    if guess.is_some() == surprise {
        *value = None;
        return Ok(());
    }
    let mut present = value.unwrap_or(0);
    amount(flow, column, guess.unwrap_or(0), &mut present)?;
    *value = Some(present);
    Ok(())
}

/// A GTIN from its digits before the check digit.
fn checked(body: u64) -> u64 {
    let (mut rest, mut sum, mut weight) = (body, 0, 3);
    while rest > 0 {
        sum += (rest % 10) * weight;
        rest /= 10;
        weight = 4 - weight;
    }
    body.wrapping_mul(10).wrapping_add((10 - sum % 10) % 10)
}

fn number(place: usize) -> u64 {
    u64::try_from(place).unwrap_or(u64::MAX)
}

fn index(place: u64) -> Result<usize, Broken> {
    usize::try_from(place).map_err(|_beyond| Broken)
}
