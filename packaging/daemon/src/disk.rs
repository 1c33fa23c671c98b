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

/// Of a larger disk the last so many MiB count: on 1 TB, 5 % would be the
/// trading of years.
const COUNTED_MIB: u64 = 20 * 1024;

impl Room {
    /// How full it is, in percent rounded down; of a disk over 20 GiB the
    /// last 20 GiB.
    #[must_use]
    pub fn percent_full(&self) -> u64 {
        let counted = self.total_mib.min(COUNTED_MIB);
        let used = counted.saturating_sub(self.free_mib);
        used.saturating_mul(100).checked_div(counted).unwrap_or(0)
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

/// What a path lies on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its name, or its number where we know none.
    pub name: String,
    /// It is gone when the power is.
    pub is_memory: bool,
    /// It is on another machine.
    pub is_network: bool,
}

/// What a path lies on, by the number of its file system (statfs(2)).
#[cfg(target_os = "linux")]
pub fn kind_of(path: &Path) -> io::Result<Kind> {
    const KNOWN: [(u64, &str, bool, bool); 12] = [
        (0xef53, "ext4", false, false),
        (0x5846_5342, "xfs", false, false),
        (0x9123_683e, "btrfs", false, false),
        (0xf2f5_2010, "f2fs", false, false),
        (0x2fc1_2fc1, "zfs", false, false),
        (0x0102_1994, "tmpfs", true, false),
        (0x8584_58f6, "ramfs", true, false),
        (0x794c_7630, "overlay", false, false),
        (0x6969, "nfs", false, true),
        (0xff53_4d42, "cifs", false, true),
        (0xfe53_4d42, "smb2", false, true),
        (0x0102_1997, "9p", false, true),
    ];
    let number = u64::try_from(rustix::fs::statfs(path)?.f_type).unwrap_or_default() & 0xffff_ffff;
    let known = KNOWN.iter().find(|(magic, ..)| *magic == number);
    Ok(known.map_or_else(
        || Kind { name: format!("a file system of number {number:#x}"), is_memory: false, is_network: false },
        |(_, name, is_memory, is_network)| Kind {
            name: (*name).to_owned(),
            is_memory: *is_memory,
            is_network: *is_network,
        },
    ))
}

/// What a path lies on: not known on this system.
#[cfg(not(target_os = "linux"))]
pub fn kind_of(_path: &Path) -> io::Result<Kind> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Flags with which a port is opened without becoming its terminal and
/// without waiting for its carrier.
#[cfg(unix)]
pub const QUIET_OPEN: i32 = rustix::fs::OFlags::NOCTTY.union(rustix::fs::OFlags::NONBLOCK).bits().cast_signed();

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

    #[cfg(target_os = "linux")]
    #[test]
    fn what_a_path_lies_on_is_told() {
        let proc = kind_of(Path::new("/proc")).unwrap();
        assert!(proc.name.contains("0x9fa0") && !proc.is_memory && !proc.is_network, "{proc:?}");
        assert!(kind_of(Path::new("/nonexistent/folder")).is_err());
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
        // Disks of 20 GiB and more are short at the same room.
        for total_mib in [20, 250, 4_000].map(|gib| gib * 1_024) {
            let full = |free_mib| Room { free_mib, total_mib }.percent_full();
            assert_eq!([30_720, 4_096, 2_048, 1_024, 204].map(full), [0, 80, 90, 95, 99]);
        }
    }
}
