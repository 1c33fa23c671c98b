//! What command lines print: rows on stdout, as a table, JSON, JSON lines or
//! CSV.

use std::io::{self, Write};

use serde_json::{Map, Value};

/// The form of the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Columns for people.
    #[default]
    Table,
    /// One array.
    Json,
    /// One object a line.
    Jsonl,
    /// With a header.
    Csv,
}

impl std::str::FromStr for Form {
    type Err = String;
    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "table" => Ok(Self::Table),
            "json" => Ok(Self::Json),
            "jsonl" => Ok(Self::Jsonl),
            "csv" => Ok(Self::Csv),
            other => Err(format!("`{other}` is no form of output; use table, json, jsonl or csv")),
        }
    }
}

/// Rows of named columns.
#[derive(Clone, Debug)]
pub struct Rows {
    columns: Vec<&'static str>,
    rows: Vec<Vec<Value>>,
}

impl Rows {
    /// No row yet.
    #[must_use]
    pub fn new(columns: &[&'static str]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row; one value a column.
    pub fn add(&mut self, row: Vec<Value>) {
        self.rows.push(row);
    }

    /// Writes them to stdout.
    pub fn print(&self, form: Form) -> io::Result<()> {
        print(&self.render(form))
    }

    /// Their text.
    #[must_use]
    pub fn render(&self, form: Form) -> String {
        match form {
            Form::Table => self.table(),
            Form::Json => {
                let objects: Vec<Value> = self.objects().collect();
                serde_json::to_string_pretty(&objects).unwrap_or_default() + "\n"
            }
            Form::Jsonl => self.objects().map(|object| format!("{object}\n")).collect(),
            Form::Csv => self.csv(),
        }
    }

    fn objects(&self) -> impl Iterator<Item = Value> + '_ {
        self.rows.iter().map(|row| {
            let pairs = self.columns.iter().zip(row).map(|(column, value)| ((*column).to_owned(), value.clone()));
            Value::Object(pairs.collect::<Map<_, _>>())
        })
    }

    fn table(&self) -> String {
        let header: Vec<String> = self.columns.iter().map(|column| column.to_uppercase().replace('_', " ")).collect();
        let cells = self.rows.iter().map(|row| row.iter().map(cell_of).collect::<Vec<_>>());
        let lines: Vec<Vec<String>> = std::iter::once(header).chain(cells).collect();
        let width = |column: usize| {
            lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let mut text = String::new();
        for line in &lines {
            let padded: Vec<String> = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            text.push_str(padded.join("  ").trim_end());
            text.push('\n');
        }
        text
    }

    fn csv(&self) -> String {
        let quoted = |cell: &str| {
            let needs = cell.contains([',', '"', '\n', '\r']);
            if needs { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
        };
        let mut text = self.columns.join(",") + "\n";
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(|value| quoted(&text_of(value))).collect();
            text.push_str(&cells.join(","));
            text.push('\n');
        }
        text
    }
}

/// Writes a text to stdout. A reader that has gone away is not an error.
pub fn print(text: &str) -> io::Result<()> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// A cell for people. What came from outside may not steer their terminal.
fn cell_of(value: &Value) -> String {
    let text = if value.is_null() { "–".to_owned() } else { text_of(value) };
    text.replace(char::is_control, "\u{fffd}")
}

fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_same_rows_in_each_form() {
        let mut rows = Rows::new(&["store", "pending"]);
        rows.add(vec![json!("S1"), json!(3)]);
        rows.add(vec![json!("a,b\"c"), Value::Null]);
        assert_eq!(rows.render(Form::Table), "STORE  PENDING\nS1     3\na,b\"c  –\n");
        assert_eq!(rows.render(Form::Csv), "store,pending\nS1,3\n\"a,b\"\"c\",\n");
        assert_eq!(rows.render(Form::Jsonl).lines().next(), Some(r#"{"pending":3,"store":"S1"}"#));
        assert!("xml".parse::<Form>().is_err());
    }

    #[test]
    fn what_came_from_outside_does_not_steer_a_terminal() {
        let mut rows = Rows::new(&["note"]);
        rows.add(vec![json!("\u{1b}[2Jgone\nnext")]);
        assert_eq!(rows.render(Form::Table), "NOTE\n\u{fffd}[2Jgone\u{fffd}next\n");
        assert_eq!(rows.render(Form::Csv), "note\n\"\u{1b}[2Jgone\nnext\"\n");
    }
}
