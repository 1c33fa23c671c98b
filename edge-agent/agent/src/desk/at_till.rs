//! Lanes with a till in front.

use tidemark_barcode::{Judgement, decode};
use tidemark_daemon::conditions::registry;
use tidemark_scanner::DeviceId;
use tokio::task::JoinError;

use super::Desk;
use crate::claims::{HandedScan, Outcome};
use crate::lane::Signal;

impl Desk {
    /// Hands what was read to the till that holds the lane's claim; its word
    /// comes later, and nobody else waits for it.
    pub(super) fn hand_over(&mut self, lane: String, device: DeviceId, bytes: &[u8]) {
        let (symbology, item) = match decode(bytes) {
            Ok(scan) => {
                let item = match scan.judge() {
                    Judgement::Item(code) => Some(code.as_str().to_owned()),
                    // What a till does with it is the till's.
                    Judgement::IfCatalogued(_) | Judgement::Command(_) | Judgement::NotKept(_) => None,
                };
                (scan.shape().symbology, item)
            }
            Err(rejection) => (rejection.shape.symbology, None),
        };
        let data = tidemark_barcode::data_of(bytes);
        let symbology = symbology.as_str().to_owned();
        let scan = |id| HandedScan { id, lane: lane.clone(), data, symbology, item };
        match self.claims.hand(scan, &lane) {
            Some(handed) => {
                self.handed.spawn(async move { (lane, device, handed.outcome().await) });
            }
            None => self.answered(&lane, &device, Outcome::NoTill),
        }
    }

    /// A till said what it does with a scan, or did not.
    pub(super) fn told(&mut self, told: Result<(String, DeviceId, Outcome), JoinError>) {
        match told {
            Ok((lane, device, outcome)) => self.answered(&lane, &device, outcome),
            Err(error) => tracing::error!(%error, "a scan that waited for its till was given up"),
        }
    }

    fn answered(&mut self, lane: &str, device: &DeviceId, outcome: Outcome) {
        self.with.events.handed.of(outcome.word()).inc();
        let conditions = &self.with.conditions;
        let (signal, words) = match outcome {
            Outcome::Taken => (Signal::Good, "the till has it"),
            Outcome::Refused => (Signal::Error, "the till does not take it"),
            Outcome::Silent => (Signal::Error, "the till did not answer; scan it again"),
            Outcome::NoTill => (Signal::Error, "no till takes this lane's scans"),
        };
        match outcome {
            Outcome::Taken | Outcome::Refused => conditions.clear_about(registry::TILL_DEAF, lane),
            Outcome::Silent | Outcome::NoTill => {
                conditions.raise_about(registry::TILL_DEAF, lane, words, self.with.clock.millis())
            }
        };
        self.signal(lane, device, signal);
        if let Some(place) = self.lanes.get_mut(lane) {
            place.last_signal = Some(words.to_owned());
        }
    }
}
