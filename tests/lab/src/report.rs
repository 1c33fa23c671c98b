//! What the guest tells: a line for each cell of the table.

use std::collections::VecDeque;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::model::Model;

/// What begins each line of a guest that is for the host.
pub const MARK: &str = "@lab ";
/// Lines of the console that are kept.
const CONSOLE_LINES: usize = 400;

/// What is tried with each kind of scanner: the columns of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trial {
    /// It was plugged in before the box starts.
    Before,
    /// It is plugged in while the box runs.
    After,
    /// It is pulled in the middle of a code.
    Pulled,
    /// It moves to another port, and another one takes its place.
    OtherPort,
    /// Two with the same number.
    TwoAlike,
    /// Another program has it.
    Busy,
    /// udev has not yet given the box leave to open it.
    NotYetAllowed,
    /// The box is killed during scans.
    Killed,
}

impl Trial {
    /// All of them, in their order.
    pub const ALL: [Self; 8] = [
        Self::Before,
        Self::After,
        Self::Pulled,
        Self::OtherPort,
        Self::TwoAlike,
        Self::Busy,
        Self::NotYetAllowed,
        Self::Killed,
    ];

    /// The head of its column.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Before => "before start",
            Self::After => "after start",
            Self::Pulled => "pulled in mid-frame",
            Self::OtherPort => "other port",
            Self::TwoAlike => "two alike",
            Self::Busy => "busy",
            Self::NotYetAllowed => "no permission yet",
            Self::Killed => "box killed",
        }
    }
}

/// A line of the guest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// The kernel and what else is worth knowing.
    About(String),
    /// A trial begins.
    Begins(Model, Trial),
    /// A trial is over.
    Cell(Cell),
    /// The books of all trials: how many movements there are, or what is wrong.
    Books(Result<u64, String>),
    /// Something that could not be tried, and why.
    Untried(String),
}

/// How a trial went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// With what.
    pub model: Model,
    /// What.
    pub trial: Trial,
    /// How many codes became movements, or what went wrong.
    pub outcome: Result<u64, String>,
    /// What the box said of it, in its own words.
    pub words: Vec<String>,
    /// How long it took.
    pub seconds: u64,
}

impl Line {
    /// As it goes over the line.
    #[must_use]
    pub fn written(&self) -> String {
        // All of it can be written as JSON.
        format!("{MARK}{}", serde_json::to_string(self).unwrap_or_default())
    }

    /// From a line of the guest; others are the kernel's, or notes.
    #[must_use]
    pub fn read(line: &str) -> Option<Self> {
        serde_json::from_str(line.trim_end().split_once(MARK)?.1).ok()
    }
}

/// All that a run of the guest told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Kernel and versions.
    pub about: Vec<String>,
    /// What was tried.
    pub cells: Vec<Cell>,
    /// The books at the end; none if the guest did not come so far.
    pub books: Option<Result<u64, String>>,
    /// What was not.
    pub untried: Vec<String>,
    /// The newest lines of the console that are no report.
    console: VecDeque<String>,
}

impl Report {
    /// Adds a line.
    pub fn add(&mut self, line: Line) {
        match line {
            Line::About(words) => self.about.push(words),
            Line::Cell(cell) => self.cells.push(cell),
            Line::Books(books) => self.books = Some(books),
            Line::Untried(words) => self.untried.push(words),
            // Whoever watches has been told.
            Line::Begins(..) => {}
        }
    }

    /// Keeps a line of the console for whoever asks why.
    pub fn note(&mut self, line: &str) {
        if self.console.len() == CONSOLE_LINES {
            self.console.pop_front();
        }
        self.console.push_back(line.to_owned());
    }

    /// The end of the console.
    pub fn last_lines(&self) -> impl Iterator<Item = &str> {
        self.console.iter().map(String::as_str)
    }

    fn cell(&self, model: Model, trial: Trial) -> Option<&Cell> {
        self.cells.iter().find(|cell| (cell.model, cell.trial) == (model, trial))
    }

    /// What is wrong; nothing if every cell of these trials passed and the
    /// books are right.
    #[must_use]
    pub fn faults(&self, models: &[Model], trials: &[Trial]) -> Vec<String> {
        let mut faults = Vec::new();
        for (model, trial) in models.iter().flat_map(|model| trials.iter().map(move |trial| (*model, *trial))) {
            match self.cell(model, trial).map(|cell| &cell.outcome) {
                Some(Ok(0)) => faults.push(format!("{model}, {}: no code was scanned", trial.words())),
                Some(Ok(_)) => {}
                Some(Err(why)) => faults.push(format!("{model}, {}: {why}", trial.words())),
                None => faults.push(format!("{model}, {}: was not tried", trial.words())),
            }
        }
        match &self.books {
            Some(Ok(_)) => {}
            Some(Err(why)) => faults.push(format!("the books: {why}")),
            None => faults.push("the books were not looked at: the guest ended before".to_owned()),
        }
        faults
    }

    /// The table, for a page of words.
    #[must_use]
    pub fn table(&self, trials: &[Trial]) -> String {
        let mut text = String::from("| |");
        for trial in trials {
            push(&mut text, &format!(" {} |", trial.words()));
        }
        push(&mut text, &format!("\n|---|{}\n", "---|".repeat(trials.len())));
        for model in Model::ALL {
            push(&mut text, &format!("| {model} |"));
            for trial in trials {
                let cell = match self.cell(model, *trial).map(|cell| &cell.outcome) {
                    Some(Ok(codes)) => format!("passed, {codes}"),
                    Some(Err(_)) => "**failed**".to_owned(),
                    None => "not tried".to_owned(),
                };
                push(&mut text, &format!(" {cell} |"));
            }
            text.push('\n');
        }
        text
    }
}

/// Writing to a string can't fail.
fn push(text: &mut String, more: &str) {
    text.write_str(more).unwrap_or(());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(model: Model, trial: Trial, outcome: Result<u64, String>) -> Cell {
        Cell { model, trial, outcome, words: vec!["a \"word\"\n".to_owned()], seconds: 3 }
    }

    fn whole() -> Report {
        let mut report = Report::default();
        for (model, trial) in Model::ALL.into_iter().flat_map(|model| Trial::ALL.map(move |trial| (model, trial))) {
            report.add(Line::Cell(cell(model, trial, Ok(3))));
        }
        report.add(Line::Books(Ok(96)));
        report
    }

    #[test]
    fn a_line_of_the_guest_is_read_among_those_of_the_kernel() {
        let told = Line::Cell(cell(Model::Ftdi, Trial::Busy, Err("no \"luck\"".to_owned())));
        let line = format!("[   12.3] {}\r\n", told.written());
        assert_eq!(Line::read(&line), Some(told));
        assert_eq!(Line::read("usb 1-1: new full-speed USB device"), None);
        assert_eq!(Line::read("@lab {\"Cell\""), None);
    }

    #[test]
    fn a_run_is_good_only_if_every_cell_was_tried_and_the_books_are_right() {
        assert_eq!(whole().faults(&Model::ALL, &Trial::ALL), Vec::<String>::new());
        let mut failed = whole();
        failed.cells[0].outcome = Err("nothing came".to_owned());
        assert_eq!(failed.faults(&Model::ALL, &Trial::ALL), ["HID POS, before start: nothing came"]);
        let mut missing = whole();
        missing.cells.pop();
        assert_eq!(missing.faults(&Model::ALL, &Trial::ALL), ["keyboard, box killed: was not tried"]);
        assert_eq!(missing.faults(&Model::ALL, &[Trial::Before]), Vec::<String>::new());
        let mut empty = whole();
        empty.cells[1].outcome = Ok(0);
        assert_eq!(empty.faults(&Model::ALL, &Trial::ALL).len(), 1);
        let books = |books| Report { books, ..whole() }.faults(&Model::ALL, &Trial::ALL).len();
        assert_eq!((books(None), books(Some(Err("one too many".to_owned())))), (1, 1));
    }

    #[test]
    fn the_table_has_a_row_for_each_kind_and_a_column_for_each_trial() {
        let mut report = whole();
        report.cells[0].outcome = Err("nothing came".to_owned());
        let table = report.table(&[Trial::Before, Trial::Busy]);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 6);
        assert_eq!(lines[0], "| | before start | busy |");
        assert_eq!(lines[2], "| HID POS | **failed** | passed, 3 |");
        assert_eq!(lines[5], "| keyboard | passed, 3 | passed, 3 |");
    }
}
