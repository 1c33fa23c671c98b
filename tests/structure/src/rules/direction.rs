//! Dependencies point one way: pure ← wire ← owners of IO ← daemons ← tests;
//! and what a shop runs knows nothing of what head office runs.

use crate::{Fault, Workspace};

/// Every crate and its layer; one may use those of lower layers alone.
const LAYERS: &[(&str, u8)] = &[
    ("tidemark-model", 0),
    ("tidemark-sync", 1),
    ("tidemark-barcode", 1),
    ("tidemark-files", 1),
    ("tidemark-wire", 2),
    ("tidemark-parts", 2),
    ("tidemark-daemon", 2),
    ("tidemark-journal", 3),
    ("tidemark-scanner", 3),
    ("tidemark-ledger", 3),
    ("tidemark-stream", 4),
    ("tidemark-cache", 4),
    ("tidemark-edge", 5),
    ("tidemark-central", 5),
    ("tidemark-fleet", 6),
    ("tidemark-e2e", 7),
    ("tidemark-bench", 7),
    ("tidemark-powercut", 7),
    ("tidemark-sim", 7),
    ("tidemark-fuzz", 7),
    ("tidemark-lab", 7),
    ("tidemark-structure", 7),
];

const SHOP: &[&str] = &["tidemark-files", "tidemark-journal", "tidemark-scanner", "tidemark-edge"];
const HEAD_OFFICE: &[&str] = &["tidemark-ledger", "tidemark-stream", "tidemark-cache", "tidemark-central"];

/// Dependencies upwards or across, and crates without a layer.
#[must_use]
pub fn direction(workspace: &Workspace) -> Vec<Fault> {
    let mut faults = Vec::new();
    for member in &workspace.crates {
        let Some(own) = layer(&member.name) else {
            faults.push(Fault::new(&member.folder, "has no layer: give it one in rules/direction.rs"));
            continue;
        };
        for (name, _) in member.dependencies() {
            if layer(name).is_some_and(|other| other >= own) {
                faults.push(Fault::new(&member.folder, format!("depends on {name}, which is not below it")));
            }
            if across(&member.name, name) || across(name, &member.name) {
                faults
                    .push(Fault::new(&member.folder, format!("depends on {name}: shop and head office meet in wire")));
            }
        }
    }
    faults
}

fn layer(name: &str) -> Option<u8> {
    LAYERS.iter().find(|(known, _)| *known == name).map(|(_, layer)| *layer)
}

fn across(one: &str, other: &str) -> bool {
    SHOP.contains(&one) && HEAD_OFFICE.contains(&other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::made_up::one;

    fn faults(name: &str, dependency: &str) -> usize {
        let manifest = format!("[dependencies]\n{dependency}.workspace = true");
        direction(&one(name, "somewhere", &manifest, "src/lib.rs", "")).len()
    }

    #[test]
    fn upwards_and_sideways_are_found() {
        assert_eq!(faults("tidemark-model", "tidemark-sync"), 1);
        assert_eq!(faults("tidemark-journal", "tidemark-edge"), 1);
        assert_eq!(faults("tidemark-sync", "tidemark-barcode"), 1);
        assert_eq!(faults("tidemark-edge", "tidemark-journal"), 0);
    }

    #[test]
    fn shop_and_head_office_are_kept_apart() {
        assert_eq!(faults("tidemark-edge", "tidemark-ledger"), 1);
        assert_eq!(faults("tidemark-central", "tidemark-journal"), 1);
    }

    #[test]
    fn a_crate_without_a_layer_is_found() {
        assert_eq!(faults("tidemark-new", "tidemark-model"), 1);
    }
}
