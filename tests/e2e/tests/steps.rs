//! Kill -9 at each step on the way of a scan, from the scanner's bytes to the
//! box that hears that all is handled. The process dies at a stated call of
//! its own: with a document half taken, a log written and not synced, a
//! commit sent and not answered. Tills sell on all the while and repeat what
//! was not answered; in the end the books are exact.

use std::time::Duration;

use serde_json::Value;
use tidemark_e2e::dying::Call::{Read, Sync, Write};
use tidemark_e2e::dying::When::{After, Before};
use tidemark_e2e::dying::{Death, Point};
use tidemark_e2e::length::either;
use tidemark_e2e::scene::{STORE, Scene, Trouble, wait_for};
use tidemark_e2e::selling::Selling;
use tidemark_fleet::books::thousandths;
use tidemark_fleet::gun::{Gun, Heard};
use tidemark_fleet::patience::expect;
use tidemark_fleet::process::Daemon;
use tidemark_fleet::receipts::Sums;
use tidemark_parts::Real;

/// The same call, later and later: so often in a long run.
fn rounds() -> u32 {
    either(1, 8)
}

/// Which of the two daemons dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Box,
    Centre,
}

impl Who {
    fn of(self, scene: &mut Scene) -> &mut Daemon {
        match self {
            Self::Box => &mut scene.edge,
            Self::Centre => &mut scene.centre,
        }
    }
}

/// Tills sell while one of the daemons dies at each of these, comes back and
/// has more of the movements at head office than before.
async fn sells_on(scene: &mut Scene, who: Who, steps: &[(&str, Point)]) -> Result<Sums, Trouble> {
    let folder = scene.stage.folder().to_owned();
    let death = Death::given_to(who.of(scene), &folder).await?;
    let selling = Selling::open(scene, 1);
    for round in 0..rounds() {
        for (step, point) in steps {
            let dies = async {
                death.arm(&point.clone().later(round * 7))?;
                death.met(who.of(scene)).await?;
                who.of(scene).restart().await?;
                Ok::<_, Trouble>(())
            };
            dies.await.map_err(|trouble| format!("{step}, round {round}: {trouble}"))?;
            let before = scene.books().totals().await?.applied;
            wait_for(&format!("movements after {step}"), || async {
                Ok(scene.books().totals().await?.applied > before)
            })
            .await?;
        }
    }
    selling.close().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_box_that_dies_at_any_step_loses_and_doubles_nothing() -> Result<(), Trouble> {
    let mut scene = Scene::set(&[], &[]).await?;
    let (door, centre) = (scene.edge.recipe().http.port(), scene.line.address().port());
    let steps = [
        ("3: a till's request is read", Point::at(After, Read, door).with("POST /v1/events")),
        ("4: nothing is in the journal's log", Point::file(Before, Write, "journal/db/")),
        ("4: in the log and not synced", Point::file(Before, Sync, "journal/db/")),
        ("4: synced and nobody knows", Point::file(After, Sync, "journal/db/")),
        ("4: answered, and the answer is lost", Point::at(Before, Write, door).with("HTTP/1.1 200")),
        ("4: answered, and no more", Point::at(After, Write, door).with("HTTP/1.1 200")),
        ("5: a batch is not sent", Point::to(Before, Write, centre).after(3)),
        ("5: a batch is sent", Point::to(After, Write, centre).after(6)),
        ("12: head office answers and it is not heeded", Point::to(After, Read, centre).after(5)),
        ("12: the same, later", Point::to(After, Read, centre).after(40)),
    ];
    let sums = sells_on(&mut scene, Who::Box, &steps).await?;
    scene.prove(&sums).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_embedded_centre_that_dies_at_any_step_loses_and_doubles_nothing() -> Result<(), Trouble> {
    let mut scene = Scene::set(&[], &[]).await?;
    let door = scene.centre.recipe().http.port();
    let steps = [
        ("6: a batch is read", Point::at(After, Read, door).after(4)),
        ("7: not in the stream", Point::file(Before, Write, "stream.db")),
        ("7: in the stream's log and not synced", Point::file(Before, Sync, "stream.db")),
        ("7: in the stream, and nobody knows", Point::file(After, Sync, "stream.db")),
        ("8: read and not applied", Point::file(Before, Write, "ledger.db")),
        ("9: a transaction is half written", Point::file(After, Write, "ledger.db").after(2)),
        ("9: written and not synced", Point::file(Before, Sync, "ledger.db").after(1)),
        ("9: committed and nobody knows", Point::file(After, Sync, "ledger.db").after(1)),
        ("10: the box is not told", Point::at(Before, Write, door).after(5)),
        ("10: the box is told", Point::at(After, Write, door).after(7)),
    ];
    let mut sums = sells_on(&mut scene, Who::Centre, &steps).await?;
    scene.prove(&sums).await?;
    reads_again(&mut scene, &mut sums).await?;
    scene.prove(&sums).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_centre_on_real_parts_that_dies_at_any_step_loses_and_doubles_nothing() -> Result<(), Trouble> {
    let real = Real::start()?;
    let mut scene = Scene::set(&real.flags(), &[]).await?;
    let door = scene.centre.recipe().http.port();
    let (kafka, postgres, redis) = (real.kafka.port(), real.postgres.port(), real.redis.port());
    let steps = [
        ("6: a batch is read", Point::at(After, Read, door).after(4)),
        ("7: not sent to the brokers", Point::to(Before, Write, kafka).with("ce_id")),
        ("7: sent to the brokers", Point::to(After, Write, kafka).with("ce_id")),
        ("7: received, and the box is not told", Point::at(Before, Write, door).after(5)),
        ("8: read, and no transaction", Point::to(Before, Write, postgres).with("BEGIN")),
        ("9: in the transaction", Point::to(After, Write, postgres).with("BEGIN")),
        ("9: half way through it", Point::to(Before, Write, postgres).after(5)),
        ("9: a little further", Point::to(After, Read, postgres).after(8)),
        ("9: all but the commit", Point::to(Before, Write, postgres).with("COMMIT")),
        ("9: committed, and nobody knows", Point::to(After, Write, postgres).with("COMMIT")),
        ("9: committed", Point::to(After, Read, postgres).with("COMMIT")),
        ("10: not in the cache", Point::to(Before, Write, redis)),
        ("10: in the cache", Point::to(After, Write, redis)),
        ("10: levels are not published", Point::to(Before, Write, kafka).with("inventory-levels")),
        ("10: levels are published", Point::to(After, Write, kafka).with("inventory-levels")),
    ];
    let mut sums = sells_on(&mut scene, Who::Centre, &steps).await?;
    scene.prove(&sums).await?;
    reads_again(&mut scene, &mut sums).await?;
    scene.prove_on(&real, &sums).await?;
    Ok(())
}

/// Step 11: the centre dies while it answers a reader, who asks again.
async fn reads_again(scene: &mut Scene, sums: &mut Sums) -> Result<(), Trouble> {
    let folder = scene.stage.folder().to_owned();
    let death = Death::prepare(&folder, &scene.centre.recipe().name)?;
    let selling = Selling::open(scene, 2);
    let sku = scene.range.first().ok_or("no articles")?.sku.to_string();
    let page = format!("/v1/stores/{STORE}/items/{sku}");
    death.arm(&Point::at(Before, Write, scene.centre.recipe().http.port()).with("HTTP/1.1 200"))?;
    let answer = scene.centre.get(&page).await;
    expect(answer.is_err(), || format!("11: it answered {answer:?}"))?;
    death.met(&mut scene.centre).await?;
    scene.centre.restart().await?;
    let level = scene.centre.get(&page).await?;
    expect(level.get("on_hand").is_some_and(Value::is_number), || format!("11: it answers {level}"))?;
    sums.merge(&selling.close().await?);
    Ok(())
}

/// How long a signal is waited for; a hang limit.
const SIGNAL: Duration = Duration::from_secs(20);
/// No signal comes from the dead.
const SILENCE: Duration = Duration::from_millis(300);

/// A scan of which the box has not died by then was lost.
const UNHEARD: Duration = Duration::from_secs(10);

/// The scanner's port is open at the box.
async fn plugged(scene: &Scene) -> Result<(), Trouble> {
    wait_for("the scanner at the box", || async {
        let status = scene.edge.get("/v1/status").await?;
        Ok(status.pointer("/scanners/0/present").and_then(Value::as_bool) == Some(true))
    })
    .await
}

/// Pieces of an item that the box has sold, as its page tells the person who
/// heard no signal.
async fn sold(scene: &Scene, code: &str) -> Result<i64, Trouble> {
    let item = scene.edge.get(&format!("/v1/items/{code}")).await?;
    let sum = item.get("effect_sum").and_then(thousandths).ok_or("the box tells no sum")?;
    let opened = i64::try_from(tidemark_e2e::scene::OPENING)?;
    Ok(opened - sum / 1_000)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_that_the_box_dies_of_counts_once_or_not_at_all() -> Result<(), Trouble> {
    let folder = tempfile::tempdir()?;
    let (gun, more) = Gun::plug_at("counter-1", folder.path())?;
    let mut scene = Scene::set(&[], &more).await?;
    let article = scene.range.first().ok_or("no articles")?.clone();
    let code = article.gtin.to_string();
    let stage = scene.stage.folder().to_owned();
    let death = Death::given_to(&mut scene.edge, &stage).await?;
    // What each death leaves of the scan; none where only the disk knows.
    let steps = [
        ("1: the bytes are read", Point::file(After, Read, "/dev/pts/"), Some(0)),
        ("4: nothing is in the journal's log", Point::file(Before, Write, "journal/db/"), None),
        ("4: in the log and not synced", Point::file(Before, Sync, "journal/db/"), None),
        ("4: synced and not signalled", Point::file(Before, Write, "/dev/pts/"), Some(1)),
        ("4: signalled, and no more", Point::file(After, Write, "/dev/pts/"), Some(1)),
    ];
    let mut sums = Sums::default();
    for (step, point, left) in steps {
        plugged(&scene).await?;
        let before = sold(&scene, &code).await?;
        death.arm(&point)?;
        let mut heard = gun.scan(&code, SILENCE).await?;
        // A scan into a port that is just being opened is lost unheard.
        while !death.met_within(&mut scene.edge, UNHEARD).await? {
            heard = gun.scan(&code, SILENCE).await?;
        }
        scene.edge.restart().await?;
        let counted = sold(&scene, &code).await? - before;
        expect((0..=1).contains(&counted), || format!("{step}: one scan sold {counted}"))?;
        expect(left.is_none_or(|left| left == counted), || format!("{step}: {counted} were sold"))?;
        expect(heard == Heard::Nothing || counted == 1, || format!("{step}: {heard:?} was heard, {counted} sold"))?;
        for _ in 0..counted {
            sums.add(STORE, &article.sku, -1);
        }
        plugged(&scene).await?;
        wait_for("a good signal", || async { Ok(gun.scan(&code, SIGNAL).await? == Heard::Good) }).await?;
        let all = sold(&scene, &code).await? - before - counted;
        expect(all == 1, || format!("{step}: scanned again, {all} were sold"))?;
        sums.add(STORE, &article.sku, -1);
    }
    scene.prove(&sums).await?;
    Ok(())
}
