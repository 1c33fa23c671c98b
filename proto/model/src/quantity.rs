//! Exact quantities: signed 64-bit thousandths of the item's base unit.

use std::fmt;

use crate::limits::{QUANTITY_DECIMALS, QUANTITY_UNITS};

/// Thousandths of the base unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(i64);

/// Why a text is not a quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Not a decimal number.
    #[error("{0:?} is not a number such as 2, -1 or 0.385")]
    NotANumber(String),
    /// More decimals than thousandths.
    #[error("{0:?} has more than 3 decimals")]
    Decimals(String),
    /// Beyond a million units.
    #[error("{0} is beyond 1,000,000 units")]
    Bounds(String),
}

/// Why packs can't be told in base units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScaleError {
    /// The product has more than three decimals.
    #[error("packs times base units has more than 3 decimals")]
    Inexact,
    /// The product leaves 64 bits.
    #[error("packs times base units is too large")]
    Overflow,
}

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// One base unit.
    pub const ONE: Self = Self(1_000);

    /// From thousandths.
    #[must_use]
    pub const fn thousandths(value: i64) -> Self {
        Self(value)
    }

    /// From whole units, if they fit.
    #[must_use]
    pub const fn units(value: i64) -> Option<Self> {
        match value.checked_mul(1_000) {
            Some(thousandths) => Some(Self(thousandths)),
            None => None,
        }
    }

    /// In thousandths.
    #[must_use]
    pub const fn as_thousandths(self) -> i64 {
        self.0
    }

    /// Whether it is whole units.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        self.0 % 1_000 == 0
    }

    /// The sum, if it fits.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The difference, if it fits.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }

    /// The opposite, if it fits.
    #[must_use]
    pub const fn checked_neg(self) -> Option<Self> {
        match self.0.checked_neg() {
            Some(opposite) => Some(Self(opposite)),
            None => None,
        }
    }

    /// This many packs of `units` base units each, if it is exact to the
    /// thousandth and fits.
    pub fn scale(self, units: Self) -> Result<Self, ScaleError> {
        let product = i128::from(self.0) * i128::from(units.0);
        if product % 1_000 != 0 {
            return Err(ScaleError::Inexact);
        }
        i64::try_from(product / 1_000).map(Self).map_err(|_too_large| ScaleError::Overflow)
    }

    /// Reads a line's quantity: a decimal number of at most three decimals
    /// and a million units, as JSON writes numbers (an exponent is taken if
    /// the value is exact).
    pub fn parse_line(text: &str) -> Result<Self, QuantityError> {
        let value = parse_decimal(text)?;
        if value.0.unsigned_abs() > QUANTITY_UNITS.unsigned_abs() * 1_000 {
            return Err(QuantityError::Bounds(shorten(text)));
        }
        Ok(value)
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}

fn parse_decimal(text: &str) -> Result<Quantity, QuantityError> {
    let not_a_number = || QuantityError::NotANumber(shorten(text));
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        None => (text, 0),
        Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent).ok_or_else(not_a_number)?),
    };
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((_, "")) => return Err(not_a_number()),
        Some(parts) => parts,
        None => (digits, ""),
    };
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return Err(not_a_number());
    }
    scale_to_thousandths(whole, fraction, exponent, text).map(|value| Quantity(if negative { -value } else { value }))
}

/// The exponent, held to what could still matter for 48 digits of mantissa.
fn parse_exponent(text: &str) -> Option<i32> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let magnitude = digits.parse::<i32>().unwrap_or(i32::MAX).min(1_000);
    Some(if text.starts_with('-') { -magnitude } else { magnitude })
}

fn scale_to_thousandths(whole: &str, fraction: &str, exponent: i32, text: &str) -> Result<i64, QuantityError> {
    let digits: String = [whole, fraction].concat();
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return Ok(0);
    }
    let trailing = digits.len() - digits.trim_end_matches('0').len();
    let power = |count: usize| i32::try_from(count).unwrap_or(i32::MAX / 4);
    // value = significant × 10^place, so thousandths need 10^(place + 3).
    let place = exponent - power(fraction.len()) + power(trailing);
    let shift = place + power(QUANTITY_DECIMALS);
    if shift < 0 {
        return Err(QuantityError::Decimals(shorten(text)));
    }
    let bounds = || QuantityError::Bounds(shorten(text));
    let shift = u32::try_from(shift).map_err(|_too_large| bounds())?;
    let value = significant.parse::<i64>().map_err(|_too_long| bounds())?;
    let factor = 10_i64.checked_pow(shift).ok_or_else(bounds)?;
    value.checked_mul(factor).ok_or_else(bounds)
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.unsigned_abs();
        let (whole, fraction) = (magnitude / 1_000, magnitude % 1_000);
        if fraction == 0 {
            return write!(f, "{sign}{whole}");
        }
        let digits = format!("{fraction:03}");
        write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantities_are_read_as_json_writes_them() {
        for (text, thousandths) in [
            ("2", 2_000),
            ("-1", -1_000),
            ("0.385", 385),
            ("-0.5", -500),
            ("0", 0),
            ("-0", 0),
            ("1.500", 1_500),
            ("1.5000000", 1_500),
            ("1e3", 1_000_000),
            ("5E-3", 5),
            ("1000000", 1_000_000_000),
            ("0e999999999", 0),
        ] {
            assert_eq!(Quantity::parse_line(text), Ok(Quantity(thousandths)), "{text}");
        }
    }

    #[test]
    fn four_decimals_no_number_and_too_much_are_told_apart() {
        assert!(matches!(Quantity::parse_line("1.2345"), Err(QuantityError::Decimals(_))));
        assert!(matches!(Quantity::parse_line("1e-4"), Err(QuantityError::Decimals(_))));
        for text in ["", "-", "two", "1.", ".5", "+1", "1e", "NaN", "0x10", "1,5", " 1"] {
            assert!(matches!(Quantity::parse_line(text), Err(QuantityError::NotANumber(_))), "{text}");
        }
        for text in ["1000000.001", "-1000001", "1e30", "99999999999999999999999", "1e999999999999"] {
            assert!(matches!(Quantity::parse_line(text), Err(QuantityError::Bounds(_))), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in -1_000_000_000_i64..=1_000_000_000) {
            let quantity = Quantity(value);
            prop_assert_eq!(Quantity::parse_line(&quantity.to_string()), Ok(quantity));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,60}") {
            drop(Quantity::parse_line(&text));
        }

        #[test]
        fn scaling_is_exact_or_refused(packs in -1_000_000_i64..1_000_000, units in 1_i64..1_000_000) {
            match Quantity(packs).scale(Quantity(units)) {
                Ok(scaled) => prop_assert_eq!(scaled.0 * 1_000, packs * units),
                Err(ScaleError::Inexact) => prop_assert_ne!(packs * units % 1_000, 0),
                Err(ScaleError::Overflow) => prop_assert!(false, "within bounds"),
            }
        }
    }
}
