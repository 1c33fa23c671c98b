//! GS1 element strings (GS1 General Specifications 3 and 7.8): application
//! identifiers and their values, run together; GS (0x1D) ends a value whose
//! length is not predefined.
//!
//! What each identifier holds is the [`table`]; which identifiers demand or
//! exclude each other is not looked at here.

use std::fmt;

use tidemark_model::Gtin;

mod error;
mod table;
mod value;

pub use error::Gs1Error;

use crate::retail::is_restricted;
use table::Row;

/// Ends a value: FNC1 in the symbol, 0x1D as sent.
const SEPARATOR: char = '\u{1d}';

/// An application identifier of two to four digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ai {
    number: u16,
    digits: u8,
}

impl Ai {
    /// SSCC of a logistic unit.
    pub const SSCC: Self = Self::two(0);
    /// GTIN of the item itself.
    pub const GTIN: Self = Self::two(1);
    /// GTIN of the items inside, with [`Ai::COUNT`].
    pub const CONTENT: Self = Self::two(2);
    /// Batch or lot.
    pub const LOT: Self = Self::two(10);
    /// Expiry, `YYMMDD`; day 00 is the end of the month.
    pub const EXPIRY: Self = Self::two(17);
    /// Serial number.
    pub const SERIAL: Self = Self::two(21);
    /// Pieces of an item of variable measure.
    pub const VARIABLE_COUNT: Self = Self::two(30);
    /// Number of items inside.
    pub const COUNT: Self = Self::two(37);

    const fn two(number: u16) -> Self {
        Self { number, digits: 2 }
    }
}

impl fmt::Display for Ai {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0width$}", self.number, width = usize::from(self.digits))
    }
}

/// One identifier with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// The identifier.
    pub ai: Ai,
    /// Its value, as it stands in the code.
    pub value: &'a str,
}

/// The unit of a [`Measure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Pieces (AI 30, 37).
    Piece,
    /// Kilograms (AI 310n).
    Kilogram,
    /// Metres (AI 311n).
    Metre,
    /// Square metres (AI 314n).
    SquareMetre,
    /// Litres (AI 315n).
    Litre,
    /// Cubic metres (AI 316n).
    CubicMetre,
    /// Pounds (AI 320n).
    Pound,
}

/// How much of the item the code says there is: `value` / 10^`decimals`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// The digits.
    pub value: u32,
    /// How many of them stand behind the point, 0 to 5.
    pub decimals: u8,
    /// Of what.
    pub unit: Unit,
}

impl Measure {
    /// The measure in thousandths of its unit, if it is a whole number of them.
    #[must_use]
    pub fn thousandths(&self) -> Option<i64> {
        let value = i64::from(self.value) * 1_000;
        let scale = 10_i64.checked_pow(u32::from(self.decimals))?;
        (value % scale == 0).then_some(value / scale)
    }

    fn of(element: Element<'_>) -> Option<Self> {
        let (kind, decimals) = match element.ai {
            Ai { digits: 4, number } => (number / 10, u8::try_from(number % 10).ok()?),
            Ai { number, .. } => (number, 0),
        };
        let unit = match kind {
            30 | 37 => Unit::Piece,
            310 => Unit::Kilogram,
            311 => Unit::Metre,
            314 => Unit::SquareMetre,
            315 => Unit::Litre,
            316 => Unit::CubicMetre,
            320 => Unit::Pound,
            _ => return None,
        };
        Some(Self { value: element.value.parse().ok()?, decimals, unit })
    }
}

/// A valid element string: each identifier is known, each value fits it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ElementString<'a> {
    data: &'a str,
}

impl<'a> ElementString<'a> {
    /// Reads a whole element string.
    pub(crate) fn parse(data: &'a str) -> Result<Self, Gs1Error> {
        let mut items: [Option<&str>; 3] = [None; 3];
        let mut at = 0;
        let mut seen = 0_usize;
        while let Some((element, next)) = element_at(data, at)? {
            if let Some(known) = items.get_mut(usize::from(element.ai.number)).filter(|_| element.ai.digits == 2) {
                if known.is_some_and(|value| value != element.value) {
                    return Err(Gs1Error::Repeated { ai: element.ai, at });
                }
                *known = Some(element.value);
            }
            at = next;
            seen += 1;
        }
        if seen == 0 { Err(Gs1Error::Empty) } else { Ok(Self { data }) }
    }

    /// The elements in the order of the code.
    #[must_use]
    pub const fn iter(&self) -> Elements<'a> {
        Elements { data: self.data, at: 0 }
    }

    /// The value of an identifier, if the code has it.
    #[must_use]
    pub fn value(&self, ai: Ai) -> Option<&'a str> {
        self.iter().find(|element| element.ai == ai).map(|element| element.value)
    }

    /// The 14 digits of the item (AI 01), or of the items inside (AI 02).
    #[must_use]
    pub fn item_digits(&self) -> Option<&'a str> {
        self.value(Ai::GTIN).or_else(|| self.value(Ai::CONTENT))
    }

    /// The item's GTIN; none if its number has a meaning only inside a company.
    #[must_use]
    pub fn gtin(&self) -> Option<Gtin> {
        let digits = self.item_digits().filter(|digits| !is_restricted(digits))?;
        Gtin::parse(digits).ok()
    }

    /// What the code says about how much it stands for: net weight, length,
    /// area, volume, or a number of pieces.
    #[must_use]
    pub fn measure(&self) -> Option<Measure> {
        self.iter().find_map(Measure::of)
    }
}

impl<'a> IntoIterator for &ElementString<'a> {
    type Item = Element<'a>;
    type IntoIter = Elements<'a>;

    fn into_iter(self) -> Elements<'a> {
        self.iter()
    }
}

/// The elements of a code, one after the other.
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    data: &'a str,
    at: usize,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        // The string was read once already: what was no error then is none now.
        let (element, next) = element_at(self.data, self.at).ok().flatten()?;
        self.at = next;
        Some(element)
    }
}

/// The element that starts at a byte, and where the next one does.
fn element_at(data: &str, at: usize) -> Result<Option<(Element<'_>, usize)>, Gs1Error> {
    let rest = data.get(at..).unwrap_or_default();
    let start = rest.trim_start_matches(SEPARATOR);
    let at = at + rest.len() - start.len();
    if start.is_empty() {
        return Ok(None);
    }
    let (ai, row) = table::find(start).ok_or(Gs1Error::UnknownAi { at })?;
    let from = at + usize::from(ai.digits);
    let rest = data.get(from..).unwrap_or_default();
    let value = field(rest, row);
    value::check(ai, row, value, from)?;
    Ok(Some((Element { ai, value }, from + value.len())))
}

/// The characters of one value: as many as predefined, or up to the separator.
fn field<'a>(rest: &'a str, row: &Row) -> &'a str {
    let to_separator = rest.split(SEPARATOR).next().unwrap_or_default();
    if row.predefined { to_separator.get(..row.longest()).unwrap_or(to_separator) } else { to_separator }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(data: &str) -> Result<Vec<(String, &str)>, Gs1Error> {
        let string = ElementString::parse(data)?;
        Ok(string.iter().map(|element| (element.ai.to_string(), element.value)).collect())
    }

    fn pairs(data: &str) -> Vec<(String, &str)> {
        elements(data).unwrap()
    }

    #[test]
    fn values_end_where_they_are_predefined_to_or_at_a_separator() {
        assert_eq!(
            pairs("010400638133393117260131104711\u{1d}21ABC/1"),
            [("01", "04006381333931"), ("17", "260131"), ("10", "4711"), ("21", "ABC/1")]
                .map(|(a, v)| (a.to_owned(), v))
        );
        // A separator after a predefined value, before all and at the end does no harm.
        assert_eq!(
            pairs("\u{1d}0104006381333931\u{1d}10A\u{1d}"),
            [("01", "04006381333931"), ("10", "A")].map(|(a, v)| (a.to_owned(), v))
        );
    }

    #[test]
    fn a_variable_weight_is_read_in_thousandths() {
        let string = ElementString::parse("01940063813339343103001250").unwrap();
        assert_eq!(string.measure(), Some(Measure { value: 1_250, decimals: 3, unit: Unit::Kilogram }));
        assert_eq!(string.measure().unwrap().thousandths(), Some(1_250));
        let fine = Measure { value: 12_345, decimals: 5, unit: Unit::Kilogram };
        assert_eq!(fine.thousandths(), None);
    }

    #[test]
    fn a_pallet_names_what_is_inside_and_how_many() {
        let string = ElementString::parse("00340123450000000000020400638133393137120").unwrap();
        assert_eq!(string.value(Ai::SSCC), Some("340123450000000000"));
        assert_eq!(string.gtin().unwrap().as_str(), "04006381333931");
        assert_eq!(string.measure(), Some(Measure { value: 120, decimals: 0, unit: Unit::Piece }));
    }

    #[test]
    fn each_fault_is_named_with_its_place() {
        let fault = |data| ElementString::parse(data).unwrap_err();
        assert_eq!(fault(""), Gs1Error::Empty);
        assert_eq!(fault("\u{1d}"), Gs1Error::Empty);
        assert_eq!(fault("010400638133393105"), Gs1Error::UnknownAi { at: 16 });
        assert_eq!(fault("01040063813339"), Gs1Error::Short { ai: Ai::GTIN, at: 2, expected: 14, found: 12 });
        assert_eq!(fault("0104006381333930"), Gs1Error::CheckDigit { ai: Ai::GTIN, at: 15, found: 0, expected: 1 });
        assert_eq!(fault("17261301"), Gs1Error::Date { ai: Ai::EXPIRY, at: 2 });
        assert_eq!(fault("17260229"), Gs1Error::Date { ai: Ai::EXPIRY, at: 2 });
        assert_eq!(pairs("17280229").len(), 1);
        assert_eq!(pairs("17260200").len(), 1);
        assert_eq!(fault("10"), Gs1Error::Short { ai: Ai::LOT, at: 2, expected: 1, found: 0 });
        assert_eq!(fault("10123456789012345678901"), Gs1Error::TooLong { ai: Ai::LOT, at: 22, allowed: 20, found: 21 });
        assert_eq!(fault("10A B"), Gs1Error::Character { ai: Ai::LOT, at: 3, found: ' ' });
        assert_eq!(fault("37A"), Gs1Error::Character { ai: Ai::COUNT, at: 2, found: 'A' });
        assert_eq!(fault("01040063813339310100000000000000"), Gs1Error::Repeated { ai: Ai::GTIN, at: 16 });
    }

    #[test]
    fn a_company_s_own_number_is_no_global_gtin() {
        let string = ElementString::parse("0102012345678903").unwrap();
        assert_eq!(string.item_digits(), Some("02012345678903"));
        assert_eq!(string.gtin(), None);
    }
}
