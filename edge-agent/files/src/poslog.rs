//! POSLog XML: the log of transactions that NRF ARTS began (IXRetail, 2.x)
//! and the OMG goes on with (6.x).
//!
//! | in the file | here |
//! |---|---|
//! | `RetailStoreID` or `BusinessUnit/UnitID`, `WorkstationID`, `BusinessDayDate`, `SequenceNumber` | the id; the workstation is the source, the number its sequence |
//! | `RetailTransaction/LineItem/Sale` and `Return` | lines of a sale, with their kind |
//! | `TransactionStatus="PostVoided"` with a `TransactionLink` | a void of the linked transaction |
//! | `TransactionStatus` Suspended, Canceled …, `CancelFlag`, `SuspendFlag`, `TrainingModeFlag` | only its number |
//! | any other transaction: drawer, tender, sign on | only its number |
//!
//! Elements are told apart by their names without prefix, since vendors write
//! the namespace in every way there is.

mod element;
mod transaction;

use std::io::Read;

use encoding_rs::{Encoding, UTF_8};
use jiff::tz::TimeZone;
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::limits::{DEPTH, RECORD_BYTES};
use crate::mapping::PosLogMapping;
use crate::text::{Progress, Refused, Text};
use crate::{Cause, Entry, Fault};
use element::{Element, Growing};

/// Bytes in which the declaration of a file stands.
const HEAD_BYTES: usize = 256;

/// The transactions of a POSLog file, each when its closing tag was read.
#[derive(Debug)]
pub struct Transactions<'m, R> {
    reader: Reader<Text<Headed<R>>>,
    progress: Progress,
    mapping: &'m PosLogMapping,
    zone: &'m TimeZone,
    buffer: Vec<u8>,
    /// Open elements outside of a transaction.
    depth: usize,
    is_poslog: bool,
    ended: bool,
}

/// A file of which the first bytes were looked at.
type Headed<R> = std::io::Chain<std::io::Cursor<Vec<u8>>, R>;

impl<'m, R: Read> Transactions<'m, R> {
    /// Reads a file.
    #[must_use]
    pub fn new(file: R, mapping: &'m PosLogMapping, zone: &'m TimeZone) -> Self {
        let (head, file) = headed(file);
        let encoding = mapping.encoding.or_else(|| declared(&head)).unwrap_or(UTF_8);
        let text = Text::new(std::io::Cursor::new(head).chain(file), encoding);
        let progress = text.progress();
        let reader = Reader::from_reader(text);
        let buffer = Vec::new();
        Self { reader, progress, mapping, zone, buffer, depth: 0, is_poslog: false, ended: false }
    }

    /// Reads on to the end of the next transaction.
    fn transaction(&mut self) -> Result<Option<(u64, Element)>, Fault> {
        let mut growing: Option<(u64, Growing)> = None;
        self.progress.begin(RECORD_BYTES);
        loop {
            let line = self.progress.line();
            self.buffer.clear();
            let event = match self.reader.read_event_into(&mut self.buffer) {
                Ok(event) => event,
                Err(error) => return Err(fault_of(&self.progress, &error)),
            };
            if let Event::DocType(_) = event {
                let detail = "the file has a document type, which is never read";
                return Err(Fault::new(line, Cause::Entity, detail));
            }
            if let Some((begun, tree)) = &mut growing {
                let begun = *begun;
                match tree.take(&event) {
                    Ok(None) => {}
                    Ok(Some(whole)) => return Ok(Some((begun, whole))),
                    Err((cause, detail)) => return Err(Fault::new(line, cause, detail)),
                }
                continue;
            }
            match event {
                Event::Start(start) if start.local_name().as_ref() == "Transaction" => {
                    let tree = Growing::begin(&start).map_err(|(cause, detail)| Fault::new(line, cause, detail))?;
                    growing = Some((line, tree));
                    self.progress.begin(RECORD_BYTES);
                }
                Event::Start(start) => {
                    self.is_poslog |= start.local_name().as_ref() == "POSLog";
                    self.depth = self.depth.saturating_add(1);
                    if self.depth > DEPTH {
                        let detail = format!("elements stand more than {DEPTH} deep");
                        return Err(Fault::new(line, Cause::TooLarge, detail));
                    }
                }
                Event::End(_) => self.depth = self.depth.saturating_sub(1),
                Event::Eof => return self.end(line),
                // Of the file, not of a transaction.
                Event::Empty(_)
                | Event::Text(_)
                | Event::CData(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_)
                | Event::DocType(_)
                | Event::GeneralRef(_) => {}
            }
        }
    }

    fn end(&self, line: u64) -> Result<Option<(u64, Element)>, Fault> {
        if self.depth > 0 || !self.is_poslog {
            let detail = if self.is_poslog { "the file ends before `</POSLog>`" } else { "there is no `POSLog` in it" };
            return Err(Fault::new(line, Cause::Cut, detail));
        }
        Ok(None)
    }
}

impl<R: Read> Iterator for Transactions<'_, R> {
    type Item = Result<Entry, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            match self.transaction() {
                Ok(Some((line, whole))) => match transaction::read(line, &whole, self.mapping, self.zone) {
                    Ok(Some(entry)) => return Some(Ok(entry)),
                    // A number that is none, of a transaction that changes nothing.
                    Ok(None) => {}
                    Err(fault) => return Some(Err(fault)),
                },
                Ok(None) => self.ended = true,
                Err(fault) => {
                    self.ended = true;
                    return Some(Err(fault));
                }
            }
        }
        None
    }
}

fn fault_of(progress: &Progress, error: &quick_xml::Error) -> Fault {
    let (cause, detail) = match (progress.refused(), error) {
        (Some(Refused::Encoding), _) => {
            (Cause::Encoding, "there are bytes that are no text in the file's encoding".to_owned())
        }
        (Some(Refused::Record), _) => (Cause::TooLarge, format!("a transaction is larger than {RECORD_BYTES} bytes")),
        (None, quick_xml::Error::Io(error)) => (Cause::Unreadable, error.to_string()),
        // A tag, a comment or a value that the file's end breaks off.
        (None, quick_xml::Error::Syntax(error)) => (Cause::Cut, error.to_string()),
        (None, error) => (Cause::Broken, error.to_string()),
    };
    Fault::new(progress.line(), cause, detail)
}

/// The first bytes of a file, and the rest. What can't be read shows when it
/// is read.
fn headed<R: Read>(mut file: R) -> (Vec<u8>, R) {
    let mut head = vec![0; HEAD_BYTES];
    let mut length = 0;
    while let Some(room) = head.get_mut(length..).filter(|room| !room.is_empty()) {
        match file.read(room) {
            Ok(0) | Err(_) => break,
            Ok(read) => length = length.saturating_add(read),
        }
    }
    head.truncate(length);
    (head, file)
}

/// The encoding that the declaration names. UTF-16 shows by its mark and by
/// the zeros between its characters.
fn declared(head: &[u8]) -> Option<&'static Encoding> {
    if let [b'<', 0, ..] = head {
        return Some(encoding_rs::UTF_16LE);
    }
    if let [0, b'<', ..] = head {
        return Some(encoding_rs::UTF_16BE);
    }
    let head = String::from_utf8_lossy(head);
    let (declaration, _) = head.split_once("<?xml")?.1.split_once("?>")?;
    let (_, after) = declaration.split_once("encoding")?;
    let after = after.trim_start().strip_prefix('=')?.trim_start();
    let quote = after.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    Encoding::for_label(after.get(1..)?.split(quote).next()?.as_bytes())
}

#[cfg(test)]
mod tests;
