//! Items of which only the telling over the opening shows that they are to be
//! counted again.
//!
//! Over empty books nothing says that a count has perhaps seen a sale, or that
//! two counts overlap. The movement is committed without that word, and stays
//! as it is; the restatement of its item says it.

use std::collections::BTreeSet;

use crate::kind::{Kind, Marks};
use crate::movement::Movement;
use crate::outcome::Outcome;
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

const fn is_to_count(movement: &Movement) -> bool {
    movement.marks.has(Marks::RECOUNT)
}
