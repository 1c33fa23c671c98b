//! The handle of all devices and of each.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::{Builder, JoinHandle};

use tokio::sync::{mpsc, watch};

use crate::config::Config;
use crate::decoder::Decoder;
use crate::event::{DeviceEvent, DeviceId};
use crate::found::Found;
use crate::framer::Framer;
use crate::health::{Counters, Health};
use crate::kind::Kind;
use crate::limits::{EVENTS, SIGNALS};
use crate::listener::{Asked, Listener};
use crate::outlet::Outlet;
use crate::plugged::Plugged;
use crate::profile::Class;
use crate::session::expected_voice;
use crate::signal::Signal;
use crate::simulated::Simulated;
use crate::voice::{Reading, SWITCH, Voice};
use crate::watcher::Watcher;

/// Milliseconds of a steady clock that is never set.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// What the thread of a port and its handles share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    stopping: AtomicBool,
    /// What the device can be told, as [`Voice::abilities`] has it.
    pub(crate) abilities: AtomicU16,
    /// The owner wants it to read nothing.
    is_off: AtomicBool,
    pub(crate) counters: Arc<Counters>,
}

impl Shared {
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    pub(crate) fn reading(&self) -> Reading {
        if self.is_off.load(Ordering::Relaxed) { Reading::Off } else { Reading::On }
    }
}

/// Why the scanners cannot be started. A port that is missing or busy is no
/// reason: it is waited for.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A scanner without a path.
    #[error("a scanner of lane {lane:?} has no path: give the port it is plugged into")]
    NoPath {
        /// Its lane.
        lane: String,
    },
    /// A port that is given twice.
    #[error("two scanners have the path {path:?}: a port has one scanner and one lane")]
    SamePath {
        /// The path.
        path: String,
    },
    /// The watcher of what is plugged in can't be started.
    #[error("no thread to watch what is plugged in")]
    Watcher {
        /// The system's words.
        source: io::Error,
    },
    /// A speed of nothing.
    #[error("scanner {path:?} has baud 0: 9600 is usual")]
    NoBaud {
        /// The path.
        path: String,
    },
    /// The system gives no more threads.
    #[error("no thread for scanner {path:?}")]
    Thread {
        /// The path.
        path: String,
        /// The system's words.
        source: io::Error,
    },
}

/// Why a signal was not passed on to its device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeedbackError {
    /// Neither profile nor configuration has bytes for it.
    #[error("this scanner cannot give this signal: set its `profile` or `feedback`")]
    Unsupported,
    /// The port is closed, so nobody would hear it.
    #[error("the port is closed")]
    Closed,
    /// More signals wait than the device takes.
    #[error("too many signals wait for this scanner")]
    Full,
}

/// One device, for whoever answers its scans. Cheap to clone.
#[derive(Clone)]
pub struct Scanner {
    device: DeviceId,
    config: Arc<Config>,
    clock: Clock,
    shared: Arc<Shared>,
    signals: SyncSender<Asked>,
}

impl Scanner {
    /// Which device it is.
    #[must_use]
    pub const fn device(&self) -> &DeviceId {
        &self.device
    }

    /// How it is configured, its lane among it.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Its counters.
    #[must_use]
    pub fn health(&self) -> Health {
        self.shared.counters.health()
    }

    /// The owner is done with a frame of it: its signal, if any, was given.
    pub fn answered(&self) {
        self.shared.counters.answered.one_more();
    }

    /// Frames with which the owner is not done yet.
    #[must_use]
    pub fn unanswered(&self) -> u64 {
        // Answers first: a frame that comes between is one too many, not one
        // too few.
        let answered = self.shared.counters.answered.get();
        self.shared.counters.frames.get().saturating_sub(answered)
    }

    /// Whether the device can give a signal: of what is plugged in, and
    /// before anything was, as configured.
    #[must_use]
    pub fn can_give(&self, signal: Signal) -> bool {
        self.can(signal.bit())
    }

    /// Whether its beep says anything.
    #[must_use]
    pub fn class(&self) -> Class {
        if self.can_give(Signal::Good) { Class::A } else { Class::B }
    }

    /// Whether the device can be made to read nothing.
    #[must_use]
    pub fn can_switch_off(&self) -> bool {
        self.can(SWITCH)
    }

    /// Makes the device read nothing, while the disk takes nothing: now, and
    /// whenever it is plugged in again, until [`Scanner::switch_on`]. Of a
    /// device that can't, nothing changes.
    pub fn switch_off(&self) {
        self.shared.is_off.store(true, Ordering::Relaxed);
    }

    /// Makes the device read again.
    pub fn switch_on(&self) {
        self.shared.is_off.store(false, Ordering::Relaxed);
    }

    fn can(&self, ability: u16) -> bool {
        self.shared.abilities.load(Ordering::Relaxed) & ability != 0
    }

    /// Makes the device give a signal: [`Signal::Good`] and its like only
    /// after the journal's answer. Never waits.
    pub fn feedback(&self, signal: Signal) -> Result<(), FeedbackError> {
        if !self.can_give(signal) {
            return Err(FeedbackError::Unsupported);
        }
        let error = if self.shared.counters.open.load(Ordering::Relaxed) {
            let asked = Asked { signal, at: (self.clock)() };
            match self.signals.try_send(asked) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(_)) => FeedbackError::Full,
                Err(TrySendError::Disconnected(_)) => FeedbackError::Closed,
            }
        } else {
            FeedbackError::Closed
        };
        self.shared.counters.feedback_dropped.one_more();
        Err(error)
    }
}

impl fmt::Debug for Scanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scanner").field("device", &self.device).field("health", &self.health()).finish_non_exhaustive()
    }
}

/// What all devices tell, in one queue.
#[derive(Debug)]
pub struct Events(mpsc::Receiver<DeviceEvent>);

impl Events {
    /// The next event; `None` once the scanners are stopped and all is told.
    /// Nothing is lost if the future is dropped.
    pub async fn recv(&mut self) -> Option<DeviceEvent> {
        self.0.recv().await
    }

    /// The same for a thread; not to be called from async code.
    pub fn blocking_recv(&mut self) -> Option<DeviceEvent> {
        self.0.blocking_recv()
    }
}

/// All devices. Dropping it stops them and waits for their threads, 100 ms
/// or so.
#[derive(Debug)]
pub struct Scanners {
    devices: Vec<Scanner>,
    threads: Vec<JoinHandle<()>>,
    plugged: Plugged,
    /// Its end ends the watching.
    _watcher: Option<Watcher>,
    /// Keeps the queue open when there is no device at all.
    _events: mpsc::Sender<DeviceEvent>,
}

impl Scanners {
    /// Starts listening at each port. `clock` gives the times of all events.
    pub fn start(configs: Vec<Config>, clock: Clock) -> Result<(Self, Events), StartError> {
        Self::start_with(configs, Vec::new(), clock)
    }

    /// The same with devices that the program makes up in the place of real
    /// ones, by their paths.
    pub fn start_with(
        configs: Vec<Config>,
        simulated: Vec<(String, Simulated)>,
        clock: Clock,
    ) -> Result<(Self, Events), StartError> {
        check(&configs)?;
        let is_simulated = |config: &Config| simulated.iter().any(|(path, _)| *path == config.path);
        let is_real = |config: &&Config| !is_simulated(config) && config.known_kind() != Some(Kind::Replay);
        let (watcher, plugged) = if configs.iter().find(is_real).is_some() {
            let started = Watcher::start(Arc::clone(&clock)).map_err(|source| StartError::Watcher { source })?;
            (Some(started.0), started.1)
        } else {
            (None, Plugged::new(watch::channel(None).1))
        };
        let (events, owner) = mpsc::channel(EVENTS);
        let mut scanners =
            Self { devices: Vec::new(), threads: Vec::new(), plugged, _watcher: watcher, _events: events.clone() };
        for config in configs {
            let device = simulated.iter().find(|(path, _)| *path == config.path).map(|(_, device)| device.clone());
            scanners.add(Arc::new(config), device, &clock, events.clone())?;
        }
        Ok((scanners, Events(owner)))
    }

    fn add(
        &mut self,
        config: Arc<Config>,
        simulated: Option<Simulated>,
        clock: &Clock,
        events: mpsc::Sender<DeviceEvent>,
    ) -> Result<(), StartError> {
        let shared = Arc::new(Shared::default());
        shared.abilities.store(expected_voice(&config).abilities(), Ordering::Relaxed);
        let (signals, asked) = sync_channel(SIGNALS);
        let device = DeviceId::of(&config.path);
        let listener = Listener {
            device: device.clone(),
            config: Arc::clone(&config),
            clock: Arc::clone(clock),
            shared: Arc::clone(&shared),
            asked,
            outlet: Outlet::new(events, Arc::clone(&shared.counters)),
            decoder: Decoder::Serial(Framer::new()),
            plugged: self.plugged.clone(),
            simulated,
            answer_due: 0,
            last: None,
            voice: Voice::default(),
            told: None,
            recorder: None,
            is_over: false,
        };
        let thread = Builder::new()
            .name(format!("scanner-{}", self.threads.len()))
            .spawn(move || listener.run())
            .map_err(|source| StartError::Thread { path: config.path.clone(), source })?;
        self.threads.push(thread);
        self.devices.push(Scanner { device, config, clock: Arc::clone(clock), shared, signals });
        Ok(())
    }

    /// What may be a scanner and is plugged in, as it was seen last; nothing
    /// before the first look.
    #[must_use]
    pub fn plugged(&self) -> Vec<Found> {
        self.plugged.all()
    }

    /// The handle of a device.
    #[must_use]
    pub fn get(&self, device: &DeviceId) -> Option<&Scanner> {
        self.devices.iter().find(|scanner| scanner.device == *device)
    }

    /// All handles, in the order of the configuration.
    #[must_use]
    pub fn all(&self) -> &[Scanner] {
        &self.devices
    }

    /// Stops listening and waits for the threads. Each open port tells
    /// `Closed` once more.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Scanners {
    fn drop(&mut self) {
        for scanner in &self.devices {
            scanner.shared.stopping.store(true, Ordering::Relaxed);
        }
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so itself, and is gone.
            let _gone = thread.join();
        }
    }
}

/// Whether scanners could be started with these.
pub fn check(configs: &[Config]) -> Result<(), StartError> {
    let mut paths = BTreeSet::new();
    for config in configs {
        if config.path.is_empty() {
            return Err(StartError::NoPath { lane: config.lane.clone() });
        }
        if config.baud == 0 {
            return Err(StartError::NoBaud { path: config.path.clone() });
        }
        if !paths.insert(config.path.as_str()) {
            return Err(StartError::SamePath { path: config.path.clone() });
        }
    }
    Ok(())
}
