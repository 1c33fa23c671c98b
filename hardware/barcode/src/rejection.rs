//! Why bytes are not a scan: what is wrong, where, and what was expected.

use std::fmt;

use tidemark_model::GtinError;

use crate::gs1::{Gs1Error, LinkError};
use crate::judgement::{Shape, is_address, is_printable};
use crate::limits::{PLAIN_TEXT_BYTES, SCAN_BYTES};
use crate::retail::{self, UpcEError};

/// Why bytes are not a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Nothing, or nothing behind the symbology identifier.
    #[error("the scan is empty: a code has at least one character")]
    Empty,
    /// More than any code holds.
    #[error("the scan has {0} bytes, at most {SCAN_BYTES} are read")]
    TooLong(usize),
    /// Bytes that are no text.
    #[error("the scan is no text: byte {at} is not UTF-8")]
    NotText {
        /// The first such byte of the data.
        at: usize,
    },
    /// A number of digits that the symbology does not have.
    #[error("a code of this kind has {expected}, found {found} characters")]
    Length {
        /// What it has.
        expected: &'static str,
        /// What was there.
        found: usize,
    },
    /// A supplement without the code it stands beside.
    #[error("only the supplement was read: scan the whole code")]
    SupplementAlone,
    /// Not a GTIN.
    #[error(transparent)]
    Gtin(#[from] GtinError),
    /// Not a UPC-E code.
    #[error(transparent)]
    UpcE(#[from] UpcEError),
    /// Not a GS1 element string.
    #[error(transparent)]
    Gs1(#[from] Gs1Error),
    /// Not a GS1 Digital Link.
    #[error(transparent)]
    Link(#[from] LinkError),
}

impl DecodeError {
    /// The code in JSON, metrics and counters.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong(_) => "too_long",
            Self::NotText { .. } => "not_text",
            Self::SupplementAlone => "supplement_alone",
            Self::Gtin(GtinError::CheckDigit { .. }) | Self::UpcE(UpcEError::Gtin(GtinError::CheckDigit { .. })) => {
                "check_digit"
            }
            Self::Gtin(GtinError::Digit { .. }) | Self::UpcE(UpcEError::Gtin(GtinError::Digit { .. })) => "digit",
            Self::Length { .. }
            | Self::Gtin(GtinError::Length(_))
            | Self::UpcE(UpcEError::Length(_) | UpcEError::Gtin(GtinError::Length(_))) => "length",
            Self::UpcE(UpcEError::NumberSystem(_)) => "number_system",
            Self::Gs1(error) => error.code(),
            Self::Link(error) => error.code(),
        }
    }

    /// Where in the data the fault is.
    fn place(&self, data: &str) -> usize {
        match self {
            Self::Empty | Self::SupplementAlone | Self::UpcE(UpcEError::NumberSystem(_)) => 0,
            Self::TooLong(_) => SCAN_BYTES,
            Self::NotText { at }
            | Self::Gtin(GtinError::Digit { at, .. })
            | Self::UpcE(UpcEError::Gtin(GtinError::Digit { at, .. })) => *at,
            Self::Length { .. }
            | Self::Gtin(GtinError::Length(_))
            | Self::UpcE(UpcEError::Length(_) | UpcEError::Gtin(GtinError::Length(_))) => data.len(),
            Self::Gtin(GtinError::CheckDigit { .. }) | Self::UpcE(UpcEError::Gtin(GtinError::CheckDigit { .. })) => {
                retail::code_length(data).saturating_sub(1)
            }
            Self::Gs1(error) => error.at(),
            Self::Link(error) => error.at(),
        }
    }

    /// Whether the text of the error says where itself.
    const fn tells_its_place(&self) -> bool {
        match self {
            Self::NotText { .. }
            | Self::Gtin(GtinError::Digit { .. })
            | Self::UpcE(UpcEError::Gtin(GtinError::Digit { .. }))
            | Self::Gs1(_)
            | Self::Link(_) => true,
            Self::Empty
            | Self::TooLong(_)
            | Self::SupplementAlone
            | Self::Length { .. }
            | Self::Gtin(GtinError::Length(_) | GtinError::CheckDigit { .. })
            | Self::UpcE(
                UpcEError::Length(_)
                | UpcEError::NumberSystem(_)
                | UpcEError::Gtin(GtinError::Length(_) | GtinError::CheckDigit { .. }),
            ) => false,
        }
    }
}

/// Bytes that are not a scan: no good signal, nothing kept, counted by shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejection<'a> {
    /// What was wrong, and what was expected.
    pub error: DecodeError,
    /// Where: a byte of the data, behind any symbology identifier.
    pub at: usize,
    /// What was read, as far as it is known.
    pub shape: Shape,
    text: Option<&'a str>,
}

impl<'a> Rejection<'a> {
    /// A frame that is no text.
    pub(crate) fn unread(error: DecodeError, shape: Shape) -> Self {
        Self { error, at: error.place(""), shape, text: None }
    }

    /// A text that is no code. Where no scanner named its kind it may still
    /// be one that the company knows.
    pub(crate) fn of(error: DecodeError, shape: Shape, data: &'a str, guessed: bool) -> Self {
        let known = guessed && !data.is_empty() && !is_address(data);
        Self { error, at: error.place(data), shape, text: known.then_some(data) }
    }

    /// The text as the catalogue may know it. Where no scanner said what the
    /// digits are, they only look like a faulty GTIN and may be a company's
    /// own code: look there before giving the error signal.
    #[must_use]
    pub fn if_catalogued(&self) -> Option<&'a str> {
        self.text.filter(|text| text.len() <= PLAIN_TEXT_BYTES && is_printable(text))
    }
}

impl fmt::Display for Rejection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)?;
        if self.error.tells_its_place() { Ok(()) } else { write!(f, ", at byte {}", self.at) }
    }
}

impl std::error::Error for Rejection<'_> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}
