//! Throws broken scans at the decoder: see the library.

use std::process::ExitCode;

use clap::Parser as _;
use tidemark_fuzz::command::{Options, perform};

fn main() -> ExitCode {
    perform(&Options::parse())
}
