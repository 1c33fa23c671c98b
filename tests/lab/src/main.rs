//! Tries emulated scanners with Debian's kernel in a guest: see the library.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    use clap::Parser as _;
    use tidemark_lab::host::command::{Options, perform};

    perform(&Options::parse())
}

/// The guest is made of what a Debian machine has.
#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    ExitCode::FAILURE
}
