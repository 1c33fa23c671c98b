//! What happened, line by line, if someone wants to read it.

use std::fmt;

/// The lines of a run, or nothing.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    lines: Option<Vec<String>>,
}

impl Trace {
    pub(crate) fn kept() -> Self {
        Self { lines: Some(Vec::new()) }
    }

    /// Notes a line; it is only made if someone reads it.
    pub(crate) fn note(&mut self, now: u64, line: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{:>4}.{:03} {}", now / 1_000, now % 1_000, line()));
        }
    }

    pub(crate) fn into_lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }
}

/// A long list, cut for a line.
pub(crate) fn short(of: impl fmt::Debug) -> String {
    let mut text = format!("{of:?}");
    if text.len() > 220 {
        text.truncate(text.floor_char_boundary(220));
        text.push('…');
    }
    text
}
