//! Logs and manifests, before the storage reads them.
//!
//! Both are blocks of 32 KiB with records of checksum, length, type and
//! payload. The types of recycled logs differ by one bit from those of others;
//! the storage takes such a record for the rest of an older log and, at its
//! end, looks at it again and again: it never opens. This journal recycles no
//! logs, so such a type is a bit that changed. It is changed back: if nothing
//! else is wrong, the checksum fits again, and if it does not, the storage says
//! so.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

const BLOCK: usize = 32 * 1024;
/// Checksum, length and type.
const HEADER: usize = 7;
/// What a disk writes whole or not at all.
const SECTOR: usize = 512;
const MASK: u32 = 0xa282_ead8;

/// Changes types of recycled logs back in all files of a database that have
/// some. A folder that is not there has none.
pub(super) fn mend(database: &Path) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(database) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_manifest = name.starts_with("MANIFEST-");
        if is_manifest || name.ends_with(".log") {
            mend_file(&entry.path())?;
        }
        if is_manifest {
            cut_torn(&entry.path())?;
        }
    }
    Ok(())
}

fn mend_file(path: &Path) -> io::Result<()> {
    let (read, mut block, mut from) = (File::open(path)?, Vec::with_capacity(BLOCK), 0_u64);
    loop {
        block.clear();
        let most = u64::try_from(BLOCK).unwrap_or(u64::MAX);
        let length = (&read).take(most).read_to_end(&mut block)?;
        if length == 0 {
            return Ok(());
        }
        let mends = mends(&block);
        if !mends.is_empty() {
            let mut write = File::options().write(true).open(path)?;
            for (at, kind) in mends {
                write.seek(SeekFrom::Start(from.saturating_add(u64::try_from(at).unwrap_or(u64::MAX))))?;
                write.write_all(&[kind])?;
            }
            write.sync_all()?;
        }
        from = from.saturating_add(most);
    }
}

/// Cuts a manifest before its last record if power that went tore it: the file
/// system kept the length and not the last blocks, which are zeros. What it
/// said was not synced, so what it would replace is still there. The storage
/// refuses such a manifest, while it reads on over a torn log.
fn cut_torn(path: &Path) -> io::Result<()> {
    let whole = fs::read(path)?;
    let from = whole.len().saturating_sub(1) / BLOCK * BLOCK;
    let Some(torn) = whole.get(from..).and_then(torn_record) else { return Ok(()) };
    let file = File::options().write(true).open(path)?;
    file.set_len(u64::try_from(from + torn).unwrap_or(u64::MAX))?;
    file.sync_all()
}

/// A record of a block, as its header tells it.
struct Record<'b> {
    sum: u32,
    kind: u8,
    /// None if the block ends before it.
    payload: Option<&'b [u8]>,
    end: usize,
}

impl<'b> Record<'b> {
    fn at(block: &'b [u8], at: usize) -> Option<Self> {
        let &[c0, c1, c2, c3, l0, l1, kind] = block.get(at..at + HEADER)? else { return None };
        let start = at + HEADER;
        let end = start + usize::from(u16::from_le_bytes([l0, l1]));
        Some(Self { sum: u32::from_le_bytes([c0, c1, c2, c3]), kind, payload: block.get(start..end), end })
    }

    /// Whether it is there whole and as it was written, with a type.
    fn fits(&self, kind: u8) -> bool {
        self.payload.is_some_and(|payload| checksum(kind, payload) == self.sum)
    }
}

/// Where the last record of the last block begins, if it ends with the block,
/// does not fit its checksum, and is zeros from the beginning of a sector.
fn torn_record(block: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(record) = Record::at(block, at) {
        if !record.fits(record.kind) {
            let sector = record.end.saturating_sub(1) / SECTOR * SECTOR;
            let is_last = record.end == block.len();
            let is_zeros = sector > at && block.get(sector..)?.iter().all(|byte| *byte == 0);
            return (is_last && is_zeros).then_some(at);
        }
        at = record.end;
    }
    None
}

/// The bytes of a block that are types of recycled logs, and what they were.
fn mends(block: &[u8]) -> Vec<(usize, u8)> {
    let (mut mends, mut at) = (Vec::new(), 0);
    while let Some(record) = Record::at(block, at) {
        let plain = plain(record.kind);
        if let Some(plain) = plain {
            mends.push((at + HEADER - 1, plain));
        }
        // Behind what is not as it was written nothing has a beginning.
        if !record.fits(plain.unwrap_or(record.kind)) {
            break;
        }
        at = record.end;
    }
    mends
}

/// What a type of recycled logs is in others.
const fn plain(kind: u8) -> Option<u8> {
    match kind {
        5..=8 => Some(kind - 4),
        11 | 131 => Some(kind - 1),
        _ => None,
    }
}

fn checksum(kind: u8, payload: &[u8]) -> u32 {
    let sum = crc32c::crc32c_append(crc32c::crc32c(&[kind]), payload);
    sum.rotate_right(15).wrapping_add(MASK)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8, payload: &[u8]) -> Vec<u8> {
        let mut record = checksum(kind, payload).to_le_bytes().to_vec();
        record.extend(u16::try_from(payload.len()).unwrap().to_le_bytes());
        record.push(kind);
        record.extend(payload);
        record
    }

    #[test]
    fn a_type_that_changed_to_one_of_recycled_logs_is_changed_back() {
        let folder = std::env::temp_dir().join(format!("tidemark-journal-{}-logs", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("MANIFEST-000005");
        let mut whole = [record(1, b"one"), record(2, b"two"), record(3, b"")].concat();
        whole.resize(BLOCK, 0);
        whole.extend(record(1, b"of the next block"));
        for at in [6, 16, 26, BLOCK + 6] {
            let mut changed = whole.clone();
            changed[at] ^= 4;
            fs::write(&path, &changed).unwrap();
            mend(&folder).unwrap();
            assert_eq!(fs::read(&path).unwrap(), whole, "byte {at}");
        }
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_manifest_is_cut_before_a_last_record_that_power_tore() {
        let folder = std::env::temp_dir().join(format!("tidemark-journal-{}-torn", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("MANIFEST-000005");
        let last = record(1, &[7; 700]);
        for before in [vec![], vec![record(1, &[1; 500])], vec![record(1, &[2; BLOCK - HEADER]), record(3, b"on")]] {
            let before = before.concat();
            let whole = [before.clone(), last.clone()].concat();
            let torn = |from: usize| {
                let mut torn = whole.clone();
                torn[from..].fill(0);
                torn
            };
            let sector = (whole.len() - 1) / SECTOR * SECTOR;
            let mut flipped = torn(sector);
            flipped[before.len() + HEADER] ^= 1;
            for (disk, kept, why) in [
                (whole.clone(), &whole[..], "nothing is wrong"),
                (torn(sector), &before[..], "its last sector never came"),
                (flipped.clone(), &before[..], "a torn record is not believed in any byte"),
                (torn(sector + 1), &torn(sector + 1)[..], "zeros from within a sector are no torn write"),
                ([torn(sector), vec![0; 9]].concat(), &[torn(sector), vec![0; 9]].concat()[..], "more behind it"),
            ] {
                fs::write(&path, &disk).unwrap();
                mend(&folder).unwrap();
                assert!(fs::read(&path).unwrap() == kept, "{why}, behind {} bytes", before.len());
            }
        }
        fs::write(folder.join("000004.log"), [record(1, b"one"), vec![9, 9, 9, 9, 0, 4, 1], vec![0; 1024]].concat())
            .unwrap();
        let log = fs::read(folder.join("000004.log")).unwrap();
        mend(&folder).unwrap();
        assert_eq!(fs::read(folder.join("000004.log")).unwrap(), log, "the storage reads on over a torn log");
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_is_wrong_otherwise_is_left_to_the_storage() {
        let whole = [record(1, b"one"), record(1, b"two")].concat();
        assert_eq!(mends(&whole), []);
        let mut payload = whole.clone();
        payload[8] ^= 1;
        payload[16] ^= 4;
        assert_eq!(mends(&payload), [], "nothing is believed behind a record that is not as it was written");
        let mut both = whole.clone();
        (both[6], both[8]) = (both[6] ^ 4, both[8] ^ 1);
        assert_eq!(mends(&both), [(6, 1)], "the storage finds that the checksum does not fit");
        let mut long = whole;
        (long[5], long[6]) = (0xff, 5);
        assert_eq!(mends(&long), [(6, 1)], "longer than its block");
        assert_eq!(mends(&[0; 64]), [], "what is made ready for later");
        mend(Path::new("/nowhere")).unwrap();
    }
}
