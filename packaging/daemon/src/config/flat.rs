//! A TOML file as dotted keys with their lines.

use std::borrow::Cow;

use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

/// One key of a file.
#[derive(Debug)]
pub(super) struct Found {
    /// Dotted.
    pub(super) key: String,
    /// Its value; a list of tables as a whole.
    pub(super) value: Value,
    /// The line it stands in, from 1.
    pub(super) line: usize,
    /// The tables of a list of tables.
    pub(super) items: Vec<Item>,
}

/// One table of a list of tables.
#[derive(Clone, Debug, Default)]
pub(super) struct Item {
    /// The line it begins in, from 1.
    pub(super) line: usize,
    /// Its members with their lines.
    pub(super) members: Vec<(String, usize)>,
}

impl Item {
    /// The line of a member; of one that is missing, where the table begins.
    pub(super) fn place_of(&self, member: &str) -> usize {
        self.members.iter().find(|(name, _)| name == member).map_or(self.line, |(_, line)| *line)
    }
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
                let items = items.iter().map(|item| item_of(text, item)).collect();
                found.push(Found { key, value: value.clone(), line, items });
            }
            (_, value) => found.push(Found { key, value: value.clone(), line, items: Vec::new() }),
        }
    }
}

fn item_of(text: &str, item: &Spanned<DeValue<'_>>) -> Item {
    let line = line_of(text, item.span().start);
    let DeValue::Table(table) = item.get_ref() else { return Item { line, members: Vec::new() } };
    let member = |name: &Spanned<Cow<'_, str>>| (name.get_ref().to_string(), line_of(text, name.span().start));
    Item { line, members: table.iter().map(|(name, _)| member(name)).collect() }
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
