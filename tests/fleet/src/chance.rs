//! Seeded chance: the same seed gives the same shop day.

use tidemark_sync::Random;

/// Draws from one sequence.
#[derive(Clone, Debug)]
pub struct Chance(Random);

impl Chance {
    /// The sequence of a seed.
    #[must_use]
    pub const fn of(seed: u64) -> Self {
        Self(Random::seeded(seed))
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0.bits()
    }

    /// A number from 0 to below `limit`; 0 if there is none.
    pub fn below(&mut self, limit: u64) -> u64 {
        let wide = u128::from(self.bits()) * u128::from(limit);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// Whether an event of `per_mille` in a thousand happens.
    pub fn happens(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_within_their_limit() {
        let draw = || {
            let mut chance = Chance::of(7);
            (0..100).map(|_| chance.below(10)).collect::<Vec<_>>()
        };
        assert_eq!(draw(), draw());
        assert!((0..10).all(|value| draw().contains(&value)));
        assert_eq!(Chance::of(1).below(0), 0);
    }
}
