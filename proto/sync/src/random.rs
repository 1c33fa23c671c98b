//! Chance for jitter, drawn from a seed of the shell: the same seed gives the
//! same run.

/// A generator after Steele, Lea and Flood, "Fast splittable pseudorandom
/// number generators" (SplitMix64). Not for secrets.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A generator that begins at `seed`.
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 if the bound is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.bits().checked_rem(bound).unwrap_or(0)
    }

    /// `millis` ± 50 %.
    pub fn about(&mut self, millis: u64) -> u64 {
        millis / 2 + self.below(millis.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let draw = |seed| {
            let mut random = Random::seeded(seed);
            [random.bits(), random.bits(), random.below(10)]
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn about_stays_within_half_either_way() {
        let mut random = Random::seeded(1);
        let drawn: Vec<u64> = (0..1_000).map(|_| random.about(300)).collect();
        assert!(drawn.iter().all(|millis| (150..=450).contains(millis)));
        assert!(drawn.iter().any(|millis| *millis < 200) && drawn.iter().any(|millis| *millis > 400));
    }
}
