//! What grows and what it costs then: lines of a document, movements that wait
//! in the box, rows and stores in the ledger.

use std::fmt::Write as _;
use std::time::Duration;

use tidemark_fleet::process::Daemon;
use tidemark_fleet::relay::Link;
use tidemark_fleet::stage::{Programs, Stage};
use tidemark_parts::Real;

use crate::accept::document;
use crate::apply::drain;
use crate::plain_till::PlainTill;
use crate::rest::fill;
use crate::samples::{Millis, Samples};
use crate::scene::{Scene, Trouble};
use crate::table::{Row, rounds};
use crate::{disk, servers};

/// Lines of a document.
const LINES: [u64; 4] = [1, 10, 100, 1_000];
/// Movements of each size of document, and documents of a size at most.
const MOVEMENTS: u64 = 20_000;
const DOCUMENTS: u64 = 500;
/// Parts of all that is to wait, in hundredths.
const WAITING: [u64; 3] = [0, 10, 100];
/// Stores that are in the ledger besides those that sell.
const STORES: u64 = 5_000;
/// Items of each of them.
const ITEMS: u64 = 400;

/// One box: lines of a document, and movements that wait.
pub(crate) async fn one_box(scene: &Scene, pending: u64) -> Result<Vec<Row>, Trouble> {
    let raw = format!("{} append of 4 KiB and fdatasync", Millis(disk::median(scene.stage.folder())?));
    scene.line.set(Link::Cut);
    let by_lines = by_lines(scene)?;
    let by_waiting = by_waiting(scene, pending).await?;
    scene.line.set(Link::FREE);
    scene.settle().await?;
    Ok(vec![
        Row {
            what: "a document of 1, 10, 100, 1,000 lines accepted, one at a time, p50",
            aim: "–",
            measured: by_lines,
            raw: raw.clone(),
            reached: None,
        },
        Row {
            what: "document of one line accepted while movements wait in the box, p50",
            aim: "–",
            measured: by_waiting,
            raw,
            reached: None,
        },
    ])
}

fn by_lines(scene: &Scene) -> Result<String, Trouble> {
    let mut told = String::new();
    for lines in LINES {
        let median = accepted(scene, &format!("lines{lines}"), lines)?;
        let a_movement = median.as_nanos() / u128::from(lines) / 1_000;
        let comma = if told.is_empty() { "" } else { "; " };
        write!(told, "{comma}{lines}: {} ({a_movement} µs a movement)", Millis(median))?;
    }
    Ok(told)
}

async fn by_waiting(scene: &Scene, pending: u64) -> Result<String, Trouble> {
    let (mut told, mut waiting) = (String::new(), 0);
    for share in WAITING {
        let wanted = pending * share / 100;
        fill(scene, &format!("wait{share}"), wanted.saturating_sub(waiting)).await?;
        waiting = wanted;
        let median = accepted(scene, &format!("waits{share}"), 1)?;
        let comma = if told.is_empty() { "" } else { "; " };
        write!(told, "{comma}{} with {waiting}", Millis(median))?;
    }
    Ok(told)
}

/// The median of documents of so many lines.
fn accepted(scene: &Scene, name: &str, lines: u64) -> Result<Duration, Trouble> {
    let mut till = PlainTill::connect(scene.edge.recipe().http)?;
    let mut samples = Samples::default();
    for number in 0..(MOVEMENTS / lines).min(DOCUMENTS) {
        let event = document(&scene.range, name, number, lines);
        samples.add(tokio::task::block_in_place(|| till.submit(&event))?);
    }
    Ok(samples.quantile(500))
}

/// The centre on Kafka and PostgreSQL: with an empty ledger and with one that
/// holds so many rows of many stores.
pub(crate) async fn ledger(times: usize, rows: u64) -> Result<Row, Trouble> {
    let (stage, real) = (Stage::new(Programs::beside_this()?)?, Real::start()?);
    let bare = servers::bare_copy(&real)?;
    let centre = Daemon::start(stage.centre(&real.flags())?).await?;
    let empty = rates(&centre, 0..times).await?;
    load(&real, rows)?;
    let full = rates(&centre, times..times * 2).await?;
    let (before, after) = (median(&empty), median(&full));
    // Hundredths, so that no figure is a float.
    let ratio = before * 100 / after.max(1);
    Ok(Row {
        what: "cost of a movement in a full ledger, of that in an empty one, on Kafka and PostgreSQL",
        aim: "≤ 1.2 × at 20 M rows",
        measured: format!(
            "{}.{:02} × with {rows} rows of {STORES} stores: {} against {}",
            ratio / 100,
            ratio % 100,
            rounds(full, " movements/s"),
            rounds(empty, " movements/s")
        ),
        raw: format!("{bare} rows/s bare COPY"),
        reached: (rows >= 20_000_000).then_some(ratio <= 120),
    })
}

async fn rates(centre: &Daemon, times: std::ops::Range<usize>) -> Result<Vec<u64>, Trouble> {
    let mut rates = Vec::new();
    for round in times {
        rates.push(drain(centre, round).await?);
    }
    Ok(rates)
}

fn median(rates: &[u64]) -> u64 {
    let mut sorted = rates.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or(0)
}

/// Rows as an applier would have left them, made in the database itself.
fn load(real: &Real, rows: u64) -> Result<(), Trouble> {
    let each = rows / STORES;
    let statements = [
        format!("INSERT INTO stores (store) SELECT 'full-' || n FROM generate_series(1, {STORES}) n"),
        format!(
            "INSERT INTO epochs (store, epoch, ordinal, told, seen, handled) \
             SELECT key, key, 1, {each}, {each}, {each} FROM stores WHERE store LIKE 'full-%'"
        ),
        format!(
            "INSERT INTO movements (month, store, ordinal, seq, bytes) \
             SELECT (SELECT max(month) FROM months), key, 1, n, decode(md5(n::text) || repeat('5a', 84), 'hex') \
             FROM stores, generate_series(1, {each}) n WHERE store LIKE 'full-%' ORDER BY key, n"
        ),
        format!(
            "INSERT INTO balances (store, sku, effect_sum, on_hand, counted, ordinal, seq, counter, changed_at, \
             generation, part, step) SELECT key, 'full-' || n, 0, 0, true, 1, n, 1, 0, 1, 0, 0 \
             FROM stores, generate_series(1, {ITEMS}) n WHERE store LIKE 'full-%' ORDER BY key, 2"
        ),
        format!(
            "INSERT INTO blocks (store, epoch, block, digest, stock, generation, part, step, bitmap) \
             SELECT key, key, n, 0, 0, 1, 0, 0, decode(repeat('ff', 128), 'hex') \
             FROM stores, generate_series(0, {each} / 1024) n WHERE store LIKE 'full-%'"
        ),
        "ANALYZE".to_owned(),
        "CHECKPOINT".to_owned(),
    ];
    for statement in &statements {
        real.postgres.sql("tidemark", statement)?;
    }
    Ok(())
}
