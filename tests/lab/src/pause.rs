//! Waiting for what the kernel, udev or the box do in their own time.

use std::sync::mpsc::sync_channel;
use std::time::Duration;

use tidemark_daemon::clock::Clock;

use crate::Trouble;

/// How long anything may take: a hang limit, for the guest is slow.
pub const HANG: Duration = Duration::from_secs(120);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);

/// Waits.
pub fn pause(time: Duration) {
    // Nobody sends.
    let (_keep, never) = sync_channel::<()>(1);
    let _elapsed = never.recv_timeout(time);
}

/// Looks until there is something; at the end says what there was instead.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Result<T, Trouble>) -> Result<T, Trouble> {
    let clock = Clock::start();
    loop {
        match look() {
            Ok(found) => return Ok(found),
            Err(other) if clock.elapsed() > HANG => return Err(format!("waited for {what}: {other}").into()),
            Err(_not_yet) => pause(LOOK),
        }
    }
}
