//! What the kernel's `/sys` says of ports, keyboards and HID devices.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Found, PortPath, UsbIds};
use crate::hid::is_pos_scanner;
use crate::kind::Kind;

/// The classes of files that scanners come as, and the folder of their files.
const CLASSES: [(&str, &str); 3] = [("tty", "/dev"), ("hidraw", "/dev"), ("input", "/dev/input")];
/// Key codes of the digits and of Enter: who has them can type a code.
const DIGITS_AND_ENTER: u64 = 0b1111_1111_1100 | 1 << 28;

/// The driver that stands for a program which took a device from the system.
const BY_A_PROGRAM: &str = "usbfs";

/// Why a USB device has no file to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WithoutAFile {
    /// A program took it, by this file.
    Taken(PathBuf),
    /// No driver has it: whoever took it did not give it back.
    NoDriver,
}

/// The tree; another root in tests.
pub(crate) struct Sysfs {
    root: PathBuf,
}

impl Sysfs {
    pub(crate) fn system() -> Self {
        Self { root: PathBuf::from("/sys") }
    }

    #[cfg(test)]
    pub(super) fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// All that may be a scanner.
    pub(crate) fn all(&self) -> Vec<Found> {
        let nodes = CLASSES.into_iter().flat_map(|(class, folder)| {
            let entries = entries(&self.root.join("class").join(class)).into_iter();
            entries.filter_map(move |entry| self.of_class(class, folder, &entry))
        });
        let mut found: Vec<Found> = nodes.collect();
        let reached: BTreeSet<PortPath> = found.iter().filter_map(|found| found.port.clone()).collect();
        found.extend(self.without_a_way_in().filter(|found| found.port.as_ref().is_some_and(|p| !reached.contains(p))));
        found.sort_by(|a, b| (&a.port, &a.node).cmp(&(&b.port, &b.node)));
        found
    }

    /// What one file is, by its real path.
    pub(crate) fn node(&self, node: &Path) -> Option<Found> {
        let (folder, name) = (node.parent()?, node.file_name()?);
        let classes = CLASSES.into_iter().filter(|(_, of)| Path::new(of) == folder);
        classes.filter_map(|(class, of)| self.of_class(class, of, name)).next()
    }

    fn of_class(&self, class: &str, folder: &str, name: &OsStr) -> Option<Found> {
        // What has no device behind it is a console, not a port.
        let device = self.root.join("class").join(class).join(name).join("device").canonicalize().ok()?;
        let kind = match class {
            "tty" => is_port(name).then_some(Kind::Serial)?,
            "hidraw" => is_pos_scanner(&fs::read(device.join("report_descriptor")).ok()?).then_some(Kind::HidPos)?,
            "input" => (starts_with(name, "event") && can_type_codes(&device)).then_some(Kind::Keyboard)?,
            _ => return None,
        };
        let usb = device.ancestors().find(|folder| folder.join("idVendor").is_file());
        let node = Some(Path::new(folder).join(name));
        Some(Found { node, kind: Some(kind), port: usb.and_then(|usb| self.port(usb)), usb: usb.and_then(ids) })
    }

    /// Known scanners whose mode gives nothing to open.
    fn without_a_way_in(&self) -> impl Iterator<Item = Found> {
        let folder = self.root.join("bus/usb/devices");
        let devices = entries(&folder).into_iter().filter_map(move |name| folder.join(name).canonicalize().ok());
        devices.filter_map(|device| {
            let usb = ids(&device)?;
            let known = usb.model().is_some_and(super::Model::is_scanner);
            known.then(|| Found { node: None, kind: None, port: self.port(&device), usb: Some(usb) })
        })
    }

    /// Why what is plugged in at a port has no file: none if nothing is, or
    /// if that is as it should be.
    pub(crate) fn without_a_file(&self, port: &PortPath) -> Option<WithoutAFile> {
        let folder = self.root.join("bus/usb/devices");
        let mut devices = entries(&folder).into_iter().filter_map(|name| folder.join(name).canonicalize().ok());
        let device = devices.find(|device| ids(device).is_some() && self.port(device).as_ref() == Some(port))?;
        let interfaces = entries(&device).into_iter().map(|name| device.join(name));
        let drivers: Vec<Option<String>> = interfaces
            .filter(|interface| interface.join("bInterfaceNumber").is_file())
            .map(|interface| Some(fs::read_link(interface.join("driver")).ok()?.file_name()?.to_str()?.to_owned()))
            .collect();
        if drivers.iter().flatten().any(|driver| driver == BY_A_PROGRAM) {
            let number = |name| fs::read_to_string(device.join(name)).ok()?.trim().parse::<u16>().ok();
            let (bus, at) = (number("busnum")?, number("devnum")?);
            return Some(WithoutAFile::Taken(PathBuf::from(format!("/dev/bus/usb/{bus:03}/{at:03}"))));
        }
        drivers.iter().all(Option::is_none).then_some(WithoutAFile::NoDriver)
    }

    /// Where a USB device is plugged in.
    fn port(&self, device: &Path) -> Option<PortPath> {
        let (_, chain) = device.file_name()?.to_str()?.split_once('-')?;
        let hub = device.ancestors().find(|folder| folder.file_name().is_some_and(|name| starts_with(name, "usb")))?;
        let mut path = format!("usb-0:{chain}");
        let mut seen = BTreeSet::new();
        for folder in hub.ancestors().skip(1).take_while(|folder| *folder != self.root) {
            let Some(subsystem) = fs::read_link(folder.join("subsystem")).ok() else { continue };
            let Some(subsystem) = subsystem.file_name().and_then(OsStr::to_str) else { continue };
            // Of bridges behind bridges the nearest counts.
            if matches!(subsystem, "pci" | "platform") && seen.insert(subsystem.to_owned()) {
                path = format!("{subsystem}-{}-{path}", folder.file_name()?.to_str()?);
            }
        }
        PortPath::parse(&path)
    }
}

fn entries(folder: &Path) -> Vec<std::ffi::OsString> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.filter_map(|entry| Some(entry.ok()?.file_name())).collect()
}

fn starts_with(name: &OsStr, start: &str) -> bool {
    name.to_str().is_some_and(|name| name.starts_with(start))
}

/// Whether a terminal is a serial port that something can be plugged into.
fn is_port(name: &OsStr) -> bool {
    ["ttyS", "ttyUSB", "ttyACM", "ttyAMA", "ttyXR", "ttymxc"].iter().any(|start| starts_with(name, start))
}

/// The lowest keys stand last, as one hexadecimal number.
fn can_type_codes(device: &Path) -> bool {
    let Ok(keys) = fs::read_to_string(device.join("capabilities/key")) else { return false };
    let lowest = keys.split_ascii_whitespace().next_back().and_then(|word| u64::from_str_radix(word, 16).ok());
    lowest.is_some_and(|bits| bits & DIGITS_AND_ENTER == DIGITS_AND_ENTER)
}

fn ids(device: &Path) -> Option<UsbIds> {
    let text = |name: &str| {
        let text = fs::read_to_string(device.join(name)).ok()?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    let number = |name: &str| u16::from_str_radix(&text(name)?, 16).ok();
    Some(UsbIds {
        vendor_id: number("idVendor")?,
        product_id: number("idProduct")?,
        serial: text("serial"),
        product: text("product"),
    })
}

#[cfg(test)]
mod tests;
