use super::Ai;

/// Why a text is not a GS1 element string. Places are bytes from the start
/// of the data, behind any symbology identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Gs1Error {
    /// No element at all.
    #[error("a GS1 code without any element")]
    Empty,
    /// No application identifier where one must stand.
    #[error("no known application identifier at byte {at}; is a group separator missing before it?")]
    UnknownAi {
        /// Where.
        at: usize,
    },
    /// A value ends too early.
    #[error("AI {ai} needs {expected} characters at byte {at}, found {found}")]
    Short {
        /// The identifier.
        ai: Ai,
        /// Where the value (or the part of it) starts.
        at: usize,
        /// Characters it needs.
        expected: usize,
        /// Characters there.
        found: usize,
    },
    /// A value is longer than its identifier allows.
    #[error("AI {ai} has at most {allowed} characters, found {found}; is a group separator missing after it?")]
    TooLong {
        /// The identifier.
        ai: Ai,
        /// The first byte too many.
        at: usize,
        /// Characters allowed.
        allowed: usize,
        /// Characters there.
        found: usize,
    },
    /// A character that may not stand in this value.
    #[error("AI {ai} may not hold {found:?} at byte {at}")]
    Character {
        /// The identifier.
        ai: Ai,
        /// Where.
        at: usize,
        /// The character.
        found: char,
    },
    /// A check digit does not fit.
    #[error("check digit of AI {ai} at byte {at} is {found}, expected {expected}")]
    CheckDigit {
        /// The identifier.
        ai: Ai,
        /// Where the digit stands.
        at: usize,
        /// The digit there.
        found: u8,
        /// The digit the others ask for.
        expected: u8,
    },
    /// Not a day of the calendar.
    #[error("AI {ai} has no valid date YYMMDD at byte {at}")]
    Date {
        /// The identifier.
        ai: Ai,
        /// Where.
        at: usize,
    },
    /// The same identifier twice, with two values.
    #[error("AI {ai} stands twice with different values, the second at byte {at}")]
    Repeated {
        /// The identifier.
        ai: Ai,
        /// Where the second stands.
        at: usize,
    },
}

impl Gs1Error {
    /// The code in JSON, metrics and counters.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "gs1_empty",
            Self::UnknownAi { .. } => "gs1_unknown_ai",
            Self::Short { .. } => "gs1_value_short",
            Self::TooLong { .. } => "gs1_value_long",
            Self::Character { .. } => "gs1_character",
            Self::CheckDigit { .. } => "gs1_check_digit",
            Self::Date { .. } => "gs1_date",
            Self::Repeated { .. } => "gs1_repeated",
        }
    }
}
