//! Counts that several lanes take part in: which one a zone's label means,
//! whether it is a recount, and whether its end closes the count.

use tidemark_model::{Label, Reference};

use super::Desk;
use crate::lane::{Input, Lane, Mode, Zone};

impl Desk {
    /// The label of a zone was scanned: opens it, resumes it, or begins its
    /// recount if everybody had ended it.
    pub(super) fn zone(&self, lane: &Lane, name: &str) -> Input {
        let Ok(name) = Label::new(name) else { return Input::Strange };
        // A name that was closed is not counted under again by scans.
        if lane.memory().reference.as_ref().is_some_and(|name| self.is_closed(name)) {
            return Input::Strange;
        }
        let Some(count) =
            lane.memory().reference.clone().or_else(|| self.open_count(lane)).or_else(|| self.new_count())
        else {
            return Input::Strange;
        };
        let seen: Vec<bool> = self.states_of(&count, &name).collect();
        let anew = seen.contains(&true) && !seen.contains(&false);
        let sells = self.selling.contains(&name);
        Input::Mode(Mode::Count(Zone { count, name, sells, anew }))
    }

    /// Whether the lane still stands in a count that was closed elsewhere.
    pub(super) fn is_count_over(&self, lane: &Lane) -> bool {
        matches!(&lane.memory().mode, Mode::Count(zone) if self.is_closed(&zone.count))
    }

    /// The count that a lane takes part in, else one that another does.
    pub(super) fn open_count(&self, lane: &Lane) -> Option<Reference> {
        let others = self.lanes.values().map(|place| &place.lane);
        let counts = std::iter::once(lane).chain(others).filter_map(|lane| lane.memory().count.as_ref());
        counts.map(|counting| counting.name.clone()).find(|name| !self.is_closed(name))
    }

    /// Whether a lane's zone is the only one of its count, and nobody else is
    /// in it: then its end closes the count.
    pub(super) fn closes(&self, lane: &Lane) -> bool {
        let Mode::Count(zone) = &lane.memory().mode else { return false };
        let of_count =
            |other: &&Lane| other.memory().count.as_ref().is_some_and(|counting| counting.name == zone.count);
        let lanes = self.lanes.values().map(|place| &place.lane).filter(of_count);
        let mut zones =
            lanes.clone().filter_map(|lane| lane.memory().count.as_ref()).flat_map(|counting| &counting.zones);
        let alone = zones.all(|(name, _)| *name == zone.name);
        let someone_else = lanes
            .filter(|other| other.name() != lane.name())
            .any(|other| matches!(&other.memory().mode, Mode::Count(theirs) if theirs.count == zone.count));
        let sheets = self.with.journal.count(&zone.count).ok().flatten().map(|state| state.sheets).unwrap_or_default();
        alone && !someone_else && sheets.iter().all(|sheet| sheet.zone.as_ref() == Some(&zone.name))
    }

    /// For each lane that was in a zone of a count, whether it ended it.
    fn states_of<'a>(&'a self, count: &'a Reference, zone: &'a Label) -> impl Iterator<Item = bool> + 'a {
        let counts = self.lanes.values().filter_map(|place| place.lane.memory().count.as_ref());
        let zones = counts.filter(|counting| counting.name == *count).flat_map(|counting| &counting.zones);
        zones.filter(move |(name, _)| name == zone).map(|(_, ended)| *ended)
    }

    /// A count that can't be read just now is taken for an open one: a scan
    /// into it is kept either way.
    fn is_closed(&self, name: &Reference) -> bool {
        matches!(self.with.journal.count(name), Ok(Some(state)) if state.closed.is_some())
    }

    /// A name that no count had: the box's life and how long it has run.
    fn new_count(&self) -> Option<Reference> {
        let (epoch, now) = (self.with.journal.identity().epoch, self.with.journal.odometer());
        Reference::new(&format!("count-{epoch}-{}", now.0)).ok()
    }
}
