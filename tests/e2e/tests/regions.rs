//! Two regions on one machine: the centre's own, and one with a streaming copy
//! of the database, a Redis, a process that fills it and one that answers.

use serde_json::{Value, json};
use tidemark_e2e::scene::{STORE, Scene, Trouble, says, sell, wait_for};
use tidemark_fleet::process::Daemon;
use tidemark_fleet::relay::{Link, Relay};
use tidemark_parts::{Real, Redis};

/// The region away from the centre.
struct Far {
    filler: Daemon,
    api: Daemon,
    redis: Redis,
    /// The line by which its database follows.
    line: Relay,
}

impl Far {
    async fn open(scene: &Scene, real: &Real) -> Result<Self, Trouble> {
        let line = Relay::start(([127, 0, 0, 1], real.postgres.port()).into()).await?;
        let port = real.postgres.stand_by_through(line.address().port())?;
        let redis = Redis::start()?;
        let database = format!("postgres://postgres@127.0.0.1:{port}/tidemark?sslmode=disable");
        let (brokers, cache) = (real.kafka.brokers(), redis.url());
        let common = ["--database-url", &database, "--set", "ledger.replica=true", "--redis-url", &cache, "--roles"];
        let flags =
            |more: &[&str]| [common.as_slice(), more].concat().into_iter().map(str::to_owned).collect::<Vec<_>>();
        let filler = scene.stage.process_of_the_centre("far-cache", &flags(&["cache", "--kafka", &brokers]))?;
        let api = scene.stage.process_of_the_centre("far-api", &flags(&["api"]))?;
        Ok(Self { filler: Daemon::start(filler).await?, api: Daemon::start(api).await?, redis, line })
    }
}

fn is(level: &Value, name: &str, value: impl Into<Value>) -> bool {
    level.get(name) == Some(&value.into())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_region_that_is_cut_off_answers_what_it_knew_marked_stale_and_recovers() -> Result<(), Trouble> {
    let real = Real::start()?;
    let scene = Scene::set(&real.flags(), &[]).await?;
    let mut far = Far::open(&scene, &real).await?;
    let sku = scene.range.first().ok_or("nothing to sell")?.sku.to_string();
    let path = format!("/v1/stores/{STORE}/items/{sku}");
    let (near, there) = (&scene.centre, &far.api);

    sell(&scene.edge, "first", &sku, 1).await?;
    wait_for("the sale in both regions", || async {
        let (here, away) = (near.get(&path).await?, there.get(&path).await?);
        Ok(is(&here, "on_hand", 99) && is(&away, "on_hand", 99) && is(&away, "stale", false))
    })
    .await?;
    assert_eq!(near.get(&path).await?.get("version"), there.get(&path).await?.get("version"));
    assert!(!says(there, "TM-1020").await?);

    // What is flushed is read again.
    far.redis.kill()?;
    far.redis.go_on()?;
    assert!(is(&there.get(&path).await?, "on_hand", 99));
    // Who only reads changes nothing.
    let (status, problem) = there.post("/v1/stores:import", "text/csv", b"store\nS9\n".to_vec()).await?;
    assert_eq!((status, problem.get("code")), (421, Some(&json!("read_only"))));

    far.line.set(Link::Cut);
    far.filler.stop().await?;
    sell(&scene.edge, "second", &sku, 1).await?;
    wait_for("the sale at the centre", || async { Ok(is(&near.get(&path).await?, "on_hand", 98)) }).await?;
    wait_for("the mark of what is stale", || async { Ok(is(&there.get(&path).await?, "stale", true)) }).await?;
    let known = there.get(&path).await?;
    assert!(is(&known, "on_hand", 99), "what it knew: {known}");
    wait_for("the condition", || says(there, "TM-1020")).await?;
    let later = there.get(&path).await?;
    assert_eq!(later.get("fresh_at"), known.get("fresh_at"), "it is whole up to the same moment");
    assert!(is(&near.get(&path).await?, "stale", false), "the centre's own region is as it was");

    far.line.set(Link::FREE);
    far.filler.restart().await?;
    wait_for("the recovery", || async {
        let away = far.api.get(&path).await?;
        Ok(is(&away, "on_hand", 98) && is(&away, "stale", false))
    })
    .await?;
    wait_for("the end of the condition", || async { Ok(!says(&far.api, "TM-1020").await?) }).await?;
    sell(&scene.edge, "third", &sku, 1).await?;
    wait_for("a new sale there", || async { Ok(is(&far.api.get(&path).await?, "on_hand", 97)) }).await?;
    Ok(())
}
