//! Daemons whose data lie on a small disk of the test's own.

use std::process::Command;

use tidemark_fleet::patience::{Trouble, expect};
use tidemark_fleet::process::Daemon;
use tidemark_fleet::stage::Stage;
use tidemark_parts::Disk;

/// A small disk; none, and said loudly, where none can be mounted.
#[must_use]
#[expect(clippy::print_stderr, reason = "what is not tried is said loudly")]
pub fn small(mib: u32) -> Option<Disk> {
    match Disk::of_mib(mib) {
        Ok(disk) => Some(disk),
        Err(error) => {
            eprintln!("NOT TESTED: full disks: {error}");
            None
        }
    }
}

/// Stops a daemon, moves its data to the disk and starts it there.
pub async fn put_on(daemon: &mut Daemon, stage: &Stage, disk: &Disk) -> Result<(), Trouble> {
    daemon.stop().await?;
    let (data, there) = (stage.folder().join(&daemon.recipe().name), disk.path().join("data"));
    let copied = Command::new("cp").arg("-a").arg(&data).arg(&there).status()?;
    expect(copied.success(), || format!("cp could not move {} to {}", data.display(), there.display()))?;
    std::fs::remove_dir_all(&data)?;
    std::os::unix::fs::symlink(there, data)?;
    Ok(daemon.restart().await?)
}
