//! The command line. Data goes to stdout, messages to stderr; exit 0 ok, 1
//! failed, 2 usage, 78 bad configuration.

mod client;
mod losses;
mod token;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use serde_json::json;
use tidemark_daemon::conditions;
use tidemark_daemon::config::{self, ConfigError, Loaded, Sources};
use tidemark_daemon::logging;
use tidemark_daemon::output::{Form, Rows, print};

use crate::centre::{self, CentreError};
use crate::parts;
use crate::settings::CentreSettings;

const FAILED: u8 = 1;
const BAD_CONFIGURATION: u8 = 78;
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
    /// All shops with the proof of their books.
    Stores(client::Asking),
    /// What was parked, and why.
    DeadLetters(client::Asking),
    /// Positions that are lost by name.
    Losses {
        #[command(subcommand)]
        command: losses::LossesCommand,
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
    /// The configuration.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// What a condition means and what to do.
    Explain {
        /// Such as TM-1002; all without it.
        code: Option<conditions::Code>,
    },
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Reads the configuration and tells what is wrong with it.
    Check(Told),
    /// A file with every key and its default.
    PrintDefault,
    /// Every value and where it comes from.
    Explain(Told),
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
    /// What this process does: ingest, apply, api.
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
    fn sources(&self) -> Sources {
        let usual = || Some(PathBuf::from(USUAL_FILE)).filter(|path| path.is_file());
        let named = [
            ("data", &self.data),
            ("http.address", &self.http),
            ("http.boxes", &self.boxes),
            ("ledger.url", &self.database_url),
            ("cache.redis_url", &self.redis_url),
        ];
        let lists = [("roles", &self.roles), ("stream.kafka", &self.kafka)];
        let named = named.into_iter().filter_map(|(key, value)| Some((key, json!(value.as_ref()?))));
        let lists = lists.into_iter().filter_map(|(key, value)| Some((key, json!(value.as_ref()?))));
        let given = named.chain(lists).map(|(key, value)| (key.to_owned(), value.to_string()));
        let set = self.set.iter().map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (key.trim().to_owned(), value.trim().to_owned())
        });
        let flags = given.chain(set).collect();
        Sources { file: self.config.clone().or_else(usual), environment: config::environment(), flags }
    }

    /// The configuration of these flags.
    pub(super) fn load(&self) -> Result<Loaded<CentreSettings>, CommandError> {
        for (flag, url) in [("--database-url", &self.database_url), ("--redis-url", &self.redis_url)] {
            if url.as_deref().is_some_and(parts::has_password) {
                return Err(CommandError::Shown(flag));
            }
        }
        Ok(config::load(&self.sources())?)
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
    #[error("{0}")]
    Asked(String),
}

impl CommandError {
    const fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Level(_) | Self::Shown(_) => BAD_CONFIGURATION,
            Self::Centre(error) if error.is_configuration() => BAD_CONFIGURATION,
            Self::Centre(_) | Self::Output(_) | Self::Asked(_) => FAILED,
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
    eprintln!("tidemark-central: {error}");
}

fn carry_out(command: Command) -> Result<(), CommandError> {
    match command {
        Command::Serve(told) => serve(&told),
        Command::Status(asking) => client::status(&asking),
        Command::Stores(asking) => client::stores(&asking),
        Command::DeadLetters(asking) => client::dead_letters(&asking),
        Command::Losses { command } => losses::carry_out(command),
        Command::Catalogue { command } => client::catalogue(command),
        Command::Token { command } => token::carry_out(command),
        Command::Config { command: ConfigCommand::Check(told) } => {
            told.load()?;
            Ok(print("the configuration is good\n")?)
        }
        Command::Config { command: ConfigCommand::PrintDefault } => {
            Ok(print(config::print_default::<CentreSettings>().trim_start())?)
        }
        Command::Config { command: ConfigCommand::Explain(told) } => explain_config(&told.load()?),
        Command::Explain { code } => explain(code),
    }
}

fn serve(told: &Told) -> Result<(), CommandError> {
    let settings = told.load()?.settings;
    logging::start(&settings.log.level, settings.log.form)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    Ok(runtime.block_on(centre::run(settings))?)
}

fn explain_config(loaded: &Loaded<CentreSettings>) -> Result<(), CommandError> {
    let mut rows = Rows::new(&["key", "value", "from"]);
    for (key, value, origin) in loaded.explain() {
        rows.add(vec![json!(key), json!(value), json!(origin.to_string())]);
    }
    Ok(rows.print(Form::Table)?)
}

fn explain(code: Option<conditions::Code>) -> Result<(), CommandError> {
    let Some(code) = code else {
        let all: Vec<String> = conditions::CONDITIONS.iter().map(conditions::explain).collect();
        return Ok(print(&all.join("\n"))?);
    };
    let unknown = || CommandError::Asked(format!("there is no condition {code}"));
    Ok(print(&conditions::explain(conditions::find(code).ok_or_else(unknown)?))?)
}
