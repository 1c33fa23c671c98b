//! Bytes of a device to scans, whatever its kind. No clock, no IO.

use crate::event::Notice;
use crate::framer::{Dropped, Framer};
use crate::hid::assembler::Assembler;
use crate::hid::layout::Layout;
use crate::limits::KEY_EVENT_BYTES;
use crate::ssi::Deframer;
use crate::wedge::typist::Typist;

/// What understands a device. It outlives an unplug: what was learnt of the
/// device at a port holds for the next one.
#[derive(Debug)]
pub(crate) enum Decoder {
    Serial(Framer),
    Ssi(Deframer),
    HidPos(Assembler),
    Keyboard(Typist),
}

impl Decoder {
    /// The same port has bytes of a serial line.
    pub(crate) fn become_serial(&mut self) {
        if !matches!(self, Self::Serial(_)) {
            *self = Self::Serial(Framer::new());
        }
    }

    /// The same port has packets of Zebra's.
    pub(crate) fn become_ssi(&mut self) {
        if !matches!(self, Self::Ssi(_)) {
            *self = Self::Ssi(Deframer::default());
        }
    }

    /// The same port has reports of this layout.
    pub(crate) fn become_hid(&mut self, layout: Layout) {
        let before = std::mem::replace(self, Self::Serial(Framer::new()));
        *self = Self::HidPos(match before {
            Self::HidPos(assembler) => assembler.with_layout(layout),
            Self::Serial(_) | Self::Ssi(_) | Self::Keyboard(_) => Assembler::new(layout),
        });
    }

    /// The same port has a keyboard.
    pub(crate) fn become_keyboard(&mut self, layout: crate::wedge::layout::Layout) {
        if !matches!(self, Self::Keyboard(_)) {
            *self = Self::Keyboard(Typist::new(layout));
        }
    }

    pub(crate) fn handle(&mut self, bytes: &[u8], now: u64) {
        match self {
            Self::Serial(framer) => framer.handle_bytes(bytes, now),
            Self::Ssi(deframer) => deframer.handle_bytes(bytes, now),
            Self::HidPos(assembler) => assembler.handle_report(bytes, now),
            Self::Keyboard(typist) => typist.handle_events(bytes, now),
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: u64) {
        match self {
            Self::Serial(framer) => framer.handle_timeout(now),
            Self::Ssi(deframer) => deframer.handle_timeout(now),
            Self::HidPos(assembler) => assembler.handle_timeout(now),
            Self::Keyboard(typist) => typist.handle_timeout(now),
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<u64> {
        match self {
            Self::Serial(framer) => framer.poll_timeout(),
            Self::Ssi(deframer) => deframer.poll_timeout(),
            Self::HidPos(assembler) => assembler.poll_timeout(),
            Self::Keyboard(typist) => typist.poll_timeout(),
        }
    }

    pub(crate) fn poll_frame(&mut self) -> Option<Vec<u8>> {
        match self {
            Self::Serial(framer) => framer.poll_frame(),
            Self::Ssi(deframer) => deframer.poll_frame(),
            Self::HidPos(assembler) => assembler.poll_frame(),
            Self::Keyboard(typist) => typist.poll_frame(),
        }
    }

    pub(crate) fn poll_notice(&mut self) -> Option<Notice> {
        match self {
            Self::Serial(_) | Self::Ssi(_) | Self::HidPos(_) => None,
            Self::Keyboard(typist) => typist.poll_notice(),
        }
    }

    /// What the device waits to be told.
    pub(crate) fn poll_reply(&mut self) -> Option<Vec<u8>> {
        match self {
            Self::Ssi(deframer) => deframer.poll_reply(),
            Self::Serial(_) | Self::HidPos(_) | Self::Keyboard(_) => None,
        }
    }

    pub(crate) fn handle_close(&mut self) {
        match self {
            Self::Serial(framer) => framer.handle_close(),
            Self::Ssi(deframer) => deframer.handle_close(),
            Self::HidPos(assembler) => assembler.handle_close(),
            Self::Keyboard(typist) => typist.handle_close(),
        }
    }

    pub(crate) const fn dropped(&self) -> Dropped {
        match self {
            Self::Serial(framer) => framer.dropped(),
            Self::Ssi(deframer) => deframer.dropped(),
            Self::HidPos(assembler) => assembler.dropped(),
            Self::Keyboard(typist) => typist.dropped(),
        }
    }

    /// Leaves of what was read its shape alone: how long, which kind of
    /// character, where its ends are.
    pub(crate) fn shape(&self, raw: &mut [u8]) {
        match self {
            Self::Serial(_) | Self::Ssi(_) => raw.iter_mut().for_each(|byte| *byte = shape_of(*byte)),
            Self::HidPos(assembler) => {
                // From the code to the end: makers put what they like there.
                let start = assembler.layout().data.start;
                for byte in raw.iter_mut().skip(start) {
                    *byte = shape_of(*byte);
                }
            }
            Self::Keyboard(_) => {
                for event in raw.chunks_mut(KEY_EVENT_BYTES) {
                    if let [0, code, _] = event {
                        *code = shape_of_key(*code);
                    }
                }
            }
        }
    }
}

const fn shape_of(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => b'0',
        b'a'..=b'z' => b'a',
        b'A'..=b'Z' => b'A',
        0x80.. => 0x80,
        other => other,
    }
}

/// Digits are all 0, letters all A, on the keypad too; what tells frames
/// apart stays.
const fn shape_of_key(code: u8) -> u8 {
    match code {
        2..=11 => 11,
        16..=25 | 30..=38 | 44..=50 => 30,
        71..=73 | 75..=77 | 79..=82 => 82,
        12 | 13 | 26 | 27 | 39..=41 | 43 | 51..=53 | 86 => 53,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_has_the_length_and_the_ends_and_nothing_else() {
        let serial = Decoder::Serial(Framer::new());
        let mut raw = *b"]L2ANNA SMITH 1970-01-02\xc3\xa9\r\n";
        serial.shape(&mut raw);
        assert_eq!(&raw, b"]A0AAAA AAAAA 0000-00-00\x80\x80\r\n");
        let mut raw = [0, 5, 1, 0, 19, 1, 0, 28, 1, 0, 42, 1, 0, 75, 0];
        Decoder::Keyboard(Typist::new(crate::wedge::layout::Layout::Us)).shape(&mut raw);
        assert_eq!(raw, [0, 11, 1, 0, 30, 1, 0, 28, 1, 0, 42, 1, 0, 82, 0]);
        let mut report = *b"\x02\x08]E04711ABcd\0\0";
        Decoder::HidPos(Assembler::new(Layout::of(None))).shape(&mut report);
        assert_eq!(&report, b"\x02\x08]E00000AAaa\0\0");
    }

    #[test]
    fn what_was_learnt_stays_while_the_kind_does() {
        let mut decoder = Decoder::Serial(Framer::new());
        for n in 0..4 {
            decoder.handle(b"x\r", n * 1_000);
        }
        decoder.handle_close();
        decoder.become_serial();
        decoder.handle(b"half", 10_000);
        assert_eq!(decoder.poll_timeout(), Some(10_300), "it still knows that a suffix comes");
        decoder.become_keyboard(crate::wedge::layout::Layout::Us);
        assert_eq!(decoder.poll_timeout(), None);
        decoder.become_hid(Layout::of(None));
        assert!(matches!(decoder, Decoder::HidPos(_)));
    }
}
