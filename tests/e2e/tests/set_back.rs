//! Head office loses what it had: a database set back by a backup, a failover
//! to a replica, a topic wiped. The shops fill it again.

use tidemark_e2e::scene::{Scene, Trouble, wait_for};
use tidemark_e2e::selling::Selling;
use tidemark_fleet::patience::expect;
use tidemark_fleet::receipts::Sums;
use tidemark_parts::Real;

const EVENTS: &str = "inventory-events";

fn generation(real: &Real) -> Result<u64, Trouble> {
    Ok(real.postgres.sql("tidemark", "SELECT generation FROM history")?.trim().parse()?)
}

fn handled(real: &Real) -> Result<u64, Trouble> {
    Ok(real.postgres.sql("tidemark", "SELECT sum(handled) FROM epochs")?.trim().parse()?)
}

/// Sells for a moment; what was sold so far.
async fn sell(scene: &Scene, sums: &mut Sums, life: u64) -> Result<(), Trouble> {
    let selling = Selling::open(scene, life);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    sums.merge(&selling.close().await?);
    Ok(())
}

/// What a service manager does with a centre that has ended.
async fn started_again(scene: &mut Scene) -> Result<(), Trouble> {
    for _looks in 0..1_800 {
        if scene.centre.ended().is_some() {
            return Ok(scene.centre.restart().await?);
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    Err(format!("the centre did not end:\n{}", scene.centre.log_tail()).into())
}

/// How long is sold after the cut.
const SOLD_FOR: std::time::Duration = std::time::Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_set_back_and_one_that_failed_over_hold_all_again() -> Result<(), Trouble> {
    let real = Real::start()?;
    let mut scene = Scene::set(&real.flags(), &[]).await?;
    let mut sums = Sums::default();
    sell(&scene, &mut sums, 1).await?;
    scene.prove(&sums).await?;
    real.postgres.back_up()?;
    let before = generation(&real)?;
    sell(&scene, &mut sums, 2).await?;
    scene.prove_on(&real, &sums).await?;
    scene.centre.kill().await?;
    scene.centre.restart().await?;
    scene.prove_on(&real, &sums).await?;
    expect(generation(&real)? == before, || "a centre that is started again is in no other history".to_owned())?;

    // The backup is of before the second sales, which are still in Kafka.
    real.postgres.set_back()?;
    sell(&scene, &mut sums, 3).await?;
    scene.prove_on(&real, &sums).await?;
    let set_back = generation(&real)?;
    expect(set_back > before, || format!("nothing in the database tells, and it is seen: {before}, {set_back}"))?;

    real.postgres.stand_by()?;
    let selling = Selling::open(&scene, 4);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    real.postgres.fail_over()?;
    sums.merge(&selling.close().await?);
    scene.prove_on(&real, &sums).await?;
    let failed_over = generation(&real)?;
    expect(failed_over > set_back, || {
        format!("a failover takes a generation of its own: {before}, {set_back}, {failed_over}")
    })?;

    // The whole of head office's data is gone but for an old backup.
    real.postgres.back_up()?;
    sell(&scene, &mut sums, 5).await?;
    scene.prove(&sums).await?;
    scene.centre.kill().await?;
    real.postgres.set_back()?;
    real.kafka.delete_topic(EVENTS)?;
    scene.centre.restart().await?;
    sell(&scene, &mut sums, 6).await?;
    scene.prove_on(&real, &sums).await?;
    let filled = generation(&real)?;
    expect(filled > failed_over, || format!("the box knows more than the ledger: {failed_over}, {filled}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_was_set_back_while_all_was_off_publishes_newer_levels() -> Result<(), Trouble> {
    let real = Real::start()?;
    let mut scene = Scene::set(&real.flags(), &[]).await?;
    let mut sums = Sums::default();
    sell(&scene, &mut sums, 1).await?;
    scene.prove(&sums).await?;
    let before = generation(&real)?;
    real.postgres.back_up()?;
    // Each sale is a batch, and a version, of its own.
    for life in 2..5 {
        sell(&scene, &mut sums, life).await?;
    }
    scene.prove_on(&real, &sums).await?;
    let all = handled(&real)?;
    scene.edge.kill().await?;
    scene.centre.kill().await?;
    real.postgres.set_back()?;
    scene.centre.restart().await?;
    // All of it comes from Kafka, at once; no box is there that knows more.
    wait_for("what is in Kafka", || async { Ok(handled(&real)? >= all) }).await?;
    scene.edge.restart().await?;
    sell(&scene, &mut sums, 5).await?;
    scene.prove_on(&real, &sums).await?;
    let raised = generation(&real)?;
    expect(raised > before, || format!("newer levels were published: {before}, {raised}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_is_wiped_is_born_again_and_filled_by_the_shops() -> Result<(), Trouble> {
    let real = Real::start()?;
    let mut scene = Scene::set(&real.flags(), &[]).await?;
    let mut sums = Sums::default();
    // Applied and not yet applied movements are wiped.
    for (life, made_anew) in [(1, false), (2, true)] {
        let selling = Selling::open(&scene, life);
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        real.kafka.delete_topic(EVENTS)?;
        if made_anew {
            real.kafka.create_topic(EVENTS, 4)?;
        }
        started_again(&mut scene).await?;
        sums.merge(&selling.close().await?);
        scene.prove_on(&real, &sums).await?;
        wait_for("the end of the stream's condition", || async { Ok(!scene.centre_says("TM-1001").await?) }).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_lost_its_newest_records_is_gone_on_with() -> Result<(), Trouble> {
    let real = Real::start()?;
    let mut scene = Scene::set(&real.flags(), &[]).await?;
    let mut sums = Sums::default();
    for (life, centre_dies) in [(1, false), (2, true)] {
        sell(&scene, &mut sums, life).await?;
        scene.prove(&sums).await?;
        real.kafka.kill()?;
        if centre_dies {
            scene.centre.kill().await?;
        }
        real.kafka.cut_back(EVENTS)?;
        real.kafka.go_on()?;
        if centre_dies {
            scene.centre.restart().await?;
        }
        // What comes first could make the log as long as it was, and then
        // nobody can see that it was shorter.
        wait_for("the condition of a log that was cut back", || scene.centre_says("TM-1015")).await?;
        let selling = Selling::open(&scene, 10 + life);
        tokio::time::sleep(SOLD_FOR).await;
        sums.merge(&selling.close().await?);
        scene.prove_on(&real, &sums).await?;
        wait_for("the end of the stream's condition", || async { Ok(!scene.centre_says("TM-1001").await?) }).await?;
    }
    Ok(())
}
