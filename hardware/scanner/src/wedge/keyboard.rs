//! The only place that touches keyboards: the kernel's event files, taken for
//! this process alone (`EVIOCGRAB`), and one that is made for a till.

use std::io::{Error, ErrorKind};
use std::os::fd::AsFd;

use evdev::raw_stream::RawDevice;
use evdev::uinput::VirtualDevice;
use evdev::{AttributeSet, EventType, InputEvent, KeyCode, SynchronizationCode};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;

use super::typist::{Change, EVENTS_LOST, KeyEvent};
use crate::event::Unavailable;
use crate::limits::KEY_EVENT_BYTES;
use crate::link::{Heard, Link, unavailable};
use crate::voice::Command;

/// Keys that a made keyboard has: the main block and what stands around it.
const MAIN_BLOCK: std::ops::RangeInclusive<u16> = 1..=110;

/// So many times something else than keys is read over.
const LOOKS: u8 = 8;

/// A keyboard that types for this process alone.
pub(crate) struct Keyboard {
    device: RawDevice,
    /// Read and not handed over yet: the buffer was too small.
    waiting: Vec<u8>,
}

impl Keyboard {
    /// Opens a keyboard and takes it; what was typed before is forgotten,
    /// for a file that is opened has only what comes from then on.
    pub(crate) fn open(path: &str) -> Result<Self, Unavailable> {
        let mut device = RawDevice::open(path).map_err(|error| unavailable(path, &error))?;
        device.grab().map_err(|error| unavailable(path, &error))?;
        Ok(Self { device, waiting: Vec::new() })
    }

    fn wait(&self, wait: u64) -> Result<bool, Error> {
        let wait = Timespec {
            tv_sec: i64::try_from(wait / 1_000).unwrap_or(i64::MAX),
            tv_nsec: i64::try_from(wait % 1_000 * 1_000_000).unwrap_or_default(),
        };
        let mut files = [PollFd::from_borrowed_fd(self.device.as_fd(), PollFlags::IN)];
        // A signal is no silence.
        Ok(retry_on_intr(|| poll(&mut files, Some(&wait)))? > 0)
    }

    fn fetch(&mut self) -> Result<(), Error> {
        for event in self.device.fetch_events()? {
            let change = match event.value() {
                0 => Change::Up,
                1 => Change::Down,
                _ => Change::Repeat,
            };
            if event.event_type() == EventType::KEY {
                self.waiting.extend(KeyEvent { code: event.code(), change }.to_bytes());
            } else if event.event_type() == EventType::SYNCHRONIZATION
                && event.code() == SynchronizationCode::SYN_DROPPED.0
            {
                self.waiting.extend(KeyEvent { code: EVENTS_LOST, change: Change::Up }.to_bytes());
            }
        }
        Ok(())
    }
}

/// A keyboard that a program makes (`uinput`), gone with its end.
pub(crate) struct Made(VirtualDevice);

impl Made {
    pub(crate) fn new() -> Result<Self, Error> {
        let keys: AttributeSet<KeyCode> = MAIN_BLOCK.map(KeyCode).collect();
        let made = VirtualDevice::builder()?.name("Tidemark scanner").with_keys(&keys)?.build()?;
        Ok(Self(made))
    }

    /// Each key for itself: programs drop what changes at once.
    pub(crate) fn emit(&mut self, key: u16, is_down: bool) -> Result<(), Error> {
        self.0.emit(&[InputEvent::new(EventType::KEY.0, key, i32::from(is_down))])
    }
}

impl Link for Keyboard {
    fn read(&mut self, buffer: &mut [u8], wait: u64) -> Heard {
        // What comes may be no key; it is no silence either.
        for _ in 0..LOOKS {
            if !self.waiting.is_empty() {
                break;
            }
            match self.wait(wait).and_then(|ready| if ready { self.fetch().map(|()| true) } else { Ok(false) }) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
                // ENODEV, EIO: the cable.
                Err(error) => return Heard::Gone(error.to_string()),
            }
        }
        let whole = buffer.len() / KEY_EVENT_BYTES * KEY_EVENT_BYTES;
        let count = self.waiting.len().min(whole);
        let (Some(to), Some(from)) = (buffer.get_mut(..count), self.waiting.get(..count)) else { return Heard::Quiet };
        to.copy_from_slice(from);
        self.waiting.drain(..count);
        if count == 0 { Heard::Quiet } else { Heard::Bytes(count) }
    }

    fn write(&mut self, _: &Command) -> std::io::Result<()> {
        // A keyboard can't be told; nobody has bytes for it.
        Ok(())
    }
}

#[cfg(test)]
mod tests;
