//! What the page shows of lanes and scanners.

use tidemark_scanner::Health;

use super::Desk;
use crate::settings::Role;
use crate::status::{LaneStatus, ScannerStatus};

/// What the page shows of lanes and scanners.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeskView {
    /// Lanes, by name.
    pub(crate) lanes: Vec<LaneStatus>,
    /// Scanners, by port.
    pub(crate) scanners: Vec<ScannerStatus>,
    /// What the scanners have counted, by port.
    pub(crate) health: Vec<(String, Health)>,
}

impl Desk {
    pub(super) fn show(&self) {
        let lanes = self.lanes.iter().map(|(name, place)| LaneStatus {
            name: name.clone(),
            mode: match place.role {
                Role::Off => "off".to_owned(),
                Role::Till => {
                    self.claims.holder(name).map_or_else(|| "till (none)".to_owned(), |till| format!("till ({till})"))
                }
                Role::Work => place.lane.memory().mode.word(),
            },
            takes: place.role == Role::Work,
            last_saved: place.lane.memory().last.clone(),
            last_signal: place.last_signal.clone(),
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
        self.view.send_replace(DeskView { lanes: lanes.collect(), scanners: scanners.collect(), health });
    }
}
