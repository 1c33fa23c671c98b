//! The folder of the journal: whose it is, what it lies on, how much fits and
//! how long a sync takes.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use tidemark_daemon::clock::Clock;
use tidemark_daemon::disk;

use super::{Finding, Level};

/// Syncs that are measured.
const SYNCS: u32 = 16;
/// As much as a document writes.
const WRITTEN: [u8; 4096] = [0; 4096];
const SLOW: Duration = Duration::from_millis(20);
const TOO_SLOW: Duration = Duration::from_millis(200);
const FULL_WARNING: u64 = 80;
const FULL_CRITICAL: u64 = 95;

pub(super) fn examine(data: &Path) -> Vec<Finding> {
    let folder = data.display();
    if !data.is_dir() {
        let remedy =
            format!("start the box once, or make the folder: install -d -o tidemark-edge -g tidemark-edge {folder}");
        return vec![Finding::of("data", Level::Critical, format!("{folder} is no folder"), remedy)];
    }
    vec![owner(data), lasting(data), room(data), sync(data)]
}

fn owner(data: &Path) -> Finding {
    let folder = data.display();
    match disk::is_own(data) {
        Ok(true) => Finding::ok("data", format!("{folder} belongs to this user")),
        Ok(false) => {
            let remedy = "run doctor as the box's user: sudo -u tidemark-edge tidemark-edge doctor; if that user does not own \
                          it, chown it";
            Finding::of("data", Level::Warning, format!("{folder} belongs to another user"), remedy)
        }
        Err(error) => Finding::of("data", Level::Unknown, format!("{folder}: {error}"), "look at its permissions"),
    }
}

/// Whether what is written there is there after the power was cut.
fn lasting(data: &Path) -> Finding {
    match disk::kind_of(data) {
        Ok(kind) if kind.is_memory => Finding::of(
            "filesystem",
            Level::Critical,
            format!("{} lies in memory ({})", data.display(), kind.name),
            "put `data` on a disk: what lies in memory is gone when the power is",
        ),
        Ok(kind) if kind.is_network => Finding::of(
            "filesystem",
            Level::Critical,
            format!("{} lies on another machine ({})", data.display(), kind.name),
            "put `data` on a disk of this machine: sales must go on when the network is down",
        ),
        Ok(kind) => Finding::ok("filesystem", kind.name),
        Err(error) => Finding::of("filesystem", Level::Unknown, error.to_string(), "look at the mount of `data`"),
    }
}

fn room(data: &Path) -> Finding {
    match disk::room(data) {
        Ok(room) => judge_room(room),
        Err(error) => Finding::of("room", Level::Unknown, error.to_string(), "look at the disk with df"),
    }
}

pub(super) fn judge_room(room: disk::Room) -> Finding {
    let (percent, free) = (room.percent_full(), room.free_mib);
    let detail = format!("{percent} % full, {free} MiB free");
    let level = match percent {
        FULL_CRITICAL.. => Level::Critical,
        FULL_WARNING.. => Level::Warning,
        _ => return Finding::ok("room", detail),
    };
    Finding::of("room", level, detail, "delete what does not belong to the box, or give it a larger disk")
}

fn sync(data: &Path) -> Finding {
    match measure(data) {
        Ok(median) => judge_sync(median),
        Err(error) => {
            let detail = format!("nothing can be written and synced: {error}");
            Finding::of(
                "sync",
                Level::Critical,
                detail,
                "look at the disk: dmesg, smartctl -a; check who may write there",
            )
        }
    }
}

/// The median of some appends with their sync, each as a sale makes it.
fn measure(data: &Path) -> std::io::Result<Duration> {
    let mut file = tempfile_in(data)?;
    let mut took = Vec::new();
    for _ in 0..SYNCS {
        let clock = Clock::start();
        file.0.write_all(&WRITTEN)?;
        file.0.sync_data()?;
        took.push(clock.elapsed());
    }
    took.sort_unstable();
    Ok(took.get(took.len() / 2).copied().unwrap_or_default())
}

/// A file that goes with its guard.
fn tempfile_in(data: &Path) -> std::io::Result<(std::fs::File, Removed)> {
    let path = data.join(format!("doctor-{}", std::process::id()));
    let file = std::fs::File::options().write(true).create_new(true).open(&path)?;
    Ok((file, Removed(path)))
}

struct Removed(std::path::PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        // One that stays is told by its name.
        let _left_behind = std::fs::remove_file(&self.0);
    }
}

pub(super) fn judge_sync(median: Duration) -> Finding {
    let detail = format!("a sync takes {}.{} ms", median.as_millis(), median.subsec_micros() % 1_000 / 100);
    let (level, remedy) = if median >= TOO_SLOW {
        (Level::Critical, "the disk is failing or far too slow for a till: smartctl -a, then replace it by an SSD")
    } else if median >= SLOW {
        (Level::Warning, "cashiers will wait: use an SSD with power-loss protection, and look what else writes to it")
    } else {
        return Finding::ok("sync", detail);
    };
    Finding::of("sync", level, detail, remedy)
}
