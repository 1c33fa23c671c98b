//! What a void or a learnt code did on the word of movements that never came,
//! and what a document did whose void another life of the disk had.
//!
//! What the rest of a document does is told by itself. What a void reverses,
//! and what a learnt code takes out of suspense, follows from what is held: if
//! that never came, and comes later, it meets a void that waits or a row that
//! is resolved once more, and the effect would stand twice.

use std::collections::BTreeMap;

use crate::document::TradeKind;
use crate::kind::{Kind, Marks};
use crate::movement::Movement;
use crate::outcome::{Outcome, Status};
use crate::quantity::Quantity;
use crate::text::Sku;

use super::gather::Gathered;

/// By item, the effects of a document less those it has told again, if some
/// of them have no ground.
pub(super) fn groundless(gathered: &Gathered, told: &Outcome) -> BTreeMap<Sku, Quantity> {
    let mut effects = BTreeMap::new();
    let Some((_, one)) = gathered.movements.first_key_value() else { return effects };
    let is_about_others = matches!(one.kind, Kind::Void | Kind::Resolve);
    let stands = if is_about_others { has_ground(gathered, told) } else { !is_voided_only_here(one, told) };
    if stands || told.status == Status::Duplicate {
        return effects;
    }
    let mut add = |movement: &Movement, effect: Option<Quantity>| {
        if let (Some(sku), Some(effect)) = (&movement.sku, effect) {
            let sum: &mut Quantity = effects.entry(sku.clone()).or_default();
            *sum = sum.checked_add(effect).unwrap_or(*sum);
        }
    };
    gathered.movements.values().for_each(|movement| add(movement, Some(movement.effect)));
    // A void that waited has one movement, and reverses every line once it is
    // told after its document: only what it had and never came is left out. A
    // learnt code takes all rows out of suspense, so all of it stands.
    let came = |movement: &&Movement| {
        let ordinal = movement.document.ordinal;
        let is_known = ordinal > one.document.count || gathered.movements.contains_key(&ordinal);
        is_known || one.kind == Kind::Resolve
    };
    told.movements.iter().filter(came).for_each(|movement| add(movement, movement.effect.checked_neg()));
    effects.retain(|_, effect| *effect != Quantity::ZERO);
    effects
}

/// Whether what it says of items is told again, and nothing beyond. Not by the
/// effects: how a count judges them may be another over other books.
fn has_ground(gathered: &Gathered, told: &Outcome) -> bool {
    let is_resolve = told.movements.iter().any(|movement| movement.kind == Kind::Resolve);
    if is_resolve && !gathered.is_all_there() {
        return false;
    }
    let mut committed: Vec<Quantity> = gathered.movements.values().filter_map(quantity).collect();
    let mut again: Vec<Quantity> = told.movements.iter().filter_map(quantity).collect();
    for all in [&mut committed, &mut again] {
        all.sort_unstable();
        // Each part of a kit has the quantity of all rows.
        if is_resolve {
            all.dedup();
        }
    }
    committed == again
}

/// Whether it was committed with effect, and is voided as it is told again.
fn is_voided_only_here(one: &Movement, told: &Outcome) -> bool {
    let is_voided = |movement: &Movement| movement.marks.has(Marks::VOIDED);
    TradeKind::of(one.kind).is_some() && !is_voided(one) && told.movements.iter().any(is_voided)
}

fn quantity(movement: &Movement) -> Option<Quantity> {
    movement.sku.is_some().then_some(movement.quantity)
}
