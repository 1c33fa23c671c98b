//! `doctor`: looks at all that has to be right on a box's machine, and says
//! of each trouble what to do. It reads the system and changes nothing.

mod disk;
mod line;
mod scanners;
mod system;

use std::fmt;
use std::path::{Path, PathBuf};

use crate::settings::BoxSettings;

/// How bad a finding is; also the command's exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Level {
    /// As it should be.
    Ok = 0,
    /// It works, and will be trouble.
    Warning = 1,
    /// It does not work.
    Critical = 2,
    /// It can't be told here.
    Unknown = 3,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Unknown => "unknown",
        })
    }
}

/// What was found about one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The check, one word.
    pub(crate) check: &'static str,
    /// How bad.
    pub(crate) level: Level,
    /// What is the case.
    pub(crate) detail: String,
    /// What to do; empty if nothing.
    pub(crate) remedy: String,
}

impl Finding {
    fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, level: Level::Ok, detail: detail.into(), remedy: String::new() }
    }

    fn of(check: &'static str, level: Level, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, level, detail: detail.into(), remedy: remedy.into() }
    }
}

/// Where the system is looked at: `/`, or a made-up one in tests.
#[derive(Clone, Debug)]
pub(crate) struct Root(PathBuf);

impl Root {
    /// This system.
    pub(crate) fn real() -> Self {
        Self(PathBuf::from("/"))
    }

    fn path(&self, absolute: &str) -> PathBuf {
        self.0.join(absolute.trim_start_matches('/'))
    }

    /// A small file's text without its line end; none if it is not there.
    fn text(&self, absolute: &str) -> Option<String> {
        text_of(&self.path(absolute))
    }
}

fn text_of(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

/// All there is to say of a machine.
pub(crate) fn examine(
    root: &Root,
    settings: &BoxSettings,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Vec<Finding> {
    let mut findings = disk::examine(&settings.data);
    findings.extend(system::examine(root));
    findings.extend(scanners::examine(root, &settings.scanner, &tidemark_scanner::find_all()));
    findings.extend(line::examine(&settings.centre, environment));
    findings
}

/// The worst of them: what cannot be told does not hide what is wrong.
pub(crate) fn worst(findings: &[Finding]) -> Level {
    let of = |level| findings.iter().any(|finding| finding.level == level);
    [Level::Critical, Level::Warning, Level::Unknown].into_iter().find(|level| of(*level)).unwrap_or(Level::Ok)
}

#[cfg(test)]
mod tests;
