//! Zebra's Simple Serial Interface (Simple Serial Interface Programmer's
//! Guide, 72E-40451): packets of length, opcode, source, status, data and a
//! checksum of two bytes. A scanner that is set to it answers each command by
//! a packet; its codes come as plain bytes or, if it is told so, as packets
//! that want an answer.

use std::collections::VecDeque;

use crate::framer::{Dropped, Framer};
use crate::limits::{FRAME_BYTES, IDLE_GAP};

const DECODED: u8 = 0xf3;
/// Opcodes begin here; codes are text, so their second byte is below.
const FIRST_OPCODE: u8 = 0x80;
const FROM_SCANNER: u8 = 0;
/// What a packet has before its data.
const HEAD: usize = 4;
const CHECKSUM: usize = 2;
/// Of the status byte: more of the code comes in the next packet.
const CONTINUED: u8 = 1 << 1;
/// Of the status byte: sent before, because no answer came.
const AGAIN: u8 = 1;

/// `Yes, I have it`, from the host.
const ANSWER: [u8; 6] = [0x04, 0xd0, 0x04, 0x00, 0xff, 0x28];

/// Tells packets from plain codes. No clock, no IO.
#[derive(Debug, Default)]
pub(crate) struct Deframer {
    /// For codes that come as plain bytes.
    framer: Framer,
    /// What may be the beginning of a packet.
    begun: Vec<u8>,
    /// When its last byte came.
    begun_at: u64,
    /// A code of which packets are missing yet.
    parts: Vec<u8>,
    /// The last packet with a code: it is sent again if our answer is lost.
    last: Vec<u8>,
    frames: VecDeque<Vec<u8>>,
    replies: VecDeque<Vec<u8>>,
    incomplete: u64,
}

/// What bytes at the beginning are.
enum Beginning {
    /// Too few to say.
    Open,
    /// A packet of so many bytes.
    Packet(usize),
    /// No packet.
    Plain,
}

impl Deframer {
    pub(crate) fn handle_bytes(&mut self, bytes: &[u8], now: u64) {
        self.handle_timeout(now);
        for byte in bytes {
            // In the middle of a plain code nothing is a packet.
            if self.begun.is_empty() && self.framer.poll_timeout().is_some() {
                self.framer.handle_bytes(&[*byte], now);
            } else {
                self.begun.push(*byte);
                self.begun_at = now;
                self.sort(now);
            }
        }
        self.collect();
    }

    /// Ends what has waited long enough for its rest.
    pub(crate) fn handle_timeout(&mut self, now: u64) {
        if !self.begun.is_empty() && now >= self.begun_at.saturating_add(IDLE_GAP) {
            self.give_up();
        }
        self.framer.handle_timeout(now);
        self.collect();
    }

    pub(crate) fn poll_timeout(&self) -> Option<u64> {
        let begun = (!self.begun.is_empty()).then(|| self.begun_at.saturating_add(IDLE_GAP));
        begun.into_iter().chain(self.framer.poll_timeout()).min()
    }

    pub(crate) fn poll_frame(&mut self) -> Option<Vec<u8>> {
        self.frames.pop_front()
    }

    /// What the scanner waits for.
    pub(crate) fn poll_reply(&mut self) -> Option<Vec<u8>> {
        self.replies.pop_front()
    }

    pub(crate) fn handle_close(&mut self) {
        self.incomplete += u64::from(!self.begun.is_empty() || !self.parts.is_empty());
        self.begun.clear();
        self.parts.clear();
        self.last.clear();
        self.replies.clear();
        self.framer.handle_close();
    }

    pub(crate) const fn dropped(&self) -> Dropped {
        let dropped = self.framer.dropped();
        Dropped { incomplete: dropped.incomplete + self.incomplete, ..dropped }
    }

    fn sort(&mut self, now: u64) {
        match beginning(&self.begun) {
            Beginning::Open => {}
            Beginning::Packet(length) if self.begun.len() < length => {}
            Beginning::Packet(_) => {
                let packet = std::mem::take(&mut self.begun);
                self.take(&packet);
            }
            Beginning::Plain => {
                let plain = std::mem::take(&mut self.begun);
                self.framer.handle_bytes(&plain, now);
            }
        }
    }

    /// A whole packet; one whose checksum is wrong gets no answer and comes
    /// again.
    fn take(&mut self, packet: &[u8]) {
        let Some((body, _)) = packet.split_at_checked(packet.len().saturating_sub(CHECKSUM)) else { return };
        let [_, opcode, _, status, data @ ..] = body else { return };
        if !is_whole(packet) {
            self.incomplete += 1;
            return;
        }
        // Answers to signals, and what is none of our business.
        if *opcode != DECODED {
            return;
        }
        self.replies.push_back(ANSWER.to_vec());
        let content = [&[*status & !AGAIN][..], data].concat();
        if status & AGAIN != 0 && content == self.last {
            return;
        }
        self.last = content;
        // The first byte of the data is Zebra's number of the symbology.
        self.parts.extend(data.get(1..).unwrap_or_default());
        if status & CONTINUED != 0 && self.parts.len() <= FRAME_BYTES {
            return;
        }
        let code = std::mem::take(&mut self.parts);
        let end = code.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n' | b'\t')).map_or(0, |last| last + 1);
        if let Some(code) = code.get(..end).filter(|code| code.iter().any(u8::is_ascii_graphic)) {
            self.frames.push_back(code.to_vec());
        }
    }

    fn give_up(&mut self) {
        // The LF of a CR LF ends nothing.
        self.incomplete += u64::from(self.begun.iter().any(|byte| !matches!(byte, b'\r' | b'\n')));
        self.begun.clear();
    }

    fn collect(&mut self) {
        self.frames.extend(std::iter::from_fn(|| self.framer.poll_frame()));
    }
}

fn beginning(bytes: &[u8]) -> Beginning {
    match bytes {
        [] => Beginning::Open,
        [length] if usize::from(*length) >= HEAD => Beginning::Open,
        [length, opcode] if usize::from(*length) >= HEAD && *opcode >= FIRST_OPCODE => Beginning::Open,
        [length, opcode, FROM_SCANNER, ..] if usize::from(*length) >= HEAD && *opcode >= FIRST_OPCODE => {
            Beginning::Packet(usize::from(*length) + CHECKSUM)
        }
        _ => Beginning::Plain,
    }
}

/// Whether all bytes and the checksum, the higher byte first, come to nothing.
fn is_whole(packet: &[u8]) -> bool {
    let Some((body, [high, low])) = packet.split_last_chunk::<CHECKSUM>() else { return false };
    let sum = body.iter().fold(0_u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
    sum.wrapping_add(u16::from_be_bytes([*high, *low])) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;
    use crate::profile::Profile;
    use crate::signal::Signal;
    use proptest::prelude::*;

    const ACKNOWLEDGED: u8 = 0xd0;
    const NOT_ACKNOWLEDGED: u8 = 0xd1;

    fn packet(opcode: u8, status: u8, data: &[u8]) -> Vec<u8> {
        let length = u8::try_from(HEAD + data.len()).unwrap();
        let mut packet = vec![length, opcode, FROM_SCANNER, status];
        packet.extend(data);
        let sum = packet.iter().fold(0_u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
        packet.extend(0_u16.wrapping_sub(sum).to_be_bytes());
        packet
    }

    impl Deframer {
        fn give(&mut self, bytes: &[u8], now: u64) -> Vec<String> {
            self.handle_bytes(bytes, now);
            std::iter::from_fn(|| self.poll_frame()).map(|frame| String::from_utf8_lossy(&frame).into_owned()).collect()
        }

        fn replies(&mut self) -> usize {
            std::iter::from_fn(|| self.poll_reply()).count()
        }
    }

    #[test]
    fn answers_to_signals_are_no_codes_wherever_they_come() {
        let mut deframer = Deframer::default();
        let yes = packet(ACKNOWLEDGED, 0, &[]);
        assert!(deframer.give(&yes, 0).is_empty());
        let bytes = [&yes[..], b"4006381333931\r", &yes, &packet(NOT_ACKNOWLEDGED, 0, &[1]), b"96385074\r"].concat();
        assert_eq!(deframer.give(&bytes, 10), ["4006381333931", "96385074"]);
        // A line feed behind it is neither a code nor a packet.
        assert_eq!(deframer.give(b"96385074\r\n", 1_000), ["96385074"]);
        deframer.handle_timeout(2_000);
        assert_eq!((deframer.replies(), deframer.dropped()), (0, Dropped::default()));
    }

    #[test]
    fn a_code_in_a_packet_is_answered_and_its_repeat_is_no_second_scan() {
        let mut deframer = Deframer::default();
        let code = packet(DECODED, 0, b"\x0b4006381333931\r");
        assert_eq!(deframer.give(&code, 0), ["4006381333931"]);
        assert_eq!(deframer.replies(), 1);
        let again = packet(DECODED, AGAIN, b"\x0b4006381333931\r");
        assert!(deframer.give(&again, 100).is_empty());
        assert_eq!(deframer.replies(), 1, "it waits for the answer all the same");
        assert_eq!(deframer.give(&code, 2_000), ["4006381333931"], "scanned once more");
    }

    #[test]
    fn a_long_code_comes_in_several_packets() {
        let mut deframer = Deframer::default();
        assert!(deframer.give(&packet(DECODED, CONTINUED, b"\x1bhttps://id.example"), 0).is_empty());
        assert_eq!(
            deframer.give(&packet(DECODED, 0, b"\x1b.org/01/04006381333931"), 5),
            ["https://id.example.org/01/04006381333931"]
        );
        assert_eq!(deframer.replies(), 2);
    }

    #[test]
    fn a_broken_packet_gets_no_answer_and_half_a_packet_is_dropped() {
        let mut deframer = Deframer::default();
        let mut code = packet(DECODED, 0, b"\x0b4006381333931");
        code[6] ^= 1;
        assert!(deframer.give(&code, 0).is_empty());
        assert!(deframer.give(&code[..8], 1_000).is_empty());
        assert_eq!(deframer.give(b"96385074\r", 2_000), ["96385074"]);
        assert_eq!((deframer.replies(), deframer.dropped().incomplete), (0, 2));
    }

    #[test]
    fn what_is_sent_has_the_right_checksum() {
        let dialect = Profile::ZebraSsi.dialect(Kind::Serial).unwrap();
        let signals = [Signal::Good, Signal::NotOnFile, Signal::Error].map(|signal| dialect.bytes(signal).unwrap());
        for bytes in signals.into_iter().chain([dialect.off, dialect.on, &ANSWER]) {
            assert!(is_whole(bytes), "{bytes:02x?}");
            assert_eq!(usize::from(bytes[0]) + CHECKSUM, bytes.len());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_at_any_time_end_in_time(
            reads in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..300), 0_u64..200), 0..40)
        ) {
            let mut deframer = Deframer::default();
            let mut now = 0;
            for (bytes, wait) in reads {
                now += wait;
                deframer.handle_bytes(&bytes, now);
                while let Some(frame) = deframer.poll_frame() {
                    prop_assert!(!frame.is_empty() && frame.len() <= FRAME_BYTES + 256);
                }
                prop_assert!(deframer.poll_timeout().is_none_or(|due| due > now));
            }
        }

        #[test]
        fn plain_codes_come_out_as_they_went_in_however_they_are_cut(
            codes in proptest::collection::vec("[0-9A-Z]{1,30}", 1..20), cut in 1_usize..40
        ) {
            let line: String = codes.iter().map(|code| format!("{code}\r")).collect();
            let mut deframer = Deframer::default();
            let mut got = Vec::new();
            for (n, piece) in line.as_bytes().chunks(cut).enumerate() {
                got.extend(deframer.give(piece, u64::try_from(n).unwrap() * 16));
            }
            prop_assert_eq!(got, codes);
        }
    }
}
