//! Bounded, printable text: each label of a document is a type of its own,
//! so that a till's name is never taken for a SKU.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use crate::limits;

/// Why a text is not one of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing was given.
    #[error("{what} is empty")]
    Empty {
        /// What the text was to be.
        what: &'static str,
    },
    /// More bytes than this label may have.
    #[error("{what} has {found} bytes, at most {max} are allowed")]
    TooLong {
        /// What the text was to be.
        what: &'static str,
        /// Bytes allowed.
        max: usize,
        /// Bytes found.
        found: usize,
    },
    /// A character that may not stand in it.
    #[error("{what} has the character U+{character:04X} at byte {at}, which is not allowed")]
    Character {
        /// What the text was to be.
        what: &'static str,
        /// The character's code point.
        character: u32,
        /// Its byte offset.
        at: usize,
    },
}

fn check(what: &'static str, text: &str, max: usize, allowed: fn(char) -> bool) -> Result<(), TextError> {
    if text.is_empty() {
        return Err(TextError::Empty { what });
    }
    if text.len() > max {
        return Err(TextError::TooLong { what, max, found: text.len() });
    }
    match text.char_indices().find(|(_, c)| !allowed(*c)) {
        None => Ok(()),
        Some((at, c)) => Err(TextError::Character { what, character: u32::from(c), at }),
    }
}

fn printable(c: char) -> bool {
    !c.is_control()
}

fn store_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, $max:expr, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes a text if it is within the bounds of this label.
            pub fn new(text: &str) -> Result<Self, TextError> {
                check($what, text, $max, $allowed)?;
                Ok(Self(Arc::from(text)))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = TextError;
            fn from_str(text: &str) -> Result<Self, TextError> {
                Self::new(text)
            }
        }
    };
}

text_type!(
    /// A store's id: ASCII letters, digits, `-`, `_`, `.`.
    StoreId, "store", limits::STORE_BYTES, store_character
);
text_type!(
    /// Who submits documents: a till, handheld, lane, head office.
    Source, "source", limits::SOURCE_BYTES, printable
);
text_type!(
    /// A document's id within its source.
    DocumentId, "id", limits::ID_BYTES, printable
);
text_type!(
    /// A stock keeping unit: the key of a balance.
    Sku, "SKU", limits::ITEM_BYTES, printable
);
text_type!(
    /// A code as it names an item; a GTIN stands in its 14-digit form.
    Code, "code", limits::ITEM_BYTES, printable
);
text_type!(
    /// A purchase order, ASN, SSCC, transfer or count.
    Reference, "reference", limits::REFERENCE_BYTES, printable
);
text_type!(
    /// A note, with card digits already masked.
    Note, "note", limits::NOTE_BYTES, printable
);
text_type!(
    /// Any other label: till, operator, lot, serial, zone, counter, ...
    Label, "label", limits::LABEL_BYTES, printable
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_at_the_limit_is_taken_and_one_byte_more_is_refused() {
        let at = "x".repeat(limits::SOURCE_BYTES);
        assert!(Source::new(&at).is_ok());
        assert_eq!(Source::new(&format!("{at}x")), Err(TextError::TooLong { what: "source", max: 128, found: 129 }));
    }

    #[test]
    fn a_control_character_is_refused_by_name_and_place() {
        assert_eq!(Label::new("ab\u{0}"), Err(TextError::Character { what: "label", character: 0, at: 2 }));
    }

    #[test]
    fn a_store_id_is_plain_ascii() {
        assert!(StoreId::new("S0001").is_ok());
        assert!(StoreId::new("S 1").is_err());
        assert!(StoreId::new("").is_err());
    }
}
