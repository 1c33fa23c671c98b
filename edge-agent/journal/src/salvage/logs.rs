//! Records of a damaged database's logs, read without the database: where
//! the file that names its families is gone, and behind what is torn.
//!
//! The log's format is the storage's own: blocks of 32 KiB with pieces of
//! CRC32C 4 (masked) ‖ length 2 ‖ kind 1, little-endian, put together to
//! batches of seq 8 ‖ count 4 ‖ entries. What its checksums vouch for is taken
//! as entries. In the rest movements are looked for by their own checksums.

use crate::layout::{Family, outbox};

const BLOCK: usize = 32 * 1024;
const HEADER: usize = 7;
const BATCH_HEADER: usize = 12;
/// What the storage adds to a rotated checksum.
const MASK: u32 = 0xa282_ead8;
/// An outbox key with its length in front.
const KEY_LENGTH: u8 = 16;
/// Longer than any record.
const LONGEST: usize = 256 * 1024;

/// A family's key with its value; none if it was deleted.
pub(crate) type Entry = (Family, Vec<u8>, Option<Vec<u8>>);

/// What stands in a log.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// What the storage's checksums vouch for, in its order.
    pub(crate) entries: Vec<Entry>,
    /// Keys and values that may be movements, to be checked by themselves.
    candidates: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Log {
    /// Keys and values that were put into a family, in the log's order.
    pub(crate) fn values_of(&self, family: Family) -> impl Iterator<Item = (&[u8], &[u8])> {
        let entries = self.entries.iter().filter(move |(of, ..)| *of == family);
        entries.filter_map(|(_, key, value)| Some((key.as_slice(), value.as_deref()?)))
    }

    /// Keys and values that may be movements.
    pub(crate) fn candidates(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.candidates.iter().map(|(key, value)| (key.as_slice(), value.as_slice()))
    }
}

/// Reads a log as far as anything in it can be read.
pub(crate) fn read(bytes: &[u8]) -> Log {
    let mut log = Log::default();
    let mut pieces = Pieces::default();
    for block in bytes.chunks(BLOCK) {
        take_block(block, &mut pieces, &mut log);
    }
    pieces.give_up(&mut log);
    log
}

/// A batch being put together.
#[derive(Debug, Default)]
struct Pieces {
    bytes: Vec<u8>,
    begun: bool,
}

impl Pieces {
    /// What was begun will not be whole any more.
    fn give_up(&mut self, log: &mut Log) {
        if self.begun {
            look_for_movements(&self.bytes, log);
        }
        self.bytes.clear();
        self.begun = false;
    }
}

fn take_block(block: &[u8], pieces: &mut Pieces, log: &mut Log) {
    let mut rest = block;
    loop {
        let Some((kind, piece, after)) = next_piece(rest) else {
            // A torn piece whose length is whole: the next one follows it.
            let Some((piece, after)) = torn_piece(rest) else { break };
            pieces.give_up(log);
            look_for_movements(piece, log);
            rest = after;
            continue;
        };
        rest = after;
        match kind {
            1 => {
                pieces.give_up(log);
                take_batch(piece, log);
            }
            2 => {
                pieces.give_up(log);
                pieces.bytes.extend_from_slice(piece);
                pieces.begun = true;
            }
            3 if pieces.begun => pieces.bytes.extend_from_slice(piece),
            4 if pieces.begun => {
                pieces.bytes.extend_from_slice(piece);
                take_batch(&pieces.bytes, log);
                pieces.bytes.clear();
                pieces.begun = false;
            }
            // The end of something whose beginning is torn.
            3 | 4 => look_for_movements(piece, log),
            // Notes of the storage for itself.
            _ => {}
        }
    }
    // A torn piece: what follows it in this block is looked through.
    if rest.iter().any(|byte| *byte != 0) {
        pieces.give_up(log);
        look_for_movements(rest, log);
    }
}

/// The next piece that its checksum vouches for, and what lies behind it.
fn next_piece(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
    let [a, b, c, d, low, high, kind] = *header;
    let (piece, after) = rest.split_at_checked(usize::from(u16::from_le_bytes([low, high])))?;
    let sum = crc32c::crc32c_append(crc32c::crc32c(&[kind]), piece);
    let masked = sum.rotate_right(15).wrapping_add(MASK);
    (masked == u32::from_le_bytes([a, b, c, d]) && kind != 0).then_some((kind, piece, after))
}

/// A piece that its checksum does not vouch for, if one that is whole follows.
fn torn_piece(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
    let [_, _, _, _, low, high, _] = *header;
    let (piece, after) = rest.split_at_checked(usize::from(u16::from_le_bytes([low, high])))?;
    next_piece(after).map(|_| (piece, after))
}

/// The entries of a batch.
fn take_batch(batch: &[u8], log: &mut Log) {
    let mut reader = Batch(batch.get(BATCH_HEADER..).unwrap_or_default());
    while let Some(entry) = reader.next_entry() {
        log.entries.extend(entry);
    }
    if !reader.0.is_empty() {
        look_for_movements(reader.0, log);
    }
}

/// Entries not yet read.
struct Batch<'a>(&'a [u8]);

impl Batch<'_> {
    /// The next entry, none inside if it concerns nothing of ours; none at
    /// the end, or before what is not understood.
    fn next_entry(&mut self) -> Option<Option<Entry>> {
        let before = self.0;
        let entry = self.read_entry();
        if entry.is_none() {
            self.0 = before;
        }
        entry
    }

    fn read_entry(&mut self) -> Option<Option<Entry>> {
        let (tag, rest) = self.0.split_first()?;
        self.0 = rest;
        match tag {
            // Written with its family, or deleted with it.
            0x05 => {
                let (family, key) = (self.number()?, self.text()?.to_vec());
                let value = self.text()?.to_vec();
                Some(family_of(family).map(|family| (family, key, Some(value))))
            }
            0x04 | 0x08 => {
                let (family, key) = (self.number()?, self.text()?.to_vec());
                Some(family_of(family).map(|family| (family, key, None)))
            }
            // A range deleted: what stood in it is not ours to judge here.
            0x0e => {
                self.number()?;
                self.text()?;
                self.text()?;
                Some(None)
            }
            0x0d => Some(None),
            _ => None,
        }
    }

    fn number(&mut self) -> Option<usize> {
        let (number, rest) = varint(self.0)?;
        self.0 = rest;
        Some(number)
    }

    fn text(&mut self) -> Option<&[u8]> {
        let length = self.number()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(text)
    }
}

/// Families are numbered in the order in which they were made, after the
/// storage's own first.
fn family_of(number: usize) -> Option<Family> {
    Family::ALL.get(number.checked_sub(1)?).copied()
}

pub(super) fn varint(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (mut value, mut rest) = (0_usize, bytes);
    for shift in [0, 7, 14, 21, 28] {
        let (byte, after) = rest.split_first()?;
        rest = after;
        value |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((value, rest));
        }
    }
    None
}

/// Everything that may be a movement's key and value, at any offset.
fn look_for_movements(bytes: &[u8], log: &mut Log) {
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == KEY_LENGTH) {
        let (_, from) = rest.split_at(at + 1);
        match movement_at(from) {
            Some((key, value, after)) => {
                log.candidates.push((key.to_vec(), value.to_vec()));
                rest = after;
            }
            None => rest = from,
        }
    }
}

fn movement_at(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (key, rest) = bytes.split_at_checked(usize::from(KEY_LENGTH))?;
    let (length, rest) = varint(rest)?;
    let (value, after) = rest.split_at_checked(length).filter(|_| length <= LONGEST)?;
    let position = outbox::read_key(key).ok()?;
    outbox::read_value(position, value).ok()?;
    Some((key, value, after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tidemark_model::{Epoch, Position};

    use super::*;

    proptest! {
        #[test]
        fn whatever_stands_in_a_log_is_read_without_a_fault(bytes in prop::collection::vec(any::<u8>(), 0..70_000)) {
            read(&bytes);
        }

        #[test]
        fn a_movement_is_found_wherever_it_lies_and_no_other(
            before in prop::collection::vec(any::<u8>(), 0..300), after in prop::collection::vec(any::<u8>(), 0..300),
            place in any::<(u64, u64)>(), bytes in prop::collection::vec(any::<u8>(), 0..100), torn in any::<bool>(),
        ) {
            let position = Position { epoch: Epoch(place.0), seq: place.1 };
            let mut value = outbox::value(position, 7, &bytes);
            let whole = value.clone();
            if torn && let Some(last) = value.last_mut() {
                *last ^= 1;
            }
            let mut log = before;
            log.push(KEY_LENGTH);
            log.extend_from_slice(&outbox::key(position));
            log.push(u8::try_from(value.len()).unwrap());
            log.extend_from_slice(&value);
            log.extend_from_slice(&after);
            let read = read(&log);
            let found: Vec<_> = read.candidates().collect();
            let key = outbox::key(position);
            let expected = [(key.as_slice(), whole.as_slice())];
            prop_assert_eq!(found, if torn { Vec::new() } else { expected.to_vec() });
        }
    }
}
