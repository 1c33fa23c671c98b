//! The desk: one task that owns the lanes and hears the scanners. A signal
//! good goes out only after the journal's answer.

mod at_till;
mod counting;
mod fittings;
mod given;
mod judging;
mod money;
mod ports;
mod reads;
mod said;
mod signals;
mod typed;
mod typing;
mod view;

pub(crate) use fittings::{DeskSettings, Fittings, Hands};
pub(crate) use reads::Seen;
pub(crate) use said::{Does, Said};
pub(crate) use typed::Keyboard;
pub(crate) use view::DeskView;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tidemark_barcode::{DoubleRead, InStorePatterns};
use tidemark_daemon::conditions::registry;
use tidemark_journal::{Committed, Health as JournalHealth, LaneState, NotSaved, Submission};
use tidemark_model::{Label, Odometer, Status};
use tidemark_scanner::{
    Closed, DeviceEvent, DeviceId, Events as ScannerEvents, Frame, KeyboardOutput, Layout, Scanners,
};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::claims::{Claims, Outcome};
use crate::lane::{Given, Lane, LaneMemory, Mode, Signal, Step};
use crate::settings::{Role, SettingsError};
use reads::Reads;
use signals::{as_scanner_signal, earned, was_given_before};
use typed::{Typed, of_page};

/// How often lanes are asked whether their time is over.
const TICK: Duration = Duration::from_millis(500);
/// Before a time-out that could not be saved is tried again.
const TIME_OUT_AGAIN_MS: u64 = 10_000;

/// The desk before it runs.
#[derive(Debug)]
pub(crate) struct Desk {
    with: Fittings,
    scanners: Scanners,
    heard: ScannerEvents,
    lanes: BTreeMap<String, Place>,
    /// Zones from which goods are sold.
    selling: BTreeSet<Label>,
    in_store: InStorePatterns,
    reads: BTreeMap<String, DoubleRead>,
    claims: Claims,
    typed: mpsc::Receiver<Typed>,
    seen: Reads,
    /// Keyboards for tills of this machine, by lane.
    keyboards: BTreeMap<String, KeyboardOutput>,
    /// Scanners of which a scan has its answer, and the page does not show it yet.
    answered: Vec<DeviceId>,
    /// Scans that wait for their till's word.
    handed: JoinSet<(String, DeviceId, Outcome)>,
    view: watch::Sender<DeskView>,
}

/// One lane with what it signalled last.
#[derive(Debug)]
struct Place {
    role: Role,
    types: Option<Layout>,
    lane: Lane,
    last_signal: Option<Said>,
    /// A time-out could not be saved: not before then again.
    waits_until: Odometer,
}

impl Desk {
    /// A desk over the journal; lanes go on where they were.
    pub(crate) fn build(
        with: Fittings,
        (scanners, heard): (Scanners, ScannerEvents),
        settings: DeskSettings,
    ) -> Result<(Self, watch::Receiver<DeskView>, Hands), SettingsError> {
        let claims = Claims::of(settings.seats(), with.journal.odometer().0);
        let (keyboard, typed) = Keyboard::build();
        let hands = Hands { claims: claims.clone(), keyboard };
        let DeskSettings { lanes: settings, selling, in_store } = settings;
        let mut lanes = BTreeMap::new();
        for settings in &settings {
            let name = Label::new(&settings.name).map_err(|error| SettingsError::Lane(error.to_string()))?;
            let home = Mode::from(settings.mode);
            let memory = remembered(&with, &name, &home);
            let unfit = || SettingsError::Lane(format!("{name} is too long for a name"));
            let lane = Lane::new(name.clone(), home, memory).ok_or_else(unfit)?;
            if let Some(last) = &lane.memory().last {
                tracing::info!(lane = %name, last, "the lane goes on; this was its last saved scan");
            }
            let place =
                Place { role: settings.role, types: settings.types, lane, last_signal: None, waits_until: Odometer(0) };
            lanes.insert(settings.name.clone(), place);
        }
        let (view, seen) = watch::channel(DeskView::default());
        let mut desk = Self {
            with,
            scanners,
            heard,
            lanes,
            selling,
            in_store,
            reads: BTreeMap::new(),
            claims,
            typed,
            seen: Reads::default(),
            keyboards: BTreeMap::new(),
            answered: Vec::new(),
            handed: JoinSet::new(),
            view,
        };
        desk.show();
        Ok((desk, seen, hands))
    }

    /// Hears scanners until it is asked to stop.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> Result<(), std::io::Error> {
        let mut tick = tokio::time::interval(TICK);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                event = self.heard.recv() => match event {
                    Some(event) => self.hear(event).await,
                    None => break,
                },
                Some(handed) = self.handed.join_next() => self.told(handed),
                Some(typed) = self.typed.recv() => self.take_typed(typed).await,
                _ = tick.tick() => {
                    self.switch_scanners();
                    self.look_at_time().await;
                }
            }
            self.show();
        }
        self.claims.close();
        let scanners = self.scanners;
        // Stopping joins threads that may be in the middle of a read.
        tokio::task::spawn_blocking(move || scanners.stop()).await.map_err(std::io::Error::other)?;
        Ok(())
    }

    async fn hear(&mut self, event: DeviceEvent) {
        match event {
            DeviceEvent::Opened { device, present, .. } => self.opened(&device, &present),
            DeviceEvent::Noticed { device, notice, .. } => self.noticed(&device, &notice),
            DeviceEvent::Closed { device, why: Closed::Unplugged(why), .. } => {
                self.unheard(registry::SCANNER_GONE, &device, &why)
            }
            // The agent itself is stopping.
            DeviceEvent::Closed { why: Closed::Stopped, .. } => {}
            DeviceEvent::Unavailable { device, why, .. } => self.unavailable(&device, &why),
            DeviceEvent::Frame(frame) => {
                let device = frame.device.clone();
                if self.scan(frame).await {
                    self.answered.push(device);
                }
            }
        }
    }

    /// While the disk takes nothing, scanners that can be read nothing.
    fn switch_scanners(&self) {
        let is_writable = *self.with.journal.watch_health().borrow() == JournalHealth::Writable;
        for scanner in self.scanners.all() {
            if is_writable {
                scanner.switch_on();
            } else {
                scanner.switch_off();
            }
        }
    }

    /// Whether it has its answer; else a till is asked for it.
    async fn scan(&mut self, frame: Frame) -> bool {
        let Frame { device, bytes, at } = frame;
        if self.reads.entry(device.as_str().to_owned()).or_default().is_repeat(&bytes, at) {
            self.with.events.double_reads.inc();
            return true;
        }
        self.with.events.scans.inc();
        let Some(name) = self.scanners.get(&device).map(|scanner| scanner.config().lane.clone()) else {
            return true;
        };
        if self.lanes.get(&name).is_some_and(|place| place.role == Role::Till) {
            self.seen.note(device.as_str(), &name, &bytes, None);
            return self.hand_over(name, device, &bytes);
        }
        let signal = self.take(&name, &bytes).await;
        if let Some(signal) = signal {
            self.signal(&name, &device, signal);
        }
        self.note_read(device.as_str(), &name, &bytes, signal);
        true
    }

    /// Takes what was read on a lane; the signal it earns, none on a lane
    /// that is off.
    async fn take(&mut self, name: &str, bytes: &[u8]) -> Option<Signal> {
        self.take_on_page(name, bytes, None).await
    }

    /// The same, of a handheld's page.
    async fn take_on_page(&mut self, name: &str, bytes: &[u8], page: Option<u64>) -> Option<Signal> {
        // A number that was given before is skipped, so the second try ends.
        for _ in 0..2 {
            let place = self.lanes.get(name).filter(|place| place.role == Role::Work)?;
            let step = of_page(self.decide(&place.lane, bytes), page);
            if let Some(signal) = self.carry_out(name, step).await {
                return Some(signal);
            }
        }
        Some(Signal::NotSaved)
    }

    /// Does what a step asks for; the signal it earns, or none if the
    /// document's number was given before.
    async fn carry_out(&mut self, name: &str, step: Step) -> Option<Signal> {
        match step {
            Step::Signal(signal) => Some(signal),
            Step::Look(Given { item, .. }) => {
                let known = self.is_catalogued(&item);
                self.tell_look(name, &item);
                Some(if known { Signal::Looked } else { Signal::NotFound })
            }
            Step::Remember { memory, signal } => {
                let lane = self.lanes.get(name)?.lane.name().clone();
                let saved = self.with.journal.save_lane(LaneState { lane, state: memory.encode() }).await;
                Some(self.adopt(name, memory, saved.map(|()| signal)))
            }
            Step::Write { document, memory, signal } => {
                let lane = self.lanes.get(name)?.lane.name().clone();
                let state = LaneState { lane, state: memory.encode() };
                let (source, id) = (document.source.clone(), document.id.to_string());
                let reference = document.labels.reference.clone();
                let submission = Submission { lane: Some(state), ..Submission::of(*document) };
                let saved = self.with.journal.submit(submission).await;
                if let Ok(committed) = &saved {
                    self.with.troubles.taken(&source, &id, committed);
                    self.with.troubles.compare(&source, reference.as_ref(), committed);
                    self.with.roll.note(&source, committed.odometer);
                    if was_given_before(committed) {
                        return self.renumber(name, memory, committed);
                    }
                }
                Some(self.adopt(name, memory, saved.map(|committed| earned(&committed, signal))))
            }
        }
    }

    /// The document's number was given before. Nothing of it is saved if it
    /// is a duplicate: it is written under another one. Else it is kept aside.
    fn renumber(&mut self, name: &str, memory: LaneMemory, committed: &Committed) -> Option<Signal> {
        let (now, tail) = (self.with.journal.odometer(), self.with.journal.tail());
        let lane = &mut self.lanes.get_mut(name)?.lane;
        if committed.status == Status::Accepted {
            lane.adopt(memory);
        }
        lane.skip_numbers(now, tail);
        tracing::error!(lane = name, "a number of a lane was given before");
        (committed.status == Status::Accepted).then_some(Signal::KeptAside)
    }

    fn adopt(&mut self, name: &str, memory: LaneMemory, saved: Result<Signal, NotSaved>) -> Signal {
        match saved {
            Ok(signal) => {
                if let Some(place) = self.lanes.get_mut(name) {
                    place.lane.adopt(memory);
                }
                self.with.conditions.clear_about(registry::LANE_MEMORY, name);
                signal
            }
            Err(error) => {
                self.with.events.not_saved.inc();
                self.with.troubles.unsaved(&error);
                tracing::error!(lane = name, %error, "a scan is not saved");
                if let Some(place) = self.lanes.get_mut(name) {
                    place.lane.give_up_number();
                }
                Signal::NotSaved
            }
        }
    }

    fn signal(&mut self, name: &str, device: &DeviceId, signal: Signal) {
        if let Some(scanner) = self.scanners.get(device) {
            // A scanner without a way to be told is normal; a full queue is
            // counted by the scanner's own health.
            scanner.feedback(as_scanner_signal(signal)).ok();
        }
        self.say(name, signal);
    }

    /// What the page says of a lane.
    fn say(&mut self, name: &str, signal: Signal) {
        // What was looked at has been told already.
        if let Some(place) = self.lanes.get_mut(name)
            && let Some(said) = Said::of(signal)
        {
            place.last_signal = Some(said);
        }
    }

    async fn look_at_time(&mut self) {
        self.time_out_at(self.with.journal.odometer()).await;
    }

    async fn time_out_at(&mut self, now: Odometer) {
        let is_due =
            |place: &Place| place.waits_until <= now && place.lane.waits_until().is_some_and(|until| until <= now);
        let due: Vec<(String, Step)> = self
            .lanes
            .iter()
            .filter(|(_, place)| is_due(place))
            .filter_map(|(name, place)| Some((name.clone(), place.lane.time_out(now)?)))
            .collect();
        for (name, step) in due {
            let Step::Remember { memory, signal } = step else { continue };
            let Some(place) = self.lanes.get_mut(&name) else { continue };
            let state = LaneState { lane: place.lane.name().clone(), state: memory.encode() };
            match self.with.journal.save_lane(state).await {
                Ok(()) => place.lane.adopt(memory),
                // Nobody scanned, so no signal is given. Later again.
                Err(error) => {
                    self.with.troubles.unsaved(&error);
                    place.waits_until = Odometer(now.0.saturating_add(TIME_OUT_AGAIN_MS));
                    continue;
                }
            }
            let scanners = self.scanners.all().iter().filter(|scanner| scanner.config().lane == name);
            let devices: Vec<DeviceId> = scanners.map(|scanner| scanner.device().clone()).collect();
            for device in devices {
                self.signal(&name, &device, signal);
            }
        }
    }
}

/// What a lane remembers; a memory that can't be read is told and begins
/// anew.
fn remembered(with: &Fittings, name: &Label, home: &Mode) -> LaneMemory {
    let now = with.journal.odometer();
    let read = match with.journal.lane(name) {
        Ok(None) => return LaneMemory::at(home.clone()),
        Ok(Some(bytes)) => {
            LaneMemory::decode(&bytes).map(|memory| memory.taken_over(now)).map_err(|error| error.to_string())
        }
        Err(error) => Err(error.to_string()),
    };
    read.unwrap_or_else(|error| {
        with.conditions.raise_about(registry::LANE_MEMORY, name.as_str(), error, with.clock.millis());
        LaneMemory::anew(home.clone(), now)
    })
}
