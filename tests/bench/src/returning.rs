//! How soon many boxes are connected again after the centre was killed.

use std::time::Duration;

use tidemark_fleet::process::Daemon;
use tidemark_fleet::range::articles;
use tidemark_fleet::shop::Trade;
use tidemark_fleet::shops::{Plan, Shops};
use tidemark_fleet::stage::{Programs, Stage};
use tokio::time::Instant;

use crate::samples::Samples;
use crate::scene::{Trouble, wait_for};
use crate::table::Row;

const SHOPS: usize = 1_000;
const ARTICLES: u64 = 20;

/// A thousand boxes and a centre that is killed and started.
pub(crate) async fn all(times: usize) -> Result<Row, Trouble> {
    let stage = Stage::new(Programs::beside_this()?)?;
    let mut centre = Daemon::start(stage.centre(&[])?).await?;
    let trade = Trade { every: Duration::from_secs(3_600), lines: 1, duplicates: 0, poison: 0 };
    let plan = Plan { range: articles(ARTICLES), trade, opening: None };
    let mut shops = Shops::new();
    for number in 1..=SHOPS {
        shops.open(&format!("B{number:04}"), &centre.url(""), &plan)?;
    }
    wait_for("the boxes", || async { Ok(reached(&shops) == SHOPS) }).await?;
    let mut samples = Samples::default();
    for _ in 0..times {
        centre.kill().await?;
        wait_for("the boxes to notice", || async { Ok(reached(&shops) == 0) }).await?;
        let started = Instant::now();
        centre.restart().await?;
        wait_for("the boxes again", || async { Ok(reached(&shops) == SHOPS) }).await?;
        samples.add(started.elapsed());
    }
    let median = samples.quantile(500);
    Ok(Row {
        what: "1,000 simulated boxes connected after a restart of the centre",
        aim: "≤ 60 s",
        measured: samples.spread(),
        raw: "–".to_owned(),
        reached: Some(median <= Duration::from_secs(60)),
    })
}

fn reached(shops: &Shops) -> usize {
    shops.views().filter(|(_, view)| view.reached).count()
}
