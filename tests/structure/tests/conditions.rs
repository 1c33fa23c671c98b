//! The pages of the conditions are those of their registry.

use std::collections::BTreeSet;
use std::path::Path;

use tidemark_daemon::conditions::pages::pages;

#[test]
fn the_documentation_of_conditions_is_in_step_with_their_registry() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/conditions");
    let mut names = BTreeSet::new();
    for (name, text) in pages() {
        let there = std::fs::read_to_string(folder.join(&name)).unwrap_or_default();
        assert!(there == text, "docs/conditions/{name} is not what the registry says: its README says how it is made");
        names.insert(name);
    }
    let there = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let others: Vec<String> = there.filter(|name| !names.contains(name)).collect();
    assert!(others.is_empty(), "of no condition: {others:?}");
}
