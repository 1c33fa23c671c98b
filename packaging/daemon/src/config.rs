//! Layered configuration: defaults < file < `conf.d` < environment < flags.
//!
//! Every value knows where it came from; unknown keys are refused with the
//! nearest known one; units stand in the values (`"30s"`, `"64MiB"`). Any
//! value may be given as `{ file = "…" }`: what the file holds, so that no
//! secret stands on a command line; such a value is never shown.

mod error;
mod flat;
mod secret;
mod units;

pub use error::ConfigError;
pub use secret::Secret;
pub use units::{ByteSize, Span};

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::json;
use toml::{Table, Value};

use crate::output::Rows;
use error::nearest_of;
use flat::{Found, Item};

/// What a daemon exits with if its configuration is no good (`EX_CONFIG` of
/// `sysexits.h`).
pub const EXIT_CODE: u8 = 78;

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
    /// The file that was asked for; it has to be there, and its folder may
    /// hold a `conf.d`.
    pub file: Option<PathBuf>,
    /// The file for when none was asked for: both it and the `conf.d` beside
    /// it may be there or not.
    pub usual: Option<PathBuf>,
    /// Environment variables; those that begin with `TIDEMARK_` are taken.
    pub environment: Vec<(String, String)>,
    /// Flags as dotted key and value.
    pub flags: Vec<(String, String)>,
}

impl Sources {
    /// The sources of a command line: the file it names or else the usual
    /// one, the process's environment, named flags with their values as JSON,
    /// and pairs given as `KEY=VALUE`.
    pub fn of_command_line<'k>(
        file: Option<&Path>,
        usual: &str,
        named: impl IntoIterator<Item = (&'k str, Option<serde_json::Value>)>,
        pairs: &[String],
    ) -> Result<Self, NoPair> {
        let named = named.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.to_string())));
        let mut flags: Vec<(String, String)> = named.collect();
        for pair in pairs {
            let (key, value) = pair.split_once('=').ok_or_else(|| NoPair(pair.clone()))?;
            flags.push((key.trim().to_owned(), value.trim().to_owned()));
        }
        let file = file.map(Path::to_path_buf);
        Ok(Self { file, usual: Some(PathBuf::from(usual)), environment: environment(), flags })
    }
}

/// A flag `--set` that sets nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("--set {0}: write it as KEY=VALUE")]
pub struct NoPair(String);

/// A configuration with the origin of every value.
#[derive(Clone, Debug)]
pub struct Loaded<T> {
    /// The configuration.
    pub settings: T,
    values: Values,
}

type Values = BTreeMap<String, Given>;

/// A value and where it came from.
#[derive(Clone)]
struct Given {
    value: Value,
    origin: Origin,
    /// As it was written where there are no types: environment and flags.
    text: Option<String>,
    /// Whether it is never shown.
    hidden: bool,
    /// Where the tables of a list of tables stand in their file.
    items: Vec<Item>,
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.origin.fmt(f)
    }
}

impl Given {
    fn typed(value: Value, origin: Origin) -> Self {
        Self { value, origin, text: None, hidden: false, items: Vec::new() }
    }

    fn untyped(text: &str, origin: Origin) -> Self {
        Self { value: text_value(text), origin, text: Some(text.to_owned()), hidden: false, items: Vec::new() }
    }

    /// Where a value stands, by its path as serde tells it (`scanner[1].baud`).
    fn place_of(&self, path: &str) -> Origin {
        let within = path.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
        let item = within.and_then(|(index, rest)| Some((self.items.get(index.parse::<usize>().ok()?)?, rest)));
        match (&self.origin, item) {
            (Origin::File(file, _), Some((item, rest))) => {
                let member = rest.trim_start_matches('.').split(['.', '[']).next().unwrap_or("");
                Origin::File(file.clone(), item.place_of(member))
            }
            (origin, _) => origin.clone(),
        }
    }
}

/// The process's environment, as a source.
#[must_use]
pub fn environment() -> Vec<(String, String)> {
    let unicode = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    std::env::vars_os().filter_map(unicode).filter(|(name, _)| name.starts_with(PREFIX)).collect()
}

/// A variable of the environment that is not ours, such as the proxy of the
/// system.
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    std::env::var_os(name)?.into_string().ok()
}

const PREFIX: &str = "TIDEMARK_";

/// Reads a configuration from its sources.
pub fn load<T: Settings>(sources: &Sources) -> Result<Loaded<T>, ConfigError> {
    let mut values = defaults::<T>();
    for path in sources.files()? {
        take_file::<T>(&mut values, &path)?;
    }
    for (name, text) in &sources.environment {
        // Variables without the double underscore belong to scripts.
        let Some((section, key)) = name.strip_prefix(PREFIX).and_then(of_variable) else { continue };
        let key = if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") };
        let key = key.to_lowercase().replace("__", ".");
        take::<T>(&mut values, &key, Given::untyped(text, Origin::Environment(name.clone())))?;
    }
    for (key, text) in &sources.flags {
        take::<T>(&mut values, key, Given::untyped(text, Origin::Flag))?;
    }
    fill_members::<T>(&mut values);
    let settings = deserialize(&mut values)?;
    Ok(Loaded { settings, values })
}

/// The environment variable of a key.
fn variable_of(key: &str) -> String {
    let name = match key.split_once('.') {
        Some((section, name)) => format!("{PREFIX}{section}__{}", name.replace('.', "__")),
        None => format!("{PREFIX}_{key}"),
    };
    name.to_uppercase()
}

/// Section and key of a variable's name; `TIDEMARK__STORE` has no section.
fn of_variable(rest: &str) -> Option<(&str, &str)> {
    rest.strip_prefix('_').map(|key| ("", key)).or_else(|| rest.split_once("__"))
}

impl<T> Loaded<T> {
    /// Each key with its value and origin, in order; secrets are not shown.
    pub fn explain(&self) -> impl Iterator<Item = (&str, String, &Origin)> {
        self.values.iter().map(|(key, given)| {
            let value =
                if given.hidden { secret::HIDDEN.to_owned() } else { secret::shown(key, &given.value).to_string() };
            (key.as_str(), value, &given.origin)
        })
    }

    /// What [`Self::explain`] tells, as rows.
    #[must_use]
    pub fn rows(&self) -> Rows {
        let mut rows = Rows::new(&["key", "value", "from"]);
        for (key, value, origin) in self.explain() {
            rows.add(vec![json!(key), json!(value), json!(origin.to_string())]);
        }
        rows
    }
}

/// A file with every key, its default and what it is for. Members of lists
/// are commented out: a list has as many tables as one writes.
#[must_use]
pub fn print_default<T: Settings>() -> String {
    let table_of = |key: &Key| key.name.rsplit_once('.').map_or("", |(table, _)| table);
    let mut keys: Vec<&Key> = T::KEYS.iter().collect();
    // One header a table; those without a table first, as TOML wants it.
    let first = |key: &Key| T::KEYS.iter().position(|other| table_of(other) == table_of(key));
    keys.sort_by_key(|key| (!table_of(key).is_empty(), first(key)));
    let mut text = String::new();
    let mut section = "";
    for key in keys {
        let (table, name) = key.name.rsplit_once('.').unwrap_or(("", key.name));
        let list = table.strip_suffix("[]");
        if table != section {
            section = table;
            text.push_str(&list.map_or_else(|| format!("\n[{table}]\n"), |list| format!("\n# [[{list}]]\n")));
        }
        let comment = if list.is_some() || key.default.is_empty() { "# " } else { "" };
        let value = if key.default.is_empty() { String::new() } else { format!(" {}", key.default) };
        text.push_str(&format!("# {}\n{comment}{name} ={value}\n", key.help));
    }
    text
}

fn defaults<T: Settings>() -> Values {
    let with_default = T::KEYS.iter().filter(|key| !key.default.is_empty() && !key.name.contains("[]"));
    with_default.map(|key| (key.name.to_owned(), Given::typed(text_value(key.default), Origin::Default))).collect()
}

/// Gives the tables of lists the defaults of their members.
fn fill_members<T: Settings>(values: &mut Values) {
    for key in T::KEYS.iter().filter(|key| !key.default.is_empty()) {
        let Some((list, member)) = key.name.split_once("[].") else { continue };
        let Some(Value::Array(items)) = values.get_mut(list).map(|given| &mut given.value) else { continue };
        for table in items.iter_mut().filter_map(Value::as_table_mut) {
            table.entry(member).or_insert_with(|| text_value(key.default));
        }
    }
}

/// A value as TOML writes it, else a plain text.
fn text_value(text: &str) -> Value {
    let parsed = format!("value = {text}").parse::<Table>().ok().filter(|table| table.len() == 1);
    parsed.and_then(|mut table| table.remove("value")).unwrap_or_else(|| Value::String(text.to_owned()))
}

impl Sources {
    /// Every file there is, in the order they are read.
    fn files(&self) -> Result<Vec<PathBuf>, ConfigError> {
        match (&self.file, &self.usual) {
            (Some(file), _) => Ok([vec![file.clone()], fragments(file)?].concat()),
            (None, Some(usual)) => {
                Ok(usual.is_file().then(|| usual.clone()).into_iter().chain(fragments(usual)?).collect())
            }
            (None, None) => Ok(Vec::new()),
        }
    }
}

/// What lies in the `conf.d` beside a file, by name.
fn fragments(file: &Path) -> Result<Vec<PathBuf>, ConfigError> {
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
    Ok(fragments)
}

fn take_file<T: Settings>(values: &mut Values, path: &Path) -> Result<(), ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let found = flat::flatten(&text).map_err(|fault| ConfigError::Syntax {
        path: path.to_owned(),
        line: fault.line,
        detail: fault.detail,
    })?;
    for Found { key, value, line, items } in found {
        for (member, line) in items.iter().flat_map(|item| &item.members) {
            known::<T>(&format!("{key}[].{member}"), &Origin::File(path.to_owned(), *line))?;
        }
        take::<T>(values, &key, Given { items, ..Given::typed(value, Origin::File(path.to_owned(), line)) })?;
    }
    Ok(())
}

fn take<T: Settings>(values: &mut Values, key: &str, given: Given) -> Result<(), ConfigError> {
    let has = |name: &str| T::KEYS.iter().any(|known| known.name == name);
    match key.strip_suffix(".file") {
        Some(of) if has(of) && !has(key) => {
            let given = secret::from_file(key, given)?;
            values.insert(of.to_owned(), given);
        }
        Some(_) | None => {
            known::<T>(key, &given.origin)?;
            values.insert(key.to_owned(), given);
        }
    }
    Ok(())
}

/// Refuses a key that does not exist; a list is known by its members.
fn known<T: Settings>(key: &str, origin: &Origin) -> Result<(), ConfigError> {
    let list = format!("{key}[].");
    if T::KEYS.iter().any(|known| known.name == key || known.name.starts_with(&list)) {
        return Ok(());
    }
    let nearest = nearest_of(key, T::KEYS.iter().map(|known| known.name));
    Err(ConfigError::UnknownKey { origin: origin.clone(), key: key.to_owned(), nearest })
}

/// Makes the settings of the values. A text of the environment or a flag
/// that looks like a number, and is not wanted as one, is a text (a store
/// may be called 1001).
fn deserialize<T: Settings>(values: &mut Values) -> Result<T, ConfigError> {
    loop {
        let mut table = Table::new();
        for (key, given) in values.iter() {
            flat::insert(&mut table, key, given.value.clone());
        }
        let error = match serde_path_to_error::deserialize(Value::Table(table)) {
            Ok(settings) => return Ok(settings),
            Err(error) => error,
        };
        let path = error.path().to_string();
        let base = path.split('[').next().unwrap_or(&path);
        let given = values.get_mut(base);
        if let Some(Given { text: Some(text), value, .. }) = given
            && !value.is_str()
        {
            *value = Value::String(text.clone());
            continue;
        }
        let origin = given.map(|given| given.place_of(&path));
        return Err(ConfigError::of_serde(path, origin, error.into_inner().message()));
    }
}

#[cfg(test)]
mod tests;
