//! Restricted circulation numbers by the patterns of a company (GS1 General
//! Specifications 2.1.11 and 2.1.12): digits that mean something only inside
//! one company or country, often with a weight or price in them.
//!
//! Without a pattern such a number is opaque: its digits, nothing more. A
//! pattern is a key, which says how the number starts, and a letter for each
//! of its digits:
//!
//! ```text
//! "2[0-4]" = "PPIIIIIWWWWWC"      P prefix      W weight, 3 of them grams
//! "28"     = "PPIIIIVMM.MMMC"     I item        M price, 2 decimals
//! "2"      = "PIIIIIVMMMMC"       V check digit of weight or price
//!                                 X not used    C check digit of the number
//! ```
//!
//! A point says where the decimals of a weight or price start. 8 letters are
//! for EAN-8, 12 for UPC-A, 13 for EAN-13 (and UPC-A with a 0 in front); 14
//! are laid over the 14-digit form, in which an EAN-13 has a 0 in front.

use std::fmt;

use tidemark_model::Gtin;

mod pattern;
mod verifier;

pub use pattern::{PatternError, PatternFault};

use crate::gs1::{Measure, Unit};
use pattern::{Letter, Pattern};

/// The patterns of a company.
#[derive(Clone, Debug, Default)]
pub struct InStorePatterns {
    /// The longest key first.
    patterns: Vec<Pattern>,
}

/// What a number says by its pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InStoreNumber {
    /// The item.
    pub item: InStoreItem,
    /// How much of it, if the number carries a weight.
    pub weight: Option<Measure>,
    /// What it costs, if the number carries a price.
    pub price: Option<Price>,
    /// The number with weight or price 0 and the check digit that fits: as
    /// catalogues list such an item.
    pub listed: Gtin,
}

/// The digits of an item inside an in-store number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct InStoreItem {
    digits: [u8; 14],
    count: usize,
}

impl InStoreItem {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.digits.get(..self.count).and_then(|digits| std::str::from_utf8(digits).ok()).unwrap_or_default()
    }
}

impl fmt::Debug for InStoreItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InStoreItem({})", self.as_str())
    }
}

/// A price: `value` / 10^`decimals` of the country's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// The digits.
    pub value: u32,
    /// How many of them stand behind the point.
    pub decimals: u8,
}

/// Why a number is not what its pattern says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InStoreError {
    /// The check digit of the weight or price does not fit.
    #[error("check digit of the weight or price at byte {at} is {found}, expected {expected}")]
    Verifier {
        /// Where it stands in the digits as given.
        at: usize,
        /// The digit there.
        found: u8,
        /// The digit that weight or price asks for.
        expected: u8,
    },
    /// The digits are no number with a check digit at all.
    #[error(transparent)]
    Digits(#[from] tidemark_model::GtinError),
}

impl InStoreError {
    /// The code in JSON, metrics and counters.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Verifier { .. } => "in_store_verifier",
            Self::Digits(_) => "in_store_digits",
        }
    }
}

impl InStorePatterns {
    /// Reads patterns, each with its key.
    pub fn parse<'a>(given: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, PatternError> {
        let mut patterns: Vec<Pattern> = Vec::new();
        for (key, letters) in given {
            let pattern = Pattern::parse(key, letters)?;
            if let Some(other) = patterns.iter().find(|other| other.is_as_good_as(&pattern)) {
                return Err(PatternError::overlap(key, other.key()));
            }
            patterns.push(pattern);
        }
        patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.precedence()));
        Ok(Self { patterns })
    }

    /// What a number says, 8, 12, 13 or 14 digits as printed; none if no
    /// pattern is for it: then it is opaque.
    pub fn read(&self, digits: &str) -> Result<Option<InStoreNumber>, InStoreError> {
        let number = Gtin::parse(digits)?;
        let form = number.as_str();
        let Some(pattern) = self.patterns.iter().find(|pattern| pattern.is_for(form)) else { return Ok(None) };
        // A 0 in front of the digits as given was not printed.
        let unprinted = form.len() - digits.len();
        let laid = pattern.laid_over(form);
        let amount: Run = laid.clone().filter(|(_, letter, _)| letter.is_amount()).collect();
        if let Some((at, _, found)) = laid.clone().find(|(_, letter, _)| *letter == Letter::Verifier) {
            let found = found & 0x0f;
            let expected = verifier::check_digit(amount.digits()).unwrap_or(found);
            if found != expected {
                return Err(InStoreError::Verifier { at: at.saturating_sub(unprinted), found, expected });
            }
        }
        let item: Run = laid.clone().filter(|(_, letter, _)| *letter == Letter::Item).collect();
        let (value, decimals) = (amount.number(), pattern.decimals());
        Ok(Some(InStoreNumber {
            item: InStoreItem { digits: item.digits, count: item.count },
            weight: pattern.has(Letter::Weight).then_some(Measure { value, decimals, unit: Unit::Kilogram }),
            price: pattern.has(Letter::Price).then_some(Price { value, decimals }),
            listed: listed(form, laid),
        }))
    }
}

/// Digits of one kind of letter.
struct Run {
    digits: [u8; 14],
    count: usize,
}

impl Run {
    fn digits(&self) -> &[u8] {
        self.digits.get(..self.count).unwrap_or_default()
    }

    fn number(&self) -> u32 {
        // Five or six digits at most in practice; 14 would not fit.
        self.digits().iter().fold(0, |number: u32, digit| number.saturating_mul(10) + u32::from(digit & 0x0f))
    }
}

impl FromIterator<(usize, Letter, u8)> for Run {
    fn from_iter<T: IntoIterator<Item = (usize, Letter, u8)>>(letters: T) -> Self {
        let mut run = Self { digits: [b'0'; 14], count: 0 };
        for (place, (_, _, digit)) in run.digits.iter_mut().zip(letters) {
            *place = digit;
            run.count += 1;
        }
        run
    }
}

/// The number with its amount 0 and a check digit that fits.
fn listed(form: &str, laid: impl Iterator<Item = (usize, Letter, u8)>) -> Gtin {
    let mut digits = [b'0'; 14];
    for (place, digit) in digits.iter_mut().zip(form.bytes()) {
        *place = digit;
    }
    for (at, letter, _) in laid {
        if let Some(place) = digits.get_mut(at).filter(|_| letter.is_amount() || letter == Letter::Verifier) {
            *place = b'0';
        }
    }
    // One of the ten digits fits.
    let fitting = (b'0'..=b'9').find_map(|check| {
        *digits.last_mut()? = check;
        Gtin::parse(std::str::from_utf8(&digits).ok()?).ok()
    });
    #[expect(clippy::expect_used, reason = "one of ten check digits fits any 13 digits")]
    fitting.expect("one of ten check digits fits")
}
