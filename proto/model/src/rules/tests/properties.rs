use proptest::prelude::*;

use proptest::sample::select;

use super::any::{UNKNOWN, documents, trade_of};
use super::shop::*;
use crate::document::{Document, TakenLine, TradeKind};
use crate::outcome::Status;

const ITEMS: &[&str] = &["apple", "pear", "4006381333931", UNKNOWN];

proptest! {
    #[test]
    fn on_hand_is_the_sum_of_effects_and_the_last_on_hand_after(documents in documents()) {
        let mut shop = Shop::open();
        for document in &documents {
            shop.submit(document);
            shop.now += 1_000;
        }
        for item in ["apple", "pear", "rope", "bag", "kit", "plum"] {
            prop_assert_eq!(shop.effect_sum(item), shop.stock(item).on_hand.as_thousandths());
            let mut seen = 0;
            for (movement, seq) in shop.movements.iter().zip(1_u64..) {
                if movement.sku.as_ref() == Some(&sku(item)) && movement.parked.is_none() {
                    prop_assert_eq!(movement.previous, seen);
                    seen = seq;
                }
            }
            let last = shop.movements.iter().rev().find(|m| m.sku.as_ref() == Some(&sku(item)) && m.parked.is_none());
            if let Some(last) = last {
                prop_assert_eq!(last.on_hand_after, Some(shop.stock(item).on_hand));
            }
        }
    }

    #[test]
    fn retries_change_nothing(documents in documents()) {
        let mut shop = Shop::open();
        for (place, document) in documents.iter().enumerate() {
            shop.submit(document);
            let before = (shop.books.clone(), shop.movements.len());
            for earlier in documents.iter().take(place + 1) {
                prop_assert_eq!(shop.submit(earlier).status, Status::Duplicate);
            }
            prop_assert_eq!((&shop.books, shop.movements.len()), (&before.0, before.1));
            shop.now += 1_000;
        }
    }

    #[test]
    fn a_void_gives_the_same_stock_before_or_after_its_document(
        (kind, lines) in trade_of(ITEMS),
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
        trades in prop::collection::vec(trade_of(ITEMS), 1..10),
        learnt in select(&["pear", "bag", "kit"][..]),
        counted_after in prop::option::of(0_usize..10),
    ) {
        let run = |known: bool| {
            let mut shop = Shop::open();
            if known {
                shop.learn("96385074", learnt, 3);
            }
            for (number, (kind, lines)) in trades.iter().enumerate() {
                shop.submit(&trade(&number.to_string(), *kind, lines.clone()));
                if counted_after == Some(number) {
                    shop.submit(&count("c", vec![line("pear", 40)]));
                }
            }
            shop.learn("96385074", learnt, 3);
            shop.resolve("r", "96385074", learnt, 3);
            ["apple", "pear", "bag", "kit"].map(|item| shop.on_hand(item))
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
