//! What is no document, after a cut: session, lanes, catalogue, tills, what
//! is handled and trimmed.

use tidemark_model::Lookup;

use super::{Checking, Fault, Finding, mark_finding};
use crate::answers::Mark;
use crate::shop::{self, LANES, Origin, Shop};
use crate::workload::{DESK, saved_number};

impl Checking<'_> {
    pub(super) fn marks(&self, findings: &mut Vec<Finding>) -> Result<(), Finding> {
        let facts = self.journal.uplink_facts()?;
        let tills = self.journal.tills()?.len();
        for mark in Mark::ALL {
            let found = match mark {
                Mark::Session => facts.session.0,
                Mark::Catalogue => self.journal.catalogue()?.version,
                // What was never trimmed begins at 1.
                Mark::TrimmedBelow if facts.trimmed_below == 1 => 0,
                Mark::TrimmedBelow => facts.trimmed_below,
                Mark::Handled => self.journal.standing()?.handled,
                Mark::Opening => u64::from(facts.opening.is_some()),
                Mark::Desk => saved_number(self.journal, DESK).unwrap_or(0),
                Mark::Tills => u64::try_from(tills).unwrap_or(0),
            };
            findings.extend(mark_finding(self.known, mark, found));
        }
        self.catalogue(findings)?;
        self.lanes(findings);
        Ok(())
    }

    /// The catalogue in use is whole.
    fn catalogue(&self, findings: &mut Vec<Finding>) -> Result<(), Finding> {
        let state = self.journal.catalogue()?;
        let entries = if state.version == 0 { Vec::new() } else { Shop { seed: 0 }.catalogue(state.version) };
        let mut found = 0;
        for entry in &entries {
            if matches!(self.journal.item(entry.item.sku.as_str())?.lookup, Lookup::Sku(item) if item == entry.item) {
                found += 1;
            }
        }
        if found != entries.len() || u64::try_from(found).ok() != Some(state.items) {
            let seen = format!("{found} items of version {} are there, it has {}", state.version, entries.len());
            findings.push(Finding::new(Fault::Lost, seen));
        }
        Ok(())
    }

    /// A lane's state stands where its last document does.
    fn lanes(&self, findings: &mut Vec<Finding>) {
        for lane in 0..LANES {
            let counts = self.content.movements.iter().filter_map(|held| {
                match shop::origin(shop::number_of(&held.movement.document.id)?) {
                    Origin::Lane { lane: of, count } if of == lane => Some(count),
                    Origin::Lane { .. } | Origin::Till(_) => None,
                }
            });
            let name = shop::lane_name(lane).map(|name| name.to_string()).unwrap_or_default();
            let kept = saved_number(self.journal, &name).unwrap_or(0);
            // Trimmed documents are not among the movements.
            if counts.max().is_some_and(|highest| highest != kept) {
                findings.push(Finding::new(Fault::Lost, format!("{name} stands at {kept}, not at its last document")));
            }
        }
    }
}
