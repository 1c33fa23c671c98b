//! What the desk says of the ports of scanners.

use tidemark_daemon::conditions::{Code, registry};
use tidemark_scanner::{Class, DeviceId, Notice, Present, Unavailable};

use super::Desk;

/// Why a scanner is not heard: one of them at a time.
const UNHEARD: [Code; 3] = [registry::SCANNER_GONE, registry::SCANNER_BUSY, registry::SCANNER_DENIED];

impl Desk {
    pub(super) fn opened(&self, device: &DeviceId, present: &Present) {
        for code in UNHEARD.into_iter().chain([registry::SCANNER_ODD]) {
            self.with.conditions.clear_about(code, device.as_str());
        }
        let (conditions, now) = (&self.with.conditions, self.with.clock.millis());
        match present.class {
            Class::A => conditions.clear_about(registry::SCANNER_CLASS_B, device.as_str()),
            Class::B => {
                let unknown = "it can't be told what to signal; give its `profile` or `feedback` if it can be";
                let detail = present.advice().unwrap_or(unknown);
                conditions.raise_about(registry::SCANNER_CLASS_B, device.as_str(), detail, now)
            }
        };
        let family = present.model().map_or("not known", |model| model.family);
        tracing::info!(port = device.as_str(), family, replaced = present.replaced, "scanner ready");
    }

    pub(super) fn noticed(&self, device: &DeviceId, notice: &Notice) {
        match notice {
            Notice::WrongLayout { .. } | Notice::StuckKey { .. } => {
                let (detail, now) = (notice.to_string(), self.with.clock.millis());
                self.with.conditions.raise_about(registry::SCANNER_ODD, device.as_str(), detail, now);
            }
            Notice::Forgotten => tracing::warn!(port = device.as_str(), %notice, "a kept code is forgotten"),
            Notice::RecordingEnded { .. } => tracing::warn!(port = device.as_str(), %notice, "a recording ended"),
        }
    }

    /// A port that can't be opened, in words for whoever stands before it.
    pub(super) fn unavailable(&self, device: &DeviceId, why: &Unavailable) {
        let (code, words) = match why {
            Unavailable::Missing => (registry::SCANNER_GONE, "there is no such port"),
            Unavailable::Failed(why) => (registry::SCANNER_GONE, why.as_str()),
            Unavailable::Busy(by) => (registry::SCANNER_BUSY, by.as_str()),
            Unavailable::Denied => (
                registry::SCANNER_DENIED,
                "the box's user may not open it; serial ports are for the group dialout, HID POS and keyboards for input",
            ),
        };
        self.unheard(code, device, words);
    }

    pub(super) fn unheard(&self, code: Code, device: &DeviceId, why: &str) {
        for other in UNHEARD.into_iter().filter(|other| *other != code) {
            self.with.conditions.clear_about(other, device.as_str());
        }
        self.with.conditions.raise_about(code, device.as_str(), why, self.with.clock.millis());
    }
}
