//! Forty items sell while two people count floor and stock room out of reach
//! of the box, and send their sheets afterwards: box and centre have what
//! lies on the shelves.
#![expect(clippy::indexing_slicing, reason = "tests")]

use std::time::Duration;

use serde_json::{Value, json};
use tidemark_e2e::scene::{STORE, Scene, Trouble, wait_for};
use tidemark_fleet::patience::expect;
use tidemark_fleet::submit::{BATCH, status_of};
use tokio::time::Instant;

const ITEMS: usize = 40;
/// One handheld's clock says three hours later.
const WRONG_CLOCK: &str = "2030-01-01T15:00:00Z";
const CLOCK: &str = "2030-01-01T12:00:00Z";
/// Between what was sold and what was counted. An answer that takes longer
/// could put a count on the wrong side of a sale: then it is tried again with
/// twice the time.
const GAP: Duration = Duration::from_millis(1_500);
const ROUNDS: u32 = 5;

/// What lies there of each item.
#[derive(Clone, Copy, Debug)]
struct Shelf {
    floor: i64,
    back: i64,
}

/// A shop whose books say 100 of everything, which is not so.
struct Shop {
    scene: Scene,
    shelves: Vec<Shelf>,
    documents: u64,
}

/// Something that happened, to be told later with its age.
struct Kept {
    event: Value,
    at: Instant,
}

impl Shop {
    async fn open() -> Result<Self, Trouble> {
        let scene = Scene::set(&[], &[]).await?;
        let shelves = (0..).take(ITEMS).map(|item| Shelf { floor: 40 + item, back: 90 - 2 * item }).collect();
        Ok(Self { scene, shelves, documents: 0 })
    }

    fn sku(&self, item: usize) -> String {
        self.scene.range[item].sku.to_string()
    }

    fn event(&mut self, kind: &str, time: &str, data: Value) -> Value {
        self.documents += 1;
        let id = format!("c-{}", self.documents);
        json!({"specversion": "1.0", "type": kind, "source": "till:1", "id": id, "time": time, "data": data})
    }

    /// Sells of every item; of every third one the receipt is kept for later.
    async fn sell(&mut self, each: i64, keeps: bool) -> Result<Vec<Kept>, Trouble> {
        let (mut kept, mut now) = (Vec::new(), Vec::new());
        for item in 0..ITEMS {
            self.shelves[item].floor -= each;
            let lines = json!({"lines": [{"item": self.sku(item), "quantity": each}]});
            let event = self.event("tidemark.sale", CLOCK, lines);
            if keeps && item % 3 == 0 {
                kept.push(Kept { event, at: Instant::now() });
            } else {
                now.push(event);
            }
        }
        let (status, answer) = self.scene.till().post(BATCH, json!(now).to_string().into_bytes()).await?;
        let results = answer["results"].as_array().cloned().unwrap_or_default();
        let all = results.len() == now.len() && results.iter().all(|result| status_of(result) == "accepted");
        expect(status == 200 && all, || answer.to_string())?;
        Ok(kept)
    }

    /// Sends what was kept; how long the answer took.
    async fn send(&self, kept: Vec<Kept>) -> Result<Duration, Trouble> {
        let mut slowest = Duration::ZERO;
        for Kept { mut event, at } in kept {
            let sent = Instant::now();
            event["data"]["deferred"] = json!(true);
            event["data"]["age_ms"] = json!(u64::try_from(at.elapsed().as_millis())?);
            let told = self.scene.till().submit(&event).await?;
            expect(status_of(&told.result) == "accepted", || told.result.to_string())?;
            slowest = slowest.max(sent.elapsed());
        }
        Ok(slowest)
    }

    /// One person's sheet of what is there now.
    fn counted(&mut self, reference: &str, zone: &str, last: bool) -> Kept {
        let found = |shelf: &Shelf| if zone == "floor" { shelf.floor } else { shelf.back };
        let line = |item: usize| json!({"item": self.sku(item), "quantity": found(&self.shelves[item])});
        let lines: Vec<Value> = (0..ITEMS).map(line).collect();
        let data = json!({"reference": reference, "zone": zone, "counter": zone, "sells": zone == "floor",
                          "final": last, "lines": lines});
        let time = if zone == "back" { WRONG_CLOCK } else { CLOCK };
        let event = self.event("tidemark.count", time, data);
        Kept { event, at: Instant::now() }
    }

    /// Counts while the shop sells; how long the slowest answer took.
    async fn count(&mut self, round: u32, gap: Duration) -> Result<Duration, Trouble> {
        let reference = format!("spring-{round}");
        let mut unsent = self.sell(1, true).await?;
        tokio::time::sleep(gap).await;
        let back = self.counted(&reference, "back", true);
        let floor = self.counted(&reference, "floor", false);
        tokio::time::sleep(gap).await;
        unsent.extend(self.sell(2, true).await?);
        // The sheet that closes the count comes before the other, and half of
        // the receipts before both.
        let rest = unsent.split_off(unsent.len() / 2);
        let before = self.send(unsent).await?;
        let sheets = self.send(vec![back, floor]).await?;
        Ok(before.max(sheets).max(self.send(rest).await?))
    }
}

#[tokio::test]
async fn what_was_counted_out_of_reach_is_what_lies_on_the_shelves() -> Result<(), Trouble> {
    let mut shop = Shop::open().await?;
    let mut gap = GAP;
    for round in 0..ROUNDS {
        if shop.count(round, gap).await? < gap {
            break;
        }
        expect(round + 1 < ROUNDS, || format!("an answer took {gap:?} each time"))?;
        gap *= 2;
    }
    for item in 0..ITEMS {
        let (sku, lies) = (shop.sku(item), shop.shelves[item].floor + shop.shelves[item].back);
        let found = shop.scene.edge.get(&format!("/v1/items/{sku}")).await?;
        assert_eq!((&found["on_hand"], &found["basis"]), (&json!(lies), &json!("counted")), "{found}");
        let level = format!("/v1/stores/{STORE}/items/{sku}");
        wait_for("the count at the centre", || async {
            Ok(shop.scene.centre.get(&level).await?["on_hand"] == json!(lies))
        })
        .await?;
    }
    Ok(())
}
