//! Document identity: same id and same content is a retry, same id and other
//! content is parked once per content.

use crate::books::{Books, DocumentEntry, DocumentRecord, SequenceState};
use crate::document::{Body, Timing};
use crate::draft::Draft;
use crate::key::DocumentKey;
use crate::limits::SEQUENCE_GAPS;
use crate::outcome::{Outcome, Status, Warning};

use super::task::Task;

/// What the books hold under a document's identity.
pub(super) enum Held {
    /// This very content.
    Duplicate(Outcome),
    /// Nothing, but perhaps a void that waits for it.
    New(DocumentRecord),
    /// A part of this very content.
    InPart(DocumentRecord, DocumentEntry),
    /// Other content.
    OtherContent(DocumentRecord),
}

pub(super) fn look_up<B: Books>(draft: &Draft<'_, B>, task: Task<'_>) -> Result<Held, B::Error> {
    let key = DocumentKey::of(&task.document.source, &task.document.id);
    let record = draft.document(key)?.unwrap_or_default();
    if let Some(entry) = record.entries.iter().find(|entry| entry.content == task.content) {
        if brings_missing(task, entry) {
            let entry = entry.clone();
            return Ok(Held::InPart(record, entry));
        }
        return Ok(Held::Duplicate(Outcome {
            status: Status::Duplicate,
            first: entry.first,
            lines: entry.count,
            warnings: Vec::new(),
            movements: Vec::new(),
        }));
    }
    Ok(if record.entries.is_empty() { Held::New(record) } else { Held::OtherContent(record) })
}

/// Whether a part of a document is missing that comes now.
fn brings_missing(task: Task<'_>, entry: &DocumentEntry) -> bool {
    let comes = |ordinal: &u32| match (&task.document.body, task.committed) {
        (Body::Late(late), _) => late.movements.contains_key(ordinal),
        (_, committed) => committed.is_none_or(|committed| !committed.absent.contains(ordinal)),
    };
    entry.missing.iter().any(comes)
}

/// Notes a source's running number; tells what is missing.
pub(super) fn follow_sequence(state: &mut SequenceState, number: u64, timing: Timing) -> Option<Warning> {
    let highest = state.highest;
    let expected = highest.saturating_add(1);
    if highest == 0 || number == expected {
        state.highest = number;
        return None;
    }
    if number > expected {
        let (first, last) = (expected, number - 1);
        state.highest = number;
        note_gap(state, first, last);
        return Some(Warning::SequenceGap { first, last });
    }
    if number == highest || fill_gap(state, number) || !is_restart(state, number, timing) {
        return None;
    }
    state.highest = number;
    state.restarts = state.restarts.saturating_add(1);
    Some(Warning::SequenceRestarted { highest })
}

impl SequenceState {
    /// Notes a number under which nothing happened to stock. Whoever tells it
    /// may tell it again, so that it never begins the count anew.
    pub fn pass(&mut self, number: u64) {
        // What is missing before it is told with the next document.
        let _gap = follow_sequence(self, number, Timing::Deferred { age_ms: None });
    }
}

/// A number that fits no gap. A deferred document may be older than the first
/// that came; and where gaps are no longer known by name, only numbers that
/// begin anew are sure to be none of them.
fn is_restart(state: &SequenceState, number: u64, timing: Timing) -> bool {
    match timing {
        Timing::Deferred { .. } => false,
        Timing::Live | Timing::At(_) => state.gaps_dropped == 0 || number <= 1,
    }
}

fn note_gap(state: &mut SequenceState, first: u64, last: u64) {
    if state.gaps.len() < SEQUENCE_GAPS {
        let at = state.gaps.partition_point(|gap| *gap < (first, last));
        state.gaps.insert(at, (first, last));
    } else {
        state.gaps_dropped = state.gaps_dropped.saturating_add(1);
    }
}

/// Takes a number out of the gap it is in; what is left of it stays known as
/// far as there is room.
fn fill_gap(state: &mut SequenceState, number: u64) -> bool {
    let Some(at) = state.gaps.iter().position(|(first, last)| (*first..=*last).contains(&number)) else {
        return false;
    };
    let (first, last) = state.gaps.remove(at);
    if first < number {
        note_gap(state, first, number - 1);
    }
    if number < last {
        note_gap(state, number + 1, last);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn follow(state: &mut SequenceState, number: u64) -> Option<Warning> {
        follow_sequence(state, number, Timing::Live)
    }

    #[test]
    fn a_gap_is_named_and_closes_number_by_number() {
        let mut state = SequenceState::default();
        assert_eq!(follow(&mut state, 1040), None);
        assert_eq!(follow(&mut state, 1044), Some(Warning::SequenceGap { first: 1041, last: 1043 }));
        assert_eq!(follow(&mut state, 1042), None);
        assert_eq!(state.gaps, [(1041, 1041), (1043, 1043)]);
        assert_eq!(follow(&mut state, 1041), None);
        assert_eq!(follow(&mut state, 1043), None);
        assert!(state.gaps.is_empty());
        assert_eq!(state.highest, 1044);
    }

    #[test]
    fn numbers_that_start_again_are_told() {
        let mut state = SequenceState { highest: 50, ..SequenceState::default() };
        assert_eq!(follow(&mut state, 1), Some(Warning::SequenceRestarted { highest: 50 }));
        assert_eq!(follow(&mut state, 2), None);
        assert_eq!(state.restarts, 1);
    }

    #[test]
    fn a_deferred_document_from_before_the_first_is_no_restart() {
        let mut state = SequenceState { highest: 1_040, ..SequenceState::default() };
        let deferred = Timing::Deferred { age_ms: Some(60_000) };
        assert_eq!(follow_sequence(&mut state, 1_035, deferred), None);
        assert_eq!(follow(&mut state, 1_041), None, "nothing between was missed");
        assert_eq!(follow(&mut state, 1_041), None, "a number twice is no restart either");
        assert_eq!(state.restarts, 0);
    }

    #[test]
    fn a_restart_is_told_even_if_gaps_are_no_longer_known_by_name() {
        let mut state = SequenceState { highest: 50, gaps_dropped: 1, ..SequenceState::default() };
        assert_eq!(follow(&mut state, 30), None, "it may close a gap that was dropped");
        assert_eq!(follow(&mut state, 1), Some(Warning::SequenceRestarted { highest: 50 }));
    }

    #[test]
    fn a_number_that_is_passed_is_not_missing_and_never_begins_anew() {
        let mut state = SequenceState { highest: 50, ..SequenceState::default() };
        state.pass(51);
        assert_eq!(follow(&mut state, 52), None);
        state.pass(54);
        assert_eq!(state.gaps, [(53, 53)]);
        for again in [1, 51, 53, 54] {
            state.pass(again);
        }
        assert_eq!(state, SequenceState { highest: 54, ..SequenceState::default() });
    }

    proptest! {
        #[test]
        fn whatever_comes_no_more_gaps_are_kept_than_may_be(numbers in prop::collection::hash_set(2_u64..100_000, 0..400)) {
            let mut state = SequenceState::default();
            follow(&mut state, 1);
            follow(&mut state, 100_000);
            for number in numbers {
                follow(&mut state, number);
                prop_assert!(state.gaps.len() <= SEQUENCE_GAPS);
                prop_assert!(state.gaps.is_sorted());
                prop_assert!(state.gaps.iter().all(|(first, last)| first <= last && !(*first..=*last).contains(&number)));
            }
        }

        #[test]
        fn numbers_that_come_in_any_order_leave_no_gap(numbers in Just((2_u64..60).collect::<Vec<_>>()).prop_shuffle()) {
            let mut state = SequenceState::default();
            follow(&mut state, 1);
            follow(&mut state, 60);
            for number in numbers {
                prop_assert_eq!(follow(&mut state, number), None);
            }
            prop_assert_eq!(state, SequenceState { highest: 60, ..SequenceState::default() });
        }
    }
}
