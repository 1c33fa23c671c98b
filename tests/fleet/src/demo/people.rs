//! Who works in the shop with the real box: a cashier at the till, and one
//! with the scanner. Both know what they sold.

use std::time::Duration;

use serde_json::{Value, json};
use tidemark_fleet::gun::{Gun, Heard};
use tidemark_fleet::patience::{Trouble, expect};
use tidemark_fleet::process::{client, get_json};
use tidemark_fleet::range::Article;
use tidemark_fleet::receipts::Till;
use tidemark_fleet::say::Voice;
use tidemark_fleet::shop::Record;
use tidemark_fleet::submit::{TillLine, status_of};
use tokio::sync::watch;

use super::cast::{OPENING, STORE};

/// Between two receipts of the till.
const RECEIPT_EVERY: Duration = Duration::from_millis(150);
/// Of ten receipts, one is submitted again.
const REPEAT_EACH: u64 = 10;
/// Between two scans.
const SCAN_EVERY: Duration = Duration::from_millis(250);
/// How long the person with the scanner waits for the signal.
const SIGNAL_WITHIN: Duration = Duration::from_secs(2);
/// How long the box may take to open the scanner's port, a restart included.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// How long a scan that the box read just now may take to be saved.
const SETTLE: Duration = Duration::from_millis(500);
/// Between two looks at the box.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Sells at the till over HTTP until the doors close; repeats each receipt
/// until it is answered, and now and then one that was answered.
pub(super) async fn cashier(
    line: TillLine,
    range: Vec<Article>,
    doors: watch::Receiver<bool>,
) -> Result<(Record, u64), Trouble> {
    let (mut till, mut record, mut waited) = (Till::new("1", 0xd3, 3), Record::default(), 0);
    while *doors.borrow() {
        let receipt = till.ring_up(&range);
        record.sums.sold(STORE, &receipt);
        let event = receipt.event();
        let told = line.submit(&event).await?;
        expect(matches!(status_of(&told.result), "accepted" | "duplicate"), || {
            format!("a sale was refused: {}", told.result)
        })?;
        waited += u64::from(told.repeats > 0);
        if receipt.number % REPEAT_EACH == 0 {
            record.repeated += 1;
            let again = line.submit(&event).await?;
            record.doubled += u64::from(status_of(&again.result) != "duplicate");
        }
        tokio::time::sleep(RECEIPT_EVERY).await;
    }
    Ok((record, waited))
}

/// Lines that nobody can understand, each in a receipt with a good one.
pub(super) async fn nonsense(line: &TillLine, good: &Article, count: u64) -> Result<Record, Trouble> {
    let quantities = [json!("a few"), json!(1.2345), json!(5_000_000_000_u64)];
    let mut record = Record::default();
    for (number, quantity) in (1..=count).zip(quantities.iter().cycle()) {
        let code = good.gtin.to_string();
        let lines = json!([{"item": code, "quantity": 1}, {"item": code, "quantity": quantity}]);
        let event = json!({
            "specversion": "1.0", "type": "tidemark.sale", "source": "till:2",
            "id": format!("d3-20261124-2-{number}"), "data": {"lines": lines},
        });
        let told = line.submit(&event).await?;
        expect(status_of(&told.result) == "accepted", || format!("a sale was refused: {}", told.result))?;
        record.sums.add(STORE, &good.sku, -1);
        record.parked += 1;
    }
    Ok(record)
}

/// The one with the scanner.
#[derive(Debug)]
pub(super) struct Scanning {
    gun: Gun,
    articles: Vec<Article>,
    next: usize,
    /// The address of the box.
    edge: String,
    /// What was scanned with the good signal, or found saved afterwards.
    pub(super) record: Record,
    /// Scans with the good signal.
    pub(super) good: u64,
    /// Scans without any signal.
    pub(super) unheard: u64,
}

impl Scanning {
    pub(super) fn with(gun: Gun, articles: Vec<Article>, edge: String) -> Self {
        Self { gun, articles, next: 0, edge, record: Record::default(), good: 0, unheard: 0 }
    }

    /// Scans until the doors close. After a scan without signal the scanner
    /// is plugged anew, and the box tells whether that scan was saved.
    pub(super) async fn work(mut self, doors: watch::Receiver<bool>, voice: Voice) -> Result<Self, Trouble> {
        self.wait_until_ready().await?;
        while *doors.borrow() {
            let article = self.articles.get(self.next % self.articles.len().max(1)).ok_or("nothing to scan")?.clone();
            self.next += 1;
            match self.gun.scan(&article.gtin.to_string(), SIGNAL_WITHIN).await? {
                Heard::Good => {
                    self.good += 1;
                    self.record.sums.add(STORE, &article.sku, -1);
                }
                Heard::Error => return Err(format!("the box did not understand a scan of {}", article.gtin).into()),
                Heard::Nothing => {
                    self.unheard += 1;
                    self.gun.replug()?;
                    let saved = if self.look_up(&article).await? { "was saved" } else { "was not saved" };
                    voice.say(format!("one scan of {} had no signal; the box tells that it {saved}", article.sku));
                }
            }
            tokio::time::sleep(SCAN_EVERY).await;
        }
        Ok(self)
    }

    /// After a scan without signal: looks at the box whether it was saved.
    /// Nobody else sells the article, so its on-hand tells.
    async fn look_up(&mut self, article: &Article) -> Result<bool, Trouble> {
        self.wait_until_ready().await?;
        tokio::time::sleep(SETTLE).await;
        let item = get_json(&client(), &format!("{}/v1/items/{}", self.edge, article.gtin)).await?;
        let sum =
            item.get("effect_sum").and_then(tidemark_fleet::books::thousandths).ok_or("the box tells no stock")?;
        let own = self.record.sums.effects().find(|(_, sku, _)| **sku == article.sku).map_or(0, |(_, _, sum)| sum);
        let saved = match sum - OPENING * 1_000 - own {
            0 => false,
            -1_000 => true,
            other => {
                return Err(format!("{}: the box differs by {other} thousandths from the scans", article.sku).into());
            }
        };
        if saved {
            self.record.sums.add(STORE, &article.sku, -1);
        }
        Ok(saved)
    }

    /// Waits until the box has opened the scanner's port.
    async fn wait_until_ready(&self) -> Result<(), Trouble> {
        let (http, url) = (client(), format!("{}/v1/status", self.edge));
        let ready = async {
            loop {
                let status = get_json(&http, &url).await;
                let present = |status: Value| status.pointer("/scanners/0/present").and_then(Value::as_bool);
                if status.ok().and_then(present) == Some(true) {
                    return;
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        Ok(tokio::time::timeout(READY_WITHIN, ready)
            .await
            .map_err(|_late| "the box did not open the scanner's port")?)
    }
}
