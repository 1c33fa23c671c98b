//! Logging: lines for people on a terminal, plain or JSON lines for services.

use std::io::{self, IsTerminal};

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// For people.
    #[default]
    Text,
    /// One object a line.
    Json,
}

/// A level or filter that is none.
#[derive(Debug, thiserror::Error)]
#[error("`{given}` is no log level; use error, warn, info, debug or trace")]
pub struct LevelError {
    given: String,
}

/// Starts logging to stderr; a second start changes nothing.
pub fn start(level: &str, form: Form) -> Result<(), LevelError> {
    let filter = EnvFilter::try_new(level).map_err(|_error| LevelError { given: level.to_owned() })?;
    let lines = fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
    let started = match form {
        Form::Text => lines.with_ansi(io::stderr().is_terminal()).try_init(),
        Form::Json => lines.json().flatten_event(true).try_init(),
    };
    // In tests several daemons live in one process; the first one's will do.
    started.unwrap_or(());
    Ok(())
}
