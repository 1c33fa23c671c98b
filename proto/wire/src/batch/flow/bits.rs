//! Numbers of so many bits, one after the other, the lowest bit first.

use super::Broken;
use crate::protobuf::low_byte;

/// Bits that are written.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    pending: u64,
    filled: u32,
}

impl BitWriter {
    /// Appends the lowest `count` bits, at most 64.
    pub(super) fn put(&mut self, value: u64, count: u32) {
        if count > 32 {
            self.put_short(value & 0xffff_ffff, 32);
            self.put_short(value >> 32, count - 32);
        } else {
            self.put_short(value, count);
        }
    }

    /// Appends at most 32 bits: with the 7 that may be pending they fit.
    fn put_short(&mut self, value: u64, count: u32) {
        let mask = (1_u64 << count) - 1;
        self.pending |= (value & mask) << self.filled;
        self.filled += count;
        while self.filled >= 8 {
            self.bytes.push(low_byte(self.pending));
            self.pending >>= 8;
            self.filled -= 8;
        }
    }

    /// The bytes, the last one filled with zeros.
    pub(super) fn finish(mut self) -> Vec<u8> {
        if self.filled > 0 {
            self.bytes.push(low_byte(self.pending));
        }
        self.bytes
    }
}

/// Bits that are read.
#[derive(Debug)]
pub(super) struct BitReader<'a> {
    rest: &'a [u8],
    pending: u64,
    filled: u32,
}

impl<'a> BitReader<'a> {
    pub(super) const fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, pending: 0, filled: 0 }
    }

    /// The next `count` bits, at most 64.
    pub(super) fn take(&mut self, count: u32) -> Result<u64, Broken> {
        if count > 32 {
            let low = self.take_short(32)?;
            return Ok(low | self.take_short(count - 32)? << 32);
        }
        self.take_short(count)
    }

    fn take_short(&mut self, count: u32) -> Result<u64, Broken> {
        while self.filled < count {
            let (byte, rest) = self.rest.split_first().ok_or(Broken)?;
            self.rest = rest;
            self.pending |= u64::from(*byte) << self.filled;
            self.filled += 8;
        }
        let mask = (1_u64 << count) - 1;
        let value = self.pending & mask;
        self.pending >>= count;
        self.filled -= count;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_are_read_back(numbers in proptest::collection::vec((any::<u64>(), 0_u32..=64), 0..50)) {
            let mut writer = BitWriter::default();
            for (value, count) in &numbers {
                writer.put(*value, *count);
            }
            let bytes = writer.finish();
            let mut reader = BitReader::of(&bytes);
            for (value, count) in numbers {
                let mask = u64::MAX.checked_shr(64 - count).unwrap_or(0);
                prop_assert_eq!(reader.take(count), Ok(value & mask));
            }
            prop_assert_eq!(reader.take(8), Err(Broken));
        }
    }
}
