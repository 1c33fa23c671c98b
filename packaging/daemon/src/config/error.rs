//! What can be wrong with a configuration, said so that one can mend it.

use std::path::PathBuf;

use super::Origin;

/// Why a configuration is no good.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file can't be read.
    #[error("{path} can't be read: {source}; look at the path and who may read it", path = path.display())]
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
    #[error("{origin}: there is no key `{key}`{}", hint(nearest.as_deref()))]
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
    /// A value that must be given and was not.
    #[error("{}`{key}` has no value: give it in the file, by a flag or {}", place(origin.as_ref()), variable(key))]
    Missing {
        /// Where it is missing, if in a list.
        origin: Option<Origin>,
        /// The key.
        key: String,
    },
}

impl ConfigError {
    /// What serde says of the value at a path.
    pub(super) fn of_serde(path: String, origin: Option<Origin>, message: &str) -> Self {
        let missing = message.strip_prefix("missing field `").and_then(|rest| rest.split_once('`'));
        match missing {
            Some((name, _)) => {
                let key = if path == "." { name.to_owned() } else { format!("{path}.{name}") };
                Self::Missing { origin, key }
            }
            None => {
                Self::Value { origin: origin.unwrap_or(Origin::Default), key: path, detail: message.trim().to_owned() }
            }
        }
    }
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(
        || "; `config print-default` shows every key".to_owned(),
        |near| format!("; did you mean `{near}`?"),
    )
}

fn place(origin: Option<&Origin>) -> String {
    origin.map_or_else(String::new, |origin| format!("{origin}: "))
}

fn variable(key: &str) -> String {
    if key.contains('[') {
        return "leave the table out".to_owned();
    }
    format!("as {}", super::variable_of(key))
}

/// The name nearest to a misspelt one, if any is near enough to be meant.
pub(super) fn nearest_of(key: &str, names: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let distances = names.map(|name| (distance(name, key), name));
    distances.min().filter(|(distance, name)| *distance <= name.len() / 2).map(|(_, name)| name)
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
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_the_one_with_the_fewest_changes() {
        let names = || ["http.address", "data.folder", "store"].into_iter();
        assert_eq!(nearest_of("http.adress", names()), Some("http.address"));
        assert_eq!(nearest_of("stroe", names()), Some("store"));
        assert_eq!(nearest_of("something.else.entirely", names()), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn a_missing_value_says_all_ways_to_give_it() {
        let error = ConfigError::of_serde("http".to_owned(), None, "missing field `address`");
        let text = "`http.address` has no value: give it in the file, by a flag or as TIDEMARK_HTTP__ADDRESS";
        assert_eq!(error.to_string(), text);
        let error = ConfigError::of_serde(".".to_owned(), None, "missing field `store`");
        assert!(error.to_string().ends_with("TIDEMARK__STORE"), "{error}");
    }
}
