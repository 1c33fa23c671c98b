//! Why bytes are not one of our messages.

use tidemark_model::TextError;

use crate::batch::{PackError, UnpackError};
use crate::protobuf::WireError;

/// Why bytes are not a message of ours; the text names the field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// More bytes than one may have.
    #[error("it has {found} bytes, at most {max} are allowed")]
    TooLong {
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// The bytes are not protobuf.
    #[error("it is not protobuf: {0}")]
    Protobuf(String),
    /// A field that has to be there is not.
    #[error("`{field}` is missing")]
    Missing {
        /// The field.
        field: &'static str,
    },
    /// A field has another wire type than the schema says.
    #[error("`{field}` is not of its type")]
    Type {
        /// The field.
        field: &'static str,
    },
    /// A text is not UTF-8.
    #[error("`{field}` is not UTF-8")]
    Utf8 {
        /// The field.
        field: &'static str,
    },
    /// A text breaks the rules of its label.
    #[error("`{field}`: {cause}")]
    Text {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        cause: TextError,
    },
    /// An enum's number that this release does not know.
    #[error("`{field}` has the number {number}, which this release does not know")]
    Unknown {
        /// The field.
        field: &'static str,
        /// The number.
        number: u64,
    },
    /// A value out of its bounds.
    #[error("`{field}` is {found}, {bounds}")]
    Range {
        /// The field.
        field: &'static str,
        /// What was found.
        found: u64,
        /// What is allowed, as the end of a sentence.
        bounds: &'static str,
    },
    /// Bytes that are not as many as they have to be.
    #[error("`{field}` has {found} bytes, not {expected}")]
    Length {
        /// The field.
        field: &'static str,
        /// Bytes found.
        found: usize,
        /// Bytes expected.
        expected: usize,
    },
    /// More of something than may be.
    #[error("`{field}` has {found} entries or bytes, at most {max} are allowed")]
    TooMany {
        /// The field.
        field: &'static str,
        /// How many were found.
        found: usize,
        /// How many are allowed.
        max: usize,
    },
    /// A control character in a text for people.
    #[error("`{field}` has a control character")]
    Control {
        /// The field.
        field: &'static str,
    },
    /// A key that stands in a list twice.
    #[error("`{field}` names one thing twice")]
    Twice {
        /// The field.
        field: &'static str,
    },
    /// Two fields of which only one may be there.
    #[error("`{one}` and `{other}` are both there, only one may be")]
    Both {
        /// One of them.
        one: &'static str,
        /// The other.
        other: &'static str,
    },
    /// A batch's payload does not unpack.
    #[error("`batch.payload`: {0}")]
    Batch(#[from] UnpackError),
}

/// Why a message can't be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A batch beyond the bounds.
    #[error(transparent)]
    Batch(#[from] PackError),
}

impl From<WireError> for DecodeError {
    fn from(error: WireError) -> Self {
        Self::Protobuf(error.to_string())
    }
}

impl From<prost::DecodeError> for DecodeError {
    fn from(error: prost::DecodeError) -> Self {
        Self::Protobuf(error.to_string())
    }
}
