//! The shape of the workspace, as rules that read it.
//!
//! A [`Workspace`] is what the rules look at: manifests, Rust sources and the
//! other texts of the checkout. Each rule is a function from it to the
//! [`Fault`]s it finds, and each has tests on a small made-up workspace, so
//! that a rule that finds nothing is known to be able to find something.
//!
//! | rule | what it keeps true |
//! |---|---|
//! | [`rules::owners`] | one crate owns each library that does IO |
//! | [`rules::purity`] | the pure crates have no clock, files, threads, locks or tasks |
//! | [`rules::direction`] | dependencies point one way, box and centre do not know each other |
//! | [`rules::manifests`] | every crate takes lints and versions from the workspace |
//! | [`rules::mutants`] | what is wrong on purpose is in no build of the daemons |
//! | [`rules::names`] | no folder or file named for having no subject |
//! | [`rules::provoked`] | every condition of centre, way and storage is provoked by a test |
//! | [`rules::sizes`] | no file is a dumping ground |
//! | [`rules::traces`] | nothing names a registry or a place outside the checkout |

mod code;
pub mod rules;
mod workspace;

pub use workspace::{Crate, Fault, Source, Text, Workspace};
