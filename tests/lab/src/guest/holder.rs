//! Another program that has a scanner: it takes the port as drivers of tills
//! and of keyboards do, and keeps it until it is killed.

#![expect(unsafe_code, reason = "two of the ways to take a device alone are ioctls that no crate here wraps")]

use std::ffi::{c_int, c_uint};
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::ioctl::{IntegerSetter, Setter, ioctl, opcode};

use super::places::GUEST;
use crate::Trouble;
use crate::bus::Port;
use crate::model::Model;
use crate::pause::{HANG, pause};

/// `EVIOCGRAB` of `linux/input.h`: a keyboard for this program alone.
const GRAB: u32 = opcode::write::<c_int>(b'E', 0x90);
/// `USBDEVFS_DISCONNECT_CLAIM` of `linux/usbdevice_fs.h`: the interface taken
/// from the kernel's driver, as `libusb` does it.
const CLAIM: u32 = opcode::read::<Claim>(b'U', 27);
/// Neither wait for a carrier nor become its terminal.
const QUIET: i32 = 0o4000 | 0o400;

#[repr(C)]
struct Claim {
    interface: c_uint,
    flags: c_uint,
    driver: [u8; 256],
}

/// The other program.
#[derive(Debug)]
pub(crate) struct Holder {
    child: Child,
    port: Port,
    model: Model,
}

impl Holder {
    /// Starts it, and waits until it has the scanner.
    pub(crate) fn start(model: Model, port: Port) -> Result<Self, Trouble> {
        let file = if model == Model::HidPos { usb_file(port)? } else { port.node(model)?.display().to_string() };
        let kind = serde_json::to_string(&model)?;
        let mut child =
            Command::new(GUEST).args(["hold", kind.trim_matches('"'), &file]).stdout(Stdio::piped()).spawn()?;
        let mut said = String::new();
        let output = child.stdout.take().ok_or("no output")?;
        BufReader::new(output).read_line(&mut said)?;
        let holder = Self { child, port, model };
        if said.trim() == "held" { Ok(holder) } else { Err(format!("{file} could not be taken").into()) }
    }

    /// Ends it; the kernel's driver gets a HID device back, as `libusb` does
    /// that too.
    pub(crate) fn end(mut self) -> Result<(), Trouble> {
        self.child.kill()?;
        self.child.wait()?;
        if self.model == Model::HidPos {
            let device = self.port.device()?;
            let name = device.file_name().and_then(|name| name.to_str()).ok_or("no name")?.to_owned();
            fs::write("/sys/bus/usb/drivers/usbhid/bind", format!("{name}:1.0"))?;
        }
        Ok(())
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The file by which programs reach a USB device itself.
fn usb_file(port: Port) -> Result<String, Trouble> {
    let number =
        |name: &str| -> Result<u32, Trouble> { Ok(fs::read_to_string(port.device()?.join(name))?.trim().parse()?) };
    Ok(format!("/dev/bus/usb/{:03}/{:03}", number("busnum")?, number("devnum")?))
}

/// Takes a scanner, calls back, and keeps it.
pub(crate) fn hold(model: Model, file: &str, held: impl FnOnce()) -> Result<(), Trouble> {
    let device = OpenOptions::new().read(true).write(true).custom_flags(QUIET).open(Path::new(file))?;
    take(model, &device)?;
    held();
    loop {
        pause(HANG);
    }
}

fn take(model: Model, device: &File) -> Result<(), Trouble> {
    match model {
        Model::CdcAcm | Model::Ftdi => rustix::termios::ioctl_tiocexcl(device)?,
        Model::Keyboard => {
            // SAFETY: the kernel reads the number and no memory.
            unsafe { ioctl(device, IntegerSetter::<GRAB>::new_usize(1))? }
        }
        Model::HidPos => {
            let claim = Claim { interface: 0, flags: 0, driver: [0; 256] };
            // SAFETY: the kernel reads a structure of this layout.
            unsafe { ioctl(device, Setter::<CLAIM, Claim>::new(claim))? }
        }
    }
    Ok(())
}
