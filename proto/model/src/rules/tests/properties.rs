use proptest::prelude::*;

use super::shop::*;
use crate::document::{Body, Document, TakenLine, Timing, TradeKind};
use crate::outcome::Status;

const ITEMS: [&str; 4] = ["apple", "pear", "4006381333931", "96385074"];
const KINDS: [TradeKind; 6] = [
    TradeKind::Sale,
    TradeKind::Return,
    TradeKind::Receipt,
    TradeKind::TransferIn,
    TradeKind::TransferOut,
    TradeKind::Adjustment,
];

fn any_line() -> impl Strategy<Value = TakenLine> {
    (0..ITEMS.len(), -20_i64..20).prop_map(|(item, quantity)| line(ITEMS[item], quantity))
}

fn any_trade() -> impl Strategy<Value = (TradeKind, Vec<TakenLine>)> {
    (0..KINDS.len(), prop::collection::vec(any_line(), 1..4)).prop_map(|(kind, lines)| (KINDS[kind], lines))
}

/// A document of any kind: its number is its id, voids name another number.
fn any_body() -> impl Strategy<Value = (Body, Timing)> {
    let timing = prop_oneof![
        4 => Just(Timing::Live),
        1 => (0_u64..900_000).prop_map(|age| Timing::Deferred { age_ms: Some(age) }),
        1 => Just(Timing::Deferred { age_ms: None }),
    ];
    let trade_body = any_trade().prop_map(|(kind, lines)| trade("x", kind, lines).body);
    let void_body = (0_u32..30).prop_map(|of| void("x", &of.to_string()).body);
    let count_body = prop::collection::vec(any_line(), 1..4).prop_map(|lines| count("x", lines).body);
    (prop_oneof![5 => trade_body, 2 => void_body, 1 => count_body], timing)
}

fn documents() -> impl Strategy<Value = Vec<Document>> {
    prop::collection::vec(any_body(), 1..30).prop_map(|bodies| {
        let numbered = bodies.into_iter().enumerate();
        numbered.map(|(id, (body, timing))| Document { timing, ..document(&id.to_string(), body) }).collect()
    })
}

proptest! {
    #[test]
    fn on_hand_is_the_sum_of_effects_and_the_last_on_hand_after(documents in documents()) {
        let mut shop = Shop::open();
        for document in &documents {
            shop.submit(document);
            shop.now += 1_000;
        }
        for item in ["apple", "pear"] {
            prop_assert_eq!(shop.effect_sum(item), shop.stock(item).on_hand.as_thousandths());
            let mut seen = 0;
            for (movement, seq) in shop.movements.iter().zip(1_u64..) {
                if movement.sku.as_ref() == Some(&sku(item)) {
                    prop_assert_eq!(movement.previous, seen);
                    seen = seq;
                }
            }
            let last = shop.movements.iter().rev().find(|m| m.sku.as_ref() == Some(&sku(item)));
            if let Some(last) = last {
                prop_assert_eq!(last.on_hand_after, Some(shop.stock(item).on_hand));
            }
        }
    }

    #[test]
    fn retries_change_nothing(documents in documents()) {
        let (mut once, mut often) = (Shop::open(), Shop::open());
        for document in &documents {
            once.submit(document);
            often.submit(document);
            let position = often.movements.len();
            for earlier in documents.iter().take_while(|earlier| earlier.id != document.id) {
                often.now -= 1;
                prop_assert_eq!(often.submit(earlier).status, Status::Duplicate);
            }
            prop_assert_eq!(often.movements.len(), position);
            once.now += 1_000;
            often.now = once.now;
        }
        for item in ["apple", "pear"] {
            prop_assert_eq!(once.stock(item).on_hand, often.stock(item).on_hand);
        }
    }

    #[test]
    fn a_void_gives_the_same_stock_before_or_after_its_document(
        (kind, lines) in any_trade(),
        known in any::<bool>(),
    ) {
        let stock_after = |order: [Document; 2]| {
            let mut shop = Shop::open();
            shop.submit(&trade("base", TradeKind::Receipt, vec![line("apple", 100), line("pear", 100)]));
            for document in &order {
                shop.submit(document);
            }
            shop.learn("96385074", "pear", 3);
            if known {
                shop.resolve("r", "96385074", "pear", 3);
            }
            (shop.on_hand("apple"), shop.on_hand("pear"))
        };
        let (original, reversal) = (trade("1", kind, lines), void("v", "1"));
        let after = stock_after([original.clone(), reversal.clone()]);
        prop_assert_eq!(after, stock_after([reversal, original]));
        prop_assert_eq!(after, (100, 100));
    }

    #[test]
    fn a_code_learnt_late_gives_the_stock_of_one_known_from_the_start(
        trades in prop::collection::vec(any_trade(), 1..10),
        counted_after in prop::option::of(0_usize..10),
    ) {
        let run = |known: bool| {
            let mut shop = Shop::open();
            if known {
                shop.learn("96385074", "pear", 3);
            }
            for (number, (kind, lines)) in trades.iter().enumerate() {
                shop.submit(&trade(&number.to_string(), *kind, lines.clone()));
                if counted_after == Some(number) {
                    shop.submit(&count("c", vec![line("pear", 40)]));
                }
            }
            shop.learn("96385074", "pear", 3);
            shop.resolve("r", "96385074", "pear", 3);
            (shop.on_hand("apple"), shop.on_hand("pear"))
        };
        prop_assert_eq!(run(true), run(false));
    }

    #[test]
    fn a_count_walked_out_of_reach_meets_the_shelf(
        sold_before in 0_i64..20,
        sold_after in 0_i64..20,
        walked_ms in 1_u64..400_000,
    ) {
        let mut shop = Shop::open();
        shop.submit(&trade("r", TradeKind::Receipt, vec![line("apple", 100)]));
        shop.submit(&sale("1", "apple", sold_before));
        // The shelf is counted here; the box hears of it later.
        let (shelf, counted_at) = (100 - sold_before, shop.now);
        shop.now += walked_ms;
        shop.submit(&sale("2", "apple", sold_after));
        let age = shop.now + 1 - counted_at;
        let counted = TakenLine { age_ms: Some(age), ..line("apple", shelf) };
        shop.submit(&count("c", vec![counted]));
        prop_assert_eq!(shop.on_hand("apple"), shelf - sold_after);
    }
}
