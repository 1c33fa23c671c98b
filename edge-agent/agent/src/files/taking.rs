//! Taking one file: its documents through intake into the journal.

use std::fs::{File, Metadata};
use std::io::{self, BufReader};
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};
use tidemark_files::{Apart, Cause, Entry, Format, Given, Mapping, Numbered, Receipts};
use tidemark_journal::NotSaved;
use tidemark_model::Source;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::why::{Reason, Reasons};
use crate::guest::Guest;
use crate::intake::{self, Content, Intake};
use crate::reception::Reception;

/// Bytes of a file: a day of a large shop is a tenth of it.
pub(super) const FILE_BYTES: u64 = 64 * 1024 * 1024;
/// Documents and bytes that are handed to the journal at once.
const BATCH: usize = 100;
const BATCH_BYTES: usize = 1024 * 1024;

/// What files are taken with.
#[derive(Clone, Copy)]
pub(super) struct Taking<'a> {
    pub(super) reception: &'a Reception,
    pub(super) runtime: &'a Handle,
    pub(super) stop: &'a CancellationToken,
    /// The name of the till's folder.
    pub(super) till: &'a str,
}

/// What became of a file.
#[derive(Debug)]
pub(super) enum Outcome {
    /// So many documents, all on disk.
    Taken(u64),
    /// Not all of it: so many documents, and why not the others.
    Refused(u64, Reasons),
    /// Not now.
    Later(String),
}

/// Documents on their way.
#[derive(Default)]
struct Batch {
    lines: Vec<u64>,
    read: Vec<Intake>,
    bytes: usize,
    numbers: Vec<(Source, u64)>,
}

impl Taking<'_> {
    /// Takes a file.
    pub(super) fn take(&self, path: &Path, mapping: &Mapping) -> Outcome {
        match self.try_take(path, mapping) {
            Ok(outcome) => outcome,
            Err(error) => Outcome::Later(error.to_string()),
        }
    }

    fn try_take(&self, path: &Path, mapping: &Mapping) -> io::Result<Outcome> {
        let file = File::open(path)?;
        let before = file.metadata()?;
        let mut reasons = Reasons::default();
        if before.len() > FILE_BYTES {
            let cause = format!("the file has {} bytes, at most {FILE_BYTES} are read at once", before.len());
            let remedy = "let the till export it in smaller parts, a day each";
            reasons.add(Reason { code: "file_too_large", line: None, cause, remedy });
            return Ok(Outcome::Refused(0, reasons));
        }
        let zone = &self.reception.parts().time_zone;
        let apart = match &mapping.format {
            Format::Csv(csv) => Receipts::new(BufReader::new(File::open(path)?), csv, zone, Apart::default()).apart(),
            Format::PosLog(_) => Apart::default(),
        };
        let entries = tidemark_files::read(BufReader::new(file), mapping, zone, apart);
        let mut submitting = Submitting { taking: self, mapping, batch: Batch::default(), taken: 0, reasons };
        for entry in entries {
            let added = match entry {
                Ok(Entry::Document(given)) => submitting.add(given),
                Ok(Entry::Number(number)) => submitting.pass(number),
                Err(fault) if fault.cause == Cause::Unreadable => return Err(io::Error::other(fault)),
                Err(fault) => {
                    submitting.reasons.add(fault.into());
                    Ok(())
                }
            };
            if let Err(later) = added {
                return Ok(Outcome::Later(later));
            }
        }
        if let Err(later) = submitting.flush() {
            return Ok(Outcome::Later(later));
        }
        if !is_same(&before, &std::fs::metadata(path)?) {
            return Ok(Outcome::Later("it was written to while it was read".to_owned()));
        }
        let Submitting { taken, reasons, .. } = submitting;
        Ok(if reasons.is_empty() { Outcome::Taken(taken) } else { Outcome::Refused(taken, reasons) })
    }
}

fn is_same(before: &Metadata, after: &Metadata) -> bool {
    before.len() == after.len() && before.modified().ok() == after.modified().ok()
}

/// A file whose documents are being handed in.
struct Submitting<'a> {
    taking: &'a Taking<'a>,
    mapping: &'a Mapping,
    batch: Batch,
    taken: u64,
    reasons: Reasons,
}

impl Submitting<'_> {
    fn add(&mut self, given: Given) -> Result<(), String> {
        let line = given.line;
        let event = self.event(given).to_string();
        match intake::read(Content::One, event.as_bytes(), &self.taking.reception.place()) {
            Ok(read) => {
                self.batch.lines.extend(read.iter().map(|_| line));
                self.batch.read.extend(read);
                self.batch.bytes = self.batch.bytes.saturating_add(event.len());
            }
            Err(refusal) => self.reject(line, "unreadable", refusal.to_string()),
        }
        if self.batch.read.len() >= BATCH || self.batch.bytes >= BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    fn pass(&mut self, Numbered { source, number }: Numbered) -> Result<(), String> {
        let source = source.unwrap_or_else(|| self.source());
        if let Ok(source) = Source::new(&source) {
            self.batch.numbers.push((source, number));
        }
        if self.batch.numbers.len() >= BATCH { self.flush() } else { Ok(()) }
    }

    /// Hands in what is gathered.
    fn flush(&mut self) -> Result<(), String> {
        if self.taking.stop.is_cancelled() {
            return Err("the box ends".to_owned());
        }
        let Batch { lines, read, numbers, .. } = std::mem::take(&mut self.batch);
        let Taking { reception, runtime, .. } = self.taking;
        let later = |error: NotSaved| error.to_string();
        let answers = runtime.block_on(reception.receive(&Guest::Local, read)).map_err(later)?;
        for (line, answer) in lines.into_iter().zip(answers) {
            match answer.rejection() {
                Some((code, detail)) => self.reject(line, code, detail.to_owned()),
                None => self.taken = self.taken.saturating_add(1),
            }
        }
        for (source, number) in numbers {
            runtime.block_on(reception.parts().journal.pass_number(source, number)).map_err(later)?;
        }
        Ok(())
    }

    fn reject(&mut self, line: u64, code: &'static str, cause: String) {
        let remedy = "mend it where the till writes it, or in mapping.toml";
        self.reasons.add(Reason { code, line: Some(line), cause, remedy });
    }

    /// Who submits what does not say it itself.
    fn source(&self) -> String {
        self.mapping.source.clone().unwrap_or_else(|| format!("till:{}", self.taking.till))
    }

    /// A document as a till would post it.
    fn event(&self, given: Given) -> Value {
        let Given { source, id, kind, happened, mut data, .. } = given;
        let source = source.unwrap_or_else(|| self.source());
        if let Some(Value::Object(voids)) = data.get_mut("voids") {
            voids.entry("source").or_insert_with(|| source.clone().into());
        }
        if let Some(age) = happened.and_then(|happened| self.age_ms(happened)) {
            data.insert("deferred".to_owned(), true.into());
            data.insert("age_ms".to_owned(), age.into());
        }
        let mut event = json!({ "specversion": "1.0", "type": kind, "source": source, "id": id, "data": data });
        if let (Some(happened), Some(event)) = (happened, event.as_object_mut()) {
            event.insert("time".to_owned(), happened.to_string().into());
        }
        event
    }

    /// How long ago something happened, if the box was running then: only
    /// then a count can tell whether it saw it.
    fn age_ms(&self, happened: Timestamp) -> Option<u64> {
        let parts = self.taking.reception.parts();
        let age = parts.clock.wall().0.checked_sub(happened.as_millisecond())?;
        let age = u64::try_from(age).ok()?;
        let running = parts.journal.odometer().run_ms().saturating_sub(parts.journal.boot().run_ms());
        (age <= running).then_some(age)
    }
}
