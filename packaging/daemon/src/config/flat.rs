//! A TOML file as dotted keys with their lines.

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

/// One key of a file.
#[derive(Debug)]
pub(super) struct Found {
    /// Dotted.
    pub(super) key: String,
    /// Its value; a list of tables as a whole.
    pub(super) value: Value,
    /// The line it stands in, from 1.
    pub(super) line: usize,
    /// The members of a list of tables as `list[].member`, with their lines.
    pub(super) members: Vec<(String, usize)>,
}

/// What is wrong with a file.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) line: usize,
    pub(super) detail: String,
}

/// The keys of a file, in their order.
pub(super) fn flatten(text: &str) -> Result<Vec<Found>, Fault> {
    let fault = |error: &toml::de::Error| Fault {
        line: error.span().map_or(1, |span| line_of(text, span.start)),
        detail: error.message().to_owned(),
    };
    let spans = DeTable::parse(text).map_err(|error| fault(&error))?;
    let values: Table = toml::from_str(text).map_err(|error| fault(&error))?;
    let mut found = Vec::new();
    walk(text, "", spans.get_ref(), &values, &mut found);
    Ok(found)
}

fn walk(text: &str, prefix: &str, spans: &DeTable<'_>, values: &Table, found: &mut Vec<Found>) {
    for (name, span) in spans {
        let key = if prefix.is_empty() { name.get_ref().to_string() } else { format!("{prefix}.{}", name.get_ref()) };
        let Some(value) = values.get(name.get_ref().as_ref()) else { continue };
        let line = line_of(text, name.span().start);
        match (span.get_ref(), value) {
            (DeValue::Table(spans), Value::Table(values)) => walk(text, &key, spans, values, found),
            (DeValue::Array(items), _) => {
                let members = items.iter().flat_map(|item| members_of(text, &key, item.get_ref())).collect();
                found.push(Found { key, value: value.clone(), line, members });
            }
            (_, value) => found.push(Found { key, value: value.clone(), line, members: Vec::new() }),
        }
    }
}

fn members_of(text: &str, list: &str, item: &DeValue<'_>) -> Vec<(String, usize)> {
    let DeValue::Table(table) = item else { return Vec::new() };
    let member = |name: &toml::Spanned<_>| (format!("{list}[].{}", name.get_ref()), line_of(text, name.span().start));
    table.iter().map(|(name, _): (&toml::Spanned<std::borrow::Cow<'_, str>>, _)| member(name)).collect()
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// Puts a value under a dotted key.
pub(super) fn insert(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => drop(table.insert(key.to_owned(), value)),
        Some((first, rest)) => {
            let inner = table.entry(first).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}
