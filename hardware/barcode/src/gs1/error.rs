use std::fmt;

use super::Ai;
use super::table::{AnyOf, Span};

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
    /// The two check characters of a model number do not fit.
    #[error("check characters of AI {ai} at byte {at} are wrong, expected {expected}")]
    CheckPair {
        /// The identifier.
        ai: Ai,
        /// Where the two stand.
        at: usize,
        /// What the characters before them ask for.
        expected: CheckPair,
    },
    /// Not a day of the calendar.
    #[error("AI {ai} has no valid date {form} at byte {at}")]
    Date {
        /// The identifier.
        ai: Ai,
        /// Where.
        at: usize,
        /// How the date is written.
        form: &'static str,
    },
    /// A value of the right form that means nothing.
    #[error("AI {ai} has no {expected} at byte {at}")]
    Value {
        /// The identifier.
        ai: Ai,
        /// Where.
        at: usize,
        /// What must stand there.
        expected: &'static str,
    },
    /// The same identifier twice, with two values.
    #[error("AI {ai} stands twice with different values, the second at byte {at}")]
    Repeated {
        /// The identifier.
        ai: Ai,
        /// Where the second stands.
        at: usize,
    },
    /// An identifier without one that it needs beside it.
    #[error("AI {ai} at byte {at} needs {needs} in the same code")]
    Alone {
        /// The identifier.
        ai: Ai,
        /// Where it stands.
        at: usize,
        /// What it needs.
        needs: Companions,
    },
    /// Two identifiers that rule each other out.
    #[error("AI {ai} at byte {at} may not stand in one code with AI {other}")]
    Excluded {
        /// The identifier that rules the other out.
        ai: Ai,
        /// Where it stands.
        at: usize,
        /// The other one.
        other: Ai,
    },
    /// More elements than any code needs.
    #[error("more than {} elements: what stands at byte {at} is not read", crate::limits::ELEMENTS)]
    TooMany {
        /// Where the first too many stands.
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
            Self::CheckPair { .. } => "gs1_check_pair",
            Self::Date { .. } => "gs1_date",
            Self::Value { .. } => "gs1_value",
            Self::Repeated { .. } => "gs1_repeated",
            Self::Alone { .. } => "gs1_alone",
            Self::Excluded { .. } => "gs1_excluded",
            Self::TooMany { .. } => "gs1_too_many",
        }
    }

    /// Where: a byte of the data.
    #[must_use]
    pub const fn at(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::UnknownAi { at }
            | Self::Short { at, .. }
            | Self::TooLong { at, .. }
            | Self::Character { at, .. }
            | Self::CheckDigit { at, .. }
            | Self::CheckPair { at, .. }
            | Self::Date { at, .. }
            | Self::Value { at, .. }
            | Self::Repeated { at, .. }
            | Self::Alone { at, .. }
            | Self::Excluded { at, .. }
            | Self::TooMany { at } => *at,
        }
    }

    /// The same fault at another place.
    pub(super) fn moved(mut self, place: impl FnOnce(usize) -> usize) -> Self {
        match &mut self {
            Self::Empty => {}
            Self::UnknownAi { at }
            | Self::Short { at, .. }
            | Self::TooLong { at, .. }
            | Self::Character { at, .. }
            | Self::CheckDigit { at, .. }
            | Self::CheckPair { at, .. }
            | Self::Date { at, .. }
            | Self::Value { at, .. }
            | Self::Repeated { at, .. }
            | Self::Alone { at, .. }
            | Self::Excluded { at, .. }
            | Self::TooMany { at } => *at = place(*at),
        }
        self
    }
}

/// Two check characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckPair(pub(super) [u8; 2]);

impl fmt::Display for CheckPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&byte| write!(f, "{}", char::from(byte)))
    }
}

/// Identifiers of which one group must be there: `AI 01 with 21, or 8006`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Companions(pub(super) AnyOf);

impl fmt::Display for Companions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AI ")?;
        for (n, group) in self.0.iter().enumerate() {
            f.write_str(if n == 0 { "" } else { ", or " })?;
            for (m, span) in group.iter().enumerate() {
                f.write_str(if m == 0 { "" } else { " with " })?;
                span.fmt(f)?;
            }
        }
        Ok(())
    }
}

/// `01`, or `31nn` for all that start with 31.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let any = match self.to - self.from {
            0 => 0,
            1..10 => 1,
            _ => 2,
        };
        let (known, digits) = (self.from / 10_u16.pow(any), u32::from(self.digits) - any);
        write!(f, "{known:0width$}", width = usize::try_from(digits).unwrap_or(0))?;
        (0..any).try_for_each(|_| f.write_str("n"))
    }
}
