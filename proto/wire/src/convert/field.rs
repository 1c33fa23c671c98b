//! Single fields of generated messages, checked.

use tidemark_model::{EpochOrdinal, StoreId, TextError};

use crate::error::DecodeError;
use crate::limits::TEXT_BYTES;

/// A text that must be there.
pub(super) fn text<T>(
    value: &str,
    field: &'static str,
    make: fn(&str) -> Result<T, TextError>,
) -> Result<T, DecodeError> {
    if value.is_empty() {
        return Err(DecodeError::Missing { field });
    }
    make(value).map_err(|cause| DecodeError::Text { field, cause })
}

/// A text that may be absent.
pub(super) fn text_if<T>(
    value: &str,
    field: &'static str,
    make: fn(&str) -> Result<T, TextError>,
) -> Result<Option<T>, DecodeError> {
    if value.is_empty() { Ok(None) } else { text(value, field, make).map(Some) }
}

/// The shop of a request.
pub(super) fn store(value: &str) -> Result<StoreId, DecodeError> {
    text(value, "store", StoreId::new)
}

/// A text for people as it came.
pub(super) fn words(value: String, field: &'static str) -> Result<String, DecodeError> {
    at_most(value.len(), TEXT_BYTES, field)?;
    if value.chars().any(char::is_control) {
        return Err(DecodeError::Control { field });
    }
    Ok(value)
}

/// A text for people as it goes: cut, without control characters.
pub(crate) fn spoken(value: &str) -> String {
    let mut spoken = String::new();
    for c in value.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }) {
        if spoken.len() + c.len_utf8() > TEXT_BYTES {
            break;
        }
        spoken.push(c);
    }
    spoken
}

/// Bytes of a fixed length.
pub(super) fn array<const N: usize>(value: &[u8], field: &'static str) -> Result<[u8; N], DecodeError> {
    value.try_into().map_err(|_length| DecodeError::Length { field, found: value.len(), expected: N })
}

/// A message that must be there.
pub(super) fn needed<T>(value: Option<T>, field: &'static str) -> Result<T, DecodeError> {
    value.ok_or(DecodeError::Missing { field })
}

/// The ordinal of an epoch, from 1.
pub(super) fn ordinal(value: u32, field: &'static str) -> Result<EpochOrdinal, DecodeError> {
    if value == 0 { Err(DecodeError::Missing { field }) } else { Ok(EpochOrdinal(value)) }
}

/// Not more of something than may be.
pub(super) fn at_most(found: usize, max: usize, field: &'static str) -> Result<(), DecodeError> {
    if found > max { Err(DecodeError::TooMany { field, found, max }) } else { Ok(()) }
}

/// All of a list, each converted.
pub(super) fn all<P, T>(
    values: impl IntoIterator<Item = P>,
    convert: impl FnMut(P) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    values.into_iter().map(convert).collect()
}

/// A number that means an enum's variant; 0 means it is absent.
pub(super) fn unknown(field: &'static str, number: i32) -> DecodeError {
    match u64::try_from(number) {
        Ok(0) => DecodeError::Missing { field },
        Ok(number) => DecodeError::Unknown { field, number },
        Err(_negative) => DecodeError::Unknown { field, number: u64::MAX },
    }
}
