//! `tidemark-edge`: the daemon of a shop's box.

mod agent;
mod command;
mod desk;
mod events;
mod http;
mod intake;
mod lane;
mod page;
mod reporter;
mod settings;
mod status;
mod uplink;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    command::Cli::parse().run()
}
