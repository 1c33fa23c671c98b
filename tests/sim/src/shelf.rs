//! What lies on the shelf, by the plainest of books: goods move when they
//! move.

use std::collections::{BTreeMap, BTreeSet};

use tidemark_model::{Kind, Marks, Movement, Sku};

use crate::people::{ITEMS, Moved, Zone};

/// What lay there when the shop opened, in each zone.
const AT_FIRST: i64 = 5_000_000;

/// The goods of the shop.
#[derive(Debug)]
pub(crate) struct Shelf {
    goods: BTreeMap<Sku, [i64; 2]>,
    /// What a case holds.
    per_case: i64,
    /// Items of which the box itself says: count again.
    to_count: BTreeSet<Sku>,
    /// When what came late of an older epoch put them there: a count that began
    /// before may have missed it.
    late: BTreeMap<Sku, u64>,
    /// Items of which no box can say what the people mean, until all is healed
    /// and they are counted.
    doubted: BTreeSet<Sku>,
}

impl Shelf {
    pub(crate) fn full() -> Self {
        let goods = ITEMS.iter().filter_map(|item| Some((Sku::new(item).ok()?, [AT_FIRST; 2]))).collect();
        Self { goods, per_case: 6, to_count: BTreeSet::new(), late: BTreeMap::new(), doubted: BTreeSet::new() }
    }

    pub(crate) fn happen(&mut self, moves: &[Moved]) {
        for moved in moves {
            if let Some(zones) = self.goods.get_mut(&moved.sku) {
                let ([floor, back], amount) = (zones, moved.amount + moved.cases * self.per_case);
                match moved.zone {
                    Zone::Floor => *floor += amount,
                    Zone::Back => *back += amount,
                }
            }
        }
    }

    /// A case holds more, or what it did.
    pub(crate) const fn change_case(&mut self) {
        self.per_case = if self.per_case == 6 { 8 } else { 6 };
    }

    /// What a case holds.
    pub(crate) const fn per_case(&self) -> i64 {
        self.per_case
    }

    /// How much of an item lies in a zone, or in the shop.
    pub(crate) fn lies(&self, sku: &Sku, zone: Option<Zone>) -> i64 {
        let [floor, back] = self.goods.get(sku).copied().unwrap_or_default();
        match zone {
            Some(Zone::Floor) => floor,
            Some(Zone::Back) => back,
            None => floor + back,
        }
    }

    /// What the box ought to say of an item's on-hand: what lies there, or
    /// without a count what came and went.
    pub(crate) fn expected(&self, sku: &Sku, counted: bool) -> i64 {
        let there = self.lies(sku, None);
        if counted { there } else { there - 2 * AT_FIRST }
    }

    pub(crate) fn items(&self) -> Vec<Sku> {
        self.goods.keys().cloned().collect()
    }

    /// The box committed a movement: what it says of its own certainty. Of a
    /// count the people know when it `began`.
    pub(crate) fn hear(&mut self, movement: &Movement, has_shop: bool, (began, now): (Option<u64>, u64)) {
        let Some(sku) = &movement.sku else { return };
        let unsure = movement.marks.has(Marks::UNORDERED) || movement.marks.has(Marks::RECOUNT);
        // A count that a newer one had seen says nothing of today, nor does one
        // that came late from an older epoch.
        let seen = movement.marks.has(Marks::EXPLAINED) || movement.marks.has(Marks::LATE);
        let closes = has_shop && movement.kind == Kind::Count && movement.parked.is_none() && !seen;
        if closes && self.late.get(sku).is_none_or(|late| began.is_some_and(|began| *late < began)) {
            self.to_count.remove(sku);
        }
        if unsure {
            self.to_count.insert(sku.clone());
        }
        if unsure && movement.marks.has(Marks::LATE) {
            self.late.insert(sku.clone(), now);
        }
    }

    /// Of these items the people know better than any box.
    pub(crate) fn doubt(&mut self, items: impl IntoIterator<Item = Sku>) {
        self.doubted.extend(items);
    }

    /// Items on the recount list, the people's own among them.
    pub(crate) fn to_count(&self) -> Vec<Sku> {
        self.to_count.union(&self.doubted).cloned().collect()
    }

    pub(crate) fn is_sure(&self, sku: &Sku) -> bool {
        !self.to_count.contains(sku) && !self.doubted.contains(sku)
    }
}
