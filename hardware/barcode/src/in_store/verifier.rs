//! The check digit of a weight or price of four or five digits (GS1 General
//! Specifications 7.9.2 to 7.9.4).

/// What a digit weighs, by its value, under the weights 2-, 3, 5+ and 5-.
const TWO_MINUS: [u8; 10] = [0, 2, 4, 6, 8, 9, 1, 3, 5, 7];
const THREE: [u8; 10] = [0, 3, 6, 9, 2, 5, 8, 1, 4, 7];
const FIVE_PLUS: [u8; 10] = [0, 5, 1, 6, 2, 7, 3, 8, 4, 9];
const FIVE_MINUS: [u8; 10] = [0, 5, 9, 4, 8, 3, 7, 2, 6, 1];

/// The check digit for ASCII digits; none unless there are four or five.
pub(super) fn check_digit(digits: &[u8]) -> Option<u8> {
    match digits.len() {
        4 => Some(sum(digits, [&TWO_MINUS, &TWO_MINUS, &THREE, &FIVE_MINUS]) * 3 % 10),
        5 => {
            let sum = sum(digits, [&FIVE_PLUS, &TWO_MINUS, &FIVE_MINUS, &FIVE_PLUS, &TWO_MINUS]);
            let missing = (10 - sum % 10) % 10;
            FIVE_MINUS.iter().position(|weighed| *weighed == missing).and_then(|digit| u8::try_from(digit).ok())
        }
        _ => None,
    }
}

fn sum<const N: usize>(digits: &[u8], weights: [&[u8; 10]; N]) -> u8 {
    let weighed = digits.iter().zip(weights).map(|(digit, weight)| weight.get(usize::from(digit & 0x0f)));
    weighed.map(|weighed| weighed.copied().unwrap_or(0)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_specification_fit() {
        assert_eq!(check_digit(b"2875"), Some(9));
        assert_eq!(check_digit(b"14685"), Some(6));
        assert_eq!(check_digit(b"0000"), Some(0));
        assert_eq!(check_digit(b"00000"), Some(0));
        assert_eq!(check_digit(b"123"), None);
    }

    #[test]
    fn every_wrong_digit_of_an_amount_is_found() {
        for amount in [*b"01234", *b"98765", *b"50505"] {
            for at in 0..5 {
                for other in b'0'..=b'9' {
                    let mut wrong = amount;
                    wrong[at] = other;
                    assert_eq!(wrong == amount, check_digit(&wrong) == check_digit(&amount), "{wrong:?}");
                }
            }
        }
    }
}
