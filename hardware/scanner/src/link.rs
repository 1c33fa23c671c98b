//! An open device, whatever its kind, and where the many words of the systems
//! for "gone" and "busy" become ours.

use std::io::{Error, ErrorKind};
use std::path::Path;

use crate::event::Unavailable;
use crate::holder::holder_of;
use crate::voice::Command;

/// One open device, for its thread alone.
pub(crate) trait Link: Send {
    /// Waits so many milliseconds for something to come.
    fn read(&mut self, buffer: &mut [u8], wait: u64) -> Heard;

    /// Tells the device something. [`ErrorKind::TimedOut`] if it does not
    /// take it now and may still scan.
    fn write(&mut self, command: &Command) -> std::io::Result<()>;
}

/// What a read came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// So many bytes.
    Bytes(usize),
    /// Nothing in this time.
    Quiet,
    /// The device is gone; the system's words.
    Gone(String),
}

/// Why a file cannot be opened.
pub(crate) fn unavailable(path: &str, error: &Error) -> Unavailable {
    // ENXIO and ENODEV: the file is still there, its device is not.
    const NO_SUCH_DEVICE: [i32; 2] = [6, 19];
    let is_gone = cfg!(unix) && error.raw_os_error().is_some_and(|code| NO_SUCH_DEVICE.contains(&code));
    let kind = error.kind();
    if kind == ErrorKind::NotFound || is_gone {
        Unavailable::Missing
    } else if kind == ErrorKind::PermissionDenied {
        Unavailable::Denied
    } else if kind == ErrorKind::ResourceBusy {
        busy(path, &error.to_string())
    } else {
        Unavailable::Failed(error.to_string())
    }
}

/// Another program has it: which one, as far as may be seen.
pub(crate) fn busy(path: &str, words: &str) -> Unavailable {
    Unavailable::Busy(holder_of(Path::new(path)).unwrap_or_else(|| words.to_owned()))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_system_become_ours() {
        let of = |code| unavailable("/dev/none", &Error::from_raw_os_error(code));
        assert_eq!(of(2), Unavailable::Missing);
        assert_eq!(of(6), Unavailable::Missing);
        assert_eq!(of(19), Unavailable::Missing);
        assert_eq!(of(13), Unavailable::Denied);
        assert!(matches!(of(16), Unavailable::Busy(_)));
        assert!(matches!(of(5), Unavailable::Failed(_)), "EIO on opening passes by itself: tried again");
    }
}
