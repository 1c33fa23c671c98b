//! Memory and CPU at rest; memory, disk and start with movements waiting.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tidemark_fleet::process::Daemon;
use tidemark_fleet::relay::Link;
use tidemark_fleet::submit::TillLine;
use tokio::time::Instant;

use crate::accept::document;
use crate::samples::Millis;
use crate::scene::{STORE, Scene, Trouble};
use crate::table::Row;

/// How long a box at rest is watched.
const REST: Duration = Duration::from_secs(10);
/// Tills that fill the box, and lines of their documents.
const TILLS: u64 = 32;
const LINES: u64 = 10;
/// Movements of 30 days at 20,000 a day.
const MONTH: u64 = 600_000;

/// A box at rest.
#[derive(Clone, Copy, Debug)]
struct AtRest {
    /// From its start to its first accepted sale.
    start: Duration,
    memory_mib: u64,
    /// Hundredths of a percent of one core.
    cpu_share: u64,
}

/// A box that holds what it could not send.
#[derive(Clone, Copy, Debug)]
struct Full {
    pending: u64,
    memory_mib: u64,
    disk_bytes: u64,
    /// Killed: from its start to its first accepted sale.
    start: Duration,
    started_mib: u64,
    /// Movements a second from the line's return until all is handled.
    drained: u64,
}

/// Memory and CPU at rest; memory, disk and start with so many waiting.
pub(crate) async fn all(scene: &mut Scene, pending: u64) -> Result<Vec<Row>, Trouble> {
    scene.settle().await?;
    let at_rest = at_rest(scene).await?;
    let full = full(scene, pending).await?;
    Ok([rows_at_rest(&at_rest), rows_full(&full, &at_rest)].concat())
}

async fn at_rest(scene: &mut Scene) -> Result<AtRest, Trouble> {
    scene.edge.stop().await?;
    let started = Instant::now();
    scene.edge.restart().await?;
    TillLine::of(&scene.edge).submit(&document(&scene.range, "alone", 0, 1)).await?;
    let start = started.elapsed();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = cpu_nanos(&scene.edge)?;
    tokio::time::sleep(REST).await;
    let used = cpu_nanos(&scene.edge)?.saturating_sub(before);
    let cpu_share = used * 10_000 / u64::try_from(REST.as_nanos())?;
    Ok(AtRest { start, memory_mib: resident_mib(&scene.edge)?, cpu_share })
}

async fn full(scene: &mut Scene, pending: u64) -> Result<Full, Trouble> {
    scene.line.set(Link::Cut);
    fill(scene, "fill", pending).await?;
    let memory_mib = resident_mib(&scene.edge)?;
    let disk_bytes = disk_bytes(&scene.stage.folder().join(format!("box-{STORE}")))?;
    scene.edge.kill().await?;
    let started = Instant::now();
    scene.edge.restart().await?;
    TillLine::of(&scene.edge).submit(&document(&scene.range, "first", 0, 1)).await?;
    let start = started.elapsed();
    let started_mib = resident_mib(&scene.edge)?;
    scene.line.set(Link::FREE);
    let back = Instant::now();
    scene.settle().await?;
    let drained = pending * 1_000 / u64::try_from(back.elapsed().as_millis())?.max(1);
    Ok(Full { pending, memory_mib, disk_bytes, start, started_mib, drained })
}

fn rows_at_rest(AtRest { memory_mib, cpu_share, .. }: &AtRest) -> Vec<Row> {
    vec![
        Row {
            what: "box memory at rest",
            aim: "≤ 60 MB",
            measured: format!("{memory_mib} MiB"),
            raw: "–".to_owned(),
            reached: Some(*memory_mib <= 57),
        },
        Row {
            what: "box CPU at rest, of one core",
            aim: "≤ 1 %",
            measured: format!("{}.{:02} %", cpu_share / 100, cpu_share % 100),
            raw: "–".to_owned(),
            reached: Some(*cpu_share <= 100),
        },
    ]
}

fn rows_full(full: &Full, at_rest: &AtRest) -> Vec<Row> {
    let Full { pending, memory_mib, disk_bytes, start, started_mib, drained } = full;
    let a_movement = disk_bytes / (*pending).max(1);
    let month = MONTH * a_movement / 1_000_000;
    vec![
        Row {
            what: "box memory with movements pending",
            aim: "≤ 150 MB with 1 M",
            measured: format!("{memory_mib} MiB with {pending}, {started_mib} MiB after its start"),
            raw: "–".to_owned(),
            reached: (*pending >= 1_000_000).then_some(memory_mib.max(started_mib) <= &143),
        },
        Row {
            what: "killed box, start to first accepted sale with movements pending",
            aim: "≤ 1 s with 1 M",
            measured: format!("{} with {pending}", Millis(*start)),
            raw: format!("{} with none", Millis(at_rest.start)),
            reached: (*pending >= 1_000_000).then_some(*start <= Duration::from_secs(1)),
        },
        Row {
            what: "on disk, 30 days offline at 20,000 movements a day",
            aim: "≤ 400 MB",
            measured: format!("{month} MB: {a_movement} bytes a movement, measured over {pending}"),
            raw: "–".to_owned(),
            reached: Some(month <= 400),
        },
        Row {
            what: "backlog of one real box, line back to all handled",
            aim: "–",
            measured: format!("{drained} movements/s"),
            raw: "–".to_owned(),
            reached: None,
        },
    ]
}

/// Sells so many movements at the box, under ids that begin with a name.
pub(crate) async fn fill(scene: &Scene, name: &str, pending: u64) -> Result<(), Trouble> {
    let range = Arc::new(scene.range.clone());
    let tills = (0..TILLS).map(|number| {
        let (till, range) = (TillLine::of(&scene.edge), Arc::clone(&range));
        let id = format!("{name}{number}");
        tokio::spawn(async move {
            for document_number in 0..pending / LINES / TILLS {
                till.submit(&document(&range, &id, document_number, LINES)).await?;
            }
            Ok::<(), Trouble>(())
        })
    });
    for till in tills.collect::<Vec<_>>() {
        till.await??;
    }
    Ok(())
}

/// Bytes of a folder's files as the file system holds them.
fn disk_bytes(folder: &Path) -> Result<u64, Trouble> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // A file may be dropped while it is looked at.
        let Ok(about) = entry.metadata() else { continue };
        sum += if about.is_dir() { disk_bytes(&entry.path())? } else { about.blocks() * 512 };
    }
    Ok(sum)
}

fn resident_mib(daemon: &Daemon) -> Result<u64, Trouble> {
    let id = daemon.id().ok_or("the daemon is gone")?;
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kib: u64 = line.split_whitespace().next().ok_or("no number")?.parse()?;
    Ok(kib >> 10)
}

/// CPU time of all threads; exact, unlike the ticks of `stat`.
fn cpu_nanos(daemon: &Daemon) -> Result<u64, Trouble> {
    let id = daemon.id().ok_or("the daemon is gone")?;
    let mut sum = 0;
    for task in fs::read_dir(format!("/proc/{id}/task"))? {
        // A thread may end while it is looked at.
        let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
        sum += text.split_whitespace().next().and_then(|first| first.parse::<u64>().ok()).unwrap_or(0);
    }
    Ok(sum)
}
