//! The way of events to the owner, who may be slow.

use std::sync::Arc;

use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use crate::event::{DeviceEvent, Frame};
use crate::health::Counters;

/// One device's end of the owner's queue. It never waits: a frame that finds
/// the queue full is dropped and counted (it gets no good signal, and is
/// scanned again), a change of state is kept until there is room. Of several
/// changes the last one counts.
pub(crate) struct Outlet {
    events: Sender<DeviceEvent>,
    change: Option<DeviceEvent>,
    notice: Option<DeviceEvent>,
    counters: Arc<Counters>,
}

impl Outlet {
    pub(crate) const fn new(events: Sender<DeviceEvent>, counters: Arc<Counters>) -> Self {
        Self { events, change: None, notice: None, counters }
    }

    /// Tells a change of state.
    pub(crate) fn change(&mut self, event: DeviceEvent) {
        self.change = Some(event);
        self.flush();
    }

    /// Tells what was noticed; of several that find no room the last counts.
    pub(crate) fn notice(&mut self, event: DeviceEvent) {
        self.notice = Some(event);
        self.flush();
    }

    /// Tells what found no room before.
    pub(crate) fn flush(&mut self) {
        for waiting in [&mut self.change, &mut self.notice] {
            if let Some(event) = waiting.take()
                && let Err(TrySendError::Full(event)) = self.events.try_send(event)
            {
                *waiting = Some(event);
            }
        }
    }

    /// Hands a frame over.
    pub(crate) fn frame(&mut self, frame: Frame) {
        self.flush();
        // Not before the change that waits: it would come from a closed port.
        let room = if self.change.is_none() { self.events.try_reserve().ok() } else { None };
        let Some(room) = room else {
            self.counters.queue_full.one_more();
            return;
        };
        // Counted first: who has the frame finds it in the counters.
        self.counters.last_frame_at.set(frame.at);
        self.counters.frames.one_more();
        room.send(DeviceEvent::Frame(frame));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{DeviceId, Present};
    use crate::kind::Kind;
    use crate::profile::Class;

    fn frame(at: u64) -> Frame {
        Frame { device: DeviceId::of("p"), bytes: b"x".to_vec(), at }
    }

    fn opened(at: u64) -> DeviceEvent {
        let present = Present { kind: Kind::Serial, class: Class::B, usb: None, replaced: false };
        DeviceEvent::Opened { device: DeviceId::of("p"), at, present: Box::new(present) }
    }

    #[test]
    fn with_a_full_queue_frames_are_dropped_and_counted_and_changes_kept() {
        let (events, mut owner) = tokio::sync::mpsc::channel(1);
        let counters = Arc::new(Counters::default());
        let mut outlet = Outlet::new(events, Arc::clone(&counters));
        outlet.frame(frame(1));
        outlet.frame(frame(2));
        outlet.change(opened(3));
        outlet.change(opened(4));
        assert_eq!(owner.try_recv(), Ok(DeviceEvent::Frame(frame(1))));
        // The change comes before any frame behind it.
        outlet.frame(frame(5));
        assert_eq!(owner.try_recv(), Ok(opened(4)));
        outlet.frame(frame(6));
        assert_eq!(owner.try_recv(), Ok(DeviceEvent::Frame(frame(6))));
        let health = counters.health();
        assert_eq!((health.frame_count, health.queue_full_count, health.last_frame_at), (2, 2, Some(6)));
    }
}
