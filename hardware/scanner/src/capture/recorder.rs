//! Writes a recording while a device is listened to.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use tidemark_barcode::{Judgement, decode};

use super::TITLE;
use crate::decoder::Decoder;
use crate::kind::Kind;
use crate::limits::{RECORDING_BYTES, UNJUDGED_BYTES};
use crate::wedge::layout::Layout;

/// What a part begins with.
#[derive(Clone, Debug)]
pub(crate) struct Header<'a> {
    pub(crate) kind: Kind,
    pub(crate) descriptor: &'a [u8],
    pub(crate) layout: Layout,
    /// When the device was opened.
    pub(crate) at: u64,
}

/// An open recording. What was read waits until it is known whether it may
/// be kept as it is.
#[derive(Debug)]
pub(crate) struct Recorder {
    file: BufWriter<File>,
    bytes: u64,
    begun_at: u64,
    waiting: Vec<(u64, Vec<u8>)>,
    waiting_bytes: usize,
    judged: Judged,
}

/// What the scans were that came of what waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judged {
    None,
    Kept,
    NotKept,
}

impl Recorder {
    /// Begins a part, behind what the file has.
    pub(crate) fn begin(path: &Path, header: &Header<'_>) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let bytes = file.metadata()?.len();
        let mut file = BufWriter::new(file);
        writeln!(file, "{TITLE}")?;
        match header.kind {
            Kind::HidPos => writeln!(file, "kind hid_pos\ndescriptor {}", hex(header.descriptor))?,
            Kind::Keyboard => writeln!(file, "kind keyboard\nlayout {}", header.layout)?,
            Kind::Serial | Kind::Replay | Kind::Simulated => writeln!(file, "kind serial")?,
        }
        file.flush()?;
        let begun_at = header.at;
        Ok(Self { file, bytes, begun_at, waiting: Vec::new(), waiting_bytes: 0, judged: Judged::None })
    }

    /// Something was read.
    pub(crate) fn read(&mut self, bytes: &[u8], at: u64) {
        self.waiting_bytes += bytes.len();
        self.waiting.push((at.saturating_sub(self.begun_at), bytes.to_vec()));
    }

    /// A scan came of what was read.
    pub(crate) fn scan(&mut self, frame: &[u8]) {
        let kept = decode(frame).is_ok_and(|scan| match scan.judge() {
            Judgement::Item(_) | Judgement::Command(_) => true,
            Judgement::IfCatalogued(_) | Judgement::NotKept(_) => false,
        });
        self.judged = match (self.judged, kept) {
            (Judged::None | Judged::Kept, true) => Judged::Kept,
            (_, false) | (Judged::NotKept, true) => Judged::NotKept,
        };
    }

    /// Writes what waits, once nothing of it belongs to a scan that is not
    /// whole yet.
    pub(crate) fn settle(&mut self, decoder: &Decoder) -> io::Result<()> {
        let is_whole = decoder.poll_timeout().is_none() || self.waiting_bytes > UNJUDGED_BYTES;
        if self.waiting.is_empty() || !is_whole {
            return Ok(());
        }
        self.write(decoder)
    }

    /// Writes what waits, at the end of a part.
    pub(crate) fn end(&mut self, decoder: &Decoder) -> io::Result<()> {
        self.judged = Judged::NotKept;
        self.write(decoder)
    }

    fn write(&mut self, decoder: &Decoder) -> io::Result<()> {
        let keep = self.judged == Judged::Kept;
        for (at, mut bytes) in self.waiting.drain(..) {
            if !keep {
                decoder.shape(&mut bytes);
            }
            let line = format!("{at} {} {}\n", if keep { '=' } else { '~' }, hex(&bytes));
            self.bytes += u64::try_from(line.len()).unwrap_or(u64::MAX);
            if self.bytes > RECORDING_BYTES {
                return Err(io::Error::other("the recording is full (16 MiB); move the file away to go on"));
            }
            self.file.write_all(line.as_bytes())?;
        }
        (self.waiting_bytes, self.judged) = (0, Judged::None);
        self.file.flush()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{parse, scans_of};
    use crate::framer::Framer;

    /// Records bytes as the thread of a port does.
    fn recorded(reads: &[(&[u8], u64)]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.capture");
        let mut decoder = Decoder::Serial(Framer::new());
        let header = Header { kind: Kind::Serial, descriptor: &[], layout: Layout::Us, at: 1_000 };
        let mut recorder = Recorder::begin(&path, &header).unwrap();
        for (bytes, at) in reads {
            if bytes.is_empty() {
                decoder.handle_timeout(*at);
            } else {
                recorder.read(bytes, *at);
                decoder.handle(bytes, *at);
            }
            while let Some(frame) = decoder.poll_frame() {
                recorder.scan(&frame);
            }
            recorder.settle(&decoder).unwrap();
        }
        recorder.end(&decoder).unwrap();
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn the_codes_of_items_come_back_as_they_came() {
        let text = recorded(&[(b"]E040063", 1_000), (b"81333931\r", 1_016), (b"96385074", 2_000), (b"", 2_060)]);
        let scans = scans_of(&text).unwrap();
        assert_eq!(scans[0], (16, b"]E04006381333931".to_vec()));
        assert_eq!(scans.len(), 2);
        assert!(text.starts_with("tidemark-capture 1\nkind serial\n0 = 5d4530"), "{text}");
    }

    #[test]
    fn of_cards_badges_noise_and_halves_only_the_shape_is_kept() {
        let secrets: [&[u8]; 4] =
            [b"%B4111111111111111^SMITH/ANNA^2701\r", b"]L2ANSI SMITH\r", b"BADGE-77123\r", b"\xff7\r"];
        for secret in secrets {
            let text = recorded(&[(secret, 1_000)]);
            let kept = &parse(&text).unwrap()[0].reads[0].1;
            assert_eq!(kept.len(), secret.len());
            assert!(text.contains(" ~ ") && !text.contains(" = "), "{text}");
            assert!(!kept.iter().any(|byte| b"123456789BCSMITHbcsmith".contains(byte)), "{kept:?}");
        }
        let text = recorded(&[(b"4111111111", 1_000)]);
        assert!(text.contains(" ~ 30303030303030303030"), "a half scan at the end: {text}");
        // An item and a card in one read: neither is kept.
        let text = recorded(&[(b"4006381333931\rBADGE-77123\r", 1_000)]);
        assert!(!text.contains(" = "), "{text}");
    }

    #[test]
    fn a_second_opening_is_a_second_part() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.capture");
        let header = Header { kind: Kind::HidPos, descriptor: &[5, 0x8c], layout: Layout::Us, at: 0 };
        drop(Recorder::begin(&path, &header).unwrap());
        drop(Recorder::begin(&path, &Header { kind: Kind::Keyboard, ..header }).unwrap());
        let parts = parse(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(parts.iter().map(|part| part.kind).collect::<Vec<_>>(), [Kind::HidPos, Kind::Keyboard]);
        assert_eq!(parts[0].descriptor, [5, 0x8c]);
    }

    #[test]
    fn a_full_recording_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("full.capture");
        File::create(&path).unwrap().set_len(RECORDING_BYTES).unwrap();
        let header = Header { kind: Kind::Serial, descriptor: &[], layout: Layout::Us, at: 0 };
        let mut recorder = Recorder::begin(&path, &header).unwrap();
        recorder.read(b"4006381333931\r", 0);
        let error = recorder.settle(&Decoder::Serial(Framer::new())).unwrap_err();
        assert!(error.to_string().contains("full"), "{error}");
    }
}
