//! GS1 element strings (GS1 General Specifications 3 and 7.8): application
//! identifiers and their values, run together; GS (0x1D) ends a value whose
//! length is not predefined. A GS1 Digital Link URI says the same in the form
//! of an address ([`link`]).
//!
//! What each identifier holds, and which of them ask for or rule out each
//! other, is the [`table`].

use std::borrow::Cow;

use tidemark_model::Gtin;

mod ai;
mod codes;
mod companions;
mod content;
mod coupon;
mod error;
mod link;
mod measure;
mod table;
mod value;

pub use ai::Ai;
pub use error::{CheckPair, Companions, Gs1Error};
pub use link::LinkError;
pub use measure::{Measure, Unit};

use crate::retail::is_restricted;
use companions::{Gathered, Placed};
use link::Link;
use table::Row;

/// Ends a value: FNC1 in the symbol, 0x1D as sent.
const SEPARATOR: char = '\u{1d}';

/// One identifier with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// The identifier.
    pub ai: Ai,
    /// Its value, as it stands in the code.
    pub value: &'a str,
    /// Whether the value stands in an address, its special characters as `%2F`.
    escaped: bool,
}

impl<'a> Element<'a> {
    /// The value itself: what an address writes as `%2F` is a `/` again.
    #[must_use]
    pub fn text(&self) -> Cow<'a, str> {
        if self.escaped { link::unescaped(self.value) } else { Cow::Borrowed(self.value) }
    }
}

/// A valid element string: each identifier is known, each value fits it, and
/// all of them may stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ElementString<'a> {
    form: Form<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form<'a> {
    Data(&'a str),
    Link(Link<'a>),
}

impl<'a> ElementString<'a> {
    /// Reads a whole element string.
    pub(crate) fn parse(data: &'a str) -> Result<Self, Gs1Error> {
        let mut gathered = Gathered::new();
        let mut at = 0;
        while let Some((placed, next)) = element_at(data, at)? {
            let Element { ai, value, .. } = placed.element;
            value::check(ai, placed.row, value, placed.value_at)?;
            gathered.add(placed)?;
            at = next;
        }
        gathered.check()?;
        Ok(Self { form: Form::Data(data) })
    }

    /// Reads a GS1 Digital Link; none if the text is another address, or none.
    pub(crate) fn parse_link(text: &'a str) -> Result<Option<Self>, LinkError> {
        let Some(link) = Link::find(text)? else { return Ok(None) };
        let mut gathered = Gathered::new();
        let mut at = link.start();
        while let Some((placed, next)) = link.element_at(at)? {
            link::check(&placed)?;
            gathered.add(placed)?;
            at = next;
        }
        gathered.check()?;
        Ok(Some(Self { form: Form::Link(link) }))
    }

    /// The elements in the order of the code.
    #[must_use]
    pub const fn iter(&self) -> Elements<'a> {
        let at = match self.form {
            Form::Data(_) => 0,
            Form::Link(link) => link.start(),
        };
        Elements { form: self.form, at }
    }

    /// The value of an identifier as it stands in the code, if the code has it.
    #[must_use]
    pub fn value(&self, ai: Ai) -> Option<&'a str> {
        self.iter().find(|element| element.ai == ai).map(|element| element.value)
    }

    /// The value of an identifier itself, if the code has it.
    #[must_use]
    pub fn text(&self, ai: Ai) -> Option<Cow<'a, str>> {
        self.iter().find(|element| element.ai == ai).map(|element| element.text())
    }

    /// Whether the code is an address: a GS1 Digital Link.
    #[must_use]
    pub const fn is_link(&self) -> bool {
        match self.form {
            Form::Data(_) => false,
            Form::Link(_) => true,
        }
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
    form: Form<'a>,
    at: usize,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        // The code was read once already: what was no error then is none now.
        let (placed, next) = match self.form {
            Form::Data(data) => element_at(data, self.at).ok().flatten()?,
            Form::Link(link) => link.element_at(self.at).ok().flatten()?,
        };
        self.at = next;
        Some(placed.element)
    }
}

/// The element that starts at a byte, its value not looked at, and where the
/// next one does.
fn element_at(data: &str, at: usize) -> Result<Option<(Placed<'_>, usize)>, Gs1Error> {
    let rest = data.get(at..).unwrap_or_default();
    let start = rest.trim_start_matches(SEPARATOR);
    let at = at + rest.len() - start.len();
    if start.is_empty() {
        return Ok(None);
    }
    let (ai, row) = table::find(start).ok_or(Gs1Error::UnknownAi { at })?;
    let value_at = at + usize::from(ai.digits);
    let rest = data.get(value_at..).unwrap_or_default();
    let value = field(rest, row);
    let element = Element { ai, value, escaped: false };
    Ok(Some((Placed { element, row, at, value_at }, value_at + value.len())))
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
        assert_eq!(fault("17261301"), Gs1Error::Date { ai: Ai::EXPIRY, at: 2, form: "YYMMDD" });
        assert_eq!(fault("17260229"), Gs1Error::Date { ai: Ai::EXPIRY, at: 2, form: "YYMMDD" });
        assert_eq!(fault("17261300"), Gs1Error::Date { ai: Ai::EXPIRY, at: 2, form: "YYMMDD" });
        assert_eq!(pairs("010400638133393117280229").len(), 2);
        assert_eq!(pairs("010400638133393117260200").len(), 2);
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

    #[test]
    fn identifiers_that_need_or_rule_out_others_are_told_so() {
        let fault = |data| ElementString::parse(data).unwrap_err();
        let text = |data| fault(data).to_string();
        assert_eq!(text("10A"), "AI 10 at byte 0 needs AI 01, or 02, or 03, or 8006, or 8026 in the same code");
        assert_eq!(text("0204006381333931"), "AI 02 at byte 0 needs AI 37 in the same code");
        assert_eq!(text("0104006381333931371"), "AI 01 at byte 0 may not stand in one code with AI 37");
        assert_eq!(
            text("019400638133393431030012503102000125"),
            "AI 3103 at byte 16 may not stand in one code with AI 3102"
        );
        assert_eq!(
            text("01940063813339343922500"),
            "AI 3922 at byte 16 needs AI 01 with 30, or 01 with 31nn, or 01 with 32nn, or 01 with 35nn, \
             or 01 with 36nn in the same code"
        );
    }

    #[test]
    fn a_symbol_of_a_pallet_s_label_may_stand_without_its_sscc() {
        // GS1 General Specifications 6.6: the SSCC has a symbol of its own.
        assert_eq!(pairs("02040063813339313712\u{1d}10A").len(), 3);
        assert_eq!(pairs("403R-7").len(), 1);
    }
}
