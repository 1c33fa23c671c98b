//! Files are named by nouns of the field. A name without a subject collects
//! what has none.

use crate::{Fault, Workspace};

const NAMELESS: &[&str] =
    &["common", "helper", "helpers", "manager", "managers", "misc", "mod", "shared", "util", "utilities", "utils"];

/// Files and folders whose name says nothing.
#[must_use]
pub fn names(workspace: &Workspace) -> Vec<Fault> {
    let rust = workspace.texts.iter().filter(|text| text.path.ends_with(".rs"));
    let named = |path: &str| {
        let mut parts = path.trim_end_matches(".rs").split('/');
        parts
            .find(|part| NAMELESS.iter().any(|name| part == name || part.ends_with(&format!("_{name}"))))
            .map(str::to_owned)
    };
    let bad = rust.filter_map(|text| Some((text, named(&text.path)?)));
    bad.map(|(text, name)| Fault::new(&text.path, format!("`{name}` names no subject"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::made_up::one;

    #[test]
    fn names_without_a_subject_are_found() {
        for file in ["src/mod.rs", "src/uplink/mod.rs", "src/utils.rs", "src/helpers/time.rs", "src/session_manager.rs"]
        {
            assert_eq!(names(&one("a", "proto/model", "", file, "")).len(), 1, "{file}");
        }
        assert!(names(&one("a", "proto/model", "", "src/modes.rs", "")).is_empty());
    }
}
