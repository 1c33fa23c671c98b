//! `tidemark-edge`: the daemon of a shop's box.

mod agent;
mod checked;
mod claims;
mod command;
mod control;
mod days;
mod desk;
mod doctor;
mod events;
mod files;
mod guest;
mod http;
mod intake;
mod lane;
mod lines;
mod pace;
mod page;
mod pairing;
mod papers;
mod pin;
mod read_out;
mod reception;
mod redacted;
mod reporter;
mod roll;
mod settings;
mod sheet;
mod status;
mod trading_day;
mod troubles;
mod uplink;
mod ways;
mod words;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    command::Cli::parse().run()
}
