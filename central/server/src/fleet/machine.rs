//! What a box runs on and who speaks to it, as it said last.

use serde::{Deserialize, Serialize};
use tidemark_sync::message::{Heartbeat, ScannerFacts, TillFacts};

/// The box; labels for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Machine {
    system: String,
    disk_free_mib: u64,
    disk_total_mib: u64,
    journal_mib: u64,
    memory_mib: u64,
    metered: bool,
    /// How long it has run, in seconds.
    ran_seconds: u64,
    scanners: Vec<Scanner>,
    tills: Vec<Till>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Scanner {
    lane: String,
    path: String,
    present: bool,
    scans: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Till {
    source: String,
    /// How long ago it spoke when the box said so; none if it never did.
    heard_seconds: Option<u64>,
    documents: u64,
}

impl Machine {
    pub(super) fn of(heartbeat: &Heartbeat) -> Self {
        let device = &heartbeat.device;
        Self {
            system: device.system.clone(),
            disk_free_mib: device.disk_free_mib,
            disk_total_mib: device.disk_total_mib,
            journal_mib: device.journal_mib,
            memory_mib: device.memory_mib,
            metered: device.metered,
            ran_seconds: heartbeat.odometer.run_ms() / 1_000,
            scanners: device.scanners.iter().map(Scanner::of).collect(),
            tills: heartbeat.tills.iter().map(Till::of).collect(),
        }
    }
}

impl Scanner {
    fn of(facts: &ScannerFacts) -> Self {
        let ScannerFacts { lane, path, present, scans } = facts;
        Self { lane: lane.to_string(), path: path.clone(), present: *present, scans: *scans }
    }
}

impl Till {
    fn of(facts: &TillFacts) -> Self {
        let heard_seconds = facts.heard_ms.map(|ms| ms / 1_000);
        Self { source: facts.source.to_string(), heard_seconds, documents: facts.documents }
    }
}
