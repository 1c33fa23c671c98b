//! Layered configuration: defaults < file < `conf.d` < environment < flags.
//!
//! Every value knows where it came from; unknown keys are refused with the
//! nearest known one; units stand in the values (`"30s"`, `"64MiB"`).

mod flat;
mod units;

pub use units::{ByteSize, Span};

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use flat::Found;

/// One key of a daemon's configuration.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its dotted name; `scanner[].path` for a member of a list.
    pub name: &'static str,
    /// Its default as TOML; empty if it has none.
    pub default: &'static str,
    /// What it is for, with its unit.
    pub help: &'static str,
}

/// A daemon's configuration.
pub trait Settings: DeserializeOwned {
    /// Every key there is.
    const KEYS: &'static [Key];
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The program.
    Default,
    /// A line of a file.
    File(PathBuf, usize),
    /// An environment variable.
    Environment(String),
    /// A flag of the command line.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag => f.write_str("flag"),
        }
    }
}

/// What a configuration is read from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file, whose folder may hold a `conf.d`.
    pub file: Option<PathBuf>,
    /// Environment variables; those that begin with `TIDEMARK_` are taken.
    pub environment: Vec<(String, String)>,
    /// Flags as dotted key and value.
    pub flags: Vec<(String, String)>,
}

/// Why a configuration is no good.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file can't be read.
    #[error("{path} can't be read: {source}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is no TOML.
    #[error("{path}:{line}: {detail}", path = path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// What is wrong.
        detail: String,
    },
    /// A key that does not exist.
    #[error("{origin}: there is no key `{key}`{}", nearest.map_or_else(String::new, |near| format!("; did you mean `{near}`?")))]
    UnknownKey {
        /// Where it stands.
        origin: Origin,
        /// The key.
        key: String,
        /// The nearest key there is.
        nearest: Option<&'static str>,
    },
    /// A value that is no good.
    #[error("{origin}: `{key}`: {detail}")]
    Value {
        /// Where it stands.
        origin: Origin,
        /// The key.
        key: String,
        /// What is wrong with it.
        detail: String,
    },
}

/// A configuration with the origin of every value.
#[derive(Clone, Debug)]
pub struct Loaded<T> {
    /// The configuration.
    pub settings: T,
    values: BTreeMap<String, (Value, Origin)>,
}

/// The process's environment, as a source.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub fn environment() -> Vec<(String, String)> {
    std::env::vars().filter(|(name, _)| name.starts_with(PREFIX)).collect()
}

const PREFIX: &str = "TIDEMARK_";

/// Reads a configuration from its sources.
pub fn load<T: Settings>(sources: &Sources) -> Result<Loaded<T>, ConfigError> {
    let mut values = defaults::<T>();
    if let Some(file) = &sources.file {
        for path in with_fragments(file)? {
            take_file::<T>(&mut values, &path)?;
        }
    }
    for (name, text) in &sources.environment {
        // Variables without the double underscore belong to scripts.
        let Some((section, key)) = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once("__")) else { continue };
        let key = format!("{section}.{key}").to_lowercase().replace("__", ".");
        take::<T>(&mut values, &key, text_value(text), Origin::Environment(name.clone()))?;
    }
    for (key, text) in &sources.flags {
        take::<T>(&mut values, key, text_value(text), Origin::Flag)?;
    }
    let settings = deserialize(&values)?;
    Ok(Loaded { settings, values })
}

impl<T> Loaded<T> {
    /// Each key with its value and origin, in order. Values of keys whose
    /// name ends in `secret`, `password` or `token` are not shown.
    pub fn explain(&self) -> impl Iterator<Item = (&str, String, &Origin)> {
        self.values.iter().map(|(key, (value, origin))| {
            let hidden = ["secret", "password", "token"].iter().any(|word| key.ends_with(word));
            (key.as_str(), if hidden { "***".to_owned() } else { value.to_string() }, origin)
        })
    }
}

/// A file with every key, its default and what it is for.
#[must_use]
pub fn print_default<T: Settings>() -> String {
    let mut text = String::new();
    let mut section = "";
    for key in T::KEYS {
        let (table, name) = key.name.rsplit_once('.').unwrap_or(("", key.name));
        if table != section {
            section = table;
            let header = table.strip_suffix("[]").map_or_else(|| format!("[{table}]"), |list| format!("# [[{list}]]"));
            text.push_str(&format!("\n{header}\n"));
        }
        let value = if key.default.is_empty() { format!("# {name} =") } else { format!("{name} = {}", key.default) };
        text.push_str(&format!("# {}\n{value}\n", key.help));
    }
    text
}

fn defaults<T: Settings>() -> BTreeMap<String, (Value, Origin)> {
    let with_default = T::KEYS.iter().filter(|key| !key.default.is_empty() && !key.name.contains("[]"));
    with_default.map(|key| (key.name.to_owned(), (text_value(key.default), Origin::Default))).collect()
}

/// A value as TOML writes it, else a plain text.
fn text_value(text: &str) -> Value {
    let parsed = format!("value = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("value"));
    parsed.unwrap_or_else(|| Value::String(text.to_owned()))
}

fn with_fragments(file: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let folder = file.parent().unwrap_or(Path::new(".")).join("conf.d");
    let mut fragments = Vec::new();
    if folder.is_dir() {
        let unreadable = |source| ConfigError::Unreadable { path: folder.clone(), source };
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                fragments.push(path);
            }
        }
    }
    fragments.sort();
    fragments.insert(0, file.to_owned());
    Ok(fragments)
}

fn take_file<T: Settings>(values: &mut BTreeMap<String, (Value, Origin)>, path: &Path) -> Result<(), ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let found = flat::flatten(&text).map_err(|fault| ConfigError::Syntax {
        path: path.to_owned(),
        line: fault.line,
        detail: fault.detail,
    })?;
    for Found { key, value, line, members } in found {
        for (member, line) in members {
            known::<T>(&member, &Origin::File(path.to_owned(), line))?;
        }
        take::<T>(values, &key, value, Origin::File(path.to_owned(), line))?;
    }
    Ok(())
}

fn take<T: Settings>(
    values: &mut BTreeMap<String, (Value, Origin)>,
    key: &str,
    value: Value,
    origin: Origin,
) -> Result<(), ConfigError> {
    known::<T>(key, &origin)?;
    values.insert(key.to_owned(), (value, origin));
    Ok(())
}

/// Refuses a key that does not exist; a list is known by its members.
fn known<T: Settings>(key: &str, origin: &Origin) -> Result<(), ConfigError> {
    let list = format!("{key}[].");
    if T::KEYS.iter().any(|known| known.name == key || known.name.starts_with(&list)) {
        return Ok(());
    }
    let distances = T::KEYS.iter().map(|known| (distance(known.name, key), known.name));
    let nearest = distances.min().filter(|(distance, name)| *distance <= name.len() / 2).map(|(_, name)| name);
    Err(ConfigError::UnknownKey { origin: origin.clone(), key: key.to_owned(), nearest })
}

fn deserialize<T: Settings>(values: &BTreeMap<String, (Value, Origin)>) -> Result<T, ConfigError> {
    let mut table = Table::new();
    for (key, (value, _)) in values {
        flat::insert(&mut table, key, value.clone());
    }
    serde_path_to_error::deserialize(Value::Table(table)).map_err(|error| {
        let key = error.path().to_string();
        let base = key.split('[').next().unwrap_or(&key);
        let origin = values.get(base).map_or(Origin::Default, |(_, origin)| origin.clone());
        let detail = error.into_inner().to_string().trim().to_owned();
        ConfigError::Value { origin, key, detail }
    })
}

/// How many characters differ (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, c) in one.chars().enumerate() {
        let mut next = vec![at + 1];
        for (place, d) in other.iter().enumerate() {
            let swap = row.get(place).copied().unwrap_or(0) + usize::from(c != *d);
            let insert = next.last().copied().unwrap_or(0) + 1;
            let remove = row.get(place + 1).copied().unwrap_or(0) + 1;
            next.push(swap.min(insert).min(remove));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests;
