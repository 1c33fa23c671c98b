//! The handle of all devices and of each.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::{Builder, JoinHandle};

use tokio::sync::mpsc;

use crate::config::Config;
use crate::event::{DeviceEvent, DeviceId};
use crate::framer::Framer;
use crate::health::{Counters, Health};
use crate::limits::{EVENTS, SIGNALS};
use crate::listener::{Asked, Listener};
use crate::outlet::Outlet;
use crate::signal::Signal;

/// Milliseconds of a steady clock that is never set.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// What the thread of a port and its handles share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    stopping: AtomicBool,
    pub(crate) counters: Arc<Counters>,
}

impl Shared {
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
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

    /// Whether the device can give a signal.
    #[must_use]
    pub fn can_give(&self, signal: Signal) -> bool {
        self.config.bytes(signal).is_some()
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
    /// Keeps the queue open when there is no device at all.
    _events: mpsc::Sender<DeviceEvent>,
}

impl Scanners {
    /// Starts listening at each port. `clock` gives the times of all events.
    pub fn start(configs: Vec<Config>, clock: Clock) -> Result<(Self, Events), StartError> {
        check(&configs)?;
        let (events, owner) = mpsc::channel(EVENTS);
        let mut scanners = Self { devices: Vec::new(), threads: Vec::new(), _events: events.clone() };
        for config in configs {
            scanners.add(Arc::new(config), &clock, events.clone())?;
        }
        Ok((scanners, Events(owner)))
    }

    fn add(&mut self, config: Arc<Config>, clock: &Clock, events: mpsc::Sender<DeviceEvent>) -> Result<(), StartError> {
        let shared = Arc::new(Shared::default());
        let (signals, asked) = sync_channel(SIGNALS);
        let device = DeviceId::of(&config.path);
        let listener = Listener {
            device: device.clone(),
            config: Arc::clone(&config),
            clock: Arc::clone(clock),
            shared: Arc::clone(&shared),
            asked,
            outlet: Outlet::new(events, Arc::clone(&shared.counters)),
            framer: Framer::new(),
            answer_due: 0,
        };
        let thread = Builder::new()
            .name(format!("scanner-{}", self.threads.len()))
            .spawn(move || listener.run())
            .map_err(|source| StartError::Thread { path: config.path.clone(), source })?;
        self.threads.push(thread);
        self.devices.push(Scanner { device, config, clock: Arc::clone(clock), shared, signals });
        Ok(())
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
