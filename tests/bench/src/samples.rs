//! Samples of a duration and what is told of them.

use std::fmt;
use std::time::Duration;

/// Durations of one kind, in the order they were taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub(crate) fn add(&mut self, sample: Duration) {
        self.0.push(sample);
    }

    /// The sample below which `per_mille` of a thousand lie.
    pub(crate) fn quantile(&self, per_mille: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let at = (sorted.len() * per_mille / 1_000).min(sorted.len().saturating_sub(1));
        sorted.get(at).copied().unwrap_or_default()
    }

    /// Median and range, as text.
    pub(crate) fn spread(&self) -> String {
        let [median, low, high] = [500, 0, 1_000].map(|per_mille| Millis(self.quantile(per_mille)));
        format!("{median} ({low}–{high})")
    }
}

/// A duration in milliseconds with two decimals.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Millis(pub(crate) Duration);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_micros();
        write!(f, "{}.{:02} ms", micros / 1_000, micros % 1_000 / 10)
    }
}

/// How many a second.
pub(crate) fn rate(count: u64, took: Duration) -> u64 {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
    count.saturating_mul(1_000_000) / micros
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_samples() {
        let mut samples = Samples::default();
        (1..=100).rev().for_each(|ms| samples.add(Duration::from_millis(ms)));
        assert_eq!(samples.quantile(500), Duration::from_millis(51));
        assert_eq!(samples.quantile(990), Duration::from_millis(100));
        assert_eq!(samples.spread(), "51.00 ms (1.00 ms–100.00 ms)");
        assert_eq!(Samples::default().quantile(500), Duration::ZERO);
        assert_eq!(Millis(Duration::from_micros(1_234)).to_string(), "1.23 ms");
        assert_eq!(rate(500, Duration::from_millis(250)), 2_000);
    }
}
