//! How soon a scan can be read at head office, with the line up and when the
//! line comes back.

use std::time::Duration;

use serde_json::Value;
use tidemark_fleet::gun::Heard;
use tidemark_fleet::process::{client, get_json};
use tidemark_fleet::range::Article;
use tidemark_fleet::relay::Link;
use tidemark_fleet::submit::TillLine;
use tokio::time::Instant;

use crate::accept::document;
use crate::disk;
use crate::samples::{Millis, Samples};
use crate::scene::{STORE, Scene, Trouble, wait_for};
use crate::table::Row;

/// Scans that are followed.
const SCANS: usize = 100;
/// Between two of them: a quiet shop.
const PAUSE: Duration = Duration::from_millis(100);
/// Outages, and how long each is.
const OUTAGES: usize = 10;
const OUTAGE: Duration = Duration::from_secs(2);
/// How long a signal is waited for.
const SIGNAL: Duration = Duration::from_secs(5);

/// Both journeys.
pub(crate) async fn all(scene: &mut Scene) -> Result<Vec<Row>, Trouble> {
    scene.settle().await?;
    let raw =
        format!("{} a bare sync; box, stream and ledger sync in turn", Millis(disk::median(scene.stage.folder())?));
    let (signals, readable) = scans(scene).await?;
    let (median, slow) = (readable.quantile(500), readable.quantile(990));
    let back = line_back(scene).await?;
    let late = back.quantile(950);
    Ok(vec![
        Row {
            what: "scan to good signal, p50",
            aim: "–",
            measured: format!("{}, p99 {}", Millis(signals.quantile(500)), Millis(signals.quantile(990))),
            raw: raw.clone(),
            reached: None,
        },
        Row {
            what: "scan to readable at head office, line up, p50 and p99",
            aim: "≤ 150 ms, ≤ 500 ms",
            measured: format!("{}, p99 {}", Millis(median), Millis(slow)),
            raw: raw.clone(),
            reached: Some(median <= Duration::from_millis(150) && slow <= Duration::from_millis(500)),
        },
        Row {
            what: "line back to first new movement applied, p95",
            aim: "≤ 1 s",
            measured: format!("{}, p50 {}", Millis(late), Millis(back.quantile(500))),
            raw,
            reached: Some(late <= Duration::from_secs(1)),
        },
    ])
}

async fn scans(scene: &Scene) -> Result<(Samples, Samples), Trouble> {
    let (mut signals, mut readable) = (Samples::default(), Samples::default());
    for at in 0..SCANS {
        tokio::time::sleep(PAUSE).await;
        let article = scene.range.get(at * 3).ok_or("the range is too small")?;
        let before = level(scene, article).await;
        let started = Instant::now();
        let heard = scene.gun.scan(&article.gtin.to_string(), SIGNAL).await?;
        signals.add(started.elapsed());
        if heard != Heard::Good {
            return Err(format!("the scanner heard {heard:?}").into());
        }
        wait_for("the scan", || async { Ok(level(scene, article).await != before) }).await?;
        readable.add(started.elapsed());
    }
    Ok((signals, readable))
}

async fn line_back(scene: &Scene) -> Result<Samples, Trouble> {
    let till = TillLine::of(&scene.edge);
    let mut samples = Samples::default();
    for at in 0..OUTAGES {
        scene.line.set(Link::Cut);
        tokio::time::sleep(OUTAGE).await;
        let number = u64::try_from(at)?;
        let event = document(&scene.range, "back", number, 1);
        let item = event.pointer("/data/lines/0/item").and_then(Value::as_str).unwrap_or_default().to_owned();
        let article = scene.range.iter().find(|article| article.gtin.to_string() == item).ok_or("no such article")?;
        let before = level(scene, article).await;
        scene.line.set(Link::FREE);
        let started = Instant::now();
        till.submit(&event).await?;
        wait_for("the sale", || async { Ok(level(scene, article).await != before) }).await?;
        samples.add(started.elapsed());
    }
    Ok(samples)
}

/// What the read API tells of an article; none before its first movement.
async fn level(scene: &Scene, article: &Article) -> Option<Value> {
    let url = scene.centre.url(&format!("/v1/stores/{STORE}/items/{}", article.sku));
    get_json(&client(), &url).await.ok()?.get("effect_sum").cloned()
}
