//! Items of which only the telling over the opening shows that they are to be
//! counted again.
//!
//! Over empty books nothing says that a count has perhaps seen a sale, or that
//! two counts overlap. The movement is committed without that word, and stays
//! as it is; the restatement of its item says it.
//!
//! The same where two boxes were in use at once, as after a disk was copied:
//! nothing orders what one of them did with a count of the other.

use std::collections::BTreeSet;

use crate::books::Books;
use crate::kind::{Kind, Marks};
use crate::memory::MemoryBooks;
use crate::movement::Movement;
use crate::outcome::Outcome;
use crate::quantity::Quantity;
use crate::text::Sku;

use super::gather::Gathered;

/// Notes what a document says of its items now and did not when it was
/// committed. A count that says nothing of the kind takes its items off.
pub(super) fn note_to_count(to_count: &mut BTreeSet<Sku>, gathered: &Gathered, told: &Outcome) {
    for movement in &told.movements {
        let Some(sku) = &movement.sku else { continue };
        let was_told = gathered.movements.get(&movement.document.ordinal).is_some_and(is_to_count);
        if is_to_count(movement) && !was_told {
            to_count.insert(sku.clone());
        } else if movement.kind == Kind::Count && movement.parked.is_none() && !movement.marks.has(Marks::EXPLAINED) {
            to_count.remove(sku);
        }
    }
}

/// Notes the items of a document that moved, or were counted, while perhaps
/// another box was in use with what the books hold: a count of the one may or
/// may not have seen what the other did. Where nobody counted, only sums are
/// added, in whatever order.
pub(super) fn note_beside(to_count: &mut BTreeSet<Sku>, books: &MemoryBooks, told: &Outcome) {
    for movement in &told.movements {
        let Some(sku) = &movement.sku else { continue };
        let Ok(stock) = books.stock(sku);
        let was_counted = stock.is_some_and(|stock| stock.closed.is_some());
        if was_counted && (movement.effect != Quantity::ZERO || movement.kind == Kind::Count) {
            to_count.insert(sku.clone());
        }
    }
}

const fn is_to_count(movement: &Movement) -> bool {
    movement.marks.has(Marks::RECOUNT)
}
