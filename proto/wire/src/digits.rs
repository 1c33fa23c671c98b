//! Texts of digits that are kept as numbers: GTINs in 14 digits, days as
//! `YYYY-MM-DD`. Only the spelling counts, so that each text comes back as it
//! was.

/// The number of exactly `digits`, or none if anything else is in it.
fn number(digits: impl Iterator<Item = u8>) -> Option<u64> {
    let mut value = 0_u64;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
    }
    Some(value)
}

/// The lowest `N` decimal digits, with zeros before.
fn spell<const N: usize>(mut value: u64) -> [u8; N] {
    let mut digits = [b'0'; N];
    for digit in digits.iter_mut().rev() {
        *digit += crate::protobuf::low_byte(value % 10);
        value /= 10;
    }
    digits
}

/// A code of 14 digits as a number; none for other codes and for 14 zeros,
/// which stand as text.
pub(crate) fn gtin_number(code: &str) -> Option<u64> {
    if code.len() != 14 {
        return None;
    }
    number(code.bytes()).filter(|value| *value != 0)
}

/// The 14 digits of [`gtin_number`]; none if the number has more.
pub(crate) fn gtin_text(number: u64) -> Option<[u8; 14]> {
    (number < 100_000_000_000_000).then(|| spell(number))
}

/// A day spelled `YYYY-MM-DD` as the number YYYYMMDD; none for another
/// spelling and for the year, month and day 0.
pub(crate) fn day_number(day: &str) -> Option<u32> {
    let bytes: &[u8; 10] = day.as_bytes().try_into().ok()?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *bytes else { return None };
    let value = number([y1, y2, y3, y4, m1, m2, d1, d2].into_iter())?;
    u32::try_from(value).ok().filter(|value| *value != 0)
}

/// The spelling of [`day_number`]; none if the number has more than 8 digits.
pub(crate) fn day_text(number: u64) -> Option<[u8; 10]> {
    let [y1, y2, y3, y4, m1, m2, d1, d2] = spell(number);
    (number < 100_000_000).then_some([y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_gtin_and_a_day_are_numbers_and_nothing_else_is() {
        assert_eq!(gtin_number("04006381333931"), Some(4_006_381_333_931));
        assert_eq!(day_number("2026-08-20"), Some(20_260_820));
        for other in ["", "4006381333931", "0400638133393x", "00000000000000", "+4006381333931"] {
            assert_eq!(gtin_number(other), None, "{other}");
        }
        for other in ["", "20260820", "2026-8-20", "2026/08/20", "0000-00-00", "2026-08-2x"] {
            assert_eq!(day_number(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn what_became_a_number_is_spelled_as_it_was(code in "[0-9]{14}", day in "[0-9]{4}-[0-9]{2}-[0-9]{2}") {
            if let Some(number) = gtin_number(&code) {
                prop_assert_eq!(gtin_text(number).map(|text| text.to_vec()), Some(code.into_bytes()));
            }
            if let Some(number) = day_number(&day) {
                prop_assert_eq!(day_text(u64::from(number)).map(|text| text.to_vec()), Some(day.into_bytes()));
            }
        }
    }
}
