//! Sets of seqs as pairs of numbers: how many are passed over since the range
//! before, how many the range has beyond its first.

use tidemark_model::limits::BATCH_MOVEMENTS;
use tidemark_model::{Seq, SeqSet};

use super::field::at_most;
use crate::error::DecodeError;
use crate::limits::SEQ_RANGES;

pub(crate) fn seqs(of: &SeqSet) -> Vec<u64> {
    let mut before: Seq = 0;
    let mut pairs = Vec::new();
    for range in of.ranges() {
        let (first, last) = range.into_inner();
        pairs.push(first.saturating_sub(before).saturating_sub(1));
        pairs.push(last.saturating_sub(first));
        before = last;
    }
    pairs
}

/// The set; empty, cut or overflowing pairs are refused.
pub(crate) fn seqs_of(pairs: &[u64], field: &'static str) -> Result<SeqSet, DecodeError> {
    at_most(pairs.len(), 2 * SEQ_RANGES, field)?;
    let (pairs, []) = pairs.as_chunks::<2>() else {
        return Err(DecodeError::Range { field, found: odd(pairs), bounds: "an odd number of numbers" });
    };
    if pairs.is_empty() {
        return Err(DecodeError::Missing { field });
    }
    let mut before: Seq = 0;
    let mut set = SeqSet::new();
    for [skip, more] in pairs {
        let first = before.checked_add(1).and_then(|next| next.checked_add(*skip));
        let last = first.and_then(|first| first.checked_add(*more));
        let (Some(first), Some(last)) = (first, last) else {
            return Err(DecodeError::Range { field, found: *skip, bounds: "beyond the last seq" });
        };
        set.insert(first..=last);
        before = last;
    }
    Ok(set)
}

/// A set that has no more seqs than a batch.
pub(crate) fn few(set: SeqSet, field: &'static str) -> Result<SeqSet, DecodeError> {
    let found = usize::try_from(set.count()).unwrap_or(usize::MAX);
    at_most(found, BATCH_MOVEMENTS, field)?;
    Ok(set)
}

fn odd(pairs: &[u64]) -> u64 {
    u64::try_from(pairs.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_schemas_example_holds() {
        let set: SeqSet = [5, 6, 7, 9].into_iter().collect();
        assert_eq!(seqs(&set), [4, 2, 1, 0]);
    }

    proptest! {
        #[test]
        fn a_set_is_read_back(set in proptest::collection::btree_set(1_u64..200, 1..40)) {
            let set: SeqSet = set.into_iter().collect();
            prop_assert_eq!(seqs_of(&seqs(&set), "seqs"), Ok(set));
        }

        #[test]
        fn no_numbers_make_it_panic(pairs: Vec<u64>) {
            drop(seqs_of(&pairs, "seqs"));
        }
    }
}
