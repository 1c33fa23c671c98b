//! The odometer: how long the box has run in its epoch, over all its boots. It
//! starts from the saved reading and goes on by the caller's steady clock; with
//! each epoch it begins anew, for readings of older ones are moved before its
//! birth.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tidemark_model::{Odometer, WallTime};

/// One look at the caller's clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Milliseconds of a clock that never goes back, from any start.
    pub steady_ms: u64,
    /// The wall clock, a label.
    pub wall: WallTime,
}

/// Gives a [`Reading`]; the daemon hands in its clock, tests a virtual one.
pub type Clock = Arc<dyn Fn() -> Reading + Send + Sync>;

/// The running odometer, for all threads.
#[derive(Clone)]
pub(crate) struct Running(Arc<Shared>);

struct Shared {
    clock: Clock,
    /// What the odometer is ahead of the steady clock, wrapping.
    ahead: AtomicU64,
    boot: AtomicU64,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("now", &self.now()).field("boot", &self.boot()).finish()
    }
}

impl Running {
    /// Goes on from the saved reading; that begins a boot.
    pub(crate) fn from(saved: Odometer, clock: Clock) -> Self {
        let ahead = saved.0.wrapping_sub(clock().steady_ms);
        Self(Arc::new(Shared { clock, ahead: AtomicU64::new(ahead), boot: AtomicU64::new(saved.0) }))
    }

    /// An epoch is born, and a boot with it.
    pub(crate) fn begin_epoch(&self) {
        let ahead = Odometer::BIRTH.0.wrapping_sub((self.0.clock)().steady_ms);
        self.0.ahead.store(ahead, Ordering::Relaxed);
        self.0.boot.store(Odometer::BIRTH.0, Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> Odometer {
        self.read().0
    }

    pub(crate) fn read(&self) -> (Odometer, WallTime) {
        let reading = (self.0.clock)();
        let ahead = self.0.ahead.load(Ordering::Relaxed);
        (Odometer(reading.steady_ms.wrapping_add(ahead)), reading.wall)
    }

    /// When the present boot began.
    pub(crate) fn boot(&self) -> Odometer {
        Odometer(self.0.boot.load(Ordering::Relaxed))
    }

    /// The machine slept: ages reach back to now only.
    pub(crate) fn begin_boot(&self) {
        self.0.boot.store(self.now().0, Ordering::Relaxed);
    }
}

/// Gives each document its reading: never less than the one before, and with
/// a count's mark alone on its millisecond, so that whatever is committed
/// after it also happened after it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamps {
    least: Odometer,
}

impl Stamps {
    pub(crate) const fn from(saved: Odometer) -> Self {
        Self { least: saved }
    }

    /// Whether a mark stands on this millisecond.
    pub(crate) fn is_ahead_of(self, now: Odometer) -> bool {
        self.least > now
    }

    pub(crate) fn next(&mut self, now: Odometer, marks: bool) -> Odometer {
        let reading = now.max(self.least);
        self.least = if marks { Odometer(reading.0.saturating_add(1)) } else { reading };
        reading
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_mark_in_the_same_millisecond_happened_after_it() {
        let mut stamps = Stamps::from(Odometer(5));
        assert_eq!(stamps.next(Odometer(3), false), Odometer(5));
        assert_eq!(stamps.next(Odometer(7), true), Odometer(7));
        assert_eq!(stamps.next(Odometer(7), false), Odometer(8));
        assert_eq!(stamps.next(Odometer(7), false), Odometer(8));
        assert_eq!(stamps.next(Odometer(9), false), Odometer(9));
    }

    #[test]
    fn the_odometer_goes_on_from_what_was_saved_and_a_sleep_begins_a_boot() {
        let steady = Arc::new(AtomicU64::new(1_000));
        let source = Arc::clone(&steady);
        let clock: Clock = Arc::new(move || Reading { steady_ms: source.load(Ordering::Relaxed), wall: WallTime(0) });
        let running = Running::from(Odometer(50), clock);
        assert_eq!((running.now(), running.boot()), (Odometer(50), Odometer(50)));
        steady.store(1_030, Ordering::Relaxed);
        assert_eq!(running.now(), Odometer(80));
        running.begin_boot();
        assert_eq!(running.boot(), Odometer(80));
        running.begin_epoch();
        steady.store(1_037, Ordering::Relaxed);
        assert_eq!((running.now(), running.boot()), (Odometer(Odometer::BIRTH.0 + 7), Odometer::BIRTH));
    }
}
