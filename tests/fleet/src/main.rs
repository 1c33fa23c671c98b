//! `tidemark-fleet`: simulated shops for load, and the demo.

mod command;
mod demo;
mod load;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    command::Cli::parse().run()
}
