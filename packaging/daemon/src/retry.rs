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

    /// Full jitter: each wait is drawn from 0 up to a bound that doubles from
    /// `first` to `longest`, so that many who failed together don't come
    /// together again. (The library draws around half the bound.)
    fn backoff(self) -> ExponentialBackoff {
        ExponentialBackoff {
            current_interval: self.first / 2,
            initial_interval: self.first / 2,
            max_interval: self.longest / 2,
            randomization_factor: 1.0,
            multiplier: 2.0,
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

    #[test]
    fn waits_grow_to_the_bound_and_are_spread_over_all_of_it() {
        let policy = Policy { first: Duration::from_millis(100), longest: Duration::from_secs(5) };
        let mut backoff = policy.backoff();
        let waits: Vec<Duration> = (0..200).filter_map(|_| backoff.next_backoff()).collect();
        assert_eq!(waits.len(), 200, "it never gives up");
        assert!(waits[0] <= policy.first + Duration::from_nanos(1));
        let longest = waits.iter().max().copied().unwrap_or_default();
        assert!(longest <= policy.longest + Duration::from_nanos(1) && longest > policy.longest / 2, "{longest:?}");
        assert!(waits[10..].iter().any(|wait| *wait < policy.longest / 4), "{waits:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_when_is_believed() {
        let began = tokio::time::Instant::now();
        let tries = Cell::new(0);
        let attempt = || async {
            tries.set(tries.get() + 1);
            if tries.get() < 3 { Err("busy") } else { Ok(()) }
        };
        let judge = |_: &&str| Disposition::RetryAfter(Duration::from_secs(7));
        assert_eq!(retry(Policy::SERVICE, attempt, judge).await, Ok(()));
        assert_eq!(began.elapsed(), Duration::from_secs(14));
    }

    #[tokio::test]
    async fn what_cannot_be_helped_is_given_back_at_once() {
        let attempt = || async { Err::<(), _>("broken") };
        assert_eq!(retry(Policy::SERVICE, attempt, |_| Disposition::Stop).await, Err("broken"));
    }
}
