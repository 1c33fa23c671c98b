//! A recording that is played as if the device were there: each part of it
//! from plugging in to pulling out, at the speed at which it was recorded.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use crate::capture::{Part, parse};
use crate::decoder::Decoder;
use crate::event::Unavailable;
use crate::link::{Heard, Link, unavailable};
use crate::voice::Command;

/// A recording being played, all its parts in a row.
pub(crate) struct Replay {
    reads: std::vec::IntoIter<(u64, Vec<u8>)>,
    /// What comes next, and how long after what came before.
    next: Option<(u64, Vec<u8>)>,
    last_at: u64,
    /// Nobody sends: to wait, and be able to stop.
    never: (SyncSender<()>, Receiver<()>),
}

impl Replay {
    /// Opens a recording. All parts are of the kind of the first one.
    pub(crate) fn open(path: &str, decoder: &mut Decoder) -> Result<Self, Unavailable> {
        let text = std::fs::read_to_string(path).map_err(|error| unavailable(path, &error))?;
        let parts = parse(&text).map_err(|error| Unavailable::Failed(error.to_string()))?;
        let Some(first) = parts.first() else { return Err(Unavailable::Missing) };
        first.prepare(decoder);
        let kind = first.kind;
        let reads: Vec<_> = parts.into_iter().filter(|part| part.kind == kind).flat_map(Part::into_waits).collect();
        let mut reads = reads.into_iter();
        let next = reads.next();
        Ok(Self { reads, next, last_at: 0, never: sync_channel(1) })
    }
}

impl Part {
    /// What was read, and how long after what came before.
    fn into_waits(self) -> Vec<(u64, Vec<u8>)> {
        let mut last = 0;
        let waits =
            self.reads.into_iter().map(|(at, bytes)| (at.saturating_sub(std::mem::replace(&mut last, at)), bytes));
        waits.collect()
    }
}

impl Link for Replay {
    fn read(&mut self, buffer: &mut [u8], wait: u64) -> Heard {
        let Some((after, bytes)) = self.next.take() else {
            let _nobody = self.never.1.recv_timeout(Duration::from_millis(wait));
            return Heard::Gone("the recording is over".to_owned());
        };
        let left = after.saturating_sub(self.last_at);
        let slept = left.min(wait);
        let _nobody = self.never.1.recv_timeout(Duration::from_millis(slept));
        self.last_at += slept;
        if left > slept {
            self.next = Some((after, bytes));
            return Heard::Quiet;
        }
        self.last_at = 0;
        let count = bytes.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(&bytes) {
            *to = *from;
        }
        // What does not fit is read next.
        self.next = match bytes.get(count..) {
            Some(rest) if !rest.is_empty() => Some((0, rest.to_vec())),
            _ => self.reads.next(),
        };
        Heard::Bytes(count)
    }

    fn write(&mut self, _: &Command) -> std::io::Result<()> {
        // Nobody is there who could be told.
        Ok(())
    }
}
