use tidemark_model::{Generation, Sku, StoreId};
use tidemark_sync::message::OpeningTaken;
use tidemark_wire::EpochTook;

use super::*;
use crate::ledger::on;
use crate::steps::{KEPT, TOGETHER};
use crate::{ChangedLevels, Follow, Followed};

on_both!(
    who_follows_is_told_what_each_step_changed_and_no_more,
    a_settled_epoch_changes_all_of_its_store,
    a_follower_of_another_history_from_the_future_or_too_far_back_is_told_so,
    levels_are_read_page_by_page,
);

impl Shop {
    /// Puts the applier at a step, as if it had come there.
    async fn stand_at_step(&mut self, step: u64) {
        on!(&self.ledger, ledger => ledger.stand_at_step(0, step).await);
        self.at.step = step;
    }

    async fn kept_steps(&self) -> Vec<u64> {
        let rows = on!(&self.ledger, ledger => ledger.step_rows(&[(0, 0)]).await).unwrap();
        rows.into_iter().map(|row| row.step).collect()
    }
}

async fn follow(shop: &Shop, since: &Followed) -> (ChangedLevels, Followed) {
    let told = shop.ledger.follow(since).await.unwrap();
    let Follow::Changed { levels, until, more: false } = told else { panic!("{told:?}") };
    (levels, until)
}

fn skus(levels: &ChangedLevels) -> Option<Vec<&str>> {
    levels.get(&store()).unwrap().as_ref().map(|skus| skus.iter().map(Sku::as_str).collect())
}

async fn who_follows_is_told_what_each_step_changed_and_no_more(place: Place) {
    let mut shop = Shop::open(&place).await;
    let start = shop.ledger.followed_now().await.unwrap();
    let records = sold(&[(0, 5), (1, 7), (0, 1)], 1);
    shop.apply(&records[..1]).await;
    let (levels, first) = follow(&shop, &start).await;
    assert_eq!(skus(&levels), Some(vec!["0"]));
    shop.apply(&records[1..]).await;
    let (levels, last) = follow(&shop, &first).await;
    assert_eq!(skus(&levels), Some(vec!["0", "1"]));
    assert_eq!(last, shop.ledger.followed_now().await.unwrap());
    assert_eq!(follow(&shop, &last).await, (ChangedLevels::new(), last.clone()));
    shop.apply(&records).await;
    let (levels, after) = follow(&shop, &last).await;
    assert!(levels.is_empty() && after.steps[&0] > last.steps[&0], "what came again changes nothing: {levels:?}");
    assert_eq!(skus(&follow(&shop, &start).await.0), Some(vec!["0", "1"]), "from any step on");
}

async fn a_settled_epoch_changes_all_of_its_store(place: Place) {
    let mut shop = Shop::open(&place).await;
    shop.apply(&sold(&[(0, 5), (1, 7)], 1)).await;
    shop.apply(&[opened(2)]).await;
    shop.apply(&sold(&[(0, 1)], 2)).await;
    let since = shop.ledger.followed_now().await.unwrap();
    let opening = OpeningTaken { ordinal: tidemark_model::EpochOrdinal(2), seq: 1 };
    let took = control(&Control::OpeningTaken(EpochTook { store: store(), epoch: Epoch(2), opening }));
    assert!(shop.apply(&[took]).await.settled);
    assert_eq!(skus(&follow(&shop, &since).await.0), None);
}

async fn a_follower_of_another_history_from_the_future_or_too_far_back_is_told_so(place: Place) {
    let mut shop = Shop::open(&place).await;
    shop.apply(&sold(&[(0, 5)], 1)).await;
    let now = shop.ledger.followed_now().await.unwrap();
    let other = Followed { generation: Generation(now.generation.0 + 1), ..now.clone() };
    assert_eq!(shop.ledger.follow(&other).await.unwrap(), Follow::AnotherGeneration);
    for (part, step) in [(0, now.steps[&0] + 1), (7, 1)] {
        let mut ahead = now.clone();
        ahead.steps.insert(part, step);
        assert_eq!(shop.ledger.follow(&ahead).await.unwrap(), Follow::Ahead);
    }
    shop.stand_at_step(KEPT + 500).await;
    assert_eq!(shop.ledger.follow(&now).await.unwrap(), Follow::TooOld);
    let near = Followed { steps: [(0, KEPT)].into(), ..now };
    assert_eq!(follow(&shop, &near).await.0, ChangedLevels::new());
    // The steps that nobody is led through any more go.
    assert_eq!(shop.kept_steps().await, [1]);
    shop.stand_at_step(KEPT.next_multiple_of(TOGETHER) + 2 * TOGETHER - 1).await;
    shop.apply(&[]).await;
    assert!(shop.kept_steps().await.is_empty());
}

async fn levels_are_read_page_by_page(place: Place) {
    let mut shop = Shop::open(&place).await;
    shop.apply(&sold(&[(0, 5), (1, 7), (2, 1)], 1)).await;
    let page = |levels: Vec<LevelRow>| levels.into_iter().map(|level| level.sku.to_string()).collect::<Vec<_>>();
    assert_eq!(page(shop.ledger.levels_page(None, 2).await.unwrap()), ["0", "1"]);
    assert_eq!(page(shop.ledger.levels_page(Some((&store(), "1")), 2).await.unwrap()), ["2"]);
    assert_eq!(page(shop.ledger.levels_page(Some((&store(), "")), 9).await.unwrap()), ["0", "1", "2"]);
    let unknown = StoreId::new("nowhere").unwrap();
    assert_eq!(shop.ledger.levels_page(Some((&unknown, "")), 9).await.unwrap().len(), 3);
}
