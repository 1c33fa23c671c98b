//! Nanoseconds for one scan, by kind: the best and the median of some rounds.
//!
//! `cargo run --release --package tidemark-fuzz --example decode_speed`

use std::hint::black_box;
use std::io::{Result, Write, stdout};

use tidemark_barcode::decode;

/// Short rounds, so that some are not interrupted by other programs.
const ROUNDS: usize = 2_001;
const SCANS: u32 = 500;

const KINDS: &[(&str, &[u8])] = &[
    ("EAN-13", b"4006381333931"),
    ("EAN-13, named", b"]E04006381333931"),
    ("UPC-E", b"04252614"),
    ("ITF-14", b"14006381333938"),
    ("in-store number", b"2012345012502"),
    ("Code 39 text", b"]A0ABC-123"),
    ("command", b"]C0TMQ12AB12"),
    ("GTIN, lot, expiry", b"]d201040063813339311047\x1d17260131"),
    ("weight, expiry, lot, serial", b"]C1019400638133393431030012501726013110L-7\x1d21S9"),
    ("Digital Link", b"]Q1https://example.com/01/04006381333931/10/A%2F7?17=260131"),
];

fn main() -> Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "{:<28} {:>8} {:>8}", "ns per scan", "best", "median")?;
    for (kind, scan) in KINDS {
        let mut rounds: Vec<u128> = (0..ROUNDS).map(|_| round(scan)).collect();
        rounds.sort_unstable();
        let at = |nth: usize| rounds.get(nth).copied().unwrap_or_default();
        writeln!(out, "{kind:<28} {:>8} {:>8}", at(0), at(ROUNDS / 2))?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "what is measured is the time of this processor")]
fn round(scan: &[u8]) -> u128 {
    let start = std::time::Instant::now();
    for _ in 0..SCANS {
        let read = decode(black_box(scan));
        let _judged = black_box(read.as_ref().map(tidemark_barcode::Scan::judge));
    }
    start.elapsed().as_nanos() / u128::from(SCANS)
}
