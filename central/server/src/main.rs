//! `tidemark-central`: the daemon of the centre.

mod api;
mod applier;
mod centre;
mod command;
mod desk;
mod events;
mod fleet;
mod import;
mod ingest;
mod losses;
mod neighbours;
mod openings;
mod parts;
mod poller;
mod pulse;
mod settings;
mod upkeep;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    command::Cli::parse().run()
}
