//! The ways in for scans.

use serde::Deserialize;

/// How a device hands its scans over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It types them on a keyboard that nobody else hears.
    Keyboard,
    /// Bytes of a serial port.
    Serial,
    /// Reports of HID Point of Sale.
    HidPos,
    /// A file of recorded scans.
    Replay,
    /// Scans made up by a program; not to be configured.
    #[serde(skip)]
    Simulated,
}

impl Kind {
    /// What the path of a configuration says about it; `None` if whatever is
    /// found at that USB port counts.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        if path.starts_with("/dev/hidraw") {
            Some(Self::HidPos)
        } else if path.starts_with("/dev/input/") {
            Some(Self::Keyboard)
        } else if path.starts_with('/') || path.starts_with("COM") || path.starts_with(r"\\") {
            Some(Self::Serial)
        } else if path.contains("usb-") {
            None
        } else {
            Some(Self::Serial)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_the_kind() {
        assert_eq!(Kind::of_path("/dev/hidraw0"), Some(Kind::HidPos));
        assert_eq!(Kind::of_path("/dev/input/by-path/pci-0000:00:14.0-usb-0:2:1.0-event-kbd"), Some(Kind::Keyboard));
        assert_eq!(Kind::of_path("/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0"), Some(Kind::Serial));
        assert_eq!(Kind::of_path("COM3"), Some(Kind::Serial));
        assert_eq!(Kind::of_path("pci-0000:00:14.0-usb-0:2"), None);
    }
}
