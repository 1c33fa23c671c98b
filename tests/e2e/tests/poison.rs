//! Poison straight in the topic: what no box of ours would send. It is parked
//! with its reason and holds nobody up.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Value, json};
use tidemark_e2e::dying::{Call, Death, Point, When};
use tidemark_e2e::scene::{OPENING, STORE, Scene, Trouble, event, sell, wait_for};
use tidemark_e2e::selling::Selling;
use tidemark_fleet::patience::expect;
use tidemark_fleet::range::Article;
use tidemark_fleet::shop::{Shop, Trade};
use tidemark_fleet::submit::status_of;
use tidemark_model::{Epoch, Odometer, Position, StoreId};
use tidemark_parts::Real;
use tidemark_stream::kafka::KafkaConfig;
use tidemark_stream::{Event, EventRecord, Stream};

/// A store that only the poison speaks of.
const POISONED: &str = "S0777";
const EPOCH: Epoch = Epoch(7);

/// The bytes of movements as a box encodes them.
fn movements(range: &[Article]) -> Result<Vec<Vec<u8>>, Trouble> {
    let trade = Trade { every: std::time::Duration::from_secs(1), lines: 3, duplicates: 0, poison: 0 };
    let mut shop = Shop::new(StoreId::new(POISONED)?, EPOCH, range.to_vec(), trade);
    shop.sell(Odometer(1))?;
    let journal = shop.journal();
    Ok((1..=journal.tail()).filter_map(|seq| Some(journal.record(seq)?.bytes.to_vec())).collect())
}

fn poison(range: &[Article]) -> Result<Vec<Event>, Trouble> {
    let good = movements(range)?;
    let at = |seq| Position { epoch: EPOCH, seq };
    let sold = good.first().ok_or("nothing was sold")?;
    // Every dash of its texts becomes U+0000, which no text of PostgreSQL may
    // hold.
    let with_nul: Vec<u8> = sold.iter().map(|byte| if *byte == b'-' { 0 } else { *byte }).collect();
    let large = vec![0xff; 60 * 1024];
    Ok(vec![
        Event::Movement(at(1), Bytes::from_static(b"\xff\xff no movement")),
        Event::Movement(at(2), Bytes::from(with_nul)),
        Event::Movement(at(3), Bytes::from(large)),
        Event::Movement(at(4), Bytes::new()),
        Event::Movement(at(5), Bytes::from(sold.clone())),
        Event::Control(Bytes::from_static(b"of a release to come")),
    ])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn poison_is_parked_with_its_reason_and_holds_nobody_up() -> Result<(), Trouble> {
    let real = Real::start()?;
    let scene = Scene::set(&real.flags(), &[]).await?;
    let sku = scene.range.first().ok_or("no articles")?.sku.to_string();
    assert!(!scene.centre_says("TM-1007").await? && !scene.centre_says("TM-1013").await?);
    let brokers = KafkaConfig {
        partitions: real.partitions(),
        replicas: 1,
        min_insync_replicas: 1,
        ..KafkaConfig::new(vec![real.kafka.brokers()])
    };
    let stream = Stream::kafka(&brokers, &BTreeMap::new()).await?;
    let store = StoreId::new(POISONED)?;
    let poison = poison(&scene.range)?;
    let records: Vec<_> = poison.into_iter().map(|event| EventRecord { store: store.clone(), event }).collect();
    stream.append(stream.partition_of(&store), &records).await?;
    // Whatever partition the poison is in, somebody's sales come after it.
    let other = store_beside(&stream, &store)?;
    let _neighbour = neighbour(&scene, &other).await?;

    sell(&scene.edge, "after", &sku, 3).await?;
    let committed = scene.range.len() + 3;
    wait_for("the sales after the poison", || async {
        let row = scene.books().store("S0001").await?;
        Ok(row.get("applied") == Some(&json!(committed)) && row.get("digest") == Some(&json!("match")))
    })
    .await?;
    wait_for("the poison in the books", || async {
        let row = scene.books().store(POISONED).await?;
        let number = |name: &str| row.get(name).and_then(Value::as_u64).unwrap_or(0);
        Ok(number("committed") == 5 && number("applied") + number("parked") == 5 && number("parked") >= 3)
    })
    .await?;
    wait_for("the condition of dead letters", || scene.centre_says("TM-1007")).await?;
    wait_for("the condition of a record that was passed over", || scene.centre_says("TM-1013")).await?;
    let letters = scene.centre.get("/v1/dead-letters").await?;
    let groups = letters.get("groups").and_then(Value::as_array).cloned().unwrap_or_default();
    let reasons: Vec<&str> = groups.iter().filter_map(|group| group.get("reason")?.as_str()).collect();
    assert!(reasons.contains(&"undecodable"), "{letters}");
    for code in ["TM-1001", "TM-1002"] {
        assert!(!scene.centre_says(code).await?, "{code} names a trouble that is none");
    }
    Ok(())
}

/// A store in the same partition as another.
fn store_beside(stream: &Stream, store: &StoreId) -> Result<String, Trouble> {
    for number in 2..1_000 {
        let beside = StoreId::new(&format!("S{number:04}"))?;
        if beside != *store && stream.partition_of(&beside) == stream.partition_of(store) {
            return Ok(beside.to_string());
        }
    }
    Err("no store in that partition".into())
}

/// A box in the poisoned partition, whose sale is at head office.
async fn neighbour(scene: &Scene, store: &str) -> Result<tidemark_fleet::process::Daemon, Trouble> {
    let recipe = scene.stage.edge(store, scene.line.address(), &[])?;
    let edge = tidemark_fleet::process::Daemon::start(recipe).await?;
    let sku = scene.range.last().ok_or("no articles")?.sku.to_string();
    sell(&edge, "beside", &sku, 2).await?;
    let level = format!("/v1/stores/{store}/items/{sku}");
    wait_for("the sales beside the poison", || async {
        Ok(scene.centre.get(&level).await?.get("effect_sum") == Some(&json!(-2)))
    })
    .await?;
    Ok(edge)
}

/// What the deadly record says.
const DEADLY: &str = "the centre dies of this";
/// More deaths than that mean that nobody learns from them.
const DEATHS: u32 = 8;

/// A record at which the process dies whenever it gives it to the database, as
/// one does that no memory suffices for. The word of a record that nobody has
/// read passes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_kills_the_centre_twice_is_parked_unread() -> Result<(), Trouble> {
    let real = Real::start()?;
    let mut scene = Scene::set(&real.flags(), &[]).await?;
    let stage = scene.stage.folder().to_owned();
    let death = Death::given_to(&mut scene.centre, &stage).await?;
    let selling = Selling::open(&scene, 1);
    let deadly = Point::to(When::Before, Call::Write, real.postgres.port()).with(DEADLY).always_unless("poison");
    death.arm(&deadly)?;
    let sku = scene.range.first().ok_or("no articles")?.sku.to_string();
    let data = json!({"lines": [{"item": sku, "quantity": 1}], "note": DEADLY});
    let told = scene.till().submit(&event("tidemark.sale", "deadly", data)).await?;
    expect(status_of(&told.result) == "accepted", || format!("{}", told.result))?;

    let mut deaths = 0;
    loop {
        let is_parked = || async {
            let letters = scene.centre.get("/v1/dead-letters").await?;
            let groups = letters.get("groups").and_then(Value::as_array).into_iter().flatten();
            Ok::<_, Trouble>(groups.filter_map(|group| group.get("reason")?.as_str()).any(|reason| reason == "poison"))
        };
        if is_parked().await.unwrap_or(false) {
            break;
        }
        if let Some(status) = scene.centre.ended() {
            deaths += 1;
            expect(deaths <= DEATHS, || format!("it dies on and on, with {status}:\n{}", scene.centre.log_tail()))?;
            // It may die again before it answers.
            drop(scene.centre.restart().await);
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    expect(deaths >= 3, || format!("{deaths} deaths: once without care, then twice of that record alone"))?;
    let mut sums = selling.close().await?;
    for article in &scene.range {
        sums.add(STORE, &article.sku, i64::try_from(OPENING)?);
    }
    let arrived = wait_for("all but one in the books", || async {
        let totals = scene.books().totals().await?;
        let all = totals.committed == sums.movements() + 1 && totals.parked == 1 && totals.lost == 0;
        Ok(all && totals.pending == 0 && scene.books().differences(&sums, 0).await?.is_empty())
    })
    .await;
    if let Err(trouble) = arrived {
        let (totals, submitted) = (scene.books().totals().await?, sums.movements());
        let differences = scene.books().differences(&sums, 0).await?;
        let log = scene.edge.log_tail();
        return Err(format!("{trouble}: {totals:?} of {submitted} + 1, {differences:?}\n{log}").into());
    }
    wait_for("the condition of dead letters", || scene.centre_says("TM-1007")).await?;
    expect(!scene.centre_says("TM-1012").await?, || "an effect that nobody has read is no difference".to_owned())?;
    let one = "SELECT count(*) FROM dead_letters WHERE reason = 'poison' AND position('the centre dies of this' in encode(bytes, 'escape')) > 0";
    let kept = real.postgres.sql("tidemark", one)?;
    expect(kept.trim() == "1", || format!("its bytes are kept: {kept}"))
}
