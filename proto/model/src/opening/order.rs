//! Whether what a box committed before it took its opening came after all that
//! is in it.
//!
//! A box may have been in use beside the one before it, without a word to it.
//! Nothing but durations tells that it was not: what came of the older epochs
//! was applied so long ago at the centre, and this box's first movement is
//! younger. How long ago a reading of the odometer was is known within a boot
//! alone.

use crate::position::Odometer;

use super::Taking;

/// The centre's clock may be set between two looks at it, by so much.
pub(super) const SET_MS: u64 = 10_000;

impl Taking {
    /// How an opening is taken by a box whose `first` movement was committed at
    /// this reading, if there is one, in a boot that began at `boot`. All that is
    /// in the opening was committed before `older_until`, if that is known.
    #[must_use]
    pub const fn after(first: Option<Odometer>, boot: Odometer, older_until: Option<Odometer>) -> Self {
        let Some(until) = older_until else { return Self::Beside };
        let follows = match first {
            Some(first) => first.0 > boot.0 && until.0.saturating_add(SET_MS) < first.0,
            // Its birth did.
            None => boot.0 == Odometer::BIRTH.0 && until.0.saturating_add(SET_MS) < Odometer::BIRTH.0,
        };
        if follows { Self::Never } else { Self::Beside }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_to_have_come_later_is_told_in_its_order() {
        let at = |run: u64| Odometer(Odometer::BIRTH.0 + run);
        let after = |first, boot, until| Taking::after(Some(at(first)), at(boot), Some(at(until)));
        assert_eq!(after(30_000, 0, 19_999), Taking::Never);
        assert_eq!(after(30_000, 0, 20_000), Taking::Beside, "the centre's clock may have been set");
        assert_eq!(after(30_000, 29_999, 0), Taking::Never);
        // The last reading of a boot may be the first of the next.
        assert_eq!(after(30_000, 30_000, 0), Taking::Beside, "the box was off since, for nobody knows how long");
        assert_eq!(Taking::after(Some(at(30_000)), at(0), None), Taking::Beside, "an older centre does not say");
        let without = |boot, until: Odometer| Taking::after(None, at(boot), Some(until));
        assert_eq!(without(0, at(0).back(10_001)), Taking::Never);
        assert_eq!(without(0, at(0).back(10_000)), Taking::Beside, "what is counted now may have begun before");
        assert_eq!(without(1, at(0).back(10_001)), Taking::Beside);
        let long_ago = at(90_000).back(50 * 365 * 86_400_000);
        assert_eq!(Taking::after(Some(at(30_000)), at(0), Some(long_ago)), Taking::Never);
    }
}
