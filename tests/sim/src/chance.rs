//! Chance, drawn from a seed. Each part of the world has its own, so that
//! leaving a fault out disturbs the others little.

use tidemark_sync::Random;

/// A source of chance.
#[derive(Clone, Debug)]
pub(crate) struct Chance(Random);

impl Chance {
    /// The chance of a part of the world.
    pub(crate) fn of(seed: u64, part: u64) -> Self {
        let mut random = Random::seeded(seed ^ part.wrapping_mul(0xd6e8_feb8_6659_fd93));
        Self(Random::seeded(random.bits()))
    }

    pub(crate) const fn bits(&mut self) -> u64 {
        self.0.bits()
    }

    /// From `least` to `most`, both included.
    pub(crate) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.0.below(most.saturating_sub(least).saturating_add(1))
    }

    /// True so many times in a thousand.
    pub(crate) fn permille(&mut self, times: u64) -> bool {
        self.0.below(1_000) < times
    }

    /// A time around a mean, from a twentieth of it to three times it.
    pub(crate) fn around(&mut self, mean: u64) -> u64 {
        let (first, second) = (self.0.below(1_000), self.0.below(1_000));
        mean.saturating_mul(first.saturating_mul(second) / 400 + 50) / 1_000
    }

    /// One of several; none of none.
    pub(crate) fn of_slice<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let at = self.0.below(u64::try_from(from.len()).unwrap_or(u64::MAX));
        from.get(usize::try_from(at).unwrap_or(usize::MAX))
    }
}
