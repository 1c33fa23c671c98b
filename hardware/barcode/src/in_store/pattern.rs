//! One pattern: which numbers it is for, and what its letters mean.

/// What a digit of a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Letter {
    /// `P`: says what kind of number it is.
    Prefix,
    /// `I`: the item.
    Item,
    /// `W`: weight in kilograms.
    Weight,
    /// `M`: price.
    Price,
    /// `V`: check digit of weight or price.
    Verifier,
    /// `X`: not used.
    Unused,
    /// `C`: check digit of the number.
    Check,
}

impl Letter {
    const fn of(letter: char) -> Option<Self> {
        match letter {
            'P' => Some(Self::Prefix),
            'I' => Some(Self::Item),
            'W' => Some(Self::Weight),
            'M' => Some(Self::Price),
            'V' => Some(Self::Verifier),
            'X' => Some(Self::Unused),
            'C' => Some(Self::Check),
            _ => None,
        }
    }

    pub(super) const fn is_amount(self) -> bool {
        matches!(self, Self::Weight | Self::Price)
    }
}

/// Why a pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("in-store pattern {key:?}: {fault}")]
pub struct PatternError {
    /// The key of the pattern.
    pub key: String,
    /// What is wrong with it.
    pub fault: PatternFault,
}

impl PatternError {
    pub(super) fn overlap(key: &str, other: &str) -> Self {
        Self { key: key.to_owned(), fault: PatternFault::Overlap(other.to_owned()) }
    }
}

/// What is wrong with a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternFault {
    /// Something else than digits and `[0-9]` in the key.
    #[error("a key is made of digits and ranges such as [0-4], not of what stands at byte {0}")]
    Key(usize),
    /// A key of numbers that are no restricted ones.
    #[error("in-store numbers start with 02, 04 or 2, UPC-A with 2 or 4, EAN-8 with 0 or 2: the key matches others")]
    NotRestricted,
    /// An unknown letter.
    #[error("the letters are P, I, V, W, M, X and C, and one point inside W or M; not {found:?} at byte {at}")]
    Letter {
        /// What stands there.
        found: char,
        /// Where in the letters.
        at: usize,
    },
    /// Another number of letters than numbers have digits.
    #[error("a pattern has 8, 12, 13 or 14 letters, not {0}")]
    Length(usize),
    /// Not one check digit at the end.
    #[error("C stands once, as the last letter: every such number has its check digit there")]
    Check,
    /// No item, or one in pieces.
    #[error("the I of the item stand together, and there is at least one")]
    Item,
    /// Weight and price, or one in pieces.
    #[error("W or M stand together, and not both")]
    Amount,
    /// A check digit for something that has none.
    #[error("V stands once, for a W or M of 4 or 5 digits")]
    Verifier,
    /// The first of 14 letters is no P.
    #[error("the first of 14 letters is P: there an EAN-13 has a 0 in front")]
    Front,
    /// Another pattern is for the same numbers.
    #[error("the pattern {0:?} is for the same numbers; a longer key goes first")]
    Overlap(String),
}

/// A pattern, read.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    key: String,
    /// The digits that may stand at each place: bit n for n.
    starts: Vec<u16>,
    letters: Vec<Letter>,
    decimals: u8,
}

impl Pattern {
    pub(super) fn parse(key: &str, letters: &str) -> Result<Self, PatternError> {
        let wrong = |fault| PatternError { key: key.to_owned(), fault };
        let starts = starts(key).map_err(|at| wrong(PatternFault::Key(at)))?;
        let (letters, point) = read_letters(letters).map_err(wrong)?;
        let pattern = Self { key: key.to_owned(), starts, decimals: decimals(&letters, point), letters };
        pattern.check().map_or(Ok(pattern), |fault| Err(wrong(fault)))
    }

    fn check(&self) -> Option<PatternFault> {
        let letters = &self.letters;
        let count = |letter| letters.iter().filter(|l| **l == letter).count();
        let together = |letter| {
            let runs = letters.chunk_by(|a, b| a == b).filter(|run| run.first() == Some(&letter)).count();
            runs <= 1
        };
        let (weight, price) = (count(Letter::Weight), count(Letter::Price));
        if !matches!(letters.len(), 8 | 12 | 13 | 14) {
            Some(PatternFault::Length(letters.len()))
        } else if count(Letter::Check) != 1 || letters.last() != Some(&Letter::Check) {
            Some(PatternFault::Check)
        } else if count(Letter::Item) == 0 || !together(Letter::Item) {
            Some(PatternFault::Item)
        } else if (weight > 0 && price > 0) || !together(Letter::Weight) || !together(Letter::Price) {
            Some(PatternFault::Amount)
        } else if count(Letter::Verifier) > 1 || (count(Letter::Verifier) == 1 && !matches!(weight + price, 4 | 5)) {
            Some(PatternFault::Verifier)
        } else if letters.len() == 14 && letters.first() != Some(&Letter::Prefix) {
            Some(PatternFault::Front)
        } else if !self.is_restricted() {
            Some(PatternFault::NotRestricted)
        } else {
            None
        }
    }

    /// Whether every number that the key matches is a restricted one.
    fn is_restricted(&self) -> bool {
        const ZERO: u16 = 1;
        const TWO: u16 = 1 << 2;
        const FOUR: u16 = 1 << 4;
        let only = |starts: u16, allowed: u16| starts & !allowed == 0;
        let first = self.starts.first().copied().unwrap_or(u16::MAX);
        let second = self.starts.get(1).copied().unwrap_or(u16::MAX);
        match self.letters.len() {
            8 => only(first, ZERO | TWO),
            12 => only(first, TWO | FOUR),
            _ => only(first, TWO) || (only(first, ZERO) && only(second, TWO | FOUR)),
        }
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Patterns of a longer key go first, of two alike the longer one.
    pub(super) fn precedence(&self) -> (usize, usize) {
        (self.starts.len(), self.letters.len())
    }

    /// Whether both are for some number, and neither goes first.
    pub(super) fn is_as_good_as(&self, other: &Self) -> bool {
        let meet = self.starts.iter().zip(&other.starts).all(|(one, other)| one & other != 0);
        self.precedence() == other.precedence() && meet
    }

    /// Whether a number, in 14 digits, is one of this pattern.
    pub(super) fn is_for(&self, form: &str) -> bool {
        let front = 14 - self.letters.len().min(14);
        let short = form.starts_with("000000");
        if short != (self.letters.len() == 8) || !form.get(..front).is_some_and(|pad| pad.bytes().all(|b| b == b'0')) {
            return false;
        }
        let laid = form.get(front..).unwrap_or_default();
        let printed = if laid.len() == 14 { laid.strip_prefix('0').unwrap_or(laid) } else { laid };
        self.starts.iter().zip(printed.bytes()).all(|(digits, digit)| digits >> (digit & 0x0f) & 1 == 1)
    }

    /// The places, letters and digits of a number in 14 digits.
    pub(super) fn laid_over<'a>(&'a self, form: &'a str) -> impl Iterator<Item = (usize, Letter, u8)> + Clone + 'a {
        let front = form.len().saturating_sub(self.letters.len());
        let digits = form.bytes().enumerate().skip(front);
        self.letters.iter().zip(digits).map(|(letter, (at, digit))| (at, *letter, digit))
    }

    pub(super) fn has(&self, letter: Letter) -> bool {
        self.letters.contains(&letter)
    }

    pub(super) const fn decimals(&self) -> u8 {
        self.decimals
    }
}

/// The digits that may stand at each place, or the byte that makes no sense.
fn starts(key: &str) -> Result<Vec<u16>, usize> {
    let mut starts = Vec::new();
    let mut rest = key;
    while let Some(first) = rest.chars().next() {
        let at = key.len() - rest.len();
        let (digits, length) = match first {
            '[' => {
                let class = rest.get(1..).and_then(|rest| rest.split_once(']')).map(|(class, _)| class).ok_or(at)?;
                (class_digits(class).ok_or(at)?, class.len() + 2)
            }
            digit => (1 << digit.to_digit(10).ok_or(at)?, 1),
        };
        starts.push(digits);
        rest = rest.get(length..).unwrap_or_default();
    }
    if starts.is_empty() || starts.len() > 8 { Err(0) } else { Ok(starts) }
}

/// `0-4` or `0257` or both.
fn class_digits(class: &str) -> Option<u16> {
    let mut digits = 0;
    let mut rest = class.as_bytes();
    while !rest.is_empty() {
        let (from, to) = match rest {
            [from, b'-', to, after @ ..] => {
                rest = after;
                (*from, *to)
            }
            [digit, after @ ..] => {
                rest = after;
                (*digit, *digit)
            }
            [] => break,
        };
        if !(from.is_ascii_digit() && to.is_ascii_digit() && from <= to) {
            return None;
        }
        digits |= (from..=to).fold(0, |digits, digit| digits | 1 << (digit & 0x0f));
    }
    (digits != 0).then_some(digits)
}

/// The letters, and behind how many of them the point stands.
fn read_letters(text: &str) -> Result<(Vec<Letter>, Option<usize>), PatternFault> {
    let mut letters: Vec<Letter> = Vec::new();
    let mut point = None;
    for (at, found) in text.char_indices() {
        match Letter::of(found) {
            Some(letter) => letters.push(letter),
            None if found == '.' && point.is_none() && letters.last().is_some_and(|l| l.is_amount()) => {
                point = Some(letters.len());
            }
            None => return Err(PatternFault::Letter { found, at }),
        }
    }
    Ok((letters, point))
}

/// Digits of weight or price behind the point; grams and cents without one.
fn decimals(letters: &[Letter], point: Option<usize>) -> u8 {
    let usual = if letters.contains(&Letter::Weight) { 3 } else { 2 };
    let Some(point) = point else { return usual };
    let behind = letters.iter().skip(point).take_while(|letter| letter.is_amount()).count();
    u8::try_from(behind).unwrap_or(usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(key: &str, letters: &str) -> PatternFault {
        Pattern::parse(key, letters).unwrap_err().fault
    }

    #[test]
    fn a_pattern_that_makes_no_sense_is_named() {
        let good = "PPIIIIIWWWWWC";
        assert!(Pattern::parse("2[0-9]", good).is_ok());
        for key in ["", "2x", "2[", "2[]", "2[9-0]", "[a]", "222222222"] {
            assert!(matches!(fault(key, good), PatternFault::Key(_)), "{key}");
        }
        assert_eq!(fault("2[0-9", good), PatternFault::Key(1));
        for key in ["4", "[23]", "0", "0[0-2]"] {
            assert_eq!(fault(key, good), PatternFault::NotRestricted, "{key}");
        }
        assert_eq!(fault("2", "PPIIIIIWWWWwC"), PatternFault::Letter { found: 'w', at: 11 });
        assert_eq!(fault("2", "PP.IIIIIWWWWWC"), PatternFault::Letter { found: '.', at: 2 });
        assert_eq!(fault("2", "PIIIIWWWWWC"), PatternFault::Length(11));
        assert_eq!(fault("2", "PPIIIIIIWWWWW"), PatternFault::Check);
        assert_eq!(fault("2", "PPIIIIICWWWWC"), PatternFault::Check);
        assert_eq!(fault("2", "PPPPPPPWWWWWC"), PatternFault::Item);
        assert_eq!(fault("2", "PPIIPIIWWWWWC"), PatternFault::Item);
        assert_eq!(fault("2", "PPIIIIWWWMMMC"), PatternFault::Amount);
        assert_eq!(fault("2", "PPIIIWWXWWWWC"), PatternFault::Amount);
        assert_eq!(fault("2", "PPIIIIIIVWWWC"), PatternFault::Verifier);
        assert_eq!(fault("2", "IIIIIIIIWWWWWC"), PatternFault::Front);
    }
}
