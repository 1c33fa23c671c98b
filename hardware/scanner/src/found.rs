//! What is plugged in: found by reading what the system knows, never by
//! writing to a port, for scanners take letters for commands.

#[cfg(target_os = "linux")]
mod sysfs;

use std::fmt;
use std::path::{Path, PathBuf};

use crate::event::Unavailable;
use crate::kind::Kind;
use crate::profile::{Mode, Model};

#[cfg(target_os = "linux")]
pub(crate) use sysfs::Sysfs;

/// Where something is plugged in: the controller and the chain of USB ports
/// behind it, as udev spells it (`pci-0000:00:14.0-usb-0:2.1`). It stays the
/// same when a scanner is replaced, and tells two alike apart.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortPath(String);

impl PortPath {
    /// From any spelling that has it: `ID_PATH` and the links of
    /// `/dev/.../by-path` go on with the interface.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.rsplit('/').next()?;
        let (controller, behind) = text.split_once("usb-0:")?;
        let chain = behind.split([':', '-']).next()?;
        let is_number = |part: &str| !part.is_empty() && part.len() <= 3 && part.bytes().all(|b| b.is_ascii_digit());
        chain.split('.').all(is_number).then(|| Self(format!("{controller}usb-0:{chain}")))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PortPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PortPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// What a USB device says of itself: hints, for serial numbers collide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsbIds {
    /// Who made it.
    pub vendor_id: u16,
    /// Which of its devices, often in which mode.
    pub product_id: u16,
    /// Its number, if it has one; two devices may have the same.
    pub serial: Option<String>,
    /// Its name.
    pub product: Option<String>,
}

impl UsbIds {
    /// What the table of devices says.
    #[must_use]
    pub fn model(&self) -> Option<&'static Model> {
        Model::of(self.vendor_id, self.product_id)
    }
}

/// Something that may be a scanner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The file to open; none if, as it is set up, there is no way in.
    pub node: Option<PathBuf>,
    /// How it hands its scans over.
    pub kind: Option<Kind>,
    /// Where it is plugged in; real serial ports are not.
    pub port: Option<PortPath>,
    /// What it says of itself.
    pub usb: Option<UsbIds>,
}

/// How much something looks like a scanner, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Likeness {
    /// 0 to 100; 50 and more can be taken for one.
    pub score: u8,
    /// In words.
    pub reason: &'static str,
}

impl Found {
    /// How much it looks like a scanner.
    #[must_use]
    pub fn likeness(&self) -> Likeness {
        let model = self.usb.as_ref().and_then(UsbIds::model);
        let named = self.usb.as_ref().and_then(|usb| usb.product.as_deref()).is_some_and(is_a_scanners_name);
        let (score, reason) = match (self.kind, model) {
            (Some(Kind::HidPos), _) => (100, "a HID POS scanner by its own description"),
            (_, Some(model)) if model.is_scanner() && model.mode != Mode::Unknown => (90, "a scanner by its number"),
            (Some(Kind::Serial), Some(model)) if model.is_scanner() => (80, "a serial port of a maker of scanners"),
            _ if named => (70, "it calls itself a scanner"),
            (Some(Kind::Keyboard), Some(model)) if model.is_scanner() => (60, "it types, by a maker of scanners"),
            (Some(Kind::Serial), Some(_)) => (20, "a cable for RS-232: look what hangs on it"),
            (Some(Kind::Serial), None) => (10, "a serial port"),
            (Some(Kind::Keyboard), _) => (5, "it types: most likely a keyboard"),
            (Some(Kind::Replay | Kind::Simulated) | None, _) => (0, "not known"),
        };
        Likeness { score, reason }
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        let mode = match (self.usb.as_ref().and_then(UsbIds::model), self.kind) {
            (Some(Model { mode: Mode::Unknown, .. }) | None, Some(Kind::Keyboard)) => Mode::Keyboard,
            (Some(model), _) => model.mode,
            (None, _) => Mode::Unknown,
        };
        mode.advice()
    }
}

fn is_a_scanners_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["barcode", "bar code", "scanner", "imager"].iter().any(|word| name.contains(word))
}

/// What is plugged in now. It reads many small files and may take its time:
/// nobody who scans waits for it.
#[must_use]
pub fn find_all() -> Vec<Found> {
    system::all()
}

/// What the system knows of one file to open.
pub(crate) fn find_node(node: &Path) -> Option<Found> {
    system::node(node)
}

/// Why nothing can be opened at a port at which nothing was found.
pub(crate) fn why_missing(port: &PortPath) -> Unavailable {
    system::why_missing(port)
}

#[cfg(target_os = "linux")]
mod system {
    use super::sysfs::WithoutAFile;
    use super::{Found, Path, PortPath, Sysfs, Unavailable};
    use crate::link::busy;

    pub(super) fn all() -> Vec<Found> {
        Sysfs::system().all()
    }

    pub(super) fn node(node: &Path) -> Option<Found> {
        Sysfs::system().node(&node.canonicalize().ok()?)
    }

    pub(super) fn why_missing(port: &PortPath) -> Unavailable {
        match Sysfs::system().without_a_file(port) {
            None => Unavailable::Missing,
            Some(WithoutAFile::Taken(file)) => {
                busy(&file.to_string_lossy(), "a program that took the scanner from the system's driver")
            }
            Some(WithoutAFile::NoDriver) => Unavailable::Failed(
                "it is plugged in and no driver of the system has it: plug it out and in again".to_owned(),
            ),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use serialport::{SerialPortInfo, SerialPortType};

    use super::{Found, Kind, Path, PortPath, Unavailable, UsbIds};

    pub(super) fn all() -> Vec<Found> {
        serialport::available_ports().unwrap_or_default().into_iter().map(of_port).collect()
    }

    pub(super) fn node(node: &Path) -> Option<Found> {
        all().into_iter().find(|found| found.node.as_deref() == Some(node))
    }

    pub(super) fn why_missing(_: &PortPath) -> Unavailable {
        Unavailable::Missing
    }

    fn of_port(port: SerialPortInfo) -> Found {
        let usb = match port.port_type {
            SerialPortType::UsbPort(usb) => Some(UsbIds {
                vendor_id: usb.vid,
                product_id: usb.pid,
                serial: usb.serial_number,
                product: usb.product,
            }),
            SerialPortType::PciPort | SerialPortType::BluetoothPort | SerialPortType::Unknown => None,
        };
        Found { node: Some(port.port_name.into()), kind: Some(Kind::Serial), port: None, usb }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_port_is_the_same_port() {
        let port = |text: &str| PortPath::parse(text).map(|port| port.to_string());
        let same = Some("pci-0000:00:14.0-usb-0:2.1".to_owned());
        assert_eq!(port("pci-0000:00:14.0-usb-0:2.1"), same);
        assert_eq!(port("pci-0000:00:14.0-usb-0:2.1:1.0"), same);
        assert_eq!(port("/dev/serial/by-path/pci-0000:00:14.0-usb-0:2.1:1.0-port0"), same);
        assert_eq!(port("/dev/input/by-path/pci-0000:00:14.0-usb-0:2.1:1.1-event-kbd"), same);
        assert_eq!(port("platform-dummy_hcd.0-usb-0:1"), Some("platform-dummy_hcd.0-usb-0:1".to_owned()));
        for wrong in ["/dev/ttyUSB0", "usb-0:", "usb-0:a", "usb-0:1..2", "pci-0000:00:14.0", ""] {
            assert_eq!(port(wrong), None, "{wrong}");
        }
    }

    fn usb(vendor_id: u16, product_id: u16, product: Option<&str>) -> Option<UsbIds> {
        Some(UsbIds { vendor_id, product_id, serial: None, product: product.map(str::to_owned) })
    }

    fn score(kind: Option<Kind>, usb: Option<UsbIds>) -> u8 {
        Found { node: None, kind, port: None, usb }.likeness().score
    }

    #[test]
    fn a_scanner_is_told_from_a_keyboard_and_a_cable_without_asking_it() {
        assert_eq!(score(Some(Kind::HidPos), None), 100);
        assert_eq!(score(Some(Kind::Serial), usb(0x05f9, 0x4204, None)), 90);
        assert_eq!(score(None, usb(0x05e0, 0x1900, None)), 90);
        assert_eq!(score(Some(Kind::Serial), usb(0x0536, 0x0207, None)), 80);
        assert_eq!(score(Some(Kind::Keyboard), usb(0x1234, 0x1, Some("USB Barcode Reader"))), 70);
        assert_eq!(score(Some(Kind::Keyboard), usb(0x0536, 0x0207, None)), 60);
        assert_eq!(score(Some(Kind::Serial), usb(0x0403, 0x6001, Some("FT232R"))), 20);
        assert_eq!(score(Some(Kind::Serial), None), 10);
        assert_eq!(score(Some(Kind::Keyboard), usb(0x046d, 0xc31c, Some("USB Keyboard"))), 5);
    }

    #[test]
    fn what_has_no_way_in_comes_with_advice() {
        let found = |kind, usb| Found { node: None, kind, port: None, usb };
        assert_eq!(found(None, usb(0x05e0, 0x1900, None)).advice(), Mode::Snapi.advice());
        assert_eq!(found(Some(Kind::Keyboard), usb(0x0536, 0x0207, None)).advice(), Mode::Keyboard.advice());
        assert_eq!(found(Some(Kind::Keyboard), None).advice(), Mode::Keyboard.advice());
        assert_eq!(found(Some(Kind::Serial), usb(0x05f9, 0x4204, None)).advice(), None);
    }
}
