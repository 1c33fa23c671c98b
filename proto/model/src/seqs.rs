//! Sets of seqs as sorted, merged ranges.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::position::Seq;

/// A set of seqs, kept as disjoint ranges that do not touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeqSet(BTreeMap<Seq, Seq>);

impl SeqSet {
    /// No seq.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Whether it holds no seq.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many seqs it holds.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.ranges().map(|range| (range.end() - range.start()).saturating_add(1)).sum()
    }

    /// Whether it holds `seq`.
    #[must_use]
    pub fn has(&self, seq: Seq) -> bool {
        self.0.range(..=seq).next_back().is_some_and(|(_, last)| *last >= seq)
    }

    /// Its ranges, in order.
    pub fn ranges(&self) -> impl DoubleEndedIterator<Item = RangeInclusive<Seq>> + '_ {
        self.0.iter().map(|(first, last)| *first..=*last)
    }

    /// Its seqs, in order.
    pub fn iter(&self) -> impl Iterator<Item = Seq> + '_ {
        self.ranges().flatten()
    }

    /// The lowest seq.
    #[must_use]
    pub fn first(&self) -> Option<Seq> {
        self.0.first_key_value().map(|(first, _)| *first)
    }

    /// The highest seq.
    #[must_use]
    pub fn last(&self) -> Option<Seq> {
        self.0.last_key_value().map(|(_, last)| *last)
    }

    /// Its lowest `count` seqs.
    #[must_use]
    pub fn lowest(&self, count: u64) -> Self {
        let mut left = count;
        self.ranges()
            .map_while(|range| {
                let last = (*range.end()).min(range.start().saturating_add(left).checked_sub(1)?);
                left = left.checked_sub(1)?.saturating_sub(last.saturating_sub(*range.start()));
                Some(*range.start()..=last)
            })
            .collect()
    }

    /// Adds a range; an empty one adds nothing.
    pub fn insert(&mut self, range: RangeInclusive<Seq>) {
        if range.is_empty() {
            return;
        }
        let (mut first, mut last) = range.into_inner();
        let touching: Vec<Seq> = self
            .0
            .range(..=last.saturating_add(1))
            .rev()
            .take_while(|(_, end)| end.saturating_add(1) >= first)
            .map(|(start, _)| *start)
            .collect();
        for start in touching {
            if let Some(end) = self.0.remove(&start) {
                first = first.min(start);
                last = last.max(end);
            }
        }
        self.0.insert(first, last);
    }

    /// Takes a range out.
    pub fn remove(&mut self, range: RangeInclusive<Seq>) {
        if range.is_empty() {
            return;
        }
        let (first, last) = range.into_inner();
        let touching: Vec<Seq> =
            self.0.range(..=last).rev().take_while(|(_, end)| **end >= first).map(|(start, _)| *start).collect();
        for start in touching {
            let Some(end) = self.0.remove(&start) else { continue };
            if start < first {
                self.0.insert(start, first - 1);
            }
            if end > last {
                self.0.insert(last + 1, end);
            }
        }
    }

    /// Adds all of `other`.
    pub fn insert_all(&mut self, other: &Self) {
        other.ranges().for_each(|range| self.insert(range));
    }

    /// Takes all of `other` out.
    pub fn remove_all(&mut self, other: &Self) {
        other.ranges().for_each(|range| self.remove(range));
    }
}

impl FromIterator<Seq> for SeqSet {
    fn from_iter<I: IntoIterator<Item = Seq>>(seqs: I) -> Self {
        let mut set = Self::new();
        seqs.into_iter().for_each(|seq| set.insert(seq..=seq));
        set
    }
}

impl FromIterator<RangeInclusive<Seq>> for SeqSet {
    fn from_iter<I: IntoIterator<Item = RangeInclusive<Seq>>>(ranges: I) -> Self {
        let mut set = Self::new();
        ranges.into_iter().for_each(|range| set.insert(range));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn it_behaves_as_a_plain_set(steps in proptest::collection::vec((any::<bool>(), 1_u64..100, 0_u64..20), 0..60)) {
            let (mut set, mut plain) = (SeqSet::new(), BTreeSet::new());
            for (insert, first, length) in steps {
                let range = first..=first + length;
                if insert {
                    set.insert(range.clone());
                    plain.extend(range);
                } else {
                    set.remove(range.clone());
                    plain.retain(|seq| !range.contains(seq));
                }
                prop_assert_eq!(set.iter().collect::<Vec<_>>(), plain.iter().copied().collect::<Vec<_>>());
                prop_assert_eq!(set.count(), plain.len() as u64);
                for count in [0, 1, length, 1_000] {
                    let lowest: SeqSet = plain.iter().copied().take(usize::try_from(count).unwrap()).collect();
                    prop_assert_eq!(set.lowest(count), lowest);
                }
                let gaps = set.ranges().zip(set.ranges().skip(1));
                prop_assert!(gaps.into_iter().all(|(a, b)| a.end() + 1 < *b.start()));
            }
            for seq in 0..130 {
                prop_assert_eq!(set.has(seq), plain.contains(&seq));
            }
        }
    }
}
