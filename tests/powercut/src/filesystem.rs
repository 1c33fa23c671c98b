//! The file systems that boxes stand on: how a small one is made and mounted.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::disk::Disk;
use crate::place::Place;
use crate::tools::{self, Trouble};

const MIB: u64 = 1024 * 1024;

/// A file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileSystem {
    /// Debian's usual one.
    Ext4,
    /// Red Hat's usual one.
    Xfs,
    /// SUSE's usual one.
    Btrfs,
}

impl FileSystem {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ext4, Self::Xfs, Self::Btrfs];

    /// Its name, as `mount` takes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
            Self::Btrfs => "btrfs",
        }
    }

    /// The smallest that its tools make, with room for a journal.
    const fn bytes(self) -> u64 {
        match self {
            Self::Ext4 => 48 * MIB,
            Self::Xfs => 300 * MIB,
            Self::Btrfs => 144 * MIB,
        }
    }

    /// What its disk writes whole or not at all, in bytes. xfs does not mount
    /// when a directory's block is torn: its log takes the block for newer by
    /// the first 512 bytes, and does not write it again. So it needs a disk
    /// that writes 4,096 bytes whole.
    #[must_use]
    pub const fn sector(self) -> u64 {
        match self {
            Self::Ext4 | Self::Btrfs => 512,
            Self::Xfs => 4_096,
        }
    }

    /// The programs it needs besides those of every Linux.
    #[must_use]
    pub const fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Ext4 => &["mkfs.ext4"],
            Self::Xfs => &["mkfs.xfs"],
            Self::Btrfs => &["mkfs.btrfs", "btrfs"],
        }
    }

    /// The program that makes one, and how.
    const fn maker(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Ext4 => (
                "mkfs.ext4",
                &["-q", "-F", "-b", "4096", "-J", "size=4", "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard"],
            ),
            Self::Xfs => ("mkfs.xfs", &["-q", "-f", "-K"]),
            Self::Btrfs => ("mkfs.btrfs", &["-q", "-f", "-K"]),
        }
    }

    /// As a box mounts it, but for what two of one kind need, and no discards,
    /// which the record doesn't know.
    const fn options(self) -> &'static str {
        match self {
            Self::Ext4 => "loop,noatime,nodiscard",
            Self::Xfs => "loop,noatime,nodiscard,nouuid",
            Self::Btrfs => "loop,noatime,nodiscard",
        }
    }

    /// A disk with a fresh one.
    pub fn make(self, place: &Place) -> Result<Disk, Trouble> {
        let path = place.path("fresh");
        Disk::blank(self.bytes()).write_to(&path).map_err(Trouble::io("making a disk"))?;
        let (program, arguments) = self.maker();
        let path_argument = path.as_os_str();
        tools::run(program, arguments.iter().map(AsRef::as_ref).chain([path_argument]))?;
        let disk = Disk::read_from(&path).map_err(Trouble::io("reading the fresh disk"))?;
        std::fs::remove_file(&path).map_err(Trouble::io("removing the fresh disk"))?;
        Ok(disk)
    }

    /// Mounts a disk's file by a loop device, which goes with the mount.
    pub fn mount(self, disk: &Path, folder: &Path) -> Result<Mounted, Trouble> {
        if self == Self::Btrfs {
            // It remembers every disk of one identity, and refuses older ones.
            tools::run("btrfs", ["device", "scan", "--forget"])?;
        }
        let arguments = ["-t", self.name(), "-o", self.options()].map(AsRef::as_ref);
        tools::run("mount", arguments.into_iter().chain([disk.as_os_str(), folder.as_os_str()]))?;
        Ok(Mounted { folder: folder.to_owned(), mounted: true })
    }
}

impl fmt::Display for FileSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A mounted file system; unmounted when it goes.
#[derive(Debug)]
pub struct Mounted {
    folder: PathBuf,
    mounted: bool,
}

impl Mounted {
    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Unmounts it.
    pub fn unmount(mut self) -> Result<(), Trouble> {
        self.mounted = false;
        tools::unmount(&self.folder)
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if self.mounted {
            // Something failed before; the sweep would find it, too.
            drop(tools::detach(&self.folder));
        }
    }
}
