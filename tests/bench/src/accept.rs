//! How soon a document is accepted, and how many.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tidemark_fleet::range::Article;
use tidemark_fleet::relay::Link;
use tidemark_fleet::submit::{TillLine, status_of};
use tokio::time::Instant;

use crate::disk;
use crate::plain_till::PlainTill;
use crate::samples::{Millis, Samples, rate};
use crate::scene::{Scene, Trouble};
use crate::table::{Row, rounds};

/// Documents of one round, one at a time.
const DOCUMENTS: u64 = 1_000;
/// Documents a second of the paced round, and how many.
const PACE: (u64, u64) = (200, 1_000);
/// Tills at once, lines of their documents, how long they sell.
const TILLS: u64 = 64;
const LINES: u64 = 10;
const SELL: Duration = Duration::from_secs(5);

/// A document of so many lines.
pub(crate) fn document(range: &[Article], id: &str, number: u64, lines: u64) -> Value {
    let count = u64::try_from(range.len()).unwrap_or(u64::MAX).max(1);
    let line = |line: u64| {
        let at = usize::try_from(number.wrapping_mul(7_919).wrapping_add(line * 104_729) % count).unwrap_or(0);
        range.get(at).map(|article| json!({"item": article.gtin.to_string(), "quantity": 1}))
    };
    let lines: Vec<Value> = (0..lines).filter_map(line).collect();
    json!({
        "specversion": "1.0", "type": "tidemark.sale", "source": "till:1", "id": format!("{id}-{number}"),
        "data": {"lines": lines},
    })
}

async fn submit(till: &TillLine, event: &Value) -> Result<Duration, Trouble> {
    let started = Instant::now();
    let told = till.submit(event).await?;
    let took = started.elapsed();
    if status_of(&told.result) != "accepted" {
        return Err(format!("not accepted: {}", told.result).into());
    }
    Ok(took)
}

/// One at a time: as fast as answers come, the box alone and with a centre
/// that syncs on the same disk, and at an even pace.
pub(crate) async fn one_at_a_time(scene: &Scene, times: usize) -> Result<Vec<Row>, Trouble> {
    let till = TillLine::of(&scene.edge);
    let mut bare = Samples::default();
    let (mut alone, mut beside, mut paced) = (Samples::default(), Samples::default(), Samples::default());
    let mut plain = PlainTill::connect(scene.edge.recipe().http)?;
    let (mut worse, mut looks) = (Vec::new(), Samples::default());
    for round in 0..times {
        let raw = disk::median(scene.stage.folder())?;
        scene.line.set(Link::Cut);
        let median = median_of(scene, &mut plain, &format!("alone{round}"))?;
        looks.add(look_of(&mut plain)?);
        worse.push(median > (raw * 3 / 2).max(raw + Duration::from_micros(500)));
        alone.add(median);
        bare.add(raw);
        scene.line.set(Link::FREE);
        scene.settle().await?;
        beside.add(median_of(scene, &mut plain, &format!("beside{round}"))?);
        let mut ticks = tokio::time::interval(Duration::from_secs(1) / u32::try_from(PACE.0)?);
        for number in 0..PACE.1 {
            ticks.tick().await;
            paced.add(submit(&till, &document(&scene.range, &format!("paced{round}"), number, 1)).await?);
        }
    }
    let reached = worse.iter().filter(|worse| **worse).count() * 2 < worse.len();
    let slow = paced.quantile(990);
    let raw = format!("{} append of 4 KiB and fdatasync", bare.spread());
    Ok(vec![
        Row {
            what: "document accepted, one at a time, p50",
            aim: "≤ max(1.5 ×, + 0.5 ms) of the raw limit",
            measured: alone.spread(),
            raw: raw.clone(),
            reached: Some(reached),
        },
        Row {
            what: "a request that touches no disk, the same way there and back, p50",
            aim: "–",
            measured: looks.spread(),
            raw: "–".to_owned(),
            reached: None,
        },
        Row {
            what: "document accepted, one at a time, while a centre syncs each document to the same disk twice more",
            aim: "–",
            measured: beside.spread(),
            raw,
            reached: None,
        },
        Row {
            what: "the same at 200/s, p99",
            aim: "≤ 20 ms",
            measured: format!("{}, p50 {}", Millis(slow), Millis(paced.quantile(500))),
            raw: "–".to_owned(),
            reached: Some(slow <= Duration::from_millis(20)),
        },
    ])
}

fn median_of(scene: &Scene, till: &mut PlainTill, id: &str) -> Result<Duration, Trouble> {
    let mut samples = Samples::default();
    for number in 0..DOCUMENTS {
        let event = document(&scene.range, id, number, 1);
        // The line to the centre and others in this process go on meanwhile.
        samples.add(tokio::task::block_in_place(|| till.submit(&event))?);
    }
    Ok(samples.quantile(500))
}

fn look_of(till: &mut PlainTill) -> Result<Duration, Trouble> {
    let mut samples = Samples::default();
    for _ in 0..DOCUMENTS {
        samples.add(tokio::task::block_in_place(|| till.look())?);
    }
    Ok(samples.quantile(500))
}

/// Many tills at once.
pub(crate) async fn many_at_once(scene: &Scene, times: usize) -> Result<Row, Trouble> {
    let range = Arc::new(scene.range.clone());
    let (mut rates, mut bare) = (Vec::new(), Vec::new());
    for round in 0..times {
        bare.push(rate(1_000_000, disk::median(scene.stage.folder())? * 1_000_000));
        let started = Instant::now();
        let tills = (0..TILLS).map(|number| {
            let (till, range) = (TillLine::of(&scene.edge), Arc::clone(&range));
            tokio::spawn(sell(till, range, format!("many{round}-{number}"), started + SELL))
        });
        let mut documents = 0;
        for till in tills.collect::<Vec<_>>() {
            documents += till.await??;
        }
        rates.push(rate(documents * LINES, started.elapsed()));
        scene.settle().await?;
    }
    rates.sort_unstable();
    let median = rates.get(rates.len() / 2).copied().unwrap_or(0);
    Ok(Row {
        what: "accepted and durable, 64 tills at once, 10 lines a document, the tills on the same cores",
        aim: "≥ 20,000 movements/s",
        measured: rounds(rates, " movements/s"),
        raw: rounds(bare, " bare syncs/s"),
        reached: Some(median >= 20_000),
    })
}

/// Sells until it is time; how many documents.
async fn sell(till: TillLine, range: Arc<Vec<Article>>, id: String, until: Instant) -> Result<u64, Trouble> {
    let mut number = 0;
    while Instant::now() < until {
        submit(&till, &document(&range, &id, number, LINES)).await?;
        number += 1;
    }
    Ok(number)
}
