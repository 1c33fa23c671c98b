//! The side file: two slots outside the database that say how far the
//! journal was, so that a database that lost its end is found out.
//!
//! A slot is 64 bytes: magic 8 ‖ counter 8 ‖ epoch 8 ‖ tail 8 ‖ chain 8 ‖
//! box 16, zeros if it is not said ‖ zeros 4 ‖ CRC32C 4 over all before,
//! big-endian; the slots stand 4,096 bytes apart and are written in turn, so
//! that a torn write harms one. The whole slot with the higher counter is the
//! file's word. It is written after a synced commit and never says more than
//! that.
//!
//! A file that is missing or can't be read says nothing, and is made anew: the
//! journal is then believed as it is. One that knows more than the database, or
//! of another epoch, proves a loss.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tidemark_model::{BoxId, Epoch, Seq};

const MAGIC: [u8; 8] = *b"tidemark";
const SLOT: usize = 64;
const APART: u64 = 4_096;

/// How far a journal was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) epoch: Epoch,
    pub(crate) tail: Seq,
    pub(crate) chain: u64,
    pub(crate) box_id: BoxId,
}

/// The side file.
#[derive(Debug)]
pub(crate) struct SideFile {
    path: PathBuf,
    /// None until it could be opened.
    file: Option<File>,
    counter: u64,
    written: Option<Mark>,
}

impl SideFile {
    /// Opens or makes the file. One that can't be is tried again at the next
    /// write.
    pub(crate) fn open(path: &Path) -> Self {
        let mut side = Self { path: path.to_owned(), file: open_file(path).ok(), counter: 0, written: None };
        let slots = side.file.as_mut().map(|file| [0, 1].map(|slot| read_slot(file, slot).ok().flatten()));
        let newest = slots.into_iter().flatten().flatten().max_by_key(|(counter, _)| *counter);
        if let Some((counter, mark)) = newest {
            (side.counter, side.written) = (counter, Some(mark));
        }
        side
    }

    /// What a file says, and nothing is made.
    pub(crate) fn read(path: &Path) -> Option<Mark> {
        let mut file = File::open(path).ok()?;
        let slots = [0, 1].map(|slot| read_slot(&mut file, slot).ok().flatten());
        slots.into_iter().flatten().max_by_key(|(counter, _)| *counter).map(|(_, mark)| mark)
    }

    /// What the file says.
    pub(crate) const fn written(&self) -> Option<Mark> {
        self.written
    }

    /// Writes a mark into the older slot and syncs it.
    pub(crate) fn write(&mut self, mark: Mark) -> io::Result<()> {
        let counter = self.counter.saturating_add(1);
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(open_file(&self.path)?),
        };
        file.seek(SeekFrom::Start((counter % 2) * APART))?;
        file.write_all(&slot_bytes(counter, mark))?;
        file.sync_data()?;
        self.counter = counter;
        self.written = Some(mark);
        Ok(())
    }
}

fn open_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

fn slot_bytes(counter: u64, mark: Mark) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(SLOT);
    bytes.extend_from_slice(&MAGIC);
    for number in [counter, mark.epoch.0, mark.tail, mark.chain] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    bytes.extend_from_slice(&mark.box_id.0);
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
    let (numbers, rest) = numbers.split_at_checked(32)?;
    let box_id = BoxId(*rest.first_chunk()?);
    let mut numbers =
        numbers.chunks_exact(8).map(|chunk| chunk.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)));
    let counter = numbers.next()?;
    let mark = Mark { epoch: Epoch(numbers.next()?), tail: numbers.next()?, chain: numbers.next()?, box_id };
    Some((counter, mark))
}
