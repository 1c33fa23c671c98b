//! When a thing happened, and whether the item's last count had seen it.

use crate::books::ClosedCount;
use crate::document::Timing;
use crate::kind::Marks;
use crate::outcome::Stamp;
use crate::position::Odometer;

/// When a thing happened, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// At commit; never judged.
    Now(Odometer),
    /// At this reading, which the box knows.
    At(Odometer),
    /// Somewhere from the first to the second reading, both included.
    Between(Odometer, Odometer),
    /// Before now, nobody knows how long.
    Unknown(Odometer),
}

/// What the item's last count says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The count had not seen it: effect as usual.
    Counts,
    /// The count had seen it: effect 0.
    Explained,
    /// It can't be told: effect as usual, on the recount list.
    Unordered,
}

impl When {
    /// When a document's line happened; `age_ms` is the line's own.
    pub(super) fn of(timing: Timing, age_ms: Option<u64>, stamp: &Stamp) -> Self {
        match timing {
            Timing::Live => Self::Now(stamp.odometer),
            Timing::At(reading) => Self::At(reading),
            Timing::Deferred { age_ms: of_document } => match age_ms.or(of_document) {
                None => Self::Unknown(stamp.odometer),
                Some(age) => Self::aged(age, stamp),
            },
        }
    }

    /// A thing of that age at arrival. An age is exact back to the boot's start; the
    /// time the box was off is in the age but not in the odometer, so
    /// beyond it the reading lies between now − age and the boot's start. What
    /// reaches behind the epoch's birth may be older than anything: how long
    /// before it the counts of older epochs stand is not known.
    pub(super) fn aged(age_ms: u64, stamp: &Stamp) -> Self {
        let earliest = stamp.arrived.back(age_ms);
        if earliest >= stamp.boot && stamp.arrived.0 >= age_ms {
            return Self::At(earliest);
        }
        let earliest = if earliest < Odometer::BIRTH { Odometer(0) } else { earliest };
        Self::Between(earliest, stamp.boot.max(earliest))
    }

    /// The reading that is kept: the latest it can be.
    pub(super) const fn reading(self) -> Odometer {
        match self {
            Self::Now(reading) | Self::At(reading) | Self::Unknown(reading) | Self::Between(_, reading) => reading,
        }
    }

    /// What a movement says of a reading that is not exact.
    pub(super) const fn marks(self) -> Marks {
        match self {
            Self::Now(_) | Self::At(_) => Marks::NONE,
            Self::Between(..) => Marks::UNSURE,
            Self::Unknown(_) => Marks::AGELESS,
        }
    }

    /// Whether the reading is exact.
    pub(super) const fn is_exact(self) -> bool {
        match self {
            Self::Now(_) | Self::At(_) => true,
            Self::Between(..) | Self::Unknown(_) => false,
        }
    }

    /// What the item's last closed count says of it. A thing at the very
    /// reading of a mark counts as seen, as the effects after a mark are
    /// those strictly later.
    pub(super) fn judge(self, closed: Option<ClosedCount>) -> Verdict {
        let Some(closed) = closed else { return Verdict::Counts };
        match self {
            Self::Now(_) => Verdict::Counts,
            Self::Unknown(_) => Verdict::Unordered,
            Self::At(latest) | Self::Between(_, latest) if latest <= closed.first => Verdict::Explained,
            Self::At(earliest) | Self::Between(earliest, _) if earliest > closed.last => Verdict::Counts,
            Self::At(_) | Self::Between(..) => Verdict::Unordered,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::{Epoch, Position, WallTime};

    /// So long after the birth of the epoch.
    const fn after_birth(run: u64) -> Odometer {
        Odometer(Odometer::BIRTH.0 + run)
    }

    const fn stamp(run: u64, boot: u64) -> Stamp {
        Stamp {
            next: Position { epoch: Epoch(1), seq: 1 },
            odometer: after_birth(run),
            arrived: after_birth(run),
            boot: after_birth(boot),
            wall: WallTime(0),
        }
    }

    #[test]
    fn an_age_is_exact_back_to_the_boot() {
        assert_eq!(When::aged(10, &stamp(100, 50)), When::At(after_birth(90)));
        assert_eq!(When::aged(50, &stamp(100, 50)), When::At(after_birth(50)));
        assert_eq!(When::aged(80, &stamp(100, 50)), When::Between(after_birth(20), after_birth(50)));
        assert_eq!(When::aged(800, &stamp(100, 50)), When::Between(Odometer(0), after_birth(50)));
    }

    #[test]
    fn what_reaches_behind_the_birth_is_not_ordered_with_the_counts_of_older_epochs() {
        let closed = Some(ClosedCount { first: Odometer::BIRTH.back(900), last: Odometer::BIRTH.back(800) });
        let judge = |age| When::aged(age, &stamp(100, 50)).judge(closed);
        assert_eq!(judge(100), Verdict::Counts, "at the birth, in an earlier boot");
        assert_eq!(judge(101), Verdict::Unordered);
        assert_eq!(judge(5_000), Verdict::Unordered, "the box may have been off between two epochs");
    }

    #[test]
    fn an_age_is_told_by_the_arrival_however_long_the_document_waited() {
        let waited = Stamp { arrived: after_birth(70), ..stamp(100, 50) };
        assert_eq!(When::aged(10, &waited), When::At(after_birth(60)));
        assert_eq!(When::aged(30, &waited), When::Between(after_birth(40), after_birth(50)));
    }

    #[test]
    fn an_age_from_before_the_box_was_born_is_not_exact() {
        let before_birth = When::aged(800, &stamp(100, 0));
        assert_eq!(before_birth, When::Between(Odometer(0), Odometer::BIRTH));
        assert!(!before_birth.is_exact());
        assert!(When::aged(100, &stamp(100, 0)).is_exact());
    }

    #[test]
    fn only_what_lies_wholly_before_or_after_the_marks_is_certain() {
        let closed = Some(ClosedCount { first: Odometer(40), last: Odometer(60) });
        let judge = |earliest, latest| When::Between(Odometer(earliest), Odometer(latest)).judge(closed);
        assert_eq!(judge(30, 40), Verdict::Explained);
        assert_eq!(judge(61, 61), Verdict::Counts);
        assert_eq!(judge(50, 50), Verdict::Unordered);
        assert_eq!(judge(30, 61), Verdict::Unordered);
        assert_eq!(When::Now(Odometer(1)).judge(closed), Verdict::Counts);
        assert_eq!(When::Unknown(Odometer(1)).judge(closed), Verdict::Unordered);
        assert_eq!(When::Unknown(Odometer(1)).judge(None), Verdict::Counts);
    }
}
