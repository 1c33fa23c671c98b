//! A CSV file with a header (RFC 4180), read column by name.

use csv::{ReaderBuilder, StringRecord, Trim};

use super::faults::Faults;

/// Where each known column stands.
pub(super) struct Columns {
    known: &'static [&'static str],
    places: Vec<Option<usize>>,
}

/// One row of the file.
pub(super) struct Row<'c> {
    columns: &'c Columns,
    record: StringRecord,
    /// The line it begins on.
    pub(super) line: u64,
}

impl Row<'_> {
    /// Whether the file has a column.
    pub(super) fn has(&self, column: &'static str) -> bool {
        let at = self.columns.known.iter().position(|known| *known == column);
        at.is_some_and(|at| self.columns.places.get(at).is_some_and(Option::is_some))
    }

    /// The text of a column; empty if the file has none.
    pub(super) fn text(&self, column: &'static str) -> &str {
        let at = self.columns.known.iter().position(|known| *known == column);
        let place = at.and_then(|at| self.columns.places.get(at).copied().flatten());
        place.and_then(|place| self.record.get(place)).unwrap_or("")
    }
}

/// Hands a row to `take` that was not read from a file: the texts of some of
/// the known columns.
pub(super) fn take_row(
    known: &'static [&'static str],
    (line, cells): (u64, &[(&'static str, String)]),
    take: impl FnOnce(&Row<'_>),
) {
    let columns = Columns { known, places: (0..known.len()).map(Some).collect() };
    let text = |name: &&str| cells.iter().find(|(column, _)| column == name).map_or("", |(_, text)| text);
    let record = known.iter().map(text).collect();
    take(&Row { columns: &columns, record, line });
}

/// Reads a file with the known columns, of which the needed ones must be
/// there, and hands each row to `take`.
pub(super) fn read_rows(
    bytes: &[u8],
    known: &'static [&'static str],
    needed: &[&str],
    mut take: impl FnMut(&Row<'_>, &mut Faults),
) -> Result<(), Faults> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = ReaderBuilder::new().trim(Trim::All).flexible(false).from_reader(bytes);
    let columns = read_header(&mut reader, known, needed)?;
    let mut faults = Faults::default();
    let mut last_line = 1;
    for record in reader.records() {
        match record {
            Ok(record) => {
                let line = record.position().map_or(last_line, csv::Position::line);
                last_line = line;
                take(&Row { columns: &columns, record, line }, &mut faults);
            }
            Err(error) => {
                let line = error.position().map_or(last_line + 1, csv::Position::line);
                faults.add(line, None, describe(&error));
                if error.is_io_error() {
                    break;
                }
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn read_header(
    reader: &mut csv::Reader<&[u8]>,
    known: &'static [&'static str],
    needed: &[&str],
) -> Result<Columns, Faults> {
    let header = reader.headers().map_err(|error| Faults::one(1, None, describe(&error)))?.clone();
    let mut faults = Faults::default();
    for name in &header {
        if !known.contains(&name) {
            let shown: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
            faults.add(1, None, format!("the column {shown:?} is not known; known are {}", known.join(", ")));
        }
    }
    for name in needed {
        let found = header.iter().filter(|found| found == name).count();
        if found == 0 {
            faults.add(1, None, format!("the column `{name}` is missing from the header"));
        }
    }
    for name in known {
        if header.iter().filter(|found| found == name).count() > 1 {
            faults.add(1, None, format!("the column `{name}` stands in the header twice"));
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let places = known.iter().map(|name| header.iter().position(|found| found == *name)).collect();
    Ok(Columns { known, places })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the enum is open, and all others read alike")]
fn describe(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("the line has {len} fields, the header has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "the line is not UTF-8; export the file as UTF-8".to_owned(),
        _ => format!("the line can't be read: {error}"),
    }
}
