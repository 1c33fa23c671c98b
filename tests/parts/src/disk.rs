//! A small disk of a test's own, that can be filled and emptied: a file
//! system in memory. It takes root and mounts.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::program::{PartError, finish, system};

/// What fills the disk, at once.
const FILLING_BYTES: usize = 64 * 1024;

/// A mounted file system; unmounted when dropped.
#[derive(Debug)]
pub struct Disk {
    at: PathBuf,
    _folder: TempDir,
}

impl Disk {
    /// Mounts one of that size. An error where this user may not mount.
    pub fn of_mib(mib: u32) -> Result<Self, PartError> {
        let folder = tempfile::Builder::new().prefix("tm-disk").tempdir().map_err(system("make a folder"))?;
        let at = folder.path().join("disk");
        std::fs::create_dir(&at).map_err(system("make a folder"))?;
        let size = format!("size={mib}m,mode=777");
        let mut mount = Command::new("mount");
        finish("mount", mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&at))?;
        // Servers of another user pass through.
        finish("chmod", Command::new("chmod").arg("755").arg(folder.path()))?;
        Ok(Self { at, _folder: folder })
    }

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.at
    }

    /// Leaves not a byte of room.
    pub fn fill(&self) -> Result<(), PartError> {
        let mut filling =
            File::options().create(true).append(true).open(self.filling()).map_err(system("fill the disk"))?;
        for bytes in [FILLING_BYTES, 1] {
            let chunk = vec![0x5a; bytes];
            loop {
                match filling.write_all(&chunk) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(system("fill the disk")(error)),
                }
            }
        }
        Ok(())
    }

    /// Gives the room back.
    pub fn free(&self) -> Result<(), PartError> {
        std::fs::remove_file(self.filling()).map_err(system("empty the disk"))
    }

    fn filling(&self) -> PathBuf {
        self.at.join("filling")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // A server that is still ending lets go of it later.
        drop(finish("umount", Command::new("umount").arg("-l").arg(&self.at)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::print_stderr, reason = "what is not tried is said loudly")]
    fn a_full_disk_takes_nothing_until_it_is_freed() {
        let disk = match Disk::of_mib(1) {
            Ok(disk) => disk,
            Err(error) => return eprintln!("NOT TESTED: full disks: {error}"),
        };
        let file = disk.path().join("file");
        disk.fill().unwrap();
        let refused = std::fs::write(&file, b"one").unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::StorageFull);
        disk.free().unwrap();
        std::fs::write(&file, b"one").unwrap();
    }
}
