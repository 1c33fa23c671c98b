//! A till that repeats each request until answered, over a box that is killed
//! and a line that is cut, again and again.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tidemark_e2e::scene::{STORE, Scene, Trouble};
use tidemark_fleet::chance::Chance;
use tidemark_fleet::range::Article;
use tidemark_fleet::receipts::{Sums, Till};
use tidemark_fleet::relay::{Link, Relay};
use tidemark_fleet::submit::{TillLine, status_of};
use tidemark_parts::Real;

const KILLS: u32 = 20;
const CUTS: u32 = 20;
const TILLS: u64 = 3;

/// Sells until told to stop; what the till knows it sold.
async fn sell(line: TillLine, range: Arc<Vec<Article>>, number: u64, stop: Arc<AtomicBool>) -> Result<Sums, Trouble> {
    let (mut till, mut sums) = (Till::new(&number.to_string(), number, number), Sums::default());
    while !stop.load(Ordering::Relaxed) {
        let receipt = till.ring_up(&range);
        sums.sold(STORE, &receipt);
        let told = line.submit(&receipt.event()).await?;
        if !matches!(status_of(&told.result), "accepted" | "duplicate") {
            return Err(format!("a sale was refused: {}", told.result).into());
        }
    }
    Ok(sums)
}

/// Cuts the line so often, at seeded moments.
async fn cut(line: &Relay, times: u32) {
    let mut chance = Chance::of(2);
    for _ in 0..times {
        tokio::time::sleep(Duration::from_millis(50 + chance.below(200))).await;
        line.set(if chance.happens(300) { Link::Stalled } else { Link::Cut });
        tokio::time::sleep(Duration::from_millis(50 + chance.below(200))).await;
        line.set(Link::FREE);
    }
}

async fn kills_and_cuts_leave_the_balances_equal(parts: &[String]) -> Result<(), Trouble> {
    let mut scene = Scene::set(parts, &[]).await?;
    let (stop, range) = (Arc::new(AtomicBool::new(false)), Arc::new(scene.range.clone()));
    let tills: Vec<_> = (1..=TILLS)
        .map(|number| tokio::spawn(sell(scene.till(), Arc::clone(&range), number, Arc::clone(&stop))))
        .collect();
    let mut chance = Chance::of(1);
    let edge = &mut scene.edge;
    let kills = async {
        for _ in 0..KILLS {
            tokio::time::sleep(Duration::from_millis(50 + chance.below(300))).await;
            edge.kill().await?;
            edge.restart().await?;
        }
        Ok::<(), Trouble>(())
    };
    let (killed, ()) = tokio::join!(kills, cut(&scene.line, CUTS));
    killed?;
    stop.store(true, Ordering::Relaxed);
    let mut sums = Sums::default();
    for till in tills {
        sums.merge(&till.await.unwrap()?);
    }
    let totals = scene.prove(&sums).await?;
    assert!(totals.applied > 100, "something was sold: {totals:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_and_cuts_leave_the_balances_equal_on_the_embedded_centre() -> Result<(), Trouble> {
    kills_and_cuts_leave_the_balances_equal(&[]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_and_cuts_leave_the_balances_equal_on_kafka_and_postgresql() -> Result<(), Trouble> {
    let real = Real::start()?;
    kills_and_cuts_leave_the_balances_equal(&real.flags()).await
}
