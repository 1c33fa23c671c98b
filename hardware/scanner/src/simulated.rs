//! A scanner that a program makes up: for tests and demonstrations of what is
//! built on this crate.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::event::Unavailable;
use crate::link::{Heard, Link};
use crate::voice::Command;

/// The scanner as whoever holds it sees it. Cheap to clone.
#[derive(Clone, Default)]
pub struct Simulated {
    wire: Arc<Wire>,
}

/// Between who scans and the thread that listens: both wait for the other,
/// and nothing else is under the lock.
#[derive(Default)]
struct Wire {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_plugged: bool,
    /// How often it was pulled: who listened before hears nothing after.
    pulls: u64,
    sent: VecDeque<u8>,
    told: Vec<Vec<u8>>,
}

impl Simulated {
    /// A scanner that is not plugged in yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Plugs it in.
    pub fn plug(&self) {
        self.state().is_plugged = true;
        self.wire.changed.notify_all();
    }

    /// Pulls the cable; what was not heard is lost.
    pub fn pull(&self) {
        let mut state = self.state();
        state.is_plugged = false;
        state.pulls += 1;
        state.sent.clear();
        drop(state);
        self.wire.changed.notify_all();
    }

    /// Sends bytes, a scan with its suffix usually.
    pub fn send(&self, bytes: &[u8]) {
        self.state().sent.extend(bytes);
        self.wire.changed.notify_all();
    }

    /// Waits until it was told so many things in all, for so long at most;
    /// all of them.
    #[must_use]
    pub fn told(&self, count: usize, patience: Duration) -> Vec<Vec<u8>> {
        let wait = self.wire.changed.wait_timeout_while(self.state(), patience, |state| state.told.len() < count);
        let (state, _) = wait.unwrap_or_else(PoisonError::into_inner);
        state.told.clone()
    }

    pub(crate) fn open(&self) -> Result<SimulatedLink, Unavailable> {
        let mut state = self.state();
        if !state.is_plugged {
            return Err(Unavailable::Missing);
        }
        // What was sent before is no scan.
        state.sent.clear();
        Ok(SimulatedLink { device: self.clone(), pulls: state.pulls })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.wire.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Simulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulated").finish_non_exhaustive()
    }
}

/// The same as the thread that listens has it.
pub(crate) struct SimulatedLink {
    device: Simulated,
    pulls: u64,
}

impl Link for SimulatedLink {
    fn read(&mut self, buffer: &mut [u8], wait: u64) -> Heard {
        let (state, pulls) = (self.device.state(), self.pulls);
        let quiet = |state: &mut State| state.sent.is_empty() && state.pulls == pulls;
        let waited = self.device.wire.changed.wait_timeout_while(state, Duration::from_millis(wait), quiet);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.pulls != pulls {
            return Heard::Gone("pulled".to_owned());
        }
        let count = state.sent.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(state.sent.drain(..count)) {
            *to = from;
        }
        if count == 0 { Heard::Quiet } else { Heard::Bytes(count) }
    }

    fn write(&mut self, command: &Command) -> std::io::Result<()> {
        let (Command::Bytes(bytes) | Command::Feature(bytes)) = command;
        self.device.state().told.push(bytes.clone());
        self.device.wire.changed.notify_all();
        Ok(())
    }
}
