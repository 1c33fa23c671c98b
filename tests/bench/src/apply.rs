//! How fast what waits in many shops is received and applied.

use std::time::Duration;

use tidemark_fleet::books::Books;
use tidemark_fleet::meeting::import_catalogue;
use tidemark_fleet::process::Daemon;
use tidemark_fleet::range::articles;
use tidemark_fleet::relay::{Link, Relay};
use tidemark_fleet::shop::Trade;
use tidemark_fleet::shops::{Plan, Shops};
use tidemark_fleet::stage::{Programs, Stage};
use tidemark_parts::Real;
use tokio::time::Instant;

use crate::samples::rate;
use crate::scene::{Trouble, wait_for};
use crate::table::{Row, rounds};
use crate::{disk, servers};

/// Shops, their range, lines of a receipt.
const SHOPS: usize = 20;
const ARTICLES: u64 = 2_000;
const LINES: u64 = 3;
/// Movements of one round.
const MOVEMENTS: u64 = 200_000;

/// On the embedded centre.
pub(crate) async fn embedded(times: usize) -> Result<Row, Trouble> {
    let (mut rates, mut bare) = (Vec::new(), Vec::new());
    for round in 0..times {
        let stage = Stage::new(Programs::beside_this()?)?;
        bare.push(disk::bytes_a_second(stage.folder())? >> 20);
        let centre = Daemon::start(stage.centre(&[])?).await?;
        rates.push(drain(&centre, round).await?);
    }
    rates.sort_unstable();
    let median = rates.get(rates.len() / 2).copied().unwrap_or(0);
    Ok(Row {
        what: "box to applied, embedded centre, 20 simulated shops on the same cores",
        aim: "≥ 20,000 movements/s",
        measured: rounds(rates, " movements/s"),
        raw: rounds(bare, " MiB/s appended and synced by 256 KiB"),
        reached: Some(median >= 20_000),
    })
}

/// On Kafka and PostgreSQL.
pub(crate) async fn real(times: usize) -> Result<Row, Trouble> {
    let (mut rates, mut copies, mut produced) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..times {
        let (stage, real) = (Stage::new(Programs::beside_this()?)?, Real::start()?);
        copies.push(servers::bare_copy(&real)?);
        produced.push(servers::bare_produce(&real)?);
        let centre = Daemon::start(stage.centre(&real.flags())?).await?;
        rates.push(drain(&centre, round).await?);
    }
    rates.sort_unstable();
    let median = rates.get(rates.len() / 2).copied().unwrap_or(0);
    Ok(Row {
        what: "the same on Kafka, PostgreSQL and Redis, all on the same cores",
        aim: "≥ 40,000 movements/s",
        measured: rounds(rates, " movements/s"),
        raw: format!("{}; {}", rounds(copies, " rows/s bare COPY"), rounds(produced, " records/s bare broker")),
        reached: Some(median >= 40_000),
    })
}

/// Lets shops sell behind a cut line and measures from its return until all
/// is applied.
pub(crate) async fn drain(centre: &Daemon, round: usize) -> Result<u64, Trouble> {
    let range = articles(ARTICLES);
    import_catalogue(centre, &range).await?;
    let line = Relay::start(centre.recipe().http).await?;
    let trade = Trade { every: Duration::from_millis(1), lines: LINES, duplicates: 0, poison: 0 };
    let plan = Plan { range, trade, opening: None };
    let mut shops = Shops::new();
    for number in 1..=SHOPS {
        shops.open(&format!("R{round}-{number:04}"), &format!("http://{}", line.address()), &plan)?;
    }
    wait_for("the shops", || async { Ok(shops.views().all(|(_, view)| view.reached && view.catalogue > 0)) }).await?;
    line.set(Link::Cut);
    shops.sell(true).await?;
    wait_for("the sales", || async { Ok(pending(&shops) >= MOVEMENTS) }).await?;
    shops.sell(false).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let waiting = pending(&shops);
    line.set(Link::FREE);
    let started = Instant::now();
    wait_for("all at head office", || async { Ok(pending(&shops) == 0) }).await?;
    let measured = rate(waiting, started.elapsed());
    let totals = Books::of(centre).totals().await?;
    if totals.applied + totals.parked != totals.committed || totals.lost > 0 {
        return Err(format!("the books do not balance: {totals:?}").into());
    }
    Ok(measured)
}

fn pending(shops: &Shops) -> u64 {
    shops.views().map(|(_, view)| view.pending).sum()
}
