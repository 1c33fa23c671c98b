//! Three brokers, two of which must hold a record: one is killed, then a
//! second one, so that writes wait; both come back.

use std::time::Duration;

use tidemark_e2e::length::halt;
use tidemark_e2e::scene::{Scene, Trouble, wait_for};
use tidemark_e2e::selling::Selling;
use tidemark_parts::Real;

/// Sales go on arriving.
async fn arrives(scene: &Scene, when: &str) -> Result<(), Trouble> {
    let before = scene.books().totals().await?.applied;
    wait_for(&format!("sales at head office with {when}"), || async {
        Ok(scene.books().totals().await?.applied > before + 30)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_broker_of_three_is_not_missed_and_of_two_nothing_is_lost() -> Result<(), Trouble> {
    let real = Real::with_three_brokers()?;
    let scene = Scene::set(&real.flags(), &[]).await?;
    let selling = Selling::open(&scene, 1);
    arrives(&scene, "three brokers").await?;
    real.kafka.kill_one(0)?;
    arrives(&scene, "two brokers").await?;
    real.kafka.kill_one(1)?;
    wait_for("the condition of a stream that takes nothing", || scene.centre_says("TM-1001")).await?;
    tokio::time::sleep(halt()).await;
    let waited = scene.books().totals().await?.applied;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let still = scene.books().totals().await?.applied;
    assert_eq!(waited, still, "one of three brokers takes nothing");
    // Both at once: what was killed is started, what runs stays as it is.
    real.kafka.go_on()?;
    wait_for("the end of the condition", || async { Ok(!scene.centre_says("TM-1001").await?) }).await?;
    arrives(&scene, "three brokers again").await?;
    scene.prove_on(&real, &selling.close().await?).await?;
    Ok(())
}
