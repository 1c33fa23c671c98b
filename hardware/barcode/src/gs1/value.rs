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
    if let Some((offset, found)) = piece.char_indices().find(|(_, c)| !allowed(part.set, *c)) {
        return Err(Gs1Error::Character { ai, at: at + offset, found });
    }
    let fault = part.tests.iter().find_map(|test| content::fault(*test, piece));
    fault.map_or(Ok(()), |fault| Err(fault.of(ai, at)))
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
