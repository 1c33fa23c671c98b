//! What the page shows of lanes and scanners.

use tidemark_scanner::{Health, Scanner};

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
    scanners: Vec<Scanner>,
    /// What the scanners have counted, by port.
    pub(crate) health: Vec<(String, Health)>,
    /// The last reads, newest first.
    pub(crate) reads: Vec<Seen>,
}

impl DeskView {
    /// The scanners as they are now, by port. Asked before the lanes are looked
    /// at: what is answered by now, the lanes show.
    pub(crate) fn scanners(&self) -> Vec<ScannerStatus> {
        let told = |scanner: &Scanner| {
            let unanswered = scanner.unanswered();
            let health = scanner.health();
            ScannerStatus {
                path: scanner.device().as_str().to_owned(),
                lane: scanner.config().lane.clone(),
                present: health.open,
                scans: health.frame_count,
                unanswered,
            }
        };
        self.scanners.iter().map(told).collect()
    }
}

impl Desk {
    /// Shows how all is, and only then says that scans are answered.
    pub(super) fn show(&mut self) {
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
        let health = self.scanners.all().iter().map(|s| (s.device().as_str().to_owned(), s.health())).collect();
        let reads = self.seen.newest_first();
        self.view.send_replace(DeskView {
            lanes: lanes.collect(),
            scanners: self.scanners.all().to_vec(),
            health,
            reads,
        });
        for device in self.answered.drain(..) {
            if let Some(scanner) = self.scanners.get(&device) {
                scanner.answered();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tidemark_scanner::{Profile, Simulated};

    use super::super::tests::Shop;
    use crate::settings::ModeWord;

    /// What the page says of the scanner and the lane.
    fn shown(shop: &Shop) -> (u64, Option<String>) {
        let unanswered = shop.view.borrow().scanners()[0].unanswered;
        (unanswered, shop.view.borrow().lanes[0].last_saved.clone())
    }

    #[tokio::test]
    async fn a_scan_is_shown_as_unanswered_until_the_lane_shows_what_was_saved() {
        let device = Simulated::new();
        device.plug();
        let mut shop = Shop::with_scanner(ModeWord::Sell, Some((Profile::Datalogic, &device)));
        shop.hear().await;
        shop.desk.show();
        assert_eq!(shown(&shop), (0, None));
        device.send(b"96385074\r");
        let read = shop.desk.heard.recv().await.unwrap();
        assert_eq!(shown(&shop), (1, None), "a person waits for its signal");
        shop.desk.hear(read).await;
        assert_eq!(shown(&shop), (1, None), "it is saved, and the page does not say so yet");
        shop.desk.show();
        assert_eq!(shown(&shop).0, 0);
        assert!(shown(&shop).1.is_some_and(|saved| saved.contains("96385074")), "{:?}", shown(&shop));
    }

    #[tokio::test]
    async fn a_scan_that_nobody_takes_is_answered_too() {
        let device = Simulated::new();
        device.plug();
        let mut shop = Shop::with_scanner(ModeWord::Sell, Some((Profile::Datalogic, &device)));
        shop.hear().await;
        // The second is the first read twice; a letter is no code.
        for bytes in [&b"96385074\r"[..], b"96385074\r", b"?\r"] {
            device.send(bytes);
            shop.hear().await;
        }
        shop.desk.show();
        assert_eq!(shown(&shop).0, 0);
    }
}
