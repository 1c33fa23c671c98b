//! The command line. Exit 0: all is as it must be; 1: it is not, or it could
//! not be tried; 2: usage.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use tidemark_fleet::chaos;
use tidemark_fleet::patience::Trouble;
use tidemark_fleet::say::{Voice, complain, line};
use tidemark_fleet::stage::Programs;

use crate::{demo, load};

/// Simulated shops, and a day of shops in a minute.
#[derive(Debug, Parser)]
#[command(name = "tidemark-fleet", version, about, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Simulated shops that sell against a running centre.
    Shops(ShopsOptions),
    /// A centre, a box, a scanner, a till and simulated shops, with cut lines
    /// and killed processes, and the books at the end.
    Demo(DemoOptions),
    /// Boxes, shops and a centre while at random all that can fail fails, and
    /// the books at the end.
    Chaos(ChaosOptions),
}

/// What `shops` is told.
#[derive(Clone, Debug, Args)]
pub(crate) struct ShopsOptions {
    /// The centre's address.
    #[arg(long, default_value = "http://127.0.0.1:8400")]
    pub(crate) centre: String,
    /// How many shops.
    #[arg(long, default_value_t = 50)]
    pub(crate) stores: u32,
    /// The number of the first shop: 1 is S0001.
    #[arg(long, default_value_t = 1)]
    pub(crate) first: u32,
    /// Receipts a minute and shop.
    #[arg(long, default_value_t = 60)]
    pub(crate) rate: u32,
    /// Lines of a receipt.
    #[arg(long, default_value_t = 3)]
    pub(crate) lines: u64,
    /// How long they sell.
    #[arg(long, default_value_t = 30)]
    pub(crate) seconds: u64,
    /// Articles in the range.
    #[arg(long, default_value_t = 200)]
    pub(crate) articles: u64,
    /// Pieces of everything that each shop takes as opening stock.
    #[arg(long)]
    pub(crate) opening: Option<i64>,
    /// Of a thousand receipts, how many are submitted twice.
    #[arg(long, default_value_t = 20)]
    pub(crate) duplicates: u64,
    /// Of a thousand receipts, how many have a line that nobody can understand.
    #[arg(long, default_value_t = 0)]
    pub(crate) poison: u64,
    /// Cut the line of all shops for so many seconds in the middle.
    #[arg(long, default_value_t = 0)]
    pub(crate) outage: u64,
    /// Compare the centre's balances with what the shops know; for shops that
    /// the centre did not have before.
    #[arg(long)]
    pub(crate) prove: bool,
}

/// What `demo` is told.
#[derive(Clone, Debug, Args)]
pub(crate) struct DemoOptions {
    /// The program of the box.
    #[arg(long)]
    pub(crate) edge: PathBuf,
    /// The program of the centre.
    #[arg(long)]
    pub(crate) central: PathBuf,
    /// How many simulated shops.
    #[arg(long, default_value_t = 50)]
    pub(crate) stores: u32,
    /// Keep everything up until Ctrl-C.
    #[arg(long)]
    pub(crate) stay: bool,
    /// On Kafka, PostgreSQL and Redis, which are started for it.
    #[arg(long)]
    pub(crate) real: bool,
}

/// What `chaos` is told.
#[derive(Clone, Debug, Args)]
pub(crate) struct ChaosOptions {
    /// The program of the box.
    #[arg(long)]
    edge: PathBuf,
    /// The program of the centre.
    #[arg(long)]
    central: PathBuf,
    /// How many minutes things fail.
    #[arg(long, default_value_t = 1)]
    minutes: u64,
    /// The same in seconds.
    #[arg(long, conflicts_with = "minutes")]
    seconds: Option<u64>,
    /// What all chance is drawn from; a new one without it.
    #[arg(long)]
    seed: Option<u64>,
    /// On Kafka, PostgreSQL and Redis, which are started for it.
    #[arg(long)]
    real: bool,
}

impl ChaosOptions {
    async fn run(self) -> Result<bool, Trouble> {
        let seed = match self.seed {
            Some(seed) => seed,
            // Short enough to be typed.
            None => getrandom::u64()? % 1_000_000_000,
        };
        let lasts = Duration::from_secs(self.seconds.unwrap_or(self.minutes.saturating_mul(60)));
        let programs = Programs { edge: self.edge, central: self.central };
        let options = chaos::Options { programs, lasts, seed, real: self.real };
        let survived = chaos::run(&options, &Voice::start()).await;
        if survived.is_ok() {
            line(&options.replay());
        }
        Ok(survived.is_ok())
    }
}

impl Cli {
    /// Runs the command.
    pub(crate) fn run(self) -> ExitCode {
        match self.carry_out() {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(trouble) => {
                complain(&trouble.to_string());
                ExitCode::FAILURE
            }
        }
    }

    fn carry_out(self) -> Result<bool, Trouble> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        match self.command {
            Command::Shops(options) => runtime.block_on(load::run(options)),
            Command::Demo(options) => runtime.block_on(demo::run(options)),
            Command::Chaos(options) => runtime.block_on(options.run()),
        }
    }
}
