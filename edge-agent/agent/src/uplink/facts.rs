//! How the box is, for a heartbeat.

use std::path::Path;

use tidemark_daemon::conditions::Raised;
use tidemark_journal::{Journal, ReadError};
use tidemark_model::{Label, Seq};
use tidemark_sync::BoxFacts;
use tidemark_sync::message::{ConditionReport, DeviceFacts, ScannerFacts, TillFacts};

use crate::desk::DeskView;

/// A seed for the jitter: nothing hangs on it but that boxes differ.
pub(super) fn seed() -> u64 {
    let mut bytes = [0; 8];
    // Without random bits the jitter is that of all such boxes.
    getrandom::fill(&mut bytes).unwrap_or(());
    u64::from_be_bytes(bytes)
}

/// How the box is; reads from disk.
pub(super) fn of_box(
    journal: &Journal,
    desk: &DeskView,
    conditions: &[Raised],
    oldest: Option<Seq>,
    metered: bool,
) -> Result<BoxFacts, ReadError> {
    let standing = journal.standing()?;
    let age = oldest.map(|seq| journal.age_ms(seq)).transpose()?.flatten();
    let tills = journal.tills()?;
    Ok(BoxFacts {
        open_block: journal.open_block()?,
        oldest_age_ms: age,
        odometer: standing.odometer,
        catalogue: journal.catalogue()?.version,
        conditions: conditions
            .iter()
            .map(|raised| ConditionReport { code: raised.code.0, detail: raised.detail.clone() })
            .collect(),
        device: device(desk, standing.disk_bytes, metered),
        tills: tills
            .into_iter()
            .map(|till| TillFacts { source: till.name, token: Some(till.token), heard_ms: None, documents: 0 })
            .collect(),
    })
}

fn device(desk: &DeskView, journal_bytes: u64, metered: bool) -> DeviceFacts {
    let scanners = desk.scanners.iter().filter_map(|scanner| {
        let lane = Label::new(&scanner.lane).ok()?;
        Some(ScannerFacts { lane, path: scanner.path.clone(), present: scanner.present, scans: scanner.scans })
    });
    DeviceFacts {
        system: std::env::consts::OS.to_owned(),
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
        wall: tidemark_daemon::clock::wall_now(),
        journal_mib: journal_bytes >> 20,
        memory_mib: resident_mib().unwrap_or(0),
        metered,
        scanners: scanners.collect(),
        ..DeviceFacts::default()
    }
}

/// Resident memory of this process, where the system tells it.
fn resident_mib() -> Option<u64> {
    let status = std::fs::read_to_string(Path::new("/proc/self/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib >> 10)
}
