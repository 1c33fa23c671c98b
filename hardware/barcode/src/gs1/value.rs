//! Whether a value fits its identifier.

use super::table::{Part, Row, Set, Test};
use super::{Ai, Gs1Error};

/// Checks a whole value; `at` is the byte it starts at.
pub(super) fn check(ai: Ai, row: &Row, value: &str, at: usize) -> Result<(), Gs1Error> {
    let mut rest = value;
    let mut from = at;
    for part in row.parts {
        if rest.is_empty() && part.optional {
            break;
        }
        let (piece, after) = take(rest, part.longest);
        if piece.len() < part.shortest {
            return Err(Gs1Error::Short { ai, at: from, expected: part.shortest, found: piece.len() });
        }
        check_part(ai, part, piece, from)?;
        from += piece.len();
        rest = after;
    }
    if rest.is_empty() {
        return Ok(());
    }
    Err(Gs1Error::TooLong { ai, at: from, allowed: row.longest(), found: value.chars().count() })
}

/// Up to so many bytes, never less than a whole character if there is one.
fn take(text: &str, longest: usize) -> (&str, &str) {
    let end = (longest..).find(|&end| end >= text.len() || text.is_char_boundary(end)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn check_part(ai: Ai, part: &Part, piece: &str, at: usize) -> Result<(), Gs1Error> {
    if let Some((offset, found)) = piece.char_indices().find(|(_, c)| !allowed(part.set, *c)) {
        return Err(Gs1Error::Character { ai, at: at + offset, found });
    }
    match part.test {
        Test::None => Ok(()),
        Test::CheckDigit => {
            let (found, expected) = check_digits(piece.as_bytes());
            let last = at + piece.len().saturating_sub(1);
            if found == expected { Ok(()) } else { Err(Gs1Error::CheckDigit { ai, at: last, found, expected }) }
        }
        Test::Date => {
            if is_date(piece.as_bytes()) {
                Ok(())
            } else {
                Err(Gs1Error::Date { ai, at })
            }
        }
    }
}

fn allowed(set: Set, c: char) -> bool {
    match set {
        Set::Digits => c.is_ascii_digit(),
        // GS1 General Specifications 7.11: 82, 39 and 64 characters.
        Set::Text => c.is_ascii_alphanumeric() || "!\"%&'()*+,-./:;<=>?_".contains(c),
        Set::Part => c.is_ascii_uppercase() || c.is_ascii_digit() || "#-/".contains(c),
        Set::Base64 => c.is_ascii_alphanumeric() || "-_=".contains(c),
    }
}

/// The last digit, and the one the digits before it ask for.
fn check_digits(digits: &[u8]) -> (u8, u8) {
    let Some((last, body)) = digits.split_last() else { return (0, 0) };
    let weighed = body.iter().rev().zip([3_u32, 1].into_iter().cycle());
    let sum: u32 = weighed.map(|(digit, weight)| u32::from(digit & 0x0f) * weight).sum();
    (last & 0x0f, u8::try_from((10 - sum % 10) % 10).unwrap_or(0))
}

/// `YYMMDD`; day 00 is the end of the month. Of the two centuries a year may
/// mean, only 2000 is near, and it had a 29 February.
fn is_date(digits: &[u8]) -> bool {
    let &[y1, y2, m1, m2, d1, d2] = digits else { return false };
    let number = |tens: u8, ones: u8| (tens & 0x0f) * 10 + (ones & 0x0f);
    let days = match number(m1, m2) {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if number(y1, y2).is_multiple_of(4) => 29,
        2 => 28,
        _ => return false,
    };
    number(d1, d2) <= days
}
