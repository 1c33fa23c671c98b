//! Recordings of what devices sent, to try a shop's trouble again elsewhere.
//!
//! A text file; each time the device was opened begins a part:
//!
//! ```text
//! tidemark-capture 1
//! kind serial                  serial, hid_pos, keyboard
//! descriptor 058c0902...       of hid_pos: the report descriptor
//! layout us                    of keyboard
//! 0 = 343030363338313333333933310d
//! 1840 ~ 414141410d
//! ```
//!
//! then a line for each thing that was read: milliseconds since the opening,
//! `=` if the bytes are as they came or `~` if only their shape was kept, and
//! the bytes: of a serial port as read, of HID one report, of a keyboard three
//! for each key event. The codes of items and commands are kept; all else may
//! be a person's card, and only its shape is.

mod recorder;

use crate::decoder::Decoder;
use crate::framer::Framer;
use crate::hid::descriptor::Descriptor;
use crate::hid::layout::Layout as Reports;
use crate::kind::Kind;
use crate::wedge::layout::Layout;

pub(crate) use recorder::{Header, Recorder};

const TITLE: &str = "tidemark-capture 1";

/// What was read from one opening to the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) kind: Kind,
    pub(crate) descriptor: Vec<u8>,
    pub(crate) layout: Layout,
    pub(crate) reads: Vec<(u64, Vec<u8>)>,
}

/// Why a text is no recording.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaptureError {
    /// It does not begin as one.
    #[error("a recording begins with the line `{TITLE}`")]
    Title,
    /// A line that is none of a recording.
    #[error("line {line} is none of a recording: {why}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What was expected.
        why: &'static str,
    },
}

impl Part {
    fn begun() -> Self {
        Self { kind: Kind::Serial, descriptor: Vec::new(), layout: Layout::Us, reads: Vec::new() }
    }

    /// Makes a decoder one for this part.
    pub(crate) fn prepare(&self, decoder: &mut Decoder) {
        match self.kind {
            Kind::HidPos => decoder.become_hid(Reports::of(Descriptor::parse(&self.descriptor).ok().as_ref())),
            Kind::Keyboard => decoder.become_keyboard(self.layout),
            Kind::Serial | Kind::Replay | Kind::Simulated => decoder.become_serial(),
        }
    }
}

/// The parts of a recording.
pub(crate) fn parse(text: &str) -> Result<Vec<Part>, CaptureError> {
    let mut parts: Vec<Part> = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        if line == TITLE {
            parts.push(Part::begun());
            continue;
        }
        let part = parts.last_mut().ok_or(CaptureError::Title)?;
        take(part, line).map_err(|why| CaptureError::Line { line: at + 1, why })?;
    }
    if parts.is_empty() { Err(CaptureError::Title) } else { Ok(parts) }
}

fn take(part: &mut Part, line: &str) -> Result<(), &'static str> {
    let (word, rest) = line.split_once(' ').ok_or("a word and what belongs to it")?;
    match word {
        "kind" => {
            part.kind = match rest {
                "serial" => Kind::Serial,
                "hid_pos" => Kind::HidPos,
                "keyboard" => Kind::Keyboard,
                _ => return Err("kind serial, hid_pos or keyboard"),
            };
        }
        "descriptor" => part.descriptor = bytes(rest).ok_or("pairs of hexadecimal digits")?,
        "layout" => {
            let of_name = Layout::ALL.into_iter().find(|layout| layout.to_string() == rest);
            part.layout = of_name.ok_or("layout us, de, fr, es, it or uk")?;
        }
        _ => {
            let at: u64 = word.parse().map_err(|_not_a_number| "milliseconds, `=` or `~`, and bytes")?;
            let (mark, rest) = rest.split_once(' ').ok_or("`=` or `~`, and bytes")?;
            if !matches!(mark, "=" | "~") {
                return Err("`=` for bytes as they came or `~` for their shape");
            }
            let last = part.reads.last().map_or(0, |(at, _)| *at);
            if at < last {
                return Err("a time not before that of the line above");
            }
            part.reads.push((at, bytes(rest).ok_or("pairs of hexadecimal digits")?));
        }
    }
    Ok(())
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    pairs
        .map(|pair| {
            let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2 && !pair.starts_with('+'))?;
            u8::from_str_radix(pair, 16).ok()
        })
        .collect()
}

/// The scans of a recording, with the milliseconds since the part of it
/// began, as this program understands them.
pub fn scans_of(text: &str) -> Result<Vec<(u64, Vec<u8>)>, CaptureError> {
    let mut decoder = Decoder::Serial(Framer::new());
    let mut scans = Vec::new();
    for part in parse(text)? {
        part.prepare(&mut decoder);
        let mut now = 0;
        for (at, bytes) in &part.reads {
            // What a gap ends comes before what is read after it.
            while let Some(due) = decoder.poll_timeout().filter(|due| due <= at && *due > now) {
                now = due;
                decoder.handle_timeout(now);
                scans.extend(std::iter::from_fn(|| decoder.poll_frame()).map(|frame| (now, frame)));
            }
            now = *at;
            decoder.handle(bytes, now);
            scans.extend(std::iter::from_fn(|| decoder.poll_frame()).map(|frame| (now, frame)));
        }
        if let Some(due) = decoder.poll_timeout() {
            decoder.handle_timeout(due);
            scans.extend(std::iter::from_fn(|| decoder.poll_frame()).map(|frame| (due, frame)));
        }
        decoder.handle_close();
    }
    Ok(scans)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scans(text: &str) -> Vec<(u64, String)> {
        let text_of = |(at, bytes): (u64, Vec<u8>)| (at, String::from_utf8(bytes).unwrap());
        scans_of(text).unwrap().into_iter().map(text_of).collect()
    }

    #[test]
    fn a_recording_gives_the_scans_of_each_kind() {
        let report = format!("{:0<126}00", "020d5d453034303036333831333333393331");
        // Shift and the key 1 of a French keyboard, and Enter.
        let keys = ["002a01", "000201", "000200", "002a00", "001c01"].concat();
        let text = format!(
            "{TITLE}\nkind serial\n0 = 3430303633\n16 = 38313333333933310d\n500 ~ 4141\n\n\
             {TITLE}\nkind hid_pos\n5 = {report}\n\
             {TITLE}\nkind keyboard\nlayout fr\n9 = {keys}\n"
        );
        assert_eq!(
            scans(&text),
            [
                (16, "4006381333931".to_owned()),
                (560, "AA".to_owned()),
                (5, "]E04006381333931".to_owned()),
                (9, "1".to_owned())
            ]
        );
    }

    #[test]
    fn what_is_no_recording_is_refused_with_the_line() {
        let line = |text: &str| match scans_of(text) {
            Err(CaptureError::Line { line, .. }) => line,
            other => unreachable!("{other:?}"),
        };
        assert_eq!(scans_of(""), Err(CaptureError::Title));
        assert_eq!(scans_of("kind serial"), Err(CaptureError::Title));
        for wrong in ["kind radio", "layout xx", "descriptor 0", "descriptor +1", "0 = 4", "0 ? 41", "x = 41", "word"] {
            assert_eq!(line(&format!("{TITLE}\n{wrong}")), 2, "{wrong}");
        }
        assert_eq!(line(&format!("{TITLE}\n5 = 41\n4 = 41")), 3);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(tidemark-capture 1\n)?([0-9a-f =~\nkindserialhid_pos]{0,200})") {
            let _ = scans_of(&text).map(|scans| scans.len());
        }
    }
}
