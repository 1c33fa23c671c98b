//! Cuts the power under the journal: see the library.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    use clap::Parser as _;
    use tidemark_powercut::command::{Options, complain, perform};

    perform(&Options::parse()).unwrap_or_else(|trouble| {
        complain(&trouble.to_string());
        ExitCode::FAILURE
    })
}

/// There is neither FUSE nor a loop device.
#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    ExitCode::FAILURE
}
