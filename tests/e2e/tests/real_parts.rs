//! The whole path on Kafka, PostgreSQL and Redis, and each of them killed.

use std::time::Duration;

use serde_json::{Value, json};
use tidemark_e2e::scene::{HANG, STORE, Scene, Trouble, sale, wait_for};
use tidemark_fleet::meeting::{has_catalogue, import_catalogue, open_stock};
use tidemark_fleet::process::Daemon;
use tidemark_fleet::receipts::Sums;
use tidemark_fleet::submit::status_of;
use tidemark_parts::Real;

/// How long a part stays away.
const AWAY: Duration = Duration::from_secs(2);

/// Sells one piece of the first article; it must be accepted whatever is away
/// at the centre.
async fn sell(scene: &Scene, sums: &mut Sums, number: u32) -> Result<(), Trouble> {
    let article = scene.range.first().ok_or("nothing to sell")?;
    let told = scene.till().submit(&sale(&format!("r-{number}"), &article.gtin.to_string(), 1)).await?;
    assert_eq!(status_of(&told.result), "accepted", "{}", told.result);
    sums.add(STORE, &article.sku, -1);
    Ok(())
}

async fn condition(scene: &Scene, code: &str) -> Result<bool, Trouble> {
    let text = scene.centre.text("/readyz?verbose").await?;
    Ok(text.contains(code))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_part_may_die_and_come_back_and_nothing_is_lost_or_doubled() -> Result<(), Trouble> {
    let real = Real::start()?;
    let mut scene = Scene::set(&real.flags(), &[]).await?;
    let mut sums = Sums::default();
    sell(&scene, &mut sums, 1).await?;
    scene.prove(&sums).await?;

    real.redis.kill()?;
    sell(&scene, &mut sums, 2).await?;
    scene.prove(&sums).await?;
    wait_for("the condition of the cache", || condition(&scene, "TM-1006")).await?;
    real.redis.go_on()?;
    wait_for("the cache's recovery", || async { Ok(!condition(&scene, "TM-1006").await?) }).await?;

    real.postgres.kill()?;
    sell(&scene, &mut sums, 3).await?;
    wait_for("the condition of the database", || condition(&scene, "TM-1002")).await?;
    tokio::time::sleep(AWAY).await;
    real.postgres.go_on()?;
    scene.prove(&sums).await?;

    real.kafka.kill()?;
    sell(&scene, &mut sums, 4).await?;
    tokio::time::sleep(AWAY).await;
    real.kafka.go_on()?;
    scene.prove(&sums).await?;

    sell(&scene, &mut sums, 5).await?;
    scene.centre.kill().await?;
    scene.centre.restart().await?;
    sell(&scene, &mut sums, 6).await?;
    scene.prove(&sums).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_roles_work_in_processes_of_their_own() -> Result<(), Trouble> {
    let real = Real::start()?;
    let mut ingest = real.flags();
    ingest.extend(["--roles", "ingest"].map(str::to_owned));
    let others = |stage: &tidemark_fleet::stage::Stage, role: &str| {
        let mut flags = real.flags();
        flags.extend(["--roles".to_owned(), role.to_owned()]);
        stage.process_of_the_centre(role, &flags)
    };
    let stage = tidemark_fleet::stage::Stage::new(tidemark_fleet::stage::Programs::beside_this()?)?;
    let _apply = Daemon::start(others(&stage, "apply")?).await?;
    let api = Daemon::start(others(&stage, "api")?).await?;
    let taking = Daemon::start(stage.process_of_the_centre("ingest", &ingest)?).await?;
    let edge = Daemon::start(stage.edge(STORE, taking.recipe().http, &[])?).await?;

    let articles = tidemark_fleet::range::articles(3);
    import_catalogue(&api, &articles).await?;
    wait_for("the catalogue at the box", || has_catalogue(&edge)).await?;
    open_stock(&api, &[STORE], &articles, 10, HANG).await?;
    let article = articles.first().ok_or("no articles")?;
    let level = format!("/v1/stores/{STORE}/items/{}", article.sku);
    wait_for("the opening", || async { Ok(api.get(&level).await?.get("on_hand") == Some(&json!(10))) }).await?;
    let told =
        tidemark_fleet::submit::TillLine::of(&edge).submit(&sale("roles-1", &article.gtin.to_string(), 1)).await?;
    assert_eq!(status_of(&told.result), "accepted", "{}", told.result);
    wait_for("the sale", || async { Ok(api.get(&level).await?.get("on_hand") == Some(&json!(9))) }).await?;
    wait_for("the proof in another process", || async {
        let row = api.get(&format!("/v1/stores/{STORE}")).await?;
        let is = |name: &str, value: Value| row.get(name) == Some(&value);
        Ok(is("sync", json!("in_sync")) && is("digest", json!("match")) && is("committed", json!(4)))
    })
    .await?;
    let (status, _) = taking.post("/v1/stock:open", "text/csv", Vec::new()).await?;
    assert_eq!(status, 404, "a process without the role answers no callers");
    Ok(())
}
