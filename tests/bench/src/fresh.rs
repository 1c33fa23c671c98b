//! How soon a new sale is at head office while a backlog comes up a slow line.

use std::time::Duration;

use serde_json::Value;
use tidemark_fleet::meeting::open_stock;
use tidemark_fleet::range::Article;
use tidemark_fleet::relay::Link;
use tidemark_fleet::submit::TillLine;
use tokio::time::Instant;

use crate::accept::document;
use crate::rest::fill;
use crate::samples::{Millis, Samples};
use crate::scene::{STORE, Scene, Trouble, wait_for};
use crate::table::Row;

/// 512 kbit/s, and how long a byte is on its way.
const BYTES_PER_SECOND: u64 = 64_000;
const DELAY: Duration = Duration::from_millis(30);
/// Articles that are followed; each was also sold while the line was cut.
const FOLLOWED: usize = 40;
/// Between two sales: all of them while the backlog comes up.
const PAUSE: Duration = Duration::from_millis(250);
/// Before the first: connecting, and the start of the backlog.
const START: Duration = Duration::from_secs(5);
/// How long anything may take.
const WITHIN: Duration = Duration::from_secs(60);

/// New sales and the backlog, with so many movements waiting.
pub(crate) async fn all(scene: &Scene, waiting: u64) -> Result<Vec<Row>, Trouble> {
    let followed = scene.range.get(..FOLLOWED).ok_or("the range is too small")?;
    open_stock(&scene.centre, &[STORE], followed, 1_000, WITHIN).await?;
    let till = TillLine::of(&scene.edge);
    scene.line.set(Link::Cut);
    for (number, article) in (0..).zip(followed) {
        till.submit(&document(std::slice::from_ref(article), "waits", number, 1)).await?;
    }
    fill(scene, "fill", waiting).await?;
    scene.line.set(Link::Up { bytes_per_second: Some(BYTES_PER_SECOND), delay: DELAY });
    tokio::time::sleep(START).await;
    let (before, began) = (scene.line.carried().0, Instant::now());
    let mut samples = Samples::default();
    for (number, article) in (0..).zip(followed) {
        samples.add(sell(scene, &till, article, number).await?);
        tokio::time::sleep(PAUSE).await;
    }
    let carried = scene.line.carried().0 - before;
    let room = u64::try_from(began.elapsed().as_millis())? * BYTES_PER_SECOND / 1_000;
    let status = scene.edge.get("/v1/status").await?;
    let left = status.get("pending").and_then(Value::as_u64).unwrap_or(0);
    scene.line.set(Link::FREE);
    scene.settle().await?;
    let (late, used) = (samples.quantile(950), carried * 100 / room.max(1));
    Ok(vec![
        Row {
            what: "new sale to the shop's true on-hand at head office, behind a backlog at 512 kbit/s, p95",
            aim: "≤ 2 s with 500,000 waiting",
            measured: format!(
                "{}, p50 {}, {left} still waiting at the end",
                Millis(late),
                Millis(samples.quantile(500))
            ),
            raw: format!("{} one way", Millis(DELAY)),
            reached: (left > 0).then_some(late <= Duration::from_secs(2)),
        },
        Row {
            what: "of that line, used meanwhile",
            aim: "≥ 85 %",
            measured: format!("{used} %"),
            raw: format!("{BYTES_PER_SECOND} bytes/s"),
            reached: (left > 0).then_some(used >= 85),
        },
    ])
}

/// From the till's request until head office reads what the box reads.
async fn sell(scene: &Scene, till: &TillLine, article: &Article, number: u64) -> Result<Duration, Trouble> {
    let started = Instant::now();
    till.submit(&document(std::slice::from_ref(article), "fresh", number, 1)).await?;
    let at_box = scene.edge.get(&format!("/v1/items/{}", article.sku)).await?.get("on_hand").cloned();
    let level = format!("/v1/stores/{STORE}/items/{}", article.sku);
    wait_for("the sale", || async {
        let told = scene.centre.get(&level).await?;
        Ok(at_box.is_some() && told.get("on_hand") == at_box.as_ref())
    })
    .await?;
    Ok(started.elapsed())
}
