//! No file is a dumping ground.

use crate::code::production_lines;
use crate::{Fault, Source, Workspace};

/// Lines outside of test modules that one file may have.
const LINES: usize = 400;
/// Lines of a `main.rs`.
const MAIN: usize = 60;

/// Files that may be longer, with the reason.
const LONGER: &[(&str, &str)] =
    &[("packaging/daemon/src/conditions/registry/table.rs", "a table: every condition with cause and remedy")];

/// Files that are too long, and exceptions that nobody needs any more.
#[must_use]
pub fn sizes(workspace: &Workspace) -> Vec<Fault> {
    let sources = workspace.crates.iter().flat_map(|member| &member.sources).filter(|source| !source.is_test());
    sources.filter_map(of_file).collect()
}

fn of_file(source: &Source) -> Option<Fault> {
    let lines = production_lines(&source.text);
    let excused = LONGER.iter().any(|(path, _)| *path == source.path);
    let limit = if source.path.ends_with("/src/main.rs") { MAIN } else { LINES };
    match (lines > limit, excused) {
        (true, false) => {
            Some(Fault::new(&source.path, format!("has {lines} lines, the limit is {limit}: split it by subject")))
        }
        (false, true) => Some(Fault::new(&source.path, "is short again: take it off the list in rules/sizes.rs")),
        (true, true) | (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::made_up::one;

    fn faults(file: &str, text: &str) -> usize {
        sizes(&one("a", "packaging/daemon", "", file, text)).len()
    }

    #[test]
    fn a_long_file_is_found_and_its_tests_do_not_count() {
        let long = "fn a() {}\n".repeat(LINES + 1);
        assert_eq!(faults("src/long.rs", &long), 1);
        let tested = format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", "fn a() {}\n".repeat(LINES), long);
        assert_eq!(faults("src/tested.rs", &tested), 0);
    }

    #[test]
    fn a_main_that_knows_the_business_is_found() {
        assert_eq!(faults("src/main.rs", &"fn a() {}\n".repeat(MAIN + 1)), 1);
    }

    #[test]
    fn an_exception_that_is_not_needed_is_found() {
        assert_eq!(faults("src/conditions/registry/table.rs", "fn a() {}\n"), 1);
    }
}
