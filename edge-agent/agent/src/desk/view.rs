//! What the page shows of lanes and scanners.

use tidemark_scanner::Health;

use super::{Desk, Does, Seen};
use crate::settings::Role;
use crate::status::{LaneStatus, ScannerStatus};
use crate::words::Language;

/// What the page shows of lanes and scanners.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeskView {
    /// Lanes, by name.
    pub(crate) lanes: Vec<LaneStatus>,
    /// Scanners, by port.
    pub(crate) scanners: Vec<ScannerStatus>,
    /// What the scanners have counted, by port.
    pub(crate) health: Vec<(String, Health)>,
    /// The last reads, newest first.
    pub(crate) reads: Vec<Seen>,
}

impl Desk {
    pub(super) fn show(&self) {
        let lanes = self.lanes.iter().map(|(name, place)| {
            let does = match place.role {
                Role::Off => Does::Nothing,
                Role::Till => Does::Till(self.claims.holder(name)),
                Role::Work => Does::Work(place.lane.memory().mode.clone()),
            };
            LaneStatus {
                name: name.clone(),
                mode: does.word(),
                takes: place.role == Role::Work,
                last_saved: place.lane.memory().last.clone(),
                last_signal: place.last_signal.as_ref().map(|said| said.say(Language::En)),
                does: Some(does),
                said: place.last_signal.clone(),
            }
        });
        let scanners = self.scanners.all().iter().map(|scanner| {
            let health = scanner.health();
            ScannerStatus {
                path: scanner.device().as_str().to_owned(),
                lane: scanner.config().lane.clone(),
                present: health.open,
                scans: health.frame_count,
            }
        });
        let health = self.scanners.all().iter().map(|s| (s.device().as_str().to_owned(), s.health())).collect();
        let reads = self.seen.newest_first();
        self.view.send_replace(DeskView { lanes: lanes.collect(), scanners: scanners.collect(), health, reads });
    }
}
