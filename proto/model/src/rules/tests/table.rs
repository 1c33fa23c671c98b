//! The table of stock rules, row by row, over documents of every kind, and
//! against a shelf that is only looked at when somebody counts.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::select;

use super::any::{KINDS, documents, is_tracked};
use super::shop::*;
use crate::document::{Body, Document, SkuChange, TakenLine, Timing, TradeKind};
use crate::kind::{Basis, Disposition, Kind, Marks, ParkReason};
use crate::movement::{About, Movement};
use crate::outcome::Status;
use crate::position::{Epoch, Odometer, Position};
use crate::quantity::Quantity;
use crate::text::Sku;

/// What a movement of trade does, by its own fields.
fn by_the_table(movement: &Movement) -> Option<Quantity> {
    let idle = Marks::EXPLAINED.bits() | Marks::VOIDED.bits() | Marks::UNTRACKED.bits();
    if movement.parked.is_some() || movement.sku.is_none() || movement.marks.bits() & idle != 0 {
        return Some(Quantity::ZERO);
    }
    let base = movement.quantity.scale(movement.units_per_scan).ok();
    match movement.kind {
        Kind::Sale | Kind::TransferOut => base?.checked_neg(),
        Kind::Return if movement.disposition == Some(Disposition::Waste) => Some(Quantity::ZERO),
        Kind::Return | Kind::Receipt | Kind::TransferIn | Kind::Adjustment => base,
        Kind::Correction | Kind::Restatement => Some(movement.quantity),
        Kind::Tally | Kind::DayClose | Kind::InstructionResult | Kind::Unknown => Some(Quantity::ZERO),
        // What they do hangs on what was before.
        Kind::Count | Kind::Void | Kind::Resolve => Some(movement.effect),
    }
}

/// Somebody sells from the floor or receives into the stock room.
#[derive(Clone, Copy, Debug)]
enum Step {
    Sell(i64),
    Receive(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(prop_oneof![(1_i64..5).prop_map(Step::Sell), (1_i64..9).prop_map(Step::Receive)], 0..4)
}

/// What really lies there.
struct Shelf {
    shop: Shop,
    floor: i64,
    room: i64,
    documents: u32,
}

impl Shelf {
    fn id(&mut self) -> String {
        self.documents += 1;
        self.documents.to_string()
    }

    fn take(&mut self, steps: &[Step]) {
        for step in steps {
            let id = self.id();
            match *step {
                Step::Sell(count) => {
                    self.floor -= count;
                    self.shop.submit(&sale(&id, "apple", count));
                }
                Step::Receive(count) => {
                    self.room += count;
                    self.shop.submit(&trade(&id, TradeKind::Receipt, vec![line("apple", count)]));
                }
            }
        }
    }

    fn count(&mut self, zone: &str, last: bool) {
        let (sells, there) = if zone == "floor" { (true, self.floor) } else { (false, self.room) };
        let id = self.id();
        self.shop.submit(&zone_count(&id, zone, sells, last, vec![line("apple", there)]));
    }
}

proptest! {
    #[test]
    fn every_movement_does_what_its_row_says(documents in documents()) {
        let mut shop = Shop::open();
        let mut counted: BTreeSet<Sku> = BTreeSet::new();
        let mut on_hand: BTreeMap<Sku, i128> = BTreeMap::new();
        for document in &documents {
            let next = shop.stamp().next;
            let outcome = shop.submit(document);
            let made = u32::try_from(outcome.movements.len()).unwrap();
            match outcome.status {
                Status::Accepted => prop_assert_eq!((outcome.first, outcome.lines), (next, made)),
                Status::Duplicate => prop_assert!(made == 0 && outcome.warnings.is_empty()),
            }
            for (movement, ordinal) in outcome.movements.iter().zip(1..) {
                prop_assert_eq!((movement.document.ordinal, movement.document.count), (ordinal, made));
                prop_assert_eq!(by_the_table(movement), Some(movement.effect), "{:?}", movement);
                let Some(sku) = movement.sku.clone() else { continue };
                if movement.parked.is_some() {
                    prop_assert_eq!(movement.on_hand_after, None);
                    continue;
                }
                let sets = movement.kind == Kind::Count && !movement.marks.has(Marks::EXPLAINED) && !movement.marks.has(Marks::UNTRACKED);
                if sets {
                    counted.insert(sku.clone());
                }
                let basis = if counted.contains(&sku) { Basis::Counted } else { Basis::None };
                prop_assert_eq!(movement.basis, basis);
                prop_assert!(movement.effect == Quantity::ZERO || is_tracked(&shop, sku.as_str()));
                let after = on_hand.entry(sku).or_default();
                *after += i128::from(movement.effect.as_thousandths());
                prop_assert_eq!(movement.on_hand_after.map(|after| i128::from(after.as_thousandths())), Some(*after));
                prop_assert_eq!(movement.marks.has(Marks::NEGATIVE), *after < 0);
            }
            shop.now += 1_000;
        }
    }

    #[test]
    fn each_kind_adds_or_takes_packs_times_units(
        kind in select(&KINDS[..]), (item, units_each) in select(&[("apple", 1), ("4006381333931", 1), ("14006381333938", 12)][..]),
        quantity in -1_000_i64..1_000, waste in any::<bool>(),
    ) {
        let mut shop = Shop::open();
        let disposition = waste.then_some(Disposition::Waste);
        shop.submit(&trade("1", kind, vec![TakenLine { disposition, ..line(item, quantity) }]));
        let sign = match kind {
            TradeKind::Sale | TradeKind::TransferOut => -1,
            TradeKind::Return if waste => 0,
            TradeKind::Return | TradeKind::Receipt | TradeKind::TransferIn | TradeKind::Adjustment => 1,
        };
        prop_assert_eq!(shop.on_hand("apple"), sign * quantity * units_each);
    }

    #[test]
    fn a_kit_moves_its_parts(kind in select(&KINDS[..]), quantity in -1_000_i64..1_000) {
        let (mut kit, mut parts) = (Shop::open(), Shop::open());
        kit.submit(&trade("1", kind, vec![line("kit", quantity)]));
        parts.submit(&trade("1", kind, vec![line("apple", 2 * quantity), line("pear", quantity)]));
        let on_hand = |shop: &Shop| (shop.on_hand("apple"), shop.on_hand("pear"), shop.on_hand("kit"));
        prop_assert_eq!(on_hand(&kit), on_hand(&parts));
    }

    #[test]
    fn zones_that_are_counted_while_the_shop_is_open_meet_the_shelf(
        (floor, room) in (0_i64..50, 0_i64..50), floor_first in any::<bool>(),
        before in steps(), between in steps(), after in steps(), since in steps(), recounted in prop::option::of(any::<bool>()),
    ) {
        let mut shelf = Shelf { shop: Shop::open(), floor, room, documents: 0 };
        let zones = if floor_first { ["floor", "room"] } else { ["room", "floor"] };
        shelf.take(&before);
        shelf.count(zones[0], false);
        shelf.take(&between);
        shelf.count(zones[1], true);
        shelf.take(&after);
        prop_assert_eq!(shelf.shop.on_hand("apple"), shelf.floor + shelf.room);
        if let Some(of_floor) = recounted {
            shelf.count(if of_floor { "floor" } else { "room" }, false);
        }
        shelf.take(&since);
        prop_assert_eq!(shelf.shop.on_hand("apple"), shelf.floor + shelf.room);
    }

    #[test]
    fn a_deferred_sale_or_count_meets_the_shelf_whenever_it_comes(
        there in 0_i64..50, sold_at in 0_u64..200_000, counted_at in prop::collection::vec(0_u64..200_000, 1..4),
        arrival in Just([0, 1, 2, 3, 4]).prop_shuffle(),
    ) {
        let mut shop = Shop::open();
        let begin = shop.now;
        shop.submit(&count("opening", vec![line("apple", there)]));
        shop.now = begin + 500_000;
        // One was sold, and the shelf was counted now and then; the box hears
        // of all that later, in any order.
        for which in arrival {
            let (happened, document) = match counted_at.get(which) {
                Some(at) => {
                    let shelf = there - i64::from(sold_at <= *at);
                    (2 * at + 1, count(&format!("c{which}"), vec![line("apple", shelf)]))
                }
                None if which == 4 => (2 * sold_at, sale("1", "apple", 1)),
                None => continue,
            };
            let age_ms = Some(shop.now + 1 - (begin + 2 + happened));
            shop.submit(&Document { timing: Timing::Deferred { age_ms }, ..document });
        }
        prop_assert_eq!(shop.on_hand("apple"), there - 1);
    }

    #[test]
    fn what_is_mended_or_voided_meets_the_shelf(
        there in 0_i64..50, really in 0_i64..9, told in 0_i64..9, counted in any::<bool>(), voided in any::<bool>(),
    ) {
        let mut shop = Shop::open();
        shop.submit(&count("opening", vec![line("apple", there)]));
        shop.submit(&sale("1", "apple", told));
        let happened = shop.now;
        let shelf = if voided { there } else { there - really };
        shop.now += 1_000;
        if counted {
            shop.submit(&count("c", vec![line("apple", shelf)]));
        }
        if voided {
            shop.submit(&void("v", "1"));
        } else {
            let about = About::Position(Position { epoch: Epoch(7), seq: 2 });
            let lines = vec![SkuChange { sku: sku("apple"), change: units(told - really) }];
            let mend = document("m", Body::Correction { about, lines });
            shop.submit(&Document { timing: Timing::At(Odometer(happened)), ..mend });
        }
        prop_assert_eq!(shop.on_hand("apple"), shelf);
    }

    #[test]
    fn a_restatement_is_the_difference_whatever_was_counted(there in -50_i64..50, change in -50_i64..50, counted in any::<bool>()) {
        let mut shop = Shop::open();
        let opening = if counted { count("o", vec![line("apple", there)]) } else { trade("o", TradeKind::Receipt, vec![line("apple", there)]) };
        shop.submit(&opening);
        let about = About::Position(Position { epoch: Epoch(3), seq: 9 });
        let lines = vec![SkuChange { sku: sku("apple"), change: units(change) }];
        shop.submit(&document("s", Body::Restatement { about, lines }));
        prop_assert_eq!(shop.on_hand("apple"), there + change);
    }

    #[test]
    fn other_content_under_a_used_id_changes_no_books(documents in documents()) {
        let mut shop = Shop::open();
        for document in &documents {
            let known = shop.knows(document);
            let before = shop.books.clone();
            let outcome = shop.submit(document);
            if known && outcome.status == Status::Accepted {
                let reasons: Vec<_> = outcome.movements.iter().map(|one| one.parked.as_ref().map(|parked| parked.reason)).collect();
                prop_assert!(reasons.iter().all(Option::is_some), "{:?}", reasons);
                prop_assert!(reasons.contains(&Some(ParkReason::IdReused)) || outcome.movements.iter().all(|one| one.parked.is_some()));
                prop_assert_eq!(before.all_stock().collect::<Vec<_>>(), shop.books.all_stock().collect::<Vec<_>>());
                prop_assert_eq!(before.all_suspense().collect::<Vec<_>>(), shop.books.all_suspense().collect::<Vec<_>>());
            }
        }
    }
}
