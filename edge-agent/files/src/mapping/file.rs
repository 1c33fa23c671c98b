//! The file as it is written, and what follows from it.

use std::collections::BTreeMap;

use encoding_rs::{Encoding, UTF_8};
use serde::Deserialize;

use super::{
    Column, Columns, CsvMapping, Formats, Identity, ItemOf, Kind, MappingError, OneOrMore, PosLogMapping, VoidLines,
    wrong,
};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default)]
    pub(super) format: FormatWord,
    pub(super) source: Option<String>,
    encoding: Option<String>,
    separator: Option<String>,
    quote: Option<String>,
    header: Option<bool>,
    decimal: Option<String>,
    thousands: Option<String>,
    final_newline: Option<bool>,
    kind: Option<Kind>,
    id: Option<OneOrMore>,
    #[serde(default)]
    ignore: Vec<Column>,
    #[serde(default)]
    columns: Columns,
    #[serde(default)]
    formats: Formats,
    #[serde(default)]
    kinds: BTreeMap<String, Kind>,
    store: Option<String>,
    item: Option<ItemOf>,
    void_lines: Option<VoidLines>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum FormatWord {
    #[default]
    Csv,
    PosLog,
}

/// The id that is made of the line itself.
const LINE: &str = "line";

impl File {
    pub(super) fn csv(self) -> Result<CsvMapping, MappingError> {
        if self.store.is_some() || self.item.is_some() || self.void_lines.is_some() {
            return Err(wrong("format", "`store`, `item` and `void_lines` are of format = \"poslog\""));
        }
        let header = self.header.unwrap_or(true);
        let separator = byte("separator", self.separator.as_deref().unwrap_or(","))?
            .ok_or_else(|| wrong("separator", "it is one character, such as \";\""))?;
        let quote = byte("quote", self.quote.as_deref().unwrap_or("\""))?;
        let decimal = one("decimal", self.decimal.as_deref().unwrap_or("."))?.unwrap_or('.');
        let thousands = one("thousands", self.thousands.as_deref().unwrap_or(""))?;
        if thousands == Some(decimal) {
            return Err(wrong("thousands", "it is the decimal sign"));
        }
        let identity = self.identity()?;
        let mapping = CsvMapping {
            encoding: encoding(self.encoding.as_deref())?.unwrap_or(UTF_8),
            separator,
            quote,
            header,
            decimal,
            thousands,
            final_newline: self.final_newline.unwrap_or(true),
            kind: self.kind.unwrap_or_default(),
            identity,
            columns: self.columns,
            formats: self.formats,
            kinds: self.kinds,
        };
        mapping.check()?;
        Ok(mapping)
    }

    fn identity(&self) -> Result<Identity, MappingError> {
        let missing = || wrong("id", "name the columns that make a receipt's id, or write id = \"line\"");
        let id = self.id.as_ref().ok_or_else(missing)?;
        if *id == OneOrMore::One(Column::Name(LINE.to_owned())) {
            return Ok(Identity::Line { ignore: self.ignore.clone() });
        }
        if !self.ignore.is_empty() {
            return Err(wrong("ignore", "it is of id = \"line\""));
        }
        if id.list().is_empty() {
            return Err(missing());
        }
        Ok(Identity::Columns(id.list().to_vec()))
    }

    pub(super) fn poslog(self) -> Result<PosLogMapping, MappingError> {
        if self.source.is_some() {
            return Err(wrong("source", "POSLog names its workstations itself"));
        }
        let of_csv = self.id.is_some() || self.columns != Columns::default() || !self.kinds.is_empty();
        if of_csv || self.separator.is_some() || self.header.is_some() {
            return Err(wrong("format", "`id`, `columns`, `kinds`, `separator` and `header` are of format = \"csv\""));
        }
        Ok(PosLogMapping {
            encoding: encoding(self.encoding.as_deref())?,
            store: self.store,
            item: self.item.unwrap_or_default(),
            void_lines: self.void_lines.unwrap_or_default(),
        })
    }
}

fn encoding(label: Option<&str>) -> Result<Option<&'static Encoding>, MappingError> {
    let known = |label: &str| {
        Encoding::for_label(label.as_bytes())
            .ok_or_else(|| wrong("encoding", format!("{label:?} is none, such as \"utf-8\" or \"windows-1252\"")))
    };
    label.map(known).transpose()
}

/// One character; none of nothing.
fn one(key: &'static str, text: &str) -> Result<Option<char>, MappingError> {
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (first, None) => Ok(first),
        (_, Some(_)) => Err(wrong(key, format!("it is one character, not {text:?}"))),
    }
}

/// One character of ASCII; none of nothing.
fn byte(key: &'static str, text: &str) -> Result<Option<u8>, MappingError> {
    let plain = |c: char| u8::try_from(c).ok().filter(u8::is_ascii);
    let unfit = || wrong(key, format!("it is one character of ASCII, not {text:?}"));
    one(key, text)?.map(|c| plain(c).ok_or_else(unfit)).transpose()
}
