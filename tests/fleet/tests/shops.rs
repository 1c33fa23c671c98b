//! Simulated shops against a centre that fits in a pocket, over a line that
//! is cut.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "support/pocket_centre.rs"]
mod pocket_centre;

use std::collections::BTreeMap;
use std::time::Duration;

use pocket_centre::{OPENING, Pocket};
use tidemark_fleet::range::articles;
use tidemark_fleet::relay::{Link, Relay};
use tidemark_fleet::shop::{ShopView, Trade};
use tidemark_fleet::shops::{Plan, Shops};
use tokio::time::Instant;

const HANG: Duration = Duration::from_secs(60);
const STORES: [&str; 3] = ["S0002", "S0003", "S0004"];

async fn until(shops: &Shops, what: &str, holds: impl Fn(&ShopView) -> bool) {
    let deadline = Instant::now() + HANG;
    while !shops.views().all(|(_, view)| holds(&view)) {
        let views: Vec<_> = shops.views().collect();
        assert!(Instant::now() < deadline, "{what} did not come: {views:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_shops_sold_over_a_line_that_is_cut_arrives_once() {
    let (centre, address) = Pocket::serve().await;
    let line = Relay::start(address).await.unwrap();
    let trade = Trade { every: Duration::from_millis(5), lines: 3, duplicates: 100, poison: 50 };
    let plan = Plan { range: articles(20), trade, opening: None };
    let mut shops = Shops::new();
    for store in STORES {
        shops.open(store, &format!("http://{}", line.address()), &plan).unwrap();
    }
    until(&shops, "opening stock and catalogue", |view| view.opened_lines == 20 && view.catalogue == 4).await;
    shops.sell(true).await.unwrap();
    for link in [Link::Cut, Link::Stalled, Link::Cut] {
        tokio::time::sleep(Duration::from_millis(300)).await;
        line.set(link);
        tokio::time::sleep(Duration::from_millis(300)).await;
        line.set(Link::FREE);
    }
    shops.sell(false).await.unwrap();
    let record = shops.record().await.unwrap();
    let opened = 20 * u64::try_from(STORES.len()).unwrap();
    let committed = opened + record.sums.movements() + record.parked;
    until(&shops, "the rest", |view| view.reached && view.pending == 0).await;
    let tails: u64 = shops.views().map(|(_, view)| view.tail).sum();
    assert_eq!((tails, centre.count()), (committed, committed));
    assert!(record.parked > 0 && record.repeated > 0 && record.doubled == 0, "{record:?}");
    let mut expected = BTreeMap::new();
    for article in articles(20) {
        for store in STORES {
            expected.insert((store.to_owned(), article.sku.clone()), OPENING * 1_000);
        }
    }
    for (store, sku, effect) in record.sums.effects() {
        *expected.get_mut(&(store.to_owned(), sku.clone())).unwrap() += effect;
    }
    assert_eq!(centre.balances(), expected);
}
