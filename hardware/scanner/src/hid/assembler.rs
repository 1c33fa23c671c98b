//! Scans of reports: what goes on in the next report is put together.

use std::collections::VecDeque;

use super::layout::{Layout, Part};
use crate::framer::Dropped;
use crate::limits::{CONTINUATION_GAP, FRAME_BYTES};

/// What Honeywell scanners answer to commands (`]Z6`): no scan.
const ANSWER: [u8; 3] = *b"]Z6";

/// Puts the reports of one device together. No clock, no IO.
#[derive(Debug)]
pub(crate) struct Assembler {
    layout: Layout,
    begun: Option<Begun>,
    ready: VecDeque<Vec<u8>>,
    dropped: Dropped,
}

/// A scan whose last report has not come.
#[derive(Debug)]
struct Begun {
    aim: Option<[u8; 3]>,
    data: Vec<u8>,
    last_at: u64,
    /// It was longer than a scan can be: dropped up to its end.
    overflown: bool,
}

impl Assembler {
    pub(crate) const fn new(layout: Layout) -> Self {
        Self { layout, begun: None, ready: VecDeque::new(), dropped: Dropped { oversize: 0, noise: 0, incomplete: 0 } }
    }

    pub(crate) const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The same counters with another device's layout.
    pub(crate) fn with_layout(self, layout: Layout) -> Self {
        Self { layout, ..self }
    }

    /// Takes one report.
    pub(crate) fn handle_report(&mut self, report: &[u8], now: u64) {
        self.handle_timeout(now);
        // Between reports some devices send empty ones.
        let Some(Part { aim, data, continued }) = self.layout.part(report) else { return };
        let begun = self.begun.take();
        let mut scan = match begun {
            Some(begun) if aim.is_none() || begun.aim == aim => begun,
            // Another code: the end of the one before was lost.
            other => {
                self.dropped.incomplete += u64::from(other.is_some());
                Begun { aim, data: Vec::new(), last_at: now, overflown: false }
            }
        };
        scan.last_at = now;
        scan.data.extend(data);
        if scan.data.len() > FRAME_BYTES && !scan.overflown {
            scan.overflown = true;
            self.dropped.oversize += 1;
        }
        if scan.overflown {
            scan.data.clear();
        }
        if continued {
            self.begun = Some(scan);
        } else {
            self.end(scan);
        }
    }

    fn end(&mut self, scan: Begun) {
        let Begun { aim, data, overflown, .. } = scan;
        let data = data.trim_ascii_end_of_line();
        if overflown || aim == Some(ANSWER) || (aim.is_none() && data.is_empty()) {
            return;
        }
        if !data.iter().any(u8::is_ascii_graphic) {
            self.dropped.noise += 1;
            return;
        }
        let prefix = aim.filter(|aim| !data.starts_with(aim));
        self.ready.push_back([prefix.as_ref().map_or(&[][..], |aim| aim), data].concat());
    }

    /// Drops a scan whose rest does not come.
    pub(crate) fn handle_timeout(&mut self, now: u64) {
        if self.poll_timeout().is_some_and(|due| now >= due) {
            self.handle_close();
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<u64> {
        self.begun.as_ref().map(|begun| begun.last_at.saturating_add(CONTINUATION_GAP))
    }

    pub(crate) fn poll_frame(&mut self) -> Option<Vec<u8>> {
        self.ready.pop_front()
    }

    /// The device is gone: what it had begun is no scan.
    pub(crate) fn handle_close(&mut self) {
        let begun = self.begun.take().is_some_and(|begun| !begun.overflown);
        self.dropped.incomplete += u64::from(begun);
    }

    pub(crate) const fn dropped(&self) -> Dropped {
        self.dropped
    }
}

/// A suffix may be set although reports need none.
trait TrimEnd {
    fn trim_ascii_end_of_line(&self) -> &[u8];
}

impl TrimEnd for Vec<u8> {
    fn trim_ascii_end_of_line(&self) -> &[u8] {
        let end = self.iter().rposition(|b| !matches!(b, b'\r' | b'\n' | b'\t')).map_or(0, |last| last + 1);
        self.get(..end).unwrap_or(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A report as most makers send it.
    fn report(aim: &[u8], data: &[u8], continued: bool) -> Vec<u8> {
        let mut report = vec![2, u8::try_from(data.len()).unwrap()];
        report.extend(aim);
        report.extend(data);
        report.resize(63, 0);
        report.push(u8::from(continued));
        report
    }

    fn assembler() -> Assembler {
        Assembler::new(Layout::of(None))
    }

    impl Assembler {
        fn give(&mut self, report: &[u8], now: u64) -> Vec<String> {
            self.handle_report(report, now);
            std::iter::from_fn(|| self.poll_frame()).map(|scan| String::from_utf8(scan).unwrap()).collect()
        }
    }

    #[test]
    fn a_scan_comes_with_its_identifier_and_without_its_suffix() {
        let mut assembler = assembler();
        assert_eq!(assembler.give(&report(b"]E0", b"4006381333931\r\n", false), 0), ["]E04006381333931"]);
        assert_eq!(assembler.give(&report(&[0, 0, 0], b"96385074", false), 1), ["96385074"]);
        // A scanner that is also told to send it as a prefix.
        assert_eq!(assembler.give(&report(b"]E0", b"]E04006381333931", false), 2), ["]E04006381333931"]);
        assert_eq!(assembler.dropped(), Dropped::default());
    }

    #[test]
    fn a_long_code_is_put_together() {
        let mut assembler = assembler();
        let link = "https://id.example.org/01/04006381333931/10/ABC/21/1234567890?17=270131&3103=000500";
        let (head, tail) = link.as_bytes().split_at(56);
        assert!(assembler.give(&report(b"]Q1", head, true), 0).is_empty());
        assert_eq!(assembler.give(&report(b"]Q1", tail, false), 8), [format!("]Q1{link}")]);
    }

    #[test]
    fn a_scan_whose_rest_does_not_come_is_dropped() {
        let mut assembler = assembler();
        assert!(assembler.give(&report(b"]Q1", b"half", true), 0).is_empty());
        assert_eq!(assembler.poll_timeout(), Some(CONTINUATION_GAP));
        assert_eq!(assembler.give(&report(b"]E0", b"4006381333931", false), 10), ["]E04006381333931"]);
        assert!(assembler.give(&report(b"]Q1", b"half", true), 20).is_empty());
        assert_eq!(assembler.give(&report(b"]Q1", b"other", false), 20 + CONTINUATION_GAP), ["]Q1other"]);
        assert!(assembler.give(&report(b"]Q1", b"half", true), 2_000).is_empty());
        assembler.handle_close();
        assert_eq!(assembler.give(&report(b"]Q1", b"rest", false), 2_001), ["]Q1rest"]);
        assert_eq!(assembler.dropped().incomplete, 3);
    }

    #[test]
    fn answers_empty_reports_and_noise_are_no_scans() {
        let mut assembler = assembler();
        assert!(assembler.give(&report(b"]Z6", b"\x06", false), 0).is_empty());
        assert!(assembler.give(&[], 1).is_empty());
        assert!(assembler.give(&[0; 64], 2).is_empty());
        assert_eq!(assembler.dropped(), Dropped::default());
        assert!(assembler.give(&report(b"]E0", b"\x01\x02", false), 3).is_empty());
        assert_eq!(assembler.dropped().noise, 1);
    }

    #[test]
    fn a_device_that_never_ends_its_scan_is_dropped_once_and_the_next_scan_is_read() {
        let mut assembler = assembler();
        for n in 0..200 {
            assert!(assembler.give(&report(b"]Q1", &[b'8'; 56], true), n).is_empty());
        }
        assert!(assembler.give(&report(b"]Q1", b"8", false), 200).is_empty());
        assert_eq!(assembler.give(&report(b"]E0", b"4006381333931", false), 201), ["]E04006381333931"]);
        assert_eq!(assembler.dropped(), Dropped { oversize: 1, ..Dropped::default() });
    }

    proptest! {
        #[test]
        fn any_reports_give_scans_within_the_limit(
            reports in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..70), 0_u64..700), 0..60),
        ) {
            let mut assembler = assembler();
            let mut now = 0;
            for (report, wait) in reports {
                now += wait;
                assembler.handle_report(&report, now);
                while let Some(scan) = assembler.poll_frame() {
                    prop_assert!(!scan.is_empty() && scan.len() <= FRAME_BYTES + 3);
                }
                prop_assert!(assembler.poll_timeout().is_none_or(|due| due > now));
            }
        }

        #[test]
        fn a_code_comes_out_as_it_went_in_however_long(data in "[ -~]{1,400}") {
            let mut assembler = assembler();
            let chunks: Vec<&[u8]> = data.as_bytes().chunks(56).collect();
            for (n, chunk) in chunks.iter().enumerate() {
                assembler.handle_report(&report(b"]Q1", chunk, n + 1 < chunks.len()), 0);
            }
            let expected = if data.starts_with("]Q1") { data } else { format!("]Q1{data}") };
            let got = assembler.poll_frame().map(|scan| String::from_utf8(scan).unwrap());
            prop_assert_eq!(got, expected.bytes().any(|b| b.is_ascii_graphic()).then_some(expected));
        }
    }
}
