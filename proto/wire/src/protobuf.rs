//! The protobuf encoding itself, over borrowed bytes: movements are read and
//! written millions of times, and their bytes must not depend on what a
//! library's next release thinks is a good order. The generated code reads
//! and writes the same; a test compares them.

/// Why bytes are not protobuf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WireError {
    /// The bytes end inside a field.
    #[error("the bytes end inside a field")]
    Truncated,
    /// A number takes more than 64 bits.
    #[error("a number takes more than 64 bits")]
    Overlong,
    /// A field's key is not one: number 0, or a wire type nobody uses.
    #[error("a field has the key {0}, which is none")]
    Key(u64),
}

/// One field's value as the wire tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// Numbers, enums, truths.
    Varint(u64),
    /// Eight bytes, little-endian.
    Fixed64(u64),
    /// Texts, bytes, messages.
    Bytes(&'a [u8]),
    /// Four bytes, little-endian; none of ours.
    Fixed32,
}

/// A message's fields, in the order in which they stand.
#[derive(Clone, Debug)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) const fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What is not read yet.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next field's number and value; none at the end.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<(u64, Value<'a>)>, WireError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let key = take_varint(&mut self.rest)?;
        let number = key >> 3;
        if number == 0 {
            return Err(WireError::Key(key));
        }
        let value = match key & 7 {
            0 => Value::Varint(take_varint(&mut self.rest)?),
            1 => Value::Fixed64(u64::from_le_bytes(*take_array(&mut self.rest)?)),
            2 => {
                let length = take_varint(&mut self.rest)?;
                Value::Bytes(take(&mut self.rest, length)?)
            }
            5 => {
                take_array::<4>(&mut self.rest)?;
                Value::Fixed32
            }
            _group_or_unused => return Err(WireError::Key(key)),
        };
        Ok(Some((number, value)))
    }
}

/// Takes a number off the front of `rest`.
#[inline]
pub(crate) fn take_varint(rest: &mut &[u8]) -> Result<u64, WireError> {
    let mut value = 0_u64;
    for (at, byte) in rest.iter().take(10).enumerate() {
        let shift = 7 * at;
        if at == 9 && *byte > 1 {
            return Err(WireError::Overlong);
        }
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            *rest = rest.get(at + 1..).unwrap_or_default();
            return Ok(value);
        }
    }
    Err(if rest.len() < 10 { WireError::Truncated } else { WireError::Overlong })
}

/// Takes `length` bytes off the front of `rest`.
#[inline]
pub(crate) fn take<'a>(rest: &mut &'a [u8], length: u64) -> Result<&'a [u8], WireError> {
    let length = usize::try_from(length).map_err(|_beyond_memory| WireError::Truncated)?;
    let (head, tail) = rest.split_at_checked(length).ok_or(WireError::Truncated)?;
    *rest = tail;
    Ok(head)
}

/// Takes `N` bytes off the front of `rest`.
#[inline]
pub(crate) fn take_array<'a, const N: usize>(rest: &mut &'a [u8]) -> Result<&'a [u8; N], WireError> {
    let (head, tail) = rest.split_first_chunk().ok_or(WireError::Truncated)?;
    *rest = tail;
    Ok(head)
}

/// Appends a number.
#[inline]
pub(crate) fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(low_byte(value) | 0x80);
        value >>= 7;
    }
    bytes.push(low_byte(value));
}

/// The lowest eight bits.
#[inline]
pub(crate) const fn low_byte(value: u64) -> u8 {
    value.to_le_bytes()[0]
}

/// A signed number with the sign in its lowest bit.
#[inline]
pub(crate) const fn zigzag(value: i64) -> u64 {
    (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned()
}

/// The signed number of [`zigzag`].
#[inline]
pub(crate) const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

/// Appends a `uint64`, `uint32` or enum field, unless it is 0.
#[inline]
pub(crate) fn put_uint(bytes: &mut Vec<u8>, field: u64, value: u64) {
    if value != 0 {
        put_present(bytes, field, value);
    }
}

/// Appends a number field, 0 too.
#[inline]
pub(crate) fn put_present(bytes: &mut Vec<u8>, field: u64, value: u64) {
    put_varint(bytes, field << 3);
    put_varint(bytes, value);
}

/// Appends a `sint64` field, unless it is 0.
#[inline]
pub(crate) fn put_sint(bytes: &mut Vec<u8>, field: u64, value: i64) {
    put_uint(bytes, field, zigzag(value));
}

/// Appends a `fixed64` field, unless it is 0.
#[inline]
pub(crate) fn put_fixed64(bytes: &mut Vec<u8>, field: u64, value: u64) {
    if value != 0 {
        put_varint(bytes, field << 3 | 1);
        bytes.extend_from_slice(&value.to_le_bytes());
    }
}

/// Appends a `string`, `bytes` or message field, unless it is empty.
#[inline]
pub(crate) fn put_bytes(bytes: &mut Vec<u8>, field: u64, value: &[u8]) {
    if !value.is_empty() {
        put_message(bytes, field, value);
    }
}

/// Appends a message field, an empty one too.
#[inline]
pub(crate) fn put_message(bytes: &mut Vec<u8>, field: u64, value: &[u8]) {
    put_varint(bytes, field << 3 | 2);
    put_varint(bytes, u64::try_from(value.len()).unwrap_or(u64::MAX));
    bytes.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_number_is_read_back(value: u64, signed: i64) {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, value);
            bytes.push(0xff);
            let mut rest = bytes.as_slice();
            prop_assert_eq!(take_varint(&mut rest), Ok(value));
            prop_assert_eq!(rest, &[0xff]);
            prop_assert_eq!(unzigzag(zigzag(signed)), signed);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let mut fields = Fields::of(&bytes);
            while let Ok(Some(_)) = fields.next() {}
        }
    }

    #[test]
    fn what_is_cut_or_too_long_is_named() {
        assert_eq!(take_varint(&mut [0x80].as_slice()), Err(WireError::Truncated));
        assert_eq!(take_varint(&mut [0xff; 11].as_slice()), Err(WireError::Overlong));
        assert_eq!(Fields::of(&[0x0a, 5, 1]).next(), Err(WireError::Truncated));
        assert_eq!(Fields::of(&[0x00]).next(), Err(WireError::Key(0)));
        assert_eq!(Fields::of(&[0x0b]).next(), Err(WireError::Key(11)));
    }
}
