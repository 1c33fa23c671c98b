//! The side file: two slots outside the database that say how far the
//! journal was, so that a database that lost its end is found out.
//!
//! A slot is 64 bytes: magic 8 ‖ counter 8 ‖ epoch 8 ‖ tail 8 ‖ chain 8 ‖
//! zeros 20 ‖ CRC32C 4 over all before, big-endian; the slots stand 4,096
//! bytes apart and are written in turn, so that a torn write harms one. The
//! whole slot with the higher counter is the file's word. It is written
//! after a synced commit and never says more than that.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use tidemark_model::{Epoch, Seq};

const MAGIC: [u8; 8] = *b"tidemark";
const SLOT: usize = 64;
const APART: u64 = 4_096;

/// How far a journal was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) epoch: Epoch,
    pub(crate) tail: Seq,
    pub(crate) chain: u64,
}

/// The open side file.
#[derive(Debug)]
pub(crate) struct SideFile {
    file: File,
    counter: u64,
    written: Option<Mark>,
}

impl SideFile {
    /// Opens or makes the file; gives its word, none if it has none.
    pub(crate) fn open(path: &Path) -> io::Result<(Self, Option<Mark>)> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut slots = Vec::with_capacity(2);
        for slot in 0..2 {
            slots.extend(read_slot(&mut file, slot)?);
        }
        let newest = slots.into_iter().max_by_key(|(counter, _)| *counter);
        let (counter, mark) = newest.map_or((0, None), |(counter, mark)| (counter, Some(mark)));
        Ok((Self { file, counter, written: mark }, mark))
    }

    /// What the file says.
    pub(crate) const fn written(&self) -> Option<Mark> {
        self.written
    }

    /// Writes a mark into the older slot and syncs it.
    pub(crate) fn write(&mut self, mark: Mark) -> io::Result<()> {
        let counter = self.counter.saturating_add(1);
        self.file.seek(SeekFrom::Start((counter % 2) * APART))?;
        self.file.write_all(&slot_bytes(counter, mark))?;
        self.file.sync_data()?;
        self.counter = counter;
        self.written = Some(mark);
        Ok(())
    }
}

fn slot_bytes(counter: u64, mark: Mark) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(SLOT);
    bytes.extend_from_slice(&MAGIC);
    for number in [counter, mark.epoch.0, mark.tail, mark.chain] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    bytes.resize(SLOT - 4, 0);
    let sum = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&sum.to_be_bytes());
    bytes
}

fn read_slot(file: &mut File, slot: u64) -> io::Result<Option<(u64, Mark)>> {
    let mut bytes = [0; SLOT];
    file.seek(SeekFrom::Start(slot * APART))?;
    match file.read_exact(&mut bytes) {
        Ok(()) => Ok(parse_slot(&bytes)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

fn parse_slot(bytes: &[u8; SLOT]) -> Option<(u64, Mark)> {
    let (body, sum) = bytes.split_last_chunk::<4>()?;
    let numbers = body.strip_prefix(&MAGIC)?;
    if crc32c::crc32c(body) != u32::from_be_bytes(*sum) {
        return None;
    }
    let mut numbers =
        numbers.chunks_exact(8).map(|chunk| chunk.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)));
    let counter = numbers.next()?;
    let mark = Mark { epoch: Epoch(numbers.next()?), tail: numbers.next()?, chain: numbers.next()? };
    Some((counter, mark))
}
