//! How soon a catalogue is at the boxes: all of it at an empty one over a slow
//! line, one change of it at many.

use std::collections::BTreeSet;
use std::time::Duration;

use tidemark_fleet::meeting::{has_catalogue, import_catalogue};
use tidemark_fleet::process::Daemon;
use tidemark_fleet::range::articles;
use tidemark_fleet::relay::{Link, Relay};
use tidemark_fleet::shop::Trade;
use tidemark_fleet::shops::{Plan, Shops};
use tidemark_fleet::stage::{Programs, Stage};
use tokio::time::Instant;

use crate::samples::{Millis, Samples};
use crate::scene::{STORE, Trouble, wait_for};
use crate::table::Row;

/// Items of the large catalogue, and the line of the empty box.
const ITEMS: u64 = 100_000;
const BYTES_A_SECOND: u64 = 10_000_000 / 8;
const DELAY: Duration = Duration::from_millis(10);
/// Shops that wait for a change of a range like theirs.
const SHOPS: usize = 750;
const ARTICLES: u64 = 20_000;
/// How often the shops are looked at.
const LOOK: Duration = Duration::from_millis(5);

/// Both figures.
pub(crate) async fn all(times: usize) -> Result<Vec<Row>, Trouble> {
    let mut rows = empty_box(times).await?;
    rows.push(one_change(times).await?);
    Ok(rows)
}

async fn empty_box(times: usize) -> Result<Vec<Row>, Trouble> {
    let range = articles(ITEMS);
    let (mut samples, mut most) = (Samples::default(), 0);
    for _ in 0..times {
        let stage = Stage::new(Programs::beside_this()?)?;
        let centre = Daemon::start(stage.centre(&[])?).await?;
        import_catalogue(&centre, &range).await?;
        let line = Relay::start(centre.recipe().http).await?;
        line.set(Link::Up { bytes_per_second: Some(BYTES_A_SECOND), delay: DELAY });
        let started = Instant::now();
        let edge = Daemon::start(stage.edge(STORE, line.address(), &[])?).await?;
        wait_for("the catalogue at the box", || has_catalogue(&edge)).await?;
        samples.add(started.elapsed());
        most = line.carried().1.max(most);
    }
    let median = samples.quantile(500);
    let least = Duration::from_micros(most * 1_000_000 / BYTES_A_SECOND);
    Ok(vec![
        Row {
            what: "empty box with 100,000 items in use, over 10 Mbit/s",
            aim: "≤ 60 s",
            measured: samples.spread(),
            raw: format!("{} for its bytes alone", Millis(least)),
            reached: Some(median <= Duration::from_secs(60)),
        },
        Row {
            what: "bytes of that catalogue on the wire",
            aim: "≤ 10 MB",
            measured: format!("{}.{} MB", most / 1_000_000, most / 100_000 % 10),
            raw: "–".to_owned(),
            reached: Some(most <= 10_000_000),
        },
    ])
}

async fn one_change(times: usize) -> Result<Row, Trouble> {
    let stage = Stage::new(Programs::beside_this()?)?;
    let centre = Daemon::start(stage.centre(&[])?).await?;
    let mut range = articles(ARTICLES);
    import_catalogue(&centre, &range).await?;
    let trade = Trade { every: Duration::from_secs(3_600), lines: 1, duplicates: 0, poison: 0 };
    let plan = Plan { range: Vec::new(), trade, opening: None };
    let mut shops = Shops::new();
    for number in 1..=SHOPS {
        shops.open(&format!("C{number:04}"), &centre.url(""), &plan)?;
    }
    wait_for("the catalogue at all", || async { Ok(shops.views().all(|(_, view)| view.catalogue > 0)) }).await?;
    let mut samples = Samples::default();
    for round in 0..times {
        let held: u64 = shops.views().map(|(_, view)| view.catalogue).max().unwrap_or(0);
        let article = range.get_mut(round).ok_or("no such article")?;
        article.price_minor += 1;
        let started = Instant::now();
        import_catalogue(&centre, &range).await?;
        let mut there: BTreeSet<String> = BTreeSet::new();
        while there.len() < SHOPS {
            for (store, view) in shops.views() {
                if view.catalogue > held && there.insert(store.to_owned()) {
                    samples.add(started.elapsed());
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }
    let late = samples.quantile(950);
    Ok(Row {
        what: "one change of 20,000 items at 750 simulated boxes, from the file's upload on, p95",
        aim: "≤ 3 s",
        measured: format!("{}, p50 {}", Millis(late), Millis(samples.quantile(500))),
        raw: "–".to_owned(),
        reached: Some(late <= Duration::from_secs(3)),
    })
}
