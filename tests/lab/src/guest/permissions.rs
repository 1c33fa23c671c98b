//! udev in the guest: held back and let go, and what it made of a scanner.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::Command;

use crate::Trouble;
use crate::bus::Port;
use crate::model::Model;
use crate::pause::wait_for;

/// Groups of the guest's own.
pub(crate) const GROUPS: [(&str, u32); 2] = [("dialout", 20), ("input", 104)];

/// udev is held back; dropped, it goes on.
#[derive(Debug)]
pub(crate) struct HeldBack(());

impl HeldBack {
    pub(crate) fn begin() -> Result<Self, Trouble> {
        udevadm(&["control", "--stop-exec-queue"]).map(|_| Self(()))
    }

    pub(crate) fn end(self) {
        drop(self);
    }
}

impl Drop for HeldBack {
    fn drop(&mut self) {
        drop(udevadm(&["control", "--start-exec-queue"]));
    }
}

/// Waits until udev is done with all that it was told.
pub(crate) fn settle() -> Result<(), Trouble> {
    udevadm(&["settle", "--timeout=110"]).map(drop)
}

fn udevadm(arguments: &[&str]) -> Result<String, Trouble> {
    let output = Command::new("/bin/udevadm").args(arguments).output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("udevadm {arguments:?}: {said}").into())
    }
}

/// The group that the box has to be in.
pub(crate) const fn group(model: Model) -> &'static str {
    match model {
        Model::CdcAcm | Model::Ftdi => "dialout",
        Model::HidPos | Model::Keyboard => "input",
    }
}

/// Fails unless the file of a scanner is root's alone.
pub(crate) fn is_shut(model: Model, port: Port) -> Result<(), Trouble> {
    let found = mode(model, port)?;
    if found.1 == 0 || found.0 & 0o060 == 0 { Ok(()) } else { Err(format!("it is open already: {found:?}").into()) }
}

/// Waits until the rules have done all they are for.
pub(crate) fn wait_ruled(model: Model, port: Port) -> Result<(), Trouble> {
    let number = GROUPS.iter().find(|(name, _)| *name == group(model)).map_or(0, |(_, id)| *id);
    wait_for("udev to open the file to the box's group", || {
        let (mode, owner) = mode(model, port)?;
        let right = owner == number && mode & 0o060 == 0o060;
        if right { Ok(()) } else { Err(format!("mode {mode:o} of group {owner}").into()) }
    })?;
    let device = port.device()?;
    if model != Model::Ftdi {
        wait_for("udev to keep the scanner awake", || {
            let control = fs::read_to_string(device.join("power/control"))?;
            if control.trim() == "on" { Ok(()) } else { Err(format!("power/control is {control}").into()) }
        })?;
    }
    if matches!(model, Model::CdcAcm | Model::Ftdi) {
        let node = port.node(model)?.display().to_string();
        wait_for("udev to keep ModemManager away", || {
            let known = udevadm(&["info", "--query=property", &format!("--name={node}")])?;
            let told = known.lines().any(|line| line == "ID_MM_DEVICE_IGNORE=1");
            if told { Ok(()) } else { Err(known.into()) }
        })?;
    }
    if model == Model::Ftdi {
        let name = port.node(model)?;
        let name = name.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        wait_for("udev to shorten the latency of the cable", || {
            let timer = fs::read_to_string(format!("/sys/class/tty/{name}/device/latency_timer"))?;
            if timer.trim() == "1" { Ok(()) } else { Err(format!("latency_timer is {timer}").into()) }
        })?;
    }
    Ok(())
}

/// Mode and group of the file.
fn mode(model: Model, port: Port) -> Result<(u32, u32), Trouble> {
    let found = fs::metadata(port.node(model)?)?;
    Ok((found.mode() & 0o777, found.gid()))
}
