//! The programs of the system that make, mount and unmount file systems.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// What went wrong around the test, not in it.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// A program of the system said no.
    #[error("{program} failed: {said}")]
    Program {
        /// Which, with what it was asked.
        program: String,
        /// Its words.
        said: String,
    },
    /// Reading or writing failed.
    #[error("{what}: {cause}")]
    Io {
        /// What was tried.
        what: String,
        /// The system's word.
        #[source]
        cause: io::Error,
    },
    /// The journal under test did not do what the workload needs.
    #[error("the workload can't go on: {0}")]
    Workload(String),
}

impl Trouble {
    /// Says what was tried.
    pub fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |cause| Self::Io { what, cause }
    }
}

/// Runs a program to its end.
pub fn run<A: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = A>) -> Result<(), Trouble> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    let output = command.output().map_err(Trouble::io(format!("starting {program}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Trouble::Program { program: format!("{command:?}"), said })
}

/// Unmounts, or fails if something in it is in use.
pub fn unmount(folder: &Path) -> Result<(), Trouble> {
    run("umount", [folder])
}

/// Takes a mount out of sight at once; it ends when nobody uses it any more.
pub fn detach(folder: &Path) -> Result<(), Trouble> {
    run("umount", [OsStr::new("--lazy"), folder.as_os_str()])
}

/// Lets a loop device go, now or when nobody uses it any more.
pub fn detach_loop(device: &Path) -> Result<(), Trouble> {
    run("losetup", [OsStr::new("--detach"), device.as_os_str()])
}
