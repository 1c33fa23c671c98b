//! How much a test tries: little in every run, all of it in a long one.

use std::time::Duration;

/// Set by `./dev test --long`.
const LONG: &str = "TIDEMARK_LONG";

/// Whether this is a long run.
#[must_use]
pub fn is_long() -> bool {
    std::env::var_os(LONG).is_some()
}

/// One of two sizes: that of every run, or that of a long one.
#[must_use]
pub fn either<T>(ordinary: T, long: T) -> T {
    if is_long() { long } else { ordinary }
}

/// How long something is halted.
#[must_use]
pub fn halt() -> Duration {
    either(Duration::from_secs(4), Duration::from_secs(60))
}
