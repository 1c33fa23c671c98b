//! `tidemark-edge`: the daemon of a shop's box.

mod agent;
mod checked;
mod claims;
mod command;
mod control;
mod desk;
mod doctor;
mod events;
mod http;
mod intake;
mod lane;
mod page;
mod papers;
mod pin;
mod reporter;
mod roll;
mod settings;
mod sheet;
mod status;
mod trading_day;
mod troubles;
mod uplink;
mod words;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    command::Cli::parse().run()
}
