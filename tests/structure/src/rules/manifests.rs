//! Every crate takes its lints, and the versions of what it uses, from the
//! workspace.

use toml::Value;

use crate::{Crate, Fault, Workspace};

/// Crates without the lint table, and dependencies with a version of their own.
#[must_use]
pub fn manifests(workspace: &Workspace) -> Vec<Fault> {
    let mut faults = Vec::new();
    for member in &workspace.crates {
        if !of_workspace(member.manifest.get("lints")) {
            faults.push(Fault::new(&member.folder, "lacks `[lints] workspace = true`"));
        }
        faults.extend(own_versions(member));
    }
    faults
}

fn own_versions(member: &Crate) -> Vec<Fault> {
    // A crate that names itself turns on a feature of its own for its tests.
    let foreign = member.dependencies().filter(|(name, _)| **name != member.name);
    let own = foreign.filter(|(_, value)| !of_workspace(Some(value)));
    own.map(|(name, _)| Fault::new(&member.folder, format!("{name} is not taken from the workspace"))).collect()
}

fn of_workspace(table: Option<&Value>) -> bool {
    table.and_then(|table| table.get("workspace")).and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::made_up::one;

    fn faults(manifest: &str) -> usize {
        manifests(&one("tidemark-model", "proto/model", manifest, "src/lib.rs", "")).len()
    }

    #[test]
    fn a_crate_without_the_lints_is_found() {
        assert_eq!(faults(""), 1);
        assert_eq!(faults("[lints]\nworkspace = false"), 1);
        assert_eq!(faults("[lints]\nworkspace = true"), 0);
    }

    #[test]
    fn a_version_of_its_own_is_found() {
        assert_eq!(faults("[lints]\nworkspace = true\n[dependencies]\nblake3 = \"1\""), 1);
        assert_eq!(faults("[lints]\nworkspace = true\n[dependencies]\nblake3.workspace = true"), 0);
    }
}
