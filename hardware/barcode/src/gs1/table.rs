//! The application identifiers: which there are, and what their values are
//! made of (GS1 Barcode Syntax Dictionary; GS1 General Specifications 3.2).
//!
//! Rows stand in the order of their digits.

use super::Ai;

/// The characters of a part of a value.
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

/// What a part must fulfil beyond its characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// Nothing.
    None,
    /// The last digit is the check digit of those before it.
    CheckDigit,
    /// `YYMMDD`, day 00 allowed.
    Date,
}

/// One part of a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) set: Set,
    pub(super) shortest: usize,
    pub(super) longest: usize,
    pub(super) test: Test,
    pub(super) optional: bool,
}

impl Part {
    const fn of(set: Set, shortest: usize, longest: usize) -> Self {
        Self { set, shortest, longest, test: Test::None, optional: false }
    }

    const fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    const fn with(self, test: Test) -> Self {
        Self { test, ..self }
    }
}

/// The identifiers `from..=to` (of `digits` digits), which have one shape.
#[derive(Debug)]
pub(super) struct Row {
    from: u16,
    to: u16,
    digits: u8,
    /// The value ends by its length, no separator needed.
    pub(super) predefined: bool,
    pub(super) parts: &'static [Part],
}

impl Row {
    /// The most characters a value may have.
    pub(super) fn longest(&self) -> usize {
        self.parts.iter().map(|part| part.longest).sum()
    }

    /// Its place among all: the digits filled up to four.
    const fn order(&self) -> u16 {
        match self.digits {
            2 => self.from * 100,
            3 => self.from * 10,
            _ => self.from,
        }
    }
}

const fn ends_by_length(from: u16, to: u16, digits: u8, parts: &'static [Part]) -> Row {
    Row { from, to, digits, predefined: true, parts }
}

const fn ends_by_separator(from: u16, to: u16, digits: u8, parts: &'static [Part]) -> Row {
    Row { from, to, digits, predefined: false, parts }
}

const fn digits(count: usize) -> Part {
    Part::of(Set::Digits, count, count)
}

const fn up_to_digits(longest: usize) -> Part {
    Part::of(Set::Digits, 1, longest)
}

const fn text(longest: usize) -> Part {
    Part::of(Set::Text, 1, longest)
}

const N1: Part = digits(1);
const N2: Part = digits(2);
const N3: Part = digits(3);
const N4: Part = digits(4);
const N5: Part = digits(5);
const N6: Part = digits(6);
const N8: Part = digits(8);
const N10: Part = digits(10);
const N13: Part = digits(13);
const N15: Part = digits(15);
const N18: Part = digits(18);
const N32: Part = digits(32);
const N13_CHECKED: Part = N13.with(Test::CheckDigit);
const N14_CHECKED: Part = digits(14).with(Test::CheckDigit);
const N17_CHECKED: Part = digits(17).with(Test::CheckDigit);
const N18_CHECKED: Part = N18.with(Test::CheckDigit);
const DATE: Part = N6.with(Test::Date);
const UP_TO_N2: Part = up_to_digits(2);
const UP_TO_N4: Part = up_to_digits(4);
const UP_TO_N6: Part = up_to_digits(6);
const UP_TO_N8: Part = up_to_digits(8);
const UP_TO_N10: Part = up_to_digits(10);
const UP_TO_N12: Part = up_to_digits(12);
const UP_TO_N15: Part = up_to_digits(15);
const X1: Part = text(1);
const X2: Part = Part::of(Set::Text, 2, 2);
const UP_TO_X2: Part = text(2);
const X3: Part = Part::of(Set::Text, 3, 3);
const UP_TO_X3: Part = text(3);
const UP_TO_X4: Part = text(4);
const UP_TO_X9: Part = text(9);
const UP_TO_X10: Part = text(10);
const UP_TO_X12: Part = text(12);
const UP_TO_X16: Part = text(16);
const UP_TO_X17: Part = text(17);
const UP_TO_X20: Part = text(20);
const UP_TO_X25: Part = text(25);
const UP_TO_X27: Part = text(27);
const UP_TO_X28: Part = text(28);
const UP_TO_X30: Part = text(30);
const UP_TO_X34: Part = text(34);
const UP_TO_X35: Part = text(35);
const UP_TO_X40: Part = text(40);
const UP_TO_X50: Part = text(50);
const UP_TO_X70: Part = text(70);
const UP_TO_X90: Part = text(90);
const UP_TO_Y30: Part = Part::of(Set::Part, 1, 30);
const UP_TO_Z90: Part = Part::of(Set::Base64, 1, 90);
const MAYBE_N2: Part = N2.optional();
const MAYBE_N3: Part = N3.optional();
const MAYBE_N4: Part = N4.optional();
const MAYBE_DATE: Part = DATE.optional();
const MAYBE_X1: Part = X1.optional();
const MAYBE_UP_TO_N2: Part = UP_TO_N2.optional();
const MAYBE_N12: Part = UP_TO_N12.optional();
const MAYBE_X16: Part = UP_TO_X16.optional();
const MAYBE_X17: Part = UP_TO_X17.optional();

static ROWS: &[Row] = &[
    ends_by_length(0, 0, 2, &[N18_CHECKED]),
    ends_by_length(1, 3, 2, &[N14_CHECKED]),
    ends_by_separator(10, 10, 2, &[UP_TO_X20]),
    ends_by_length(11, 13, 2, &[DATE]),
    ends_by_length(15, 17, 2, &[DATE]),
    ends_by_length(20, 20, 2, &[N2]),
    ends_by_separator(21, 22, 2, &[UP_TO_X20]),
    ends_by_separator(235, 235, 3, &[UP_TO_X28]),
    ends_by_separator(240, 241, 3, &[UP_TO_X30]),
    ends_by_separator(242, 242, 3, &[UP_TO_N6]),
    ends_by_separator(243, 243, 3, &[UP_TO_X20]),
    ends_by_separator(250, 251, 3, &[UP_TO_X30]),
    ends_by_separator(253, 253, 3, &[N13_CHECKED, MAYBE_X17]),
    ends_by_separator(254, 254, 3, &[UP_TO_X20]),
    ends_by_separator(255, 255, 3, &[N13_CHECKED, MAYBE_N12]),
    ends_by_separator(30, 30, 2, &[UP_TO_N8]),
    // Measures: the last digit of the identifier says how many decimals.
    ends_by_length(3100, 3105, 4, &[N6]),
    ends_by_length(3110, 3115, 4, &[N6]),
    ends_by_length(3120, 3125, 4, &[N6]),
    ends_by_length(3130, 3135, 4, &[N6]),
    ends_by_length(3140, 3145, 4, &[N6]),
    ends_by_length(3150, 3155, 4, &[N6]),
    ends_by_length(3160, 3165, 4, &[N6]),
    ends_by_length(3200, 3205, 4, &[N6]),
    ends_by_length(3210, 3215, 4, &[N6]),
    ends_by_length(3220, 3225, 4, &[N6]),
    ends_by_length(3230, 3235, 4, &[N6]),
    ends_by_length(3240, 3245, 4, &[N6]),
    ends_by_length(3250, 3255, 4, &[N6]),
    ends_by_length(3260, 3265, 4, &[N6]),
    ends_by_length(3270, 3275, 4, &[N6]),
    ends_by_length(3280, 3285, 4, &[N6]),
    ends_by_length(3290, 3295, 4, &[N6]),
    ends_by_length(3300, 3305, 4, &[N6]),
    ends_by_length(3310, 3315, 4, &[N6]),
    ends_by_length(3320, 3325, 4, &[N6]),
    ends_by_length(3330, 3335, 4, &[N6]),
    ends_by_length(3340, 3345, 4, &[N6]),
    ends_by_length(3350, 3355, 4, &[N6]),
    ends_by_length(3360, 3365, 4, &[N6]),
    ends_by_length(3370, 3375, 4, &[N6]),
    ends_by_length(3400, 3405, 4, &[N6]),
    ends_by_length(3410, 3415, 4, &[N6]),
    ends_by_length(3420, 3425, 4, &[N6]),
    ends_by_length(3430, 3435, 4, &[N6]),
    ends_by_length(3440, 3445, 4, &[N6]),
    ends_by_length(3450, 3455, 4, &[N6]),
    ends_by_length(3460, 3465, 4, &[N6]),
    ends_by_length(3470, 3475, 4, &[N6]),
    ends_by_length(3480, 3485, 4, &[N6]),
    ends_by_length(3490, 3495, 4, &[N6]),
    ends_by_length(3500, 3505, 4, &[N6]),
    ends_by_length(3510, 3515, 4, &[N6]),
    ends_by_length(3520, 3525, 4, &[N6]),
    ends_by_length(3530, 3535, 4, &[N6]),
    ends_by_length(3540, 3545, 4, &[N6]),
    ends_by_length(3550, 3555, 4, &[N6]),
    ends_by_length(3560, 3565, 4, &[N6]),
    ends_by_length(3570, 3575, 4, &[N6]),
    ends_by_length(3600, 3605, 4, &[N6]),
    ends_by_length(3610, 3615, 4, &[N6]),
    ends_by_length(3620, 3625, 4, &[N6]),
    ends_by_length(3630, 3635, 4, &[N6]),
    ends_by_length(3640, 3645, 4, &[N6]),
    ends_by_length(3650, 3655, 4, &[N6]),
    ends_by_length(3660, 3665, 4, &[N6]),
    ends_by_length(3670, 3675, 4, &[N6]),
    ends_by_length(3680, 3685, 4, &[N6]),
    ends_by_length(3690, 3695, 4, &[N6]),
    ends_by_separator(37, 37, 2, &[UP_TO_N8]),
    // Amounts and prices.
    ends_by_separator(3900, 3909, 4, &[UP_TO_N15]),
    ends_by_separator(3910, 3919, 4, &[N3, UP_TO_N15]),
    ends_by_separator(3920, 3929, 4, &[UP_TO_N15]),
    ends_by_separator(3930, 3939, 4, &[N3, UP_TO_N15]),
    ends_by_separator(3940, 3943, 4, &[N4]),
    ends_by_separator(3950, 3955, 4, &[N6]),
    // Orders, locations, countries.
    ends_by_separator(400, 401, 3, &[UP_TO_X30]),
    ends_by_separator(402, 402, 3, &[N17_CHECKED]),
    ends_by_separator(403, 403, 3, &[UP_TO_X30]),
    ends_by_length(410, 417, 3, &[N13_CHECKED]),
    ends_by_separator(420, 420, 3, &[UP_TO_X20]),
    ends_by_separator(421, 421, 3, &[N3, UP_TO_X9]),
    ends_by_separator(422, 422, 3, &[N3]),
    ends_by_separator(423, 423, 3, &[N3, MAYBE_N3, MAYBE_N3, MAYBE_N3, MAYBE_N3]),
    ends_by_separator(424, 424, 3, &[N3]),
    ends_by_separator(425, 425, 3, &[N3, MAYBE_N3, MAYBE_N3, MAYBE_N3, MAYBE_N3]),
    ends_by_separator(426, 426, 3, &[N3]),
    ends_by_separator(427, 427, 3, &[UP_TO_X3]),
    // Transport.
    ends_by_separator(4300, 4301, 4, &[UP_TO_X35]),
    ends_by_separator(4302, 4306, 4, &[UP_TO_X70]),
    ends_by_separator(4307, 4307, 4, &[X2]),
    ends_by_separator(4308, 4308, 4, &[UP_TO_X30]),
    ends_by_separator(4309, 4309, 4, &[N10, N10]),
    ends_by_separator(4310, 4311, 4, &[UP_TO_X35]),
    ends_by_separator(4312, 4316, 4, &[UP_TO_X70]),
    ends_by_separator(4317, 4317, 4, &[X2]),
    ends_by_separator(4318, 4318, 4, &[UP_TO_X20]),
    ends_by_separator(4319, 4319, 4, &[UP_TO_X30]),
    ends_by_separator(4320, 4320, 4, &[UP_TO_X35]),
    ends_by_separator(4321, 4323, 4, &[N1]),
    ends_by_separator(4324, 4325, 4, &[DATE, N4]),
    ends_by_separator(4326, 4326, 4, &[DATE]),
    ends_by_separator(4330, 4333, 4, &[N6, MAYBE_X1]),
    // Food, health, certificates, people.
    ends_by_separator(7001, 7001, 4, &[N13]),
    ends_by_separator(7002, 7002, 4, &[UP_TO_X30]),
    ends_by_separator(7003, 7003, 4, &[DATE, N4]),
    ends_by_separator(7004, 7004, 4, &[UP_TO_N4]),
    ends_by_separator(7005, 7005, 4, &[UP_TO_X12]),
    ends_by_separator(7006, 7006, 4, &[DATE]),
    ends_by_separator(7007, 7007, 4, &[DATE, MAYBE_DATE]),
    ends_by_separator(7008, 7008, 4, &[UP_TO_X3]),
    ends_by_separator(7009, 7009, 4, &[UP_TO_X10]),
    ends_by_separator(7010, 7010, 4, &[UP_TO_X2]),
    ends_by_separator(7011, 7011, 4, &[DATE, MAYBE_N4]),
    ends_by_separator(7020, 7022, 4, &[UP_TO_X20]),
    ends_by_separator(7023, 7023, 4, &[UP_TO_X30]),
    ends_by_separator(7030, 7039, 4, &[N3, UP_TO_X27]),
    ends_by_separator(7040, 7040, 4, &[N1, X1, X1, X1]),
    ends_by_separator(7041, 7041, 4, &[UP_TO_X4]),
    ends_by_separator(710, 717, 3, &[UP_TO_X20]),
    ends_by_separator(7230, 7239, 4, &[X2, UP_TO_X28]),
    ends_by_separator(7240, 7240, 4, &[UP_TO_X20]),
    ends_by_separator(7241, 7241, 4, &[N2]),
    ends_by_separator(7242, 7242, 4, &[UP_TO_X25]),
    ends_by_separator(7250, 7250, 4, &[N8]),
    ends_by_separator(7251, 7251, 4, &[N8, N4]),
    ends_by_separator(7252, 7252, 4, &[N1]),
    ends_by_separator(7253, 7254, 4, &[UP_TO_X40]),
    ends_by_separator(7255, 7255, 4, &[UP_TO_X10]),
    ends_by_separator(7256, 7256, 4, &[UP_TO_X90]),
    ends_by_separator(7257, 7257, 4, &[UP_TO_X70]),
    ends_by_separator(7258, 7258, 4, &[X3]),
    ends_by_separator(7259, 7259, 4, &[UP_TO_X40]),
    // Everything else.
    ends_by_separator(8001, 8001, 4, &[N4, N5, N3, N1, N1]),
    ends_by_separator(8002, 8002, 4, &[UP_TO_X20]),
    ends_by_separator(8003, 8003, 4, &[N1, N13_CHECKED, MAYBE_X16]),
    ends_by_separator(8004, 8004, 4, &[UP_TO_X30]),
    ends_by_separator(8005, 8005, 4, &[N6]),
    ends_by_separator(8006, 8006, 4, &[N14_CHECKED, N4]),
    ends_by_separator(8007, 8007, 4, &[UP_TO_X34]),
    ends_by_separator(8008, 8008, 4, &[DATE, N2, MAYBE_N2, MAYBE_N2]),
    ends_by_separator(8009, 8009, 4, &[UP_TO_X50]),
    ends_by_separator(8010, 8010, 4, &[UP_TO_Y30]),
    ends_by_separator(8011, 8011, 4, &[UP_TO_N12]),
    ends_by_separator(8012, 8012, 4, &[UP_TO_X20]),
    ends_by_separator(8013, 8014, 4, &[UP_TO_X25]),
    ends_by_separator(8017, 8018, 4, &[N18_CHECKED]),
    ends_by_separator(8019, 8019, 4, &[UP_TO_N10]),
    ends_by_separator(8020, 8020, 4, &[UP_TO_X25]),
    ends_by_separator(8026, 8026, 4, &[N14_CHECKED, N4]),
    ends_by_separator(8030, 8030, 4, &[UP_TO_Z90]),
    ends_by_separator(8040, 8041, 4, &[N15]),
    ends_by_separator(8042, 8042, 4, &[N32]),
    ends_by_separator(8043, 8043, 4, &[N18, MAYBE_UP_TO_N2]),
    ends_by_separator(8110, 8110, 4, &[UP_TO_X70]),
    ends_by_separator(8111, 8111, 4, &[N4]),
    ends_by_separator(8112, 8112, 4, &[UP_TO_X70]),
    ends_by_separator(8200, 8200, 4, &[UP_TO_X70]),
    ends_by_separator(90, 90, 2, &[UP_TO_X30]),
    ends_by_separator(91, 99, 2, &[UP_TO_X90]),
];

/// How many digits the identifiers have that start with these two.
const fn digits_of(first_two: u16) -> Option<u8> {
    match first_two {
        0..=3 | 10..=13 | 15..=17 | 20..=22 | 30 | 37 | 90..=99 => Some(2),
        23..=25 | 40..=42 | 71 => Some(3),
        31..=36 | 39 | 43 | 70 | 72 | 80..=82 => Some(4),
        _ => None,
    }
}

/// The identifier a text starts with, and its row.
pub(super) fn find(text: &str) -> Option<(Ai, &'static Row)> {
    let number = |digits: u8| -> Option<u16> {
        let text = text.get(..usize::from(digits))?;
        if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
    };
    let digits = digits_of(number(2)?)?;
    let ai = Ai { number: number(digits)?, digits };
    let order = Row { from: ai.number, to: ai.number, digits, predefined: false, parts: &[] }.order();
    let after = ROWS.partition_point(|row| row.order() <= order);
    let row = ROWS.get(after.checked_sub(1)?)?;
    (row.digits == digits && (row.from..=row.to).contains(&ai.number)).then_some((ai, row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_order_and_none_overlaps_the_next() {
        for pair in ROWS.windows(2) {
            let end = Row { from: pair[0].to, parts: &[], ..pair[0] }.order();
            assert!(pair[0].order() <= end && end < pair[1].order(), "{:?}", pair[1]);
        }
    }

    #[test]
    fn every_identifier_of_every_row_is_found_by_its_digits() {
        for row in ROWS {
            for number in row.from..=row.to {
                let ai = Ai { number, digits: row.digits };
                let found = find(&format!("{ai}000")).map(|(ai, row)| (ai, row.from));
                assert_eq!(found, Some((ai, row.from)));
            }
        }
    }

    #[test]
    fn only_predefined_prefixes_end_by_length_and_they_have_one_length() {
        for row in ROWS {
            let prefix = row.order() / 100;
            assert_eq!(row.predefined, matches!(prefix, 0..=4 | 11..=20 | 31..=36 | 41), "{row:?}");
            assert!(!row.predefined || row.parts.iter().all(|p| p.shortest == p.longest && !p.optional));
        }
    }

    #[test]
    fn what_is_no_identifier_is_not_found() {
        for text in ["", "0", "04", "05", "14", "3106000000", "3960", "4180", "70", "é1", "0é", "9", "8", "x1"] {
            assert!(find(text).is_none(), "{text}");
        }
    }
}
