//! A configuration that was looked at as a whole: `config check` and `run`
//! find the same faults, before anything is made.

use std::collections::BTreeSet;

use tidemark_barcode::InStorePatterns;
use tidemark_daemon::listen::{ListenError, Tls};
use tidemark_daemon::logging;
use tidemark_model::{Label, Source, StoreId};

use crate::agent::AgentError;
use crate::desk::DeskSettings;
use crate::intake::LANE_PREFIX;
use crate::settings::{BoxSettings, LaneSettings, Role, SettingsError, pair};
use crate::uplink::Line;

/// What follows from a configuration that is good.
#[derive(Debug)]
pub(crate) struct Checked {
    /// The shop.
    pub(crate) store: StoreId,
    /// Its time zone.
    pub(crate) time_zone: jiff::tz::TimeZone,
    /// The way to the centre; none for a box that works alone.
    pub(crate) line: Option<Line>,
    /// The box's own certificate.
    pub(crate) tls: Option<Tls>,
    /// Lanes, those that only a scanner names among them, and how they count
    /// and read.
    pub(crate) desk: DeskSettings,
}

impl Checked {
    /// Looks at all of it.
    pub(crate) fn of(settings: &BoxSettings) -> Result<Self, AgentError> {
        logging::check(&settings.log.level)?;
        let store = StoreId::new(&settings.store).map_err(SettingsError::from)?;
        let zone = settings.time_zone.as_str();
        let time_zone = jiff::tz::TimeZone::get(zone).map_err(|_unknown| SettingsError::TimeZone(zone.to_owned()))?;
        let line = Line::of(&settings.centre)?;
        let files = pair(("tls.certificate", "tls.key"), settings.tls.certificate.as_ref(), settings.tls.key.as_ref())?;
        let tls = files.map(|(certificate, key)| Tls::from_files(&certificate, &key, None)).transpose()?;
        let mut addresses = std::iter::once(settings.http.address).chain(settings.lines.address);
        if let Some(address) = addresses.find(|address| tls.is_none() && !address.ip().is_loopback()) {
            return Err(ListenError::PlaintextOffLoopback { address }.into());
        }
        tidemark_scanner::check(&settings.scanner)?;
        Ok(Self { store, time_zone, line, tls, desk: desk_of(settings)? })
    }
}

fn desk_of(settings: &BoxSettings) -> Result<DeskSettings, SettingsError> {
    let zone = |name: &String| {
        Label::new(name).map_err(|error| SettingsError::Zone(format!("`{name}` is no name of a zone: {error}")))
    };
    let selling = settings.count.selling.iter().map(zone).collect::<Result<_, _>>()?;
    let patterns = settings.in_store.iter().map(|given| (given.prefix.as_str(), given.pattern.as_str()));
    Ok(DeskSettings { lanes: lanes_of(settings)?, selling, in_store: InStorePatterns::parse(patterns)? })
}

fn lanes_of(settings: &BoxSettings) -> Result<Vec<LaneSettings>, SettingsError> {
    let mut names = BTreeSet::new();
    let mut lanes = Vec::new();
    for lane in &settings.lane {
        if !names.insert(lane.name.as_str()) {
            return Err(SettingsError::Lane(format!(
                "there are two lanes `{}`; give each a name of its own",
                lane.name
            )));
        }
        lanes.push(lane.clone());
    }
    for scanner in &settings.scanner {
        if names.insert(scanner.lane.as_str()) {
            lanes.push(LaneSettings::plain(&scanner.lane));
        }
    }
    for lane in &lanes {
        let unfit = |error| SettingsError::Lane(format!("`{}` is no name of a lane: {error}", lane.name));
        Label::new(&lane.name).map_err(unfit)?;
        Source::new(&format!("{LANE_PREFIX}{}", lane.name)).map_err(unfit)?;
        if lane.types.is_some() && lane.role != Role::Till {
            let name = &lane.name;
            return Err(SettingsError::Lane(format!(
                "`{name}` has `types` and is not of role till; give it that role"
            )));
        }
    }
    Ok(lanes)
}
