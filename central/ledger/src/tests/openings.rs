use std::time::Duration;

use tidemark_model::{Basis, EpochOrdinal, Quantity, Sku};
use tidemark_sync::message::OpeningTaken;
use tidemark_wire::EpochTook;

use super::*;
use crate::apply::Taken;
use crate::rows::LevelRow;

on_both!(
    readers_see_the_older_level_until_the_box_has_taken_its_opening_and_all_before_is_handled,
    an_epoch_that_ends_within_a_batch_leaves_the_level_of_its_last_movement,
    an_epoch_that_settles_and_ends_within_a_batch_leaves_its_own_level,
    an_epoch_that_never_took_its_opening_hands_the_older_level_on,
    what_nobody_touched_in_a_settled_epoch_has_the_level_that_its_box_took_over,
    what_an_epoch_brought_while_it_was_open_is_told_in_its_order,
    an_opening_is_kept_page_by_page_and_never_changed,
    the_tills_of_the_last_box_before_are_told,
    what_comes_late_is_not_what_an_older_epoch_brought_last,
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

async fn an_epoch_that_settles_and_ends_within_a_batch_leaves_its_own_level(place: Place) {
    let mut shop = Shop::open(&place).await;
    shop.apply(&sold(&[(0, 5)], 1)).await;
    shop.apply(&[opened(2)]).await;
    shop.apply(&sold(&[(0, 1)], 2)).await;
    shop.apply(&[took(2, 1), opened(3)]).await;
    shop.apply(&sold(&[(0, 2)], 3)).await;
    assert_eq!(seen(&level(&shop, "0").await), (-6, true));
}

async fn what_nobody_touched_in_a_settled_epoch_has_the_level_that_its_box_took_over(place: Place) {
    let mut shop = Shop::open(&place).await;
    // Of item 1 the first sale never comes; the second has seen it.
    shop.apply(&[sold(&[(0, 5)], 1), sold(&[(1, 3), (1, 3)], 1)[1..].to_vec()].concat()).await;
    shop.apply(&[opened(2)]).await;
    shop.apply(&sold(&[(0, 1)], 2)).await;
    shop.apply(&[opened(3)]).await;
    assert_eq!([seen(&level(&shop, "0").await), seen(&level(&shop, "1").await)], [(-5, true), (-6, false)]);
    let before = level(&shop, "0").await.version;
    shop.apply(&[took(3, 0)]).await;
    let settled = [level(&shop, "0").await, level(&shop, "1").await];
    assert_eq!(settled.each_ref().map(seen), [(-6, false), (-3, false)], "neither was touched by the last box");
    let changed = shop.ledger.levels_changed(0, shop.at.step - 1).await.unwrap();
    assert!(settled.iter().all(|level| changed.contains(level)) && settled[0].version > before);
    shop.apply(&[opened(4)]).await;
    shop.apply(&sold(&[(0, 1), (1, 1)], 4)).await;
    assert_eq!([seen(&level(&shop, "0").await), seen(&level(&shop, "1").await)], [(-6, true), (-3, true)]);
}

async fn what_an_epoch_brought_while_it_was_open_is_told_in_its_order(place: Place) {
    let mut shop = Shop::open(&place).await;
    let mut records = sold(&[(0, 1); 5], 1);
    records[1].content = Content::Movement(position(1, 2), Bytes::from_static(b"\xff"));
    shop.apply(&[records[3].clone(), records[1].clone(), records[0].clone()]).await;
    shop.told(1, 5).await;
    shop.apply(&[opened(2)]).await;
    shop.apply(&records[2..3]).await;
    let epochs = shop.ledger.epochs(&store()).await.unwrap();
    let found: Vec<_> = epochs.iter().map(|row| (row.epoch.0, row.ordinal.0, row.taken)).collect();
    assert_eq!(found, [(1, 1, Taken::First), (2, 2, Taken::Not)]);
    let told = async |above, most| {
        let rows = shop.ledger.told(&store(), epochs[0], above, most).await.unwrap();
        rows.iter().map(|row| (row.seq, row.parked)).collect::<Vec<_>>()
    };
    assert_eq!(told(0, 9).await, [(1, false), (2, true), (4, false)], "3 came late");
    assert_eq!((told(0, 2).await, told(2, 2).await), (vec![(1, false), (2, true)], vec![(4, false)]));
}

async fn an_opening_is_kept_page_by_page_and_never_changed(place: Place) {
    let mut shop = Shop::open(&place).await;
    shop.apply(&[opened(1)]).await;
    let (ledger, ordinal) = (&shop.ledger, EpochOrdinal(2));
    let keep = async |from, text: &'static str, last| {
        let kept = ledger.keep_opening(&store(), ordinal, from, &[(Bytes::from_static(text.as_bytes()), last)]).await;
        let kept = kept.unwrap();
        (kept.pages, kept.complete, kept.bytes)
    };
    assert_eq!(keep(0, "one", false).await, (1, false, 3));
    assert_eq!(keep(0, "again", false).await, (1, false, 3));
    assert_eq!(keep(3, "beyond", true).await, (1, false, 3));
    assert_eq!(keep(1, "two", true).await, (2, true, 6));
    assert_eq!(keep(2, "more", true).await, (2, true, 6));
    let page = async |page| ledger.opening_page(&store(), ordinal, page).await.unwrap();
    assert_eq!(page(1).await, Some(Bytes::from_static(b"two")));
    assert_eq!(page(2).await, None);
    assert_eq!(ledger.opening(&store(), EpochOrdinal(3)).await.unwrap().pages, 0);
}

async fn the_tills_of_the_last_box_before_are_told(place: Place) {
    let mut shop = Shop::open(&place).await;
    shop.apply(&[opened(1), opened(2), opened(3)]).await;
    for body in ["old", "new"] {
        shop.ledger.keep_tills(&store(), Epoch(1), body).await.unwrap();
    }
    shop.ledger.keep_tills(&store(), Epoch(3), "own").await.unwrap();
    let before = async |ordinal| shop.ledger.tills_before(&store(), EpochOrdinal(ordinal)).await.unwrap();
    assert_eq!((before(1).await, before(3).await), (None, Some("new".to_owned())));
}

async fn what_comes_late_is_not_what_an_older_epoch_brought_last(place: Place) {
    let mut shop = Shop::open(&place).await;
    let ledger = shop.ledger.clone();
    let older = async |ordinal| ledger.older_ms(&store(), EpochOrdinal(ordinal)).await.unwrap();
    assert_eq!(older(2).await, None);
    let sales = sold(&[(0, 1), (0, 1), (0, 1)], 1);
    // It comes with the word that ends its epoch.
    shop.apply(&[sales[..1].to_vec(), vec![opened(2)]].concat()).await;
    assert_eq!(older(1).await, None, "there is none before the first");
    let before = older(2).await.unwrap();
    tokio::time::sleep(Duration::from_millis(60)).await;
    let waited = older(2).await.unwrap();
    assert!(waited >= before + 55, "{before}, {waited}");
    shop.apply(&sales[1..]).await;
    assert!(older(2).await.unwrap() >= waited, "stragglers are offered to the box");
    shop.apply(&sold(&[(0, 1)], 2)).await;
    let newest = older(3).await.unwrap();
    assert!(older(2).await.unwrap() >= newest + 55, "{newest} ms");
}
