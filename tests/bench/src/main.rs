//! Measures the figures of Tidemark beside the raw limits of the same run:
//! the daemons as processes, on this machine's disk, as a caller sees them.
//!
//! Each figure is taken in several rounds; the table tells the median and the
//! range. A raw limit is taken in the same rounds, because machines differ and
//! change under the hand.

mod accept;
mod apply;
mod asking;
mod catalogue;
mod command;
mod decode;
mod disk;
mod fresh;
mod growth;
mod journey;
mod plain_till;
mod reads;
mod rest;
mod returning;
mod samples;
mod scene;
mod servers;
mod signal;
mod table;
mod wire;

use std::process::ExitCode;

use clap::Parser as _;
use tidemark_fleet::say::complain;

fn main() -> ExitCode {
    match command::measure(&command::Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            complain(&trouble.to_string());
            ExitCode::FAILURE
        }
    }
}
