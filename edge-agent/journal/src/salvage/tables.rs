//! Movements in tables whose index can't be read: their blocks are unpacked
//! one after the other from the file's beginning, and behind a torn one from
//! wherever the next begins.
//!
//! A block is its length unpacked (a varint) with its bytes packed, or, if
//! packing was no gain, its bytes alone; then a byte that says how it was
//! packed, and a checksum of 4 bytes. In it each entry shares the beginning of
//! its key with the entry before it.

use super::logs::varint;

/// Longer than any block unpacked: a block ends with the record that fills it.
const LONGEST: usize = 128 * 1024;
const LZ4: u8 = 4;
const ZSTD: u8 = 7;
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// How a block was packed, and its checksum.
const TRAILER: usize = 5;
/// An outbox key with the storage's own 8 bytes behind it.
const KEY: usize = 16 + 8;

/// Keys and values that stand in the blocks of a table, as far as they can be
/// unpacked; each is to be checked by itself.
pub(crate) fn read(table: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found = Vec::new();
    let mut rest = table;
    while !rest.is_empty() {
        rest = match block_at(rest, &mut found) {
            Some(after) => after,
            None => rest.get(1..).unwrap_or_default(),
        };
    }
    found
}

/// Takes the block that begins here, if one does; what lies behind it.
fn block_at<'a>(bytes: &'a [u8], found: &mut Vec<(Vec<u8>, Vec<u8>)>) -> Option<&'a [u8]> {
    if let Some((unpacked, after)) = packed_at(bytes) {
        return entries(&unpacked, found).map(|_| after);
    }
    // Entries alone: the first shares nothing.
    let rest = bytes.strip_prefix(&[0]).filter(|rest| rest.first().is_some_and(|length| usize::from(*length) == KEY));
    rest.and_then(|_| entries(bytes, found))
}

/// The block that is packed here, with what lies behind it.
fn packed_at(bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (length, packed) = varint(bytes).filter(|(length, _)| (1..=LONGEST).contains(length))?;
    let (unpacked, after, kind) = if packed.starts_with(&ZSTD_MAGIC) {
        let frame = zstd::zstd_safe::find_frame_compressed_size(packed).ok()?;
        let (frame, after) = packed.split_at_checked(frame)?;
        (zstd::bulk::decompress(frame, length).ok()?, after, ZSTD)
    } else {
        let (unpacked, after) = lz4(packed, length)?;
        (unpacked, after, LZ4)
    };
    let (trailer, after) = after.split_at_checked(TRAILER)?;
    (trailer.first() == Some(&kind) && unpacked.len() == length).then_some((unpacked, after))
}

/// The entries of a block as far as they are entries of the outbox; what lies
/// behind the last, none if there is not one.
fn entries<'a>(block: &'a [u8], found: &mut Vec<(Vec<u8>, Vec<u8>)>) -> Option<&'a [u8]> {
    let (mut rest, mut before, mut any) = (block, Vec::new(), false);
    while let Some((key, value, after)) = entry(rest, &before) {
        if let Some(key) = key.get(..KEY - 8) {
            found.push((key.to_vec(), value.to_vec()));
        }
        (rest, before, any) = (after, key, true);
    }
    any.then_some(rest)
}

fn entry<'a>(bytes: &'a [u8], before: &[u8]) -> Option<(Vec<u8>, &'a [u8], &'a [u8])> {
    let (shared, rest) = varint(bytes)?;
    let (own, rest) = varint(rest)?;
    let (length, rest) = varint(rest)?;
    let (own, rest) = rest.split_at_checked(own)?;
    let (value, after) = rest.split_at_checked(length)?;
    let key = [before.get(..shared)?, own].concat();
    (key.len() == KEY).then_some((key, value, after))
}

/// Unpacks `length` bytes, with what lies behind the packed ones.
fn lz4(packed: &[u8], length: usize) -> Option<(Vec<u8>, &[u8])> {
    let mut unpacked = Vec::with_capacity(length);
    let mut rest = packed;
    loop {
        let (token, after) = rest.split_first()?;
        let (literals, after) = more(usize::from(token >> 4), after)?;
        let (literals, after) = after.split_at_checked(literals)?;
        unpacked.extend_from_slice(literals);
        if unpacked.len() >= length {
            return (unpacked.len() == length).then_some((unpacked, after));
        }
        let (back, after) = after.split_first_chunk::<2>()?;
        let (again, after) = more(usize::from(token & 0x0f), after)?;
        let from = unpacked.len().checked_sub(usize::from(u16::from_le_bytes(*back)))?;
        if from == unpacked.len() || unpacked.len() + again + 4 > length {
            return None;
        }
        for at in from..from + again + 4 {
            unpacked.push(*unpacked.get(at)?);
        }
        rest = after;
    }
}

/// A length of 15 goes on in bytes, up to one below 255.
fn more(length: usize, bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (mut length, mut rest) = (length, bytes);
    if length < 15 {
        return Some((length, rest));
    }
    loop {
        let (byte, after) = rest.split_first()?;
        length = length.checked_add(usize::from(*byte)).filter(|length| *length <= LONGEST)?;
        rest = after;
        if *byte < u8::MAX {
            return Some((length, rest));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_stands_in_a_table_is_read_without_a_fault(bytes in prop::collection::vec(any::<u8>(), 0..5_000)) {
            read(&bytes);
        }
    }

    #[test]
    fn what_was_packed_is_unpacked_and_what_lies_behind_is_left() {
        // Four letters, and the same sixteen times again, overlapping.
        let packed = [0x4f, b'a', b'b', b'c', b'd', 4, 0, 45, 0x00, 0xff];
        let (unpacked, rest) = lz4(&packed, 68).unwrap();
        assert_eq!((unpacked, rest), (b"abcd".repeat(17), [0xff].as_slice()));
        assert_eq!(lz4(&packed, 67), None);
        assert_eq!(lz4(&[0x4f, b'a', b'b', b'c', b'd', 5, 0, 45], 68), None, "nothing lies so far back");
    }
}
