//! The archive that the kernel unpacks into memory at its start (`cpio`, the
//! form `newc`). Written here, so that owners and devices need no root.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const MAGIC: &str = "070701";
const FOLDER: u32 = 0o040_000;
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_000;
const DEVICE: u32 = 0o020_000;
const LAST: &str = "TRAILER!!!";

/// Who owns a file, and what may be done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// User and group.
    pub owner: u32,
    /// Permissions.
    pub mode: u32,
}

impl Rights {
    /// Root's, for all to read.
    pub const READ: Self = Self { owner: 0, mode: 0o644 };
    /// Root's, for all to run.
    pub const RUN: Self = Self { owner: 0, mode: 0o755 };
}

/// An archive that grows.
#[derive(Clone, Debug, Default)]
pub struct Archive {
    bytes: Vec<u8>,
    entries: u32,
    folders: BTreeSet<PathBuf>,
}

impl Archive {
    /// A folder, with those above it.
    pub fn folder(&mut self, path: &str, rights: Rights) {
        self.above(path);
        if self.folders.insert(PathBuf::from(path)) {
            self.entry(path, FOLDER | rights.mode, rights.owner, (0, 0), &[]);
        }
    }

    /// A file.
    pub fn file(&mut self, path: &str, rights: Rights, content: &[u8]) {
        self.above(path);
        self.entry(path, FILE | rights.mode, rights.owner, (0, 0), content);
    }

    /// A symbolic link.
    pub fn link(&mut self, path: &str, target: &str) {
        self.above(path);
        self.entry(path, LINK | 0o777, 0, (0, 0), target.as_bytes());
    }

    /// A device of characters, by its numbers.
    pub fn device(&mut self, path: &str, numbers: (u32, u32)) {
        self.above(path);
        self.entry(path, DEVICE | 0o600, 0, numbers, &[]);
    }

    /// All of it, with its end.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.entry(LAST, 0, 0, (0, 0), &[]);
        self.bytes
    }

    fn above(&mut self, path: &str) {
        if let Some(parent) = Path::new(path).parent().and_then(Path::to_str).filter(|parent| *parent != "/") {
            self.folder(parent, Rights::RUN);
        }
    }

    fn entry(&mut self, path: &str, mode: u32, owner: u32, device: (u32, u32), content: &[u8]) {
        let name = path.trim_start_matches('/');
        self.entries += 1;
        let size = u32::try_from(content.len()).unwrap_or(u32::MAX);
        let name_size = u32::try_from(name.len() + 1).unwrap_or(u32::MAX);
        // Number, mode, user, group, links, time, size, the device that it is
        // on and the one that it is, the name's size, no check sum.
        let (major, minor) = device;
        let words = [self.entries, mode, owner, owner, 1, 0, size, 0, 0, major, minor, name_size, 0];
        self.bytes.extend(MAGIC.as_bytes());
        for word in words {
            self.bytes.extend(format!("{word:08x}").as_bytes());
        }
        self.bytes.extend(name.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend(content);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names with mode, owner and content, as the kernel reads them.
    fn read(bytes: &[u8]) -> Vec<(String, u32, u32, Vec<u8>)> {
        let (mut at, mut entries) = (0, Vec::new());
        loop {
            assert_eq!(&bytes[at..at + 6], MAGIC.as_bytes());
            let word = |number: usize| {
                let text = std::str::from_utf8(&bytes[at + 6 + number * 8..at + 14 + number * 8]).unwrap();
                u32::from_str_radix(text, 16).unwrap()
            };
            let (mode, owner) = (word(1), word(2));
            let (size, name_size) = (usize::try_from(word(6)).unwrap(), usize::try_from(word(11)).unwrap());
            let name = String::from_utf8(bytes[at + 110..at + 109 + name_size].to_vec()).unwrap();
            let start = (at + 110 + name_size).next_multiple_of(4);
            if name == LAST {
                return entries;
            }
            entries.push((name, mode, owner, bytes[start..start + size].to_vec()));
            at = (start + size).next_multiple_of(4);
        }
    }

    #[test]
    fn what_is_put_in_comes_out_with_the_folders_above_it_once() {
        let mut archive = Archive::default();
        archive.folder("/var/lib/box", Rights { owner: 990, mode: 0o750 });
        archive.file("/var/lib/box/tail", Rights { owner: 990, mode: 0o640 }, b"seven");
        archive.link("/bin/sh", "busybox");
        archive.device("/dev/console", (5, 1));
        let found = read(&archive.finish());
        let names: Vec<&str> = found.iter().map(|entry| entry.0.as_str()).collect();
        assert_eq!(names, ["var", "var/lib", "var/lib/box", "var/lib/box/tail", "bin", "bin/sh", "dev", "dev/console"]);
        assert_eq!((found[2].1, found[2].2), (FOLDER | 0o750, 990));
        assert_eq!(found[3], ("var/lib/box/tail".to_owned(), FILE | 0o640, 990, b"seven".to_vec()));
        assert_eq!((found[5].1, found[5].3.as_slice()), (LINK | 0o777, &b"busybox"[..]));
        assert_eq!(found[7].1, DEVICE | 0o600);
    }
}
