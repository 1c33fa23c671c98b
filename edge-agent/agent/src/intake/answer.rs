//! What the submitter is told of each document.

use serde::Serialize;
use tidemark_journal::Committed;
use tidemark_model::{Status, Warning};

use super::Remark;

/// The answer to one document.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Answer {
    id: String,
    status: &'static str,
    /// As a string: 16 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    warnings: Vec<Told>,
}

/// One warning.
#[derive(Clone, Debug, Serialize)]
struct Told {
    code: &'static str,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
}

impl Answer {
    /// Nothing was kept, and why.
    pub(crate) fn rejected(id: String, code: &'static str, detail: String) -> Self {
        Self { code: Some(code), detail: Some(detail), ..Self::empty(id, "rejected") }
    }

    /// Training: nothing was kept, nothing is wrong.
    pub(crate) fn ignored(id: String) -> Self {
        Self::empty(id, "ignored")
    }

    /// What the journal made of it. Warnings are not repeated for a
    /// duplicate.
    pub(crate) fn of(id: String, committed: &Committed, remarks: Vec<Remark>) -> Self {
        let (status, warnings) = match committed.status {
            Status::Accepted => ("accepted", told(remarks, &committed.warnings)),
            Status::Duplicate => ("duplicate", Vec::new()),
        };
        Self {
            epoch: Some(committed.first.epoch.to_string()),
            first_seq: Some(committed.first.seq),
            lines: Some(committed.lines),
            warnings,
            ..Self::empty(id, status)
        }
    }

    /// Why nothing was kept, if it could not be held: its code and a
    /// sentence.
    pub(crate) fn rejection(&self) -> Option<(&'static str, &str)> {
        Some((self.code?, self.detail.as_deref().unwrap_or_default()))
    }

    /// The codes of its warnings.
    pub(crate) fn warning_codes(&self) -> impl Iterator<Item = &'static str> {
        self.warnings.iter().map(|warning| warning.code)
    }

    const fn empty(id: String, status: &'static str) -> Self {
        Self { id, status, epoch: None, first_seq: None, lines: None, code: None, detail: None, warnings: Vec::new() }
    }
}

fn told(remarks: Vec<Remark>, warnings: &[Warning]) -> Vec<Told> {
    let remarks = remarks.into_iter().map(|Remark { code, detail, line }| Told { code, detail, line });
    remarks.chain(warnings.iter().map(tell)).collect()
}

fn tell(warning: &Warning) -> Told {
    let (code, detail, line) = match warning {
        Warning::Parked { line, reason, detail } => {
            let detail = format!("kept aside without effect until head office repairs it: {detail}");
            (reason.word(), detail, *line)
        }
        Warning::UnknownItem { line, item } => {
            ("unknown_item", format!("{item} is not on file; it takes effect when the catalogue learns it"), *line)
        }
        Warning::Fraction { line } => {
            ("fraction", "a fraction of an item that is counted by the piece".to_owned(), *line)
        }
        Warning::KitCounted { line } => {
            ("kit_counted", "a kit has no stock of its own; count its parts".to_owned(), *line)
        }
        Warning::SheetOlder => {
            ("sheet_older", "this zone was counted again later; this sheet changes nothing".to_owned(), 0)
        }
        Warning::Negative { line } => ("negative", "on-hand is below zero after it".to_owned(), *line),
        Warning::VoidWaits => ("void_waits", "its document has not come yet; both will have no effect".to_owned(), 0),
        Warning::VoidedBefore => ("voided_before", "it was voided before it came; no effect".to_owned(), 0),
        Warning::AlreadyVoided => {
            ("already_voided", "the document was voided already; no further effect".to_owned(), 0)
        }
        Warning::SequenceRestarted { highest } => {
            let detail =
                format!("the numbers started again after {highest}; give a re-installed till a new life in its ids");
            ("sequence_restarted", detail, 0)
        }
        Warning::SequenceGap { first, last } => ("sequence_gap", format!("{first}–{last} have not come"), 0),
    };
    Told { code, detail, line: (line > 0).then_some(line) }
}

/// The body of an answer: one result per event, in their order.
pub(crate) fn answers_json(answers: &[Answer]) -> Vec<u8> {
    #[derive(Serialize)]
    struct Results<'a> {
        results: &'a [Answer],
    }
    // Plain strings and numbers always serialise.
    serde_json::to_vec(&Results { results: answers }).unwrap_or_default()
}
