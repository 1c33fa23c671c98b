//! Why a file was not taken whole, for the person who finds it in `bad`.

use std::fmt::Write as _;

use tidemark_files::Fault;

/// Reasons that are written down; more are only counted.
const REASONS: usize = 100;

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reason {
    pub(super) code: &'static str,
    pub(super) line: Option<u64>,
    pub(super) cause: String,
    pub(super) remedy: &'static str,
}

impl From<Fault> for Reason {
    fn from(fault: Fault) -> Self {
        let Fault { line, cause, detail } = fault;
        Self { code: cause.code(), line: Some(line), cause: detail, remedy: cause.remedy() }
    }
}

/// All reasons of a file.
#[derive(Debug, Default)]
pub(super) struct Reasons {
    first: Vec<Reason>,
    count: usize,
}

impl Reasons {
    pub(super) fn add(&mut self, reason: Reason) {
        self.count = self.count.saturating_add(1);
        if self.first.len() < REASONS {
            self.first.push(reason);
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The codes of the reasons that are written down.
    pub(super) fn codes(&self) -> impl Iterator<Item = &'static str> {
        self.first.iter().map(|reason| reason.code)
    }

    /// The text beside the file.
    pub(super) fn text(&self, taken: u64) -> String {
        let mut text = String::new();
        let (things, documents) = (counted(self.count, "thing is", "things are"), taken);
        // Writing to a string can't fail.
        writeln!(text, "This file was not taken whole: {things} wrong with it.").unwrap_or(());
        writeln!(
            text,
            "{documents} documents of it are on disk; drop it again when it is mended, none counts twice.\n"
        )
        .unwrap_or(());
        for Reason { code, line, cause, remedy } in &self.first {
            let place = line.map_or_else(String::new, |line| format!("line {line}, "));
            writeln!(text, "{place}{code}\n  Cause:  {cause}\n  Remedy: {remedy}").unwrap_or(());
        }
        let more = self.count.saturating_sub(self.first.len());
        if more > 0 {
            writeln!(text, "and {more} more").unwrap_or(());
        }
        text
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_says_where_why_and_what_to_do_and_there_is_an_end_of_them() {
        let mut reasons = Reasons::default();
        for line in 1..=103 {
            reasons.add(Reason { code: "row_short", line: Some(line), cause: "why".into(), remedy: "what" });
        }
        let text = reasons.text(7);
        assert!(text.starts_with("This file was not taken whole: 103 things are wrong"), "{text}");
        assert!(text.contains("7 documents") && text.contains("line 100, row_short\n  Cause:  why\n  Remedy: what"));
        assert!(!text.contains("line 101") && text.ends_with("and 3 more\n"), "{text}");
    }
}
