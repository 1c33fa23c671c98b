//! Retries that never give up. The only user of `backoff`, which is no longer
//! maintained (RUSTSEC-2025-0012); the protocol's own delays are decided in
//! `proto/sync`.

use std::future::Future;
use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff as _;

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Try again after the back-off.
    Retry,
    /// Try again after this time.
    RetryAfter(Duration),
    /// The record is at fault: set it aside and go on.
    Park,
    /// Trying again can't help.
    Stop,
}

/// How long to wait between tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The first wait.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
}

impl Policy {
    /// For a database, broker or cache that is away.
    pub const SERVICE: Self = Self { first: Duration::from_millis(100), longest: Duration::from_secs(5) };

    fn backoff(self) -> ExponentialBackoff {
        ExponentialBackoff {
            current_interval: self.first,
            initial_interval: self.first,
            max_interval: self.longest,
            max_elapsed_time: None,
            ..ExponentialBackoff::default()
        }
    }
}

/// Tries until it succeeds or `judge` says that it can't; each failure goes
/// through `judge`, so that none is silent.
pub async fn retry<T, E, F>(
    policy: Policy,
    mut attempt: impl FnMut() -> F,
    mut judge: impl FnMut(&E) -> Disposition,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    let mut backoff = policy.backoff();
    loop {
        let error = match attempt().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let wait = match judge(&error) {
            Disposition::Retry => backoff.next_backoff().unwrap_or(policy.longest),
            Disposition::RetryAfter(wait) => wait,
            Disposition::Park | Disposition::Stop => return Err(error),
        };
        tokio::time::sleep(wait).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[tokio::test(start_paused = true)]
    async fn it_goes_on_until_it_succeeds() {
        let tries = Cell::new(0);
        let attempt = || async {
            tries.set(tries.get() + 1);
            if tries.get() < 50 { Err("away") } else { Ok(tries.get()) }
        };
        let seen = Cell::new(0);
        let judge = |_: &&str| {
            seen.set(seen.get() + 1);
            Disposition::Retry
        };
        assert_eq!(retry(Policy::SERVICE, attempt, judge).await, Ok(50));
        assert_eq!(seen.get(), 49);
    }

    #[tokio::test]
    async fn what_cannot_be_helped_is_given_back_at_once() {
        let attempt = || async { Err::<(), _>("broken") };
        assert_eq!(retry(Policy::SERVICE, attempt, |_| Disposition::Stop).await, Err("broken"));
    }
}
