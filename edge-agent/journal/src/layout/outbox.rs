//! `outbox`: the movements that are not yet trimmed.

use tidemark_model::{Epoch, Position, Seq};

use super::bytes::{LayoutError, Reader};

const WHAT: &str = "outbox";
const VERSION: u8 = 1;
const HEAD: usize = 1 + 4 + 8;

/// A movement as it stands on disk, its checksum checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kept<'a> {
    pub(crate) digest: u64,
    pub(crate) bytes: &'a [u8],
}

pub(crate) fn key(position: Position) -> [u8; 16] {
    let mut key = [0; 16];
    let (epoch, seq) = key.split_at_mut(8);
    epoch.copy_from_slice(&position.epoch.0.to_be_bytes());
    seq.copy_from_slice(&position.seq.to_be_bytes());
    key
}

pub(crate) fn read_key(key: &[u8]) -> Result<Position, LayoutError> {
    let mut reader = Reader::new(WHAT, key);
    let (epoch, seq): (u64, Seq) = (reader.fixed64()?, reader.fixed64()?);
    match reader.rest.len() {
        0 => Ok(Position { epoch: Epoch(epoch), seq }),
        left => Err(LayoutError::Long { what: WHAT, left }),
    }
}

pub(crate) fn value(position: Position, digest: u64, bytes: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(HEAD + bytes.len());
    value.push(VERSION);
    value.extend_from_slice(&checksum(position, digest, bytes).to_be_bytes());
    value.extend_from_slice(&digest.to_be_bytes());
    value.extend_from_slice(bytes);
    value
}

pub(crate) fn read_value(position: Position, value: &[u8]) -> Result<Kept<'_>, LayoutError> {
    let mut reader = Reader::new(WHAT, value);
    let found = reader.byte()?;
    if found != VERSION {
        return Err(LayoutError::Version { what: WHAT, found });
    }
    let expected = reader.fixed32()?;
    let digest = reader.fixed64()?;
    if checksum(position, digest, reader.rest) != expected {
        return Err(LayoutError::Checksum { what: WHAT });
    }
    Ok(Kept { digest, bytes: reader.rest })
}

/// Over the key too, so that a record in another's place is found out.
fn checksum(position: Position, digest: u64, bytes: &[u8]) -> u32 {
    let sum = crc32c::crc32c(&key(position));
    let sum = crc32c::crc32c_append(sum, &digest.to_be_bytes());
    crc32c::crc32c_append(sum, bytes)
}
