//! What must be true of a journal after a cut, looked at through its public
//! interface alone.

mod books;
mod documents;
mod marks;

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tidemark_journal::{Journal, ReadError};
use tidemark_model::{Epoch, Movement, SeqSet};
use tidemark_wire::decode_movement;

use crate::answers::{Known, Mark};
use crate::workload::{Build, config};

/// What kind of promise was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The file system itself needs a person.
    NotMounted,
    /// The journal needs a person.
    NotOpened,
    /// The journal began a new life without need.
    NewEpoch,
    /// Something that was answered is gone.
    Lost,
    /// Something is there that was never submitted, or twice, or in part.
    Untrue,
    /// The books don't add up.
    Books,
    /// One can't go on selling.
    NotSelling,
}

impl Fault {
    /// For people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::NotMounted => "the file system does not mount",
            Self::NotOpened => "the journal does not open",
            Self::NewEpoch => "a new epoch without need",
            Self::Lost => "answered and lost",
            Self::Untrue => "held and never submitted so",
            Self::Books => "the books don't add up",
            Self::NotSelling => "one can't go on selling",
        }
    }
}

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which.
    pub fault: Fault,
    /// What was seen.
    pub seen: String,
}

impl Finding {
    pub(crate) fn new(fault: Fault, seen: impl Into<String>) -> Self {
        Self { fault, seen: seen.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.fault.words(), self.seen)
    }
}

impl From<ReadError> for Finding {
    fn from(error: ReadError) -> Self {
        Self::new(Fault::Books, error.to_string())
    }
}

/// A movement as the journal holds it.
pub(crate) struct Held {
    pub(crate) seq: u64,
    pub(crate) digest: u64,
    pub(crate) movement: Movement,
}

/// What a journal holds.
pub(crate) struct Content {
    pub(crate) epoch: Epoch,
    pub(crate) trimmed_below: u64,
    pub(crate) tail: u64,
    /// Ascending.
    pub(crate) movements: Vec<Held>,
}

/// What the checks go by.
pub(crate) struct Checking<'a> {
    pub(crate) known: &'a Known,
    pub(crate) journal: &'a Journal,
    pub(crate) content: Content,
}

/// Opens the journal in a folder and compares it with what is known; then
/// sells on and opens it once more.
#[must_use]
pub fn check(folder: &Path, known: &Known) -> Vec<Finding> {
    let (journal, writer) = match open(folder) {
        Ok(open) => open,
        Err(finding) => return vec![finding],
    };
    let mut findings = look(&journal, known).unwrap_or_else(|finding| vec![finding]);
    let (tail, epoch) = (journal.tail(), journal.identity().epoch);
    drop(journal);
    if let Err(error) = writer.stop() {
        findings.push(Finding::new(Fault::NotSelling, error.to_string()));
    }
    match open(folder) {
        Ok((journal, writer)) => {
            if journal.tail() != tail || journal.identity().epoch != epoch {
                findings.push(Finding::new(Fault::Lost, "opened once more it is not the same journal"));
            }
            drop(journal);
            // It was looked at; what it was stopped with is of no interest.
            let _stopped = writer.stop();
        }
        Err(finding) => findings.push(finding),
    }
    findings
}

fn open(folder: &Path) -> Result<(Journal, tidemark_journal::Writer), Finding> {
    let config = config(folder.to_owned(), Build::Sound);
    let config = config.ok_or_else(|| Finding::new(Fault::NotOpened, "the shop has no name"))?;
    Journal::open(config).map_err(|error| Finding::new(Fault::NotOpened, error.to_string()))
}

fn look(journal: &Journal, known: &Known) -> Result<Vec<Finding>, Finding> {
    let epoch = journal.identity().epoch.0;
    if let Some(known) = known.epoch.filter(|known| *known != epoch) {
        let seen = format!("epoch {epoch:016x}, it was {known:016x}, with {} as its tail", journal.tail());
        return Ok(vec![Finding::new(Fault::NewEpoch, seen)]);
    }
    let mut findings = Vec::new();
    let content = read(journal, &mut findings)?;
    let checking = Checking { known, journal, content };
    checking.documents(&mut findings);
    checking.sent(&mut findings);
    checking.blocks(&mut findings)?;
    checking.stock(&mut findings)?;
    checking.marks(&mut findings)?;
    checking.sell_on(&mut findings)?;
    Ok(findings)
}

/// Reads all that is held; it is dense from the lowest held to the tail.
fn read(journal: &Journal, findings: &mut Vec<Finding>) -> Result<Content, Finding> {
    let facts = journal.uplink_facts()?;
    let all: SeqSet = std::iter::once(1..=journal.tail().max(1)).collect();
    let read = journal.read_records(facts.epoch, &all, u64::MAX)?;
    let seqs = read.records.iter().map(|record| record.seq);
    if !read.unreadable.is_empty() || !seqs.eq(facts.trimmed_below..=journal.tail()) {
        let seen = format!("{} of {} movements can't be read", read.unreadable.count(), journal.tail());
        findings.push(Finding::new(Fault::Lost, seen));
    }
    let mut movements = Vec::with_capacity(read.records.len());
    for record in read.records {
        match decode_movement(&record.bytes) {
            Ok(movement) => {
                let position = tidemark_model::Position { epoch: facts.epoch, seq: record.seq };
                let store = &journal.identity().store;
                let digest = tidemark_model::digest::movement_digest(store, position, &record.bytes);
                if record.digest != Some(digest) {
                    findings.push(Finding::new(Fault::Books, format!("movement {} has another digest", record.seq)));
                }
                movements.push(Held { seq: record.seq, digest, movement });
            }
            Err(error) => findings.push(Finding::new(Fault::Books, format!("movement {}: {error}", record.seq))),
        }
    }
    Ok(Content { epoch: facts.epoch, trimmed_below: facts.trimmed_below, tail: journal.tail(), movements })
}

/// Says that a mark is not where it must be.
pub(crate) fn mark_finding(known: &Known, mark: Mark, found: u64) -> Option<Finding> {
    let (least, most) = known.mark(mark);
    let fault = match found {
        found if found < least => Fault::Lost,
        found if found > most => Fault::Untrue,
        _ => return None,
    };
    Some(Finding::new(fault, format!("{mark:?} is {found}, it was answered {least} and asked {most}")))
}
