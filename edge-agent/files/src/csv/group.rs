//! The lines of one document.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::cells::Cells;
use super::{Digest, digest, values};
use crate::mapping::{Column, Columns, CsvMapping, Kind, OneOrMore};
use crate::{Entry, Given, Numbered};

/// What a code of the kind column means.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Meaning {
    Known(Kind),
    /// A code the mapping does not name.
    Unknown(String),
}

/// One line of a document.
#[derive(Clone, Debug)]
struct Line {
    meaning: Meaning,
    members: Map<String, Value>,
}

/// A document as far as its lines were read.
#[derive(Clone, Debug)]
pub(super) struct Group {
    line: u64,
    last_line: u64,
    id: String,
    lines: Vec<Line>,
    count: usize,
    told: Option<u64>,
    happened: Option<Timestamp>,
    sequence: Option<String>,
    labels: Map<String, Value>,
    of_kind: Map<String, Value>,
    line_digest: Digest,
    digest: Digest,
}

impl Group {
    /// A document of one line.
    pub(super) fn of(line: u64, id: String, cells: &Cells<'_>, zone: &TimeZone) -> Self {
        let mapping = cells.mapping();
        let columns = &mapping.columns;
        let time = columns.time.as_ref().and_then(|time| cells.joined(time.list(), " "));
        let line_digest = cells.digest();
        Self {
            line,
            last_line: line,
            id,
            lines: vec![Line { meaning: meaning(cells), members: members_of_line(cells) }],
            count: 1,
            told: cells.text(columns.lines.as_ref()).and_then(|told| told.parse().ok()),
            happened: time.and_then(|time| values::moment(&time, mapping.formats.time.as_deref(), zone)),
            sequence: cells.text(columns.sequence.as_ref()).map(str::to_owned),
            labels: labels(cells),
            of_kind: members_of_kind(cells),
            line_digest,
            digest: line_digest,
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) const fn line(&self) -> u64 {
        self.line
    }

    pub(super) const fn last_line(&self) -> u64 {
        self.last_line
    }

    pub(super) const fn lines(&self) -> usize {
        self.count
    }

    /// The digest of its first line.
    pub(super) const fn line_digest(&self) -> Digest {
        self.line_digest
    }

    /// The digest of all its lines.
    pub(super) const fn digest(&self) -> Digest {
        self.digest
    }

    /// Adds the lines of a later part. Beyond the limit they are only
    /// counted.
    pub(super) fn join(&mut self, other: Self) {
        self.last_line = other.last_line;
        self.digest = digest(&[self.digest, other.line_digest].concat());
        self.count = self.count.saturating_add(other.count);
        if self.count <= crate::limits::LINES {
            self.lines.extend(other.lines);
        }
        for (name, value) in other.labels {
            self.labels.entry(name).or_insert(value);
        }
        for (name, value) in other.of_kind {
            self.of_kind.entry(name).or_insert(value);
        }
        self.happened = self.happened.or(other.happened);
        self.sequence = self.sequence.take().or(other.sequence);
        self.told = self.told.or(other.told);
    }

    /// What it says of its number of lines, and what there is, if they
    /// differ.
    pub(super) fn miscounted(&self) -> Option<(u64, u64)> {
        let found = u64::try_from(self.count).unwrap_or(u64::MAX);
        self.told.filter(|told| *told != found).map(|told| (told, found))
    }

    /// Whether it says how many lines it has, and they are here.
    pub(super) fn is_told_whole(&self) -> bool {
        self.told.is_some() && self.miscounted().is_none()
    }

    /// The document; none if nothing of it concerns stock.
    pub(super) fn finish(mut self) -> Option<Entry> {
        self.lines.retain(|line| line.meaning != Meaning::Known(Kind::Ignore));
        let Some(kind) = self.kind() else {
            let number = self.sequence.as_deref()?.parse().ok()?;
            return Some(Entry::Number(Numbered { source: None, number }));
        };
        let Self { line, id, lines, sequence, labels: mut data, mut of_kind, happened, .. } = self;
        if let Some(sequence) = sequence {
            data.insert("sequence".to_owned(), sequence.into());
        }
        match kind {
            Meaning::Known(Kind::Void) => take(&mut data, &mut of_kind, &["voids"]),
            Meaning::Known(Kind::DayClose) => take(&mut data, &mut of_kind, &["documents", "units"]),
            Meaning::Known(_) | Meaning::Unknown(_) => {
                let lines = lines.into_iter().map(|line| Value::Object(line.members)).collect();
                data.insert("lines".to_owned(), Value::Array(lines));
            }
        }
        let kind = match kind {
            Meaning::Known(kind) => kind.word().to_owned(),
            Meaning::Unknown(code) => format!("file.{code}"),
        };
        Some(Entry::Document(Given { line, source: None, id, kind, happened, data }))
    }

    /// What the document is; its lines say otherwise if sales and returns
    /// stand in one.
    fn kind(&mut self) -> Option<Meaning> {
        let first = self.lines.first()?.meaning.clone();
        if self.lines.iter().all(|line| line.meaning == first) {
            return Some(first);
        }
        let word = |meaning: &Meaning| match meaning {
            Meaning::Known(Kind::Sale) => "sale".to_owned(),
            Meaning::Known(Kind::Return) => "return".to_owned(),
            // No kind that a line may have: it is kept aside, the others go on.
            Meaning::Known(other) => other.word().to_owned(),
            Meaning::Unknown(code) => code.clone(),
        };
        for line in &mut self.lines {
            line.members.insert("kind".to_owned(), word(&line.meaning).into());
        }
        Some(Meaning::Known(Kind::Sale))
    }
}

fn take(data: &mut Map<String, Value>, from: &mut Map<String, Value>, names: &[&str]) {
    for name in names {
        if let Some(value) = from.remove(*name) {
            data.insert((*name).to_owned(), value);
        }
    }
}

fn meaning(cells: &Cells<'_>) -> Meaning {
    let CsvMapping { kind, kinds, columns, .. } = cells.mapping();
    let Some(code) = cells.given(columns.kind.as_ref()) else { return Meaning::Known(*kind) };
    match kinds.get(code) {
        Some(kind) => Meaning::Known(*kind),
        None if code.is_empty() => Meaning::Known(*kind),
        None => Meaning::Unknown(code.to_owned()),
    }
}

fn labels(cells: &Cells<'_>) -> Map<String, Value> {
    let Columns { till, operator, reference, counterpart, zone, note, .. } = &cells.mapping().columns;
    let mut labels = Map::new();
    for (name, column) in [
        ("till", till),
        ("operator", operator),
        ("reference", reference),
        ("counterpart", counterpart),
        ("zone", zone),
        ("note", note),
    ] {
        if let Some(text) = cells.text(column.as_ref()) {
            labels.insert(name.to_owned(), text.into());
        }
    }
    let as_given = || cells.text(cells.mapping().columns.business_day.as_ref()).map(str::to_owned);
    if let Some(day) = cells.business_day().unwrap_or_else(|_unreadable| as_given()) {
        labels.insert("business_day".to_owned(), day.into());
    }
    labels
}

fn members_of_line(cells: &Cells<'_>) -> Map<String, Value> {
    let mapping = cells.mapping();
    let Columns { item, quantity, unit, reason, disposition, lot, expiry, serial, .. } = &mapping.columns;
    let mut line = Map::new();
    if let Some(item) = cells.text(item.as_ref()) {
        line.insert("item".to_owned(), item.into());
    }
    // Without a column each line is one piece.
    let amount = cells.given(quantity.as_ref()).map(|text| number(mapping, text));
    line.insert("quantity".to_owned(), amount.unwrap_or_else(|| "1".to_owned()).into());
    for (name, column) in [
        ("unit", unit),
        ("reason", reason),
        ("disposition", disposition),
        ("lot", lot),
        ("expiry", expiry),
        ("serial", serial),
    ] {
        if let Some(text) = cells.text(column.as_ref()) {
            line.insert(name.to_owned(), text.into());
        }
    }
    line
}

fn members_of_kind(cells: &Cells<'_>) -> Map<String, Value> {
    let mapping = cells.mapping();
    let Columns { voids, documents, units, .. } = &mapping.columns;
    let mut members = Map::new();
    let column = |column: &Option<Column>| cells.text(column.as_ref());
    if let Some(id) = voids.as_ref().map(OneOrMore::list).and_then(|columns| cells.joined(columns, "-")) {
        members.insert("voids".to_owned(), serde_json::json!({ "id": id }));
    }
    if let Some(documents) = column(documents) {
        members.insert("documents".to_owned(), number(mapping, documents).into());
    }
    if let Some(units) = column(units) {
        members.insert("units".to_owned(), number(mapping, units).into());
    }
    members
}

fn number(mapping: &CsvMapping, text: &str) -> String {
    values::number(text, mapping.decimal, mapping.thousands)
}
