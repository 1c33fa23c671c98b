//! A text as a head and a number at its end: ids that count up and SKUs that
//! share a head become small numbers.

/// Digits a number at the end may have, so that it fits 64 bits.
const DIGITS: usize = 18;
/// Longest spelling of a number.
const SPELLING: usize = 20;

/// How a text ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ending {
    /// Without a digit.
    #[default]
    Text,
    /// With a number that has no zeros before it.
    Number,
    /// With so many digits, zeros before them.
    Digits(usize),
}

impl Ending {
    pub(super) fn code(self) -> u64 {
        match self {
            Self::Text => 0,
            Self::Number => 1,
            Self::Digits(width) => 2 + u64::try_from(width).unwrap_or(0),
        }
    }

    /// The ending of a code; none if there is no such.
    pub(super) fn of_code(code: u64) -> Option<Self> {
        match code {
            0 => Some(Self::Text),
            1 => Some(Self::Number),
            more => usize::try_from(more - 2).ok().filter(|width| *width <= DIGITS).map(Self::Digits),
        }
    }
}

/// A text in two parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape<'a> {
    pub(super) head: &'a [u8],
    pub(super) ending: Ending,
    pub(super) number: u64,
}

impl<'a> Shape<'a> {
    /// Takes a text apart; [`Self::join`] gives it back.
    pub(super) fn split(text: &'a [u8]) -> Self {
        let run = text.iter().rev().take(DIGITS).take_while(|byte| byte.is_ascii_digit()).count();
        let Some((head, digits)) = text.split_at_checked(text.len() - run) else { return Self::default() };
        let number = digits.iter().fold(0, |value: u64, digit| value * 10 + u64::from(digit - b'0'));
        let ending = match digits {
            [] => Ending::Text,
            [b'0', _, ..] => Ending::Digits(run),
            _no_zero_before => Ending::Number,
        };
        Self { head, ending, number }
    }

    /// Whether only the number differs.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.ending == other.ending && self.head == other.head
    }

    /// Appends the text.
    pub(super) fn join(&self, text: &mut Vec<u8>) {
        text.extend_from_slice(self.head);
        let width = match self.ending {
            Ending::Text => return,
            Ending::Number => 1,
            Ending::Digits(width) => width,
        };
        let mut digits = [b'0'; SPELLING];
        let mut value = self.number;
        let mut written = 0;
        for digit in digits.iter_mut().rev() {
            if value == 0 && written >= width {
                break;
            }
            *digit += crate::protobuf::low_byte(value % 10);
            value /= 10;
            written += 1;
        }
        text.extend_from_slice(digits.get(SPELLING - written..).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_head_and_the_number_are_told_apart() {
        let shape = Shape::split(b"k7q2-20260820-3-1041");
        assert_eq!((shape.head, shape.ending, shape.number), (&b"k7q2-20260820-3-"[..], Ending::Number, 1041));
        assert_eq!(Shape::split(b"SKU004711").ending, Ending::Digits(6));
        assert_eq!(Shape::split(b"A-").ending, Ending::Text);
        assert_eq!(Shape::split(b"0").ending, Ending::Number);
    }

    proptest! {
        #[test]
        fn a_text_is_joined_as_it_was(text in "[a-z0-9-]{0,8}[0-9]{0,25}") {
            let mut joined = Vec::new();
            Shape::split(text.as_bytes()).join(&mut joined);
            prop_assert_eq!(joined, text.into_bytes());
        }

        #[test]
        fn every_ending_has_a_code(code in 0_u64..40) {
            prop_assert_eq!(Ending::of_code(code).map(Ending::code), (code <= 20).then_some(code));
        }
    }
}
