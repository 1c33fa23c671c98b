//! What a value must mean, once it has the right form: the linters of the GS1
//! Barcode Syntax Dictionary. The characters were looked at before.

use super::error::CheckPair;
use super::table::Test;
use super::{Ai, Gs1Error, codes, coupon};

/// What is wrong with a part of a value; places are bytes of the part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    CheckDigit { at: usize, found: u8, expected: u8 },
    CheckPair { at: usize, expected: [u8; 2] },
    Date { form: &'static str },
    Value { at: usize, expected: &'static str },
}

impl Fault {
    /// The fault as one of a value that starts at a byte of the data.
    pub(super) const fn of(self, ai: Ai, from: usize) -> Gs1Error {
        match self {
            Self::CheckDigit { at, found, expected } => Gs1Error::CheckDigit { ai, at: from + at, found, expected },
            Self::CheckPair { at, expected } => {
                Gs1Error::CheckPair { ai, at: from + at, expected: CheckPair(expected) }
            }
            Self::Date { form } => Gs1Error::Date { ai, at: from, form },
            Self::Value { at, expected } => Gs1Error::Value { ai, at: from + at, expected },
        }
    }
}

/// Characters at the front of a company prefix; the shortest has 4.
const PREFIX: usize = 4;

/// What a test finds wrong.
pub(super) fn fault(test: Test, piece: &str) -> Option<Fault> {
    let bytes = piece.as_bytes();
    let must = |holds: bool, expected| (!holds).then_some(Fault::Value { at: 0, expected });
    match test {
        Test::CheckDigit => check_digit(bytes),
        Test::CheckPair => check_pair(bytes),
        Test::PrefixFirst => company_prefix(bytes, 0),
        Test::PrefixSecond => company_prefix(bytes, 1),
        Test::Date => (!is_date(bytes, 1)).then_some(Fault::Date { form: "YYMMDD" }),
        Test::DateOrMonth => (!is_date(bytes, 0)).then_some(Fault::Date { form: "YYMMDD" }),
        Test::LongDate => (!is_long_date(bytes)).then_some(Fault::Date { form: "YYYYMMDD" }),
        Test::Time => must(number(piece) / 100 < 24 && number(piece) % 100 < 60, "time HHMM of 0000 to 2359"),
        Test::Hour => must(number(piece) < 24, "hour of 00 to 23"),
        Test::Sixty => must(number(piece) < 60, "minute or second of 00 to 59"),
        Test::PercentEncoded => percent_encoded(bytes),
        Test::Hyphen => must(piece == "-", "minus for a temperature below zero"),
        Test::Iban => iban(piece),
        Test::ImporterIndex => must(is_importer_index(bytes), "importer index (letter, digit, - or _)"),
        Test::Country => must(codes::is_country(number(piece)), "country of ISO 3166"),
        Test::CountryOrMany => must(piece == "999" || codes::is_country(number(piece)), "country of ISO 3166, or 999"),
        Test::CountryLetters => must(codes::is_country_letters(piece), "country of two letters of ISO 3166"),
        Test::Currency => must(codes::is_currency(number(piece)), "currency of ISO 4217"),
        Test::Sex => must(matches!(bytes, [b'0' | b'1' | b'2' | b'9']), "sex of ISO 5218 (0, 1, 2 or 9)"),
        Test::Latitude => must(number(piece) <= 1_800_000_000, "latitude of up to 1800000000"),
        Test::Longitude => must(number(piece) <= 3_600_000_000, "longitude of up to 3600000000"),
        Test::MediaType => must(matches!(number(piece), 1..=10 | 80..=99), "media type of 01 to 10 or 80 to 99"),
        Test::PackageType => must(is_package_type(bytes), "package type of 1 to 3 capitals and digits"),
        Test::NonZero => must(bytes.iter().any(|b| *b != b'0'), "number above zero"),
        Test::NoZeroPrefix => must(bytes.first() != Some(&b'0'), "number without a zero at the front"),
        Test::Zero => must(bytes.iter().all(|b| *b == b'0'), "zero"),
        Test::NotOnlyDigits => must(!bytes.iter().all(u8::is_ascii_digit), "character other than a digit"),
        Test::PieceOfTotal => must(is_piece_of_total(piece), "piece and total such as 0102"),
        Test::PlaceInSequence => must(is_place_in_sequence(piece), "place in a sequence such as 1/2"),
        Test::Winding => must(matches!(bytes, [b'0' | b'1' | b'9']), "winding direction (0, 1 or 9)"),
        Test::YesNo => must(matches!(bytes, [b'0' | b'1']), "0 or 1"),
        Test::Coupon => coupon::old_form(piece),
        Test::CouponOffer => coupon::offer(piece),
    }
}

/// The number that digits stand for; so large for anything else that it
/// passes no test.
pub(super) fn number(digits: &str) -> u64 {
    digits.parse().unwrap_or(u64::MAX)
}

/// The check digit that digits ask for: weights 3 and 1 from the right.
fn check_digit_of(body: &[u8]) -> u8 {
    let weighed = body.iter().rev().zip([3_u32, 1].into_iter().cycle());
    let sum: u32 = weighed.map(|(digit, weight)| u32::from(digit & 0x0f) * weight).sum();
    u8::try_from((10 - sum % 10) % 10).unwrap_or(0)
}

fn check_digit(digits: &[u8]) -> Option<Fault> {
    let (last, body) = digits.split_last()?;
    let (found, expected) = (last & 0x0f, check_digit_of(body));
    (found != expected).then_some(Fault::CheckDigit { at: body.len(), found, expected })
}

/// GS1 General Specifications 7.9.5: the places of the characters in the set
/// of 82, weighed by primes from the right, modulo 1021, in two of 32.
fn check_pair(bytes: &[u8]) -> Option<Fault> {
    const SET: &[u8] = b"!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
    const PAIR: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    const PRIMES: [usize; 23] =
        [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83];
    let Some((body, pair)) = bytes.split_last_chunk::<2>() else {
        return Some(Fault::Value { at: 0, expected: "two check characters at its end" });
    };
    let place = |byte: &u8| SET.iter().position(|known| known == byte).unwrap_or(0);
    let sum: usize = body.iter().rev().zip(PRIMES).map(|(byte, prime)| place(byte) * prime).sum::<usize>() % 1021;
    let letter = |place: usize| PAIR.get(place).copied().unwrap_or(b'?');
    let expected = [letter(sum / 32), letter(sum % 32)];
    (*pair != expected).then_some(Fault::CheckPair { at: body.len(), expected })
}

fn company_prefix(bytes: &[u8], from: usize) -> Option<Fault> {
    let digits = bytes.iter().skip(from).take_while(|b| b.is_ascii_digit()).take(PREFIX).count();
    let expected = "company prefix of at least 4 digits";
    (digits < PREFIX).then_some(Fault::Value { at: from + digits, expected })
}

/// `YYMMDD` from a day on. Of the two centuries a year may mean, only 2000 is
/// near, and it had a 29 February.
fn is_date(digits: &[u8], first_day: u8) -> bool {
    let &[y1, y2, m1, m2, d1, d2] = digits else { return false };
    days(two(y1, y2).is_multiple_of(4), two(m1, m2)).is_some_and(|last| (first_day..=last).contains(&two(d1, d2)))
}

/// `YYYYMMDD`.
fn is_long_date(digits: &[u8]) -> bool {
    let &[c1, c2, y1, y2, m1, m2, d1, d2] = digits else { return false };
    let leap = if two(y1, y2) == 0 { two(c1, c2).is_multiple_of(4) } else { two(y1, y2).is_multiple_of(4) };
    days(leap, two(m1, m2)).is_some_and(|last| (1..=last).contains(&two(d1, d2)))
}

/// The last day of a month, if there is such a month.
const fn days(leap: bool, month: u8) -> Option<u8> {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 if leap => Some(29),
        2 => Some(28),
        _ => None,
    }
}

const fn two(tens: u8, ones: u8) -> u8 {
    (tens & 0x0f) * 10 + (ones & 0x0f)
}

fn percent_encoded(bytes: &[u8]) -> Option<Fault> {
    let hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    let starts = bytes.iter().enumerate().filter(|(_, b)| **b == b'%').map(|(at, _)| at);
    let wrong = starts.into_iter().find(|at| !(hex(at + 1) && hex(at + 2)));
    wrong.map(|at| Fault::Value { at, expected: "two hexadecimal digits after %" })
}

/// ISO 13616: country, two check digits, account; modulo 97 with the first
/// four characters moved to the end.
fn iban(piece: &str) -> Option<Fault> {
    let Some((head, account)) = piece.split_at_checked(4).filter(|(_, account)| account.len() > 6) else {
        return Some(Fault::Value { at: 0, expected: "IBAN of more than 10 characters" });
    };
    if !head.get(..2).is_some_and(codes::is_country_letters) {
        return Some(Fault::Value { at: 0, expected: "IBAN that starts with a country of two letters" });
    }
    let step = |rest: u32, c: char| {
        let digit = c.to_digit(36).filter(|_| !c.is_ascii_lowercase())?;
        Some((rest * if digit < 10 { 10 } else { 100 } + digit) % 97)
    };
    let rest = account.chars().chain(head.chars()).try_fold(0, step);
    (rest != Some(1)).then_some(Fault::Value { at: 2, expected: "IBAN whose check digits fit" })
}

fn is_importer_index(bytes: &[u8]) -> bool {
    matches!(bytes, [b] if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// The list of types grows; its form stays.
fn is_package_type(bytes: &[u8]) -> bool {
    bytes.len() <= 3 && bytes.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

fn is_piece_of_total(piece: &str) -> bool {
    let Some((piece, total)) = piece.split_at_checked(piece.len() / 2) else { return false };
    (1..=number(total)).contains(&number(piece))
}

fn is_place_in_sequence(piece: &str) -> bool {
    let plain = |digits: &str| !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
    piece
        .split_once('/')
        .is_some_and(|(place, end)| plain(place) && plain(end) && (1..=number(end)).contains(&number(place)))
}
