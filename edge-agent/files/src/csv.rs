//! CSV: lines that agree in their id columns are one document, or each line
//! is one.

mod cells;
mod group;
mod values;

use std::collections::{HashMap, HashSet};
use std::io::Read;

use ::csv::{Reader, ReaderBuilder, StringRecord, Terminator};
use jiff::tz::TimeZone;

use crate::limits::{LINE_BYTES, LINES};
use crate::mapping::{CsvMapping, Identity};
use crate::text::{Progress, Refused, Text};
use crate::{Cause, Entry, Fault};
use cells::{Cells, Places};
use group::Group;

/// Bytes of a digest by which documents of one file are told apart.
const DIGEST: usize = 16;
type Digest = [u8; DIGEST];

/// Documents of a file whose lines do not stand together; none is taken.
#[derive(Clone, Debug, Default)]
pub struct Apart(HashSet<Digest>);

/// The documents of a CSV file. One is given when the next begins or the file
/// ends as it should.
#[derive(Debug)]
pub struct Receipts<'m, R> {
    reader: Reader<Text<R>>,
    progress: Progress,
    mapping: &'m CsvMapping,
    zone: &'m TimeZone,
    places: Option<Places>,
    apart: Apart,
    /// The document of which the end was not seen yet.
    open: Option<Group>,
    /// How often a line came, by its digest.
    times: HashMap<Digest, u32>,
    /// The line that was read last.
    line: u64,
    ended: bool,
    /// What is told behind the last document.
    last: Option<Result<Entry, Fault>>,
}

/// What the next line of the file is.
enum Row {
    Of(Group),
    End,
    Wrong(Fault),
}

impl<'m, R: Read> Receipts<'m, R> {
    /// Reads a file. `apart` is what [`Receipts::apart`] says of it.
    #[must_use]
    pub fn new(file: R, mapping: &'m CsvMapping, zone: &'m TimeZone, apart: Apart) -> Self {
        let text = Text::new(file, mapping.encoding);
        let progress = text.progress();
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).delimiter(mapping.separator);
        // The return before it is a blank, and lines are counted right.
        builder.terminator(Terminator::Any(b'\n'));
        match mapping.quote {
            Some(quote) => builder.quote(quote),
            None => builder.quoting(false),
        };
        let reader = builder.from_reader(text);
        Self {
            reader,
            progress,
            mapping,
            zone,
            places: None,
            apart,
            open: None,
            times: HashMap::new(),
            line: 1,
            ended: false,
            last: None,
        }
    }

    /// Documents that come in several parts with other lines between. A first
    /// look at a whole file: half of a receipt must not be taken for all of
    /// it.
    #[must_use]
    pub fn apart(mut self) -> Apart {
        let Identity::Columns(_) = self.mapping.identity else { return Apart::default() };
        let mut contents: HashMap<Digest, Digest> = HashMap::new();
        let mut apart = HashSet::new();
        let mut note = |group: &Group| {
            let id = digest(group.id().as_bytes());
            // The whole receipt twice is one that came twice.
            if contents.insert(id, group.digest()).is_some_and(|before| before != group.digest()) {
                apart.insert(id);
            }
        };
        loop {
            match self.row() {
                Row::Of(group) => {
                    if let Some(before) = self.join(group) {
                        note(&before);
                    }
                }
                Row::Wrong(fault) if !fault.cause.ends() => {}
                Row::End | Row::Wrong(_) => break,
            }
        }
        if let Some(last) = &self.open {
            note(last);
        }
        Apart(apart)
    }

    /// Adds a line to the open document, or opens its own; gives the one that
    /// ends with it.
    fn join(&mut self, line: Group) -> Option<Group> {
        match &mut self.open {
            Some(open) if open.id() == line.id() && matches!(self.mapping.identity, Identity::Columns(_)) => {
                open.join(line);
                None
            }
            open => open.replace(line),
        }
    }

    /// The next line that is not blank.
    fn record(&mut self) -> Result<Option<StringRecord>, Fault> {
        let mut record = StringRecord::new();
        loop {
            self.progress.begin(LINE_BYTES);
            match self.reader.read_record(&mut record) {
                Ok(true) if record.iter().all(|cell| cell.trim().is_empty()) => {}
                Ok(true) => return Ok(Some(record)),
                Ok(false) => return Ok(None),
                Err(error) => return Err(self.unreadable(&error)),
            }
        }
    }

    fn row(&mut self) -> Row {
        let record = match self.record() {
            Ok(Some(record)) => record,
            Ok(None) => return Row::End,
            Err(fault) => return Row::Wrong(fault),
        };
        let line = record.position().map_or(1, ::csv::Position::line);
        self.line = line;
        let Some(places) = &self.places else {
            return match Places::find(self.mapping, &record) {
                Ok(places) => {
                    self.places = Some(places);
                    if self.mapping.header { self.row() } else { self.line(line, &record) }
                }
                Err(missing) => Row::Wrong(Fault::new(line, Cause::Columns, missing)),
            };
        };
        if record.len() < places.needed() {
            let detail = format!("it has {} columns, {} are needed", record.len(), places.needed());
            return Row::Wrong(Fault::new(line, Cause::Row, detail));
        }
        self.line(line, &record)
    }

    fn line(&mut self, line: u64, record: &StringRecord) -> Row {
        let Some(places) = &self.places else { return Row::End };
        let cells = Cells::new(record, places, self.mapping);
        let id = match &self.mapping.identity {
            Identity::Columns(_) => cells.id(),
            Identity::Line { .. } => self.id_of_line(&cells),
        };
        match id {
            Ok(id) => Row::Of(Group::of(line, id, &cells, self.zone)),
            Err((cause, detail)) => Row::Wrong(Fault::new(line, cause, detail)),
        }
    }

    /// The day, a digest of the line and how often it came on that day.
    fn id_of_line(&self, cells: &Cells<'_>) -> Result<String, (Cause, String)> {
        let day = cells.business_day().map_err(|detail| (Cause::Value, detail))?;
        let day = day.ok_or_else(|| (Cause::Identity, "it has no business day".to_owned()))?;
        let digest = cells.digest();
        let times = self.times.get(&digest).copied().unwrap_or_default().saturating_add(1);
        Ok(format!("{day}-{}-{times}", hexadecimal(&digest)))
    }

    fn count(&mut self, group: &Group) {
        if let Identity::Line { .. } = self.mapping.identity {
            let times = self.times.entry(group.line_digest()).or_default();
            *times = times.saturating_add(1);
        }
    }

    fn unreadable(&self, error: &::csv::Error) -> Fault {
        let (cause, detail) = match self.progress.refused() {
            Some(Refused::Encoding) => {
                let name = self.mapping.encoding.name();
                (Cause::Encoding, format!("there are bytes that are no text in {name}"))
            }
            Some(Refused::Record) => (Cause::TooLarge, format!("the line is longer than {LINE_BYTES} bytes")),
            None if error.is_io_error() => (Cause::Unreadable, error.to_string()),
            None => (Cause::Broken, error.to_string()),
        };
        Fault::new(self.progress.line(), cause, detail)
    }

    /// A document whose end was seen.
    fn whole(&self, group: Group) -> Option<Result<Entry, Fault>> {
        if self.apart.0.contains(&digest(group.id().as_bytes())) {
            let detail = format!("the lines of {} stand in several places", group.id());
            return Some(Err(Fault::new(group.line(), Cause::Apart, detail)));
        }
        if group.lines() > LINES {
            let detail = format!("{} has more than {LINES} lines", group.id());
            return Some(Err(Fault::new(group.line(), Cause::Incomplete, detail)));
        }
        if let Some((told, found)) = group.miscounted() {
            let detail = format!("{} says it has {told} lines, {found} stand here", group.id());
            return Some(Err(Fault::new(group.line(), Cause::Incomplete, detail)));
        }
        group.finish().map(Ok)
    }

    /// The file is at its end.
    fn end(&mut self) -> Option<Result<Entry, Fault>> {
        self.ended = true;
        let open = self.open.take();
        if self.progress.is_empty() && self.mapping.header {
            return Some(Err(Fault::new(1, Cause::Cut, "the file has no head line")));
        }
        if self.progress.is_empty() || self.progress.ends_a_line() || !self.mapping.final_newline {
            return open.and_then(|open| self.whole(open));
        }
        // What the broken line may belong to is whole if it says so itself.
        let (open, cut) = match open {
            Some(open) if open.last_line() < self.line && open.is_told_whole() => (Some(open), String::new()),
            Some(open) => (None, format!("; {} was not taken", open.id())),
            None => (None, String::new()),
        };
        let detail = format!("the file ends in the middle of a line{cut}");
        let cut = Some(Err(Fault::new(self.line, Cause::Cut, detail)));
        match open.and_then(|open| self.whole(open)) {
            Some(whole) => {
                self.last = cut;
                Some(whole)
            }
            None => cut,
        }
    }
}

impl<R: Read> Iterator for Receipts<'_, R> {
    type Item = Result<Entry, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            match self.row() {
                Row::Of(group) => {
                    self.count(&group);
                    if let Some(given) = self.join(group).and_then(|before| self.whole(before)) {
                        return Some(given);
                    }
                }
                Row::End => return self.end(),
                Row::Wrong(fault) => {
                    self.ended = fault.cause.ends();
                    return Some(Err(fault));
                }
            }
        }
        self.last.take()
    }
}

fn digest(bytes: &[u8]) -> Digest {
    let mut digest = Digest::default();
    let mut hasher = blake3::Hasher::new();
    hasher.update(bytes).finalize_xof().fill(&mut digest);
    digest
}

fn hexadecimal(digest: &Digest) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
