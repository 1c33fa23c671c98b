//! Seeded draws: the same seed gives the same draws, on every machine.

/// A stream of draws.
#[derive(Clone, Debug)]
pub struct Draws(u64);

impl Draws {
    /// A stream for a seed and what it is drawn for, so that two uses of one
    /// seed do not draw alike.
    #[must_use]
    pub fn new(seed: u64, purpose: u64) -> Self {
        let mut draws = Self(seed ^ mixed(purpose.wrapping_add(GOLDEN)));
        let _first = draws.any();
        draws
    }

    /// Any number (SplitMix64, Steele and others, 2014).
    pub fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mixed(self.0)
    }

    /// A number below a bound; 0 if the bound is.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.any().checked_rem(bound).unwrap_or(0)
    }

    /// A number below a bound, to index with.
    pub fn index(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX);
        usize::try_from(self.below(bound)).unwrap_or(0)
    }

    /// True so often of a hundred times.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

const fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_draws_alike_for_one_purpose_only() {
        let draws = |seed, purpose| (0..4).map(move |_| 0).scan(Draws::new(seed, purpose), |d, _: i32| Some(d.any()));
        assert!(draws(1, 2).eq(draws(1, 2)));
        assert!(!draws(1, 2).eq(draws(1, 3)));
        assert!(!draws(1, 2).eq(draws(2, 2)));
    }

    #[test]
    fn a_draw_stays_below_its_bound() {
        let mut draws = Draws::new(7, 7);
        assert!((0..1_000).all(|_| draws.below(3) < 3 && draws.below(0) == 0));
    }
}
