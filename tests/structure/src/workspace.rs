//! The workspace as the rules see it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use toml::Table;

use crate::code;

/// Something that a rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The crate or file, relative to the checkout.
    pub at: String,
    /// What is wrong and what to do.
    pub what: String,
}

impl Fault {
    pub(crate) fn new(at: impl Into<String>, what: impl Into<String>) -> Self {
        Self { at: at.into(), what: what.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.what)
    }
}

/// A Rust file.
#[derive(Clone, Debug)]
pub struct Source {
    /// Relative to the checkout, with `/`.
    pub path: String,
    /// The whole file.
    pub text: String,
}

impl Source {
    /// Whether all of the file is test code.
    #[must_use]
    pub fn is_test(&self) -> bool {
        // The folder of test crates has the same name, but no slash before it.
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }

    /// The code outside of test modules, without comments and texts.
    #[must_use]
    pub fn production(&self) -> String {
        code::production(&self.text)
    }
}

/// A member of the workspace.
#[derive(Clone, Debug)]
pub struct Crate {
    /// Its name.
    pub name: String,
    /// Its folder, relative to the checkout.
    pub folder: String,
    /// Its manifest.
    pub manifest: Table,
    /// Its Rust files.
    pub sources: Vec<Source>,
}

impl Crate {
    /// The names and values of all dependencies, those of builds and tests too.
    pub fn dependencies(&self) -> impl Iterator<Item = (&String, &toml::Value)> {
        ["dependencies", "dev-dependencies", "build-dependencies"]
            .into_iter()
            .filter_map(|section| self.manifest.get(section))
            .filter_map(toml::Value::as_table)
            .chain(self.target_tables())
            .flatten()
    }

    fn target_tables(&self) -> impl Iterator<Item = &Table> {
        self.manifest
            .get("target")
            .and_then(toml::Value::as_table)
            .into_iter()
            .flat_map(Table::values)
            .filter_map(|target| target.get("dependencies"))
            .filter_map(toml::Value::as_table)
    }
}

/// Any other text of the checkout.
#[derive(Clone, Debug)]
pub struct Text {
    /// Relative to the checkout, with `/`.
    pub path: String,
    /// The whole file.
    pub text: String,
}

/// The checkout.
#[derive(Clone, Debug, Default)]
pub struct Workspace {
    /// Its members.
    pub crates: Vec<Crate>,
    /// All texts, the Rust files among them.
    pub texts: Vec<Text>,
}

impl Workspace {
    /// Reads the checkout that this crate lies in.
    pub fn read() -> io::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
        let mut workspace = Self::default();
        walk(&root, &root, &mut workspace.texts)?;
        workspace.texts.sort_by(|a, b| a.path.cmp(&b.path));
        for folder in members(&root)? {
            let manifest = parse(&root.join(&folder).join("Cargo.toml"))?;
            let name = manifest.get("package").and_then(|package| package.get("name")).and_then(toml::Value::as_str);
            let name = name.unwrap_or_default().to_owned();
            let inside = format!("{folder}/");
            let sources = workspace.texts.iter().filter(|text| text.path.starts_with(&inside));
            let sources = sources.filter(|text| text.path.ends_with(".rs"));
            let sources = sources.map(|text| Source { path: text.path.clone(), text: text.text.clone() }).collect();
            workspace.crates.push(Crate { name, folder, manifest, sources });
        }
        Ok(workspace)
    }
}

fn members(root: &Path) -> io::Result<Vec<String>> {
    let manifest = parse(&root.join("Cargo.toml"))?;
    let members = manifest.get("workspace").and_then(|workspace| workspace.get("members"));
    let members = members.and_then(toml::Value::as_array).map(Vec::as_slice).unwrap_or_default();
    Ok(members.iter().filter_map(toml::Value::as_str).map(str::to_owned).collect())
}

fn parse(path: &Path) -> io::Result<Table> {
    let text = std::fs::read_to_string(path)?;
    text.parse().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display())))
}

/// All texts below `folder`; what is not UTF-8 is not a text.
fn walk(root: &Path, folder: &Path, texts: &mut Vec<Text>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if !left_out(&path) {
                walk(root, &path, texts)?;
            }
        } else if kind.is_file()
            && let Ok(text) = String::from_utf8(std::fs::read(&path)?)
        {
            texts.push(Text { path: relative(root, &path), text });
        }
    }
    Ok(())
}

/// The history, and what builds and property tests leave behind.
fn left_out(folder: &Path) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str());
    matches!(name, Some(".git" | "target" | "proptest-regressions" | "node_modules"))
}

fn relative(root: &Path, path: &Path) -> String {
    let parts: PathBuf = path.strip_prefix(root).unwrap_or(path).into();
    parts.to_string_lossy().replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str) -> Source {
        Source { path: path.into(), text: String::new() }
    }

    #[test]
    fn test_files_are_known_by_their_place() {
        assert!(source("proto/model/tests/golden.rs").is_test());
        assert!(source("proto/sync/src/uplink/tests.rs").is_test());
        assert!(source("proto/sync/src/testing/tests/faults.rs").is_test());
        assert!(source("tests/e2e/tests/killed.rs").is_test());
        assert!(!source("tests/fleet/src/relay.rs").is_test());
        assert!(!source("proto/sync/src/uplink.rs").is_test());
    }

    #[test]
    fn the_checkout_is_found_with_its_members() {
        let workspace = Workspace::read().unwrap();
        assert!(workspace.crates.iter().any(|one| one.name == "tidemark-structure" && one.sources.len() > 5));
        assert!(workspace.texts.iter().any(|text| text.path == "dev"));
    }
}
