//! Files of tills, from bytes to documents: CSV by a mapping of the shop, and
//! POSLog.
//!
//! Nothing here knows a folder, a clock or the journal: bytes, a mapping and
//! the shop's time zone go in, [`Entry`]s and [`Fault`]s come out in the order
//! of the file. An entry is what a till would have posted, so that whoever
//! submits it takes the way of all documents.
//!
//! | kept true | how |
//! |---|---|
//! | the same file read again gives the same documents | ids and content come from what stands in the file, never from its name, its place or the time |
//! | a file that was cut gives only what came whole | a document is given when its end was seen: the next one, the last line's end, the closing tag |
//! | what can't be understood is not lost | a line that names its document but no item or quantity is given as it is, and parked by who takes it; what names none is a fault with its line |
//! | memory has a limit | one record at a time, of at most [`limits::RECORD_BYTES`]; digests of ids alone are kept over the file |
//! | nothing is expanded | a document type or an entity of its own ends the reading of XML |
//!
//! | format | module |
//! |---|---|
//! | CSV | `csv`, by the columns of a [`Mapping`] |
//! | POSLog XML of NRF and OMG ARTS, 2.x and 6.x | `poslog` |

mod csv;
mod fault;
pub mod limits;
mod mapping;
mod poslog;
mod text;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use std::io::Read;

pub use csv::{Apart, Receipts};
pub use fault::{Cause, Fault};
pub use mapping::{CsvMapping, Format, Mapping, MappingError, PosLogMapping};
pub use poslog::Transactions;

/// What a file says, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// A document.
    Document(Given),
    /// A number of the till's own count under which nothing happened to
    /// stock: a drawer opened, a receipt broken off.
    Number(Numbered),
}

/// A document as a till would post it.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// The line it begins on, from 1.
    pub line: u64,
    /// Who submits it; none if the folder says.
    pub source: Option<String>,
    /// Its id.
    pub id: String,
    /// Its type, such as `tidemark.sale`.
    pub kind: String,
    /// When it happened, by the till's clock.
    pub happened: Option<Timestamp>,
    /// What it says.
    pub data: Map<String, Value>,
}

/// A number without a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// Who counts; none if the folder says.
    pub source: Option<String>,
    /// The number.
    pub number: u64,
}

/// Reads a file by a mapping.
///
/// `apart` is what [`Receipts::apart`] found in the same file.
pub fn read<'m, R: Read + 'm>(
    file: R,
    mapping: &'m Mapping,
    zone: &'m TimeZone,
    apart: Apart,
) -> Box<dyn Iterator<Item = Result<Entry, Fault>> + 'm> {
    match &mapping.format {
        Format::Csv(csv) => Box::new(Receipts::new(file, csv, zone, apart)),
        Format::PosLog(poslog) => Box::new(Transactions::new(file, poslog, zone)),
    }
}
