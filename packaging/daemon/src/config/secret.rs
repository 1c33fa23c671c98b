//! Values that are not for everybody's eyes.

use std::fmt;

use serde::Deserialize;
use toml::Value;

use super::{ConfigError, Given};

/// What stands in the place of a secret.
pub(super) const HIDDEN: &str = "***";

/// A key's last word that makes its value a secret, whatever stands before it
/// (`api_token`).
const SECRET_WORDS: [&str; 3] = ["secret", "password", "token"];

/// The largest file a value is read from, in bytes.
const VALUE_FILE_LIMIT: usize = 64 * 1024;

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself; to be handed on, not to be shown.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// A value as it may be shown: secrets by the key's name, and passwords in
/// addresses, are covered.
pub(super) fn shown(key: &str, value: &Value) -> Value {
    let word = key.rsplit(['.', '_']).next().unwrap_or(key);
    match value {
        Value::Array(items) => Value::Array(items.iter().map(|item| shown(key, item)).collect()),
        Value::Table(table) => {
            Value::Table(table.iter().map(|(name, value)| (name.clone(), shown(name, value))).collect())
        }
        Value::String(_) if SECRET_WORDS.contains(&word) => Value::String(HIDDEN.to_owned()),
        Value::String(text) => Value::String(without_parameter(&without_password(text))),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => value.clone(),
    }
}

/// `postgres://user:password@host` without its password.
fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let Some((user_info, _)) = authority.rsplit_once('@') else { return text.to_owned() };
    let Some((user, _)) = user_info.split_once(':') else { return text.to_owned() };
    let host = rest.get(user_info.len()..).unwrap_or("");
    format!("{scheme}://{user}:{HIDDEN}{host}")
}

/// `postgres://host/db?password=p` without its password.
fn without_parameter(text: &str) -> String {
    let Some((address, query)) = text.split_once('?').filter(|_| text.contains("://")) else { return text.to_owned() };
    let covered = query.split('&').map(|parameter| match parameter.split_once('=') {
        Some((name, _)) if SECRET_WORDS.iter().any(|word| name.ends_with(word)) => format!("{name}={HIDDEN}"),
        Some(_) | None => parameter.to_owned(),
    });
    format!("{address}?{}", covered.collect::<Vec<_>>().join("&"))
}

/// The value that stands in a file, without the line's end.
pub(super) fn from_file(key: &str, given: Given) -> Result<Given, ConfigError> {
    let Given { value, origin, text, .. } = given;
    let fault = |detail: String| ConfigError::Value { origin: origin.clone(), key: key.to_owned(), detail };
    let path = text.or_else(|| value.as_str().map(str::to_owned));
    let path = path.ok_or_else(|| fault("the path of a file is wanted, as a text".to_owned()))?;
    let content = std::fs::read_to_string(&path).map_err(|error| fault(format!("{path} can't be read: {error}")))?;
    if content.len() > VALUE_FILE_LIMIT {
        return Err(fault(format!("{path} is larger than {VALUE_FILE_LIMIT} bytes: is it the right file?")));
    }
    let content = content.trim_end_matches(['\r', '\n']).to_owned();
    Ok(Given { hidden: true, ..Given::typed(Value::String(content), origin) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        let secret: Secret = serde_json::from_str("\"hush\"").unwrap();
        assert_eq!(format!("{secret} {secret:?} {:?}", Some(&secret)), "*** *** Some(***)");
        assert_eq!(secret.expose(), "hush");
    }

    #[test]
    fn a_password_in_an_address_is_covered() {
        assert_eq!(without_password("postgres://tide:p@ss@db:5432/x?y=@"), "postgres://tide:***@db:5432/x?y=@");
        for plain in ["127.0.0.1:8380", "redis://cache:6379", "postgres://tide@db/x", "a@b:c"] {
            assert_eq!(without_password(plain), plain);
        }
    }

    #[test]
    fn a_password_among_the_parameters_of_an_address_is_covered() {
        let shown = without_parameter("postgres://db/x?sslmode=require&password=p&application_name=a");
        assert_eq!(shown, "postgres://db/x?sslmode=require&password=***&application_name=a");
        assert_eq!(without_parameter("what? password=p"), "what? password=p");
    }

    #[test]
    fn a_secret_in_a_list_is_covered() {
        let list: Value =
            toml::from_str::<toml::Table>("[[till]]\nname = \"3\"\napi_token = \"tm_x\"").unwrap()["till"].clone();
        let text = shown("till", &list).to_string();
        assert!(text.contains("***") && !text.contains("tm_x"), "{text}");
    }
}
