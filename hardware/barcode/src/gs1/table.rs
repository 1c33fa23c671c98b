//! The application identifiers: which there are, what their values are made
//! of, and which of them ask for or rule out each other.
//!
//! The [`rows`] say what the GS1 Barcode Syntax Dictionary says.

use super::Ai;

#[rustfmt::skip]
mod rows;

use rows::{DIGITS_OF, ROWS};

/// The characters of a part of a value (GS1 General Specifications 7.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Set {
    /// `N`: digits.
    Digits,
    /// `X`: 82 characters.
    Text,
    /// `Y`: 39 characters.
    Part,
    /// `Z`: base 64 for addresses.
    Base64,
}

/// What a part must fulfil beyond its characters: a linter of the dictionary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// `csum`: the last digit is the check digit of those before it.
    CheckDigit,
    /// `csumalpha`: the last two characters check those before them.
    CheckPair,
    /// `gcppos1`: a company prefix, at least 4 digits, stands at the front.
    PrefixFirst,
    /// `gcppos2`: a company prefix stands behind the first character.
    PrefixSecond,
    /// `yymmdd`.
    Date,
    /// `yymmd0`: day 00 is the end of the month.
    DateOrMonth,
    /// `yyyymmdd`.
    LongDate,
    /// `hhmi`.
    Time,
    /// `hh`.
    Hour,
    /// `mi` and `ss`.
    Sixty,
    /// `pcenc`: each `%` starts two hexadecimal digits.
    PercentEncoded,
    /// `hyphen`: a minus.
    Hyphen,
    /// `iban`.
    Iban,
    /// `importeridx`.
    ImporterIndex,
    /// `iso3166`.
    Country,
    /// `iso3166999`: or 999.
    CountryOrMany,
    /// `iso3166alpha2`.
    CountryLetters,
    /// `iso4217`.
    Currency,
    /// `iso5218`.
    Sex,
    /// `latitude`.
    Latitude,
    /// `longitude`.
    Longitude,
    /// `mediatype`.
    MediaType,
    /// `packagetype`.
    PackageType,
    /// `nonzero`.
    NonZero,
    /// `nozeroprefix`.
    NoZeroPrefix,
    /// `zero`.
    Zero,
    /// `hasnondigit`.
    NotOnlyDigits,
    /// `pieceoftotal`.
    PieceOfTotal,
    /// `posinseqslash`.
    PlaceInSequence,
    /// `winding`.
    Winding,
    /// `yesno`.
    YesNo,
    /// `couponcode`.
    Coupon,
    /// `couponposoffer`.
    CouponOffer,
}

/// One part of a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) set: Set,
    pub(super) shortest: usize,
    pub(super) longest: usize,
    pub(super) tests: &'static [Test],
    pub(super) optional: bool,
}

const fn part(set: Set, shortest: usize, longest: usize, tests: &'static [Test]) -> Part {
    Part { set, shortest, longest, tests, optional: false }
}

const fn maybe(part: Part) -> Part {
    Part { optional: true, ..part }
}

/// The identifiers `from..=to`, all of `digits` digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: u16,
    pub(super) to: u16,
    pub(super) digits: u8,
}

impl Span {
    pub(super) const fn holds(self, ai: Ai) -> bool {
        self.digits == ai.digits && self.from <= ai.number && ai.number <= self.to
    }

    /// Its place among all: the digits filled up to four.
    const fn order(self) -> u16 {
        match self.digits {
            2 => self.from * 100,
            3 => self.from * 10,
            _ => self.from,
        }
    }
}

const fn span(from: u16, to: u16, digits: u8) -> Span {
    Span { from, to, digits }
}

const fn one(number: u16, digits: u8) -> Span {
    span(number, number, digits)
}

/// One of several groups of identifiers, of which all must be there.
pub(super) type AnyOf = &'static [&'static [Span]];

/// Identifiers of one shape.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) span: Span,
    /// The value ends by its length, no separator needed.
    pub(super) predefined: bool,
    /// May stand in the query of a Digital Link.
    pub(super) attribute: bool,
    pub(super) parts: &'static [Part],
    /// Each of them must be fulfilled.
    pub(super) requires: &'static [AnyOf],
    pub(super) excludes: &'static [Span],
    /// The qualifiers that may follow a primary key of a Digital Link, in
    /// order: one of these lists.
    pub(super) qualifiers: Option<&'static [&'static [Span]]>,
    pub(super) title: &'static str,
}

impl Row {
    /// The most characters a value may have.
    pub(super) fn longest(&self) -> usize {
        self.parts.iter().map(|part| part.longest).sum()
    }

    /// Whether a value is of digits alone.
    pub(super) fn is_numeric(&self) -> bool {
        self.parts.iter().all(|part| part.set == Set::Digits)
    }
}

/// The identifier a text starts with, and its row.
pub(super) fn find(text: &str) -> Option<(Ai, &'static Row)> {
    let number = |digits: u8| {
        let digits = text.as_bytes().get(..usize::from(digits))?;
        digits.iter().try_fold(0_u16, |number, b| b.is_ascii_digit().then(|| number * 10 + u16::from(b - b'0')))
    };
    let digits = *DIGITS_OF.get(usize::from(number(2)?))?;
    let ai = Ai { number: number(digits)?, digits };
    row_of(ai).map(|row| (ai, row))
}

/// The identifier that a text is, and its row.
pub(super) fn named(text: &str) -> Option<(Ai, &'static Row)> {
    find(text).filter(|(ai, _)| usize::from(ai.digits) == text.len())
}

/// The row of an identifier.
pub(super) fn row_of(ai: Ai) -> Option<&'static Row> {
    let order = one(ai.number, ai.digits).order();
    let after = ROWS.partition_point(|row| row.span.order() <= order);
    ROWS.get(after.checked_sub(1)?).filter(|row| row.span.holds(ai))
}

/// Whether an identifier may follow some primary key of a Digital Link.
pub(super) fn is_qualifier(ai: Ai) -> bool {
    ROWS.iter().filter_map(|row| row.qualifiers).flatten().flat_map(|list| list.iter()).any(|span| span.holds(ai))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_order_and_none_overlaps_the_next() {
        for pair in ROWS.windows(2) {
            let end = one(pair[0].span.to, pair[0].span.digits).order();
            assert!(pair[0].span.order() <= end && end < pair[1].span.order(), "{:?}", pair[1]);
        }
    }

    #[test]
    fn every_identifier_of_every_row_is_found_by_its_digits() {
        for row in ROWS {
            for number in row.span.from..=row.span.to {
                let ai = Ai { number, digits: row.span.digits };
                let found = find(&format!("{ai}000")).map(|(ai, row)| (ai, row.span.from));
                assert_eq!(found, Some((ai, row.span.from)));
            }
        }
    }

    #[test]
    fn only_predefined_prefixes_end_by_length_and_they_have_one_length() {
        for row in ROWS {
            let prefix = row.span.order() / 100;
            assert_eq!(row.predefined, matches!(prefix, 0..=4 | 11..=20 | 31..=36 | 41), "{row:?}");
            assert!(!row.predefined || row.parts.iter().all(|p| p.shortest == p.longest && !p.optional));
        }
    }

    #[test]
    fn what_is_no_identifier_is_not_found() {
        for text in ["", "0", "04", "05", "14", "3106000000", "3960", "4180", "70", "é1", "0é", "9", "8", "x1"] {
            assert!(find(text).is_none(), "{text}");
        }
        assert!(named("01").is_some() && named("011").is_none());
    }

    #[test]
    fn no_value_is_longer_than_the_room_in_which_it_is_unescaped() {
        assert!(ROWS.iter().all(|row| row.longest() <= crate::limits::VALUE_BYTES));
    }
}
