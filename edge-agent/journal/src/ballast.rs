//! The ballast: a file that is there to be given up. When the disk is full it
//! goes first, so that the database can be opened again and sales go on while
//! somebody makes room.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::config::Config;

/// Bytes written at once.
const PIECE: usize = 64 * 1024;

/// Makes the ballast if there is none, in a thread of its own: it is large,
/// and the box sells meanwhile.
pub(crate) fn lay(config: &Config) {
    let (path, bytes) = (config.ballast_file(), config.ballast_bytes);
    if bytes == 0 || holds(config) {
        return;
    }
    let laying = std::thread::Builder::new().name("ballast".to_owned());
    // Without a thread it is tried again at the next look.
    let _laid = laying.spawn(move || {
        if fill(&path, bytes).is_err() {
            // Half a ballast on a disk without room is none.
            let _removed = fs::remove_file(&path);
        }
    });
}

/// Whether all of it is there.
pub(crate) fn holds(config: &Config) -> bool {
    fs::metadata(config.ballast_file()).is_ok_and(|found| found.len() >= config.ballast_bytes)
}

/// Gives it up; true if there was one.
pub(crate) fn give_up(config: &Config) -> bool {
    fs::remove_file(config.ballast_file()).is_ok()
}

fn fill(path: &Path, bytes: u64) -> io::Result<()> {
    let mut file = File::create(path)?;
    // Not zeros, which some disks keep in no place.
    let piece = vec![0x5a; PIECE];
    let mut left = usize::try_from(bytes).unwrap_or(usize::MAX);
    while left > 0 {
        let part = piece.get(..left.min(PIECE)).unwrap_or(&piece);
        file.write_all(part)?;
        left -= part.len();
    }
    file.sync_all()
}
