//! The service manager: ready, status, watchdog. Under none, all of it does
//! nothing.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;

/// Tells the service manager that the daemon is ready and how it is.
pub fn ready(status: &str) {
    notify(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// Tells the service manager in one line how the daemon is.
pub fn status(status: &str) {
    notify(&[NotifyState::Status(status)]);
}

/// Tells the service manager that the daemon is coming down.
pub fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// How often the daemon is asked whether it lives, and how long it may take to
/// answer: a third of what the service manager waits for, so that a slow
/// answer is in time too; none if nobody watches.
#[must_use]
pub fn watchdog_period() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|patience| patience / 3)
}

/// Tells the watchdog that the daemon lives. To be called by what does the
/// work, so that a daemon that is stuck is started again.
pub fn alive() {
    notify(&[NotifyState::Watchdog]);
}

/// A task that tells the watchdog that the daemon lives, as often as it wants
/// to hear it and as long as `lives` says so; `lives` asks what does the work
/// (an answer of the writer, a step of the applier), not this task.
pub async fn watch<L, F>(lives: L, stop: CancellationToken) -> Result<(), std::io::Error>
where
    L: FnMut() -> F + Send,
    F: Future<Output = bool> + Send,
{
    match watchdog_period() {
        Some(period) => beat(period, lives, alive, stop).await,
        None => stop.cancelled().await,
    }
    Ok(())
}

async fn beat<F>(period: Duration, mut lives: impl FnMut() -> F, mut tell: impl FnMut(), stop: CancellationToken)
where
    F: Future<Output = bool>,
{
    loop {
        let asked = tokio::time::timeout(period, lives()).await;
        if asked == Ok(true) {
            tell();
        } else {
            tracing::warn!("the daemon does not do its work; the watchdog is not told that it lives");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(period) => {}
        }
    }
}

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager can't be told");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// Five times well, then stuck, then ill.
    async fn answer(asked: u32) -> bool {
        if asked == 6 {
            std::future::pending::<()>().await;
        }
        asked <= 5
    }

    #[tokio::test(start_paused = true)]
    async fn the_watchdog_hears_only_of_a_daemon_that_does_its_work() {
        let (asked, told) = (Cell::new(0), Cell::new(0));
        let stop = CancellationToken::new();
        let lives = || {
            asked.set(asked.get() + 1);
            if asked.get() == 10 {
                stop.cancel();
            }
            answer(asked.get())
        };
        beat(Duration::from_secs(5), lives, || told.set(told.get() + 1), stop.clone()).await;
        assert_eq!((asked.get(), told.get()), (10, 5));
    }

    #[tokio::test(start_paused = true)]
    async fn a_daemon_that_is_slow_and_lives_is_told_in_time() {
        let (period, stop) = (Duration::from_secs(10), CancellationToken::new());
        let begun = tokio::time::Instant::now();
        let told = Cell::new(Vec::new());
        let lives = || async {
            tokio::time::sleep(Duration::from_secs(9)).await;
            true
        };
        let tell = || {
            let mut times = told.take();
            times.push(begun.elapsed());
            if times.len() == 3 {
                stop.cancel();
            }
            told.set(times);
        };
        beat(period, lives, tell, stop.clone()).await;
        let times = told.take();
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] < 3 * period), "{times:?}");
    }
}
