//! One crate owns each library that does IO, so that there is one place to
//! read how it is used and one to change when it changes.

use crate::{Fault, Workspace};

/// Library, and the crate that may depend on it.
const OWNERS: &[(&str, &str)] = &[
    ("backoff", "tidemark-daemon"),
    ("evdev", "tidemark-scanner"),
    ("fuser", "tidemark-powercut"),
    ("hidapi", "tidemark-scanner"),
    ("moka", "tidemark-cache"),
    ("prost", "tidemark-wire"),
    ("protox", "tidemark-wire"),
    ("rdkafka", "tidemark-stream"),
    ("redis", "tidemark-cache"),
    ("rocksdb", "tidemark-journal"),
    ("rusb", "tidemark-scanner"),
    ("serialport", "tidemark-scanner"),
    ("sqlx", "tidemark-ledger"),
    ("tonic", "tidemark-wire"),
    ("tonic-prost", "tidemark-wire"),
    ("tonic-prost-build", "tidemark-wire"),
];

/// Library, and the one file of its owner that names it.
const FILES: &[(&str, &str)] =
    &[("backoff", "packaging/daemon/src/retry.rs"), ("fuser", "tests/powercut/src/recorder.rs")];

/// Dependencies on a library that another crate owns, and uses outside of the
/// file that a library is kept in.
#[must_use]
pub fn owners(workspace: &Workspace) -> Vec<Fault> {
    let mut faults = Vec::new();
    for member in &workspace.crates {
        for (library, _) in member.dependencies() {
            if let Some((_, owner)) = OWNERS.iter().find(|(owned, owner)| owned == library && *owner != member.name) {
                faults.push(Fault::new(&member.folder, format!("depends on {library}, which belongs to {owner}")));
            }
        }
        for source in &member.sources {
            for (library, file) in FILES {
                if source.path != *file && source.production().contains(&format!("{library}::")) {
                    faults.push(Fault::new(&source.path, format!("uses {library}, which is kept in {file}")));
                }
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::made_up::one;

    #[test]
    fn a_second_user_of_a_library_is_found() {
        let manifest = "[dev-dependencies]\nrocksdb.workspace = true";
        let faults = owners(&one("tidemark-edge", "edge-agent/agent", manifest, "src/main.rs", ""));
        assert_eq!(faults, [Fault::new("edge-agent/agent", "depends on rocksdb, which belongs to tidemark-journal")]);
    }

    #[test]
    fn the_owner_may() {
        let manifest = "[dependencies]\nrocksdb.workspace = true";
        assert!(owners(&one("tidemark-journal", "edge-agent/journal", manifest, "src/lib.rs", "")).is_empty());
    }

    #[test]
    fn a_library_that_leaves_its_file_is_found() {
        let text = "use backoff::ExponentialBackoff;";
        let faults = owners(&one("tidemark-daemon", "packaging/daemon", "", "src/listen.rs", text));
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(owners(&one("tidemark-daemon", "packaging/daemon", "", "src/retry.rs", text)).is_empty());
    }
}
