//! Logging: lines for people on a terminal, plain or JSON lines for services.

use std::io::{self, IsTerminal};

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// For people; in colours on a terminal.
    #[default]
    Text,
    /// One object a line.
    Json,
}

/// A level that is none.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{given}` is no log level: use error, warn, info, debug or trace, or a part's level as in `info,tidemark_sync=debug`"
)]
pub struct LevelError {
    given: String,
}

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Starts logging to stderr; a second start changes nothing.
pub fn start(level: &str, form: Form) -> Result<(), LevelError> {
    let filter = filter_of(level)?;
    let lines = fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
    let started = match form {
        Form::Text => lines.with_ansi(io::stderr().is_terminal()).try_init(),
        Form::Json => lines.json().flatten_event(true).try_init(),
    };
    // In tests several daemons live in one process; the first one's will do.
    started.unwrap_or(());
    Ok(())
}

/// Whether a level could be started with.
pub fn check(level: &str) -> Result<(), LevelError> {
    filter_of(level).map(|_filter| ())
}

/// A filter of levels. The library would take any word for the name of a
/// part and log nothing else, so that a misspelt level would be silence.
fn filter_of(level: &str) -> Result<EnvFilter, LevelError> {
    let error = || LevelError { given: level.to_owned() };
    let known = |part: &str| {
        let word = part.rsplit('=').next().unwrap_or(part).trim();
        LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word))
    };
    if !level.split(',').all(known) {
        return Err(error());
    }
    EnvFilter::try_new(level).map_err(|_unreadable| error())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_and_a_misspelt_one_is_refused() {
        for level in ["info", "WARN", "info,tidemark_sync=debug", "off"] {
            assert!(filter_of(level).is_ok(), "{level}");
        }
        for level in ["", "inf", "info,", "tidemark_sync", "info,x=loud"] {
            assert_eq!(filter_of(level).map(|_| ()), Err(LevelError { given: level.to_owned() }), "{level}");
        }
    }
}
