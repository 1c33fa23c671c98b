//! The checkout stands alone: no text of it names a registry's host or a
//! place on the machine that it was written on.

use crate::{Fault, Workspace};

/// In two halves each, so that this file does not name them.
const FOREIGN: &[(&str, &str)] = &[
    ("/wo", "rk/"),
    ("/tmp/", "tm"),
    ("DESIGN", ".md"),
    ("STYLE", ".md"),
    ("crates", ".io"),
    ("pypi", ".org"),
    ("python", "hosted.org"),
    ("maven", ".org"),
    ("maven.apache", ".org/repo"),
    ("proxy.go", "lang.org"),
    ("registry.npm", "js"),
];

/// Written by cargo, and it names its registry.
const WRITTEN_BY_TOOLS: &[&str] = &["Cargo.lock"];

/// Texts that name a foreign place.
#[must_use]
pub fn traces(workspace: &Workspace) -> Vec<Fault> {
    let mut faults = Vec::new();
    for text in workspace.texts.iter().filter(|text| !WRITTEN_BY_TOOLS.contains(&text.path.as_str())) {
        for (head, tail) in FOREIGN {
            let name = format!("{head}{tail}");
            if let Some(at) = text.text.lines().position(|line| line.contains(&name)) {
                faults.push(Fault::new(&text.path, format!("names `{name}` in line {}", at + 1)));
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
    fn a_foreign_place_is_found() {
        for (head, tail) in FOREIGN {
            let text = format!("// see {head}{tail}main\n");
            assert!(!traces(&one("a", "proto/model", "", "src/lib.rs", &text)).is_empty(), "{text}");
        }
        assert!(traces(&one("a", "proto/model", "", "src/lib.rs", "// network/workers")).is_empty());
    }
}
