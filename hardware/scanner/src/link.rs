//! An open device, whatever its kind, and where the many words of the systems
//! for "gone" and "busy" become ours.

use std::io::{Error, ErrorKind};
use std::path::Path;

use crate::event::Unavailable;
use crate::holder::holder_of;
use crate::kind::Kind;
use crate::limits::{READ_BYTES, TYPED_GAP, TYPED_READS, WAITING_GAP, WAITING_READS};
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

/// A scanner that nobody listened to may have kept a code, and sends it as
/// soon as somebody does: whoever scanned it heard no signal, and scans again.
/// Reads until nothing comes for a moment, and says whether anything came.
pub(crate) fn forget_what_waits(link: &mut dyn Link, kind: Kind) -> bool {
    let (gap, reads) = match kind {
        Kind::Keyboard => (TYPED_GAP, TYPED_READS),
        Kind::Serial | Kind::HidPos | Kind::Replay | Kind::Simulated => (WAITING_GAP, WAITING_READS),
    };
    let mut buffer = [0; READ_BYTES];
    let came = (0..reads).take_while(|_| matches!(link.read(&mut buffer, gap), Heard::Bytes(_))).count();
    came > 0
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

    /// What a device sends, read by read.
    struct Kept(Vec<Heard>);

    impl Link for Kept {
        fn read(&mut self, _: &mut [u8], _: u64) -> Heard {
            self.0.pop().unwrap_or(Heard::Quiet)
        }

        fn write(&mut self, _: &Command) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_code_that_a_scanner_kept_is_forgotten_to_its_end_and_no_more() {
        let mut kept = Kept(vec![Heard::Bytes(14), Heard::Quiet, Heard::Bytes(9), Heard::Bytes(5)]);
        assert!(forget_what_waits(&mut kept, Kind::Serial), "something came");
        assert_eq!(kept.0, [Heard::Bytes(14)], "what comes after a moment of silence is a scan");
        assert!(!forget_what_waits(&mut Kept(Vec::new()), Kind::Serial), "nothing came");
        let mut noisy = Kept(vec![Heard::Bytes(1); WAITING_READS + 7]);
        forget_what_waits(&mut noisy, Kind::HidPos);
        assert_eq!(noisy.0.len(), 7, "a line that is never silent is listened to all the same");
    }

    #[test]
    fn several_codes_that_a_keyboard_kept_are_forgotten_whole() {
        // Three codes of 13 digits and Enter, a key down and up each.
        let mut typed = Kept(vec![Heard::Bytes(8); 3 * 14 * 2]);
        assert!(forget_what_waits(&mut typed, Kind::Keyboard), "something came");
        assert_eq!(typed.0, [], "no rest of a code comes as a scan");
    }

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
