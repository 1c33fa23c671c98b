//! Signals to whoever holds the scanner, and the bytes that make a device
//! give them: data, per vendor.

use std::fmt;

use serde::Deserialize;

use crate::limits::SIGNAL_BYTES;

/// What a scan came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// It is on disk.
    Good,
    /// It is on disk, and the catalogue does not have it.
    NotOnFile,
    /// A command was taken.
    Tick,
    /// An item was looked at: nothing was to be saved.
    Looked,
    /// The newest movement was undone.
    TwoDown,
    /// The lane session ended.
    End,
    /// Neither item nor command: nothing was kept.
    Error,
    /// The disk did not take it.
    NotSaved,
}

/// Bytes to send, written in the configuration as pairs of hexadecimal
/// digits: `"16 07 0d"`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct SignalBytes(Vec<u8>);

/// Why a text gives no bytes to send.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignalBytesError {
    /// Not two hexadecimal digits.
    #[error("{0:?} is not a byte: write pairs of hexadecimal digits, such as \"16 07 0d\"")]
    Byte(String),
    /// None, or more than any scanner wants.
    #[error("a signal has 1 to {SIGNAL_BYTES} bytes, not {0}")]
    Length(usize),
}

impl TryFrom<String> for SignalBytes {
    type Error = SignalBytesError;

    fn try_from(text: String) -> Result<Self, SignalBytesError> {
        let byte = |pair: &str| {
            let hex = pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit());
            let byte = u8::from_str_radix(pair, 16).ok().filter(|_| hex);
            byte.ok_or_else(|| SignalBytesError::Byte(pair.to_owned()))
        };
        let bytes: Vec<u8> = text.split_ascii_whitespace().map(byte).collect::<Result<_, _>>()?;
        if bytes.is_empty() || bytes.len() > SIGNAL_BYTES {
            return Err(SignalBytesError::Length(bytes.len()));
        }
        Ok(Self(bytes))
    }
}

impl fmt::Debug for SignalBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|byte| format!("{byte:02x}"))).finish()
    }
}

/// Bytes for each signal; what is not given is the profile's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Signals {
    /// For [`Signal::Good`].
    pub good: Option<SignalBytes>,
    /// For [`Signal::NotOnFile`].
    pub not_on_file: Option<SignalBytes>,
    /// For [`Signal::Tick`] and [`Signal::Looked`].
    pub tick: Option<SignalBytes>,
    /// For [`Signal::TwoDown`].
    pub two_down: Option<SignalBytes>,
    /// For [`Signal::End`].
    pub end: Option<SignalBytes>,
    /// For [`Signal::Error`].
    pub error: Option<SignalBytes>,
    /// For [`Signal::NotSaved`].
    pub not_saved: Option<SignalBytes>,
}

impl Signals {
    fn given(&self, signal: Signal) -> Option<&[u8]> {
        let bytes = match signal {
            Signal::Good => &self.good,
            Signal::NotOnFile => &self.not_on_file,
            Signal::Tick | Signal::Looked => &self.tick,
            Signal::TwoDown => &self.two_down,
            Signal::End => &self.end,
            Signal::Error => &self.error,
            Signal::NotSaved => &self.not_saved,
        };
        bytes.as_ref().map(|bytes| bytes.0.as_slice())
    }

    /// The bytes of a signal: as configured, else the profile's, else those
    /// of the signal that says most of the same.
    pub(crate) fn bytes(&self, profile: Profile, signal: Signal) -> Option<&[u8]> {
        let own = |signal| self.given(signal).or_else(|| profile.bytes(signal));
        own(signal).or_else(|| own(stand_in(signal)?))
    }
}

/// What is on disk must be heard as such, else it is scanned again; what is
/// not must never be, and so an item that was only looked at is not.
const fn stand_in(signal: Signal) -> Option<Signal> {
    match signal {
        Signal::NotOnFile | Signal::Tick | Signal::TwoDown => Some(Signal::Good),
        Signal::NotSaved => Some(Signal::Error),
        Signal::Good | Signal::Looked | Signal::End | Signal::Error => None,
    }
}

/// Which bytes a kind of scanner understands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Unknown: nothing is sent that is not configured.
    #[default]
    Generic,
    /// Any scanner that beeps at BEL (0x07).
    Bell,
    /// Datalogic on RS-232 or USB-COM (Magellan 9300i reference, appendix E).
    Datalogic,
    /// Honeywell on a serial port (SYN BEL CR beeps).
    Honeywell,
    /// CipherLab (1663/1664 manual).
    Cipherlab,
}

impl Profile {
    fn bytes(self, signal: Signal) -> Option<&'static [u8]> {
        match (self, signal) {
            (Self::Bell, Signal::Good) => Some(b"\x07"),
            (Self::Bell, Signal::Error) => Some(b"\x07\x07"),
            (Self::Datalogic, Signal::Good) => Some(b"\x01"),
            (Self::Datalogic, Signal::NotOnFile) => Some(b"F"),
            (Self::Datalogic, Signal::Error) => Some(b"FF"),
            (Self::Honeywell, Signal::Good) => Some(b"\x16\x07\x0d"),
            (Self::Cipherlab, Signal::Good) => Some(b"#@////\r"),
            // What a manual does not promise is not sent.
            (Self::Generic | Self::Bell | Self::Datalogic | Self::Honeywell | Self::Cipherlab, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_heard_as_good_and_what_is_not_never() {
        let none = Signals::default();
        let bytes = |signal| none.bytes(Profile::Honeywell, signal);
        assert_eq!(bytes(Signal::Good), Some(b"\x16\x07\x0d".as_slice()));
        assert_eq!(bytes(Signal::NotOnFile), bytes(Signal::Good));
        assert_eq!(bytes(Signal::Tick), bytes(Signal::Good), "a command is on disk");
        assert_eq!(bytes(Signal::Error), None);
        assert_eq!(bytes(Signal::NotSaved), None);
        let looked = |profile| none.bytes(profile, Signal::Looked);
        assert!([Profile::Bell, Profile::Datalogic, Profile::Honeywell, Profile::Cipherlab].map(looked) == [None; 4]);
        assert_eq!(none.bytes(Profile::Datalogic, Signal::NotSaved), Some(b"FF".as_slice()));
    }

    #[test]
    fn a_generic_device_is_sent_nothing_but_what_is_configured() {
        let all = [
            Signal::Good,
            Signal::NotOnFile,
            Signal::Tick,
            Signal::Looked,
            Signal::TwoDown,
            Signal::End,
            Signal::Error,
            Signal::NotSaved,
        ];
        assert!(all.into_iter().all(|signal| Signals::default().bytes(Profile::Generic, signal).is_none()));
        let signals = Signals { good: SignalBytes::try_from("42".to_owned()).ok(), ..Signals::default() };
        assert_eq!(signals.bytes(Profile::Generic, Signal::Good), Some(b"B".as_slice()));
        assert_eq!(signals.bytes(Profile::Generic, Signal::Error), None);
    }

    #[test]
    fn bytes_are_pairs_of_hexadecimal_digits() {
        let read = |text: &str| SignalBytes::try_from(text.to_owned()).map(|bytes| bytes.0);
        assert_eq!(read("16 07 0d"), Ok(vec![0x16, 0x07, 0x0d]));
        assert_eq!(read("1"), Err(SignalBytesError::Byte("1".to_owned())));
        assert_eq!(read("+1"), Err(SignalBytesError::Byte("+1".to_owned())));
        assert_eq!(read(""), Err(SignalBytesError::Length(0)));
        assert_eq!(read(&"00 ".repeat(33)), Err(SignalBytesError::Length(33)));
    }
}
