//! The raw limit of accepting: a bare appending 4 KiB write and `fdatasync`.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use crate::samples::{Samples, rate};

/// Bytes of one bare write.
const WRITE_BYTES: usize = 4 * 1024;
/// Bytes of one large write, and how many.
const LARGE_BYTES: usize = 256 * 1024;
const LARGE_WRITES: usize = 200;

/// Appends and syncs so often, one after the other.
fn append_and_sync(folder: &Path, times: usize) -> std::io::Result<Samples> {
    let mut file = File::create(folder.join("bare-append"))?;
    let block = vec![0x5a; WRITE_BYTES];
    let mut samples = Samples::default();
    for _ in 0..times {
        let started = Instant::now();
        file.write_all(&block)?;
        file.sync_data()?;
        samples.add(started.elapsed());
    }
    Ok(samples)
}

/// One bare append and sync.
pub(crate) fn one(folder: &Path) -> std::io::Result<Duration> {
    Ok(append_and_sync(folder, 1)?.quantile(500))
}

/// The median of a bare append and sync.
pub(crate) fn median(folder: &Path) -> std::io::Result<Duration> {
    Ok(append_and_sync(folder, 300)?.quantile(500))
}

/// Bytes a second appended in large blocks, each synced: what a stream in a
/// file can reach at most.
pub(crate) fn bytes_a_second(folder: &Path) -> std::io::Result<u64> {
    let mut file = File::create(folder.join("bare-blocks"))?;
    let block = vec![0x5a; LARGE_BYTES];
    let started = Instant::now();
    for _ in 0..LARGE_WRITES {
        file.write_all(&block)?;
        file.sync_data()?;
    }
    let bytes = u64::try_from(LARGE_BYTES * LARGE_WRITES).unwrap_or(u64::MAX);
    Ok(rate(bytes, started.elapsed()))
}
