//! The text of a file: decoded as it is read, with its lines counted and a
//! limit on how much of it one record may take.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use encoding_rs::{Decoder, DecoderResult, Encoding};

/// Bytes that are read at once, and decoded ones: the second holds whatever
/// the first may become.
const READ_BYTES: usize = 8 * 1024;
const DECODED_BYTES: usize = 4 * READ_BYTES;

/// What the reader of a file sees of how far it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress(Rc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    line: Cell<u64>,
    left: Cell<usize>,
    last: Cell<u8>,
    refused: Cell<Option<Refused>>,
}

/// Why the text ended before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Bytes that are no text in the encoding.
    Encoding,
    /// A record beyond its limit.
    Record,
}

impl Progress {
    /// The line that is read, from 1.
    pub(crate) fn line(&self) -> u64 {
        self.0.line.get().saturating_add(1)
    }

    /// A new record begins: it may take so many bytes.
    pub(crate) fn begin(&self, bytes: usize) {
        self.0.left.set(bytes);
    }

    /// Whether what was read ends with the end of a line.
    pub(crate) fn ends_a_line(&self) -> bool {
        self.0.last.get() == b'\n'
    }

    /// Whether nothing was read.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.last.get() == 0
    }

    /// Why the text was not read on, if the file itself can be read.
    pub(crate) fn refused(&self) -> Option<Refused> {
        self.0.refused.get()
    }
}

/// A file's text as UTF-8. A byte order mark says more than the encoding that
/// was told.
pub(crate) struct Text<R> {
    file: R,
    decoder: Decoder,
    raw: Box<[u8]>,
    /// The part of `raw` that is not decoded yet.
    waiting: std::ops::Range<usize>,
    decoded: Box<[u8]>,
    /// The part of `decoded` that is not taken yet.
    ready: std::ops::Range<usize>,
    ended: bool,
    /// What comes next is no text.
    broken: bool,
    progress: Progress,
}

impl<R> std::fmt::Debug for Text<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Text").field("progress", &self.progress).finish_non_exhaustive()
    }
}

impl<R: Read> Text<R> {
    pub(crate) fn new(file: R, encoding: &'static Encoding) -> Self {
        Self {
            file,
            decoder: encoding.new_decoder(),
            raw: vec![0; READ_BYTES].into_boxed_slice(),
            waiting: 0..0,
            decoded: vec![0; DECODED_BYTES].into_boxed_slice(),
            ready: 0..0,
            ended: false,
            broken: false,
            progress: Progress::default(),
        }
    }

    pub(crate) fn progress(&self) -> Progress {
        self.progress.clone()
    }

    fn refuse(&self, why: Refused) -> io::Error {
        self.progress.0.refused.set(Some(why));
        io::Error::from(io::ErrorKind::InvalidData)
    }

    /// Reads and decodes until there is something, or the end.
    fn fill(&mut self) -> io::Result<()> {
        while self.ready.is_empty() && !self.ended {
            if self.waiting.is_empty() {
                let read = self.file.read(&mut self.raw)?;
                self.waiting = 0..read;
                self.ended = read == 0;
            }
            let raw = self.raw.get(self.waiting.clone()).unwrap_or_default();
            let (result, read, written) =
                self.decoder.decode_to_utf8_without_replacement(raw, &mut self.decoded, self.ended);
            self.waiting.start = self.waiting.start.saturating_add(read);
            self.ready = 0..written;
            if matches!(result, DecoderResult::Malformed(..)) {
                (self.broken, self.ended) = (true, true);
            }
        }
        // What stood before it is read first.
        if self.ready.is_empty() && self.broken { Err(self.refuse(Refused::Encoding)) } else { Ok(()) }
    }
}

impl<R: Read> BufRead for Text<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.progress.refused().is_some() {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        self.fill()?;
        if !self.ready.is_empty() && self.progress.0.left.get() == 0 {
            return Err(self.refuse(Refused::Record));
        }
        Ok(self.decoded.get(self.ready.clone()).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        let end = self.ready.start.saturating_add(amount).min(self.ready.end);
        let taken = self.decoded.get(self.ready.start..end).unwrap_or_default();
        let counts = &self.progress.0;
        let lines = taken.iter().filter(|byte| **byte == b'\n').count();
        counts.line.set(counts.line.get().saturating_add(u64::try_from(lines).unwrap_or(u64::MAX)));
        counts.left.set(counts.left.get().saturating_sub(taken.len()));
        if let Some(last) = taken.last() {
            counts.last.set(*last);
        }
        self.ready.start = end;
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let taken = ready.len().min(buffer.len());
        if let (Some(into), Some(from)) = (buffer.get_mut(..taken), ready.get(..taken)) {
            into.copy_from_slice(from);
        }
        self.consume(taken);
        Ok(taken)
    }
}
