//! How soon a person with a scanner hears that a scan is saved.

use std::time::Duration;

use tidemark_fleet::gun::Heard;
use tidemark_fleet::relay::Link;
use tokio::time::Instant;

use crate::disk;
use crate::samples::{Millis, Samples};
use crate::scene::{Scene, Trouble};
use crate::table::Row;

/// Scans of one round.
const SCANS: usize = 500;
/// Between two of them.
const PAUSE: Duration = Duration::from_millis(20);
/// How long a signal is waited for.
const SIGNAL: Duration = Duration::from_secs(5);
/// What decoding, deciding and telling may take beside the sync.
const OVER_RAW: Duration = Duration::from_millis(20);

/// From the last byte on the line to the first byte of the signal, the box
/// alone on the disk. A bare sync before each scan is the raw limit.
pub(crate) async fn all(scene: &Scene, times: usize) -> Result<Vec<Row>, Trouble> {
    scene.settle().await?;
    scene.line.set(Link::Cut);
    let (mut signals, mut bare) = (Samples::default(), Samples::default());
    let mut articles = scene.range.iter().cycle();
    for _ in 0..times {
        for _ in 0..SCANS {
            tokio::time::sleep(PAUSE).await;
            bare.add(disk::one(scene.stage.folder())?);
            let article = articles.next().ok_or("the range is empty")?;
            let started = Instant::now();
            let heard = scene.gun.scan(&article.gtin.to_string(), SIGNAL).await?;
            signals.add(started.elapsed());
            if heard != Heard::Good {
                return Err(format!("the scanner heard {heard:?}").into());
            }
        }
    }
    scene.line.set(Link::FREE);
    let [signal, raw] = [&signals, &bare].map(|samples| samples.quantile(990));
    Ok(vec![Row {
        what: "last byte of a scan to its good signal, p99; the scanner looks for it every 2 ms",
        aim: "≤ 20 ms over the raw sync",
        measured: format!("{}, p50 {}", Millis(signal), Millis(signals.quantile(500))),
        raw: format!("{}, p50 {} append of 4 KiB and fdatasync", Millis(raw), Millis(bare.quantile(500))),
        reached: Some(signal <= raw + OVER_RAW),
    }])
}
