//! The desk: one task that owns the lanes and hears the scanners. A signal
//! good goes out only after the journal's answer.

use std::collections::BTreeMap;
use std::time::Duration;

use tidemark_barcode::{Command, DoubleRead, Judgement, Verb, decode};
use tidemark_daemon::clock::Clock;
use tidemark_daemon::conditions::{Active, registry};
use tidemark_journal::{Committed, Journal, LaneState, NotSaved, Submission};
use tidemark_model::{Label, Lookup, Warning};
use tidemark_scanner::{Closed, DeviceEvent, DeviceId, Events as ScannerEvents, Frame, Scanners, Unavailable};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::events::Events;
use crate::lane::{Input, Lane, LaneMemory, Mode, Signal, Step, seal};
use crate::settings::{LaneSettings, Role, SettingsError};
use crate::status::{LaneStatus, ScannerStatus};

/// How often lanes are asked whether their time is over.
const TICK: Duration = Duration::from_millis(500);

/// What the page shows of lanes and scanners.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeskView {
    /// Lanes, by name.
    pub(crate) lanes: Vec<LaneStatus>,
    /// Scanners, by port.
    pub(crate) scanners: Vec<ScannerStatus>,
}

/// The desk before it runs.
#[derive(Debug)]
pub(crate) struct Desk {
    journal: Journal,
    scanners: Scanners,
    heard: ScannerEvents,
    lanes: BTreeMap<String, Place>,
    reads: BTreeMap<String, DoubleRead>,
    conditions: Active,
    events: Events,
    clock: Clock,
    view: watch::Sender<DeskView>,
}

/// One lane with what it signalled last.
#[derive(Debug)]
struct Place {
    role: Role,
    lane: Lane,
    last_signal: Option<String>,
}

impl Desk {
    /// A desk over the journal; lanes go on where they were.
    pub(crate) fn build(
        journal: Journal,
        (scanners, heard): (Scanners, ScannerEvents),
        settings: &[LaneSettings],
        conditions: Active,
        events: Events,
        clock: Clock,
    ) -> Result<(Self, watch::Receiver<DeskView>), SettingsError> {
        let mut lanes = BTreeMap::new();
        let named = scanners.all().iter().map(|scanner| scanner.config().lane.clone());
        let plain = |name| LaneSettings { name, role: Role::Work, mode: crate::settings::ModeWord::Look };
        let declared: Vec<LaneSettings> = settings.to_vec();
        let undeclared = named.filter(|name| !declared.iter().any(|lane| lane.name == *name)).map(plain);
        for settings in declared.iter().cloned().chain(undeclared) {
            let name = Label::new(&settings.name).map_err(|error| SettingsError::Lane(error.to_string()))?;
            let home = Mode::from(settings.mode);
            let memory = remembered(&journal, &name, home, &conditions, &clock);
            let unfit = || SettingsError::Lane(format!("{name} is too long for a name"));
            let lane = Lane::new(name.clone(), home, memory).ok_or_else(unfit)?;
            if let Some(last) = &lane.memory().last {
                tracing::info!(lane = %name, last, "the lane goes on; this was its last saved scan");
            }
            lanes.insert(settings.name, Place { role: settings.role, lane, last_signal: None });
        }
        let (view, seen) = watch::channel(DeskView::default());
        let desk = Self { journal, scanners, heard, lanes, reads: BTreeMap::new(), conditions, events, clock, view };
        desk.show();
        Ok((desk, seen))
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
                _ = tick.tick() => self.look_at_time().await,
            }
            self.show();
        }
        let scanners = self.scanners;
        // Stopping joins threads that may be in the middle of a read.
        tokio::task::spawn_blocking(move || scanners.stop()).await.map_err(std::io::Error::other)?;
        Ok(())
    }

    async fn hear(&mut self, event: DeviceEvent) {
        match event {
            DeviceEvent::Opened { device, .. } => {
                self.conditions.clear_about(registry::SCANNER_GONE, device.as_str());
                self.conditions.clear_about(registry::SCANNER_BUSY, device.as_str());
                tracing::info!(port = device.as_str(), "scanner ready");
            }
            DeviceEvent::Closed { device, why: Closed::Unplugged(why), .. } => {
                self.raise(registry::SCANNER_GONE, &device, &why);
            }
            // The agent itself is stopping.
            DeviceEvent::Closed { why: Closed::Stopped, .. } => {}
            DeviceEvent::Unavailable { device, why, .. } => match why {
                Unavailable::Missing => self.raise(registry::SCANNER_GONE, &device, "there is no such port"),
                Unavailable::Busy(by) => self.raise(registry::SCANNER_BUSY, &device, &by),
                Unavailable::Denied => self.raise(
                    registry::SCANNER_BUSY,
                    &device,
                    "the agent's user may not open the port; put it into the group dialout",
                ),
                Unavailable::Failed(why) => self.raise(registry::SCANNER_GONE, &device, &why),
            },
            DeviceEvent::Frame(frame) => self.scan(frame).await,
        }
    }

    fn raise(&self, code: tidemark_daemon::conditions::Code, device: &DeviceId, why: &str) {
        self.conditions.raise_about(code, device.as_str(), why, self.clock.millis());
    }

    async fn scan(&mut self, frame: Frame) {
        let Frame { device, bytes, at } = frame;
        if self.reads.entry(device.as_str().to_owned()).or_default().is_repeat(&bytes, at) {
            self.events.double_reads.inc();
            return;
        }
        self.events.scans.inc();
        let Some(name) = self.scanners.get(&device).map(|scanner| scanner.config().lane.clone()) else { return };
        let Some(place) = self.lanes.get(&name) else { return };
        if place.role == Role::Off {
            return;
        }
        let step = self.decide(&place.lane, &bytes);
        let signal = self.carry_out(&name, step).await;
        self.signal(&name, &device, signal);
    }

    /// What a read asks of its lane.
    fn decide(&self, lane: &Lane, bytes: &[u8]) -> Step {
        let text = match decode(bytes) {
            Ok(scan) => match scan.judge() {
                Judgement::Item(code) => return self.step(lane, Input::Item(code.as_str())),
                Judgement::Command(command) => match self.command_of(command) {
                    Some(input) => return self.step(lane, input),
                    None => Some(command.text().to_owned()),
                },
                Judgement::IfCatalogued(text) => Some(text.to_owned()),
                Judgement::NotKept(_) => None,
            },
            Err(rejection) => rejection.if_catalogued().map(str::to_owned),
        };
        match text.filter(|text| self.is_catalogued(text)) {
            Some(text) => self.step(lane, Input::Item(&text)),
            None => {
                self.events.strange_scans.inc();
                self.step(lane, Input::Strange)
            }
        }
    }

    fn step(&self, lane: &Lane, input: Input<'_>) -> Step {
        lane.step(input, self.journal.identity().epoch, self.journal.odometer(), self.clock.wall())
    }

    fn command_of(&self, command: Command<'_>) -> Option<Input<'static>> {
        let store = self.journal.identity().store.clone();
        if !command.is_sealed_by(|body| seal(store.as_str(), body)) {
            return None;
        }
        Some(match command.verb() {
            Verb::Look => Input::Mode(Mode::Look),
            Verb::Sell => Input::Mode(Mode::Sell),
            Verb::Quantity => command.quantity().map_or(Input::Strange, Input::Quantity),
            Verb::Undo => Input::Undo,
            Verb::End => Input::End,
            // Modes of a later release: an error signal, nothing kept.
            Verb::Return
            | Verb::Receive
            | Verb::Waste
            | Verb::Send
            | Verb::Count
            | Verb::Reference
            | Verb::Who
            | Verb::Close => Input::Strange,
        })
    }

    fn is_catalogued(&self, text: &str) -> bool {
        matches!(self.journal.item(text), Ok(view) if view.lookup != Lookup::Unknown)
    }

    /// Does what a step asks for; the signal it earns.
    async fn carry_out(&mut self, name: &str, step: Step) -> Signal {
        match step {
            Step::Signal(signal) => signal,
            Step::Look(item) => {
                let known = self.is_catalogued(&item);
                self.tell_look(name, &item);
                if known { Signal::Tick } else { Signal::NotOnFile }
            }
            Step::Remember { memory, signal } => {
                let Some(lane) = self.lanes.get(name).map(|place| place.lane.name().clone()) else {
                    return Signal::Error;
                };
                let saved = self.journal.save_lane(LaneState { lane, state: memory.encode() }).await;
                self.adopt(name, memory, saved.map(|()| signal))
            }
            Step::Write { document, memory, signal } => {
                let Some(lane) = self.lanes.get(name).map(|place| place.lane.name().clone()) else {
                    return Signal::Error;
                };
                let state = LaneState { lane, state: memory.encode() };
                let submission = Submission { document: *document, lane: Some(state), instruction: None };
                let saved = self.journal.submit(submission).await;
                self.adopt(name, memory, saved.map(|committed| earned(&committed, signal)))
            }
        }
    }

    fn adopt(&mut self, name: &str, memory: LaneMemory, saved: Result<Signal, NotSaved>) -> Signal {
        match saved {
            Ok(signal) => {
                if let Some(place) = self.lanes.get_mut(name) {
                    place.lane.adopt(memory);
                }
                signal
            }
            Err(error) => {
                self.events.not_saved.inc();
                tracing::error!(lane = name, %error, "a scan is not saved");
                if let Some(place) = self.lanes.get_mut(name) {
                    place.lane.give_up_number();
                }
                Signal::NotSaved
            }
        }
    }

    fn tell_look(&mut self, name: &str, item: &str) {
        let told = match self.journal.item(item) {
            Ok(view) => match view.lookup {
                Lookup::Sku(found) | Lookup::Code { item: found, .. } => {
                    let on_hand =
                        view.stock.map_or_else(|| "no stock yet".to_owned(), |s| format!("{} on hand", s.on_hand));
                    format!("{}: {on_hand}", found.name)
                }
                Lookup::Unknown => format!("{item} is not on file"),
            },
            Err(error) => error.to_string(),
        };
        if let Some(place) = self.lanes.get_mut(name) {
            place.last_signal = Some(told);
        }
    }

    fn signal(&mut self, name: &str, device: &DeviceId, signal: Signal) {
        if let Some(scanner) = self.scanners.get(device) {
            // A scanner without a way to be told is normal; a full queue is
            // counted by the scanner's own health.
            scanner.feedback(as_scanner_signal(signal)).ok();
        }
        let looked = signal == Signal::Tick || signal == Signal::NotOnFile;
        if let Some(place) = self.lanes.get_mut(name)
            && !(looked && place.lane.memory().mode == Mode::Look && place.last_signal.is_some())
        {
            place.last_signal = Some(words_of(signal).to_owned());
        }
    }

    async fn look_at_time(&mut self) {
        let now = self.journal.odometer();
        let due: Vec<(String, Step)> = self
            .lanes
            .iter()
            .filter(|(_, place)| place.lane.waits_until().is_some_and(|until| until <= now))
            .filter_map(|(name, place)| Some((name.clone(), place.lane.time_out(now)?)))
            .collect();
        for (name, step) in due {
            let signal = self.carry_out(&name, step).await;
            let scanners = self.scanners.all().iter().filter(|scanner| scanner.config().lane == name);
            let devices: Vec<DeviceId> = scanners.map(|scanner| scanner.device().clone()).collect();
            for device in devices {
                self.signal(&name, &device, signal);
            }
        }
    }

    fn show(&self) {
        let lanes = self.lanes.iter().map(|(name, place)| LaneStatus {
            name: name.clone(),
            mode: match (place.role, place.lane.memory().mode) {
                (Role::Off, _) => "off".to_owned(),
                (Role::Work, Mode::Look) => "look".to_owned(),
                (Role::Work, Mode::Sell) => "sell".to_owned(),
            },
            last_saved: place.lane.memory().last.clone(),
            last_signal: place.last_signal.clone(),
        });
        let scanners = self.scanners.all().iter().map(|scanner| {
            let health = scanner.health();
            ScannerStatus {
                path: scanner.device().as_str().to_owned(),
                lane: scanner.config().lane.clone(),
                present: health.open,
                scans: health.frame_count,
            }
        });
        self.view.send_replace(DeskView { lanes: lanes.collect(), scanners: scanners.collect() });
    }
}

/// What a lane remembers; a memory that can't be read is told and begins
/// anew.
fn remembered(journal: &Journal, name: &Label, home: Mode, conditions: &Active, clock: &Clock) -> LaneMemory {
    let fresh = LaneMemory::at(home);
    let read = match journal.lane(name) {
        Ok(None) => return fresh,
        Ok(Some(bytes)) => LaneMemory::decode(&bytes).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    read.unwrap_or_else(|error| {
        conditions.raise_about(registry::LANE_MEMORY, name.as_str(), error, clock.millis());
        fresh
    })
}

/// The signal of a saved document: good, unless the item is not on file.
fn earned(committed: &Committed, signal: Signal) -> Signal {
    let unknown = committed.warnings.iter().any(|warning| matches!(warning, Warning::UnknownItem { .. }));
    if unknown { Signal::NotOnFile } else { signal }
}

const fn as_scanner_signal(signal: Signal) -> tidemark_scanner::Signal {
    match signal {
        Signal::Good => tidemark_scanner::Signal::Good,
        Signal::NotOnFile => tidemark_scanner::Signal::NotOnFile,
        Signal::Tick | Signal::Reminder => tidemark_scanner::Signal::Tick,
        Signal::Undone => tidemark_scanner::Signal::TwoDown,
        Signal::End => tidemark_scanner::Signal::End,
        Signal::Error => tidemark_scanner::Signal::Error,
        Signal::NotSaved => tidemark_scanner::Signal::NotSaved,
    }
}

const fn words_of(signal: Signal) -> &'static str {
    match signal {
        Signal::Good => "saved",
        Signal::NotOnFile => "saved, not on file",
        Signal::Tick => "command taken",
        Signal::Undone => "undone",
        Signal::End => "session ended",
        Signal::Reminder => "a quantity waits for its item",
        Signal::Error => "not understood, nothing kept",
        Signal::NotSaved => "NOT SAVED",
    }
}
