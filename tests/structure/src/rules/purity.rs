//! The pure crates decide and nothing else: facts and the time come in as
//! arguments, wishes go out as values.

use crate::{Crate, Fault, Workspace};

const PURE: &[&str] = &["tidemark-barcode", "tidemark-model", "tidemark-sync"];

/// What a pure crate may be built on; all of it only computes.
const LIBRARIES: &[&str] = &["blake3", "bytes", "thiserror", "tidemark-model"];
/// And what its tests may use.
const FOR_TESTS: &[&str] = &["proptest", "serde_json"];

/// Modules of `std` that reach out of the process or wait.
const MODULES: &[&str] = &["env", "fs", "io", "net", "os", "process", "thread"];
/// Words that mean a clock, a lock, a task or a queue between threads.
const WORDS: &[&str] = &[
    "async",
    "await",
    "tokio",
    "Instant",
    "SystemTime",
    "Mutex",
    "RwLock",
    "Condvar",
    "OnceLock",
    "LazyLock",
    "mpsc",
    "thread_local",
    "println",
    "eprintln",
];

/// Dependencies and words that do not belong into a pure crate.
#[must_use]
pub fn purity(workspace: &Workspace) -> Vec<Fault> {
    let pure = workspace.crates.iter().filter(|member| PURE.contains(&member.name.as_str()));
    pure.flat_map(|member| libraries(member).into_iter().chain(words(member))).collect()
}

fn libraries(member: &Crate) -> Vec<Fault> {
    let known = |name: &&String| LIBRARIES.contains(&name.as_str()) || FOR_TESTS.contains(&name.as_str());
    let names = member.dependencies().map(|(name, _)| name).filter(|name| !known(name));
    names.map(|name| Fault::new(&member.folder, format!("is pure and depends on {name}"))).collect()
}

fn words(member: &Crate) -> Vec<Fault> {
    let mut faults = Vec::new();
    for source in member.sources.iter().filter(|source| !source.is_test()) {
        let code = source.production();
        for (at, line) in code.lines().enumerate() {
            for word in impure(line) {
                faults.push(Fault::new(&source.path, format!("is pure and says `{word}` (line {} or after)", at + 1)));
            }
        }
    }
    faults
}

/// Impure words of a line of bare code.
fn impure(line: &str) -> Vec<String> {
    let words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
    let mut found: Vec<String> = words.filter(|word| WORDS.contains(word)).map(str::to_owned).collect();
    for module in MODULES {
        let path = format!("std::{module}");
        let after = line.find(&path).and_then(|at| line.get(at + path.len()..));
        if after.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')) {
            found.push(path);
        }
    }
    // A group could hide one; there is none, and none is needed.
    if line.contains("std::{") {
        found.push("std::{…}: one use a line".into());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::made_up::one;

    fn faults(manifest: &str, text: &str) -> usize {
        purity(&one("tidemark-model", "proto/model", manifest, "src/lib.rs", text)).len()
    }

    #[test]
    fn each_impure_thing_is_found() {
        for text in [
            "use std::fs::File;",
            "use std::{fs, fmt};",
            "fn f() { std::thread::spawn(g); }",
            "async fn f() {}",
            "use std::time::Instant;",
            "struct S { a: std::sync::Mutex<u8> }",
            "use std::env;",
        ] {
            assert!(faults("", text) > 0, "{text}");
        }
    }

    #[test]
    fn an_impure_library_is_found() {
        assert_eq!(faults("[dependencies]\ntokio.workspace = true", ""), 1);
        assert_eq!(faults("[dependencies]\nblake3.workspace = true", ""), 0);
    }

    #[test]
    fn words_in_comments_texts_and_tests_are_free() {
        let text = "//! async\nconst A: &str = \"tokio\";\n#[cfg(test)]\nmod tests { use std::fs; }";
        assert_eq!(faults("", text), 0);
        assert_eq!(faults("", "use std::fmt; use std::sync::Arc; fn environment() {}"), 0);
    }

    #[test]
    fn crates_of_io_may_do_io() {
        let text = "use std::fs::File;";
        assert!(purity(&one("tidemark-journal", "edge-agent/journal", "", "src/lib.rs", text)).is_empty());
    }
}
