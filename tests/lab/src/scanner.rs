//! A scanner in the hand of the one who tries it.

use std::io;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use tidemark_daemon::clock::Clock;

use crate::Trouble;
use crate::bus::Port;
use crate::device::{self, Event, Input, Line};
use crate::model::{Model, Packets, Signal, ean};
use crate::pause::HANG;

/// One that is plugged in. Dropped, it is pulled.
#[derive(Debug)]
pub struct Scanner {
    model: Model,
    line: Line,
}

impl Scanner {
    /// Plugs one into a port.
    pub fn plug(model: Model, serial: &str, port: Port) -> Result<Self, Trouble> {
        let (line, far) = device::start(model, serial)?;
        port.attach(&far)?;
        Ok(Self { model, line })
    }

    /// What kind it is.
    #[must_use]
    pub const fn model(&self) -> Model {
        self.model
    }

    /// Reads a code. Whoever listens takes it when they ask.
    pub fn scan(&self, code: &str) -> Result<(), Trouble> {
        self.forget();
        self.send(self.model.packets(&ean(code)))
    }

    /// Sends the first half of a code, waits until the kernel has it, and
    /// leaves it at that.
    pub fn begin(&self, code: &str) -> Result<(), Trouble> {
        self.forget();
        let mut packets = self.model.packets(&ean(code));
        let half = packets.packets.len() / 2;
        packets.packets.truncate(half);
        self.send(packets)?;
        for _ in 0..half {
            self.event(HANG, |event| (*event == Event::Taken).then_some(()))?.ok_or("nobody takes the code")?;
        }
        Ok(())
    }

    /// What the box says next, if it says something in this time.
    pub fn signal(&self, wait: Duration) -> Result<Option<Signal>, Trouble> {
        let model = self.model;
        self.event(wait, |event| match event {
            Event::Told(bytes) => model.signal(bytes),
            Event::Taken => None,
        })
    }

    fn send(&self, packets: Packets) -> Result<(), Trouble> {
        let gone = |_closed| io::Error::from(io::ErrorKind::BrokenPipe);
        Ok(self.line.inputs.send(Input::Send(packets)).map_err(gone)?)
    }

    /// What was said before is not about the next code.
    fn forget(&self) {
        while self.line.events.try_recv().is_ok() {}
    }

    fn event<T>(&self, wait: Duration, wanted: impl Fn(&Event) -> Option<T>) -> Result<Option<T>, Trouble> {
        let clock = Clock::start();
        loop {
            match self.line.events.recv_timeout(wait.saturating_sub(clock.elapsed())) {
                Ok(event) => {
                    if let Some(found) = wanted(&event) {
                        return Ok(Some(found));
                    }
                }
                Err(RecvTimeoutError::Timeout) => return Ok(None),
                Err(RecvTimeoutError::Disconnected) => return Err("the scanner is no longer plugged in".into()),
            }
        }
    }
}
