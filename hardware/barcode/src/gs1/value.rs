//! Whether a value has the form that its identifier asks for.

use super::table::{Part, Row, Set};
use super::{Ai, Gs1Error, content};

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
    let allowed = allowed(part.set);
    // All that may stand are ASCII: what may not starts a character.
    if let Some(offset) =
        piece.bytes().position(|byte| allowed.checked_shr(u32::from(byte)).is_none_or(|bits| bits & 1 == 0))
    {
        let found = piece.get(offset..).and_then(|rest| rest.chars().next()).unwrap_or('?');
        return Err(Gs1Error::Character { ai, at: at + offset, found });
    }
    let fault = part.tests.iter().find_map(|test| content::fault(*test, piece));
    fault.map_or(Ok(()), |fault| Err(fault.of(ai, at)))
}

/// The characters of a set: bit n for the one of number n (GS1 General
/// Specifications 7.11: 82, 39 and 64 characters).
const fn allowed(set: Set) -> u128 {
    const DIGITS: u128 = bits(b"0123456789");
    const CAPITALS: u128 = bits(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    const LETTERS: u128 = CAPITALS | bits(b"abcdefghijklmnopqrstuvwxyz");
    const TEXT: u128 = DIGITS | LETTERS | bits(b"!\"%&'()*+,-./:;<=>?_");
    const PART: u128 = DIGITS | CAPITALS | bits(b"#-/");
    const BASE_64: u128 = DIGITS | LETTERS | bits(b"-_=");
    match set {
        Set::Digits => DIGITS,
        Set::Text => TEXT,
        Set::Part => PART,
        Set::Base64 => BASE_64,
    }
}

const fn bits(mut characters: &[u8]) -> u128 {
    let mut bits = 0;
    while let [first, rest @ ..] = characters {
        bits |= 1 << *first;
        characters = rest;
    }
    bits
}
