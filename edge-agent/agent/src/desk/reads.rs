//! The last reads of all scanners and handhelds, for whoever tries one: what
//! came, what it means, what was signalled.

use std::collections::VecDeque;

use super::{Desk, Said};
use crate::lane::Signal;
use crate::read_out::ReadOut;

/// Reads that are shown.
const SHOWN: usize = 20;

/// One read, as it is shown.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Which one since the start.
    pub(crate) number: u64,
    /// The port, or the page.
    pub(crate) device: String,
    /// Its lane.
    pub(crate) lane: String,
    /// What it says.
    pub(crate) read: ReadOut,
    /// What was signalled; none on a lane that is off or waits for its till.
    pub(crate) said: Option<Said>,
}

/// The last reads.
#[derive(Debug, Default)]
pub(super) struct Reads {
    count: u64,
    last: VecDeque<Seen>,
}

impl Reads {
    pub(super) fn note(&mut self, device: &str, lane: &str, bytes: &[u8], said: Option<Said>) {
        self.count += 1;
        if self.last.len() == SHOWN {
            self.last.pop_front();
        }
        let (device, lane) = (device.to_owned(), lane.to_owned());
        self.last.push_back(Seen { number: self.count, device, lane, read: ReadOut::of(bytes), said });
    }

    pub(super) fn newest_first(&self) -> Vec<Seen> {
        self.last.iter().rev().cloned().collect()
    }
}

impl Desk {
    /// Notes a read for whoever tries a scanner.
    pub(super) fn note_read(&mut self, device: &str, lane: &str, bytes: &[u8], signal: Option<Signal>) {
        let told = || self.lanes.get(lane).and_then(|place| place.last_signal.clone());
        let said = signal.and_then(|signal| Said::of(signal).or_else(told));
        self.seen.note(device, lane, bytes, said);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_twenty_reads_are_shown_without_what_may_be_a_card() {
        let mut reads = Reads::default();
        for _ in 0..30 {
            reads.note("usb-0:1", "counter", b"BADGE-77123", None);
        }
        reads.note("usb-0:1", "counter", b"4006381333931", None);
        let shown = reads.newest_first();
        assert_eq!((shown.len(), shown[0].number, shown[19].number), (20, 31, 12));
        assert!(shown[0].read.ok && !format!("{shown:?}").contains("77123"));
    }
}
