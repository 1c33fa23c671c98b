//! GTINs in one spelling (GS1 General Specifications, section 7.9: check
//! digit by alternating weights 3 and 1 from the right).

use std::fmt;

use crate::text::Code;

/// A GTIN in its 14-digit form, so that one item has one spelling.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gtin([u8; 14]);

/// Why digits are not a GTIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GtinError {
    /// Another number of digits than a GTIN has.
    #[error("a GTIN has 8, 12, 13 or 14 digits, not {0}")]
    Length(usize),
    /// Something other than a digit.
    #[error("a GTIN has digits only, not {found:?} at place {at}")]
    Digit {
        /// The byte found.
        found: char,
        /// Its place from 0.
        at: usize,
    },
    /// The last digit does not fit the others.
    #[error("check digit is {found}, expected {expected}")]
    CheckDigit {
        /// The digit given.
        found: u8,
        /// The digit the others ask for.
        expected: u8,
    },
}

impl Gtin {
    /// Reads a GTIN-8, -12, -13 or -14.
    pub fn parse(text: &str) -> Result<Self, GtinError> {
        let digits = text.as_bytes();
        if !matches!(digits.len(), 8 | 12 | 13 | 14) {
            return Err(GtinError::Length(digits.len()));
        }
        if let Some((at, byte)) = digits.iter().enumerate().find(|(_, b)| !b.is_ascii_digit()) {
            return Err(GtinError::Digit { found: char::from(*byte), at });
        }
        let mut padded = [b'0'; 14];
        for (place, digit) in padded.iter_mut().rev().zip(digits.iter().rev()) {
            *place = *digit;
        }
        let (body, found) = (padded.iter().take(13), padded.last().map_or(0, |d| d - b'0'));
        let expected = check_digit(body.copied());
        if found != expected {
            return Err(GtinError::CheckDigit { found, expected });
        }
        Ok(Self(padded))
    }

    /// The 14 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("00000000000000")
    }
}

/// The check digit for the 13 digits (ASCII) before it.
fn check_digit(body: impl DoubleEndedIterator<Item = u8>) -> u8 {
    let sum: u32 =
        body.rev().zip([3, 1].into_iter().cycle()).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    u8::try_from((10 - sum % 10) % 10).unwrap_or(0)
}

impl fmt::Display for Gtin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Gtin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gtin({self})")
    }
}

/// The one spelling under which a code is looked up: a GTIN in 14 digits,
/// anything else as given.
#[must_use]
pub fn code_spelling(item: &str) -> Option<Code> {
    match Gtin::parse(item) {
        Ok(gtin) => Code::new(gtin.as_str()).ok(),
        Err(_) => Code::new(item).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_length_becomes_fourteen_digits() {
        for (given, gtin14) in [
            ("96385074", "00000096385074"),
            ("036000291452", "00036000291452"),
            ("4006381333931", "04006381333931"),
            ("14006381333938", "14006381333938"),
        ] {
            assert_eq!(Gtin::parse(given).map(|g| g.to_string()), Ok(gtin14.to_owned()));
        }
    }

    #[test]
    fn a_wrong_check_digit_is_named_with_the_right_one() {
        assert_eq!(Gtin::parse("4006381333930"), Err(GtinError::CheckDigit { found: 0, expected: 1 }));
        assert_eq!(Gtin::parse("40063813"), Err(GtinError::CheckDigit { found: 3, expected: 2 }));
        assert_eq!(Gtin::parse("1234567"), Err(GtinError::Length(7)));
        assert_eq!(Gtin::parse("4006381e33931"), Err(GtinError::Digit { found: 'e', at: 7 }));
    }

    proptest! {
        #[test]
        fn every_single_wrong_digit_is_found(body in proptest::collection::vec(0_u8..10, 12), at in 0_usize..12, other in 1_u8..10) {
            let mut digits: Vec<u8> = body.iter().map(|d| d + b'0').collect();
            let expected = check_digit(std::iter::once(b'0').chain(digits.iter().copied()));
            digits.push(expected + b'0');
            let right = String::from_utf8(digits.clone()).unwrap();
            prop_assert!(Gtin::parse(&right).is_ok());
            digits[at] = (digits[at] - b'0' + other) % 10 + b'0';
            let wrong = String::from_utf8(digits).unwrap();
            prop_assert!(Gtin::parse(&wrong).is_err());
        }
    }
}
