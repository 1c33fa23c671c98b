//! How values are packed: fixed numbers big-endian, others as varints (signed
//! ones zigzag), texts led by their length.

use tidemark_model::quantity::Quantity;
use tidemark_model::{Epoch, Odometer, Position, TextError};

/// The version every value begins with.
const VERSION: u8 = 1;

/// Bytes on disk that are not what the table says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LayoutError {
    #[error("a record of {what} ends too early")]
    Short { what: &'static str },
    #[error("a record of {what} has {left} bytes too many")]
    Long { what: &'static str, left: usize },
    #[error("a record of {what} has version {found}; this release knows {VERSION}")]
    Version { what: &'static str, found: u8 },
    #[error("a record of {what} holds a number that means nothing: {found}")]
    Number { what: &'static str, found: u64 },
    #[error("a record of {what} holds a text that can't be: {cause}")]
    Text { what: &'static str, cause: TextError },
    #[error("a record of {what} holds bytes that are no text")]
    NoText { what: &'static str },
    #[error("the checksum of a record of {what} does not fit its bytes")]
    Checksum { what: &'static str },
}

/// A value of the table.
pub(crate) trait Value: Sized {
    /// What it is, for errors.
    const WHAT: &'static str;
    fn pack(&self, to: &mut Packer);
    fn read(from: &mut Reader<'_>) -> Result<Self, LayoutError>;
}

/// A value's bytes, led by the version.
pub(crate) fn encode<V: Value>(value: &V) -> Vec<u8> {
    let mut packer = Packer(vec![VERSION]);
    value.pack(&mut packer);
    packer.0
}

/// A value from its bytes, all of them.
pub(crate) fn decode<V: Value>(bytes: &[u8]) -> Result<V, LayoutError> {
    let mut reader = Reader { what: V::WHAT, rest: bytes };
    let found = reader.byte()?;
    if found != VERSION {
        return Err(LayoutError::Version { what: V::WHAT, found });
    }
    let value = V::read(&mut reader)?;
    match reader.rest.len() {
        0 => Ok(value),
        left => Err(LayoutError::Long { what: V::WHAT, left }),
    }
}

/// Bytes being packed.
#[derive(Debug, Default)]
pub(crate) struct Packer(pub(crate) Vec<u8>);

impl Packer {
    pub(crate) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(crate) fn flag(&mut self, flag: bool) {
        self.byte(u8::from(flag));
    }

    pub(crate) fn fixed(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn fixed64(&mut self, value: u64) {
        self.fixed(&value.to_be_bytes());
    }

    pub(crate) fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.byte(low_seven(value) | 0x80);
            value >>= 7;
        }
        self.byte(low_seven(value));
    }

    pub(crate) fn length(&mut self, length: usize) {
        self.number(u64::try_from(length).unwrap_or(u64::MAX));
    }

    pub(crate) fn signed(&mut self, value: i64) {
        self.number(((value << 1) ^ (value >> 63)).cast_unsigned());
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.length(text.len());
        self.fixed(text.as_bytes());
    }

    pub(crate) fn quantity(&mut self, quantity: Quantity) {
        self.signed(quantity.as_thousandths());
    }

    pub(crate) fn odometer(&mut self, odometer: Odometer) {
        self.number(odometer.0);
    }

    pub(crate) fn position(&mut self, position: Position) {
        self.fixed64(position.epoch.0);
        self.number(position.seq);
    }

    pub(crate) fn maybe<T>(&mut self, value: Option<T>, pack: impl FnOnce(&mut Self, T)) {
        self.flag(value.is_some());
        if let Some(value) = value {
            pack(self, value);
        }
    }
}

fn low_seven(value: u64) -> u8 {
    u8::try_from(value & 0x7f).unwrap_or_default()
}

/// Bytes being read.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) what: &'static str,
    pub(crate) rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(what: &'static str, bytes: &'a [u8]) -> Self {
        Self { what, rest: bytes }
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], LayoutError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(LayoutError::Short { what: self.what })?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn fixed<const N: usize>(&mut self) -> Result<[u8; N], LayoutError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(LayoutError::Short { what: self.what })?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, LayoutError> {
        self.fixed::<1>().map(|[byte]| byte)
    }

    pub(crate) fn flag(&mut self) -> Result<bool, LayoutError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.meaningless(other.into())),
        }
    }

    pub(crate) fn fixed64(&mut self) -> Result<u64, LayoutError> {
        self.fixed().map(u64::from_be_bytes)
    }

    pub(crate) fn fixed32(&mut self) -> Result<u32, LayoutError> {
        self.fixed().map(u32::from_be_bytes)
    }

    pub(crate) fn number(&mut self) -> Result<u64, LayoutError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(self.meaningless(bits));
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.meaningless(value))
    }

    pub(crate) fn number32(&mut self) -> Result<u32, LayoutError> {
        let found = self.number()?;
        u32::try_from(found).map_err(|_too_large| self.meaningless(found))
    }

    /// A number of entries that follow, each of at least one byte.
    pub(crate) fn length(&mut self) -> Result<usize, LayoutError> {
        let found = self.number()?;
        match usize::try_from(found) {
            Ok(length) if length <= self.rest.len() => Ok(length),
            Ok(_) | Err(_) => Err(LayoutError::Short { what: self.what }),
        }
    }

    pub(crate) fn signed(&mut self) -> Result<i64, LayoutError> {
        let value = self.number()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, LayoutError> {
        let length = self.length()?;
        let bytes = self.take(length)?;
        as_text(self.what, bytes)
    }

    /// A text of a checked type.
    pub(crate) fn checked<T>(&mut self, new: fn(&str) -> Result<T, TextError>) -> Result<T, LayoutError> {
        let what = self.what;
        new(self.text()?).map_err(|cause| LayoutError::Text { what, cause })
    }

    pub(crate) fn quantity(&mut self) -> Result<Quantity, LayoutError> {
        self.signed().map(Quantity::thousandths)
    }

    pub(crate) fn odometer(&mut self) -> Result<Odometer, LayoutError> {
        self.number().map(Odometer)
    }

    pub(crate) fn position(&mut self) -> Result<Position, LayoutError> {
        Ok(Position { epoch: Epoch(self.fixed64()?), seq: self.number()? })
    }

    pub(crate) fn maybe<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, LayoutError>,
    ) -> Result<Option<T>, LayoutError> {
        if self.flag()? { read(self).map(Some) } else { Ok(None) }
    }

    pub(crate) fn many<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, LayoutError>,
    ) -> Result<Vec<T>, LayoutError> {
        let length = self.length()?;
        (0..length).map(|_| read(self)).collect()
    }

    pub(crate) fn meaningless(&self, found: u64) -> LayoutError {
        LayoutError::Number { what: self.what, found }
    }
}

/// Bytes of a key or value that must be a text.
pub(crate) fn as_text<'a>(what: &'static str, bytes: &'a [u8]) -> Result<&'a str, LayoutError> {
    std::str::from_utf8(bytes).map_err(|_not_utf8| LayoutError::NoText { what })
}

/// A text of a checked type that is a whole key, or what is left of one.
pub(crate) fn key_text<T>(
    what: &'static str,
    bytes: &[u8],
    new: fn(&str) -> Result<T, TextError>,
) -> Result<T, LayoutError> {
    new(as_text(what, bytes)?).map_err(|cause| LayoutError::Text { what, cause })
}
