//! Lanes with a till in front.

use tidemark_barcode::{Judgement, decode};
use tidemark_daemon::conditions::registry;
use tidemark_scanner::DeviceId;
use tokio::task::JoinError;

use super::{Desk, Said};
use crate::claims::{HandedScan, Outcome};
use crate::lane::Signal;
use crate::words::{Language, Word};

impl Desk {
    /// Hands what was read to the till that holds the lane's claim; its word
    /// comes later, and nobody else waits for it. Whether none is asked.
    pub(super) fn hand_over(&mut self, lane: String, device: DeviceId, bytes: &[u8]) -> bool {
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
        if let Some(layout) = self.lanes.get(&lane).and_then(|place| place.types) {
            self.type_out(&lane, &device, &data, layout);
            return true;
        }
        let symbology = symbology.as_str().to_owned();
        let scan = |id| HandedScan { id, lane: lane.clone(), data, symbology, item };
        match self.claims.hand(scan, &lane) {
            Some(handed) => {
                self.handed.spawn(async move { (lane, device, handed.outcome().await) });
                false
            }
            None => {
                self.say_outcome(&lane, &device, Outcome::NoTill);
                true
            }
        }
    }

    /// A till said what it does with a scan, or did not.
    pub(super) fn told(&mut self, told: Result<(String, DeviceId, Outcome), JoinError>) {
        match told {
            Ok((lane, device, outcome)) => {
                self.say_outcome(&lane, &device, outcome);
                self.answered.push(device);
            }
            Err(error) => tracing::error!(%error, "a scan that waited for its till was given up"),
        }
    }

    pub(super) fn say_outcome(&mut self, lane: &str, device: &DeviceId, outcome: Outcome) {
        self.with.events.handed.of(outcome.word()).inc();
        let (signal, said, is_deaf) = match outcome {
            Outcome::Taken => (Signal::Good, Word::TillHasIt, false),
            Outcome::Refused => (Signal::Error, Word::TillRefuses, false),
            Outcome::Silent => (Signal::Error, Word::TillSilent, true),
            Outcome::NoTill => (Signal::Error, Word::NoTill, true),
        };
        let conditions = &self.with.conditions;
        if is_deaf {
            let words = Language::En.say(said);
            conditions.raise_about(registry::TILL_DEAF, lane, words, self.with.clock.millis());
        } else {
            conditions.clear_about(registry::TILL_DEAF, lane);
        }
        self.signal(lane, device, signal);
        if let Some(place) = self.lanes.get_mut(lane) {
            place.last_signal = Some(Said::Word(said));
        }
    }
}
