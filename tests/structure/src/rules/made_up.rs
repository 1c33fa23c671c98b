//! Small workspaces that rules are tried on.

use crate::{Crate, Source, Text, Workspace};

/// A crate from its manifest's part after `[package]` and one file.
pub(super) fn one(name: &str, folder: &str, manifest: &str, file: &str, text: &str) -> Workspace {
    let manifest = format!("[package]\nname = \"{name}\"\n{manifest}").parse().unwrap();
    let source = Source { path: format!("{folder}/{file}"), text: text.into() };
    let texts = vec![Text { path: source.path.clone(), text: text.into() }];
    let sources = vec![source];
    Workspace { crates: vec![Crate { name: name.into(), folder: folder.into(), manifest, sources }], texts }
}
