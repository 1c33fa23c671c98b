//! What is halted, and goes on as if nothing had been: `SIGSTOP` leaves every
//! connection open, and nothing answers on it.

use std::time::Duration;

use tidemark_e2e::length::halt;
use tidemark_e2e::scene::{Scene, Trouble, wait_for};
use tidemark_e2e::selling::Selling;
use tidemark_fleet::receipts::Sums;
use tidemark_parts::Real;

/// A server is halted until its condition is told and for so long more.
async fn halted(
    scene: &Scene,
    code: &str,
    pause: impl Fn() -> Result<(), Trouble>,
    resume: impl Fn() -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    pause()?;
    wait_for(&format!("{code} of what is halted"), || scene.centre_says(code)).await?;
    tokio::time::sleep(halt()).await;
    resume()?;
    wait_for(&format!("the end of {code}"), || async { Ok(!scene.centre_says(code).await?) }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_are_halted_are_named_and_nothing_is_lost_or_doubled() -> Result<(), Trouble> {
    let real = Real::start()?;
    let scene = Scene::set(&real.flags(), &[]).await?;
    let selling = Selling::open(&scene, 1);
    halted(&scene, "TM-1001", || Ok(real.kafka.pause()?), || Ok(real.kafka.resume()?)).await?;
    halted(&scene, "TM-1002", || Ok(real.postgres.pause()?), || Ok(real.postgres.resume()?)).await?;
    halted(&scene, "TM-1006", || Ok(real.redis.pause()?), || Ok(real.redis.resume()?)).await?;
    scene.prove_on(&real, &selling.close().await?).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_box_and_a_centre_that_are_halted_go_on_where_they_were() -> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    let selling = Selling::open(&scene, 1);
    scene.centre.pause()?;
    wait_for("the box to miss head office", || scene.box_says("TM-2001")).await?;
    tokio::time::sleep(halt()).await;
    scene.centre.resume()?;
    wait_for("the box to reach head office", || async { Ok(!scene.box_says("TM-2001").await?) }).await?;
    scene.edge.pause()?;
    tokio::time::sleep(halt()).await;
    scene.edge.resume()?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let sums: Sums = selling.close().await?;
    scene.prove(&sums).await?;
    Ok(())
}
