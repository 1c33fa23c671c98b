//! The only place that reads clocks. Durations come from the steady clock;
//! wall time is a label.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};
use tidemark_model::WallTime;

/// The clocks of this process; cheap to copy.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: Duration,
}

impl Default for Clock {
    fn default() -> Self {
        Self::start()
    }
}

impl Clock {
    /// A clock that reads 0 now.
    #[must_use]
    pub fn start() -> Self {
        Self { began: steady() }
    }

    /// How long since the start; never goes back, stands still while the
    /// machine sleeps.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        steady().saturating_sub(self.began)
    }

    /// [`Self::elapsed`] in whole milliseconds.
    #[must_use]
    pub fn millis(&self) -> u64 {
        u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The wall clock; a label.
    #[must_use]
    pub fn wall(&self) -> WallTime {
        wall_now()
    }

    /// How long the machine has slept since it was switched on: if it grows
    /// by a second and more, a boot of the odometer has ended. (Two clocks
    /// are read one after the other, so smaller steps mean nothing.)
    #[must_use]
    #[cfg(target_os = "linux")]
    pub fn slept(&self) -> Duration {
        duration_of(ClockId::Boottime).saturating_sub(steady())
    }

    /// How long the machine has slept: not known on this system, whose steady
    /// clock may run on meanwhile.
    #[must_use]
    #[cfg(not(target_os = "linux"))]
    pub const fn slept(&self) -> Duration {
        Duration::ZERO
    }

    /// Waits. Virtual in tests with paused time, unlike the readings.
    pub async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// The wall clock; a label.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
pub fn wall_now() -> WallTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    WallTime(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn steady() -> Duration {
    duration_of(ClockId::Monotonic)
}

fn duration_of(id: ClockId) -> Duration {
    let now = clock_gettime(id);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    let nanos = u32::try_from(now.tv_nsec).unwrap_or(0);
    Duration::new(seconds, nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elapsed_never_goes_back() {
        let clock = Clock::start();
        let readings: Vec<Duration> = (0..1_000).map(|_| clock.elapsed()).collect();
        assert!(readings.is_sorted());
        assert!(clock.wall() > WallTime(1_700_000_000_000));
    }
}
