//! Cleaning of text: control characters, length, card digits, shapes.

/// Card numbers have 13 to 19 digits (ISO/IEC 7812-1).
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;

/// A text freed of control characters; `changed` tells whether it had any.
pub(super) struct Cleaned {
    pub(super) text: String,
    pub(super) changed: bool,
}

/// Replaces control characters by U+FFFD.
pub(super) fn without_controls(text: &str) -> Cleaned {
    let changed = text.chars().any(char::is_control);
    let replace = |c: char| if c.is_control() { '\u{FFFD}' } else { c };
    Cleaned { text: text.chars().map(replace).collect(), changed }
}

/// The longest beginning of at most `max` bytes that ends with a character.
pub(super) fn cut(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let end = (0..=max).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.get(..end).unwrap_or("")
}

/// A note with card numbers masked but for their last four digits: runs of
/// 13 to 19 digits, perhaps with single spaces or dashes between, that pass
/// the Luhn check.
pub(super) fn mask_cards(note: &str) -> String {
    let characters: Vec<char> = note.chars().collect();
    let mut masked = String::with_capacity(note.len());
    let mut at = 0;
    while let Some(rest) = characters.get(at..).filter(|rest| !rest.is_empty()) {
        let run = digit_run(rest);
        let digits: Vec<u8> =
            rest.iter().take(run).filter_map(|c| c.to_digit(10)).filter_map(|d| u8::try_from(d).ok()).collect();
        let is_card = CARD_DIGITS.contains(&digits.len()) && luhn_holds(&digits);
        let length = run.max(1);
        let mut hidden = if is_card { digits.len().saturating_sub(4) } else { 0 };
        for character in rest.iter().take(length) {
            let hide = character.is_ascii_digit() && hidden > 0;
            hidden = hidden.saturating_sub(usize::from(hide));
            masked.push(if hide { '*' } else { *character });
        }
        at += length;
    }
    masked
}

/// How many characters at the beginning are digits with single separators
/// between them.
fn digit_run(characters: &[char]) -> usize {
    let mut length = 0;
    for (at, character) in characters.iter().enumerate() {
        let after_digit = at > 0 && at == length;
        match character {
            '0'..='9' => length = at + 1,
            ' ' | '-' if after_digit => {}
            _ => break,
        }
        if at > length {
            break;
        }
    }
    length
}

/// ISO/IEC 7812-1 annex B.
fn luhn_holds(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .zip([false, true].into_iter().cycle())
        .map(|(digit, double)| {
            let value = u32::from(*digit) * if double { 2 } else { 1 };
            if value > 9 { value - 9 } else { value }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// The shape of a text that must not be kept: digits as 9, letters as a.
pub(super) fn shape(text: &str) -> String {
    let length = text.chars().count();
    let of = |c: char| match c {
        _ if c.is_numeric() => '9',
        _ if c.is_alphabetic() => 'a',
        _ if c.is_control() => '\u{FFFD}',
        other => other,
    };
    let shown: String = text.chars().take(64).map(of).collect();
    format!("{shown} ({length} characters)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_card_number_in_a_note_is_masked_in_every_spelling() {
        assert_eq!(mask_cards("paid 4111111111111111 ok"), "paid ************1111 ok");
        assert_eq!(mask_cards("4111 1111 1111 1111"), "**** **** **** 1111");
        assert_eq!(mask_cards("4111-1111-1111-1111."), "****-****-****-1111.");
    }

    #[test]
    fn digits_that_are_no_card_pass() {
        for text in ["order 12345", "4111111111111112", "4006381333931 and 12", "1 2 3", "", "++49 30 123456"] {
            assert_eq!(mask_cards(text), text);
        }
    }

    #[test]
    fn a_cut_never_splits_a_character() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
    }

    proptest! {
        #[test]
        fn masking_keeps_every_other_character(text in "[0-9a-z \\-é]{0,60}") {
            let masked = mask_cards(&text);
            prop_assert_eq!(masked.chars().count(), text.chars().count());
            prop_assert!(masked.chars().zip(text.chars()).all(|(m, t)| m == t || (m == '*' && t.is_ascii_digit())));
        }
    }
}
