//! Every rule on the workspace as it is.

#![expect(clippy::expect_used, clippy::panic, reason = "tests")]

use tidemark_structure::rules::direction::direction;
use tidemark_structure::rules::manifests::manifests;
use tidemark_structure::rules::mutants::mutants;
use tidemark_structure::rules::names::names;
use tidemark_structure::rules::owners::owners;
use tidemark_structure::rules::provoked::provoked;
use tidemark_structure::rules::purity::purity;
use tidemark_structure::rules::sizes::sizes;
use tidemark_structure::rules::traces::traces;
use tidemark_structure::{Fault, Workspace};

fn holds(rule: fn(&Workspace) -> Vec<Fault>) {
    let workspace = Workspace::read().expect("the checkout can be read");
    let faults = rule(&workspace);
    if !faults.is_empty() {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        panic!("{} faults\n{}", lines.len(), lines.join("\n"));
    }
}

#[test]
fn each_io_library_has_one_owner() {
    holds(owners);
}

#[test]
fn pure_crates_are_pure() {
    holds(purity);
}

#[test]
fn every_condition_is_provoked_by_a_test() {
    holds(provoked);
}

#[test]
fn dependencies_point_one_way() {
    holds(direction);
}

#[test]
fn lints_and_versions_come_from_the_workspace() {
    holds(manifests);
}

#[test]
fn no_build_of_the_daemons_has_mutants() {
    holds(mutants);
}

#[test]
fn every_file_is_named_for_a_subject() {
    holds(names);
}

#[test]
fn no_file_is_a_dumping_ground() {
    holds(sizes);
}

#[test]
fn the_checkout_stands_alone() {
    holds(traces);
}
