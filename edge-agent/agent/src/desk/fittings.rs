//! What the desk is built of, and the ways to it.

use std::collections::BTreeSet;

use tidemark_barcode::InStorePatterns;
use tidemark_daemon::clock::Clock;
use tidemark_daemon::conditions::Active;
use tidemark_journal::Journal;
use tidemark_model::Label;

use super::typed::Keyboard;
use crate::claims::{Claims, Seat};
use crate::events::Events;
use crate::roll::Roll;
use crate::settings::{LaneSettings, Role};
use crate::troubles::Troubles;

/// What the desk works with.
#[derive(Clone, Debug)]
pub(crate) struct Fittings {
    pub(crate) journal: Journal,
    pub(crate) conditions: Active,
    pub(crate) troubles: Troubles,
    pub(crate) roll: Roll,
    pub(crate) events: Events,
    pub(crate) time_zone: jiff::tz::TimeZone,
    pub(crate) clock: Clock,
}

/// The ways to the desk that the door gives to tills and handhelds.
#[derive(Clone, Debug)]
pub(crate) struct Hands {
    /// Of tills in front of lanes.
    pub(crate) claims: Claims,
    /// Of handhelds' pages.
    pub(crate) keyboard: Keyboard,
}

/// What the desk is told by the configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeskSettings {
    /// Every lane.
    pub(crate) lanes: Vec<LaneSettings>,
    /// Zones from which goods are sold.
    pub(crate) selling: BTreeSet<Label>,
    /// How the company's own numbers are read.
    pub(crate) in_store: InStorePatterns,
}

impl DeskSettings {
    /// The lanes with a till in front, each with who may claim it.
    pub(crate) fn seats(&self) -> impl Iterator<Item = (String, Seat)> + '_ {
        let lanes = self.lanes.iter().filter(|lane| lane.role == Role::Till && lane.types.is_none());
        lanes.map(|lane| (lane.name.clone(), lane.till.clone().map_or(Seat::Anybody, Seat::Till)))
    }
}
