//! What readers see of a balance: the on-hand after its highest position, but
//! while a box has not taken its opening, the level of the epoch before. What
//! stood before an epoch that settled is Σ effect: the box took that over.

use std::collections::BTreeMap;

use tidemark_model::{Basis, EpochOrdinal, Quantity, Seq, StoreId};

use crate::apply::{EpochState, Known, Plan, Taken};

/// A balance as it is kept.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// How the box of its highest position's epoch stands to its opening.
    pub taken: Taken,
    /// Whether an epoch after that of its highest position is settled.
    pub settled_since: bool,
    /// The seq of its highest position.
    pub seq: Seq,
    /// Σ effect, over all epochs.
    pub effect_sum: Quantity,
    /// On-hand after the highest position, and whether it is counted.
    pub own: (Quantity, bool),
    /// What readers saw when the epoch before ended.
    pub old: Option<(Quantity, bool)>,
}

impl Seen {
    /// On-hand, its basis, and whether it is the one of an older epoch.
    #[must_use]
    pub fn level(&self) -> (Quantity, Basis, bool) {
        let basis = |counted: bool| if counted { Basis::Counted } else { Basis::None };
        let (old_on_hand, old_counted) = self.old.unwrap_or((Quantity::ZERO, false));
        if self.settled_since {
            // What its last movement saw may have been lost, or never told.
            return (self.effect_sum, basis(self.own.1 || old_counted), false);
        }
        match self.taken {
            Taken::First => (self.own.0, basis(self.own.1), false),
            Taken::At(seq) | Taken::Settled(seq) if self.seq > seq => (self.own.0, basis(self.own.1), false),
            // Decided over empty books, and all of it is there: the sum over
            // all epochs is what the box has taken over.
            Taken::Settled(_) => (self.effect_sum, basis(self.own.1 || old_counted), false),
            Taken::Not | Taken::At(_) => (old_on_hand, basis(old_counted), true),
        }
    }
}

/// How the boxes of a batch's stores stand to their openings once it is
/// written, by the ordinals of their epochs.
pub(crate) fn takens<'p>(known: &'p Known, plan: &'p Plan) -> BTreeMap<(&'p StoreId, EpochOrdinal), Taken> {
    let held = known.epochs.iter().map(|((store, epoch), state)| (store, *epoch, state.ordinal, state.taken));
    let begun = |ordinal: EpochOrdinal| EpochState::begun(ordinal).taken;
    let opened = plan.opened.iter().map(|(store, epoch, ordinal)| (store, *epoch, *ordinal, begun(*ordinal)));
    let changed = |store: &StoreId, epoch| plan.taken.get(&(store.clone(), epoch)).copied();
    let all = held.chain(opened);
    all.map(|(store, epoch, ordinal, taken)| ((store, ordinal), changed(store, epoch).unwrap_or(taken))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_epochs_level_is_seen_until_the_opening_is_taken_and_settled() {
        let units = |count| Quantity::units(count).unwrap();
        let seen = |taken, seq| {
            let (own, old) = ((units(-1), false), Some((units(100), true)));
            Seen { taken, settled_since: false, seq, effect_sum: units(99), own, old }
        };
        let (own, old, sum) =
            ((units(-1), Basis::None, false), (units(100), Basis::Counted, true), (units(99), Basis::Counted, false));
        let level = |taken, seq| seen(taken, seq).level();
        assert_eq!(level(Taken::First, 5), own);
        assert_eq!(level(Taken::Not, 5), old);
        assert_eq!([level(Taken::At(5), 5), level(Taken::At(5), 6)], [old, own]);
        assert_eq!([level(Taken::Settled(5), 5), level(Taken::Settled(5), 6)], [sum, own]);
        for taken in [Taken::First, Taken::Not, Taken::At(5), Taken::Settled(5)] {
            assert_eq!(Seen { settled_since: true, ..seen(taken, 6) }.level(), sum);
        }
    }
}
