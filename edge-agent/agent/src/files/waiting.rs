//! Which files of a folder are whole. Facts and the time go in, no clock and
//! no folder are looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::time::SystemTime;

/// How long a file must stay as it is.
const STILL_MS: u64 = 5_000;
/// Beginnings and ends of names under which files are still written.
const WRITING_ENDS: [&str; 6] = [".tmp", ".temp", ".part", ".partial", ".writing", ".crdownload"];

/// A file as it is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) name: OsString,
    pub(super) size: u64,
    /// A label by which a change shows.
    pub(super) modified: Option<SystemTime>,
    /// What stays when a file is renamed, where the system tells.
    pub(super) node: Option<u64>,
}

/// What was seen of the files of a folder.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    seen: BTreeMap<OsString, Seen>,
    /// Files that had a name of writing at the last look.
    written: BTreeSet<u64>,
}

#[derive(Debug)]
struct Seen {
    found: Found,
    since_ms: u64,
    renamed: bool,
    /// It was dealt with and could not be moved.
    held: bool,
}

/// Whether a name says that the file is still written, or is none of a till's.
fn is_writing(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_ascii_lowercase();
    name.starts_with('.') || name.starts_with('~') || WRITING_ENDS.iter().any(|end| name.ends_with(end))
}

impl Waiting {
    /// Notes what is found; gives what is whole, the oldest first.
    pub(super) fn observe(&mut self, found: Vec<Found>, now_ms: u64) -> Vec<Found> {
        let (writing, files): (Vec<Found>, Vec<Found>) = found.into_iter().partition(|found| is_writing(&found.name));
        let before = std::mem::take(&mut self.seen);
        let mut ready = Vec::new();
        for found in files {
            let renamed = found.node.is_some_and(|node| self.written.contains(&node));
            let seen = match before.get(&found.name) {
                Some(seen) if seen.found == found => {
                    Seen { found, since_ms: seen.since_ms, renamed: seen.renamed, held: seen.held }
                }
                Some(_) | None => Seen { found, since_ms: now_ms, renamed, held: false },
            };
            let is_still = seen.renamed || now_ms.saturating_sub(seen.since_ms) >= STILL_MS;
            if is_still && !seen.held {
                ready.push(seen.found.clone());
            }
            self.seen.insert(seen.found.name.clone(), seen);
        }
        self.written = writing.into_iter().filter_map(|found| found.node).collect();
        ready.sort_by(|one, other| (one.modified, &one.name).cmp(&(other.modified, &other.name)));
        ready
    }

    /// It could not be taken now: it is looked at again after a while.
    pub(super) fn later(&mut self, name: &OsStr, now_ms: u64) {
        if let Some(seen) = self.seen.get_mut(name) {
            (seen.since_ms, seen.renamed) = (now_ms, false);
        }
    }

    /// It was dealt with and lies there still: not again until it changes.
    pub(super) fn hold(&mut self, name: &OsStr) {
        if let Some(seen) = self.seen.get_mut(name) {
            seen.held = true;
        }
    }

    /// Whether files lie there that were dealt with.
    pub(super) fn holds_some(&self) -> bool {
        self.seen.values().any(|seen| seen.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, size: u64, node: u64) -> Found {
        Found { name: name.into(), size, modified: None, node: Some(node) }
    }

    fn names(found: Vec<Found>) -> Vec<String> {
        found.into_iter().map(|found| found.name.into_string().unwrap()).collect()
    }

    #[test]
    fn a_file_is_whole_when_it_has_not_changed_for_five_seconds() {
        let mut waiting = Waiting::default();
        let mut at = |size, ms| names(waiting.observe(vec![found("a.csv", size, 1)], ms));
        assert!(at(10, 0).is_empty());
        assert!(at(20, 4_000).is_empty(), "it grew");
        assert!(at(20, 8_999).is_empty());
        assert_eq!(at(20, 9_000), ["a.csv"]);
    }

    #[test]
    fn a_file_that_is_renamed_when_it_is_whole_is_taken_at_once() {
        let mut waiting = Waiting::default();
        assert!(waiting.observe(vec![found("a.csv.tmp", 10, 1), found(".b", 1, 2)], 0).is_empty());
        assert!(waiting.observe(vec![found("a.csv.tmp", 10, 1)], 60_000).is_empty(), "however long it takes");
        assert_eq!(names(waiting.observe(vec![found("a.csv", 90, 1)], 61_000)), ["a.csv"]);
    }

    #[test]
    fn what_can_not_be_moved_is_not_taken_again_until_it_changes() {
        let mut waiting = Waiting::default();
        let look = |waiting: &mut Waiting, size, ms| waiting.observe(vec![found("a", size, 1)], ms).len();
        look(&mut waiting, 1, 0);
        assert_eq!(look(&mut waiting, 1, 5_000), 1);
        waiting.hold(OsStr::new("a"));
        assert_eq!((look(&mut waiting, 1, 60_000), waiting.holds_some()), (0, true));
        assert_eq!(look(&mut waiting, 2, 61_000), 0);
        assert_eq!((look(&mut waiting, 2, 66_000), waiting.holds_some()), (1, false));
        waiting.later(OsStr::new("a"), 66_000);
        assert_eq!((look(&mut waiting, 2, 70_999), look(&mut waiting, 2, 71_000)), (0, 1));
        waiting.observe(Vec::new(), 72_000);
        assert_eq!(look(&mut waiting, 2, 73_000), 0, "the same name later is another file");
    }
}
