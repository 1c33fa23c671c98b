use std::fmt;

use super::table;

/// An application identifier of two to four digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ai {
    pub(super) number: u16,
    pub(super) digits: u8,
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

    /// What the GS1 dictionary calls it: `BATCH/LOT`. Empty for the few that
    /// it gives no name.
    #[must_use]
    pub fn title(self) -> &'static str {
        table::row_of(self).map_or("", |row| row.title)
    }
}

impl fmt::Display for Ai {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0width$}", self.number, width = usize::from(self.digits))
    }
}
