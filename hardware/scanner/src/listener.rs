//! The thread of one port: open, listen, answer, open again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::config::Config;
use crate::event::{Closed, DeviceEvent, DeviceId, Frame, Unavailable};
use crate::framer::Framer;
use crate::limits::{ANSWER_LIFE, ANSWER_WAIT, READ_BYTES, READ_WAIT};
use crate::outlet::Outlet;
use crate::port::{Heard, Port};
use crate::reopen::Reopen;
use crate::scanners::{Clock, Shared};
use crate::signal::Signal;

/// A signal, and when it was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) signal: Signal,
    pub(crate) at: u64,
}

/// All that the thread of a port owns.
pub(crate) struct Listener {
    pub(crate) device: DeviceId,
    pub(crate) config: Arc<Config>,
    pub(crate) clock: Clock,
    pub(crate) shared: Arc<Shared>,
    pub(crate) asked: Receiver<Asked>,
    pub(crate) outlet: Outlet,
    pub(crate) framer: Framer,
    /// Until when the answer to the last frame is waited for.
    pub(crate) answer_due: u64,
}

impl Listener {
    /// Listens until told to stop.
    pub(crate) fn run(mut self) {
        let mut reopen = Reopen::new();
        let mut told: Option<Unavailable> = None;
        while !self.shared.is_stopping() {
            match Port::open(&self.config) {
                Ok(port) => {
                    told = None;
                    self.opened();
                    let why = self.listen(port, &mut reopen);
                    self.closed(why);
                }
                Err(why) => {
                    self.shared.counters.open_failures.one_more();
                    if told.as_ref() != Some(&why) {
                        told = Some(why.clone());
                        let (device, at) = (self.device.clone(), (self.clock)());
                        self.outlet.change(DeviceEvent::Unavailable { device, at, why });
                    }
                }
            }
            self.pause(reopen.pause());
        }
    }

    fn opened(&mut self) {
        self.shared.counters.opens.one_more();
        self.shared.counters.open.store(true, Ordering::Relaxed);
        let (device, at) = (self.device.clone(), (self.clock)());
        self.outlet.change(DeviceEvent::Opened { device, at });
    }

    fn closed(&mut self, why: Closed) {
        self.framer.handle_close();
        self.answer_due = 0;
        let counters = &self.shared.counters;
        counters.note_dropped(self.framer.dropped());
        counters.closes.one_more();
        counters.open.store(false, Ordering::Relaxed);
        if why != Closed::Stopped {
            counters.communication_errors.one_more();
        }
        let (device, at) = (self.device.clone(), (self.clock)());
        self.outlet.change(DeviceEvent::Closed { device, at, why });
    }

    /// Reads and answers while the port is there.
    fn listen(&mut self, mut port: Port, reopen: &mut Reopen) -> Closed {
        let mut buffer = [0; READ_BYTES];
        while !self.shared.is_stopping() {
            self.outlet.flush();
            if let Err(gone) = self.answer(&mut port) {
                return Closed::Unplugged(gone.to_string());
            }
            match port.read(&mut buffer, self.patience()) {
                Heard::Bytes(count) => {
                    reopen.worked();
                    self.shared.counters.bytes.add(count.try_into().unwrap_or(u64::MAX));
                    self.framer.handle_bytes(buffer.get(..count).unwrap_or_default(), (self.clock)());
                }
                Heard::Quiet => self.framer.handle_timeout((self.clock)()),
                Heard::Gone(words) => return Closed::Unplugged(words),
            }
            self.hand_over();
        }
        Closed::Stopped
    }

    fn hand_over(&mut self) {
        self.shared.counters.note_dropped(self.framer.dropped());
        while let Some(bytes) = self.framer.poll_frame() {
            let at = (self.clock)();
            if [Signal::Good, Signal::Error].iter().any(|signal| self.config.bytes(*signal).is_some()) {
                self.answer_due = at.saturating_add(ANSWER_LIFE);
            }
            self.outlet.frame(Frame { device: self.device.clone(), bytes, at });
        }
    }

    /// How long the next read may wait: shortly while an answer is due, and
    /// not beyond the end of a frame.
    fn patience(&self) -> u64 {
        let now = (self.clock)();
        let wait = if now < self.answer_due { ANSWER_WAIT } else { READ_WAIT };
        let due = self.framer.poll_timeout().map_or(wait, |due| due.saturating_sub(now));
        wait.min(due).max(1)
    }

    /// Sends what was asked for; a signal that comes late is another scan's.
    fn answer(&mut self, port: &mut Port) -> std::io::Result<()> {
        while let Ok(Asked { signal, at }) = self.asked.try_recv() {
            let counters = &self.shared.counters;
            let late = (self.clock)().saturating_sub(at) > ANSWER_LIFE;
            let Some(bytes) = self.config.bytes(signal).filter(|_| !late) else {
                counters.feedback_dropped.one_more();
                continue;
            };
            match port.write(bytes) {
                Ok(()) => counters.feedback.one_more(),
                // A device that does not take bytes now may still scan.
                Err(error) if error.kind() == std::io::ErrorKind::TimedOut => {
                    counters.communication_errors.one_more();
                    counters.feedback_dropped.one_more();
                }
                Err(error) => {
                    counters.feedback_dropped.one_more();
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Waits before the next try to open; signals asked for meanwhile reach
    /// nobody.
    fn pause(&mut self, pause: u64) {
        let until = (self.clock)().saturating_add(pause);
        while !self.shared.is_stopping() {
            self.outlet.flush();
            let left = until.saturating_sub((self.clock)());
            if left == 0 {
                return;
            }
            match self.asked.recv_timeout(Duration::from_millis(left.min(READ_WAIT))) {
                Ok(_unheard) => self.shared.counters.feedback_dropped.one_more(),
                Err(RecvTimeoutError::Timeout) => {}
                // Without handles nobody listens any more either.
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }
}
