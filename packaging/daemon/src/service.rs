//! The service manager: ready, status, watchdog.

use std::time::Duration;

use sd_notify::NotifyState;

/// Tells the service manager that the daemon is ready and how it is.
pub fn ready(status: &str) {
    notify(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// Tells the service manager that the daemon is coming down.
pub fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// How often the watchdog wants to hear that the daemon lives: half of what
/// the service manager waits for; none if it does not watch.
#[must_use]
pub fn watchdog_period() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|period| period / 2)
}

/// Tells the watchdog that the daemon lives. To be called by what does the
/// work, so that a daemon that is stuck is started again.
pub fn alive() {
    notify(&[NotifyState::Watchdog]);
}

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager can't be told");
    }
}
