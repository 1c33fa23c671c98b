//! The command line. Data goes to stdout, messages to stderr; exit 0 ok, 1
//! failed, 2 usage, 78 bad configuration.

mod audit;
mod changes;
mod client;
mod instruct;
mod letters;
mod losses;
mod reservations;
mod stores;
mod suspense;
mod token;
mod transfers;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use serde_json::json;
use tidemark_daemon::config::{self, ConfigError, Loaded, NoPair, Sources};
use tidemark_daemon::explain::{NoSuchCondition, Subject, explain};
use tidemark_daemon::logging;
use tidemark_daemon::output::{Form, print};

use crate::centre::{self, CentreError};
use crate::parts;
use crate::settings::CentreSettings;

const FAILED: u8 = 1;
const BAD_USAGE: u8 = 2;
const BAD_CONFIGURATION: u8 = config::EXIT_CODE;
const USUAL_FILE: &str = "/etc/tidemark/central.toml";

/// The daemon of the centre.
#[derive(Debug, Parser)]
#[command(name = "tidemark-central", version, about, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the centre.
    Serve(Told),
    /// How the running centre is.
    Status(client::Asking),
    /// Shops with the proof of their books, by the page's filters.
    Stores(stores::StoresCommand),
    /// One shop.
    Store(stores::StoreCommand),
    /// The worst shops, again and again.
    Top(stores::TopCommand),
    /// Follows what changes in the stock of all shops.
    Changes(changes::ChangesCommand),
    /// What was parked, and why.
    DeadLetters(letters::LettersCommand),
    /// What boxes are asked to do.
    Instruct {
        #[command(subcommand)]
        command: instruct::InstructCommand,
    },
    /// Who changed what, when and why.
    Audit(audit::AuditCommand),
    /// Positions that are lost by name.
    Losses {
        #[command(subcommand)]
        command: losses::LossesCommand,
    },
    /// Goods between shops, and differences.
    Transfers {
        #[command(subcommand)]
        command: transfers::TransfersCommand,
    },
    /// What callers have reserved.
    Reservations {
        #[command(subcommand)]
        command: reservations::ReservationsCommand,
    },
    /// Codes that nobody knows, and what they are.
    Suspense {
        #[command(subcommand)]
        command: suspense::SuspenseCommand,
    },
    /// The catalogue.
    Catalogue {
        #[command(subcommand)]
        command: client::CatalogueCommand,
    },
    /// Tokens of callers.
    Token {
        #[command(subcommand)]
        command: token::TokenCommand,
    },
    /// People who sign in to the console.
    User {
        #[command(subcommand)]
        command: user::UserCommand,
    },
    /// The configuration.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// What a condition or the code of an answer means and what to do.
    Explain {
        /// Such as TM-1002 or faulty_file; all without it.
        code: Option<Subject>,
        /// table, json, jsonl or csv
        #[arg(short, long, default_value = "table")]
        output: Form,
    },
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Reads the configuration and tells what is wrong with it.
    Check(Told),
    /// A file with every key and its default.
    PrintDefault,
    /// Every value and where it comes from.
    Explain {
        #[command(flatten)]
        told: Told,
        /// table, json, jsonl or csv
        #[arg(short, long, default_value = "table")]
        output: Form,
    },
}

/// What every command can be told.
#[derive(Clone, Debug, Args)]
pub(super) struct Told {
    /// The configuration file; /etc/tidemark/central.toml if that is there.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Folder of the embedded parts.
    #[arg(long)]
    data: Option<String>,
    /// Where boxes and callers reach the centre.
    #[arg(long)]
    http: Option<String>,
    /// What this process does: ingest, apply, api, cache.
    #[arg(long, value_delimiter = ',')]
    roles: Option<Vec<String>>,
    /// PostgreSQL instead of a file, without a password: that belongs into
    /// the configuration, the environment or a .pgpass.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Brokers of Kafka instead of a file, as HOST:PORT.
    #[arg(long, value_name = "BROKERS", value_delimiter = ',')]
    kafka: Option<Vec<String>>,
    /// Redis instead of this process's memory, without a password.
    #[arg(long, value_name = "URL")]
    redis_url: Option<String>,
    /// An address for boxes alone.
    #[arg(long)]
    boxes: Option<String>,
    /// Any key of the configuration, as key=value.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl Told {
    fn sources(&self) -> Result<Sources, NoPair> {
        let named = [
            ("data", &self.data),
            ("http.address", &self.http),
            ("http.boxes", &self.boxes),
            ("ledger.url", &self.database_url),
            ("cache.redis_url", &self.redis_url),
        ];
        let lists = [("roles", &self.roles), ("stream.kafka", &self.kafka)];
        let named = named.map(|(key, value)| (key, value.as_ref().map(|value| json!(value))));
        let lists = lists.map(|(key, value)| (key, value.as_ref().map(|value| json!(value))));
        Sources::of_command_line(self.config.as_deref(), USUAL_FILE, named.into_iter().chain(lists), &self.set)
    }

    /// The configuration of these flags.
    pub(super) fn load(&self) -> Result<Loaded<CentreSettings>, CommandError> {
        for (flag, url) in [("--database-url", &self.database_url), ("--redis-url", &self.redis_url)] {
            if url.as_deref().is_some_and(parts::has_password) {
                return Err(CommandError::Shown(flag));
            }
        }
        Ok(config::load(&self.sources()?)?)
    }
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Centre(#[from] CentreError),
    #[error("{0}")]
    Level(#[from] logging::LevelError),
    #[error("{0}")]
    Output(#[from] std::io::Error),
    #[error(
        "{0} holds a password, which every user of this machine can see; give the address in the configuration file, \
             in TIDEMARK_LEDGER__URL or TIDEMARK_CACHE__REDIS_URL, or as a file"
    )]
    Shown(&'static str),
    #[error(transparent)]
    Pair(#[from] NoPair),
    #[error(transparent)]
    Unknown(#[from] NoSuchCondition),
    #[error("{0}")]
    Asked(String),
}

impl CommandError {
    const fn exit_code(&self) -> u8 {
        match self {
            Self::Pair(_) => BAD_USAGE,
            Self::Config(_) | Self::Level(_) | Self::Shown(_) => BAD_CONFIGURATION,
            Self::Centre(error) if error.is_configuration() => BAD_CONFIGURATION,
            Self::Centre(_) | Self::Output(_) | Self::Unknown(_) | Self::Asked(_) => FAILED,
        }
    }
}

impl Cli {
    /// Runs the command.
    pub(crate) fn run(self) -> ExitCode {
        match carry_out(self.command) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                complain(&error);
                ExitCode::from(error.exit_code())
            }
        }
    }
}

#[expect(clippy::print_stderr, reason = "messages of the command line go to stderr")]
fn complain(error: &CommandError) {
    let condition = if let CommandError::Centre(error) = error { error.condition() } else { None };
    match condition {
        Some(code) => eprintln!("tidemark-central: {code}: {error}; `tidemark-central explain {code}` says what to do"),
        None => eprintln!("tidemark-central: {error}"),
    }
}

fn carry_out(command: Command) -> Result<(), CommandError> {
    match command {
        Command::Serve(told) => serve(&told),
        Command::Status(asking) => client::status(&asking),
        Command::Stores(command) => stores::list(&command),
        Command::Store(command) => stores::show(&command),
        Command::Top(command) => stores::top(&command),
        Command::Changes(command) => changes::carry_out(&command),
        Command::DeadLetters(command) => letters::carry_out(command),
        Command::Instruct { command } => instruct::carry_out(command),
        Command::Audit(command) => audit::carry_out(&command),
        Command::Losses { command } => losses::carry_out(command),
        Command::Transfers { command } => transfers::carry_out(command),
        Command::Reservations { command } => reservations::carry_out(command),
        Command::Suspense { command } => suspense::carry_out(command),
        Command::Catalogue { command } => client::catalogue(command),
        Command::Token { command } => token::carry_out(command),
        Command::User { command } => user::carry_out(command),
        Command::Config { command: ConfigCommand::Check(told) } => {
            told.load()?;
            Ok(print("the configuration is good\n")?)
        }
        Command::Config { command: ConfigCommand::PrintDefault } => {
            Ok(print(config::print_default::<CentreSettings>().trim_start())?)
        }
        Command::Config { command: ConfigCommand::Explain { told, output } } => {
            Ok(told.load()?.rows().print(output)?)
        }
        Command::Explain { code, output } => Ok(print(&explain(code, output)?)?),
    }
}

fn serve(told: &Told) -> Result<(), CommandError> {
    let settings = told.load()?.settings;
    logging::start(&settings.log.level, settings.log.form)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    Ok(runtime.block_on(centre::run(settings))?)
}
