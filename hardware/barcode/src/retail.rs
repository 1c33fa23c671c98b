//! EAN and UPC: the codes on the shelf (GS1 General Specifications 5.2).

use tidemark_model::{Gtin, GtinError};

/// Why digits are not a UPC-E code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpcEError {
    /// Not eight digits.
    #[error("a UPC-E code has 8 digits (number system, six, check digit), not {0}")]
    Length(usize),
    /// Only number systems 0 and 1 have a short form.
    #[error("a UPC-E code starts with 0 or 1, not {0:?}")]
    NumberSystem(char),
    /// The code it stands for is no GTIN.
    #[error(transparent)]
    Gtin(#[from] GtinError),
}

/// The GTIN a UPC-E code of eight digits stands for: the last of the six
/// says where the zeros were taken out of the twelve digits.
pub(crate) fn expand_upc_e(text: &str) -> Result<Gtin, UpcEError> {
    let &[system, a, b, c, d, e, last, check] = text.as_bytes() else {
        return Err(UpcEError::Length(text.len()));
    };
    if !matches!(system, b'0' | b'1') {
        return Err(UpcEError::NumberSystem(char::from(system)));
    }
    let zero = b'0';
    let twelve = match last {
        b'0'..=b'2' => [system, a, b, last, zero, zero, zero, zero, c, d, e, check],
        b'3' => [system, a, b, c, zero, zero, zero, zero, zero, d, e, check],
        b'4' => [system, a, b, c, d, zero, zero, zero, zero, zero, e, check],
        _ => [system, a, b, c, d, e, zero, zero, zero, zero, last, check],
    };
    // Bytes of a character that is no digit stand apart here: not a text.
    let twelve = std::str::from_utf8(&twelve).map_err(|_not_ascii| UpcEError::Length(text.len()))?;
    Ok(Gtin::parse(twelve)?)
}

/// Whether digits as printed are a restricted circulation number, which means
/// something only inside one company or country: EAN-13 prefixes 02, 04 and
/// 20-29 (UPC-A number systems 2 and 4), EAN-8 starting with 0 or 2.
pub(crate) fn is_restricted(digits: &str) -> bool {
    let bytes = digits.as_bytes();
    match bytes.len() {
        8 => matches!(bytes, [b'0' | b'2', ..]),
        12 => matches!(bytes, [b'2' | b'4', ..]),
        13 => matches!(bytes, [b'2', ..] | [b'0', b'2' | b'4', ..]),
        14 => matches!(bytes, [_, b'2', ..] | [_, b'0', b'2' | b'4', ..]),
        _ => false,
    }
}

/// The digits of a code and the supplement printed beside it (two digits of
/// an issue, five of a price), as scanners send them: run together, with a
/// space, or with an identifier of its own.
pub(crate) fn split_supplement(data: &str, main: usize) -> Option<(&str, Option<&str>)> {
    let (code, rest) = data.split_at_checked(main)?;
    let rest = rest.strip_prefix("]E1").or_else(|| rest.strip_prefix("]E2")).unwrap_or(rest);
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    match rest.len() {
        0 => Some((code, None)),
        2 | 5 if is_digits(rest) => Some((code, Some(rest))),
        _ => None,
    }
}

/// The length of the code that data hold, without the supplement beside it.
pub(crate) fn code_length(data: &str) -> usize {
    if data.len() == 14 {
        return 14;
    }
    let lengths = [13, 12, 8];
    lengths.into_iter().find(|length| split_supplement(data, *length).is_some()).unwrap_or(data.len())
}

/// Whether there is something, and only digits.
pub(crate) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Result<String, UpcEError> {
        expand_upc_e(text).map(|gtin| gtin.to_string())
    }

    #[test]
    fn upc_e_is_written_out_by_its_sixth_digit() {
        // Pairs by the table of the GS1 General Specifications, 5.2.2.4.
        for (short, long) in [
            ("04252614", "042100005264"),
            ("01234505", "012000003455"),
            ("01234531", "012300000451"),
            ("01234543", "012340000053"),
            ("01234558", "012345000058"),
            ("01234565", "012345000065"),
        ] {
            assert_eq!(expanded(short), Ok(format!("00{long}")), "{short}");
        }
    }

    #[test]
    fn what_is_no_upc_e_is_told_apart() {
        assert_eq!(expanded("4252614"), Err(UpcEError::Length(7)));
        assert_eq!(expanded("24252614"), Err(UpcEError::NumberSystem('2')));
        assert_eq!(expanded("04252615"), Err(UpcEError::Gtin(GtinError::CheckDigit { found: 5, expected: 4 })));
        assert!(expanded("0123é12").is_err());
    }

    #[test]
    fn a_supplement_is_taken_off_however_it_is_sent() {
        for data in ["977123456700305", "9771234567003 05", "9771234567003]E105"] {
            assert_eq!(split_supplement(data, 13), Some(("9771234567003", Some("05"))));
        }
        assert_eq!(split_supplement("978123456789751999", 13), Some(("9781234567897", Some("51999"))));
        assert_eq!(split_supplement("9781234567897", 13), Some(("9781234567897", None)));
        assert_eq!(split_supplement("9781234567897519", 13), None);
        assert_eq!(split_supplement("978", 13), None);
    }

    #[test]
    fn restricted_numbers_are_known_by_their_prefix() {
        for digits in ["2012345678903", "0212345678900", "212345678900", "20123451", "02012345678903"] {
            assert!(is_restricted(digits), "{digits}");
        }
        for digits in ["4006381333931", "0036000291452", "036000291452", "96385074", "04006381333931"] {
            assert!(!is_restricted(digits), "{digits}");
        }
    }
}
