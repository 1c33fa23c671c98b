//! `mapping.toml`: what the columns of a till's files mean.

mod file;

use std::collections::BTreeMap;

use encoding_rs::Encoding;
use serde::Deserialize;

use crate::limits::MAPPING_BYTES;
use file::{File, FormatWord};

/// A mapping that was looked at.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// Who submits; the folder says if it doesn't.
    pub source: Option<String>,
    /// How its files are read.
    pub format: Format,
}

/// How files are read.
#[derive(Clone, Debug)]
pub enum Format {
    /// Lines of columns.
    Csv(Box<CsvMapping>),
    /// POSLog XML.
    PosLog(PosLogMapping),
}

/// How CSV is read.
#[derive(Clone, Debug)]
pub struct CsvMapping {
    pub(crate) encoding: &'static Encoding,
    pub(crate) separator: u8,
    pub(crate) quote: Option<u8>,
    pub(crate) header: bool,
    pub(crate) decimal: char,
    pub(crate) thousands: Option<char>,
    pub(crate) final_newline: bool,
    pub(crate) kind: Kind,
    pub(crate) identity: Identity,
    pub(crate) columns: Columns,
    pub(crate) formats: Formats,
    pub(crate) kinds: BTreeMap<String, Kind>,
}

/// How POSLog is read.
#[derive(Clone, Debug, Default)]
pub struct PosLogMapping {
    pub(crate) encoding: Option<&'static Encoding>,
    pub(crate) store: Option<String>,
    pub(crate) item: ItemOf,
    pub(crate) void_lines: VoidLines,
}

/// Why a mapping is no good.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// Too large.
    #[error("mapping.toml has {0} bytes, at most {MAPPING_BYTES} are read")]
    TooLarge(usize),
    /// It is no TOML, or has keys that are none.
    #[error("mapping.toml: {0}")]
    Toml(#[from] toml::de::Error),
    /// A value that can't be.
    #[error("mapping.toml: `{key}`: {why}")]
    Value {
        /// The key.
        key: &'static str,
        /// Why.
        why: String,
    },
}

fn wrong(key: &'static str, why: impl Into<String>) -> MappingError {
    MappingError::Value { key, why: why.into() }
}

/// A column by its name in the first line, or by its number from 1.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Column {
    Number(usize),
    Name(String),
}

impl std::fmt::Display for Column {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => write!(f, "{name}"),
        }
    }
}

/// One column or several.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMore {
    One(Column),
    More(Vec<Column>),
}

impl OneOrMore {
    pub(crate) fn list(&self) -> &[Column] {
        match self {
            Self::One(column) => std::slice::from_ref(column),
            Self::More(columns) => columns,
        }
    }
}

/// What makes a document's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// These columns; lines that agree in them are one document.
    Columns(Vec<Column>),
    /// The line itself and how often it came in its business day: each line
    /// is a document. Without these columns.
    Line { ignore: Vec<Column> },
}

/// What a line tells of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    #[default]
    Sale,
    Return,
    Receipt,
    Adjustment,
    TransferOut,
    TransferIn,
    Count,
    Void,
    DayClose,
    /// Nothing that concerns stock.
    Ignore,
}

impl Kind {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Sale => "tidemark.sale",
            Self::Return => "tidemark.return",
            Self::Receipt => "tidemark.receipt",
            Self::Adjustment => "tidemark.adjustment",
            Self::TransferOut => "tidemark.transfer_out",
            Self::TransferIn => "tidemark.transfer_in",
            Self::Count => "tidemark.count",
            Self::Void => "tidemark.void",
            Self::DayClose => "tidemark.day_close",
            Self::Ignore => "ignore",
        }
    }
}

/// Which column says what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Columns {
    pub(crate) item: Option<Column>,
    pub(crate) quantity: Option<Column>,
    pub(crate) kind: Option<Column>,
    pub(crate) business_day: Option<Column>,
    pub(crate) time: Option<OneOrMore>,
    pub(crate) sequence: Option<Column>,
    /// How many lines the document has.
    pub(crate) lines: Option<Column>,
    /// The id of the document that is voided, as `id` is made.
    pub(crate) voids: Option<OneOrMore>,
    pub(crate) documents: Option<Column>,
    pub(crate) units: Option<Column>,
    pub(crate) unit: Option<Column>,
    pub(crate) reason: Option<Column>,
    pub(crate) disposition: Option<Column>,
    pub(crate) lot: Option<Column>,
    pub(crate) expiry: Option<Column>,
    pub(crate) serial: Option<Column>,
    pub(crate) till: Option<Column>,
    pub(crate) operator: Option<Column>,
    pub(crate) reference: Option<Column>,
    pub(crate) counterpart: Option<Column>,
    pub(crate) zone: Option<Column>,
    pub(crate) note: Option<Column>,
}

/// How dates are written, as by strptime; ISO 8601 unless said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Formats {
    pub(crate) business_day: Option<String>,
    pub(crate) time: Option<String>,
}

/// From which element a POSLog line's item is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ItemOf {
    /// What was scanned or keyed: `POSIdentity/POSItemID`, else `ItemID`.
    #[default]
    PosItemId,
    /// The company's number: `ItemID`, else `POSIdentity/POSItemID`.
    ItemId,
}

/// What a POSLog line with `VoidFlag` is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum VoidLines {
    /// A line of its own that takes an earlier one back, which stays.
    #[default]
    Reverse,
    /// The voided line itself.
    Skip,
}

impl Mapping {
    /// POSLog as it comes: it needs no mapping.
    #[must_use]
    pub fn poslog() -> Self {
        Self { source: None, format: Format::PosLog(PosLogMapping::default()) }
    }

    /// Reads `mapping.toml`.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        if text.len() > MAPPING_BYTES {
            return Err(MappingError::TooLarge(text.len()));
        }
        let file: File = toml::from_str(text)?;
        let source = file.source.clone();
        let format = match file.format {
            FormatWord::Csv => Format::Csv(Box::new(file.csv()?)),
            FormatWord::PosLog => Format::PosLog(file.poslog()?),
        };
        Ok(Self { source, format })
    }
}

impl CsvMapping {
    fn check(&self) -> Result<(), MappingError> {
        let named = |column: &Column| match column {
            Column::Number(number) => (*number == 0).then(|| "columns are counted from 1".to_owned()),
            Column::Name(name) => (!self.header)
                .then(|| format!("without a header columns have numbers, `{name}` is none; write one without quotes")),
        };
        if let Some(why) = self.all_columns().iter().find_map(|column| named(column)) {
            return Err(wrong("columns", why));
        }
        let tells_items = |kind: Kind| !matches!(kind, Kind::Void | Kind::DayClose | Kind::Ignore);
        if self.columns.item.is_none() && (self.kinds.values().copied().any(tells_items) || tells_items(self.kind)) {
            return Err(wrong("columns.item", "name the column of the item"));
        }
        if matches!(self.identity, Identity::Line { .. }) && self.columns.business_day.is_none() {
            let why = "with id = \"line\" a line is told apart within its business day; name that column";
            return Err(wrong("columns.business_day", why));
        }
        if !self.kinds.is_empty() && self.columns.kind.is_none() {
            return Err(wrong("columns.kind", "there are codes in `kinds` and no column of them"));
        }
        Ok(())
    }

    /// Every column that is named somewhere.
    pub(crate) fn all_columns(&self) -> Vec<&Column> {
        let Columns { item, quantity, kind, business_day, time, sequence, lines, voids, .. } = &self.columns;
        let Columns { documents, units, unit, reason, disposition, lot, expiry, serial, .. } = &self.columns;
        let Columns { till, operator, reference, counterpart, zone, note, .. } = &self.columns;
        let single = [item, quantity, kind, business_day, sequence, lines, documents, units, unit, reason]
            .into_iter()
            .chain([disposition, lot, expiry, serial, till, operator, reference, counterpart, zone, note]);
        let several = [time, voids].into_iter().flatten().flat_map(OneOrMore::list);
        let identity = match &self.identity {
            Identity::Columns(columns) => columns,
            Identity::Line { ignore } => ignore,
        };
        single.flatten().chain(several).chain(identity).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        Mapping::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_mapping_is_of_csv_unless_it_says_otherwise() {
        let least = "id = [\"a\"]\ncolumns = { item = \"b\" }\n";
        assert!(matches!(Mapping::parse(least).unwrap().format, Format::Csv(_)));
        assert!(matches!(Mapping::parse("format = \"poslog\"").unwrap().format, Format::PosLog(_)));
    }

    #[test]
    fn a_mapping_that_can_not_be_is_named_with_its_key() {
        for (text, says) in [
            ("format = \"csv\"\n", "`id`"),
            ("format = \"csv\"\nid = [\"a\"]\n", "`columns.item`"),
            ("format = \"csv\"\nid = \"line\"\ncolumns = { item = \"a\" }\n", "`columns.business_day`"),
            ("format = \"csv\"\nid = [\"a\"]\nheader = false\ncolumns = { item = 1 }\n", "columns have numbers"),
            ("format = \"csv\"\nid = [0]\ncolumns = { item = \"a\" }\n", "counted from 1"),
            ("format = \"csv\"\nid = [1]\nseparator = \"ab\"\ncolumns = { item = 1 }\n", "`separator`"),
            ("format = \"csv\"\nid = [1]\nseparator = \"\"\ncolumns = { item = 1 }\n", "`separator`"),
            ("format = \"csv\"\nid = [1]\nencoding = \"ebcdic\"\ncolumns = { item = 1 }\n", "`encoding`"),
            ("format = \"csv\"\nid = [1]\ndecimal = \",\"\nthousands = \",\"\ncolumns = { item = 1 }\n", "`thousands`"),
            ("format = \"csv\"\nid = [1]\ncolumns = { item = 1 }\nkinds = { V = \"sale\" }\n", "`columns.kind`"),
            ("format = \"csv\"\nid = [1]\nignore = [2]\ncolumns = { item = 1 }\n", "`ignore`"),
            ("format = \"csv\"\nid = [1]\nstore = \"1\"\ncolumns = { item = 1 }\n", "poslog"),
            ("format = \"poslog\"\nid = [1]\n", "csv"),
            ("format = \"csv\"\nseperator = \";\"\n", "unknown field"),
            ("format = \"xls\"\n", "unknown variant"),
        ] {
            assert!(fault(text).contains(says), "{text}: {}", fault(text));
        }
        assert!(fault(&" ".repeat(MAPPING_BYTES + 1)).contains("bytes"));
    }
}
