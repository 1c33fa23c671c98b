//! How long a plain scan takes to be read, by itself.

use std::hint::black_box;
use std::time::Duration;

use tidemark_barcode::{Scan, decode};
use tokio::time::Instant;

use crate::samples::Samples;
use crate::table::Row;

/// Short rounds, so that some are not interrupted by other programs.
const ROUNDS: usize = 2_001;
const SCANS: u32 = 500;
/// As a scanner sends an EAN-13.
const PLAIN: &[u8] = b"]E04006381333931\r";
const AIM: Duration = Duration::from_micros(1);

/// Reading and judging, without any device.
pub(crate) fn plain() -> Row {
    let mut samples = Samples::default();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        for _ in 0..SCANS {
            let read = decode(black_box(PLAIN));
            let _judged = black_box(read.as_ref().map(Scan::judge));
        }
        samples.add(started.elapsed() / SCANS);
    }
    let [median, best] = [500, 0].map(|per_mille| samples.quantile(per_mille));
    Row {
        what: "a plain scan read and judged, p50 of short rounds",
        aim: "< 1 µs",
        measured: format!("{} ns (best {} ns)", median.as_nanos(), best.as_nanos()),
        raw: "–".to_owned(),
        reached: Some(median < AIM),
    }
}
