//! One code held before one device is one scan, however often it is read.

use crate::limits::DOUBLE_READ_MS;

/// The double-read filter of one device.
///
/// A read of the code that was read last, less than 400 ms after it, is not a
/// scan of its own; a code left lying before the scanner stays one scan as
/// long as the reads go on. Times are milliseconds of any steady clock.
#[derive(Debug, Default)]
pub struct DoubleRead {
    last: Vec<u8>,
    at: Option<u64>,
    ignored: u64,
}

impl DoubleRead {
    /// A filter that has seen nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { last: Vec::new(), at: None, ignored: 0 }
    }

    /// Whether this read is the same scan as the one before; counted if so.
    pub fn is_repeat(&mut self, bytes: &[u8], now_ms: u64) -> bool {
        let soon = self.at.is_some_and(|at| now_ms.saturating_sub(at) < DOUBLE_READ_MS);
        self.at = Some(now_ms);
        if soon && self.last == bytes {
            self.ignored += 1;
            return true;
        }
        self.last.clear();
        self.last.extend_from_slice(bytes);
        false
    }

    /// How many reads were ignored.
    #[must_use]
    pub const fn ignored(&self) -> u64 {
        self.ignored
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_code_within_400_ms_is_one_scan() {
        let mut filter = DoubleRead::new();
        assert!(!filter.is_repeat(b"a", 1_000));
        assert!(filter.is_repeat(b"a", 1_399));
        assert!(!filter.is_repeat(b"a", 1_799));
        assert_eq!(filter.ignored(), 1);
    }

    #[test]
    fn another_code_between_makes_it_a_new_scan() {
        let mut filter = DoubleRead::new();
        assert!(!filter.is_repeat(b"a", 0));
        assert!(!filter.is_repeat(b"b", 50));
        assert!(!filter.is_repeat(b"a", 100));
    }

    #[test]
    fn a_code_left_before_the_scanner_stays_one_scan() {
        let mut filter = DoubleRead::new();
        assert!(!filter.is_repeat(b"a", 0));
        assert!((1..20).all(|n| filter.is_repeat(b"a", n * 300)));
        assert_eq!(filter.ignored(), 19);
    }
}
