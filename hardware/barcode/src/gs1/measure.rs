use super::{Ai, Element};

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

    pub(super) fn of(element: Element<'_>) -> Option<Self> {
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
