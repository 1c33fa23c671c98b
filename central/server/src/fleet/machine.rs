//! What a box runs on and who speaks to it, as it said last.

use serde::{Deserialize, Serialize};
use tidemark_sync::message::{Heartbeat, ScannerFacts, TillFacts};

/// A till that spoke within this time speaks.
const SPEAKS_S: u64 = 15 * 60;
/// One that did not for longer is silent, while another speaks ...
const SILENT_S: u64 = 60 * 60;
/// ... unless it has not for so long that it was put away.
const PUT_AWAY_S: u64 = 24 * 60 * 60;

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
    /// How many tills are silent while others of the shop speak.
    pub(super) fn silent_tills(&self) -> usize {
        let heard = || self.tills.iter().filter(|till| till.documents > 0).filter_map(|till| till.heard_seconds);
        if heard().any(|seconds| seconds <= SPEAKS_S) {
            heard().filter(|seconds| (SILENT_S..PUT_AWAY_S).contains(seconds)).count()
        } else {
            0
        }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    fn silent(tills: &[(Option<u64>, u64)]) -> usize {
        let till = |(heard_seconds, documents): &(Option<u64>, u64)| Till {
            source: "till:1".to_owned(),
            heard_seconds: *heard_seconds,
            documents: *documents,
        };
        Machine { tills: tills.iter().map(till).collect(), ..Machine::default() }.silent_tills()
    }

    #[test]
    fn a_till_is_silent_while_another_one_speaks_and_not_when_the_shop_is_shut() {
        assert_eq!(silent(&[(Some(60), 9), (Some(2 * 3_600), 9)]), 1);
        assert_eq!(silent(&[(Some(60), 9), (Some(1_800), 9)]), 0, "a quiet half hour");
        assert_eq!(silent(&[(Some(7_200), 9), (Some(8_000), 9)]), 0, "nobody sells");
        assert_eq!(silent(&[(Some(60), 9), (Some(90_000), 9)]), 0, "put away");
        assert_eq!(silent(&[(Some(60), 9), (None, 0), (Some(7_200), 0)]), 0, "never sold anything");
        assert_eq!(silent(&[]), 0);
    }
}
