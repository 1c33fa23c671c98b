//! Code that is wrong on purpose stands behind the feature `mutants`, and no
//! build of the whole workspace turns it on: the daemons are built in one.

use toml::Value;

use crate::{Crate, Fault, Workspace};

const FEATURE: &str = "mutants";

/// Dependencies that turn mutants on, and features that do so under another
/// name.
#[must_use]
pub fn mutants(workspace: &Workspace) -> Vec<Fault> {
    let mut faults = Vec::new();
    for member in &workspace.crates {
        for (name, value) in member.dependencies() {
            let features = value.get("features").and_then(Value::as_array).into_iter().flatten();
            if features.filter_map(Value::as_str).any(|feature| feature == FEATURE) {
                faults.push(Fault::new(&member.folder, format!("turns the mutants of {name} on in every build")));
            }
        }
        faults.extend(under_other_names(member));
    }
    faults
}

fn under_other_names(member: &Crate) -> Vec<Fault> {
    let features = member.manifest.get("features").and_then(Value::as_table).into_iter().flatten();
    let others = features.filter(|(name, _)| *name != FEATURE);
    let turns_on = |value: &Value| {
        let parts = value.as_array().into_iter().flatten().filter_map(Value::as_str);
        parts.into_iter().any(|part| part == FEATURE || part.ends_with(&format!("/{FEATURE}")))
    };
    let found = others.filter(|(_, value)| turns_on(value));
    found.map(|(name, _)| Fault::new(&member.folder, format!("its feature {name} turns mutants on"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::made_up::one;

    fn faults(manifest: &str) -> usize {
        mutants(&one("tidemark-edge", "edge-agent/agent", manifest, "src/lib.rs", "")).len()
    }

    #[test]
    fn a_dependency_that_turns_them_on_is_found() {
        assert_eq!(faults("[dependencies]\ntidemark-journal = { workspace = true, features = [\"mutants\"] }"), 1);
        assert_eq!(faults("[dev-dependencies]\ntidemark-journal = { workspace = true, features = [\"mutants\"] }"), 1);
        assert_eq!(faults("[dependencies]\ntidemark-journal.workspace = true"), 0);
    }

    #[test]
    fn a_feature_of_another_name_that_turns_them_on_is_found() {
        assert_eq!(faults("[features]\ndefault = [\"mutants\"]"), 1);
        assert_eq!(faults("[features]\nextra = [\"tidemark-journal/mutants\"]"), 1);
        assert_eq!(faults("[features]\nmutants = [\"tidemark-journal/mutants\"]"), 0);
    }
}
