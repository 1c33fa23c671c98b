//! The command line. Data goes to stdout, messages to stderr; exit 0 ok, 1
//! failed, 2 usage, 78 bad configuration.

mod client;
mod till;

use std::io::{BufRead as _, stdin};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use serde_json::json;
use tidemark_daemon::conditions;
use tidemark_daemon::config::{self, ConfigError, Loaded, Sources};
use tidemark_daemon::logging;
use tidemark_daemon::output::{Form, Rows, print};

use crate::agent::{self, AgentError};
use crate::settings::BoxSettings;

const FAILED: u8 = 1;
const BAD_CONFIGURATION: u8 = 78;

/// The daemon of a shop's box.
#[derive(Debug, Parser)]
#[command(name = "tidemark-edge", version, about, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the box.
    Run(Told),
    /// How the running box is.
    Status {
        #[command(flatten)]
        told: Told,
        /// table, json, jsonl or csv
        #[arg(short, long, default_value = "table")]
        output: Form,
    },
    /// Tills that may submit from another machine.
    Till {
        #[command(subcommand)]
        command: till::TillCommand,
    },
    /// The configuration.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// The newest movements, and new ones as they come.
    Tail {
        #[command(flatten)]
        told: Told,
    },
    /// What a condition means and what to do.
    Explain {
        /// Such as TM-3001; all without it.
        code: Option<conditions::Code>,
    },
    /// Reads one scan a line on stdin, writes one object a line.
    Barcode {
        /// jsonl
        #[arg(short, long, default_value = "jsonl")]
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
    Explain(Told),
}

/// What every command can be told.
#[derive(Clone, Debug, Args)]
pub(super) struct Told {
    /// The configuration file; /etc/tidemark/edge.toml if that is there.
    #[arg(long)]
    config: Option<PathBuf>,
    /// The journal's folder.
    #[arg(long)]
    data: Option<String>,
    /// The shop.
    #[arg(long)]
    store: Option<String>,
    /// The centre's address.
    #[arg(long)]
    centre: Option<String>,
    /// Where tills and people reach the box.
    #[arg(long)]
    http: Option<String>,
    /// Any key of the configuration, as key=value.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

const USUAL_FILE: &str = "/etc/tidemark/edge.toml";

impl Told {
    fn sources(&self) -> Sources {
        let usual = || Some(PathBuf::from(USUAL_FILE)).filter(|path| path.is_file());
        let quoted = |value: &String| json!(value).to_string();
        let named = [
            ("data", &self.data),
            ("store", &self.store),
            ("centre.address", &self.centre),
            ("http.address", &self.http),
        ];
        let given = named.into_iter().filter_map(|(key, value)| Some((key.to_owned(), quoted(value.as_ref()?))));
        let set = self.set.iter().map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (key.trim().to_owned(), value.trim().to_owned())
        });
        let flags = given.chain(set).collect();
        Sources { file: self.config.clone().or_else(usual), environment: config::environment(), flags }
    }

    /// The configuration of these flags.
    pub(super) fn load(&self) -> Result<Loaded<BoxSettings>, CommandError> {
        Ok(config::load(&self.sources())?)
    }
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Agent(#[from] AgentError),
    #[error("{0}")]
    Level(#[from] logging::LevelError),
    #[error("the output can't be written: {0}")]
    Output(#[from] std::io::Error),
    #[error("{0}")]
    Asked(String),
}

impl CommandError {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Level(_) => BAD_CONFIGURATION,
            Self::Agent(error) if error.is_configuration() => BAD_CONFIGURATION,
            Self::Agent(_) | Self::Output(_) | Self::Asked(_) => FAILED,
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
    eprintln!("tidemark-edge: {error}");
}

fn carry_out(command: Command) -> Result<(), CommandError> {
    match command {
        Command::Run(told) => run(&told),
        Command::Status { told, output } => client::status(&told.load()?.settings, output),
        Command::Tail { told } => client::tail(&told.load()?.settings),
        Command::Till { command } => till::carry_out(command),
        Command::Config { command: ConfigCommand::Check(told) } => {
            told.load()?;
            Ok(print("the configuration is good\n")?)
        }
        Command::Config { command: ConfigCommand::PrintDefault } => {
            Ok(print(config::print_default::<BoxSettings>().trim_start())?)
        }
        Command::Config { command: ConfigCommand::Explain(told) } => explain_config(&told.load()?),
        Command::Explain { code } => explain(code),
        Command::Barcode { output: _ } => barcode(),
    }
}

fn run(told: &Told) -> Result<(), CommandError> {
    let settings = told.load()?.settings;
    logging::start(&settings.log.level, settings.log.form)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    Ok(runtime.block_on(agent::run(settings))?)
}

fn explain_config(loaded: &Loaded<BoxSettings>) -> Result<(), CommandError> {
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

fn barcode() -> Result<(), CommandError> {
    for line in stdin().lock().split(b'\n') {
        let json = tidemark_barcode::scan_line_to_json(&line?);
        print(&format!("{json}\n"))?;
    }
    Ok(())
}
