//! A new sale overtakes what has waited, over a line that carries little.

use std::time::Duration;

use serde_json::{Value, json};
use tidemark_e2e::length::either;
use tidemark_e2e::scene::{OPENING, STORE, Scene, Trouble, event, sell, wait_for};
use tidemark_fleet::patience::expect;
use tidemark_fleet::receipts::Sums;
use tidemark_fleet::relay::Link;
use tidemark_fleet::say::Voice;
use tidemark_fleet::submit::BATCH;
use tokio::time::Instant;

/// 512 kbit/s.
const NARROW: Link = Link::Up { bytes_per_second: Some(64_000), delay: Duration::from_millis(20) };
/// Documents of one request, and lines of one document.
const TOGETHER: (u64, u64) = (10, 100);

/// Sells so much of all but the first article while the line is down.
async fn pile_up(scene: &Scene, sums: &mut Sums, movements: u64) -> Result<(), Trouble> {
    let (documents, lines) = TOGETHER;
    let mut articles = scene.range.iter().skip(1).cycle();
    for request in 0..movements / (documents * lines) {
        let mut batch = Vec::new();
        for document in 0..documents {
            let mut sold = Vec::new();
            for _ in 0..lines {
                let article = articles.next().ok_or("no articles")?;
                sums.add(STORE, &article.sku, -1);
                sold.push(json!({"item": article.gtin.to_string(), "quantity": 1}));
            }
            batch.push(event("tidemark.sale", &format!("waits-{request}-{document}"), json!({"lines": sold})));
        }
        let (status, answer) = scene.till().post(BATCH, json!(batch).to_string().into_bytes()).await?;
        expect(status == 200, || format!("{status}: {answer}"))?;
    }
    Ok(())
}

async fn pending(scene: &Scene) -> Result<u64, Trouble> {
    Ok(scene.edge.get("/v1/status").await?.get("pending").and_then(Value::as_u64).unwrap_or(0))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_sale_overtakes_a_backlog_on_a_narrow_line() -> Result<(), Trouble> {
    let voice = Voice::start();
    // What waits, and the live sales beside it.
    let (backlog, live) = either((60_000, 3), (500_000, 40));
    let scene = Scene::set(&[], &[]).await?;
    let mut sums = Sums::default();
    scene.line.set(Link::Cut);
    pile_up(&scene, &mut sums, backlog).await?;
    voice.say(format!("{} movements wait", pending(&scene).await?));
    scene.line.set(NARROW);
    let probe = scene.range.first().ok_or("no articles")?.sku.clone();
    let level = format!("/v1/stores/{STORE}/items/{probe}");
    let mut took = Vec::new();
    for number in 1..=live {
        let sold = Instant::now();
        sell(&scene.edge, &format!("live-{number}"), probe.as_str(), 1).await?;
        sums.add(STORE, &probe, -1);
        wait_for("a live sale at head office", || async {
            Ok(scene.centre.get(&level).await?.get("on_hand") == Some(&json!(OPENING - number)))
        })
        .await?;
        took.push(sold.elapsed().as_millis());
    }
    let left = pending(&scene).await?;
    took.sort_unstable();
    voice.say(format!("{live} live sales took {took:?} ms each, {left} movements still wait"));
    expect(left > 0, || "the backlog was through before the last live sale: nothing was overtaken".to_owned())?;
    scene.line.set(Link::FREE);
    wait_for("the backlog", || async { Ok(pending(&scene).await? == 0) }).await?;
    scene.prove(&sums).await?;
    Ok(())
}
