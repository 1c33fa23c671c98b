//! The ports of scanners: there, allowed, free, and set as they should be.

use std::io;
use std::path::{Path, PathBuf};

use tidemark_scanner::{Config, Found, Holder, PortPath, holder_in};

use super::{Finding, Level, Root, text_of};

/// Milliseconds a USB-serial bridge may hold bytes back.
const LATENCY_MS: u64 = 4;

pub(super) fn examine(root: &Root, scanners: &[Config], plugged: &[Found]) -> Vec<Finding> {
    if scanners.is_empty() {
        return vec![Finding::ok("scanner", "none is configured")];
    }
    scanners.iter().flat_map(|scanner| of_port(root, &scanner.path, plugged)).collect()
}

fn of_port(root: &Root, configured: &str, plugged: &[Found]) -> Vec<Finding> {
    let missing = || {
        let remedy = "plug the scanner in, look at its cable, or give the right port; `tidemark-edge devices` lists \
                      what is there";
        vec![Finding::of("scanner", Level::Critical, format!("{configured} is not there"), remedy)]
    };
    let node = match at_port(configured, plugged) {
        AtPort::File => PathBuf::from(configured),
        AtPort::Device(Found { node: Some(node), .. }) => node.clone(),
        AtPort::Device(device) => {
            let remedy = device.advice().unwrap_or("scan its code for USB HID POS or USB serial");
            let detail = format!("what is plugged in at {configured} has no way in as it is set up");
            return vec![Finding::of("scanner", Level::Critical, detail, remedy)];
        }
        AtPort::Nothing => return missing(),
    };
    let Ok(port) = std::fs::canonicalize(root.path(&node.to_string_lossy())) else { return missing() };
    let mut findings = vec![opened(configured, &port)];
    findings.extend(holder(root, &port).map(|holder| {
        let (detail, name) = (format!("{configured} is held by {holder}"), &holder.name);
        let remedy = format!("end {name}, or take the port out of its configuration; the box needs it alone");
        Finding::of("port", Level::Critical, detail, remedy)
    }));
    findings.extend(settings_of(root, configured, &port));
    findings
}

/// What is at a port as it is configured.
enum AtPort<'f> {
    /// A file was given, not a port.
    File,
    /// The best way into what is plugged in there.
    Device(&'f Found),
    /// Nothing.
    Nothing,
}

fn at_port<'f>(configured: &str, plugged: &'f [Found]) -> AtPort<'f> {
    let Some(port) = PortPath::parse(configured).filter(|_| !Path::new(configured).is_absolute()) else {
        return AtPort::File;
    };
    let there = plugged.iter().filter(|found| found.port.as_ref() == Some(&port));
    there.max_by_key(|found| (found.node.is_some(), found.kind)).map_or(AtPort::Nothing, AtPort::Device)
}

fn opened(configured: &str, port: &Path) -> Finding {
    let mut options = std::fs::File::options();
    options.read(true).write(true);
    // Neither wait for a carrier nor become its terminal.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, tidemark_daemon::disk::QUIET_OPEN);
    match options.open(port) {
        Ok(_) => Finding::ok("scanner", format!("{configured} can be opened")),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let detail = format!("{configured} may not be opened by this user");
            let remedy = "put the box's user into the group of the port: usermod -aG dialout tidemark-edge, then restart the \
                          box; or install its udev rules";
            Finding::of("scanner", Level::Critical, detail, remedy)
        }
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
            let remedy = "only one program can have it; if the box runs, this is as it should be";
            Finding::of("scanner", Level::Warning, format!("{configured} is in use"), remedy)
        }
        Err(error) => {
            let remedy = "unplug the scanner and plug it in again; if it stays so, take another port or cable";
            Finding::of("scanner", Level::Critical, format!("{configured}: {error}"), remedy)
        }
    }
}

/// The program that has a port open, other than the box and this command.
fn holder(root: &Root, port: &Path) -> Option<Holder> {
    holder_in(&root.path("/proc"), port, |holder| !holder.name.starts_with("tidemark-edge"))
}

/// What the kernel does with the device by itself.
fn settings_of(root: &Root, configured: &str, port: &Path) -> Vec<Finding> {
    let Some(name) = port.file_name().map(|name| name.to_string_lossy().into_owned()) else { return Vec::new() };
    let device = root.path(&format!("/sys/class/tty/{name}/device"));
    let mut findings = Vec::new();
    let latency = text_of(&device.join("latency_timer")).and_then(|text| text.parse::<u64>().ok());
    if let Some(ms) = latency.filter(|ms| *ms > LATENCY_MS) {
        let detail = format!("{configured} holds bytes back for {ms} ms");
        let remedy =
            format!("echo 1 > /sys/class/tty/{name}/device/latency_timer; the box's udev rules do it for good");
        findings.push(Finding::of("latency", Level::Warning, detail, remedy));
    }
    if let Some(control) = power_of(&device).filter(|control| control == "auto") {
        let detail = format!("{configured} may be put to sleep by the system (power/control is {control})");
        let remedy = "the first scan after a pause may be lost: the box's udev rules set power/control to on";
        findings.push(Finding::of("autosuspend", Level::Warning, detail, remedy));
    }
    findings
}

/// The power setting of the USB device above a port.
fn power_of(device: &Path) -> Option<String> {
    let mut at: PathBuf = std::fs::canonicalize(device).ok()?;
    // The interface, the device, and for bridges the port between them.
    for _ in 0..4 {
        if at.join("idVendor").exists() {
            return text_of(&at.join("power/control"));
        }
        if !at.pop() {
            return None;
        }
    }
    None
}
