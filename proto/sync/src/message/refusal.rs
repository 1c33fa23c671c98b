//! Why the centre does not take what a box said.

use std::fmt;

/// Why a stream is not opened or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefusalCode {
    /// The centre has no such store.
    UnknownStore,
    /// The certificate is another store's.
    WrongStore,
    /// The store is closed for good.
    ClosedStore,
    /// Another box of the store was heard within 90 seconds.
    SecondBox,
    /// The protocol's version is not spoken here.
    Protocol,
    /// A message that does not decode or has a value out of bounds.
    Malformed,
    /// A message out of turn: none but `Hello` first, `Hello` once.
    OutOfTurn,
    /// Records of an epoch that is not of this store.
    WrongEpoch,
    /// Seqs of a batch that do not ascend, or are 0 or beyond all bounds.
    Disorder,
    /// A batch or record beyond the limits, or backlog without credit.
    TooLarge,
}

impl RefusalCode {
    /// Every code.
    pub const ALL: [Self; 10] = [
        Self::UnknownStore,
        Self::WrongStore,
        Self::ClosedStore,
        Self::SecondBox,
        Self::Protocol,
        Self::Malformed,
        Self::OutOfTurn,
        Self::WrongEpoch,
        Self::Disorder,
        Self::TooLarge,
    ];

    /// Its spelling on pages, in metrics and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownStore => "UNKNOWN_STORE",
            Self::WrongStore => "WRONG_STORE",
            Self::ClosedStore => "CLOSED_STORE",
            Self::SecondBox => "SECOND_BOX",
            Self::Protocol => "PROTOCOL",
            Self::Malformed => "MALFORMED",
            Self::OutOfTurn => "OUT_OF_TURN",
            Self::WrongEpoch => "WRONG_EPOCH",
            Self::Disorder => "DISORDER",
            Self::TooLarge => "TOO_LARGE",
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::UnknownStore => {
                "import the store at the centre, or correct the store's id in the box's configuration"
            }
            Self::WrongStore => "give the box the certificate of its own store",
            Self::ClosedStore => "open the store again at the centre, or switch the box off",
            Self::SecondBox => "decide at the centre which box is the store's, and switch the other off",
            Self::Protocol => "update the box, or the centre if the box is the newer one",
            Self::Malformed | Self::OutOfTurn | Self::WrongEpoch | Self::Disorder | Self::TooLarge => {
                "update box and centre to releases that belong together; if they do, report the detail"
            }
        }
    }
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A refusal ends the stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}; {}", code.remedy())]
pub struct Refusal {
    /// The reason.
    pub code: RefusalCode,
    /// One sentence of what was found.
    pub detail: String,
}

impl Refusal {
    /// A refusal with its detail.
    #[must_use]
    pub fn new(code: RefusalCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_code_cause_and_remedy() {
        let text = Refusal::new(RefusalCode::UnknownStore, "the centre has no store S9").to_string();
        assert!(text.starts_with("UNKNOWN_STORE: the centre has no store S9; import the store"), "{text}");
    }

    #[test]
    fn no_two_codes_are_spelled_alike() {
        let spelled: std::collections::BTreeSet<_> = RefusalCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(spelled.len(), RefusalCode::ALL.len());
    }
}
