use tidemark_model::{Basis, EpochOrdinal, Quantity, Sku};
use tidemark_sync::message::OpeningTaken;
use tidemark_wire::EpochTook;

use super::*;
use crate::rows::LevelRow;

on_both!(
    readers_see_the_older_level_until_the_box_has_taken_its_opening_and_all_before_is_handled,
    an_epoch_that_ends_within_a_batch_leaves_the_level_of_its_last_movement,
    an_epoch_that_never_took_its_opening_hands_the_older_level_on,
);

fn took(epoch: u64, seq: Seq) -> ApplyRecord {
    let opening = OpeningTaken { ordinal: EpochOrdinal(2), seq };
    control(&Control::OpeningTaken(EpochTook { store: store(), epoch: Epoch(epoch), opening }))
}

async fn level(shop: &Shop, item: &str) -> LevelRow {
    shop.ledger.levels(&[(store(), Sku::new(item).unwrap())]).await.unwrap().remove(0)
}

fn seen(level: &LevelRow) -> (i64, bool) {
    (level.on_hand.as_thousandths() / 1_000, level.older)
}

async fn readers_see_the_older_level_until_the_box_has_taken_its_opening_and_all_before_is_handled(place: Place) {
    let mut shop = Shop::open(&place).await;
    shop.apply(&sold(&[(0, 5), (1, 7)], 1)).await;
    let sales = sold(&[(0, 1), (0, 1), (0, 1), (0, 1)], 2);
    shop.apply(&[opened(2)]).await;
    assert_eq!([seen(&level(&shop, "0").await), seen(&level(&shop, "1").await)], [(-5, false), (-7, false)]);
    shop.apply(&sales[..1]).await;
    let first = level(&shop, "0").await;
    assert_eq!((seen(&first), first.effect_sum), ((-5, true), Quantity::units(-6).unwrap()));
    let told = shop.apply(&[took(2, 3)]).await;
    assert!(told.settled);
    assert_eq!(seen(&level(&shop, "0").await), (-5, true), "2 and 3 are on their way");
    assert!(level(&shop, "0").await.version > first.version, "whoever keeps it learns of it");
    shop.apply(&sales[2..3]).await;
    assert_eq!(seen(&level(&shop, "0").await), (-5, true));
    shop.apply(&sales[1..2]).await;
    let settled = level(&shop, "0").await;
    assert_eq!(seen(&settled), (-8, false), "the sum is what the box has taken over");
    let changed = shop.ledger.levels_changed(0, shop.at.step - 1).await.unwrap();
    assert!(changed.contains(&settled));
    assert_eq!(seen(&level(&shop, "1").await), (-7, false));
    shop.apply(&sales[3..]).await;
    assert_eq!(seen(&level(&shop, "0").await), (-4, false), "above it the box's own word counts");
}

async fn an_epoch_that_ends_within_a_batch_leaves_the_level_of_its_last_movement(place: Place) {
    let mut shop = Shop::open(&place).await;
    let records = [sold(&[(0, 5), (0, 2)], 1), vec![opened(2)], sold(&[(0, 1)], 2)].concat();
    let applied = shop.apply(&records).await;
    assert_eq!((applied.movements, shop.at.next), (3, 4));
    assert_eq!(seen(&level(&shop, "0").await), (-7, true));
    assert_eq!(level(&shop, "0").await.effect_sum, Quantity::units(-8).unwrap());
}

async fn an_epoch_that_never_took_its_opening_hands_the_older_level_on(place: Place) {
    let mut shop = Shop::open(&place).await;
    shop.apply(&sold(&[(0, 5)], 1)).await;
    shop.apply(&[opened(2)]).await;
    shop.apply(&sold(&[(0, 1), (2, 1)], 2)).await;
    shop.apply(&[opened(3)]).await;
    shop.apply(&sold(&[(0, 2)], 3)).await;
    assert_eq!(seen(&level(&shop, "0").await), (-5, true));
    let fresh = level(&shop, "2").await;
    assert_eq!((seen(&fresh), fresh.basis), ((0, true), Basis::None), "nothing was known of it");
}
