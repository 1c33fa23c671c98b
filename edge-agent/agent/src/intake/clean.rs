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

/// A note with card numbers masked but for their last four digits: 13 to 19
/// digits, perhaps with single spaces or dashes between, that pass the Luhn
/// check. Other digits may stand beside them (an expiry, an amount), so every
/// such stretch between two borders of groups is looked at.
pub(crate) fn mask_cards(note: &str) -> String {
    let mut characters: Vec<char> = note.chars().collect();
    let mut at = 0;
    while let Some(rest) = characters.get_mut(at..).filter(|rest| !rest.is_empty()) {
        let run = digit_run(rest);
        if let Some(run) = rest.get_mut(..run) {
            mask_run(run);
        }
        at += run.max(1);
    }
    characters.into_iter().collect()
}

/// Masks the cards in digits with single separators between.
fn mask_run(run: &mut [char]) {
    let digits: Vec<(usize, u8)> =
        run.iter().enumerate().filter_map(|(at, c)| Some((at, u8::try_from(c.to_digit(10)?).ok()?))).collect();
    let begins = |n: usize| n == 0 || digits.get(n - 1).zip(digits.get(n)).is_some_and(|(a, b)| b.0 > a.0 + 1);
    let borders: Vec<usize> = (0..=digits.len()).filter(|n| *n == digits.len() || begins(*n)).collect();
    let ends_of = |n: usize, first: usize| {
        borders.iter().skip(n + 1).copied().take_while(move |end| end - first <= *CARD_DIGITS.end())
    };
    let stretches = borders.iter().enumerate().flat_map(|(n, first)| ends_of(n, *first).map(move |end| *first..end));
    for stretch in stretches.filter(|stretch| CARD_DIGITS.contains(&stretch.len())) {
        let Some(stretch) = digits.get(stretch) else { continue };
        if luhn_holds(stretch.iter().map(|(_, digit)| *digit)) {
            for (at, _) in stretch.iter().take(stretch.len().saturating_sub(4)) {
                if let Some(place) = run.get_mut(*at) {
                    *place = '*';
                }
            }
        }
    }
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
fn luhn_holds(digits: impl DoubleEndedIterator<Item = u8>) -> bool {
    let sum: u32 = digits
        .rev()
        .zip([false, true].into_iter().cycle())
        .map(|(digit, double)| {
            let value = u32::from(digit) * if double { 2 } else { 1 };
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
    fn a_card_number_beside_other_digits_is_masked() {
        assert_eq!(mask_cards("4111 1111 1111 1111 12/26"), "**** **** **** 1111 12/26");
        assert_eq!(mask_cards("17 4111111111111111 12 99"), "17 ************1111 12 99");
        assert_eq!(mask_cards("4111-1111-1111-1111-123"), "****-****-****-1111-123");
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
