//! Disks that are full and are freed again: the brokers', the database's, the
//! centre's own and the box's. Each is told of by its condition, and what was
//! answered is there in the end. They take root and mounts; where those are
//! missing the tests say so and prove nothing.

use tidemark_e2e::disks::{put_on, small};
use tidemark_e2e::length::{either, halt};
use tidemark_e2e::scene::{Scene, Trouble, wait_for};
use tidemark_e2e::selling::Selling;
use tidemark_parts::{Disk, Kafka, Postgres, Real};

/// A disk is filled until the centre tells one of these conditions, and for so
/// long more.
async fn fill(scene: &Scene, disk: &Disk, codes: &[&str]) -> Result<(), Trouble> {
    disk.fill()?;
    wait_for(&format!("{codes:?} of a full disk"), || any(scene, codes)).await?;
    tokio::time::sleep(halt()).await;
    Ok(())
}

async fn any(scene: &Scene, codes: &[&str]) -> Result<bool, Trouble> {
    for code in codes {
        if scene.centre_says(code).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn cleared(scene: &Scene, codes: &[&str]) -> Result<(), Trouble> {
    wait_for(&format!("the end of {codes:?}"), || async { Ok(!any(scene, codes).await?) }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_without_room_keeps_nobody_from_selling() -> Result<(), Trouble> {
    let Some(disk) = small(256) else { return Ok(()) };
    let logs = disk.path().join("kafka").display().to_string();
    let real = Real::of(Kafka::start_with(&[("log.dirs", &logs)])?, Postgres::start()?)?;
    let scene = Scene::set(&real.flags(), &[]).await?;
    let selling = Selling::open(&scene, 1);
    fill(&scene, &disk, &["TM-1001"]).await?;
    disk.free()?;
    // A broker whose only disk failed ends by itself.
    real.kafka.go_on()?;
    cleared(&scene, &["TM-1001"]).await?;
    scene.prove_on(&real, &selling.close().await?).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_without_room_keeps_nobody_from_selling() -> Result<(), Trouble> {
    let Some(disk) = small(300) else { return Ok(()) };
    let postgres = Postgres::start_on(&disk, &[("max_wal_size", "48MB"), ("min_wal_size", "32MB")])?;
    let real = Real::of(Kafka::start()?, postgres)?;
    let scene = Scene::set(&real.flags(), &[]).await?;
    let selling = Selling::open(&scene, 1);
    fill(&scene, &disk, &["TM-1002"]).await?;
    disk.free()?;
    // If it had no room for its log it has ended.
    real.postgres.go_on()?;
    cleared(&scene, &["TM-1002"]).await?;
    scene.prove_on(&real, &selling.close().await?).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_centre_without_room_for_its_files_keeps_nobody_from_selling() -> Result<(), Trouble> {
    // What is sold meanwhile must find room in the end.
    let Some(disk) = small(either(48, 512)) else { return Ok(()) };
    let mut scene = Scene::set(&[], &[]).await?;
    put_on(&mut scene.centre, &scene.stage, &disk).await?;
    // What the databases' logs have taken of the disk beforehand is soon used
    // up.
    let selling = Selling::of_lines(&scene, 1, 20);
    for _ in 0..2 {
        fill(&scene, &disk, &["TM-1001", "TM-1002"]).await?;
        disk.free()?;
        cleared(&scene, &["TM-1001", "TM-1002"]).await?;
    }
    scene.prove(&selling.close().await?).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_box_without_room_says_not_saved_and_goes_on() -> Result<(), Trouble> {
    let Some(disk) = small(256) else { return Ok(()) };
    let mut scene = Scene::set(&[], &[]).await?;
    put_on(&mut scene.edge, &scene.stage, &disk).await?;
    // What the log has taken of the disk beforehand is soon used up.
    let selling = Selling::of_lines(&scene, 1, 20);
    // The first write that finds no room gives up the ballast, and then has
    // some.
    disk.fill()?;
    wait_for("the condition of the ballast", || scene.box_says("TM-3013")).await?;
    disk.fill()?;
    wait_for("NOT SAVED", || scene.box_says("TM-3001")).await?;
    tokio::time::sleep(halt()).await;
    disk.free()?;
    for code in ["TM-3001", "TM-3013"] {
        wait_for(&format!("the end of {code}"), || async { Ok(!scene.box_says(code).await?) }).await?;
    }
    scene.prove(&selling.close().await?).await?;
    Ok(())
}
