//! Coupons of North America: AI 8110 (North American Coupon Application
//! Guideline Using GS1 DataBar Expanded Symbols) and AI 8112 (GS1 AI (8112)
//! Coupon Data Specifications).

use super::content::Fault;
use super::table::Test;

/// AI 8110: company, offer, value and what must be bought, then fields that
/// are named by a digit and come in its order.
pub(super) fn old_form(piece: &str) -> Option<Fault> {
    let mut digits = Digits::new(piece);
    digits.old_form().and_then(|()| digits.end()).err()
}

/// AI 8112: format, funder, offer and serial number.
pub(super) fn offer(piece: &str) -> Option<Fault> {
    let mut digits = Digits::new(piece);
    let read = digits
        .one("01", "coupon format of 0 or 1")
        .and_then(|_| digits.sized("0123456", 6, "funder with its length in front"))
        .and_then(|_| digits.take(6, "coupon offer of 6 digits"))
        .and_then(|_| digits.sized("0123456789", 6, "coupon serial number with its length in front"));
    read.and_then(|_| digits.end()).err()
}

const VALUE: &str = "12345";
const CODE: &str = "012349";
const COMPANY: &str = "coupon company with its length in front";
const REQUIREMENT: &str = "coupon purchase requirement with its length in front";
const REQUIREMENT_CODE: &str = "coupon purchase requirement code (0 to 4 or 9)";
const FAMILY: &str = "coupon family code of 3 digits";

/// Digits that are taken from the front.
struct Digits<'a> {
    whole: &'a str,
    at: usize,
}

impl<'a> Digits<'a> {
    const fn new(whole: &'a str) -> Self {
        Self { whole, at: 0 }
    }

    fn old_form(&mut self) -> Result<(), Fault> {
        self.sized("0123456", 6, COMPANY)?;
        self.take(6, "coupon offer of 6 digits")?;
        self.sized(VALUE, 0, "coupon value with its length in front")?;
        self.requirement()?;
        if self.field("1") {
            self.one("0123", "coupon rule for further purchases (0 to 3)")?;
            self.further()?;
        }
        if self.field("2") {
            self.further()?;
        }
        self.dates()?;
        if self.field("5") {
            self.sized("0123456789", 6, "coupon serial number with its length in front")?;
        }
        if self.field("6") {
            self.sized("1234567", 6, "coupon retailer with its length in front")?;
        }
        if self.field("9") {
            self.one("01256", "coupon value code (0, 1, 2, 5 or 6)")?;
            self.one("012", "coupon item that the value is for (0 to 2)")?;
            self.one("0123456789", "coupon flag of the store")?;
            self.one("01", "coupon flag for multiplying (0 or 1)")?;
        }
        Ok(())
    }

    fn requirement(&mut self) -> Result<(), Fault> {
        self.sized(VALUE, 0, REQUIREMENT)?;
        self.one(CODE, REQUIREMENT_CODE)?;
        self.take(3, FAMILY)?;
        Ok(())
    }

    /// A second or third purchase; its company may be left out.
    fn further(&mut self) -> Result<(), Fault> {
        self.requirement()?;
        if !self.field("9") {
            self.sized("0123456", 6, COMPANY)?;
        }
        Ok(())
    }

    fn dates(&mut self) -> Result<(), Fault> {
        let until = self.date("3")?;
        let from_at = self.at;
        let from = self.date("4")?;
        match (from, until) {
            (Some(from), Some(until)) if from > until => {
                Err(Fault::Value { at: from_at, expected: "coupon start before its end" })
            }
            (Some(_) | None, Some(_) | None) => Ok(()),
        }
    }

    fn date(&mut self, field: &str) -> Result<Option<&'a str>, Fault> {
        if !self.field(field) {
            return Ok(None);
        }
        let at = self.at;
        let date = self.take(6, "coupon date YYMMDD")?;
        match super::content::fault(Test::Date, date) {
            Some(_) => Err(Fault::Value { at, expected: "coupon date YYMMDD" }),
            None => Ok(Some(date)),
        }
    }

    /// Whether the field of this digit comes now; then its digit is taken.
    fn field(&mut self, digit: &str) -> bool {
        let comes = self.rest().starts_with(digit);
        self.at += usize::from(comes);
        comes
    }

    /// One of some digits.
    fn one(&mut self, allowed: &str, expected: &'static str) -> Result<usize, Fault> {
        let digit = self.rest().chars().next().filter(|c| allowed.contains(*c)).and_then(|c| c.to_digit(10));
        let digit = digit.and_then(|digit| usize::try_from(digit).ok());
        let digit = digit.ok_or(Fault::Value { at: self.at, expected })?;
        self.at += 1;
        Ok(digit)
    }

    /// So many digits as the one in front says, and `more`.
    fn sized(&mut self, allowed: &str, more: usize, expected: &'static str) -> Result<&'a str, Fault> {
        let count = self.one(allowed, expected)? + more;
        self.take(count, expected)
    }

    fn take(&mut self, count: usize, expected: &'static str) -> Result<&'a str, Fault> {
        let taken = self.rest().get(..count).filter(|taken| taken.bytes().all(|b| b.is_ascii_digit()));
        let taken = taken.ok_or(Fault::Value { at: self.at, expected })?;
        self.at += count;
        Ok(taken)
    }

    fn end(&self) -> Result<(), Fault> {
        if self.rest().is_empty() { Ok(()) } else { Err(Fault::Value { at: self.at, expected: "end of the coupon" }) }
    }

    fn rest(&self) -> &'a str {
        self.whole.get(self.at..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(fault: Option<Fault>) -> Option<usize> {
        match fault? {
            Fault::Value { at, .. } => Some(at),
            Fault::CheckDigit { .. } | Fault::CheckPair { .. } | Fault::Date { .. } => None,
        }
    }

    /// Company, offer, value 5, one requirement of 2, code 0, family.
    const START: &str = "012345612345615120123";

    fn after_start(fields: &str) -> Option<Fault> {
        old_form(&format!("{START}{fields}"))
    }

    #[test]
    fn coupons_of_the_old_form_are_read_to_their_end() {
        assert_eq!(old_form("106141416543213150110120"), None);
        for fields in [
            "",
            "101411239",
            "101411230123456",
            "21411239",
            "3261231",
            "32612314261201",
            "4261201",
            "50123456",
            "611234567",
            "90001",
            "10141123921411239326123142612015012345661123456790001",
        ] {
            assert_eq!(after_start(fields), None, "{fields}");
        }
    }

    #[test]
    fn a_faulty_coupon_is_named_with_its_place() {
        assert_eq!(place(old_form("")), Some(0));
        assert_eq!(place(old_form("7")), Some(0));
        assert_eq!(place(old_form("01234561234566")), Some(13));
        assert_eq!(place(after_start("7")), Some(21));
        assert_eq!(place(after_start("3261331")), Some(22));
        assert_eq!(place(after_start("32612014261231")), Some(28));
        assert_eq!(place(after_start("9003")), Some(25));
    }

    #[test]
    fn an_offer_has_format_funder_offer_and_serial_number() {
        assert_eq!(offer("001234561234560123456"), None);
        assert_eq!(place(offer("201234561234560123456")), Some(0));
        assert_eq!(place(offer("00123456123456012345")), Some(15));
        assert_eq!(place(offer("0012345612345601234567")), Some(21));
    }
}
