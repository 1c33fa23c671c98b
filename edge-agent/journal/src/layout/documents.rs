//! `documents`: what is held under a document's identity, for the life of
//! the box; the line effects stand beside it, because they go earlier.

use tidemark_model::books::{DocumentEntry, DocumentRecord, LineEffect, Reversal, Tally, Target};
use tidemark_model::{Code, ContentDigest, DocumentKey, Label, Odometer, Reference, Sku};

use super::bytes::{LayoutError, Packer, Reader, Value};
use super::suspense::{pack_amount, read_amount};

const RECORD: u8 = 0;
const LINES: u8 = 1;

pub(crate) fn key(document: DocumentKey) -> [u8; 17] {
    let mut key = [RECORD; 17];
    for (place, byte) in key.iter_mut().zip(document.0) {
        *place = byte;
    }
    key
}

/// The key of the line effects of a document's content, numbered from 0 (at
/// most [`tidemark_model::limits::CONTENTS_PER_IDENTITY`]).
pub(crate) fn lines_key(document: DocumentKey, content: usize) -> [u8; 18] {
    let mut key = [0; 18];
    let tail = [LINES, u8::try_from(content).unwrap_or(u8::MAX)];
    for (place, byte) in key.iter_mut().zip(document.0.into_iter().chain(tail)) {
        *place = byte;
    }
    key
}

/// Whether it is the key of line effects.
pub(crate) fn is_lines_key(key: &[u8]) -> bool {
    key.len() == 18 && key.get(16) == Some(&LINES)
}

/// Line effects with when they were committed, which stands first so that a
/// compaction can tell their age.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lines {
    pub(crate) committed: Odometer,
    pub(crate) lines: Vec<LineEffect>,
}

/// When line effects were committed; none if the bytes are none.
pub(crate) fn lines_committed(value: &[u8]) -> Option<Odometer> {
    let mut reader = Reader::new(Lines::WHAT, value.get(1..)?);
    reader.odometer().ok()
}

impl Value for Lines {
    const WHAT: &'static str = "line effects";

    fn pack(&self, to: &mut Packer) {
        to.odometer(self.committed);
        to.length(self.lines.len());
        self.lines.iter().for_each(|line| pack_line(to, line));
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, LayoutError> {
        Ok(Self { committed: from.odometer()?, lines: from.many(read_line)? })
    }
}

fn pack_line(to: &mut Packer, line: &LineEffect) {
    match &line.target {
        Target::Nothing => to.byte(0),
        Target::Item { sku, effect } => {
            to.byte(1);
            to.text(sku.as_str());
            to.quantity(*effect);
        }
        Target::Suspense { code, amount, row } => {
            to.byte(2);
            to.text(code.as_str());
            pack_amount(to, *amount);
            to.number(*row);
        }
        Target::Tally(tally) => {
            to.byte(3);
            to.text(tally.sku.as_str());
            to.quantity(tally.counted);
            to.text(tally.reference.as_str());
            to.maybe(tally.zone.as_ref(), |to, zone| to.text(zone.as_str()));
            to.maybe(tally.counter.as_ref(), |to, counter| to.text(counter.as_str()));
        }
    }
    to.odometer(line.happened);
    to.flag(line.trade);
}

fn read_line(from: &mut Reader<'_>) -> Result<LineEffect, LayoutError> {
    let target = match from.byte()? {
        0 => Target::Nothing,
        1 => Target::Item { sku: from.checked(Sku::new)?, effect: from.quantity()? },
        2 => Target::Suspense { code: from.checked(Code::new)?, amount: read_amount(from)?, row: from.number()? },
        3 => Target::Tally(Box::new(Tally {
            sku: from.checked(Sku::new)?,
            counted: from.quantity()?,
            reference: from.checked(Reference::new)?,
            zone: from.maybe(|from| from.checked(Label::new))?,
            counter: from.maybe(|from| from.checked(Label::new))?,
        })),
        other => return Err(from.meaningless(other.into())),
    };
    Ok(LineEffect { target, happened: from.odometer()?, trade: from.flag()? })
}

/// Beside how a document can be voided: some of its movements never came.
const IN_PART: u8 = 0x80;

/// The record without its line effects: reading leaves them empty.
impl Value for DocumentRecord {
    const WHAT: &'static str = "documents";

    fn pack(&self, to: &mut Packer) {
        to.maybe(self.waiting_void, Packer::position);
        to.length(self.entries.len());
        for entry in &self.entries {
            to.fixed(&entry.content.0);
            to.position(entry.first);
            to.number(entry.count.into());
            let partly = if entry.missing.is_empty() { 0 } else { IN_PART };
            match &entry.reversal {
                Reversal::Nothing => to.byte(partly),
                Reversal::Lines { committed, .. } => {
                    to.byte(1 | partly);
                    to.odometer(*committed);
                }
                Reversal::Done => to.byte(2 | partly),
                Reversal::Count => to.byte(3 | partly),
            }
            if partly != 0 {
                to.length(entry.missing.len());
                entry.missing.iter().for_each(|ordinal| to.number((*ordinal).into()));
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, LayoutError> {
        let waiting_void = from.maybe(Reader::position)?;
        let entries = from.many(|from| {
            let content = ContentDigest(from.fixed()?);
            let first = from.position()?;
            let count = from.number32()?;
            let how = from.byte()?;
            let reversal = match how & !IN_PART {
                0 => Reversal::Nothing,
                1 => Reversal::Lines { committed: from.odometer()?, lines: Vec::new() },
                2 => Reversal::Done,
                3 => Reversal::Count,
                other => return Err(from.meaningless(other.into())),
            };
            let missing = if how & IN_PART == 0 { Vec::new() } else { from.many(Reader::number32)? };
            Ok(DocumentEntry { content, first, count, missing, reversal })
        })?;
        Ok(Self { entries, waiting_void })
    }
}
