//! Room on a disk, and whose a folder is.

use std::io;
use std::path::Path;

/// Room where a path lies, in MiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// What this process may still write.
    pub free_mib: u64,
    /// All there is.
    pub total_mib: u64,
}

impl Room {
    /// How full it is, in percent rounded down.
    #[must_use]
    pub fn percent_full(&self) -> u64 {
        let used = self.total_mib.saturating_sub(self.free_mib);
        used.saturating_mul(100).checked_div(self.total_mib).unwrap_or(0)
    }
}

/// Room where a path lies.
#[cfg(unix)]
pub fn room(path: &Path) -> io::Result<Room> {
    let found = rustix::fs::statvfs(path)?;
    let mib = |blocks: u64| blocks.saturating_mul(found.f_frsize) >> 20;
    // What is kept back for root is not there for the daemon.
    let kept_back = found.f_bfree.saturating_sub(found.f_bavail);
    Ok(Room { free_mib: mib(found.f_bavail), total_mib: mib(found.f_blocks.saturating_sub(kept_back)) })
}

/// Room where a path lies: not known on this system.
#[cfg(not(unix))]
pub fn room(_path: &Path) -> io::Result<Room> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether a path belongs to the user of this process. What another user
/// makes in it, root among them, its own one may not be able to open.
#[cfg(unix)]
pub fn is_own(path: &Path) -> io::Result<bool> {
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(path)?);
    Ok(owner == rustix::process::geteuid().as_raw())
}

/// Whether a path belongs to the user of this process: not asked on this
/// system.
#[cfg(not(unix))]
pub fn is_own(_path: &Path) -> io::Result<bool> {
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_told_and_a_path_that_is_not_there_is_an_error() {
        let here = room(&std::env::temp_dir()).unwrap();
        assert!(here.total_mib > 0 && here.free_mib <= here.total_mib, "{here:?}");
        assert!(room(Path::new("/nonexistent/folder")).is_err());
    }

    #[test]
    fn what_one_makes_is_ones_own() {
        let folder = tempfile::tempdir().unwrap();
        assert!(is_own(folder.path()).unwrap());
        assert!(is_own(Path::new("/nonexistent/folder")).is_err());
    }

    #[test]
    fn percent_are_of_what_the_daemon_may_use() {
        assert_eq!(Room { free_mib: 10, total_mib: 100 }.percent_full(), 90);
        assert_eq!(Room { free_mib: 1, total_mib: 200 }.percent_full(), 99);
        assert_eq!(Room::default().percent_full(), 0);
    }
}
