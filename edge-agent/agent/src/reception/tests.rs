//! An hour of a shop that sells while it is counted, in virtual time: what is
//! on the shelves at its end is kept beside the box, item by item.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use tidemark_daemon::conditions::Active;
use tidemark_journal::{Config, Reading, Writer};
use tidemark_model::books::Stock;
use tidemark_model::{Basis, Item, ItemUnit, Marks, Quantity, Sku, StoreId, WallTime};
use tidemark_sync::Random;
use tidemark_sync::message::{CatalogueEntry, CataloguePage};

use super::*;
use crate::intake::{Content, read};

const ITEMS: usize = 40;
const MINUTE: u64 = 60_000;
const STEP_MS: u64 = 10_000;
/// The clock of one handheld is as wrong as this.
const CLOCK_OFF_MS: i64 = 3 * 3_600_000;
const NOON: i64 = 1_800_000_000_000;

/// What really lies in the shop.
#[derive(Clone, Copy, Debug)]
struct Shelf {
    floor: i64,
    back: i64,
}

/// One handheld out of reach: what it saw, by its own stopwatch.
struct Counter {
    zone: &'static str,
    seen: Vec<(usize, i64, u64)>,
    clock_off: i64,
}

/// A box in virtual time, and the shop around it.
struct Hour {
    _folder: tempfile::TempDir,
    reception: Reception,
    writer: Writer,
    now: Arc<AtomicU64>,
    random: Random,
    shelves: Vec<Shelf>,
    /// Receipts of a till that is out of reach: each with when it was made.
    unsent: Vec<(Value, u64)>,
    documents: u64,
}

fn sku(item: usize) -> String {
    format!("item-{item:02}")
}

impl Hour {
    async fn begin(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = Arc::new(AtomicU64::new(5 * MINUTE));
        let read = {
            let now = Arc::clone(&now);
            move || Reading { steady_ms: now.load(Ordering::Relaxed), wall: WallTime(NOON) }
        };
        let config = Config::new(folder.path().join("journal"), StoreId::new("S0001").unwrap(), Arc::new(read));
        let (journal, writer) = Journal::open(config).unwrap();
        teach(&journal).await;
        let (events, _metrics) = Events::declare();
        let clock = Clock::start();
        let reception = Reception::new(Parts {
            journal,
            events,
            troubles: Troubles::new(Active::default(), clock),
            roll: Roll::default(),
            days: Days::default(),
            time_zone: jiff::tz::TimeZone::UTC,
            clock,
        });
        let mut random = Random::seeded(seed);
        let mut below = |limit: u64| i64::try_from(random.bits() % limit).unwrap();
        let shelves = (0..ITEMS).map(|_| Shelf { floor: 60 + below(60), back: below(200) }).collect();
        Self { _folder: folder, reception, writer, now, random, shelves, unsent: Vec::new(), documents: 0 }
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.random.bits() % limit
    }

    fn item(&mut self) -> usize {
        usize::try_from(self.below(40)).unwrap()
    }

    fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    fn event(&mut self, kind: &str, data: Value, clock_off: i64) -> Value {
        self.documents += 1;
        let time = jiff::Timestamp::from_millisecond(NOON + clock_off).unwrap().to_string();
        json!({"specversion": "1.0", "type": kind, "source": "shop", "id": self.documents.to_string(),
               "time": time, "data": data})
    }

    /// Hands an event in as the door does.
    async fn post(&self, event: &Value) {
        let place = self.reception.place();
        let intake = read(Content::One, event.to_string().as_bytes(), &place).unwrap();
        let answers = self.reception.receive(&Guest::Local, intake).await.unwrap();
        let answer = serde_json::to_value(&answers).unwrap();
        assert_eq!(answer[0]["status"], json!("accepted"), "{event}");
        // Before the first count nobody knows that there is any.
        let warnings = answer[0]["warnings"].as_array().unwrap();
        assert!(warnings.iter().all(|warning| warning["code"] == json!("negative")), "{answer}");
    }

    /// Ten seconds of trade: sales and returns from the floor, deliveries
    /// and waste in the stock room; every fifth receipt is of the till that
    /// can't be reached.
    async fn trade(&mut self) {
        for _ in 0..1 + self.below(3) {
            let (item, quantity) = (self.item(), 1 + i64::try_from(self.below(3)).unwrap());
            let lines = |sign: i64| json!({"lines": [{"item": sku(item), "quantity": sign * quantity}]});
            let shelf = &mut self.shelves[item];
            let (kind, data) = match self.random.bits() % 10 {
                0 => {
                    shelf.floor += quantity;
                    ("tidemark.return", lines(1))
                }
                1 => {
                    shelf.back += quantity;
                    ("tidemark.receipt", lines(1))
                }
                2 => {
                    shelf.back -= quantity;
                    ("tidemark.adjustment", lines(-1))
                }
                _ => {
                    shelf.floor -= quantity;
                    ("tidemark.sale", lines(1))
                }
            };
            let event = self.event(kind, data, 0);
            if self.below(5) == 0 {
                self.unsent.push((event, self.now()));
            } else {
                self.post(&event).await;
            }
        }
    }

    /// The same with all tills in reach.
    async fn trade_in_reach(&mut self) {
        let kept = std::mem::take(&mut self.unsent);
        self.trade().await;
        for (event, _) in std::mem::replace(&mut self.unsent, kept) {
            self.post(&event).await;
        }
    }

    /// The sheet of a handheld that is back in reach, each line with its age.
    async fn send_sheet(&mut self, counter: &Counter, last: bool) {
        let now = self.now();
        let line =
            |(item, found, at): &(usize, i64, u64)| json!({"item": sku(*item), "quantity": found, "age_ms": now - at});
        let lines: Vec<Value> = counter.seen.iter().map(line).collect();
        let data = json!({"reference": "spring", "zone": counter.zone, "counter": counter.zone, "deferred": true,
                          "sells": counter.zone == "floor", "final": last, "lines": lines});
        let event = self.event("tidemark.count", data, counter.clock_off);
        self.post(&event).await;
    }

    /// What the till had to keep to itself, the newest first.
    async fn send_receipts(&mut self) {
        for (mut event, made) in std::mem::take(&mut self.unsent).into_iter().rev() {
            event["data"]["deferred"] = json!(true);
            event["data"]["age_ms"] = json!(self.now() - made);
            self.post(&event).await;
        }
    }

    fn stock(&self, item: usize) -> Stock {
        self.reception.parts().journal.stock(&Sku::new(&sku(item)).unwrap()).unwrap().unwrap_or(Stock::FRESH)
    }

    /// Items that somebody is to count again.
    fn to_recount(&self) -> BTreeSet<String> {
        let movements = self.reception.parts().journal.recent_movements(usize::MAX).unwrap();
        let marked = |marks: Marks| marks.has(Marks::RECOUNT) || marks.has(Marks::UNORDERED);
        let marked = movements.iter().filter(|placed| marked(placed.movement.marks));
        marked.filter_map(|placed| Some(placed.movement.sku.as_ref()?.to_string())).collect()
    }

    /// Items whose on-hand is not what lies there.
    fn wrong(&self) -> Vec<usize> {
        let lies = |item: usize| Quantity::units(self.shelves[item].floor + self.shelves[item].back).unwrap();
        (0..ITEMS).filter(|item| self.stock(*item).on_hand != lies(*item)).collect()
    }
}

async fn teach(journal: &Journal) {
    let entry = |item| {
        let (sku, name) = (Sku::new(&sku(item)).unwrap(), sku(item));
        let item = Item::new(sku, name, ItemUnit::Each);
        CatalogueEntry { item, codes: Vec::new() }
    };
    journal.begin_catalogue(1).await.unwrap();
    journal.take_catalogue(CataloguePage::part(1, (0..ITEMS).map(entry).collect(), true)).await.unwrap();
}

/// When the till that was out of reach sends what it kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Receipts {
    BeforeTheCountCloses,
    AfterIt,
}

/// One hour: two people walk, one through the shop and one through the stock
/// room, each item at a time of its own; then all that was kept is sent.
async fn hour_with(seed: u64, last_sheet_first: bool, receipts: Receipts) {
    let mut hour = Hour::begin(seed).await;
    let [floor, back] = walk(&mut hour).await;
    assert!(hour.unsent.len() > 20 && hour.wrong().len() == ITEMS, "nothing was counted yet");
    if receipts == Receipts::BeforeTheCountCloses {
        hour.send_receipts().await;
    }
    let sheets = if last_sheet_first { [&back, &floor] } else { [&floor, &back] };
    for (number, sheet) in (0..).zip(sheets) {
        // The sheet that closes comes before the other, or after it.
        hour.send_sheet(sheet, (number == 0) == last_sheet_first).await;
        hour.now.fetch_add(7 * MINUTE, Ordering::Relaxed);
        hour.trade_in_reach().await;
    }
    hour.send_receipts().await;
    let seen: i64 = floor.seen.iter().chain(&back.seen).map(|(_, found, _)| found).sum();
    let lies: i64 = hour.shelves.iter().map(|shelf| shelf.floor + shelf.back).sum();
    assert_ne!(seen, lies, "the shop sold on while it was counted");
    assert!((0..ITEMS).all(|item| hour.stock(item).basis == Basis::Counted));
    match receipts {
        Receipts::BeforeTheCountCloses => {
            assert_eq!(hour.wrong(), [] as [usize; 0], "seed {seed}");
            assert!(hour.to_recount().is_empty(), "all of it could be told");
        }
        // What happened between the marks of the two zones can't be told any
        // more once the count is closed: such an item is to be counted again.
        Receipts::AfterIt => {
            let to_recount = hour.to_recount();
            assert!(hour.wrong().iter().all(|item| to_recount.contains(&sku(*item))), "seed {seed}");
            assert!(to_recount.len() < ITEMS, "only those");
        }
    }
    let Hour { writer, reception, .. } = hour;
    drop(reception);
    tokio::task::spawn_blocking(move || writer.stop()).await.unwrap().unwrap();
}

/// The hour itself, with what both saw.
async fn walk(hour: &mut Hour) -> [Counter; 2] {
    let mut floor = Counter { zone: "floor", seen: Vec::new(), clock_off: 0 };
    let mut back = Counter { zone: "back", seen: Vec::new(), clock_off: CLOCK_OFF_MS };
    let begun = hour.now();
    while hour.now() < begun + 60 * MINUTE {
        hour.trade().await;
        hour.now.fetch_add(STEP_MS / 2, Ordering::Relaxed);
        // One begins at the door, the other at the far end; each is at an
        // item every minute from the fifth on.
        let minute = (hour.now() - begun) / MINUTE;
        let walked = usize::try_from(minute.saturating_sub(5)).unwrap().min(ITEMS);
        if floor.seen.len() < walked {
            let (near, far) = (floor.seen.len(), ITEMS - 1 - back.seen.len());
            floor.seen.push((near, hour.shelves[near].floor, hour.now()));
            back.seen.push((far, hour.shelves[far].back, hour.now()));
        }
        hour.now.fetch_add(STEP_MS / 2, Ordering::Relaxed);
    }
    assert_eq!((floor.seen.len(), back.seen.len()), (ITEMS, ITEMS));
    [floor, back]
}

#[tokio::test]
async fn a_shop_that_sells_while_two_people_count_it_out_of_reach_has_what_is_on_its_shelves() {
    for (seed, last_sheet_first) in [(1, false), (2, true)] {
        hour_with(seed, last_sheet_first, Receipts::BeforeTheCountCloses).await;
    }
}

#[tokio::test]
async fn what_is_told_too_late_to_be_ordered_is_to_be_counted_again() {
    for (seed, last_sheet_first) in [(3, false), (4, true)] {
        hour_with(seed, last_sheet_first, Receipts::AfterIt).await;
    }
}
