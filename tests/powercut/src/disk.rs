//! What a disk holds, page by page: pages of zeros take no room, and copies
//! share what neither has changed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

/// Bytes of a page.
pub const PAGE: usize = 4_096;

const ZEROS: [u8; PAGE] = [0; PAGE];

/// A disk's content.
#[derive(Clone, Debug)]
pub struct Disk {
    bytes: u64,
    pages: BTreeMap<u64, Arc<[u8; PAGE]>>,
}

/// Where a span of bytes lies: the page, the offset in it, the length there.
fn spans(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, usize)> {
    let page_bytes = u64::try_from(PAGE).unwrap_or(u64::MAX);
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = offset.checked_add(u64::try_from(done).ok()?)?;
        let within = usize::try_from(at % page_bytes).ok()?;
        let taken = (PAGE - within).min(length - done);
        done += taken;
        (taken > 0).then_some((at / page_bytes, within, taken))
    })
}

impl Disk {
    /// A disk of zeros.
    #[must_use]
    pub const fn blank(bytes: u64) -> Self {
        Self { bytes, pages: BTreeMap::new() }
    }

    /// The content of a file.
    pub fn read_from(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let mut disk = Self::blank(file.metadata()?.len());
        let mut page = vec![0; PAGE];
        let mut offset = 0;
        while offset < disk.bytes {
            file.read_exact_at(&mut page, offset)?;
            disk.write(offset, &page);
            offset += u64::try_from(PAGE).unwrap_or(u64::MAX);
        }
        Ok(disk)
    }

    /// Its size.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Pages that are not zeros.
    #[must_use]
    pub fn used_pages(&self) -> usize {
        self.pages.len()
    }

    /// Writes bytes.
    pub fn write(&mut self, offset: u64, bytes: &[u8]) {
        let mut rest = bytes;
        for (page, within, length) in spans(offset, bytes.len()) {
            let (now, later) = rest.split_at(length);
            rest = later;
            self.write_page(page, within, now);
        }
    }

    fn write_page(&mut self, page: u64, within: usize, bytes: &[u8]) {
        if bytes == ZEROS {
            self.pages.remove(&page);
            return;
        }
        let held = self.pages.entry(page).or_insert_with(|| Arc::new(ZEROS));
        if let Some(into) = Arc::make_mut(held).get_mut(within..within + bytes.len()) {
            into.copy_from_slice(bytes);
        }
    }

    /// Reads bytes.
    #[must_use]
    pub fn read(&self, offset: u64, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length);
        for (page, within, length) in spans(offset, length) {
            let held = self.pages.get(&page).map_or(&ZEROS, |held| held.as_ref());
            bytes.extend_from_slice(held.get(within..within + length).unwrap_or_default());
        }
        bytes
    }

    /// Writes it all into a file, which is made or replaced.
    pub fn write_to(&self, path: &Path) -> io::Result<()> {
        let file = File::options().write(true).create(true).truncate(true).open(path)?;
        file.set_len(self.bytes)?;
        let page_bytes = u64::try_from(PAGE).unwrap_or(u64::MAX);
        for (page, bytes) in &self.pages {
            file.write_all_at(bytes.as_slice(), page * page_bytes)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_across_pages_is_read_back_and_the_rest_is_zeros() {
        let mut disk = Disk::blank(5 * 4_096);
        let bytes: Vec<u8> = (0..6_000_u32).map(|number| u8::try_from(number % 251).unwrap()).collect();
        disk.write(4_000, &bytes);
        assert_eq!(disk.read(4_000, 6_000), bytes);
        assert_eq!(disk.read(3_999, 2), [0, 0]);
        assert_eq!(disk.used_pages(), 3);
    }

    #[test]
    fn a_copy_keeps_what_the_other_overwrites_and_zeros_take_no_room() {
        let mut disk = Disk::blank(8_192);
        disk.write(0, &[7; 512]);
        let copy = disk.clone();
        disk.write(0, &[0; 4_096]);
        assert_eq!((disk.used_pages(), copy.read(0, 1)), (0, vec![7]));
    }
}
