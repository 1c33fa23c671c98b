//! The thread of one port: open, listen, answer, open again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::capture::{Header, Recorder};
use crate::config::Config;
use crate::decoder::Decoder;
use crate::event::{Closed, DeviceEvent, DeviceId, Frame, Notice, Present, Unavailable};
use crate::found::UsbIds;
use crate::kind::Kind;
use crate::limits::{ANSWER_LIFE, ANSWER_WAIT, READ_BYTES, READ_WAIT};
use crate::link::{Heard, Link};
use crate::outlet::Outlet;
use crate::plugged::Plugged;
use crate::profile::Class;
use crate::reopen::Reopen;
use crate::scanners::{Clock, Shared};
use crate::session::{self, Session};
use crate::signal::Signal;
use crate::simulated::Simulated;
use crate::voice::{Command, Reading, Voice};

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
    pub(crate) decoder: Decoder,
    pub(crate) plugged: Plugged,
    /// A device that a program makes up stands in for a real one.
    pub(crate) simulated: Option<Simulated>,
    /// Until when the answer to the last frame is waited for.
    pub(crate) answer_due: u64,
    /// What was plugged in last.
    pub(crate) last: Option<UsbIds>,
    /// What the open device can be told.
    pub(crate) voice: Voice,
    /// Whether the open device was told to read; nothing told yet.
    pub(crate) told: Option<Reading>,
    pub(crate) recorder: Option<Recorder>,
    /// A recording was played to its end: once is enough.
    pub(crate) is_over: bool,
}

impl Listener {
    /// Listens until told to stop.
    pub(crate) fn run(mut self) {
        let mut reopen = Reopen::new();
        let mut told: Option<Unavailable> = None;
        while !self.shared.is_stopping() {
            match self.open() {
                Ok(session) => {
                    told = None;
                    let Session { mut link, voice, kind, usb, descriptor, forgot } = session;
                    self.voice = voice;
                    self.opened(kind, usb, &descriptor);
                    if forgot {
                        self.notice(Notice::Forgotten);
                    }
                    self.greet(&mut *link);
                    let why = self.listen(&mut *link, &mut reopen);
                    self.is_over |= kind == Kind::Replay;
                    self.closed(why);
                }
                Err(Some(why)) => {
                    self.shared.counters.open_failures.one_more();
                    if told.as_ref() != Some(&why) {
                        told = Some(why.clone());
                        let (device, at) = (self.device.clone(), (self.clock)());
                        self.outlet.change(DeviceEvent::Unavailable { device, at, why });
                    }
                }
                // Soon it is known what is plugged in.
                Err(None) => reopen.worked(),
            }
            if self.pause(reopen.pause()) {
                reopen.worked();
            }
        }
    }

    /// Opens the device, unless nothing is known yet of what is plugged in.
    fn open(&mut self) -> Result<Session, Option<Unavailable>> {
        if let Some(simulated) = &self.simulated {
            return session::open_simulated(&self.config, simulated, &mut self.decoder).map_err(Some);
        }
        if self.is_over {
            let words = "the recording is over; start the agent again to play it once more";
            return Err(Some(Unavailable::Failed(words.to_owned())));
        }
        if self.config.is_by_port() && !self.plugged.is_known() {
            return Err(None);
        }
        session::open(&self.config, &self.plugged, &mut self.decoder).map_err(Some)
    }

    fn opened(&mut self, kind: Kind, usb: Option<UsbIds>, descriptor: &[u8]) {
        let at = (self.clock)();
        self.shared.counters.opens.one_more();
        self.shared.abilities.store(self.voice.abilities(), Ordering::Relaxed);
        self.shared.counters.open.store(true, Ordering::Relaxed);
        let class = if self.voice.signal(Signal::Good).is_some() { Class::A } else { Class::B };
        let replaced = usb.is_some() && self.last.is_some() && usb != self.last;
        self.last = usb.clone().or_else(|| self.last.take());
        let present = Box::new(Present { kind, class, usb, replaced });
        self.outlet.change(DeviceEvent::Opened { device: self.device.clone(), at, present });
        if let Some(path) = &self.config.record {
            let header = Header { kind, descriptor, layout: self.config.layout, at };
            match Recorder::begin(path, &header) {
                Ok(recorder) => self.recorder = Some(recorder),
                Err(error) => self.recorded(Err(error)),
            }
        }
    }

    /// What a device must hear first. If it refuses, it may still scan.
    fn greet(&mut self, link: &mut dyn Link) {
        self.told = None;
        if let Some(hello) = self.voice.hello()
            && link.write(hello).is_err()
        {
            self.shared.counters.communication_errors.one_more();
        }
    }

    fn closed(&mut self, why: Closed) {
        self.decoder.handle_close();
        self.answer_due = 0;
        if let Some(mut recorder) = self.recorder.take() {
            let ended = recorder.end(&self.decoder);
            self.recorded(ended);
        }
        let counters = &self.shared.counters;
        counters.note_dropped(self.decoder.dropped());
        counters.closes.one_more();
        counters.open.store(false, Ordering::Relaxed);
        if why != Closed::Stopped {
            counters.communication_errors.one_more();
        }
        let (device, at) = (self.device.clone(), (self.clock)());
        self.outlet.change(DeviceEvent::Closed { device, at, why });
    }

    /// Reads and answers while the port is there.
    fn listen(&mut self, link: &mut dyn Link, reopen: &mut Reopen) -> Closed {
        let mut buffer = [0; READ_BYTES];
        while !self.shared.is_stopping() {
            self.outlet.flush();
            if let Err(gone) = self.answer(link).and_then(|()| self.switch(link, self.shared.reading())) {
                return Closed::Unplugged(gone.to_string());
            }
            match link.read(&mut buffer, self.patience()) {
                Heard::Bytes(count) => {
                    reopen.worked();
                    let (bytes, now) = (buffer.get(..count).unwrap_or_default(), (self.clock)());
                    self.shared.counters.bytes.add(count.try_into().unwrap_or(u64::MAX));
                    if let Some(recorder) = &mut self.recorder {
                        recorder.read(bytes, now);
                    }
                    self.decoder.handle(bytes, now);
                    if let Err(gone) = self.reply(link) {
                        return Closed::Unplugged(gone.to_string());
                    }
                }
                Heard::Quiet => self.decoder.handle_timeout((self.clock)()),
                Heard::Gone(words) => return Closed::Unplugged(words),
            }
            self.hand_over();
        }
        // Whoever listens next shall find it reading.
        if self.told == Some(Reading::Off) {
            let _gone = self.switch(link, Reading::On);
        }
        Closed::Stopped
    }

    fn hand_over(&mut self) {
        self.shared.counters.note_dropped(self.decoder.dropped());
        while let Some(bytes) = self.decoder.poll_frame() {
            let at = (self.clock)();
            if [Signal::Good, Signal::Error].iter().any(|signal| self.voice.signal(*signal).is_some()) {
                self.answer_due = at.saturating_add(ANSWER_LIFE);
            }
            if let Some(recorder) = &mut self.recorder {
                recorder.scan(&bytes);
            }
            self.outlet.frame(Frame { device: self.device.clone(), bytes, at });
        }
        while let Some(notice) = self.decoder.poll_notice() {
            self.notice(notice);
        }
        if let Some(recorder) = &mut self.recorder {
            let settled = recorder.settle(&self.decoder);
            self.recorded(settled);
        }
    }

    fn notice(&mut self, notice: Notice) {
        let (device, at) = (self.device.clone(), (self.clock)());
        self.outlet.notice(DeviceEvent::Noticed { device, at, notice });
    }

    /// A recording that can't be written ends; scans go on.
    fn recorded(&mut self, written: std::io::Result<()>) {
        if let Err(error) = written {
            self.recorder = None;
            self.notice(Notice::RecordingEnded { why: error.to_string() });
        }
    }

    /// How long the next read may wait: shortly while an answer is due, and
    /// not beyond the end of a frame.
    fn patience(&self) -> u64 {
        let now = (self.clock)();
        let wait = if now < self.answer_due { ANSWER_WAIT } else { READ_WAIT };
        let due = self.decoder.poll_timeout().map_or(wait, |due| due.saturating_sub(now));
        wait.min(due).max(1)
    }

    /// Sends what was asked for; a signal that comes late is another scan's.
    fn answer(&mut self, link: &mut dyn Link) -> std::io::Result<()> {
        while let Ok(Asked { signal, at }) = self.asked.try_recv() {
            let late = (self.clock)().saturating_sub(at) > ANSWER_LIFE;
            let Some(command) = self.voice.signal(signal).filter(|_| !late) else {
                self.shared.counters.feedback_dropped.one_more();
                continue;
            };
            let written = self.write(link, command);
            let counters = &self.shared.counters;
            if matches!(written, Ok(true)) { &counters.feedback } else { &counters.feedback_dropped }.one_more();
            written?;
            // Some signals make a device read again.
            self.told = self.told.filter(|told| *told == Reading::On);
        }
        Ok(())
    }

    /// Tells the device what it waits for, that it does not send it again.
    fn reply(&mut self, link: &mut dyn Link) -> std::io::Result<()> {
        while let Some(bytes) = self.decoder.poll_reply() {
            self.write(link, &Command::Bytes(bytes))?;
        }
        Ok(())
    }

    /// Makes the device read or not, if it was not told so yet.
    fn switch(&mut self, link: &mut dyn Link, reading: Reading) -> std::io::Result<()> {
        if self.told == Some(reading) {
            return Ok(());
        }
        let Some(command) = self.voice.switch(reading) else { return Ok(()) };
        if self.write(link, command)? {
            self.told = Some(reading);
        }
        Ok(())
    }

    /// Whether the device took it; a device that does not take bytes now may
    /// still scan.
    fn write(&self, link: &mut dyn Link, command: &Command) -> std::io::Result<bool> {
        match link.write(command) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::TimedOut => {
                self.shared.counters.communication_errors.one_more();
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Waits before the next try to open; signals asked for meanwhile reach
    /// nobody. True if something was plugged in or out, so that it may be
    /// worth to try soon again.
    fn pause(&mut self, pause: u64) -> bool {
        let until = (self.clock)().saturating_add(pause);
        while !self.shared.is_stopping() {
            self.outlet.flush();
            if self.plugged.has_changed() {
                return true;
            }
            let left = until.saturating_sub((self.clock)());
            if left == 0 {
                return false;
            }
            match self.asked.recv_timeout(Duration::from_millis(left.min(READ_WAIT))) {
                Ok(_unheard) => self.shared.counters.feedback_dropped.one_more(),
                Err(RecvTimeoutError::Timeout) => {}
                // Without handles nobody listens any more either.
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
        false
    }
}
