//! The folder that a run works in, and what a run that was killed left.
//!
//! Every folder of ours begins with the same name and holds a lock file that
//! its run keeps locked. Whoever begins looks for folders whose lock is free:
//! their mounts, loop devices and files go.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::tools::{self, Trouble};

const PREFIX: &str = "tidemark-powercut-";
const LOCK: &str = "lock";
/// Held by who makes a folder or sweeps.
const GATE: &str = "tidemark-powercut.lock";
/// Room that a run takes at most, in memory.
const ROOM_BYTES: u64 = 768 * 1024 * 1024;

/// A folder of one's own.
#[derive(Debug)]
pub struct Place {
    folder: PathBuf,
    /// Locked as long as the run lives.
    _lock: File,
}

impl Place {
    /// Makes a folder where there is room, in memory if possible: there a
    /// flush of an image costs nothing.
    pub fn make() -> Result<Self, Trouble> {
        let shared_memory = Path::new("/dev/shm");
        let has_room = rustix::fs::statvfs(shared_memory)
            .is_ok_and(|room| room.f_bavail.saturating_mul(room.f_frsize) >= ROOM_BYTES);
        Self::make_in(if has_room { shared_memory.to_owned() } else { std::env::temp_dir() }.as_path())
    }

    /// Makes a folder in another, after a sweep.
    pub fn make_in(above: &Path) -> Result<Self, Trouble> {
        let gate = File::create(above.join(GATE)).map_err(Trouble::io("making the gate's file"))?;
        gate.lock().map_err(Trouble::io("waiting at the gate"))?;
        sweep(above)?;
        let taken = |number: &u32| !above.join(format!("{PREFIX}{}-{number}", std::process::id())).exists();
        let number = (0..).find(taken).unwrap_or(0);
        let folder = above.join(format!("{PREFIX}{}-{number}", std::process::id()));
        fs::create_dir(&folder).map_err(Trouble::io("making the work folder"))?;
        let lock = File::create(folder.join(LOCK)).map_err(Trouble::io("making the lock file"))?;
        lock.lock().map_err(Trouble::io("locking the work folder"))?;
        Ok(Self { folder, _lock: lock })
    }

    /// A path in it.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A folder in it, made if it is not there.
    pub fn folder(&self, name: &str) -> Result<PathBuf, Trouble> {
        let path = self.path(name);
        fs::create_dir_all(&path).map_err(Trouble::io("making a folder"))?;
        Ok(path)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What stays behind is swept by the next run.
        drop(clear(&self.folder));
    }
}

/// Clears the folders of runs that are no more.
fn sweep(above: &Path) -> Result<(), Trouble> {
    let entries = fs::read_dir(above).map_err(Trouble::io("looking for leftovers"))?;
    for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX)) {
        let lock = File::open(entry.path().join(LOCK));
        match lock.map(|lock| lock.try_lock()) {
            Ok(Err(TryLockError::WouldBlock)) => {}
            Ok(Ok(()) | Err(TryLockError::Error(_))) | Err(_) => clear(&entry.path())?,
        }
    }
    Ok(())
}

/// Unmounts what is mounted in a folder, lets its loop devices go, and
/// removes it.
fn clear(folder: &Path) -> Result<(), Trouble> {
    // The last mounted first; what is in use ends when it is used no more.
    for mounted in mounts_in(folder).map_err(Trouble::io("reading the mounts"))?.iter().rev() {
        tools::detach(mounted)?;
    }
    for device in loops_on(folder) {
        // It may have gone by itself meanwhile.
        drop(tools::detach_loop(&device));
    }
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Trouble::Io { what: format!("removing {}", folder.display()), cause: error })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn mounts_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mounts = fs::read_to_string("/proc/self/mounts")?;
    // Our names hold nothing that the table writes in another way.
    let points = mounts.lines().filter_map(|line| line.split(' ').nth(1)).map(PathBuf::from);
    Ok(points.filter(|point| point.starts_with(folder)).collect())
}

fn loops_on(folder: &Path) -> Vec<PathBuf> {
    let Ok(devices) = fs::read_dir("/sys/block") else { return Vec::new() };
    let on_folder = |device: &fs::DirEntry| {
        let file = fs::read_to_string(device.path().join("loop/backing_file"));
        file.is_ok_and(|file| Path::new(file.trim_end()).starts_with(folder))
    };
    let ours = devices.flatten().filter(on_folder);
    ours.map(|device| Path::new("/dev").join(device.file_name())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_whose_run_is_gone_is_swept_and_one_in_use_is_not() {
        let above = std::env::temp_dir().join(format!("tidemark-powercut.place.{}", std::process::id()));
        fs::create_dir_all(&above).unwrap();
        let gone = above.join(format!("{PREFIX}1-0"));
        fs::create_dir(&gone).unwrap();
        fs::write(gone.join(LOCK), "").unwrap();
        let first = Place::make_in(&above).unwrap();
        assert!(!gone.exists());
        let second = Place::make_in(&above).unwrap();
        assert!(first.path(LOCK).exists() && second.path(LOCK).exists());
        drop((first, second));
        assert_eq!(fs::read_dir(&above).unwrap().count(), 1, "only the gate stays");
        fs::remove_dir_all(&above).unwrap();
    }
}
