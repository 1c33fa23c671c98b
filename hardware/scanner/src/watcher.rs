//! The thread that knows what is plugged in: told by `libusb` when something
//! comes or goes, and looking by itself every five seconds, for a message can
//! be missed. Files come later than devices, so after a change it looks
//! several times. Where `libusb` cannot tell, looking is all there is.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use rusb::{Context, Device, Hotplug, HotplugBuilder, Registration, UsbContext};
use tokio::sync::watch;

use crate::found::{Found, find_all};
use crate::limits::{RECONCILE, SETTLING, WATCH_WAIT};
use crate::plugged::{Plugged, Seen};
use crate::scanners::Clock;

/// The thread; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Watcher {
    /// Closed to end the thread.
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Starts to watch.
    pub(crate) fn start(clock: Clock) -> io::Result<(Self, Plugged)> {
        let (stop, stopped) = sync_channel(1);
        let (tell, seen) = watch::channel(None);
        let watch = move || Watch { clock, tell, stopped, schedule: Schedule::new() }.run();
        let thread = Builder::new().name("scanner-watch".to_owned()).spawn(watch)?;
        Ok((Self { stop: Some(stop), thread: Some(thread) }, Plugged::new(seen)))
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so itself, and is gone.
            let _gone = thread.join();
        }
    }
}

/// When to look, in milliseconds. Pure.
#[derive(Debug)]
struct Schedule {
    /// When the last change was told, and how often it was looked since.
    change: Option<(u64, usize)>,
    looked_at: Option<u64>,
}

impl Schedule {
    const fn new() -> Self {
        Self { change: None, looked_at: None }
    }

    /// Something came or went.
    const fn handle_change(&mut self, now: u64) {
        self.change = Some((now, 0));
    }

    /// When the next look is due.
    fn poll_timeout(&self) -> u64 {
        let Some(looked_at) = self.looked_at else { return 0 };
        let settling = self.change.and_then(|(at, looks)| Some(at.saturating_add(*SETTLING.get(looks)?)));
        let regular = looked_at.saturating_add(RECONCILE);
        settling.map_or(regular, |due| due.min(regular))
    }

    /// Whether to look now.
    fn handle_timeout(&mut self, now: u64) -> bool {
        if now < self.poll_timeout() {
            return false;
        }
        self.looked_at = Some(now);
        self.change = self.change.and_then(|(at, looks)| {
            let looked = SETTLING.iter().skip(looks).take_while(|after| at.saturating_add(**after) <= now).count();
            (looks + looked < SETTLING.len()).then_some((at, looks + looked))
        });
        true
    }
}

struct Watch {
    clock: Clock,
    tell: watch::Sender<Seen>,
    stopped: Receiver<()>,
    schedule: Schedule,
}

impl Watch {
    fn run(mut self) {
        // First what is there: the messages take a while to be set up.
        self.look();
        let messages = Messages::subscribe();
        while self.wait(messages.as_ref()) {
            if messages.as_ref().is_some_and(Messages::take) {
                self.schedule.handle_change((self.clock)());
            }
            self.look();
        }
    }

    fn look(&mut self) {
        if self.schedule.handle_timeout((self.clock)()) {
            let found: Arc<[Found]> = find_all().into();
            self.tell.send_if_modified(|seen| {
                let changed = seen.as_ref() != Some(&found);
                if changed {
                    *seen = Some(found);
                }
                changed
            });
        }
    }

    /// Waits for a message or a moment; false at the end.
    fn wait(&self, messages: Option<&Messages>) -> bool {
        let wait = Duration::from_millis(WATCH_WAIT);
        // If messages cannot be waited for, the channel is.
        let waited = messages.is_some_and(|messages| messages.context.handle_events(Some(wait)).is_ok());
        let left = if waited { Duration::ZERO } else { wait };
        matches!(self.stopped.recv_timeout(left), Err(RecvTimeoutError::Timeout))
    }
}

/// What `libusb` tells.
struct Messages {
    context: Context,
    changed: Arc<AtomicBool>,
    /// The messages end with it.
    _registration: Registration<Context>,
}

impl Messages {
    /// `None` where there is no USB or no way to be told.
    fn subscribe() -> Option<Self> {
        if !rusb::has_hotplug() {
            return None;
        }
        let context = Context::new().ok()?;
        let changed = Arc::new(AtomicBool::new(false));
        let note = Note { changed: Arc::clone(&changed) };
        let registration = HotplugBuilder::new().register(&context, Box::new(note)).ok()?;
        Some(Self { context, changed, _registration: registration })
    }

    fn take(&self) -> bool {
        self.changed.swap(false, Ordering::Relaxed)
    }
}

/// Only notes that something changed: in a message no question may be asked.
struct Note {
    changed: Arc<AtomicBool>,
}

impl Hotplug<Context> for Note {
    fn device_arrived(&mut self, _: Device<Context>) {
        self.changed.store(true, Ordering::Relaxed);
    }

    fn device_left(&mut self, _: Device<Context>) {
        self.changed.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_looks_at_once_and_then_every_five_seconds() {
        let mut schedule = Schedule::new();
        assert!(schedule.handle_timeout(7));
        assert!(!schedule.handle_timeout(8));
        assert_eq!(schedule.poll_timeout(), 7 + RECONCILE);
        assert!(schedule.handle_timeout(7 + RECONCILE));
    }

    #[test]
    fn after_a_change_it_looks_several_times_for_files_come_late() {
        let mut schedule = Schedule::new();
        assert!(schedule.handle_timeout(0));
        schedule.handle_change(1_000);
        let looks: Vec<u64> = (1_000..6_000).filter(|now| schedule.handle_timeout(*now)).collect();
        assert_eq!(looks, [1_050, 1_200, 1_800, 3_000]);
        assert_eq!(schedule.poll_timeout(), 3_000 + RECONCILE);
    }

    #[test]
    fn many_changes_at_once_are_looked_at_together() {
        let mut schedule = Schedule::new();
        assert!(schedule.handle_timeout(0));
        let looks = (1_000..1_600).filter(|now| {
            if now % 10 == 0 {
                schedule.handle_change(*now);
            }
            schedule.handle_timeout(*now)
        });
        assert_eq!(looks.count(), 0, "as long as they come, the next look is put off");
        assert!(schedule.poll_timeout() <= 1_650);
    }

    proptest! {
        #[test]
        fn a_look_is_never_more_than_five_seconds_away(changes in proptest::collection::vec(0_u64..20_000, 0..20)) {
            let mut schedule = Schedule::new();
            let mut last = 0;
            for now in 0..20_000 {
                if changes.contains(&now) {
                    schedule.handle_change(now);
                }
                if schedule.handle_timeout(now) {
                    last = now;
                }
                prop_assert!(now - last <= RECONCILE && schedule.poll_timeout() > now);
            }
        }
    }

    #[test]
    fn what_is_plugged_in_is_known_soon_and_the_thread_ends() {
        let clock: Clock = Arc::new(|| 0);
        let (watcher, plugged) = Watcher::start(clock).unwrap();
        // However slow the machine is.
        for _ in 0..600 {
            if plugged.is_known() {
                break;
            }
            let (_keep, never) = sync_channel::<()>(1);
            never.recv_timeout(Duration::from_millis(50)).unwrap_err();
        }
        assert!(plugged.is_known());
        drop(watcher);
    }
}
