//! Faults of a file, by line.

use serde::Serialize;

/// Faults that are told one by one; further ones are only counted.
const FAULTS_TOLD: usize = 100;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Fault {
    /// The line of the file, from 1; the header is line 1.
    pub(crate) line: u64,
    /// The column, if one is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<&'static str>,
    /// What is wrong and what was expected.
    pub(crate) detail: String,
}

/// Why a file was not taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    /// The first faults, in the order of the file.
    pub(crate) told: Vec<Fault>,
    /// Further faults that are only counted.
    pub(crate) more: usize,
}

impl Faults {
    pub(crate) fn one(line: u64, column: Option<&'static str>, detail: String) -> Self {
        Self { told: vec![Fault { line, column, detail }], more: 0 }
    }

    pub(crate) fn add(&mut self, line: u64, column: Option<&'static str>, detail: String) {
        if self.told.len() < FAULTS_TOLD {
            self.told.push(Fault { line, column, detail });
        } else {
            self.more += 1;
        }
    }

    /// In the order of the file, whichever look found them.
    pub(crate) fn by_line(mut self) -> Self {
        self.told.sort_by_key(|fault| fault.line);
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// How many faults the file has.
    pub(crate) fn count(&self) -> usize {
        self.told.len() + self.more
    }
}
