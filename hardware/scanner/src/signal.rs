//! Signals to whoever holds the scanner, and bytes for them as configured.

use std::fmt;

use serde::Deserialize;

use crate::limits::SIGNAL_BYTES;

/// What a scan came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

impl Signal {
    pub(crate) const ALL: [Self; 8] =
        [Self::Good, Self::NotOnFile, Self::Tick, Self::Looked, Self::TwoDown, Self::End, Self::Error, Self::NotSaved];

    /// A bit of its own, for a number that threads share.
    pub(crate) const fn bit(self) -> u16 {
        match self {
            Self::Good => 1,
            Self::NotOnFile => 1 << 1,
            Self::Tick => 1 << 2,
            Self::Looked => 1 << 3,
            Self::TwoDown => 1 << 4,
            Self::End => 1 << 5,
            Self::Error => 1 << 6,
            Self::NotSaved => 1 << 7,
        }
    }
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
    pub(crate) fn given(&self, signal: Signal) -> Option<&[u8]> {
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
}

#[cfg(test)]
mod tests {
    use super::*;

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
