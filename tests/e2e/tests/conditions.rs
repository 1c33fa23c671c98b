//! Conditions that no other scene meets: each is provoked, read, and gone once
//! its cause is. `tests/structure` holds the table of all of them.

use serde_json::json;
use tidemark_e2e::scene::{STORE, Scene, Trouble, has_raised, sell, told_by, wait_for};
use tidemark_fleet::patience::expect;
use tidemark_fleet::process::{Daemon, ProcessError};
use tidemark_fleet::relay::Link;
use tidemark_fleet::stage::{Programs, Stage};
use tidemark_parts::{Kafka, Postgres};

/// A centre that does not start, and says why by this condition.
async fn refuses(stage: &Stage, code: &str, flags: &[String]) -> Result<(), Trouble> {
    match Daemon::start(stage.centre(flags)?).await {
        Err(ProcessError::Ended { log, .. }) => {
            let says = format!("`tidemark-central explain {code}`");
            expect(log.contains(&says), || format!("it does not name {code}:\n{log}"))
        }
        Err(other) => Err(other.into()),
        Ok(_) => Err(format!("{code}: it started").into()),
    }
}

/// One that starts, and ends in good order.
async fn starts(stage: &Stage, flags: &[String]) -> Result<(), Trouble> {
    let mut centre = Daemon::start(stage.centre(flags)?).await?;
    centre.stop().await?;
    Ok(())
}

fn flags(pairs: &[&str]) -> Vec<String> {
    pairs.iter().map(|&flag| flag.to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_does_not_sync_or_is_newer_is_refused_until_it_is_put_right() -> Result<(), Trouble> {
    let postgres = Postgres::start_with(&[("fsync", "off")])?;
    let database = flags(&["--database-url", &postgres.database("tidemark")?]);
    let stage = Stage::new(Programs::beside_this()?)?;
    refuses(&stage, "TM-1003", &database).await?;
    postgres.sql("tidemark", "ALTER SYSTEM SET fsync = on")?;
    postgres.crash()?;
    starts(&stage, &database).await?;
    postgres.sql("tidemark", "UPDATE history SET schema = schema + 1000")?;
    refuses(&stage, "TM-1004", &database).await?;
    postgres.sql("tidemark", "UPDATE history SET schema = schema - 1000")?;
    starts(&stage, &database).await?;
    refuses(&stage, "TM-1008", &flags(&["--boxes", "0.0.0.0:0"])).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_with_other_partitions_is_refused_until_it_is_put_right() -> Result<(), Trouble> {
    let kafka = Kafka::start()?;
    let brokers = kafka.brokers();
    let stage = Stage::new(Programs::beside_this()?)?;
    let one_copy = ["--set", "stream.replicas=1", "--set", "stream.min_insync_replicas=1"];
    let stream = flags(&[["--kafka", &brokers, "--set", "stream.partitions=4"].as_slice(), &one_copy].concat());
    kafka.create_topic("inventory-events", 2)?;
    refuses(&stage, "TM-1005", &stream).await?;
    kafka.delete_topic("inventory-events")?;
    starts(&stage, &stream).await
}

#[tokio::test]
async fn a_refused_import_is_told_of_until_a_good_one_follows() -> Result<(), Trouble> {
    let scene = Scene::set(&[], &[]).await?;
    let import = async |file: &str| scene.centre.post("/v1/stores:import", "text/csv", file.as_bytes().to_vec()).await;
    let (status, answer) = import("store,state\nS0002,on the moon\n").await?;
    expect((400..500).contains(&status), || format!("it was taken: {status} {answer}"))?;
    expect(scene.centre_says("TM-1010").await?, || "a refused import is told of".to_owned())?;
    let (status, answer) = import("store,name\nS0002,Harbour\n").await?;
    expect(status == 200, || format!("it was refused: {status} {answer}"))?;
    expect(!scene.centre_says("TM-1010").await?, || "a good import ends it".to_owned())
}

#[tokio::test]
async fn a_box_that_left_is_missed_at_head_office_until_it_is_back() -> Result<(), Trouble> {
    let mut scene = Scene::set(&[], &[]).await?;
    expect(!scene.centre_says("TM-1009").await?, || "it is there".to_owned())?;
    scene.edge.stop().await?;
    wait_for("the condition of a box that is not heard", || scene.centre_says("TM-1009")).await?;
    let row = scene.books().store(STORE).await?;
    let told = row["conditions"].as_array().is_some_and(|all| all.iter().any(|one| one["code"] == json!("TM-1009")));
    expect(told, || format!("its row says so too: {row}"))?;
    scene.edge.restart().await?;
    wait_for("the end of it", || async { Ok(!scene.centre_says("TM-1009").await?) }).await
}

#[tokio::test]
async fn of_two_boxes_of_a_shop_each_says_how_it_stands() -> Result<(), Trouble> {
    let mut scene = Scene::set(&[], &[]).await?;
    let sku = scene.range[0].sku.to_string();
    sell(&scene.edge, "old", &sku, 2).await?;
    let mut recipe = scene.stage.edge(STORE, scene.line.address(), &[])?;
    let old = scene.stage.folder().join(format!("box-{STORE}"));
    let data = recipe.arguments.iter_mut().find(|argument| **argument == *old.as_os_str());
    *data.ok_or("the box is told its folder")? = scene.stage.folder().join("box-new").into();
    recipe.log = scene.stage.folder().join("box-new.log");
    let new = Daemon::start(recipe).await?;
    // Both sell; the newcomer waits for a person, who switches the other off.
    wait_for("the newcomer's condition", || told_by(&new, "TM-2005")).await?;
    scene.edge.stop().await?;
    wait_for("the end of TM-2005", || async { Ok(!told_by(&new, "TM-2005").await?) }).await?;
    wait_for("TM-2008 until it has its opening", || async { has_raised(&new, "TM-2008") }).await?;
    wait_for("the end of TM-2008", || async { Ok(!told_by(&new, "TM-2008").await?) }).await?;
    // The old one comes back, and is told that its time is over.
    scene.edge.restart().await?;
    wait_for("the old box's condition", || told_by(&scene.edge, "TM-2004")).await?;
    scene.line.set(Link::Cut);
    scene.edge.stop().await?;
    Ok(())
}
