//! When a port is opened again: soon at first, then ever slower up to a
//! limit, and never not at all.

use crate::limits::{REOPEN_FIRST, REOPEN_LONGEST};

/// The pause before the next try.
#[derive(Debug)]
pub(crate) struct Reopen {
    next: u64,
}

impl Reopen {
    pub(crate) const fn new() -> Self {
        Self { next: REOPEN_FIRST }
    }

    /// The port has proved to work.
    pub(crate) const fn worked(&mut self) {
        self.next = REOPEN_FIRST;
    }

    /// How long to wait now, in milliseconds; twice as long the next time.
    pub(crate) fn pause(&mut self) -> u64 {
        let pause = self.next;
        self.next = (pause * 2).min(REOPEN_LONGEST);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_limit_and_never_end() {
        let mut reopen = Reopen::new();
        let pauses: Vec<u64> = std::iter::repeat_with(|| reopen.pause()).take(8).collect();
        assert_eq!(pauses, [50, 100, 200, 400, 800, 1_600, 2_000, 2_000]);
        reopen.worked();
        assert_eq!(reopen.pause(), 50);
    }
}
