//! `tidemark-central`: the daemon of the centre.

mod api;
mod applier;
mod cache_filler;
mod centre;
mod changes;
mod command;
mod desk;
mod escape;
mod events;
mod fleet;
mod hours;
mod import;
mod ingest;
mod loader;
mod losses;
mod mending;
mod neighbours;
mod openings;
mod parts;
mod poller;
mod pulse;
mod readings;
mod region;
mod repair;
mod settings;
mod sign_in;
mod ticks;
mod upkeep;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    command::Cli::parse().run()
}
