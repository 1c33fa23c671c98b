//! The command line. Data goes to stdout, messages to stderr; exit 0 ok, 1
//! failed, 2 usage, 78 bad configuration.

mod bundle;
mod client;
mod devices;
mod doctor;
mod listening;
mod pin;
mod sheet;
mod till;

use std::io::{BufRead as _, Write as _, stderr, stdin};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use serde_json::json;
use tidemark_daemon::conditions;
use tidemark_daemon::config::{self, ConfigError, Loaded, Sources};
use tidemark_daemon::explain::{NoSuchCondition, Subject, explain};
use tidemark_daemon::logging;
use tidemark_daemon::output::{Form, print};
use tidemark_daemon::service;

use crate::agent::{self, AgentError};
use crate::checked::Checked;
use crate::settings::BoxSettings;

const FAILED: u8 = 1;
const BAD_USAGE: u8 = 2;
const BAD_CONFIGURATION: u8 = config::EXIT_CODE;

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
    /// Looks at all that has to be right on this machine, and says what to do;
    /// exits with 0 ok, 1 warning, 2 critical, 3 unknown.
    Doctor {
        #[command(flatten)]
        told: Told,
        /// table, json, jsonl or csv
        #[arg(short, long, default_value = "table")]
        output: Form,
    },
    /// What is plugged in and may be a scanner; `bind` gives a port to a lane.
    Devices(devices::DevicesCommand),
    /// Shows what a scanner sends and what the box makes of it.
    ScanTest(listening::ScanTest),
    /// Records what a scanner sends, to be played elsewhere: of cards only
    /// the shape.
    Record(listening::Record),
    /// Tells the scans of a recording.
    Replay(listening::Replay),
    /// What support needs to know of this box, without secrets and cards.
    Bundle(bundle::Bundle),
    /// Tills that may submit from another machine.
    Till {
        #[command(subcommand)]
        command: till::TillCommand,
    },
    /// The PIN with which documents are taken back on the box's page.
    Pin {
        #[command(subcommand)]
        command: pin::PinCommand,
    },
    /// The command codes of this store's lanes, as a page for printing.
    Sheet(sheet::SheetCommand),
    /// The configuration.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// The newest movements, and new ones as they come.
    Tail {
        #[command(flatten)]
        told: Told,
        /// table, jsonl or csv; json for what is there, as one array
        #[arg(short, long, default_value = "jsonl")]
        output: Form,
    },
    /// What a condition or the code of an answer means and what to do.
    Explain {
        /// Such as TM-3001 or not_saved; all without it.
        code: Option<Subject>,
        /// table, json, jsonl or csv
        #[arg(short, long, default_value = "table")]
        output: Form,
    },
    /// Reads one scan a line on stdin, writes one object a line.
    Barcode {
        /// jsonl
        #[arg(short, long, default_value = "jsonl", value_parser = ["jsonl"])]
        output: String,
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
    /// The configuration of these flags.
    pub(super) fn load(&self) -> Result<Loaded<BoxSettings>, CommandError> {
        let named = [
            ("data", &self.data),
            ("store", &self.store),
            ("centre.address", &self.centre),
            ("http.address", &self.http),
        ];
        let named = named.map(|(key, value)| (key, value.as_ref().map(|value| json!(value))));
        let sources = Sources::of_command_line(self.config.as_deref(), USUAL_FILE, named, &self.set);
        Ok(config::load(&sources.map_err(|error| CommandError::Usage(error.to_string()))?)?)
    }
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Agent(#[from] AgentError),
    #[error("the certificates towards the centre can't be used: {0}")]
    Papers(String),
    #[error("{0}")]
    Usage(String),
    #[error("the output can't be written: {0}")]
    Output(#[from] std::io::Error),
    #[error(transparent)]
    Unknown(#[from] NoSuchCondition),
    #[error("{0}")]
    Asked(String),
}

impl CommandError {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => BAD_USAGE,
            Self::Config(_) | Self::Papers(_) => BAD_CONFIGURATION,
            Self::Agent(error) if error.is_configuration() => BAD_CONFIGURATION,
            Self::Agent(_) | Self::Output(_) | Self::Unknown(_) | Self::Asked(_) => FAILED,
        }
    }

    /// The condition that says more about it.
    const fn condition(&self) -> Option<conditions::Code> {
        match self {
            Self::Agent(error) => error.condition(),
            Self::Papers(_) => Some(conditions::registry::CERTIFICATE),
            Self::Usage(_) | Self::Config(_) | Self::Output(_) | Self::Unknown(_) | Self::Asked(_) => None,
        }
    }
}

impl Cli {
    /// Runs the command.
    pub(crate) fn run(self) -> ExitCode {
        match carry_out(self.command) {
            Ok(code) => code,
            Err(error) => {
                complain(&error);
                ExitCode::from(error.exit_code())
            }
        }
    }
}

/// Says why a command failed, and where to read more.
fn complain(error: &CommandError) {
    let text = match error.condition() {
        Some(code) => format!("{code}: {error}; `tidemark-edge explain {code}` says what to do"),
        None => error.to_string(),
    };
    service::status(&text);
    // Without stderr there is nobody to tell.
    say(&text).unwrap_or(());
}

/// Messages of the command line go to stderr.
fn say(text: &str) -> std::io::Result<()> {
    writeln!(stderr().lock(), "tidemark-edge: {text}")
}

fn carry_out(command: Command) -> Result<ExitCode, CommandError> {
    match command {
        Command::Run(told) => run(&told)?,
        Command::Status { told, output } => client::status(&told.load()?.settings, output)?,
        Command::Tail { told, output } => client::tail(&told.load()?.settings, output)?,
        Command::Till { command } => till::carry_out(command)?,
        Command::Pin { command } => pin::carry_out(&command)?,
        Command::Sheet(wanted) => sheet::carry_out(&wanted)?,
        Command::Config { command: ConfigCommand::Check(told) } => check(&told)?,
        Command::Config { command: ConfigCommand::PrintDefault } => {
            print(config::print_default::<BoxSettings>().trim_start())?;
        }
        Command::Config { command: ConfigCommand::Explain { told, output } } => {
            told.load()?.rows().print(output)?;
        }
        Command::Explain { code, output } => print(&explain(code, output)?)?,
        Command::Barcode { output: _ } => barcode()?,
        Command::Devices(wanted) => devices::carry_out(&wanted)?,
        Command::ScanTest(wanted) => listening::scan_test(&wanted)?,
        Command::Record(wanted) => listening::record(&wanted)?,
        Command::Replay(wanted) => listening::replay(&wanted)?,
        Command::Bundle(wanted) => bundle::carry_out(&wanted)?,
        Command::Doctor { told, output } => return doctor::carry_out(&told, output),
    }
    Ok(ExitCode::SUCCESS)
}

fn run(told: &Told) -> Result<(), CommandError> {
    let settings = told.load()?.settings;
    logging::start(&settings.log.level, settings.log.form).map_err(AgentError::from)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    Ok(runtime.block_on(agent::run(settings))?)
}

/// Everything that `run` would find, and what it would go on without.
fn check(told: &Told) -> Result<(), CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _inside = runtime.enter();
    let checked = Checked::of(&told.load()?.settings)?;
    if let Some(line) = &checked.line {
        line.dialer().map_err(|error| CommandError::Papers(error.to_string()))?;
    }
    Ok(print("the configuration is good\n")?)
}

fn barcode() -> Result<(), CommandError> {
    for line in stdin().lock().split(b'\n') {
        let json = tidemark_barcode::scan_line_to_json(&line?);
        print(&format!("{json}\n"))?;
    }
    Ok(())
}
