//! The only place that touches serial ports.

use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

use serialport::{ClearBuffer, SerialPort};

use crate::event::Unavailable;
use crate::limits::WRITE_WAIT;
use crate::link::{Heard, Link, busy};
use crate::voice::Command;

/// An open port, held exclusively.
pub(crate) struct Port {
    inner: Box<dyn SerialPort>,
}

impl Port {
    /// Opens a port at 8N1 and forgets what was sent before.
    pub(crate) fn open(path: &str, baud: u32) -> Result<Self, Unavailable> {
        let inner = serialport::new(path, baud).open().map_err(|error| unavailable(path, &error))?;
        // Where the input cannot be cleared there is none.
        let _cleared = inner.clear(ClearBuffer::Input);
        Ok(Self { inner })
    }
}

impl Link for Port {
    fn read(&mut self, buffer: &mut [u8], wait: u64) -> Heard {
        if let Err(error) = self.inner.set_timeout(Duration::from_millis(wait)) {
            return Heard::Gone(error.to_string());
        }
        match self.inner.read(buffer) {
            // The end of a file: the other side of the line has hung up.
            Ok(0) => Heard::Gone("end of file".to_owned()),
            Ok(count) => Heard::Bytes(count),
            Err(error) if is_quiet(error.kind()) => Heard::Quiet,
            // EIO, ENODEV, ENXIO, EPIPE, "no device": all the same cable.
            Err(error) => Heard::Gone(error.to_string()),
        }
    }

    fn write(&mut self, command: &Command) -> std::io::Result<()> {
        let (Command::Bytes(bytes) | Command::Feature(bytes)) = command;
        self.inner.set_timeout(Duration::from_millis(WRITE_WAIT))?;
        self.inner.write_all(bytes)
    }
}

fn is_quiet(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::TimedOut | ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

fn unavailable(path: &str, error: &serialport::Error) -> Unavailable {
    match error.kind() {
        serialport::ErrorKind::Io(ErrorKind::NotFound) => Unavailable::Missing,
        serialport::ErrorKind::Io(ErrorKind::PermissionDenied) => Unavailable::Denied,
        // On Unix EBUSY and a lock held by another; on Windows also a COM
        // port that is not there.
        serialport::ErrorKind::NoDevice if cfg!(unix) => busy(path, &error.to_string()),
        serialport::ErrorKind::NoDevice => Unavailable::Missing,
        serialport::ErrorKind::InvalidInput | serialport::ErrorKind::Unknown | serialport::ErrorKind::Io(_) => {
            Unavailable::Failed(error.to_string())
        }
    }
}
