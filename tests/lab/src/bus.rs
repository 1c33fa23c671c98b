//! The kernel's virtual USB ports (`vhci_hcd`), and what it makes of a device
//! in one of them.

use std::fs;
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use crate::Trouble;
use crate::model::Model;
use crate::pause::wait_for;

const CONTROLLER: &str = "/sys/devices/platform/vhci_hcd.0";
/// Full speed: 12 Mbit/s, as scanners have.
const FULL_SPEED: u32 = 2;
/// The state of a port without anything, in the controller's table.
const EMPTY: &str = "004";

/// One port, counted from 1 as USB does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port(pub u8);

impl Port {
    /// As the box's configuration names it, and udev.
    #[must_use]
    pub fn path(self) -> String {
        format!("platform-vhci_hcd.0-usb-0:{}", self.0)
    }

    /// Plugs a device in; the kernel keeps the socket's other end.
    pub(crate) fn attach(self, socket: &UnixStream) -> Result<(), Trouble> {
        wait_for("the port to be empty", || self.is_empty())?;
        let at = u32::from(self.0).saturating_sub(1);
        // The device's number is for the other end of a network; ours has none.
        let line = format!("{at} {} {} {FULL_SPEED}", socket.as_raw_fd(), self.0);
        fs::write(Path::new(CONTROLLER).join("attach"), &line)
            .map_err(|error| format!("port {}: {line:?} is refused: {error}", self.0).into())
    }

    /// Fails while something is in it, or is still being put away.
    pub fn is_empty(self) -> Result<(), Trouble> {
        let table = fs::read_to_string(Path::new(CONTROLLER).join("status"))?;
        let at = format!("{:04}", self.0.saturating_sub(1));
        let row = table.lines().find(|row| row.split_ascii_whitespace().nth(1) == Some(&at));
        let row = row.ok_or_else(|| format!("no port {at} in {table:?}"))?;
        if row.split_ascii_whitespace().nth(2) == Some(EMPTY) {
            Ok(())
        } else {
            Err(format!("{row:?} is not empty").into())
        }
    }

    /// The folder of the device that is plugged in.
    pub fn device(self) -> Result<PathBuf, Trouble> {
        let hubs = fs::read_dir(CONTROLLER)?.flatten().filter_map(|entry| {
            let number = entry.file_name().to_str()?.strip_prefix("usb")?.to_owned();
            Some(entry.path().join(format!("{number}-{}", self.0)))
        });
        hubs.into_iter().find(|device| device.join("idVendor").exists()).ok_or_else(|| "no device".into())
    }

    /// The file that the kernel makes for a scanner, below `/dev`.
    pub fn node(self, model: Model) -> Result<PathBuf, Trouble> {
        let (name, folder) = match model {
            Model::HidPos => ("hidraw", "/dev"),
            Model::CdcAcm => ("ttyACM", "/dev"),
            Model::Ftdi => ("ttyUSB", "/dev"),
            Model::Keyboard => ("event", "/dev/input"),
        };
        let found = below(&self.device()?, name, 8).ok_or_else(|| format!("no {name}"))?;
        Ok(Path::new(folder).join(found.file_name().unwrap_or_default()))
    }
}

/// The folder whose name is this and a number.
fn below(folder: &Path, name: &str, depth: u8) -> Option<PathBuf> {
    let folders: Vec<PathBuf> = fs::read_dir(folder)
        .ok()?
        .flatten()
        .filter(|e| e.file_type().is_ok_and(|t| t.is_dir()))
        .map(|e| e.path())
        .collect();
    let is_it = |path: &&PathBuf| {
        let number = path.file_name().and_then(|file| file.to_str()?.strip_prefix(name));
        number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    if let Some(found) = folders.iter().find(is_it) {
        return Some(found.clone());
    }
    folders.iter().filter(|_| depth > 0).find_map(|folder| below(folder, name, depth - 1))
}
