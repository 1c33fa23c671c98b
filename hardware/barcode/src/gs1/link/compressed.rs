//! Compressed links (GS1 Digital Link Standard: Compression): the path ends in
//! one word in base 64 for addresses, whose bits begin with the primary key.
//! Such a word is only recognised, by a check digit, so that its refusal can
//! say what it is.

/// Where a packed word starts in a path, if it ends in one.
pub(super) fn find(path: &str) -> Option<usize> {
    let at = path.rfind('/')? + 1;
    is_packed(path.get(at..)?).then_some(at)
}

fn is_packed(word: &str) -> bool {
    let mut bits = Bits { word: word.as_bytes().iter(), held: 0, count: 0 };
    // The first two characters name the key, or stand for a usual list of
    // identifiers that begins with 01.
    let digits = match bits.take(8) {
        Some(0x00) => bits.take(60).map(|number| (number, 18)),
        Some(0x01 | 0x0a..=0x0f | 0x1a..=0x1f | 0x2a..=0x2f) => bits.take(47).map(|number| (number, 14)),
        Some(_) | None => None,
    };
    digits.is_some_and(|(number, digits)| has_check_digit(number, digits)) && bits.word.all(|c| value(*c).is_some())
}

/// Whether a number has at most so many digits, the last of which fits.
fn has_check_digit(number: u64, digits: u32) -> bool {
    let mut rest = number;
    let mut sum = 0;
    for place in 0..digits {
        sum += rest % 10 * if place % 2 == 0 { 1 } else { 3 };
        rest /= 10;
    }
    rest == 0 && number > 0 && sum % 10 == 0
}

/// The bits of a word, first to last.
struct Bits<'a> {
    word: std::slice::Iter<'a, u8>,
    held: u64,
    count: u32,
}

impl Bits<'_> {
    /// The number that the next bits stand for, 60 at most.
    fn take(&mut self, wanted: u32) -> Option<u64> {
        let mut number = 0_u64;
        for _ in 0..wanted {
            if self.count == 0 {
                self.held = value(*self.word.next()?)?;
                self.count = 6;
            }
            self.count -= 1;
            number = number << 1 | self.held >> self.count & 1;
        }
        Some(number)
    }
}

fn value(c: u8) -> Option<u64> {
    let value = match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'-' => 62,
        b'_' => 63,
        _ => return None,
    };
    Some(u64::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_word_is_known_by_its_check_digit() {
        assert_eq!(find("/ARFKk4XBoA"), Some(1));
        assert_eq!(find("/shop/ARFKk4XBoA"), Some(6));
        for path in ["", "/", "/ARFKk4XBpA", "/AR", "/a-long-name-of-a-page", "/ARFKk4XBoA.html", "/AAAAAAAAAAAAAAAA"] {
            assert_eq!(find(path), None, "{path}");
        }
    }
}
