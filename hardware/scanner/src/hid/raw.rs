//! The only place that touches HID devices: `hidraw` by `hidapi`, in pure
//! Rust. Every program that has the file open gets each report.

use std::ffi::CString;
use std::fs::OpenOptions;
use std::io::{Error, ErrorKind};

use hidapi::{HidApi, HidDevice, HidError};

use crate::event::Unavailable;
use crate::link::{Heard, Link, unavailable};
use crate::voice::Command;

/// Bytes of a report descriptor.
const DESCRIPTOR_BYTES: usize = 4_096;

/// An open device.
pub(crate) struct RawHid {
    device: HidDevice,
}

impl RawHid {
    /// Opens a device; its report descriptor comes with it, if there is one.
    pub(crate) fn open(path: &str) -> Result<(Self, Vec<u8>), Unavailable> {
        // The library has no error numbers, only words: the system is asked.
        #[cfg(unix)]
        drop(OpenOptions::new().read(true).write(true).open(path).map_err(|error| unavailable(path, &error))?);
        let failed = |error: HidError| Unavailable::Failed(error.to_string());
        let name = CString::new(path).map_err(|error| Unavailable::Failed(error.to_string()))?;
        // What is plugged in is the watcher's business.
        HidApi::disable_device_discovery();
        let device = HidApi::new().and_then(|api| api.open_path(&name)).map_err(failed)?;
        let mut descriptor = vec![0; DESCRIPTOR_BYTES];
        let length = device.get_report_descriptor(&mut descriptor).unwrap_or(0);
        descriptor.truncate(length);
        Ok((Self { device }, descriptor))
    }
}

impl Link for RawHid {
    fn read(&mut self, buffer: &mut [u8], wait: u64) -> Heard {
        match self.device.read_timeout(buffer, i32::try_from(wait).unwrap_or(i32::MAX)) {
            Ok(0) => Heard::Quiet,
            Ok(count) => Heard::Bytes(count),
            Err(HidError::IoError { error }) if is_nothing(error.kind()) => Heard::Quiet,
            // "device disconnected", EIO, ENODEV: all the same cable.
            Err(error) => Heard::Gone(error.to_string()),
        }
    }

    fn write(&mut self, command: &Command) -> std::io::Result<()> {
        let written = match command {
            Command::Bytes(report) => self.device.write(report).map(drop),
            Command::Feature(report) => self.device.send_feature_report(report),
        };
        written.map_err(|error| {
            let words = error.to_string();
            // A report that the device refuses; it may still scan, and if it
            // is gone the next read says so.
            if let HidError::IoError { error } = error { error } else { Error::new(ErrorKind::TimedOut, words) }
        })
    }
}

fn is_nothing(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Interrupted | ErrorKind::WouldBlock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_no_device_is_told_apart() {
        let opened = |path: &str| RawHid::open(path).map(|_| ()).unwrap_err();
        assert_eq!(opened("/dev/hidraw-that-is-not-there"), Unavailable::Missing);
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = opened(file.path().to_str().unwrap());
        assert!(matches!(error, Unavailable::Failed(_)), "{error:?}");
    }
}
