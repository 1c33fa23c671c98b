//! Tries scanners in the guest: see the library.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    use clap::Parser as _;
    use tidemark_lab::guest::command::{Guest, perform};

    perform(&Guest::parse())
}

/// There are no virtual USB ports of this kind.
#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    ExitCode::FAILURE
}
